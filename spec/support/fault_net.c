/* Every function of struct tw_net and of its poller, spoilt on demand. */
#include "fault_net.h"

#include "core/cmsg.h"

#include <string.h>
#include <sys/socket.h>

/* The one there is: see fault_net_init. */
static struct fault_net *the;

/* -- when and how -------------------------------------------------------- */

/* What an operation can fail with. */
struct likely
{
    const char *name;
    int codes[2];
};

static const struct likely ops[] = {
    {"open", {-EMFILE, -ENOBUFS}},
    {"accept", {-EMFILE, -ECONNABORTED}},
    {"dup", {-EMFILE, -ENFILE}},
    {"pair", {-EMFILE, -ENOMEM}},
    {"bind", {-EADDRINUSE, -EACCES}},
    {"listen", {-EADDRINUSE, -ENOBUFS}},
    {"connect", {-ECONNREFUSED, -EADDRNOTAVAIL}},
    {"shutdown", {-ENOTCONN, -ENOBUFS}},
    {"send", {-EPIPE, -ENOBUFS}},
    {"recv", {-ECONNRESET, -ENOMEM}},
    {"sendto", {-ECONNREFUSED, -ENOBUFS}},
    {"recvfrom", {-ECONNREFUSED, -ENOMEM}},
    {"sendmsg", {-ECONNREFUSED, -ENOBUFS}},
    {"recvmsg", {-ECONNREFUSED, -ENOMEM}},
    {"sendfile", {-EIO, -EPIPE}},
    {"seekable", {-EIO, -EBADF}},
    {"sendmmsg", {-ECONNREFUSED, -ENOBUFS}},
    {"recvmmsg", {-ECONNREFUSED, -ENOMEM}},
    {"pipe", {-EMFILE, -ENFILE}},
    {"splice_in", {-EINVAL, -ECONNRESET}},
    {"splice_out", {-EINVAL, -EPIPE}},
    {"getopt", {-ENOBUFS, -ENOPROTOOPT}},
    {"setopt", {-ENOMEM, -ENOPROTOOPT}},
    {"getsockname", {-ENOBUFS, -EINVAL}},
    {"getpeername", {-ENOBUFS, -ENOTCONN}},
    {"ifindex", {-EMFILE, -ENOMEM}},
    {"set_nonblock", {-ENOMEM, -EPERM}},
    {"get_nonblock", {-ENOMEM, -EPERM}},
    {"set_cloexec", {-ENOMEM, -EPERM}},
    {"get_cloexec", {-ENOMEM, -EPERM}},
    {"lookup", {TW_ERESOLVE + EAI_AGAIN, -EMFILE}},
    {"gethostname", {-ENAMETOOLONG, -EPERM}},
    {"sethostname", {-EPERM, -EINVAL}},
    {"poller open", {-EMFILE, -ENOMEM}},
    {"poller set", {-ENOMEM, -ENOSPC}},
    {"poller wait", {-ENOMEM, -ENOMEM}},
    {"eventfd", {-EMFILE, -ENOMEM}},
    {"pthread_create", {-EAGAIN, -EAGAIN}},
};

enum
{
    OPS = sizeof ops / sizeof ops[0]
};

static size_t place_of(const char *name)
{
    size_t i = 0;
    while (i < OPS - 1 && strcmp(ops[i].name, name) != 0)
        i++;
    return i;
}

/* The nth toss of a coin. A pattern might keep step with the library. */
static bool heads(long n)
{
    return ((uint64_t)n * 0x9e3779b97f4a7c15u) >> 63;
}

/* Counts; true: this one is to be spoilt. */
static bool spoil(const char *name)
{
    long n = ++the->count, at = the->fail_at;
    bool later = the->and_on && (the->kind < FAULT_BLOCK || heads(n));
    if (at == 0 || n < at || (n > at && !later))
        return false;
    the->injected++;
    the->last = name;
    return true;
}

