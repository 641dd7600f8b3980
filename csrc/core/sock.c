/* Sockets over a struct tw_net: states, modes and results, no system calls. */
#include "core/sock.h"

#include "core/cmsg.h"
#include "core/family.h"

#include <string.h>

/* Connections that died before accept are passed over, but only so many in
   one call: a queue full of them must not hold up the caller for long. */
enum
{
    ACCEPT_TRIES = 64
};

void tw_sock_init(struct tw_sock *s, const struct tw_net *net, int64_t timeout)
{
    *s = (struct tw_sock){.net = net, .timeout = timeout, .fd = -1};
}

static int mode_flags(const struct tw_sock *s)
{
    return s->timeout == TW_FOREVER ? 0 : SOCK_NONBLOCK;
}

static void opened(struct tw_sock *s, int fd, int family, int type, int proto)
{
    s->fd = fd;
    s->family = (int16_t)family;
    s->type = (int16_t)(type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC));
    s->proto = proto;
    s->nonblock = s->timeout != TW_FOREVER;
}

int tw_sock_open(struct tw_sock *s, int family, int type, int proto)
{
    int64_t timeout = type & SOCK_NONBLOCK ? 0 : s->timeout;
    int mode = timeout == TW_FOREVER ? 0 : SOCK_NONBLOCK;
    int fd = s->net->open(s->net, family, type | mode, proto);
    if (fd < 0)
        return fd;
    s->timeout = timeout;
    opened(s, fd, family, type, proto);
    return 0;
}

int tw_sock_pair(struct tw_sock pair[2], int family, int type, int proto)
{
    int fds[2];
    int64_t timeout = type & SOCK_NONBLOCK ? 0 : pair[0].timeout;
    int mode = timeout == TW_FOREVER ? 0 : SOCK_NONBLOCK;
    const struct tw_net *net = pair[0].net;
    int rc = net->pair(net, family, type | mode, proto, fds);
    if (rc < 0)
        return rc;
    for (int i = 0; i < 2; i++)
    {
        pair[i].timeout = timeout;
        opened(&pair[i], fds[i], family, type, proto);
    }
    return 0;
}

/* Reads one integer option of a descriptor into *value unless it is given. */
static int detect(const struct tw_net *net, int fd, int name, int *value)
{
    int found = 0;
    struct tw_optval opt = {SOL_SOCKET, name, &found, sizeof found};
    int rc = net->getopt(net, fd, &opt);
    if (rc >= 0 && *value < 0)
        *value = found;
    return rc;
}

int tw_sock_adopt(struct tw_sock *s, int fd, int family, int type, int proto)
{
    int rc = detect(s->net, fd, SO_TYPE, &type);
    if (rc >= 0 && family < 0)
        rc = detect(s->net, fd, SO_DOMAIN, &family);
    if (rc >= 0 && proto < 0)
        rc = detect(s->net, fd, SO_PROTOCOL, &proto);
    int nonblock = rc < 0 ? rc : s->net->get_nonblock(s->net, fd);
    if (nonblock < 0)
        return nonblock;
    if (!nonblock && mode_flags(s))
        rc = s->net->set_nonblock(s->net, fd, true);
    if (rc < 0)
        return rc;
    s->timeout = nonblock ? 0 : s->timeout;
    opened(s, fd, family, type, proto);
    return 0;
}

void tw_sock_borrow(struct tw_sock *s, int fd)
{
    s->net = &tw_net_file;
    opened(s, fd, AF_UNSPEC, SOCK_STREAM, 0);
    s->nonblock = false;
}

int tw_sock_dup(const struct tw_sock *s, struct tw_sock *copy)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    int fd = s->net->dup(s->net, s->fd);
    if (fd < 0)
        return fd;
    *copy = *s;
    copy->fd = fd;
    return 0;
}

int tw_sock_close(struct tw_sock *s)
{
    int fd = s->fd;
    s->fd = -1;
    return fd < 0 ? 0 : s->net->close(s->net, fd);
}

int tw_sock_detach(struct tw_sock *s)
{
    int fd = s->fd;
    if (fd >= 0 && s->nonblock && s->timeout == TW_FOREVER)
        s->net->set_nonblock(s->net, fd, false);
    s->fd = -1;
    return fd;
}

int tw_sock_settimeout(struct tw_sock *s, int64_t timeout)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    bool nonblock = timeout != TW_FOREVER;
    int rc = s->net->set_nonblock(s->net, s->fd, nonblock);
    if (rc < 0)
        return rc;
    s->nonblock = nonblock;
    s->timeout = timeout;
    return 0;
}

