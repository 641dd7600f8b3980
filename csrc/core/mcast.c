/* Group membership; struct group_req and struct group_source_req. */
#include "core/mcast.h"

#include "core/names.h"

#include <string.h>

bool tw_mcast_is_group(const struct tw_addr *addr)
{
    int family = tw_addr_family(addr);
    if (family == AF_INET)
        return IN_MULTICAST(ntohl(addr->u.in.sin_addr.s_addr));
    return family == AF_INET6 && IN6_IS_ADDR_MULTICAST(&addr->u.in6.sin6_addr);
}

int tw_mcast_find(const struct tw_net *net, const char *text,
                  struct tw_mcast_route *route)
{
    struct tw_addr addr;
    *route = (struct tw_mcast_route){.interface = 0};
    bool four = *text && tw_addr_inet(&addr, AF_INET, text, 0) == 0;
    bool six = *text && !four && tw_addr_inet(&addr, AF_INET6, text, 0) == 0;
    int index = four || six ? net->ifindex(net, &addr) : tw_names_index(text);
    if (index < 0)
        return index;
    route->interface = (unsigned)index;
    if (four)
        route->source = addr.u.in.sin_addr;
    return 0;
}

/* One of the options that take a group, or a group and a source. */
static int change(struct tw_sock *s, int with_group, int with_source,
                  const struct tw_mcast *m)
{
    struct group_source_req both = {.gsr_interface = m->interface};
    struct group_req group = {.gr_interface = m->interface};
    bool sourced = m->source.len > 0;
    struct tw_optval opt = {.level = s->family == AF_INET6 ? IPPROTO_IPV6
                                                           : IPPROTO_IP,
                            .name = sourced ? with_source : with_group,
                            .value = sourced ? (void *)&both : (void *)&group,
                            .len = sourced ? sizeof both : sizeof group};
    if (s->family != AF_INET && s->family != AF_INET6)
        return s->fd < 0 ? TW_ECLOSED : -EAFNOSUPPORT;
    memcpy(&both.gsr_group, &m->group.u, m->group.len);
    memcpy(&both.gsr_source, &m->source.u, m->source.len);
    memcpy(&group.gr_group, &m->group.u, m->group.len);
    return tw_sock_setopt(s, &opt);
}

int tw_mcast_join(struct tw_sock *s, const struct tw_mcast *m)
{
    return change(s, MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP, m);
}

int tw_mcast_leave(struct tw_sock *s, const struct tw_mcast *m)
{
    int rc = change(s, MCAST_LEAVE_GROUP, MCAST_LEAVE_SOURCE_GROUP, m);
    /* Linux's word for the last source having left already. */
    return rc == -EINVAL && m->source.len ? -EADDRNOTAVAIL : rc;
}

int tw_mcast_block(struct tw_sock *s, const struct tw_mcast *m)
{
    return m->source.len ? change(s, 0, MCAST_BLOCK_SOURCE, m) : -EINVAL;
}

int tw_mcast_unblock(struct tw_sock *s, const struct tw_mcast *m)
{
    return m->source.len ? change(s, 0, MCAST_UNBLOCK_SOURCE, m) : -EINVAL;
}

int tw_mcast_set_route(struct tw_sock *s, const struct tw_mcast_route *route)
{
    struct ip_mreqn four = {.imr_ifindex = (int)route->interface,
                            .imr_address = route->source};
    unsigned six = route->interface;
    struct tw_optval opt = {IPPROTO_IP, IP_MULTICAST_IF, &four, sizeof four};
    if (s->family == AF_INET6)
        opt = (struct tw_optval){IPPROTO_IPV6, IPV6_MULTICAST_IF, &six,
                                 sizeof six};
    else if (s->family != AF_INET)
        return s->fd < 0 ? TW_ECLOSED : -EAFNOSUPPORT;
    return tw_sock_setopt(s, &opt);
}
