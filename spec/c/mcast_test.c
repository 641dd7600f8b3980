/* Multicast groups: what is one, interfaces, and membership on loopback. */
#include "core/mcast.h"
#include "mem.h"

#include <errno.h>
#include <net/if.h>

static const struct tw_net *const net = &tw_net_kernel;

static struct tw_addr addr_of(const char *text)
{
    struct tw_addr addr;
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;
    CHECK_INT(tw_addr_inet(&addr, family, text, 7), 0);
    return addr;
}

static bool is_group(const char *text)
{
    struct tw_addr addr = addr_of(text);
    return tw_mcast_is_group(&addr);
}

static void groups(void)
{
    CHECK(is_group("224.0.0.0") && is_group("239.255.255.255"));
    CHECK(!is_group("223.255.255.255") && !is_group("240.0.0.0"));
    CHECK(!is_group("0.0.0.0") && !is_group("255.255.255.255"));
    CHECK(is_group("ff00::") && is_group("ff02::1") && !is_group("fe80::1"));
    CHECK(!is_group("::ffff:224.0.0.1"));
    struct tw_addr other = {.len = 0};
    CHECK(!tw_mcast_is_group(&other));
    CHECK_INT(tw_addr_unix(&other, "x", 1), 0);
    CHECK(!tw_mcast_is_group(&other));
}

static void interfaces(void)
{
    struct tw_mcast_route route;
    unsigned lo = if_nametoindex("lo");
    static const char *const texts[] = {"lo", "127.0.0.1", "::1"};
    for (size_t i = 0; i < 3; i++)
    {
        route.interface = 77;
        CHECK_INT(tw_mcast_find(net, texts[i], &route), 0);
        CHECK_INT(route.interface, lo);
        CHECK_INT(ntohl(route.source.s_addr), i == 1 ? INADDR_LOOPBACK : 0);
    }
    CHECK_INT(tw_mcast_find(net, "nosuch0", &route), -ENODEV);
    CHECK_INT(tw_mcast_find(net, "192.0.2.99", &route), -ENODEV);
    CHECK_INT(tw_mcast_find(net, "2001:db8::99", &route), -ENODEV);
    CHECK_INT(tw_mcast_find(net, "", &route), -ENODEV);
    struct tw_addr addr = addr_of("::1%lo");
    CHECK(net->ifindex(net, &addr) == (int)lo ||
          net->ifindex(net, &addr) == -ENODEV);
    addr = addr_of("::1%77777");
    CHECK_INT(net->ifindex(net, &addr), -ENODEV);
}

static struct tw_sock opened(int family, int type)
{
    struct tw_sock s;
    tw_sock_init(&s, net, TW_FOREVER);
    CHECK_INT(tw_sock_open(&s, family, type, 0), 0);
    return s;
}

static void membership_of(int family, const char *group, const char *source)
{
    struct tw_sock s = opened(family, SOCK_DGRAM);
    struct tw_mcast m = {.group = addr_of(group),
                         .interface = if_nametoindex("lo")};
    CHECK_INT(tw_mcast_leave(&s, &m), -EADDRNOTAVAIL);
    CHECK_INT(tw_mcast_join(&s, &m), 0);
    CHECK_INT(tw_mcast_join(&s, &m), -EADDRINUSE);
    CHECK_INT(tw_mcast_block(&s, &m), -EINVAL); /* nobody to block */
    CHECK_INT(tw_mcast_unblock(&s, &m), -EINVAL);
    m.source = addr_of(source);
    CHECK_INT(tw_mcast_block(&s, &m), 0);
    CHECK_INT(tw_mcast_unblock(&s, &m), 0);
    CHECK_INT(tw_mcast_unblock(&s, &m), -EADDRNOTAVAIL);
    m.source.len = 0;
    CHECK_INT(tw_mcast_leave(&s, &m), 0);
    m.source = addr_of(source);
    CHECK_INT(tw_mcast_join(&s, &m), 0);
    CHECK_INT(tw_mcast_leave(&s, &m), 0);
    CHECK_INT(tw_mcast_leave(&s, &m), -EADDRNOTAVAIL);
    m.interface = 77777;
    CHECK_INT(tw_mcast_join(&s, &m), -ENODEV);
    tw_sock_close(&s);
    CHECK_INT(tw_mcast_join(&s, &m), TW_ECLOSED);
}

static void membership(void)
{
    membership_of(AF_INET, "239.255.7.7", "127.0.0.1");
    membership_of(AF_INET6, "ff02::7:7", "::1");
}

static void routes(void)
{
    struct in_addr from = {0};
    int index = 0;
    struct tw_optval opt = {IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from};
    struct tw_mcast_route route, none = {.interface = 0};
    CHECK_INT(tw_mcast_find(net, "127.0.0.1", &route), 0);
    struct tw_sock s = opened(AF_INET, SOCK_DGRAM);
    CHECK_INT(tw_mcast_set_route(&s, &route), 0);
    CHECK_INT(tw_sock_getopt(&s, &opt), 0);
    CHECK_INT(ntohl(from.s_addr), INADDR_LOOPBACK);
    CHECK_INT(tw_mcast_set_route(&s, &none), 0);
    CHECK_INT(tw_sock_getopt(&s, &opt), 0);
    CHECK_INT(from.s_addr, 0);
    tw_sock_close(&s);
    CHECK_INT(tw_mcast_set_route(&s, &none), TW_ECLOSED);
    s = opened(AF_INET6, SOCK_DGRAM);
    opt = (struct tw_optval){IPPROTO_IPV6, IPV6_MULTICAST_IF, &index,
                             sizeof index};
    CHECK_INT(tw_mcast_set_route(&s, &route), 0);
    CHECK_INT(tw_sock_getopt(&s, &opt), 0);
    CHECK_INT(index, route.interface);
    tw_sock_close(&s);
}

static void other_families(void)
{
    struct tw_mcast m = {.group = addr_of("239.255.7.7")};
    struct tw_mcast_route none = {.interface = 0};
    struct tw_sock s = opened(AF_UNIX, SOCK_DGRAM);
    CHECK_INT(tw_mcast_join(&s, &m), -EAFNOSUPPORT);
    CHECK_INT(tw_mcast_set_route(&s, &none), -EAFNOSUPPORT);
    tw_sock_close(&s);
    CHECK_INT(tw_mcast_join(&s, &m), TW_ECLOSED);
    CHECK_INT(tw_mcast_set_route(&s, &none), TW_ECLOSED);
}

int main(void)
{
    TAP_CASE(groups);
    TAP_CASE(interfaces);
    TAP_CASE(membership);
    TAP_CASE(routes);
    TAP_CASE(other_families);
    return tap_done();
}
