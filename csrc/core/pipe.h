/*
 * Pipes, by way of which bytes go from one socket to another without being
 * copied, see splice(2). Who has bytes on the way has a pipe; an empty one goes
 * back to where all take theirs from. Only few are kept there, and none when
 * nobody uses them.
 */
#ifndef TW_CORE_PIPE_H
#define TW_CORE_PIPE_H

#include "core/net.h"

struct tw_sock;

struct tw_pipe
{
    int out, in; /* to read from, to write to; -1: none */
    size_t held; /* bytes in it */
};

enum
{
    TW_PIPES_KEPT = 8
};

struct tw_pipes
{
    const struct tw_net *net;
    size_t users;
    int count;
    struct tw_pipe kept[TW_PIPES_KEPT];
};

void tw_pipes_init(struct tw_pipes *pipes, const struct tw_net *net);

/* To be called before one takes pipes for the first time, and when one has
   given back the last. */
void tw_pipes_ref(struct tw_pipes *pipes);
void tw_pipes_unref(struct tw_pipes *pipes);

static inline void tw_pipe_init(struct tw_pipe *pipe)
{
    *pipe = (struct tw_pipe){.out = -1, .in = -1};
}

/* An empty pipe for one that is none: 0, or an error. */
int tw_pipes_take(struct tw_pipes *pipes, struct tw_pipe *pipe);

/* Gives it back; what it holds is lost. Nothing if it is none. */
void tw_pipes_give(struct tw_pipes *pipes, struct tw_pipe *pipe);

/*
 * What a stream socket has into an empty pipe, as much as fits: bytes; TW_EOF;
 * TW_WANT_READ; or an error, -EINVAL if it is no socket for this. The socket is
 * in non-blocking mode.
 */
ssize_t tw_pipe_fill(struct tw_pipe *pipe, struct tw_sock *from);

/* What a pipe holds into a socket: bytes, perhaps not all; TW_WANT_WRITE; or an
   error, as above. */
ssize_t tw_pipe_drain(struct tw_pipe *pipe, struct tw_sock *to);

/* Ditto into memory, at most `len` bytes. */
ssize_t tw_pipe_read(struct tw_pipe *pipe, void *data, size_t len);

#endif
