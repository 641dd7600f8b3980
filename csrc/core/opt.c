/* The table of named socket options, and their values' shapes. */
#include "core/opt.h"

#include <netinet/udp.h>
#include <string.h>

#define BOTH(level, number) level, number, 0, 0
#define SOL(number) BOTH(SOL_SOCKET, number)
#define TCP(number) BOTH(IPPROTO_TCP, number)
#define IP(number, number6) IPPROTO_IP, number, IPPROTO_IPV6, number6

static const struct tw_opt options[] = {
    {"acceptconn", TW_OPT_BOOL, true, SOL(SO_ACCEPTCONN)},
    {"bind_address_no_port", TW_OPT_BOOL, false,
     BOTH(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT)},
    {"bindtodevice", TW_OPT_TEXT, false, SOL(SO_BINDTODEVICE)},
    {"bindtoifindex", TW_OPT_INT, false, SOL(SO_BINDTOIFINDEX)},
    {"broadcast", TW_OPT_BOOL, false, SOL(SO_BROADCAST)},
    {"busy_poll", TW_OPT_INT, false, SOL(SO_BUSY_POLL)},
    {"checksum", TW_OPT_INT, false, BOTH(IPPROTO_IPV6, IPV6_CHECKSUM)},
    {"congestion", TW_OPT_TEXT, false, TCP(TCP_CONGESTION)},
    {"cork", TW_OPT_BOOL, false, TCP(TCP_CORK)},
    {"defer_accept", TW_OPT_INT, false, TCP(TCP_DEFER_ACCEPT)},
    {"dontroute", TW_OPT_BOOL, false, SOL(SO_DONTROUTE)},
    {"error", TW_OPT_INT, true, SOL(SO_ERROR)},
    {"fastopen", TW_OPT_INT, false, TCP(TCP_FASTOPEN)},
    {"fastopen_connect", TW_OPT_BOOL, false, TCP(TCP_FASTOPEN_CONNECT)},
    {"freebind", TW_OPT_BOOL, false, IP(IP_FREEBIND, IPV6_FREEBIND)},
    {"hdrincl", TW_OPT_BOOL, false, IP(IP_HDRINCL, IPV6_HDRINCL)},
    {"icmp_filter", TW_OPT_INT, false, BOTH(SOL_RAW, ICMP_FILTER)},
    {"incoming_cpu", TW_OPT_INT, false, SOL(SO_INCOMING_CPU)},
    {"keepalive", TW_OPT_BOOL, false, SOL(SO_KEEPALIVE)},
    {"keepcnt", TW_OPT_INT, false, TCP(TCP_KEEPCNT)},
    {"keepidle", TW_OPT_INT, false, TCP(TCP_KEEPIDLE)},
    {"keepintvl", TW_OPT_INT, false, TCP(TCP_KEEPINTVL)},
    {"linger", TW_OPT_LINGER, false, SOL(SO_LINGER)},
    {"mark", TW_OPT_INT, false, SOL(SO_MARK)},
    {"maxseg", TW_OPT_INT, false, TCP(TCP_MAXSEG)},
    {"minttl", TW_OPT_INT, false, IP(IP_MINTTL, IPV6_MINHOPCOUNT)},
    {"mtu", TW_OPT_INT, false, IP(IP_MTU, IPV6_MTU)},
    {"mtu_discover", TW_OPT_INT, false, IP(IP_MTU_DISCOVER, IPV6_MTU_DISCOVER)},
    {"multicast_all", TW_OPT_BOOL, false,
     IP(IP_MULTICAST_ALL, IPV6_MULTICAST_ALL)},
    {"multicast_loop", TW_OPT_BOOL, false,
     IP(IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP)},
    {"multicast_ttl", TW_OPT_INT, false,
     IP(IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS)},
    {"nodelay", TW_OPT_BOOL, false, TCP(TCP_NODELAY)},
    {"notsent_lowat", TW_OPT_INT, false, TCP(TCP_NOTSENT_LOWAT)},
    {"oobinline", TW_OPT_BOOL, false, SOL(SO_OOBINLINE)},
    {"passcred", TW_OPT_BOOL, false, SOL(SO_PASSCRED)},
    {"passsec", TW_OPT_BOOL, false, SOL(SO_PASSSEC)},
    {"peercred", TW_OPT_CRED, true, SOL(SO_PEERCRED)},
    {"pktinfo", TW_OPT_BOOL, false, IP(IP_PKTINFO, IPV6_RECVPKTINFO)},
    {"priority", TW_OPT_INT, false, SOL(SO_PRIORITY)},
    {"quickack", TW_OPT_BOOL, false, TCP(TCP_QUICKACK)},
    {"rcvbuf", TW_OPT_INT, false, SOL(SO_RCVBUF)},
    {"rcvlowat", TW_OPT_INT, false, SOL(SO_RCVLOWAT)},
    {"recverr", TW_OPT_BOOL, false, IP(IP_RECVERR, IPV6_RECVERR)},
    {"recvorigdstaddr", TW_OPT_BOOL, false,
     IP(IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR)},
    {"recvtos", TW_OPT_BOOL, false, IP(IP_RECVTOS, IPV6_RECVTCLASS)},
    {"recvttl", TW_OPT_BOOL, false, IP(IP_RECVTTL, IPV6_RECVHOPLIMIT)},
    {"reuseaddr", TW_OPT_BOOL, false, SOL(SO_REUSEADDR)},
    {"reuseport", TW_OPT_BOOL, false, SOL(SO_REUSEPORT)},
    {"rxq_ovfl", TW_OPT_BOOL, false, SOL(SO_RXQ_OVFL)},
    {"sndbuf", TW_OPT_INT, false, SOL(SO_SNDBUF)},
    {"syncnt", TW_OPT_INT, false, TCP(TCP_SYNCNT)},
    {"timestamp", TW_OPT_BOOL, false, SOL(SO_TIMESTAMP)},
    {"timestampns", TW_OPT_BOOL, false, SOL(SO_TIMESTAMPNS)},
    {"tos", TW_OPT_INT, false, IP(IP_TOS, IPV6_TCLASS)},
    {"transparent", TW_OPT_BOOL, false, IP(IP_TRANSPARENT, IPV6_TRANSPARENT)},
    {"ttl", TW_OPT_INT, false, IP(IP_TTL, IPV6_UNICAST_HOPS)},
    {"udp_gro", TW_OPT_BOOL, false, BOTH(SOL_UDP, UDP_GRO)},
    {"udp_segment", TW_OPT_INT, false, BOTH(SOL_UDP, UDP_SEGMENT)},
    {"user_timeout", TW_OPT_MSEC, false, TCP(TCP_USER_TIMEOUT)},
    {"v6only", TW_OPT_BOOL, false, BOTH(IPPROTO_IPV6, IPV6_V6ONLY)},
    {"window_clamp", TW_OPT_INT, false, TCP(TCP_WINDOW_CLAMP)},
    {"zerocopy", TW_OPT_BOOL, false, SOL(SO_ZEROCOPY)},
};

