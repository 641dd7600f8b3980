/*
 * A network that misbehaves on purpose, over the operating system's: the nth
 * operation, or that and all after it, fails, moves one byte only, says "would
 * block" although it would not, or "interrupted". Its poller does likewise.
 * Closing always works, and is checked: every descriptor once.
 *
 * It keeps the contract of net.h and backend.h. Pollers may be edge-triggered,
 * so what was cut short or put off is reported by an event of its own.
 */
#ifndef SPEC_FAULT_NET_H
#define SPEC_FAULT_NET_H

#include "core/net.h"
#include "loop/backend.h"

#include <stdatomic.h>

enum fault_kind
{
    FAULT_FAIL,   /* the operation's most likely error ... */
    FAULT_FAIL2,  /* ... and its second likely one */
    FAULT_SHORT,  /* streams send and receive one byte; one event per wait */
    FAULT_BLOCK,  /* would block; waits return early */
    FAULT_SIGNAL, /* interrupted before anything was done; waits likewise */
};

enum
{
    FAULT_FDS = 1024
};

struct fault_net
{
    struct tw_net net; /* what the library is given */
    struct tw_backend backend;
    const struct tw_backend *under;
    enum fault_kind kind;
    bool and_on; /* the last two: about half of them, or nothing would end */
    atomic_long fail_at; /* 0: none */
    atomic_long count, injected;
    _Atomic(const char *) last; /* the operation last spoilt */
    atomic_ullong failed;       /* a bit for each operation that failed */

    /* By descriptor. */
    bool open[FAULT_FDS];
    uint8_t watched[FAULT_FDS]; /* what the poller was told */
    uint8_t again[FAULT_FDS];   /* events to report without being asked */
    const char *problem;        /* the first misuse, or NULL */
};

/* `under` is the poller it stands on. There is one fault_net per process,
   because a poller's functions are not told whose they are. */
void fault_net_init(struct fault_net *fault, const struct tw_backend *under);

/* Starts counting, with the nth operation the first to be spoilt. */
void fault_net_arm(struct fault_net *fault, long n, enum fault_kind kind,
                   bool and_on);

/* From now on nothing is spoilt; what was counted stays. */
void fault_net_heal(struct fault_net *fault);

/* Counts an operation made elsewhere; < 0: the code it is to fail with. */
int fault_net_fails(const char *name);

/* True if `code` is the name of a code that an operation failed with. */
bool fault_net_explains(const struct fault_net *fault, const char *code);

/* How many descriptors are open. */
int fault_net_open(const struct fault_net *fault);

/* -- between fault_net.c and fault_files.c --------------------------------- */

/* Sets the functions that are in fault_files.c. */
void fault_net_files(struct tw_net *net);

/* 0, or what an operation on `fd` must return at once. */
int fault_net_spoilt(const char *name, int fd, unsigned dir);

/* How many of `len` bytes it may move. */
size_t fault_net_portion(const char *name, int fd, size_t len);

/* True if it is to move one message only. */
bool fault_net_single(const char *name);

/* Has the poller report that event, of its own accord. */
void fault_net_promise(int fd, unsigned dir);

/* Notes a descriptor that has been opened, and returns it. */
int fault_net_opened(int fd);

#endif
