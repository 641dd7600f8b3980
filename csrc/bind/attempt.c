/*
 * One attempt to receive or send: whether to make it, with which flags, what
 * its outcome says about the next one, and how to wait for that.
 */
#include "bind/socket.h"
#include "bind/zerocopy.h"
#include "core/batch.h"

/* Larger than any datagram a system is normally set up to carry. */
enum
{
    DATAGRAM_MAX = 4 << 20
};

int ltw_want(struct ltw_socket *s, struct tw_wait *wait, int want, int flags)
{
    /* The kernel itself never waits for urgent data or queued errors. */
    const int at_once = MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE;
    bool never = s->sock.timeout == 0 || flags & at_once;
    if (never && want != TW_WANT_RETRY)
        return 0;
    wait->at = &s->watch;
    wait->kind = (uint8_t)tw_kind_of(want);
    wait->timeout = s->sock.timeout;
    return TW_TASK_WAIT;
}

int ltw_attempt(struct tw_runtime *rt, const struct ltw_socket *s, unsigned dir,
                int flags)
{
    /* Urgent data and queued errors are not what a reader waits for. */
    if (s->watch.claimed & dir && !(flags & (MSG_OOB | MSG_ERRQUEUE)))
        return -EBUSY;
    if (flags || s->sock.timeout == 0)
        return 0;
    if (!(s->watch.ready & dir) && !tw_task_may_block(rt, &s->sock))
        return dir == TW_READ ? TW_WANT_READ : TW_WANT_WRITE;
    return tw_task_spent(rt) ? TW_WANT_RETRY : 0;
}

int ltw_sockfail(lua_State *L, struct ltw_socket *s, int code, const char *op)
{
    struct tw_addr peer;
    if (code != TW_EOF && s->sock.fd >= 0 && s->sock.family != AF_UNIX &&
        tw_sock_getpeername(&s->sock, &peer) >= 0 && peer.len)
        return ltw_fail_addr(L, code, op, &peer);
    return ltw_fail(L, code, op);
}

bool ltw_waits(struct ltw_socket *s, struct tw_wait *wait, ssize_t rc,
               int flags)
{
    if (tw_err_want(rc) && ltw_want(s, wait, (int)rc, flags))
        return true;
    /* "Would block" with flags says nothing about a call without them. */
    if (flags)
        s->watch.ready |= TW_READ | TW_WRITE;
    return false;
}

int ltw_unfinished(lua_State *L, struct tw_wait *wait, ssize_t rc, int flags,
                   const char *op)
{
    struct ltw_socket *s = lua_touserdata(L, 1);
    return ltw_waits(s, wait, rc, flags) ? TW_TASK_WAIT
                                         : ltw_sockfail(L, s, (int)rc, op);
}

int ltw_obstacle(const struct ltw_socket *s, const struct tw_wait *wait)
{
    return wait->status < 0 ? wait->status : s->closed ? TW_ECLOSED : 0;
}

/* For a call with the script's flags: MSG_DONTWAIT is added unless it may
   sleep in the kernel. */
static int kernel_flags(const struct tw_runtime *rt, const struct ltw_socket *s,
                        int flags)
{
    return tw_task_may_block(rt, &s->sock) ? flags : flags | MSG_DONTWAIT;
}

size_t ltw_total(const struct msghdr *msg)
{
    size_t len = 0;
    for (size_t i = 0; i < msg->msg_iovlen; i++)
        len += msg->msg_iov[i].iov_len;
    return len;
}

/* -- receiving ----------------------------------------------------------- */

static bool is_tcp(const struct tw_sock *s)
{
    return (s->family == AF_INET || s->family == AF_INET6) &&
           (s->proto == 0 || s->proto == IPPROTO_TCP);
}

/*
 * Less than was asked for means that nothing is left, so that the next receive
 * can wait right away. TCP alone promises that: other streams may stop short
 * between messages.
 */
static void note_received(struct tw_runtime *rt, struct ltw_socket *s,
                          ssize_t n, size_t len, int flags)
{
    if (n == TW_WANT_READ)
        tw_watch_blocked(&s->watch, TW_READ);
    if (n == TW_WANT_READ && s->unreleased > 0)
        ltw_reap(rt,
                 s); /* or it is an event of this direction, again and again */
    if (n > 0 && (size_t)n < len && flags == 0 && s->sock.type == SOCK_STREAM &&
        is_tcp(&s->sock))
        tw_watch_drained(&s->watch, TW_READ);
    if (flags == 0)
        s->ended = n < 0 && !tw_err_want(n) &&
                   (n == TW_EOF || s->sock.type == SOCK_STREAM);
}

/* Before an attempt: 0, or what to return instead. */
static int may_receive(struct tw_runtime *rt, struct ltw_socket *s, int flags)
{
    int rc = ltw_attempt(rt, s, TW_READ, flags);
    if (rc < 0 || !(flags & MSG_ERRQUEUE) || s->unreleased == 0)
        return rc;
    /* All that comes there is for sendall, which waits for it. */
    rc = ltw_reap(rt, s);
    return rc < 0 ? rc : s->unreleased > 0 ? TW_WANT_READ : 0;
}