int tw_sock_set_nonblock(struct tw_sock *s)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    int rc = s->nonblock ? 0 : s->net->set_nonblock(s->net, s->fd, true);
    s->nonblock = rc >= 0;
    return rc;
}

void tw_sock_named(const struct tw_sock *s, struct tw_addr *addr)
{
    bool depends = s->family == AF_CAN || s->family == AF_BLUETOOTH;
    addr->proto = depends ? s->proto : 0;
    /* The kernel may say how long a name is for which there was no room. */
    if (addr->len > sizeof addr->u)
        addr->len = sizeof addr->u;
    if (s->family != AF_INET && s->family != AF_INET6 && s->family != AF_UNIX)
        tw_addr_complete(addr);
}

int tw_sock_get_inheritable(const struct tw_sock *s)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    int cloexec = s->net->get_cloexec(s->net, s->fd);
    return cloexec < 0 ? cloexec : !cloexec;
}

int tw_sock_set_inheritable(struct tw_sock *s, bool on)
{
    return s->fd < 0 ? TW_ECLOSED : s->net->set_cloexec(s->net, s->fd, !on);
}

int tw_sock_bind(struct tw_sock *s, const struct tw_addr *addr)
{
    return s->fd < 0 ? TW_ECLOSED : s->net->bind(s->net, s->fd, addr);
}

int tw_sock_listen(struct tw_sock *s, int backlog)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    return s->net->listen(s->net, s->fd, backlog < 0 ? 0 : backlog);
}

/* accept(2): Linux hands pending network errors of the new connection to the
   caller and asks for them to be treated as EAGAIN; EPERM is a firewall's. */
static bool passing(int rc)
{
    switch (-rc)
    {
    case ECONNABORTED:
    case ENETDOWN:
    case EPROTO:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM:
        return true;
    default:
        return false;
    }
}

int tw_sock_accept(struct tw_sock *s, struct tw_sock *conn,
                   struct tw_addr *peer)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    int rc = -ECONNABORTED;
    /* AF_ALG has no names, and fails as if the connection had died. */
    struct tw_addr *name = s->family == AF_ALG ? NULL : peer;
    peer->len = 0;
    for (int i = 0; i < ACCEPT_TRIES && passing(rc); i++)
        rc = s->net->accept(s->net, s->fd, name, mode_flags(conn));
    if (rc < 0)
        return rc;
    tw_sock_named(s, peer);
    opened(conn, rc, s->family, s->type, s->proto);
    return 0;
}

int tw_sock_connect(struct tw_sock *s, const struct tw_addr *addr)
{
    return s->fd < 0 ? TW_ECLOSED : s->net->connect(s->net, s->fd, addr);
}

/* Only TCP tells a second connect why the first failed, and wants to be asked
   for it: others begin anew (SCTP, VSOCK), or refuse to (TIPC). */
static int refused(const struct tw_sock *s)
{
    int error = 0;
    struct tw_optval opt = {SOL_SOCKET, SO_ERROR, &error, sizeof error};
    bool inet = s->family == AF_INET || s->family == AF_INET6;
    if (inet && s->proto != IPPROTO_SCTP)
        return 0;
    int rc = tw_sock_getopt(s, &opt);
    return rc < 0 ? rc : -error;
}

int tw_sock_connect_on(struct tw_sock *s, const struct tw_addr *addr)
{
    int rc = refused(s);
    if (rc >= 0)
        rc = tw_sock_connect(s, addr);
    if (rc == -EISCONN)
        return 0;
    return rc == -EALREADY ? TW_WANT_WRITE : rc;
}

int tw_sock_disconnect(struct tw_sock *s)
{
    const struct tw_addr none = {.len = sizeof none.u.sa.sa_family,
                                 .u.sa.sa_family = AF_UNSPEC};
    return tw_sock_connect(s, &none);
}

int tw_sock_shutdown(struct tw_sock *s, int how)
{
    return s->fd < 0 ? TW_ECLOSED : s->net->shutdown(s->net, s->fd, how);
}

/* A send is to raise no SIGPIPE. In these families none does, and the kernel
   refuses the flag. */
static int silent(const struct tw_sock *s, int flags)
{
    bool anyhow = s->family == AF_QIPCRTR || s->family == AF_RDS;
    return anyhow ? flags : flags | MSG_NOSIGNAL;
}

/* Only AF_UNIX brings descriptors: close-on-exec. AF_PACKET and others refuse
   the flag. */
static int cloexec(const struct tw_sock *s, int flags)
{
    return s->family == AF_UNIX ? flags | MSG_CMSG_CLOEXEC : flags;
}

