/* Constants, under the names of the C headers, and the table of errnos. */
#include "bind/ltw.h"
#include "bind/module.h"

#include <string.h>

/* Every name here is in the headers of the oldest system we support. */
/* clang-format off */
#define C(name) {#name, name}
/* clang-format on */

static const struct
{
    const char *name;
    lua_Integer value;
} constants[] = {
    C(AF_UNSPEC),
    C(AF_UNIX),
    C(AF_INET),
    C(AF_INET6),
    C(SOCK_STREAM),
    C(SOCK_DGRAM),
    C(SOCK_RAW),
    C(SOCK_SEQPACKET),
    C(SOCK_RDM),
    C(SOCK_NONBLOCK),
    C(SOCK_CLOEXEC),
    C(SOL_SOCKET),
    C(SOMAXCONN),
    C(SHUT_RD),
    C(SHUT_WR),
    C(SHUT_RDWR),
    C(SO_ACCEPTCONN),
    C(SO_BINDTODEVICE),
    C(SO_BROADCAST),
    C(SO_DEBUG),
    C(SO_DOMAIN),
    C(SO_DONTROUTE),
    C(SO_ERROR),
    C(SO_KEEPALIVE),
    C(SO_LINGER),
    C(SO_MARK),
    C(SO_OOBINLINE),
    C(SO_PASSCRED),
    C(SO_PEERCRED),
    C(SO_PRIORITY),
    C(SO_PROTOCOL),
    C(SO_RCVBUF),
    C(SO_RCVLOWAT),
    C(SO_RCVTIMEO),
    C(SO_REUSEADDR),
    C(SO_REUSEPORT),
    C(SO_SNDBUF),
    C(SO_SNDLOWAT),
    C(SO_SNDTIMEO),
    C(SO_TYPE),
    C(SO_INCOMING_CPU),
    C(IPPROTO_IP),
    C(IPPROTO_ICMP),
    C(IPPROTO_IGMP),
    C(IPPROTO_TCP),
    C(IPPROTO_UDP),
    C(IPPROTO_IPV6),
    C(IPPROTO_ICMPV6),
    C(IPPROTO_RAW),
    C(IPPROTO_SCTP),
    C(IPPROTO_UDPLITE),
    C(TCP_NODELAY),
    C(TCP_MAXSEG),
    C(TCP_CORK),
    C(TCP_KEEPIDLE),
    C(TCP_KEEPINTVL),
    C(TCP_KEEPCNT),
    C(TCP_SYNCNT),
    C(TCP_LINGER2),
    C(TCP_DEFER_ACCEPT),
    C(TCP_WINDOW_CLAMP),
    C(TCP_INFO),
    C(TCP_QUICKACK),
    C(TCP_CONGESTION),
    C(TCP_USER_TIMEOUT),
    C(TCP_FASTOPEN),
    C(TCP_NOTSENT_LOWAT),
    C(IP_TOS),
    C(IP_TTL),
    C(IP_HDRINCL),
    C(IP_OPTIONS),
    C(IP_RECVTOS),
    C(IP_MULTICAST_IF),
    C(IP_MULTICAST_TTL),
    C(IP_MULTICAST_LOOP),
    C(IP_ADD_MEMBERSHIP),
    C(IP_DROP_MEMBERSHIP),
    C(IP_TRANSPARENT),
    C(IP_BIND_ADDRESS_NO_PORT),
    C(IP_FREEBIND),
    C(IP_RECVERR),
    C(IPV6_V6ONLY),
    C(IPV6_UNICAST_HOPS),
    C(IPV6_MULTICAST_HOPS),
    C(IPV6_MULTICAST_IF),
    C(IPV6_MULTICAST_LOOP),
    C(IPV6_JOIN_GROUP),
    C(IPV6_LEAVE_GROUP),
    C(IPV6_TCLASS),
    C(IPV6_RECVERR),
    C(MSG_OOB),
    C(MSG_PEEK),
    C(MSG_DONTROUTE),
    C(MSG_CTRUNC),
    C(MSG_TRUNC),
    C(MSG_DONTWAIT),
    C(MSG_EOR),
    C(MSG_WAITALL),
    C(MSG_CONFIRM),
    C(MSG_ERRQUEUE),
    C(MSG_NOSIGNAL),
    C(MSG_MORE),
    C(MSG_CMSG_CLOEXEC),
    C(AI_PASSIVE),
    C(AI_CANONNAME),
    C(AI_NUMERICHOST),
    C(AI_NUMERICSERV),
    C(AI_V4MAPPED),
    C(AI_ALL),
    C(AI_ADDRCONFIG),
    C(EAI_ADDRFAMILY),
    C(EAI_AGAIN),
    C(EAI_BADFLAGS),
    C(EAI_FAIL),
    C(EAI_FAMILY),
    C(EAI_MEMORY),
    C(EAI_NODATA),
    C(EAI_NONAME),
    C(EAI_OVERFLOW),
    C(EAI_SERVICE),
    C(EAI_SOCKTYPE),
    C(EAI_SYSTEM),
    C(NI_NUMERICHOST),
    C(NI_NUMERICSERV),
    C(NI_NOFQDN),
    C(NI_NAMEREQD),
    C(NI_DGRAM),
    C(NI_MAXHOST),
    C(NI_MAXSERV),
    C(INADDR_ANY),
    C(INADDR_BROADCAST),
    C(INADDR_LOOPBACK),
    C(INADDR_NONE),
};

/* The kernel's numbers end well before this. */
enum
{
    ERRNO_MAX = 256
};

static void errno_table(lua_State *L)
{
    lua_newtable(L);
    for (int n = 1; n < ERRNO_MAX; n++)
    {
        const char *name = strerrorname_np(n);
        if (!name)
            continue;
        lua_pushinteger(L, n);
        lua_setfield(L, -2, name);
        lua_pushstring(L, name);
        lua_rawseti(L, -2, n);
    }
    /* Names that C has as second spellings. */
    lua_pushinteger(L, EWOULDBLOCK);
    lua_setfield(L, -2, "EWOULDBLOCK");
    lua_pushinteger(L, ENOTSUP);
    lua_setfield(L, -2, "ENOTSUP");
    lua_pushinteger(L, EDEADLOCK);
    lua_setfield(L, -2, "EDEADLOCK");
}

void ltw_constants(lua_State *L)
{
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
    {
        lua_pushinteger(L, constants[i].value);
        lua_setfield(L, -2, constants[i].name);
    }
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "has_ipv6");
    errno_table(L);
    lua_setfield(L, -2, "errno");
}