/* 0, or the code with which the operation is to fail. */
static int failing(const char *name)
{
    if (the->kind != FAULT_FAIL && the->kind != FAULT_FAIL2)
        return 0;
    if (!spoil(name))
        return 0;
    size_t place = place_of(name);
    the->failed |= 1ull << place;
    return ops[place].codes[the->kind == FAULT_FAIL2];
}

/* An event that the poller must add of its own accord. */
static void promise(int fd, unsigned dir)
{
    if (fd >= 0 && fd < FAULT_FDS)
        the->again[fd] |= (uint8_t)dir;
}

/* 0, or what an operation says that is put off: an event is to follow, or
   nothing if a signal came. */
static int put_off(const char *name, int fd, unsigned dir)
{
    if (the->kind < FAULT_BLOCK || !spoil(name))
        return 0;
    if (the->kind == FAULT_SIGNAL)
        return TW_WANT_RETRY;
    promise(fd, dir);
    return dir == TW_WRITE ? TW_WANT_WRITE : TW_WANT_READ;
}

/* 0, a failure, or what is said by an operation put off. */
static int spoilt(const char *name, int fd, unsigned dir)
{
    int rc = failing(name);
    return rc ? rc : put_off(name, fd, dir);
}

/* Only bytes of a stream may be torn apart. */
static bool is_stream(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len);
    return type == SOCK_STREAM;
}

/* How many bytes are to be moved. */
static size_t portion(const char *name, int fd, size_t len)
{
    bool cut =
        the->kind == FAULT_SHORT && len > 1 && is_stream(fd) && spoil(name);
    return cut ? 1 : len;
}

int fault_net_fails(const char *name)
{
    return failing(name);
}

bool fault_net_explains(const struct fault_net *fault, const char *code)
{
    for (size_t i = 0; i < OPS; i++)
    {
        int rc = ops[i].codes[fault->kind == FAULT_FAIL2];
        if (fault->failed & 1ull << i && strcmp(tw_err_name(rc), code) == 0)
            return true;
    }
    return false;
}

/* -- descriptors --------------------------------------------------------- */

static int opened(int fd)
{
    if (fd >= FAULT_FDS)
        the->problem = "too many descriptors for this test";
    else if (fd >= 0 && the->open[fd])
        the->problem = "a descriptor opened that was not closed";
    else if (fd >= 0)
        the->open[fd] = true;
    return fd;
}

static int f_open(const struct tw_net *net, int family, int type, int proto)
{
    int rc = failing("open");
    return rc ? rc : opened(tw_net_kernel.open(net, family, type, proto));
}

static int f_accept(const struct tw_net *net, int fd, struct tw_addr *peer,
                    int flags)
{
    int rc = spoilt("accept", fd, TW_READ);
    if (rc)
        return rc;
    rc = tw_net_kernel.accept(net, fd, peer, flags);
    return rc < 0 ? rc : opened(rc);
}

static int f_dup(const struct tw_net *net, int fd)
{
    int rc = failing("dup");
    return rc ? rc : opened(tw_net_kernel.dup(net, fd));
}

static int f_pair(const struct tw_net *net, int family, int type, int proto,
                  int fds[2])
{
    int rc = failing("pair");
    if (!rc)
        rc = tw_net_kernel.pair(net, family, type, proto, fds);
    if (rc < 0)
        return rc;
    opened(fds[0]);
    opened(fds[1]);
    return rc;
}

static int f_close(const struct tw_net *net, int fd)
{
    if (fd < 0 || fd >= FAULT_FDS || !the->open[fd])
        the->problem = "a descriptor closed that is not open";
    else if (the->watched[fd])
        the->problem = "a descriptor closed that the poller still watches";
    else
        the->open[fd] = false;
    if (fd >= 0 && fd < FAULT_FDS)
        the->again[fd] = 0;
    return tw_net_kernel.close(net, fd);
}

/* For fault_files.c. */
int fault_net_spoilt(const char *name, int fd, unsigned dir)
{
    return spoilt(name, fd, dir);
}

size_t fault_net_portion(const char *name, int fd, size_t len)
{
    return portion(name, fd, len);
}

