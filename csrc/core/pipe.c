/* Pipes between sockets: a few that are empty, and what is done with one. */
#include "core/pipe.h"

#include "core/sock.h"

void tw_pipes_init(struct tw_pipes *pipes, const struct tw_net *net)
{
    *pipes = (struct tw_pipes){.net = net};
}

static void close_pipe(const struct tw_net *net, struct tw_pipe *pipe)
{
    net->close(net, pipe->out);
    net->close(net, pipe->in);
    tw_pipe_init(pipe);
}

void tw_pipes_ref(struct tw_pipes *pipes)
{
    pipes->users++;
}

void tw_pipes_unref(struct tw_pipes *pipes)
{
    pipes->users--;
    while (pipes->users == 0 && pipes->count > 0)
        close_pipe(pipes->net, &pipes->kept[--pipes->count]);
}

int tw_pipes_take(struct tw_pipes *pipes, struct tw_pipe *pipe)
{
    int fds[2];
    if (pipes->count > 0)
    {
        *pipe = pipes->kept[--pipes->count];
        return 0;
    }
    int rc = pipes->net->pipe(pipes->net, fds);
    if (rc >= 0)
        *pipe = (struct tw_pipe){.out = fds[0], .in = fds[1]};
    return rc;
}

void tw_pipes_give(struct tw_pipes *pipes, struct tw_pipe *pipe)
{
    if (pipe->out < 0)
        return;
    if (pipe->held > 0 || pipes->count == TW_PIPES_KEPT)
        close_pipe(pipes->net, pipe);
    else
        pipes->kept[pipes->count++] = *pipe;
    tw_pipe_init(pipe);
}

/* More than any pipe takes. */
enum
{
    ALL = 1 << 30
};

ssize_t tw_pipe_fill(struct tw_pipe *pipe, struct tw_sock *from)
{
    if (from->fd < 0)
        return TW_ECLOSED;
    ssize_t n = from->net->splice_in(from->net, from->fd, pipe->in, ALL);
    pipe->held += n > 0 ? (size_t)n : 0;
    return n == 0 ? TW_EOF : n;
}

ssize_t tw_pipe_drain(struct tw_pipe *pipe, struct tw_sock *to)
{
    if (to->fd < 0)
        return TW_ECLOSED;
    ssize_t n = to->net->splice_out(to->net, pipe->out, to->fd, pipe->held);
    pipe->held -= n > 0 ? (size_t)n : 0;
    return n;
}

ssize_t tw_pipe_read(struct tw_pipe *pipe, void *data, size_t len)
{
    const struct tw_net *net = &tw_net_file;
    ssize_t n = net->recv(net, pipe->out, data, len, 0);
    pipe->held -= n > 0 ? (size_t)n : 0;
    return n;
}
