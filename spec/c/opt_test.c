/* Named options: where they are, what shape they have, what the kernel says. */
#include "core/opt.h"
#include "mem.h"

#include <errno.h>

struct fake
{
    struct tw_net net;
    struct tw_optval seen;
    char value[TW_OPT_TEXT_MAX]; /* what was set, or is to be got */
    socklen_t len;               /* what getopt leaves; 0: as it was */
    int rc;
};

static int fake_getopt(const struct tw_net *net, int fd, struct tw_optval *opt)
{
    struct fake *f = tw__container_of(net, struct fake, net);
    (void)fd;
    f->seen = *opt;
    if (f->rc < 0)
        return f->rc;
    CHECK(opt->len <= sizeof f->value);
    memcpy(opt->value, f->value, opt->len);
    opt->len = f->len ? f->len : opt->len;
    return f->rc;
}

static int fake_setopt(const struct tw_net *net, int fd,
                       const struct tw_optval *opt)
{
    struct fake *f = tw__container_of(net, struct fake, net);
    (void)fd;
    f->seen = *opt;
    CHECK(opt->len <= sizeof f->value);
    memcpy(f->value, opt->value, opt->len);
    return f->rc;
}

static struct tw_sock faked(struct fake *f, int family)
{
    *f = (struct fake){.net = {.getopt = fake_getopt, .setopt = fake_setopt}};
    return (struct tw_sock){.net = &f->net, .fd = 3, .family = family};
}

static int set_num(struct tw_sock *s, const char *name, int num)
{
    struct tw_optany value = {.num = num};
    return tw_opt_set(s, tw_opt_find(name), &value);
}

static int get_num(const struct tw_sock *s, const char *name)
{
    struct tw_optany value = {.num = -77};
    int rc = tw_opt_get(s, tw_opt_find(name), &value);
    CHECK_INT(rc, 0);
    return value.num;
}

static void names(void)
{
    size_t n = 0;
    while (tw_opt_at(n))
        n++;
    CHECK(n > 30);
    CHECK(!tw_opt_at(n + 1) && !tw_opt_at(SIZE_MAX));
    for (size_t i = 0; i < n; i++)
    {
        const struct tw_opt *opt = tw_opt_at(i);
        CHECK(tw_opt_find(opt->name) == opt);
        CHECK(i == 0 || strcmp(tw_opt_at(i - 1)->name, opt->name) < 0);
        CHECK(!opt->number6 || opt->level6 == IPPROTO_IPV6);
    }
    CHECK(!tw_opt_find("") && !tw_opt_find("NODELAY"));
    CHECK(!tw_opt_find("node") && !tw_opt_find("nodelays"));
    CHECK(tw_opt_find("error")->readonly);
    CHECK(!tw_opt_find("nodelay")->readonly);
}

static void places(void)
{
    struct fake f;
    struct tw_sock s = faked(&f, AF_INET);
    CHECK_INT(set_num(&s, "ttl", 9), 0);
    CHECK(f.seen.level == IPPROTO_IP && f.seen.name == IP_TTL);
    CHECK_INT(f.seen.len, sizeof(int));
    s.family = AF_INET6;
    CHECK_INT(set_num(&s, "ttl", 9), 0);
    CHECK(f.seen.level == IPPROTO_IPV6 && f.seen.name == IPV6_UNICAST_HOPS);
    CHECK_INT(set_num(&s, "nodelay", 1), 0);
    CHECK(f.seen.level == IPPROTO_TCP && f.seen.name == TCP_NODELAY);
    CHECK_INT(set_num(&s, "v6only", 1), 0);
    CHECK(f.seen.level == IPPROTO_IPV6 && f.seen.name == IPV6_V6ONLY);
    s.family = AF_UNIX;
    CHECK_INT(set_num(&s, "rcvbuf", 1), 0);
    CHECK(f.seen.level == SOL_SOCKET && f.seen.name == SO_RCVBUF);
}

static void numbers(void)
{
    struct fake f;
    struct tw_sock s = faked(&f, AF_INET);
    CHECK_INT(set_num(&s, "keepidle", 77), 0);
    CHECK_INT(get_num(&s, "keepidle"), 77);
    CHECK_INT(get_num(&s, "keepalive"), 1); /* anything but 0 */
    CHECK_INT(set_num(&s, "keepalive", 0), 0);
    CHECK_INT(get_num(&s, "keepalive"), 0);
    CHECK_INT(set_num(&s, "user_timeout", 1500), 0);
    CHECK_INT(get_num(&s, "user_timeout"), 1500);
}

