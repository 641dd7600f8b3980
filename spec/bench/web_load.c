/*
 * The load of the web benchmarks, where wrk is not enough; see load.h for how
 * it is called.
 *
 * idle: every connection does one HTTP request and is kept; then one more does
 * requests for SECONDS. Prints by how many bytes per connection the process has
 * grown, and what a request of the one took of its CPU, in nanoseconds.
 *
 * echo: WebSocket; every connection has one message of 64 bytes outstanding for
 * SECONDS, and gets it back.
 *
 * broadcast: WebSocket; for SECONDS the first connection sends a message, and
 * all get it, itself included, before it sends the next.
 */
#include "load.h"

#include <string.h>

enum
{
    MESSAGE = 64,
    HEAD = 2, /* of a frame that small, RFC 6455 5.2 */
    MASK = 4,
    ROOM = 1024
};

static size_t request(const struct load *l, const struct conn *c, char *out)
{
    (void)l;
    (void)c;
    return (size_t)sprintf(out, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                "User-Agent: web_load\r\n\r\n");
}

/* A response with a length. */
static bool responded(const struct load *l, const struct conn *c)
{
    const char *end;
    const char *length;

    (void)l;
    c->reply[c->got] = '\0';
    end = strstr(c->reply, "\r\n\r\n");
    if (end == NULL)
        return false;
    length = strcasestr(c->reply, "\r\nContent-Length:");
    if (strncmp(c->reply, "HTTP/1.1 200 ", 13) != 0 || length == NULL)
        load_fail("a response that was not expected");
    return c->reply + c->got - end - 4 >= atoi(length + 17);
}

/* The handshake of RFC 6455 1.2, and what answers its key. */
static size_t handshake(const struct load *l, const struct conn *c, char *out)
{
    (void)l;
    (void)c;
    return (size_t)sprintf(out, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                                "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                "Sec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
                                "\r\n\r\n");
}

static bool upgraded(const struct load *l, const struct conn *c)
{
    (void)l;
    c->reply[c->got] = '\0';
    if (strstr(c->reply, "\r\n\r\n") == NULL)
        return false;
    if (strncmp(c->reply, "HTTP/1.1 101 ", 13) != 0 ||
        strstr(c->reply, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") == NULL)
        load_fail("the server does not speak WebSocket");
    return true;
}

/* No two messages are alike, so no reply can pass for another's. */
static void message(const struct load *l, const struct conn *from, char *out)
{
    const int n =
        snprintf(out, MESSAGE + 1, "%d says %llu to all ",
                 (int)(from - l->conns), (unsigned long long)from->number);

    memset(out + n, 'x', (size_t)(MESSAGE - n));
}

/* A frame of text, masked as a client's must be. */
static size_t frame(const struct load *l, const struct conn *c, char *out)
{
    static const char mask[MASK] = {0x37, (char)0xfa, 0x21, 0x3d};
    char text[MESSAGE + 1];

    message(l, c, text);
    out[0] = (char)0x81;
    out[1] = (char)(0x80 | MESSAGE);
    memcpy(out + HEAD, mask, MASK);
    for (int i = 0; i < MESSAGE; i++)
        out[HEAD + MASK + i] = (char)(text[i] ^ mask[i % MASK]);
    return HEAD + MASK + MESSAGE;
}

static bool received(const struct load *l, const struct conn *c,
                     const struct conn *from)
{
    char expected[HEAD + MESSAGE + 1] = {(char)0x81, MESSAGE};

    if (c->got < HEAD + MESSAGE)
        return false;
    message(l, from, expected + HEAD);
    if (c->got > HEAD + MESSAGE ||
        memcmp(c->reply, expected, HEAD + MESSAGE) != 0)
        load_fail("a message differs from what was sent");
    return true;
}

static bool own(const struct load *l, const struct conn *c)
{
    return received(l, c, c);
}

static bool everybodys(const struct load *l, const struct conn *c)
{
    return received(l, c, l->conns);
}

static const struct exchange http = {ROOM, request, responded};
static const struct exchange opening = {ROOM, handshake, upgraded};
static const struct exchange echo = {ROOM, frame, own};
static const struct exchange broadcast = {ROOM, frame, everybodys};

/* Of the one connection more. The first ones pay for what the server loads on
   its first requests. */
static void run_idle(struct load *l, int count, int64_t duration)
{
    const int64_t step = SECOND / 4;
    struct conn *other = l->conns;
    int64_t before;
    int64_t cpu;

    load_connect(l, 1);
    load_ask(l, other);
    load_converse(l, nanoseconds(CLOCK_MONOTONIC) + step);
    before = load_resident(l);
    load_connect(l, count + 1);
    l->done = 0;
    cpu = nanoseconds(l->cpu);
    load_ask(l, other);
    load_converse(l, nanoseconds(CLOCK_MONOTONIC) + duration);
    cpu = nanoseconds(l->cpu) - cpu;
    load_rest(step);
    printf("%.1f %.1f\n", (double)(load_resident(l) - before) / count,
           (double)cpu / (double)l->done);
}

static void run_echo(struct load *l, int count, int64_t duration)
{
    load_connect(l, count);
    l->exchange = &echo;
    load_measure(l, duration, load_all);
}

static void send_to_all(struct load *l, int64_t deadline)
{
    do
    {
        for (int i = 0; i < l->count; i++)
            l->conns[i].got = 0;
        load_ask(l, l->conns);
        l->open = l->count;
        load_converse(l, 0);
    } while (nanoseconds(CLOCK_MONOTONIC) < deadline);
}

static void run_broadcast(struct load *l, int count, int64_t duration)
{
    load_connect(l, count);
    l->exchange = &broadcast;
    load_measure(l, duration, send_to_all);
}

const struct mode load_modes[] = {{"idle", &http, run_idle},
                                  {"echo", &opening, run_echo},
                                  {"broadcast", &opening, run_broadcast},
                                  {NULL, NULL, NULL}};
