/* The functions of struct tw_net that move bytes by way of files and pipes, or
   many datagrams at a time, spoilt on demand. */
#include "fault_net.h"

static ssize_t f_sendfile(const struct tw_net *net, int fd, int file,
                          int64_t offset, size_t len)
{
    int rc = fault_net_spoilt("sendfile", fd, TW_WRITE);
    if (rc)
        return rc;
    size_t part = fault_net_portion("sendfile", fd, len);
    return tw_net_kernel.sendfile(net, fd, file, offset, part);
}

static int f_seekable(const struct tw_net *net, int fd)
{
    int rc = fault_net_fails("seekable");
    return rc ? rc : tw_net_kernel.seekable(net, fd);
}

static int f_pipe(const struct tw_net *net, int fds[2])
{
    int rc = fault_net_fails("pipe");
    if (!rc)
        rc = tw_net_kernel.pipe(net, fds);
    if (rc < 0)
        return rc;
    fault_net_opened(fds[0]);
    fault_net_opened(fds[1]);
    return rc;
}

static ssize_t f_splice_in(const struct tw_net *net, int fd, int pipe,
                           size_t len)
{
    int rc = fault_net_spoilt("splice_in", fd, TW_READ);
    if (rc)
        return rc;
    size_t part = fault_net_portion("splice_in", fd, len);
    return tw_net_kernel.splice_in(net, fd, pipe, part);
}

static ssize_t f_splice_out(const struct tw_net *net, int pipe, int fd,
                            size_t len)
{
    int rc = fault_net_spoilt("splice_out", fd, TW_WRITE);
    if (rc)
        return rc;
    size_t part = fault_net_portion("splice_out", fd, len);
    return tw_net_kernel.splice_out(net, pipe, fd, part);
}

static int f_sendmmsg(const struct tw_net *net, int fd, struct mmsghdr *msgs,
                      unsigned count, int flags)
{
    int rc = fault_net_spoilt("sendmmsg", fd, TW_WRITE);
    if (rc)
        return rc;
    if (count > 1 && fault_net_single("sendmmsg"))
        count = 1;
    return tw_net_kernel.sendmmsg(net, fd, msgs, count, flags);
}

static int f_recvmmsg(const struct tw_net *net, int fd, struct mmsghdr *msgs,
                      unsigned count, int flags)
{
    int rc = fault_net_spoilt("recvmmsg", fd, TW_READ);
    if (rc)
        return rc;
    bool single = count > 1 && fault_net_single("recvmmsg");
    rc = tw_net_kernel.recvmmsg(net, fd, msgs, single ? 1 : count, flags);
    if (rc > 0 && single)
        fault_net_promise(fd, TW_READ);
    return rc;
}

void fault_net_files(struct tw_net *net)
{
    net->sendmmsg = f_sendmmsg;
    net->recvmmsg = f_recvmmsg;
    net->sendfile = f_sendfile;
    net->seekable = f_seekable;
    net->pipe = f_pipe;
    net->splice_in = f_splice_in;
    net->splice_out = f_splice_out;
}