static void lingers(void)
{
    struct fake f;
    struct linger raw;
    struct tw_sock s = faked(&f, AF_INET);
    CHECK_INT(set_num(&s, "linger", 5), 0);
    CHECK_INT(f.seen.len, sizeof raw);
    memcpy(&raw, f.value, sizeof raw);
    CHECK(raw.l_onoff == 1 && raw.l_linger == 5);
    CHECK_INT(get_num(&s, "linger"), 5);
    CHECK_INT(set_num(&s, "linger", 0), 0);
    CHECK_INT(get_num(&s, "linger"), 0);
    CHECK_INT(set_num(&s, "linger", -1), 0);
    CHECK_INT(get_num(&s, "linger"), -1);
    memcpy(&raw, f.value, sizeof raw);
    CHECK(raw.l_onoff == 0 && raw.l_linger == 0);
}

static void texts(void)
{
    struct fake f;
    struct tw_sock s = faked(&f, AF_INET);
    const struct tw_opt *opt = tw_opt_find("congestion");
    struct tw_optany value = {.len = 4, .text = "reno"};
    CHECK_INT(tw_opt_set(&s, opt, &value), 0);
    CHECK_INT(f.seen.len, 4);
    memset(&value, 'z', sizeof value);
    f.len = 16;
    CHECK_INT(tw_opt_get(&s, opt, &value), 0);
    CHECK(value.len == 4 && memcmp(value.text, "reno", 4) == 0);
    memset(f.value, 'x', sizeof f.value); /* without a NUL */
    f.len = 0;
    CHECK_INT(tw_opt_get(&s, opt, &value), 0);
    CHECK_INT(value.len, TW_OPT_TEXT_MAX);
    memset(value.text, 'y', sizeof value.text);
    CHECK_INT(tw_opt_set(&s, opt, &value), 0);
    CHECK(f.seen.len == TW_OPT_TEXT_MAX && f.value[63] == 'y');
}

static void failures(void)
{
    struct fake f;
    struct tw_optany value = {.num = 5};
    struct tw_sock s = faked(&f, AF_INET);
    f.rc = -ENOPROTOOPT;
    for (size_t i = 0; tw_opt_at(i); i++)
    {
        CHECK_INT(tw_opt_get(&s, tw_opt_at(i), &value), -ENOPROTOOPT);
        CHECK_INT(tw_opt_set(&s, tw_opt_at(i), &value), -ENOPROTOOPT);
    }
    CHECK(value.num == 5 && value.len == 0);
    s.fd = -1;
    CHECK_INT(tw_opt_get(&s, tw_opt_at(0), &value), TW_ECLOSED);
    CHECK_INT(tw_opt_set(&s, tw_opt_at(0), &value), TW_ECLOSED);
}

static struct tw_sock real(int family, int type)
{
    struct tw_sock s;
    tw_sock_init(&s, &tw_net_kernel, TW_FOREVER);
    CHECK_INT(tw_sock_open(&s, family, type, 0), 0);
    return s;
}

/* These are for one kind of socket each: of_one_kind. */
static bool particular(const struct tw_opt *opt)
{
    static const char *const names[] = {"checksum",   "hdrincl", "icmp_filter",
                                        "mtu",        "passsec", "udp_gro",
                                        "udp_segment"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(opt->name, names[i]) == 0)
            return true;
    return false;
}

/* Each can be asked of the kind of socket it is for. */
static void the_kernel_knows_them(void)
{
    struct tw_sock tcp = real(AF_INET, SOCK_STREAM);
    struct tw_sock tcp6 = real(AF_INET6, SOCK_STREAM);
    struct tw_sock local = real(AF_UNIX, SOCK_STREAM);
    for (size_t i = 0; tw_opt_at(i); i++)
    {
        const struct tw_opt *opt = tw_opt_at(i);
        struct tw_optany value;
        if (particular(opt))
            continue;
        bool six = opt->level == IPPROTO_IPV6 || opt->level6;
        const struct tw_sock *s =
            strcmp(opt->name, "passcred") == 0 ? &local : &tcp;
        if (opt->level != IPPROTO_IPV6)
            CHECK_INT(tw_opt_get(s, opt, &value), 0);
        if (six || opt->level == IPPROTO_TCP)
            CHECK_INT(tw_opt_get(&tcp6, opt, &value), 0);
        if (opt->level != SOL_SOCKET)
            CHECK(tw_opt_get(&local, opt, &value) < 0);
    }
    tw_sock_close(&tcp);
    tw_sock_close(&tcp6);
    tw_sock_close(&local);
}

