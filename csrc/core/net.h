/*
 * The seam: a network is a table of functions. Everything above reaches the
 * outside through one `const struct tw_net *`, so the same code runs on the
 * operating system, on a network that fails on purpose, or on a simulated one.
 * A network with state of its own embeds this struct and finds itself with
 * container_of.
 *
 * Every function returns >= 0 on success and a negative code on failure (see
 * err.h). None blocks unless the descriptor is in blocking mode and the flags
 * lack MSG_DONTWAIT. A call that would block returns TW_WANT_READ or
 * TW_WANT_WRITE, one that a signal interrupted before it did anything
 * TW_WANT_RETRY. A recv of TCP that brings less than asked for has taken all
 * there was: what comes later is an event again. No function raises SIGPIPE,
 * unless it takes flags that lack MSG_NOSIGNAL. New descriptors are
 * close-on-exec, and so are received ones with MSG_CMSG_CLOEXEC.
 */
#ifndef TW_CORE_NET_H
#define TW_CORE_NET_H

#include "core/addr.h"

struct tw_backend; /* loop/backend.h */
struct tw_query;   /* core/query.h */
struct tw_answer;  /* ditto */

/* One socket option: where it is, and room for its value. */
struct tw_optval
{
    int level;
    int name;
    void *value;
    socklen_t len; /* room on entry to getopt, bytes used on return */
};

/* A datagram, its receiver or its sender (len 0 when unknown). */
struct tw_dgram
{
    void *data;
    size_t len;
    struct tw_addr addr;
};

struct tw_net
{
    const char *name;
    /* The poller that goes with it; NULL: the operating system's. */
    const struct tw_backend *backend;

    /* Return a new descriptor. `type` may carry SOCK_NONBLOCK. */
    int (*open)(const struct tw_net *, int family, int type, int proto);
    /* `peer` may be NULL. */
    int (*accept)(const struct tw_net *, int fd, struct tw_addr *peer,
                  int flags);
    int (*dup)(const struct tw_net *, int fd);
    int (*pair)(const struct tw_net *, int family, int type, int proto,
                int fds[2]);

    /* The descriptor is gone whatever the result. */
    int (*close)(const struct tw_net *, int fd);

    int (*bind)(const struct tw_net *, int fd, const struct tw_addr *);
    int (*listen)(const struct tw_net *, int fd, int backlog);
    /* TW_WANT_WRITE: under way. TW_WANT_TIME: AF_UNIX backlog full.
       TW_WANT_RETRY: a signal has ended the attempt. */
    int (*connect)(const struct tw_net *, int fd, const struct tw_addr *);
    int (*shutdown)(const struct tw_net *, int fd, int how);

    /* Return the bytes moved; 0 from recv is an end or an empty datagram. With
       an address, TW_WANT_TIME may be returned for a receiver that is full. */
    ssize_t (*send)(const struct tw_net *, int fd, const void *data, size_t len,
                    int flags);
    ssize_t (*recv)(const struct tw_net *, int fd, void *data, size_t len,
                    int flags);
    ssize_t (*sendto)(const struct tw_net *, int fd, const struct tw_dgram *,
                      int flags);
    ssize_t (*recvfrom)(const struct tw_net *, int fd, struct tw_dgram *,
                        int flags);
    ssize_t (*sendmsg)(const struct tw_net *, int fd, const struct msghdr *,
                       int flags);
    ssize_t (*recvmsg)(const struct tw_net *, int fd, struct msghdr *,
                       int flags);

    /* Several messages: how many went or came, at least one. Only the first may
       wait; what stops the others is found out by the next call. */
    int (*sendmmsg)(const struct tw_net *, int fd, struct mmsghdr *,
                    unsigned count, int flags);
    int (*recvmmsg)(const struct tw_net *, int fd, struct mmsghdr *,
                    unsigned count, int flags);

    /* Bytes of a file from `offset` on, to a socket as send but without flags,
       or to memory; 0 at its end, -ESPIPE for one that has no positions. */
    ssize_t (*sendfile)(const struct tw_net *, int fd, int file, int64_t offset,
                        size_t len);
    ssize_t (*read_at)(const struct tw_net *, int file, int64_t offset,
                       void *data, size_t len);
    /* True if a file has positions: 0 or 1. */
    int (*seekable)(const struct tw_net *, int fd);
    /* A pipe, to read from and to write to, in non-blocking mode. */
    int (*pipe)(const struct tw_net *, int fds[2]);
    /* From a socket into an empty pipe, as recv; back out of it, as send; but
       without flags. -EINVAL: not from or to such a socket. */
    ssize_t (*splice_in)(const struct tw_net *, int fd, int pipe, size_t len);
    ssize_t (*splice_out)(const struct tw_net *, int pipe, int fd, size_t len);

    int (*getopt)(const struct tw_net *, int fd, struct tw_optval *);
    int (*setopt)(const struct tw_net *, int fd, const struct tw_optval *);
    /* True if the peer has ended its sending: 0 or 1. */
    int (*hungup)(const struct tw_net *, int fd);
    int (*getsockname)(const struct tw_net *, int fd, struct tw_addr *);
    int (*getpeername)(const struct tw_net *, int fd, struct tw_addr *);

    /* The index of the interface that has that IP address, or -ENODEV. */
    int (*ifindex)(const struct tw_net *, const struct tw_addr *);

    /* O_NONBLOCK: set it to `on`; or query it, returning 0 or 1. */
    int (*set_nonblock)(const struct tw_net *, int fd, bool on);
    int (*get_nonblock)(const struct tw_net *, int fd);
    /* FD_CLOEXEC, ditto. */
    int (*set_cloexec)(const struct tw_net *, int fd, bool on);
    int (*get_cloexec)(const struct tw_net *, int fd);

    /* Monotonic nanoseconds. */
    int64_t (*clock)(const struct tw_net *);

    /*
     * Names to addresses and back: see tw_query_run. May take long and is
     * called on resolver threads, unless the query is local. The caller frees
     * the answer with lookup_free.
     */
    int (*lookup)(const struct tw_net *, const struct tw_query *,
                  struct tw_answer *);
    void (*lookup_free)(const struct tw_net *, struct tw_answer *);

    /* This machine's name, to be cut to `room` bytes with its NUL; set it. */
    int (*gethostname)(const struct tw_net *, char *out, size_t room);
    int (*sethostname)(const struct tw_net *, const char *name, size_t len);
};

/* The operating system's network. */
extern const struct tw_net tw_net_kernel;

/*
 * What stands in for it under descriptors that need not be sockets and are
 * somebody else's: terminals, pipes, files. It only has send, recv, close and
 * the clock. Nothing waits even in blocking mode, which is left alone, as long
 * as nobody else takes what is there; closing leaves them open.
 */
extern const struct tw_net tw_net_file;

#endif
