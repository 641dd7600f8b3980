/* The notifications that end a send with MSG_ZEROCOPY. */
#include "core/zerocopy.h"

#include "core/cmsg.h"

#include <linux/errqueue.h>
#include <string.h>

enum
{
    CONTROL = 256, /* a notification, an address, and what else is asked for */
    VSOCK_LEVEL = 287,
    VSOCK_RECVERR = 1
};

static int is_set(const struct tw_sock *s, int level, int name)
{
    int on = 0;
    struct tw_optval opt = {level, name, &on, sizeof on};
    int rc = tw_sock_getopt(s, &opt);
    return rc < 0 ? rc : on != 0;
}

int tw_zerocopy_enabled(const struct tw_sock *s)
{
    bool tcp = (s->family == AF_INET || s->family == AF_INET6) &&
               s->type == SOCK_STREAM &&
               (s->proto == 0 || s->proto == IPPROTO_TCP);
    int rc = tcp ? is_set(s, SOL_SOCKET, SO_ZEROCOPY) : 0;
    if (rc <= 0)
        return rc;
    int others = is_set(s, SOL_SOCKET, SO_TIMESTAMPING);
    if (others == 0)
        others = s->family == AF_INET6 ? is_set(s, IPPROTO_IPV6, IPV6_RECVERR)
                                       : is_set(s, IPPROTO_IP, IP_RECVERR);
    return others == 0;
}

static bool is_error(const struct tw_cmsg *item)
{
    return (item->level == IPPROTO_IP && item->type == IP_RECVERR) ||
           (item->level == IPPROTO_IPV6 && item->type == IPV6_RECVERR) ||
           (item->level == VSOCK_LEVEL && item->type == VSOCK_RECVERR);
}

/* Each one tells of a range of sends, by number. */
static void note(const struct tw_cmsg *item, struct tw_released *released)
{
    struct sock_extended_err err;
    if (!is_error(item) || item->len < sizeof err)
        return;
    memcpy(&err, item->data, sizeof err);
    if (err.ee_origin != SO_EE_ORIGIN_ZEROCOPY || err.ee_errno != 0)
        return;
    released->sends += err.ee_data - err.ee_info + 1;
    if (err.ee_code & SO_EE_CODE_ZEROCOPY_COPIED)
        released->copied = true;
}

int tw_zerocopy_reap(struct tw_sock *s, struct tw_released *released)
{
    ssize_t n = s->fd < 0 ? TW_ECLOSED : 0;
    *released = (struct tw_released){.sends = 0};
    while (n >= 0 || n == TW_WANT_RETRY)
    {
        struct tw_cmsg item;
        _Alignas(struct cmsghdr) unsigned char control[CONTROL];
        struct msghdr msg = {.msg_control = control,
                             .msg_controllen = sizeof control};
        n = s->net->recvmsg(s->net, s->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);
        if (n < 0)
            continue;
        struct tw_cmsg_walk walk = tw_cmsg_begin(control, msg.msg_controllen);
        while (tw_cmsg_next(&walk, &item))
            note(&item, released);
    }
    return n == TW_WANT_READ ? 0 : (int)n;
}

int tw_zerocopy_abandon(struct tw_sock *s)
{
    struct linger at_once = {.l_onoff = 1};
    struct tw_optval opt = {SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once};
    int rc = tw_sock_setopt(s, &opt);
    return tw_sock_disconnect(s) < 0 ? rc : 0;
}