/* Whether this process may have raw sockets; opens one if it may. */
static bool raw(struct tw_sock *s, int family, int proto)
{
    tw_sock_init(s, &tw_net_kernel, TW_FOREVER);
    int rc = tw_sock_open(s, family, SOCK_RAW, proto);
    if (rc < 0)
        CHECK(rc == -EPERM || rc == -EACCES);
    return rc == 0;
}

static void of_one_kind(void)
{
    struct tw_addr addr;
    struct tw_sock s = real(AF_INET, SOCK_DGRAM);
    CHECK_INT(tw_addr_inet(&addr, AF_INET, "127.0.0.1", 9), 0);
    CHECK_INT(tw_sock_connect(&s, &addr), 0);
    CHECK(get_num(&s, "mtu") > 0);
    tw_sock_close(&s);
    s = real(AF_UNIX, SOCK_DGRAM);
    CHECK_INT(get_num(&s, "passsec"), 0);
    tw_sock_close(&s);
    if (!raw(&s, AF_INET, IPPROTO_ICMP))
        return;
    CHECK_INT(get_num(&s, "hdrincl"), 0);
    CHECK_INT(set_num(&s, "icmp_filter", 1 << 8), 0);
    CHECK_INT(get_num(&s, "icmp_filter"), 1 << 8);
    tw_sock_close(&s);
    CHECK(raw(&s, AF_INET6, 200));
    CHECK_INT(get_num(&s, "hdrincl"), 0);
    CHECK_INT(get_num(&s, "checksum"), -1);
    CHECK_INT(set_num(&s, "checksum", 2), 0);
    CHECK_INT(get_num(&s, "checksum"), 2);
    tw_sock_close(&s);
}

static void switches(struct tw_sock *s, const char *name)
{
    for (int on = 1; on >= 0; on--)
    {
        CHECK_INT(set_num(s, name, on), 0);
        if (!CHECK_INT(get_num(s, name), on))
            printf("#   %s\n", name);
    }
}

static void the_kernel_keeps_them(void)
{
    static const char *const bools[] = {
        "broadcast",      "cork",      "freebind",  "keepalive",
        "multicast_loop", "nodelay",   "oobinline", "recverr",
        "reuseaddr",      "reuseport", "dontroute",
    };
    static const int families[] = {AF_INET, AF_INET6};
    for (size_t j = 0; j < 2; j++)
    {
        struct tw_sock s = real(families[j], SOCK_STREAM);
        for (size_t i = 0; i < sizeof bools / sizeof bools[0]; i++)
            switches(&s, bools[i]);
        CHECK_INT(set_num(&s, "ttl", 33), 0);
        CHECK_INT(get_num(&s, "ttl"), 33);
        CHECK_INT(set_num(&s, "tos", 0x10), 0);
        CHECK_INT(get_num(&s, "tos"), 0x10);
        CHECK_INT(set_num(&s, "linger", 3), 0);
        CHECK_INT(get_num(&s, "linger"), 3);
        CHECK_INT(set_num(&s, "keepidle", 30), 0);
        CHECK_INT(get_num(&s, "keepidle"), 30);
        CHECK_INT(set_num(&s, "user_timeout", 2500), 0);
        CHECK_INT(get_num(&s, "user_timeout"), 2500);
        CHECK_INT(get_num(&s, "acceptconn"), 0);
        tw_sock_close(&s);
    }
}

static void peers_have_credentials(void)
{
    struct tw_sock p[2];
    struct tw_optany value = {.num = 0};
    tw_sock_init(&p[0], &tw_net_kernel, TW_FOREVER);
    tw_sock_init(&p[1], &tw_net_kernel, TW_FOREVER);
    CHECK_INT(tw_sock_pair(p, AF_UNIX, SOCK_STREAM, 0), 0);
    CHECK_INT(tw_opt_get(&p[0], tw_opt_find("peercred"), &value), 0);
    CHECK_INT(value.pid, getpid());
    CHECK_INT(value.uid, (int)getuid());
    CHECK_INT(value.gid, (int)getgid());
    tw_sock_close(&p[0]);
    tw_sock_close(&p[1]);
}

int main(void)
{
    TAP_CASE(names);
    TAP_CASE(places);
    TAP_CASE(numbers);
    TAP_CASE(lingers);
    TAP_CASE(texts);
    TAP_CASE(failures);
    TAP_CASE(the_kernel_knows_them);
    TAP_CASE(of_one_kind);
    TAP_CASE(the_kernel_keeps_them);
    TAP_CASE(peers_have_credentials);
    return tap_done();
}
