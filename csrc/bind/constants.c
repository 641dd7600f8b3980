/* Constants, under the names of the C headers, and the table of errnos. */
#include "bind/ltw.h"

#include <string.h>

/* Every name here is in the headers of the oldest system we support. */
#define CONSTANTS(X)                                                          \
    X(AF_UNSPEC) X(AF_UNIX) X(AF_INET) X(AF_INET6)                            \
    X(SOCK_STREAM) X(SOCK_DGRAM) X(SOCK_RAW) X(SOCK_SEQPACKET) X(SOCK_RDM)    \
    X(SOCK_NONBLOCK) X(SOCK_CLOEXEC)                                          \
    X(SOL_SOCKET) X(SOMAXCONN) X(SHUT_RD) X(SHUT_WR) X(SHUT_RDWR)             \
    X(SO_ACCEPTCONN) X(SO_BINDTODEVICE) X(SO_BROADCAST) X(SO_DEBUG)           \
    X(SO_DOMAIN) X(SO_DONTROUTE) X(SO_ERROR) X(SO_KEEPALIVE) X(SO_LINGER)     \
    X(SO_MARK) X(SO_OOBINLINE) X(SO_PASSCRED) X(SO_PEERCRED) X(SO_PRIORITY)   \
    X(SO_PROTOCOL) X(SO_RCVBUF) X(SO_RCVLOWAT) X(SO_RCVTIMEO)                 \
    X(SO_REUSEADDR) X(SO_REUSEPORT) X(SO_SNDBUF) X(SO_SNDLOWAT)               \
    X(SO_SNDTIMEO) X(SO_TYPE) X(SO_INCOMING_CPU)                              \
    X(IPPROTO_IP) X(IPPROTO_ICMP) X(IPPROTO_IGMP) X(IPPROTO_TCP)              \
    X(IPPROTO_UDP) X(IPPROTO_IPV6) X(IPPROTO_ICMPV6) X(IPPROTO_RAW)           \
    X(IPPROTO_SCTP) X(IPPROTO_UDPLITE)                                        \
    X(TCP_NODELAY) X(TCP_MAXSEG) X(TCP_CORK) X(TCP_KEEPIDLE)                  \
    X(TCP_KEEPINTVL) X(TCP_KEEPCNT) X(TCP_SYNCNT) X(TCP_LINGER2)              \
    X(TCP_DEFER_ACCEPT) X(TCP_WINDOW_CLAMP) X(TCP_INFO) X(TCP_QUICKACK)       \
    X(TCP_CONGESTION) X(TCP_USER_TIMEOUT) X(TCP_FASTOPEN)                     \
    X(TCP_NOTSENT_LOWAT)                                                      \
    X(IP_TOS) X(IP_TTL) X(IP_HDRINCL) X(IP_OPTIONS) X(IP_RECVTOS)             \
    X(IP_MULTICAST_IF) X(IP_MULTICAST_TTL) X(IP_MULTICAST_LOOP)               \
    X(IP_ADD_MEMBERSHIP) X(IP_DROP_MEMBERSHIP) X(IP_TRANSPARENT)              \
    X(IP_BIND_ADDRESS_NO_PORT) X(IP_FREEBIND) X(IP_RECVERR)                   \
    X(IPV6_V6ONLY) X(IPV6_UNICAST_HOPS) X(IPV6_MULTICAST_HOPS)                \
    X(IPV6_MULTICAST_IF) X(IPV6_MULTICAST_LOOP) X(IPV6_JOIN_GROUP)            \
    X(IPV6_LEAVE_GROUP) X(IPV6_TCLASS) X(IPV6_RECVERR)                        \
    X(MSG_OOB) X(MSG_PEEK) X(MSG_DONTROUTE) X(MSG_CTRUNC) X(MSG_TRUNC)        \
    X(MSG_DONTWAIT) X(MSG_EOR) X(MSG_WAITALL) X(MSG_CONFIRM)                  \
    X(MSG_ERRQUEUE) X(MSG_NOSIGNAL) X(MSG_MORE) X(MSG_CMSG_CLOEXEC)           \
    X(AI_PASSIVE) X(AI_CANONNAME) X(AI_NUMERICHOST) X(AI_NUMERICSERV)         \
    X(AI_V4MAPPED) X(AI_ALL) X(AI_ADDRCONFIG)                                 \
    X(EAI_ADDRFAMILY) X(EAI_AGAIN) X(EAI_BADFLAGS) X(EAI_FAIL)                \
    X(EAI_FAMILY) X(EAI_MEMORY) X(EAI_NODATA) X(EAI_NONAME)                   \
    X(EAI_OVERFLOW) X(EAI_SERVICE) X(EAI_SOCKTYPE) X(EAI_SYSTEM)              \
    X(NI_NUMERICHOST) X(NI_NUMERICSERV) X(NI_NOFQDN) X(NI_NAMEREQD)           \
    X(NI_DGRAM) X(NI_MAXHOST) X(NI_MAXSERV)                                   \
    X(INADDR_ANY) X(INADDR_BROADCAST) X(INADDR_LOOPBACK) X(INADDR_NONE)

/* The kernel's numbers end well before this. */
enum { ERRNO_MAX = 256 };

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
    /* Two names that C has as second spellings. */
    lua_pushinteger(L, EWOULDBLOCK);
    lua_setfield(L, -2, "EWOULDBLOCK");
    lua_pushinteger(L, EOPNOTSUPP);
    lua_setfield(L, -2, "EOPNOTSUPP");
}

void ltw_constants(lua_State *L)
{
    static const struct
    {
        const char *name;
        lua_Integer value;
    } list[] = {
#define ROW(name) {#name, name},
        CONSTANTS(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
    {
        lua_pushinteger(L, list[i].value);
        lua_setfield(L, -2, list[i].name);
    }
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "has_ipv6");
    errno_table(L);
    lua_setfield(L, -2, "errno");
}