bool fault_net_single(const char *name)
{
    return the->kind == FAULT_SHORT && spoil(name);
}

void fault_net_promise(int fd, unsigned dir)
{
    promise(fd, dir);
}

int fault_net_opened(int fd)
{
    return opened(fd);
}

int fault_net_open(const struct fault_net *fault)
{
    int n = 0;
    for (int fd = 0; fd < FAULT_FDS; fd++)
        n += fault->open[fd];
    return n;
}

/* -- connecting ---------------------------------------------------------- */

static int f_bind(const struct tw_net *net, int fd, const struct tw_addr *addr)
{
    int rc = failing("bind");
    return rc ? rc : tw_net_kernel.bind(net, fd, addr);
}

static int f_listen(const struct tw_net *net, int fd, int backlog)
{
    int rc = failing("listen");
    return rc ? rc : tw_net_kernel.listen(net, fd, backlog);
}

/* A connect that is done may still be reported as under way. */
static int f_connect(const struct tw_net *net, int fd,
                     const struct tw_addr *addr)
{
    int rc = failing("connect");
    if (!rc)
        rc = tw_net_kernel.connect(net, fd, addr);
    return rc == 0 && the->kind == FAULT_BLOCK
               ? put_off("connect", fd, TW_WRITE)
               : rc;
}

static int f_shutdown(const struct tw_net *net, int fd, int how)
{
    int rc = failing("shutdown");
    return rc ? rc : tw_net_kernel.shutdown(net, fd, how);
}

/* -- moving bytes -------------------------------------------------------- */

static ssize_t f_send(const struct tw_net *net, int fd, const void *data,
                      size_t len, int flags)
{
    int rc = spoilt("send", fd, TW_WRITE);
    if (rc)
        return rc;
    return tw_net_kernel.send(net, fd, data, portion("send", fd, len), flags);
}

static ssize_t f_recv(const struct tw_net *net, int fd, void *data, size_t len,
                      int flags)
{
    int rc = spoilt("recv", fd, TW_READ);
    if (rc)
        return rc;
    size_t part = portion("recv", fd, len);
    ssize_t n = tw_net_kernel.recv(net, fd, data, part, flags);
    if (n > 0 && part < len)
        promise(fd, TW_READ);
    return n;
}

static ssize_t f_sendto(const struct tw_net *net, int fd,
                        const struct tw_dgram *dgram, int flags)
{
    int rc = spoilt("sendto", fd, TW_WRITE);
    return rc ? rc : tw_net_kernel.sendto(net, fd, dgram, flags);
}

static ssize_t f_recvfrom(const struct tw_net *net, int fd,
                          struct tw_dgram *dgram, int flags)
{
    int rc = spoilt("recvfrom", fd, TW_READ);
    if (rc)
        return rc;
    size_t len = dgram->len;
    dgram->len = portion("recvfrom", fd, len);
    ssize_t n = tw_net_kernel.recvfrom(net, fd, dgram, flags);
    if (n > 0 && dgram->len < len)
        promise(fd, TW_READ);
    dgram->len = len;
    return n;
}

/* The message with the first byte alone; sets *byte. */
static struct msghdr first_byte(const struct msghdr *msg, struct iovec *byte)
{
    struct msghdr cut = *msg;
    size_t i = 0;
    while (i + 1 < msg->msg_iovlen && msg->msg_iov[i].iov_len == 0)
        i++;
    *byte = (struct iovec){msg->msg_iov[i].iov_base, 1};
    cut.msg_iov = byte;
    cut.msg_iovlen = 1;
    return cut;
}

static size_t total(const struct msghdr *msg)
{
    size_t len = 0;
    for (size_t i = 0; i < msg->msg_iovlen; i++)
        len += msg->msg_iov[i].iov_len;
    return len;
}

