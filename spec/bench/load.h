/*
 * What the load programs share: many connections to one server, each with a
 * request outstanding, in one thread that never sleeps. They read the server's
 * CPU clock (user + system) around the part that counts, as harness.c does.
 *
 *     NAME_load MODE PORT CONNECTIONS SECONDS PID
 *
 * A program defines its modes, which print numbers. It then holds its
 * connections until the server is gone, so that the ports left in TIME_WAIT are
 * the server's one and not thousands of ours.
 */
#ifndef LOAD_H
#define LOAD_H

#include "bench.h"

#include <netinet/in.h>
#include <stddef.h>

#define SECOND INT64_C(1000000000)

struct load;

struct conn
{
    int fd;
    uint32_t got;    /* bytes of the reply */
    uint64_t number; /* of the request */
    char *reply;     /* of the exchange's room */
};

/* What is asked, and what counts as an answer. */
struct exchange
{
    size_t
        room; /* for a reply, and two bytes: one more than it has, one after */

    /* Writes the next request of the connection; returns its size. */
    size_t (*compose)(const struct load *l, const struct conn *c,
                      char *request);

    /* Whether the reply is all there. One that is wrong ends the program. */
    bool (*complete)(const struct load *l, const struct conn *c);
};

struct load
{
    const struct exchange *exchange; /* the same room for all of a run */
    struct conn *conns;
    int count; /* of those connected */
    int epoll;
    struct sockaddr_in server;
    clockid_t cpu; /* the server's CPU clock */
    long pid;
    int64_t done; /* replies taken */
    int open;     /* replies outstanding */
};

struct mode
{
    const char *name;
    const struct exchange *exchange; /* of the first requests */
    void (*run)(struct load *l, int count, int64_t duration);
};

/* The program's own; the last one's name is NULL. */
extern const struct mode load_modes[];

/* Ends the program. */
void load_fail(const char *what);

/* The server's resident bytes. */
int64_t load_resident(const struct load *l);

/* Sends a request and expects its reply. */
void load_ask(struct load *l, struct conn *c);

/* Takes replies and asks again until the deadline, then lets the rest come. */
void load_converse(struct load *l, int64_t deadline);

/* Connects up to so many, each of them with one request done: the server has
   then accepted it and knows it. */
void load_connect(struct load *l, int count);

/* Sleeps. */
void load_rest(int64_t ns);

/* Calls `run` with nothing outstanding before and after, so that each reply
   counted is made between two readings of the clocks, and none but those.
   Prints replies, wall nanoseconds, CPU nanoseconds of the server, and its
   resident bytes. */
void load_measure(struct load *l, int64_t duration,
                  void (*run)(struct load *l, int64_t deadline));

/* All connections converse until the deadline; for load_measure. */
void load_all(struct load *l, int64_t deadline);

#endif
