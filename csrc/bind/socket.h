/* The Lua type "socket", for the files that make up its methods. */
#ifndef TW_BIND_SOCKET_H
#define TW_BIND_SOCKET_H

#include "bind/ltw.h"

struct ltw_file;

struct ltw_socket
{
    struct tw_sock sock;
    struct tw_watch watch;
    struct ltw_file *files; /* open streams made by makefile */
    bool closed;            /* by the script; the files may still need it */
    bool ended;             /* the last receive found the end, or an error */
    bool cut;        /* a send that could have slept stopped short: a signal? */
    bool shared;     /* others may hold the same connection */
    bool connecting; /* connect has begun, and waits */
    bool copied;     /* MSG_ZEROCOPY has turned out to be of no use here */
    uint32_t unreleased; /* sends with it whose memory is still being read */
};

/* The socket at slot 1 of a function that may wait; sets *wait. */
struct ltw_socket *ltw_begin(lua_State *L, struct tw_wait *wait);

/*
 * Saves the next call the check that this is a socket. Not of one that is
 * closed: it may have been finalized, and will then be gone without notice.
 */
static inline void ltw_remember(struct ltw *state, const struct ltw_socket *s)
{
    if (!s->closed)
        state->known = s;
}

/* Pushes a new closed socket with the default timeout. */
struct ltw_socket *ltw_newsocket(lua_State *L);

/* To be called once the struct tw_sock of the socket at `idx` is open. */
void ltw_opened(lua_State *L, int idx);

/* Completes the metatable of sockets, once it has all methods. */
void ltw_open_kinds(lua_State *L);

/* Closes the descriptor, waking with "closed" whoever waits for it. */
int ltw_release(struct tw_runtime *rt, struct ltw_socket *s);

/* -- attempts (attempt.c) ------------------------------------------------ */

/*
 * What a step returns when an attempt gave TW_WANT_*: TW_TASK_WAIT with *wait
 * filled in, or 0 if this call, made with `flags`, must not wait.
 */
int ltw_want(struct ltw_socket *s, struct tw_wait *wait, int want, int flags);

/*
 * Whether to make an attempt in that direction: 0, or what to return instead:
 * TW_ECLOSED; -EBUSY if somebody else waits for it; TW_WANT_READ or _WRITE if
 * it would block, for it did the last time and no event has come since (calls
 * that may sleep in the kernel, never wait, or have flags always try);
 * TW_WANT_RETRY if it is others' turn.
 */
int ltw_attempt(struct tw_runtime *rt, const struct ltw_socket *s, unsigned dir,
                int flags);

/* Why an attempt must not even begin: why the wait ended, or TW_ECLOSED; 0. */
int ltw_obstacle(const struct ltw_socket *s, const struct tw_wait *wait);

/*
 * One attempt to receive or send with the script's flags and the bookkeeping
 * of readiness. Results as tw_sock_recv, tw_sock_send and their like.
 */
ssize_t ltw_tryrecv(struct tw_runtime *rt, struct ltw_socket *s, void *data,
                    size_t len, int flags);
ssize_t ltw_tryrecvfrom(struct tw_runtime *rt, struct ltw_socket *s,
                        struct tw_dgram *dgram, int flags);
ssize_t ltw_tryrecvmsg(struct tw_runtime *rt, struct ltw_socket *s,
                       struct msghdr *msg, int flags);
ssize_t ltw_trysend(struct tw_runtime *rt, struct ltw_socket *s,
                    const void *data, size_t len, int flags);
ssize_t ltw_trysendto(struct tw_runtime *rt, struct ltw_socket *s,
                      const struct tw_dgram *dgram, int flags);
ssize_t ltw_trysendmsg(struct tw_runtime *rt, struct ltw_socket *s,
                       const struct msghdr *msg, int flags);

/* Ditto, of part of a file: at most as much at once as is fair. */
ssize_t ltw_trysendfile(struct tw_runtime *rt, struct ltw_socket *s, int file,
                        int64_t offset, size_t len);

/* Ditto, as tw_batch_recv and tw_batch_send: slots from `first` on. */
struct tw_batch;
struct ltw_slots
{
    struct tw_batch *batch;
    unsigned first, count;
};

int ltw_tryrecvmany(struct tw_runtime *rt, struct ltw_socket *s,
                    struct tw_batch *batch, int flags);
int ltw_trysendmany(struct tw_runtime *rt, struct ltw_socket *s,
                    const struct ltw_slots *slots, int flags);

/* The bytes of all of a message's buffers. */
size_t ltw_total(const struct msghdr *msg);

/*
 * A block for the next receive: as much as may arrive, not as much as was
 * asked for. Sets *len. NULL: no memory.
 */
char *ltw_room(struct tw_runtime *rt, const struct ltw_socket *s, size_t *len);

/* After rc < 0 of an attempt: true if the step is to return TW_TASK_WAIT, false
   if it has failed. */
bool ltw_waits(struct ltw_socket *s, struct tw_wait *wait, ssize_t rc,
               int flags);

/* Ditto, for the socket at 1: what to return, the failure being pushed. */
int ltw_unfinished(lua_State *L, struct tw_wait *wait, ssize_t rc, int flags,
                   const char *op);

/*
 * To be called before what has no MSG_DONTWAIT (accept, connect, sendfile):
 * puts the descriptor into non-blocking mode unless the call may sleep in the
 * kernel. Returns 0 or an error.
 */
int ltw_nonblocking(struct tw_runtime *rt, struct ltw_socket *s);

/* nil, message naming the peer if there is one, code. */
int ltw_sockfail(lua_State *L, struct ltw_socket *s, int code, const char *op);

/* Where in the buffer at 2 to receive: as size at 3 and `at` at 5 say. */
char *ltw_target(lua_State *L, size_t *len);

/*
 * recv and recvfrom, recv_into and recvfrom_into when ltw_wants_whole says so:
 * all of it; less at the end of a stream, or if the socket never waits. After
 * any other failure what has come is a fourth result. (socket_whole.c)
 */
bool ltw_wants_whole(const struct ltw_socket *s, int flags);
int ltw_recv_whole(lua_State *L, bool from);
int ltw_recv_into_whole(lua_State *L, bool from);

/* Makes sure that the block of memory in a slot (nil: none) has room beyond
   `got`, `len` in all at most; returns how much. */
size_t ltw_more_room(lua_State *L, int slot, size_t got, size_t len);

/* socket:makefile (stream.c) */
int ltw_makefile(lua_State *L);

#endif