ssize_t tw_sock_send(struct tw_sock *s, const void *data, size_t len, int flags)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    return s->net->send(s->net, s->fd, data, len, silent(s, flags));
}

/*
 * Zero bytes from a SOCK_SEQPACKET socket are its end or an empty packet. They
 * are the end if the peer has hung up and nothing but emptiness follows, or
 * (TIPC says so only once) nothing at all.
 */
bool tw_sock_at_end(struct tw_sock *s)
{
    char byte;
    if (s->type != SOCK_SEQPACKET)
        return s->type == SOCK_STREAM;
    if (s->net->hungup(s->net, s->fd) <= 0)
        return false;
    ssize_t n = s->net->recv(s->net, s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || n == TW_WANT_READ;
}

static ssize_t received(struct tw_sock *s, ssize_t n, size_t len)
{
    return n == 0 && len > 0 && tw_sock_at_end(s) ? TW_EOF : n;
}

ssize_t tw_sock_recv(struct tw_sock *s, void *data, size_t len, int flags)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    return received(s, s->net->recv(s->net, s->fd, data, len, flags), len);
}

ssize_t tw_sock_sendto(struct tw_sock *s, const struct tw_dgram *dgram,
                       int flags)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    return s->net->sendto(s->net, s->fd, dgram, silent(s, flags));
}

ssize_t tw_sock_recvfrom(struct tw_sock *s, struct tw_dgram *dgram, int flags)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    ssize_t n = s->net->recvfrom(s->net, s->fd, dgram, flags);
    if (n < 0)
        dgram->addr.len = 0;
    tw_sock_named(s, &dgram->addr);
    return received(s, n, dgram->len);
}

ssize_t tw_sock_sendmsg(struct tw_sock *s, const struct msghdr *msg, int flags)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    return s->net->sendmsg(s->net, s->fd, msg, silent(s, flags));
}

/* Whether a message without bytes tells something else than the end. */
static bool says_more(const struct tw_sock *s, const struct msghdr *msg,
                      int flags)
{
    struct tw_cmsg_fds fds = {
        .walk = tw_cmsg_begin(msg->msg_control, msg->msg_controllen)};
    bool packet = s->type == SOCK_SEQPACKET && msg->msg_controllen > 0;
    return packet || flags & MSG_ERRQUEUE || tw_cmsg_nextfd(&fds) >= 0;
}

ssize_t tw_sock_recvmsg(struct tw_sock *s, struct msghdr *msg, int flags)
{
    if (s->fd < 0)
        return TW_ECLOSED;
    ssize_t n = s->net->recvmsg(s->net, s->fd, msg, cloexec(s, flags));
    if (n != 0 || says_more(s, msg, flags))
        return n;
    size_t len = 0;
    for (size_t i = 0; i < msg->msg_iovlen && len == 0; i++)
        len = msg->msg_iov[i].iov_len;
    return received(s, n, len);
}

int tw_sock_sendmmsg(struct tw_sock *s, struct mmsghdr *msgs, unsigned count,
                     int flags)
{
    return s->fd < 0
               ? TW_ECLOSED
               : s->net->sendmmsg(s->net, s->fd, msgs, count, silent(s, flags));
}

int tw_sock_recvmmsg(struct tw_sock *s, struct mmsghdr *msgs, unsigned count,
                     int flags)
{
    return s->fd < 0 ? TW_ECLOSED
                     : s->net->recvmmsg(s->net, s->fd, msgs, count, flags);
}

ssize_t tw_sock_sendfile(struct tw_sock *s, int file, int64_t offset,
                         size_t len)
{
    return s->fd < 0 ? TW_ECLOSED
                     : s->net->sendfile(s->net, s->fd, file, offset, len);
}

int tw_sock_getsockname(const struct tw_sock *s, struct tw_addr *addr)
{
    int rc = s->fd < 0 ? TW_ECLOSED : s->net->getsockname(s->net, s->fd, addr);
    if (rc >= 0)
        tw_sock_named(s, addr);
    return rc;
}

int tw_sock_getpeername(const struct tw_sock *s, struct tw_addr *addr)
{
    int rc = s->fd < 0 ? TW_ECLOSED : s->net->getpeername(s->net, s->fd, addr);
    if (rc >= 0)
        tw_sock_named(s, addr);
    return rc;
}

int tw_sock_getopt(const struct tw_sock *s, struct tw_optval *opt)
{
    return s->fd < 0 ? TW_ECLOSED : s->net->getopt(s->net, s->fd, opt);
}

int tw_sock_setopt(struct tw_sock *s, const struct tw_optval *opt)
{
    return s->fd < 0 ? TW_ECLOSED : s->net->setopt(s->net, s->fd, opt);
}