ssize_t ltw_tryrecv(struct tw_runtime *rt, struct ltw_socket *s, void *data,
                    size_t len, int flags)
{
    int rc = may_receive(rt, s, flags);
    if (rc < 0)
        return rc;
    ssize_t n = tw_sock_recv(&s->sock, data, len, kernel_flags(rt, s, flags));
    note_received(rt, s, n, len, flags);
    return n;
}

ssize_t ltw_tryrecvfrom(struct tw_runtime *rt, struct ltw_socket *s,
                        struct tw_dgram *dgram, int flags)
{
    int rc = may_receive(rt, s, flags);
    if (rc < 0)
        return rc;
    ssize_t n = tw_sock_recvfrom(&s->sock, dgram, kernel_flags(rt, s, flags));
    note_received(rt, s, n, dgram->len, flags);
    return n;
}

ssize_t ltw_tryrecvmsg(struct tw_runtime *rt, struct ltw_socket *s,
                       struct msghdr *msg, int flags)
{
    int rc = may_receive(rt, s, flags);
    if (rc < 0)
        return rc;
    size_t len = ltw_total(msg);
    ssize_t n = tw_sock_recvmsg(&s->sock, msg, kernel_flags(rt, s, flags));
    note_received(rt, s, n, len, flags);
    return n;
}

int ltw_tryrecvmany(struct tw_runtime *rt, struct ltw_socket *s,
                    struct tw_batch *batch, int flags)
{
    int rc = may_receive(rt, s, flags);
    if (rc < 0)
        return rc;
    int n = tw_batch_recv(&s->sock, batch, kernel_flags(rt, s, flags));
    note_received(rt, s, n, 0, flags);
    return n;
}

char *ltw_room(struct tw_runtime *rt, const struct ltw_socket *s, size_t *len)
{
    size_t max = s->sock.type == SOCK_STREAM ? (size_t)TW_SCRATCH_MAX
                                             : (size_t)DATAGRAM_MAX;
    if (*len > max)
        *len = max;
    return tw_runtime_scratch(rt, *len);
}

/* -- sending ------------------------------------------------------------- */

/* Before an attempt: 0, or what to return instead. */
static int may_send(struct tw_runtime *rt, struct ltw_socket *s, int flags)
{
    int rc = ltw_attempt(rt, s, TW_WRITE, flags);
    if (rc < 0)
        return rc;
    /* Nobody would keep the data until the kernel has read it. */
    if (flags & MSG_ZEROCOPY)
        return -EOPNOTSUPP;
    bool was_cut = s->cut;
    s->cut = false;
    return was_cut ? TW_WANT_RETRY : 0;
}

/* After it, with the flags the kernel was given. */
static void note_sent(struct ltw_socket *s, ssize_t n, size_t len, int flags)
{
    if (n == TW_WANT_WRITE)
        tw_watch_blocked(&s->watch, TW_WRITE);
    s->cut = n > 0 && (size_t)n < len && !(flags & MSG_DONTWAIT);
}

ssize_t ltw_trysend(struct tw_runtime *rt, struct ltw_socket *s,
                    const void *data, size_t len, int flags)
{
    int rc = may_send(rt, s, flags);
    if (rc < 0)
        return rc;
    int kflags = kernel_flags(rt, s, flags);
    ssize_t n = tw_sock_send(&s->sock, data, len, kflags);
    note_sent(s, n, len, kflags);
    return n;
}

ssize_t ltw_trysendto(struct tw_runtime *rt, struct ltw_socket *s,
                      const struct tw_dgram *dgram, int flags)
{
    int rc = may_send(rt, s, flags);
    if (rc < 0)
        return rc;
    int kflags = kernel_flags(rt, s, flags);
    ssize_t n = tw_sock_sendto(&s->sock, dgram, kflags);
    note_sent(s, n, dgram->len, kflags);
    return n;
}

ssize_t ltw_trysendmsg(struct tw_runtime *rt, struct ltw_socket *s,
                       const struct msghdr *msg, int flags)
{
    int rc = may_send(rt, s, flags);
    if (rc < 0)
        return rc;
    int kflags = kernel_flags(rt, s, flags);
    ssize_t n = tw_sock_sendmsg(&s->sock, msg, kflags);
    note_sent(s, n, ltw_total(msg), kflags);
    return n;
}

int ltw_trysendmany(struct tw_runtime *rt, struct ltw_socket *s,
                    const struct ltw_slots *slots, int flags)
{
    int rc = may_send(rt, s, flags);
    if (rc < 0)
        return rc;
    int kflags = kernel_flags(rt, s, flags);
    int n = tw_batch_send(&s->sock, slots->batch, slots->first, slots->count,
                          kflags);
    note_sent(s, n, slots->count, kflags);
    return n;
}