static ssize_t f_sendmsg(const struct tw_net *net, int fd,
                         const struct msghdr *msg, int flags)
{
    struct iovec byte;
    int rc = spoilt("sendmsg", fd, TW_WRITE);
    if (rc)
        return rc;
    size_t len = total(msg);
    if (portion("sendmsg", fd, len) == len)
        return tw_net_kernel.sendmsg(net, fd, msg, flags);
    struct msghdr cut = first_byte(msg, &byte);
    return tw_net_kernel.sendmsg(net, fd, &cut, flags);
}

/* Descriptors that a message has brought. */
static void received(const struct msghdr *msg)
{
    struct tw_cmsg_fds fds = {
        .walk = tw_cmsg_begin(msg->msg_control, msg->msg_controllen)};
    for (int fd = tw_cmsg_nextfd(&fds); fd >= 0; fd = tw_cmsg_nextfd(&fds))
        opened(fd);
}

static ssize_t f_recvmsg(const struct tw_net *net, int fd, struct msghdr *msg,
                         int flags)
{
    struct iovec byte;
    bool queue = flags & MSG_ERRQUEUE; /* an event of either direction */
    int rc = spoilt("recvmsg", fd, queue ? TW_READ | TW_WRITE : TW_READ);
    if (rc)
        return rc;
    size_t len = total(msg);
    bool whole = portion("recvmsg", fd, len) == len;
    struct msghdr some = whole ? *msg : first_byte(msg, &byte);
    ssize_t n = tw_net_kernel.recvmsg(net, fd, &some, flags);
    if (n < 0)
        return n;
    received(&some);
    if (!whole && n > 0)
        promise(fd, TW_READ);
    some.msg_iov = msg->msg_iov;
    some.msg_iovlen = msg->msg_iovlen;
    *msg = some;
    return n;
}

/* -- asking and setting -------------------------------------------------- */

static int f_getopt(const struct tw_net *net, int fd, struct tw_optval *opt)
{
    int rc = failing("getopt");
    return rc ? rc : tw_net_kernel.getopt(net, fd, opt);
}

static int f_setopt(const struct tw_net *net, int fd,
                    const struct tw_optval *opt)
{
    int rc = failing("setopt");
    return rc ? rc : tw_net_kernel.setopt(net, fd, opt);
}

static int f_getsockname(const struct tw_net *net, int fd, struct tw_addr *addr)
{
    int rc = failing("getsockname");
    return rc ? rc : tw_net_kernel.getsockname(net, fd, addr);
}

static int f_getpeername(const struct tw_net *net, int fd, struct tw_addr *addr)
{
    int rc = failing("getpeername");
    return rc ? rc : tw_net_kernel.getpeername(net, fd, addr);
}

static int f_ifindex(const struct tw_net *net, const struct tw_addr *addr)
{
    int rc = failing("ifindex");
    return rc ? rc : tw_net_kernel.ifindex(net, addr);
}

static int f_set_nonblock(const struct tw_net *net, int fd, bool on)
{
    int rc = failing("set_nonblock");
    return rc ? rc : tw_net_kernel.set_nonblock(net, fd, on);
}

static int f_get_nonblock(const struct tw_net *net, int fd)
{
    int rc = failing("get_nonblock");
    return rc ? rc : tw_net_kernel.get_nonblock(net, fd);
}

static int f_set_cloexec(const struct tw_net *net, int fd, bool on)
{
    int rc = failing("set_cloexec");
    return rc ? rc : tw_net_kernel.set_cloexec(net, fd, on);
}

static int f_get_cloexec(const struct tw_net *net, int fd)
{
    int rc = failing("get_cloexec");
    return rc ? rc : tw_net_kernel.get_cloexec(net, fd);
}

static int f_lookup(const struct tw_net *net, const struct tw_query *query,
                    struct tw_answer *answer)
{
    int rc = failing("lookup");
    return rc ? rc : tw_net_kernel.lookup(net, query, answer);
}

static int f_gethostname(const struct tw_net *net, char *out, size_t room)
{
    int rc = failing("gethostname");
    return rc ? rc : tw_net_kernel.gethostname(net, out, room);
}