const struct tw_opt *tw_opt_at(size_t i)
{
    return i < sizeof options / sizeof options[0] ? &options[i] : NULL;
}

const struct tw_opt *tw_opt_find(const char *name)
{
    const struct tw_opt *opt = NULL;
    for (size_t i = 0; (opt = tw_opt_at(i)) != NULL; i++)
        if (strcmp(opt->name, name) == 0)
            break;
    return opt;
}

/* Where a value of each kind lies in memory while the kernel has it. */
union raw
{
    int num;
    struct linger linger;
    struct ucred cred;
    char text[TW_OPT_TEXT_MAX];
};

static struct tw_optval locate(const struct tw_sock *s,
                               const struct tw_opt *opt, union raw *raw)
{
    bool six = s->family == AF_INET6 && opt->level6;
    struct tw_optval val = {six ? opt->level6 : opt->level,
                            six ? opt->number6 : opt->number, raw,
                            sizeof raw->num};
    if (opt->kind == TW_OPT_LINGER)
        val.len = sizeof raw->linger;
    else if (opt->kind == TW_OPT_CRED)
        val.len = sizeof raw->cred;
    else if (opt->kind == TW_OPT_TEXT)
        val.len = sizeof raw->text;
    return val;
}

int tw_opt_get(const struct tw_sock *s, const struct tw_opt *opt,
               struct tw_optany *value)
{
    union raw raw;
    memset(&raw, 0, sizeof raw);
    struct tw_optval val = locate(s, opt, &raw);
    int rc = tw_sock_getopt(s, &val);
    if (rc < 0)
        return rc;
    switch (opt->kind)
    {
    case TW_OPT_LINGER:
        value->num = raw.linger.l_onoff ? raw.linger.l_linger : -1;
        break;
    case TW_OPT_CRED:
        value->pid = (int)raw.cred.pid;
        value->uid = (int)raw.cred.uid;
        value->gid = (int)raw.cred.gid;
        break;
    case TW_OPT_TEXT:
        value->len = strnlen(raw.text, val.len);
        memcpy(value->text, raw.text, value->len);
        break;
    case TW_OPT_BOOL:
        value->num = raw.num != 0;
        break;
    default:
        value->num = raw.num;
    }
    return 0;
}

int tw_opt_set(struct tw_sock *s, const struct tw_opt *opt,
               const struct tw_optany *value)
{
    union raw raw;
    memset(&raw, 0, sizeof raw);
    struct tw_optval val = locate(s, opt, &raw);
    if (opt->kind == TW_OPT_LINGER)
    {
        raw.linger.l_onoff = value->num >= 0;
        raw.linger.l_linger = value->num >= 0 ? value->num : 0;
    }
    else if (opt->kind == TW_OPT_TEXT)
    {
        val.len = (socklen_t)value->len;
        memcpy(raw.text, value->text, value->len);
    }
    else
    {
        raw.num = value->num;
    }
    return tw_sock_setopt(s, &val);
}
