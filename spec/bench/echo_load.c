/*
 * The load of the echo benchmark; see load.h for how it is called.
 *
 * echo: every connection has one request of 64 bytes outstanding for SECONDS.
 *
 * idle: every connection does one request; after SECONDS of rest, prints by
 * how many bytes per connection the process has grown.
 */
#include "load.h"

#include <string.h>

enum
{
    MESSAGE = 64
};

/* No two requests are alike, so no reply can pass for another's. */
static size_t compose(const struct load *l, const struct conn *c, char *message)
{
    const uint64_t words[2] = {(uint64_t)(c - l->conns), c->number};

    memset(message, 'x', MESSAGE);
    memcpy(message, words, sizeof words);
    return MESSAGE;
}

static bool complete(const struct load *l, const struct conn *c)
{
    char expected[MESSAGE];

    if (c->got < MESSAGE)
        return false;
    compose(l, c, expected);
    if (c->got > MESSAGE || memcmp(c->reply, expected, MESSAGE) != 0)
        load_fail("a reply differs from its request");
    return true;
}

static const struct exchange echo = {MESSAGE + 2, compose, complete};

static void run_echo(struct load *l, int count, int64_t duration)
{
    load_connect(l, count);
    load_measure(l, duration, load_all);
}

/* The first connection pays for what the server loads on its first request. */
static void run_idle(struct load *l, int count, int64_t duration)
{
    int64_t before;

    load_connect(l, 1);
    before = load_resident(l);
    load_connect(l, count);
    load_rest(duration);
    printf("%.1f\n", (double)(load_resident(l) - before) / (count - 1));
}

const struct mode load_modes[] = {
    {"echo", &echo, run_echo}, {"idle", &echo, run_idle}, {NULL, NULL, NULL}};
