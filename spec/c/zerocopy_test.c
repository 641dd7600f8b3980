/* Notifications from an error queue that says what it is told to. */
#include "core/cmsg.h"
#include "core/zerocopy.h"
#include "tap.h"

#include <time.h>

#include <linux/errqueue.h>

/* Items of the queue, one for each call; then `last`. */
struct fake
{
    struct tw_net net;
    struct
    {
        int level, type;
        struct sock_extended_err err;
        size_t len;
    } items[8];
    int count, next;
    ssize_t last;
    int option, level, name; /* an option that is set */
    bool gone;
    struct linger linger;
};

static struct fake *self(const struct tw_net *net)
{
    return tw__container_of(net, struct fake, net);
}

static ssize_t fake_recvmsg(const struct tw_net *net, int fd,
                            struct msghdr *msg, int flags)
{
    struct fake *f = self(net);
    unsigned char *data;
    struct tw_cmsg_build build = {.bytes = msg->msg_control,
                                  .room = msg->msg_controllen};
    (void)fd;
    CHECK_INT(flags, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (f->next == f->count)
        return f->last;
    int i = f->next++;
    tw_cmsg_append(&build, f->items[i].level, f->items[i].type, f->items[i].len,
                   &data);
    memcpy(data, &f->items[i].err,
           f->items[i].len < sizeof f->items[i].err ? f->items[i].len
                                                    : sizeof f->items[i].err);
    msg->msg_controllen = build.len;
    return 0;
}

static int fake_getopt(const struct tw_net *net, int fd, struct tw_optval *opt)
{
    struct fake *f = self(net);
    bool asked = opt->level == f->level && opt->name == f->name;
    bool first = opt->name == SO_ZEROCOPY && opt->level == SOL_SOCKET;
    (void)fd;
    *(int *)opt->value = first ? f->option : asked;
    return first && f->option < 0 ? -ENOPROTOOPT : 0;
}

static int fake_connect(const struct tw_net *net, int fd,
                        const struct tw_addr *addr)
{
    (void)fd;
    CHECK_INT(addr->u.sa.sa_family, AF_UNSPEC);
    CHECK_INT(self(net)->linger.l_onoff, 1);
    self(net)->gone = true;
    return 0;
}

static int fake_setopt(const struct tw_net *net, int fd,
                       const struct tw_optval *opt)
{
    (void)fd;
    CHECK_INT(opt->name, SO_LINGER);
    memcpy(&self(net)->linger, opt->value, sizeof(struct linger));
    return 0;
}

static struct tw_sock opened(struct fake *f)
{
    struct tw_sock s;
    *f = (struct fake){.net = {.recvmsg = fake_recvmsg,
                               .getopt = fake_getopt,
                               .connect = fake_connect,
                               .setopt = fake_setopt},
                       .last = TW_WANT_READ};
    tw_sock_init(&s, &f->net, 0);
    s.fd = 7;
    s.family = AF_INET;
    s.type = SOCK_STREAM;
    return s;
}

static void says(struct fake *f, int level, int type, uint32_t first,
                 uint32_t last)
{
    int i = f->count++;
    f->items[i].level = level;
    f->items[i].type = type;
    f->items[i].len = sizeof f->items[i].err;
    f->items[i].err = (struct sock_extended_err){
        .ee_origin = SO_EE_ORIGIN_ZEROCOPY, .ee_info = first, .ee_data = last};
}

static void counts_sends(void)
{
    struct fake f;
    struct tw_released released;
    struct tw_sock s = opened(&f);
    CHECK_INT(tw_zerocopy_reap(&s, &released), 0);
    CHECK_INT(released.sends, 0);
    says(&f, IPPROTO_IP, IP_RECVERR, 0, 0);
    says(&f, IPPROTO_IPV6, IPV6_RECVERR, 1, 4);
    says(&f, IPPROTO_IP, IP_RECVERR, UINT32_MAX, 1); /* around the end */
    CHECK_INT(tw_zerocopy_reap(&s, &released), 0);
    CHECK_INT(released.sends, 1 + 4 + 3);
    CHECK(!released.copied);
    says(&f, IPPROTO_IP, IP_RECVERR, 5, 5);
    f.items[3].err.ee_code = SO_EE_CODE_ZEROCOPY_COPIED;
    CHECK_INT(tw_zerocopy_reap(&s, &released), 0);
    CHECK_INT(released.sends, 1);
    CHECK(released.copied);
}

static void what_else_is_there(void)
{
    struct fake f;
    struct tw_released released;
    struct tw_sock s = opened(&f);
    says(&f, IPPROTO_IP, IP_RECVERR, 0, 0);
    f.items[0].err.ee_origin = SO_EE_ORIGIN_ICMP;
    says(&f, IPPROTO_IP, IP_RECVERR, 0, 0);
    f.items[1].err.ee_errno = ECONNREFUSED;
    says(&f, IPPROTO_IP, IP_TTL, 0, 0);
    says(&f, SOL_SOCKET, IP_RECVERR, 0, 0);
    says(&f, IPPROTO_IP, IP_RECVERR, 0, 0);
    f.items[4].len = 15;
    says(&f, IPPROTO_IP, IP_RECVERR, 7, 7);
    f.items[5].len = 48; /* with an address */
    CHECK_INT(tw_zerocopy_reap(&s, &released), 0);
    CHECK_INT(f.next, 6);
    CHECK_INT(released.sends, 1);
}

static void failures(void)
{
    struct fake f;
    struct tw_released released;
    struct tw_sock s = opened(&f);
    says(&f, IPPROTO_IP, IP_RECVERR, 0, 1);
    f.last = -ENOMEM;
    CHECK_INT(tw_zerocopy_reap(&s, &released), -ENOMEM);
    CHECK_INT(released.sends, 2);
    s.fd = -1;
    CHECK_INT(tw_zerocopy_reap(&s, &released), TW_ECLOSED);
    CHECK_INT(released.sends, 0);
}

static void asks_and_abandons(void)
{
    struct fake f;
    struct tw_sock s = opened(&f);
    CHECK_INT(tw_zerocopy_enabled(&s), 0);
    f.option = 1;
    CHECK_INT(tw_zerocopy_enabled(&s), 1);
    f.option = -1;
    CHECK_INT(tw_zerocopy_enabled(&s), -ENOPROTOOPT);
    CHECK_INT(tw_zerocopy_abandon(&s), 0);
    CHECK_INT(f.linger.l_onoff, 1);
    CHECK_INT(f.linger.l_linger, 0);
    CHECK(f.gone);
}

static void not_where_it_is_unsafe(void)
{
    struct fake f;
    struct tw_sock s = opened(&f);
    f.option = 1;
    f.level = SOL_SOCKET;
    f.name = SO_TIMESTAMPING;
    CHECK_INT(tw_zerocopy_enabled(&s), 0);
    f.level = IPPROTO_IP;
    f.name = IP_RECVERR;
    CHECK_INT(tw_zerocopy_enabled(&s), 0);
    s.family = AF_INET6;
    CHECK_INT(tw_zerocopy_enabled(&s), 1);
    f.level = IPPROTO_IPV6;
    f.name = IPV6_RECVERR;
    CHECK_INT(tw_zerocopy_enabled(&s), 0);
    f.level = -1;
    s.type = SOCK_DGRAM;
    CHECK_INT(tw_zerocopy_enabled(&s), 0);
    s.family = AF_VSOCK;
    s.type = SOCK_STREAM;
    CHECK_INT(tw_zerocopy_enabled(&s), 0);
}

int main(void)
{
    TAP_CASE(counts_sends);
    TAP_CASE(what_else_is_there);
    TAP_CASE(failures);
    TAP_CASE(asks_and_abandons);
    TAP_CASE(not_where_it_is_unsafe);
    return tap_done();
}