/* The machine that runs this keeps its name. */
static int f_sethostname(const struct tw_net *net, const char *name, size_t len)
{
    (void)net, (void)name, (void)len;
    return failing("sethostname");
}

/* -- the poller ---------------------------------------------------------- */

static int poller_open(const struct tw_net *net, const struct tw_mem *mem,
                       void **state)
{
    int rc = failing("poller open");
    return rc ? rc : the->under->open(net, mem, state);
}

static void poller_close(void *state)
{
    the->under->close(state);
}

/* Taking away cannot fail, so only what is new may. */
static int poller_set(void *state, int fd, unsigned events)
{
    bool known = fd >= 0 && fd < FAULT_FDS;
    bool more = !known || events & ~the->watched[fd];
    int rc = more ? failing("poller set") : 0;
    if (!rc)
        rc = the->under->set(state, fd, events);
    if (rc >= 0 && known)
        the->watched[fd] = (uint8_t)events;
    return rc;
}

/* The promised events of what the poller watches. */
static int keep_promises(struct tw_event *out, int max)
{
    int n = 0;
    for (int fd = 0; fd < FAULT_FDS && n < max; fd++)
    {
        unsigned events = the->again[fd] & the->watched[fd];
        if (!events)
            continue;
        out[n++] = (struct tw_event){fd, events};
        the->again[fd] &= (uint8_t)~events;
    }
    return n;
}

static int poller_wait(void *state, struct tw_event *out, int max,
                       int64_t timeout)
{
    int rc = failing("poller wait");
    if (rc)
        return rc;
    int n = keep_promises(out, max);
    if (n > 0)
        return n;
    if (put_off("poller wait", -1, 0))
        return 0;
    bool cut = the->kind == FAULT_SHORT && spoil("poller wait");
    return the->under->wait(state, out, cut ? 1 : max, timeout);
}

/* -- making -------------------------------------------------------------- */

void fault_net_init(struct fault_net *fault, const struct tw_backend *under)
{
    the = fault;
    memset(fault, 0, sizeof *fault);
    fault->under = under;
    fault->backend = (struct tw_backend){
        .name = under->name,
        .edge = under->edge,
        .open = poller_open,
        .close = poller_close,
        .set = poller_set,
        .wait = poller_wait,
    };
    fault->net = tw_net_kernel; /* what is not replaced: clock, lookup_free */
    fault->net.name = "fault";
    fault->net.backend = &fault->backend;
    fault->net.open = f_open;
    fault->net.accept = f_accept;
    fault->net.dup = f_dup;
    fault->net.pair = f_pair;
    fault->net.close = f_close;
    fault->net.bind = f_bind;
    fault->net.listen = f_listen;
    fault->net.connect = f_connect;
    fault->net.shutdown = f_shutdown;
    fault->net.send = f_send;
    fault->net.recv = f_recv;
    fault->net.sendto = f_sendto;
    fault->net.recvfrom = f_recvfrom;
    fault->net.sendmsg = f_sendmsg;
    fault->net.recvmsg = f_recvmsg;
    fault_net_files(&fault->net);
    fault->net.getopt = f_getopt;
    fault->net.setopt = f_setopt;
    fault->net.getsockname = f_getsockname;
    fault->net.getpeername = f_getpeername;
    fault->net.ifindex = f_ifindex;
    fault->net.set_nonblock = f_set_nonblock;
    fault->net.get_nonblock = f_get_nonblock;
    fault->net.set_cloexec = f_set_cloexec;
    fault->net.get_cloexec = f_get_cloexec;
    fault->net.lookup = f_lookup;
    fault->net.gethostname = f_gethostname;
    fault->net.sethostname = f_sethostname;
}

void fault_net_arm(struct fault_net *fault, long n, enum fault_kind kind,
                   bool and_on)
{
    fault->kind = kind;
    fault->and_on = and_on;
    fault->count = fault->injected = 0;
    fault->last = NULL;
    fault->failed = 0;
    fault->fail_at = n;
}

void fault_net_heal(struct fault_net *fault)
{
    fault->fail_at = 0;
}
