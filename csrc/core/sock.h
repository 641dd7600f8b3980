/*
 * A socket: a descriptor of some network with its family, type, protocol and
 * timeout. Nothing here waits on its own account: an operation that would
 * block returns TW_WANT_*, and one may sit in the kernel only if the
 * descriptor is in blocking mode and the caller leaves out MSG_DONTWAIT.
 *
 * Results are as in err.h; every function on a closed socket returns
 * TW_ECLOSED.
 */
#ifndef TW_CORE_SOCK_H
#define TW_CORE_SOCK_H

#include "core/net.h"

#define TW_FOREVER INT64_MAX /* no timeout, no deadline */

struct tw_sock
{
    const struct tw_net *net;
    int64_t timeout; /* ns; TW_FOREVER: none, 0: non-blocking */
    int fd;          /* -1: closed */
    int proto;
    int16_t family; /* sa_family_t, small in every system */
    int16_t type;   /* without SOCK_NONBLOCK and SOCK_CLOEXEC */
    bool nonblock;  /* the descriptor's O_NONBLOCK */
};

/* Makes a closed socket whose descriptor, once open, has `timeout`. */
void tw_sock_init(struct tw_sock *s, const struct tw_net *net, int64_t timeout);

/* Opens a closed socket; SOCK_NONBLOCK in `type` makes the timeout 0. */
int tw_sock_open(struct tw_sock *s, int family, int type, int proto);

/* Opens two closed sockets connected to each other. */
int tw_sock_pair(struct tw_sock pair[2], int family, int type, int proto);

/*
 * Takes the open descriptor `fd`. family, type and proto are asked of it
 * where -1 is given. A descriptor in non-blocking mode makes the timeout 0.
 * Fails with -EBADF or -ENOTSOCK, leaving `fd` to the caller.
 */
int tw_sock_adopt(struct tw_sock *s, int fd, int family, int type, int proto);

/* Borrows the open descriptor `fd` of whatever kind, see tw_net_file: it can be
   received from and sent to as a stream, and that is all. */
void tw_sock_borrow(struct tw_sock *s, int fd);

/* Opens `copy` (closed) as a duplicate of `s`, with the same timeout. */
int tw_sock_dup(const struct tw_sock *s, struct tw_sock *copy);

/* Idempotent. The socket is closed afterwards whatever the result. */
int tw_sock_close(struct tw_sock *s);

/* Gives the descriptor up, in the mode its timeout implies; -1 if closed. */
int tw_sock_detach(struct tw_sock *s);

/* Sets the timeout in nanoseconds and the descriptor's mode with it. */
int tw_sock_settimeout(struct tw_sock *s, int64_t timeout);

/* Puts the descriptor in non-blocking mode without touching the timeout. */
int tw_sock_set_nonblock(struct tw_sock *s);

/* To be called on an address whose `len` and bytes the kernel has filled in for
   that socket: completes it. */
void tw_sock_named(const struct tw_sock *s, struct tw_addr *addr);

/* Whether programs that this one starts get the descriptor too (FD_CLOEXEC is
   off), as it is now: 0 or 1. New descriptors are not inheritable. */
int tw_sock_get_inheritable(const struct tw_sock *s);
int tw_sock_set_inheritable(struct tw_sock *s, bool on);

int tw_sock_bind(struct tw_sock *s, const struct tw_addr *addr);

/* A negative backlog counts as 0. */
int tw_sock_listen(struct tw_sock *s, int backlog);

/*
 * Accepts into `conn` (closed, its timeout already set) and sets *peer.
 * Errors of a connection that died in the queue are passed over. Returns 0,
 * TW_WANT_READ, TW_WANT_RETRY, or an error such as -EMFILE or, after many
 * such connections, theirs; the listener stays usable.
 */
int tw_sock_accept(struct tw_sock *s, struct tw_sock *conn,
                   struct tw_addr *peer);

/* Connects: 0, TW_WANT_WRITE (under way), TW_WANT_TIME (AF_UNIX backlog full),
   TW_WANT_RETRY (ended by a signal), or an error. */
int tw_sock_connect(struct tw_sock *s, const struct tw_addr *addr);

/* Ditto after TW_WANT_*, when writable or later: what became of it. */
int tw_sock_connect_on(struct tw_sock *s, const struct tw_addr *addr);

/* Dissolves the association that connect has made of datagram sockets; of TCP,
   the connection. */
int tw_sock_disconnect(struct tw_sock *s);

int tw_sock_shutdown(struct tw_sock *s, int how);

/* Bytes sent, perhaps fewer than len; TW_WANT_WRITE; or an error. */
ssize_t tw_sock_send(struct tw_sock *s, const void *data, size_t len,
                     int flags);

/*
 * Bytes received. Zero is an empty datagram (or len 0); the end of a stream or
 * of a SOCK_SEQPACKET connection is TW_EOF. TW_WANT_READ, or an error.
 */
ssize_t tw_sock_recv(struct tw_sock *s, void *data, size_t len, int flags);

/* True if zero bytes from a socket were its end, not an empty packet. */
bool tw_sock_at_end(struct tw_sock *s);

/* As send and recv, with an address. */
ssize_t tw_sock_sendto(struct tw_sock *s, const struct tw_dgram *dgram,
                       int flags);
ssize_t tw_sock_recvfrom(struct tw_sock *s, struct tw_dgram *dgram, int flags);

/*
 * As send and recv, with all that sendmsg(2) and recvmsg(2) take: several
 * buffers, control messages, an address. What recvmsg brings in control
 * messages is the caller's to close (see tw_cmsg_nextfd) unless it fails.
 */
ssize_t tw_sock_sendmsg(struct tw_sock *s, const struct msghdr *msg, int flags);
ssize_t tw_sock_recvmsg(struct tw_sock *s, struct msghdr *msg, int flags);

/* Ditto, several at a time: how many, at least one. */
int tw_sock_sendmmsg(struct tw_sock *s, struct mmsghdr *msgs, unsigned count,
                     int flags);
int tw_sock_recvmmsg(struct tw_sock *s, struct mmsghdr *msgs, unsigned count,
                     int flags);

/* As send, from place `offset` of an open file on; 0 at the file's end. */
ssize_t tw_sock_sendfile(struct tw_sock *s, int file, int64_t offset,
                         size_t len);

int tw_sock_getsockname(const struct tw_sock *s, struct tw_addr *addr);
int tw_sock_getpeername(const struct tw_sock *s, struct tw_addr *addr);
int tw_sock_getopt(const struct tw_sock *s, struct tw_optval *opt);
int tw_sock_setopt(struct tw_sock *s, const struct tw_optval *opt);

#endif
