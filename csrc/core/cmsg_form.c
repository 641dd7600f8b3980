/* The table of known control messages, and the machine that reads it. */
#include "core/cmsg_form.h"

#include "core/number.h"

#include <linux/if_alg.h>
#include <linux/tipc.h>
#include <netinet/udp.h>
#include <string.h>

/* The kernel's numbers for which libc has no headers, or only lately. */
enum
{
    ERRNO_MAX = 4095,
    SECURITY = 3,
    TXTIME = 61,
    TIMESTAMP_NEW = 63,
    TIMESTAMPNS_NEW = 64,
    TIMESTAMPING_NEW = 65,
    TS_OPT_ID = 81,
    IP_PROTOCOL_OF = 52,
    FLOWINFO = 11,
    INQ = 36,
    SCTP_SNDRCV_INFO = 1,
    SCTP_SND_INFO = 2,
    SCTP_RCV_INFO = 3,
    J1939 = 107, /* the level SOL_CAN_J1939 */
    J1939_ADDR = 1,
    J1939_NAME = 2,
    J1939_PRIO = 3,
    NETLINK = 270, /* the level SOL_NETLINK */
    NETLINK_GROUP = 3,
    NETLINK_NSID = 8,
    PACKET = 263, /* the level SOL_PACKET */
    PACKET_AUX = 8,
    PACKET_TX = 16,
    TLS = 282, /* the level SOL_TLS */
    TLS_SET_TYPE = 1,
    TLS_GET_TYPE = 2,
    VSOCK = 287, /* the level SOL_VSOCK */
    VSOCK_ERR = 1,
};

/* -- the table ----------------------------------------------------------- */

/* clang-format off */
#define NUM(name, at, size, flags) {name, TW_CMSG_NUM, at, size, flags}
#define S32(name, at) NUM(name, at, 4, TW_CMSG_SIGNED)
#define U8(name, at) NUM(name, at, 1, 0)
#define U16(name, at) NUM(name, at, 2, 0)
#define U32(name, at) NUM(name, at, 4, 0)
#define BE32(name, at) NUM(name, at, 4, TW_CMSG_NETWORK)
#define U64(name, at) NUM(name, at, 8, 0)
#define USEC(name, at, half) {name, TW_CMSG_TIME, at, half, TW_CMSG_MICRO}
#define NSEC(name, at, half) {name, TW_CMSG_TIME, at, half, 0}
#define HOST(name, at, size) {name, TW_CMSG_HOST, at, size, 0}
#define REST(name, what, at, size) {name, what, at, size, 0}
#define PARTS(name) static const struct tw_cmsg_part name[]
#define END {NULL, TW_CMSG_NONE, 0, 0, 0}

PARTS(s32) = {S32(NULL, 0), END};
PARTS(u8) = {U8(NULL, 0), END};
PARTS(u16) = {U16(NULL, 0), END};
PARTS(u32) = {U32(NULL, 0), END};
PARTS(be32) = {BE32(NULL, 0), END};
PARTS(u64) = {U64(NULL, 0), END};
PARTS(fds) = {REST(NULL, TW_CMSG_FDS, 0, 0), END};
PARTS(bytes) = {REST(NULL, TW_CMSG_BYTES, 0, 0), END};
PARTS(text) = {REST(NULL, TW_CMSG_TEXT, 0, 0), END};
PARTS(iv) = {REST(NULL, TW_CMSG_BYTES, 4, 4), END};
PARTS(addr) = {REST(NULL, TW_CMSG_ADDR, 0, 0), END};
PARTS(credentials) = {S32("pid", 0), U32("uid", 4), U32("gid", 8), END};
PARTS(usec4) = {USEC(NULL, 0, 4), END};
PARTS(usec8) = {USEC(NULL, 0, 8), END};
PARTS(nsec4) = {NSEC(NULL, 0, 4), END};
PARTS(nsec8) = {NSEC(NULL, 0, 8), END};
PARTS(stamps4) = {NSEC("software", 0, 4), NSEC("legacy", 8, 4),
                  NSEC("hardware", 16, 4), END};
PARTS(stamps8) = {NSEC("software", 0, 8), NSEC("legacy", 16, 8),
                  NSEC("hardware", 32, 8), END};
PARTS(pktinfo) = {S32("ifindex", 0), HOST("spec_dst", 4, 4),
                  HOST("addr", 8, 4), END};
PARTS(pktinfo6) = {HOST("addr", 0, 16), S32("ifindex", 16), END};
PARTS(recverr) = {{"errno", TW_CMSG_ERRNO, 0, 4, 0}, U8("origin", 4),
                  U8("type", 5), U8("code", 6), U32("info", 8), U32("data", 12),
                  REST("offender", TW_CMSG_ADDR, 16, 0), END};
PARTS(errinfo) = {U32("error", 0), U32("length", 4), END};
PARTS(destname) = {U32("type", 0), U32("lower", 4), U32("upper", 8), END};
PARTS(sndrcv) = {U16("stream", 0), U16("ssn", 2), U16("flags", 4),
                 BE32("ppid", 8), U32("context", 12), U32("timetolive", 16),
                 U32("tsn", 20), U32("cumtsn", 24), S32("assoc_id", 28), END};
PARTS(sndinfo) = {U16("sid", 0), U16("flags", 2), BE32("ppid", 4),
                  U32("context", 8), S32("assoc_id", 12), END};
PARTS(rcvinfo) = {U16("sid", 0), U16("ssn", 2), U16("flags", 4),
                  BE32("ppid", 8), U32("tsn", 12), U32("cumtsn", 16),
                  U32("context", 20), S32("assoc_id", 24), END};
PARTS(auxdata) = {U32("status", 0), U32("len", 4), U32("snaplen", 8),
                  U16("mac", 12), U16("net", 14), U16("vlan_tci", 16),
                  U16("vlan_tpid", 18), END};

/* The data has that size; at least that size; and both for what is also sent;
   and for what needs all its parts. */
#define GETS(size, parts) size, false, false, false, parts
#define GETS_MORE(size, parts) size, true, false, false, parts
#define SENT(size, parts) size, false, true, false, parts
#define SENT_MORE(size, parts) size, true, true, false, parts
#define SENT_WHOLE(size, parts) size, false, true, true, parts

static const struct tw_cmsg_form forms[] = {
    {"rights", SOL_SOCKET, SCM_RIGHTS, SENT_MORE(0, fds)},
    {"credentials", SOL_SOCKET, SCM_CREDENTIALS, SENT_WHOLE(12, credentials)},
    {"security", SOL_SOCKET, SECURITY, GETS_MORE(0, text)},
    {"pidfd", SOL_SOCKET, TW_SCM_PIDFD, GETS(4, s32)},
    {"timestamp", SOL_SOCKET, SO_TIMESTAMP_OLD, GETS(16, usec8)},
    {"timestamp", SOL_SOCKET, SO_TIMESTAMP_OLD, GETS(8, usec4)},
    {"timestamp", SOL_SOCKET, TIMESTAMP_NEW, GETS(16, usec8)},
    {"timestampns", SOL_SOCKET, SO_TIMESTAMPNS_OLD, GETS(16, nsec8)},
    {"timestampns", SOL_SOCKET, SO_TIMESTAMPNS_OLD, GETS(8, nsec4)},
    {"timestampns", SOL_SOCKET, TIMESTAMPNS_NEW, GETS(16, nsec8)},
    {"timestamping", SOL_SOCKET, SO_TIMESTAMPING_OLD, GETS(48, stamps8)},
    {"timestamping", SOL_SOCKET, SO_TIMESTAMPING_OLD, GETS(24, stamps4)},
    {"timestamping", SOL_SOCKET, TIMESTAMPING_NEW, GETS(48, stamps8)},
    {"rxq_ovfl", SOL_SOCKET, SO_RXQ_OVFL, GETS(4, u32)},
    {"wifi_status", SOL_SOCKET, SO_WIFI_STATUS, GETS(4, s32)},
    {"mark", SOL_SOCKET, SO_MARK, SENT(4, u32)},
    {"priority", SOL_SOCKET, SO_PRIORITY, SENT(4, u32)},
    {"txtime", SOL_SOCKET, TXTIME, SENT(8, u64)},
    {"ts_opt_id", SOL_SOCKET, TS_OPT_ID, SENT(4, u32)},

    {"pktinfo", IPPROTO_IP, IP_PKTINFO, SENT(12, pktinfo)},
    {"ttl", IPPROTO_IP, IP_TTL, SENT(4, s32)},
    {"tos", IPPROTO_IP, IP_TOS, SENT(1, u8)},
    {"tos", IPPROTO_IP, IP_TOS, GETS(4, s32)},
    {"recverr", IPPROTO_IP, IP_RECVERR, GETS_MORE(16, recverr)},
    {"origdstaddr", IPPROTO_IP, IP_ORIGDSTADDR, GETS_MORE(16, addr)},
    {"fragsize", IPPROTO_IP, IP_RECVFRAGSIZE, GETS(4, s32)},
    {"protocol", IPPROTO_IP, IP_PROTOCOL_OF, SENT(4, s32)},

    {"pktinfo", IPPROTO_IPV6, IPV6_PKTINFO, SENT(20, pktinfo6)},
    {"ttl", IPPROTO_IPV6, IPV6_HOPLIMIT, SENT(4, s32)},
    {"tos", IPPROTO_IPV6, IPV6_TCLASS, SENT(4, s32)},
    {"recverr", IPPROTO_IPV6, IPV6_RECVERR, GETS_MORE(16, recverr)},
    {"origdstaddr", IPPROTO_IPV6, IPV6_ORIGDSTADDR, GETS_MORE(28, addr)},
    {"fragsize", IPPROTO_IPV6, IPV6_RECVFRAGSIZE, GETS(4, s32)},
    {"flowinfo", IPPROTO_IPV6, FLOWINFO, SENT(4, be32)},
    {"dontfrag", IPPROTO_IPV6, IPV6_DONTFRAG, SENT(4, s32)},

    {"segment", IPPROTO_UDP, UDP_SEGMENT, SENT(2, u16)},
    {"gro", IPPROTO_UDP, UDP_GRO, GETS(4, s32)},
    {"gro", IPPROTO_UDP, UDP_GRO, GETS(2, u16)},
    {"inq", IPPROTO_TCP, INQ, GETS(4, s32)},
    {"sndrcv", IPPROTO_SCTP, SCTP_SNDRCV_INFO, SENT(32, sndrcv)},
    {"sndinfo", IPPROTO_SCTP, SCTP_SND_INFO, SENT(16, sndinfo)},
    {"rcvinfo", IPPROTO_SCTP, SCTP_RCV_INFO, GETS(28, rcvinfo)},

    {"op", SOL_ALG, ALG_SET_OP, SENT(4, u32)},
    {"iv", SOL_ALG, ALG_SET_IV, SENT_MORE(4, iv)},
    {"assoclen", SOL_ALG, ALG_SET_AEAD_ASSOCLEN, SENT(4, u32)},
    {"errinfo", SOL_TIPC, TIPC_ERRINFO, GETS(8, errinfo)},
    {"retdata", SOL_TIPC, TIPC_RETDATA, GETS_MORE(0, bytes)},
    {"destname", SOL_TIPC, TIPC_DESTNAME, GETS(12, destname)},
    {"j1939_dest_addr", J1939, J1939_ADDR, GETS(1, u8)},
    {"j1939_dest_name", J1939, J1939_NAME, GETS(8, u64)},
    {"j1939_priority", J1939, J1939_PRIO, GETS(1, u8)},
    {"group", NETLINK, NETLINK_GROUP, GETS(4, u32)},
    {"nsid", NETLINK, NETLINK_NSID, GETS(4, s32)},
    {"auxdata", PACKET, PACKET_AUX, GETS(20, auxdata)},
    {"recverr", PACKET, PACKET_TX, GETS_MORE(16, recverr)},
    {"record_type", TLS, TLS_SET_TYPE, SENT(1, u8)},
    {"record_type", TLS, TLS_GET_TYPE, GETS(1, u8)},
    {"recverr", VSOCK, VSOCK_ERR, GETS_MORE(16, recverr)},
};
/* clang-format on */

const struct tw_cmsg_form *tw_cmsg_form_at(size_t i)
{
    return i < sizeof forms / sizeof forms[0] ? &forms[i] : NULL;
}

/* Descriptors come in whole numbers. */
static bool fits(const struct tw_cmsg_form *form, size_t len)
{
    bool whole = form->parts != fds || len % sizeof(int) == 0;
    return form->more ? len >= form->size && whole : len == form->size;
}

const struct tw_cmsg_form *tw_cmsg_form_of(const struct tw_cmsg *item)
{
    const struct tw_cmsg_form *form;
    for (size_t i = 0; (form = tw_cmsg_form_at(i)) != NULL; i++)
        if (form->level == item->level && form->type == item->type &&
            fits(form, item->len))
            break;
    return form;
}

const struct tw_cmsg_form *tw_cmsg_form_named(const char *name, int family)
{
    /* Of the two levels that share names, the one that is not the family's. */
    int other = family == AF_INET6 ? IPPROTO_IP : IPPROTO_IPV6;
    const struct tw_cmsg_form *form;
    for (size_t i = 0; (form = tw_cmsg_form_at(i)) != NULL; i++)
        if (form->sent && form->level != other && strcmp(form->name, name) == 0)
            break;
    return form;
}

/* -- numbers of any size and place --------------------------------------- */

static enum tw_order order(unsigned flags)
{
    return flags & TW_CMSG_NETWORK ? TW_ORDER_NETWORK : TW_ORDER_HOST;
}

static int64_t get_num(const unsigned char *at, size_t size, unsigned flags)
{
    uint64_t n = tw__number_get(at, size, order(flags));
    uint64_t sign = 1ull << (8 * size - 1);
    if (size < sizeof n && flags & TW_CMSG_SIGNED)
        n = (n ^ sign) - sign;
    return (int64_t)n;
}

static void put_num(unsigned char *at, size_t size, unsigned flags, int64_t num)
{
    tw__number_put(at, size, order(flags), (uint64_t)num);
}

void tw_cmsg_range(const struct tw_cmsg_part *part, int64_t *min, int64_t *max)
{
    unsigned bits = 8u * part->size;
    if (bits >= 64)
    {
        *min = INT64_MIN;
        *max = INT64_MAX;
        return;
    }
    bool is_signed = part->flags & TW_CMSG_SIGNED;
    *max = (int64_t)((1ull << (bits - is_signed)) - 1);
    *min = is_signed ? -*max - 1 : 0;
}

/* -- reading ------------------------------------------------------------- */

static void get_errno(const unsigned char *at, const struct tw_cmsg_part *part,
                      struct tw_cmsg_value *value)
{
    value->num = get_num(at, part->size, 0);
    if (value->num == 0)
        value->what = TW_CMSG_NONE;
    else if (value->num > ERRNO_MAX)
        value->num = ERRNO_MAX;
}

static void get_time(const unsigned char *at, const struct tw_cmsg_part *part,
                     struct tw_cmsg_value *value)
{
    int64_t unit = part->flags & TW_CMSG_MICRO ? 1000 : 1;
    int64_t rest = get_num(at + part->size, part->size, TW_CMSG_SIGNED);
    value->num = get_num(at, part->size, TW_CMSG_SIGNED);
    /* One of several that are not known is zero. */
    bool unknown = part->name && value->num == 0 && rest == 0;
    if (unknown || rest < 0 || rest >= 1000000000 / unit)
        value->what = TW_CMSG_NONE;
    else
        value->nsec = (int32_t)(rest * unit);
}

static void get_host(const unsigned char *at, size_t size, struct tw_addr *addr)
{
    if (size == sizeof addr->u.in.sin_addr)
    {
        addr->len = sizeof addr->u.in;
        addr->u.in.sin_family = AF_INET;
        memcpy(&addr->u.in.sin_addr, at, size);
    }
    else
    {
        addr->len = sizeof addr->u.in6;
        addr->u.in6.sin6_family = AF_INET6;
        memcpy(&addr->u.in6.sin6_addr, at, size);
    }
}

/* Only of IP: an offender that is nobody is of no family. */
static void get_addr(const unsigned char *at, size_t len,
                     struct tw_cmsg_value *value)
{
    sa_family_t family = AF_UNSPEC;
    if (len >= sizeof family)
        memcpy(&family, at, sizeof family);
    size_t size = family == AF_INET    ? sizeof value->addr.u.in
                  : family == AF_INET6 ? sizeof value->addr.u.in6
                                       : 0;
    if (size == 0 || len < size)
    {
        value->what = TW_CMSG_NONE;
        return;
    }
    memcpy(&value->addr.u, at, size);
    value->addr.len = (socklen_t)size;
}

static void get_bytes(const struct tw_cmsg *item,
                      const struct tw_cmsg_part *part,
                      struct tw_cmsg_value *value)
{
    value->bytes = item->data + part->at;
    value->len = item->len - part->at;
    if (part->size)
    {
        int64_t len = get_num(value->bytes - part->size, part->size, 0);
        if ((uint64_t)len > value->len)
            value->what = TW_CMSG_NONE;
        else
            value->len = (size_t)len;
    }
    if (part->what == TW_CMSG_TEXT)
        value->len = strnlen((const char *)value->bytes, value->len);
}

void tw_cmsg_get(const struct tw_cmsg *item, const struct tw_cmsg_part *part,
                 struct tw_cmsg_value *value)
{
    const unsigned char *at = item->data + part->at;
    memset(value, 0, sizeof *value);
    value->what = part->what;
    switch (part->what)
    {
    case TW_CMSG_NUM:
        value->num = get_num(at, part->size, part->flags);
        break;
    case TW_CMSG_ERRNO:
        get_errno(at, part, value);
        break;
    case TW_CMSG_TIME:
        get_time(at, part, value);
        break;
    case TW_CMSG_HOST:
        get_host(at, part->size, &value->addr);
        break;
    case TW_CMSG_ADDR:
        get_addr(at, item->len - part->at, value);
        break;
    default:
        get_bytes(item, part, value);
    }
}

/* -- writing ------------------------------------------------------------- */

void tw_cmsg_put(unsigned char *data, const struct tw_cmsg_part *part,
                 const struct tw_cmsg_value *value)
{
    unsigned char *at = data + part->at;
    switch (part->what)
    {
    case TW_CMSG_NUM:
        put_num(at, part->size, part->flags, value->num);
        break;
    case TW_CMSG_HOST:
        if (part->size == sizeof value->addr.u.in.sin_addr)
            memcpy(at, &value->addr.u.in.sin_addr, part->size);
        else
            memcpy(at, &value->addr.u.in6.sin6_addr, part->size);
        break;
    case TW_CMSG_BYTES:
        if (part->size)
            put_num(at - part->size, part->size, 0, (int64_t)value->len);
        if (value->len)
            memcpy(at, value->bytes, value->len);
        break;
    default:
        break; /* never sent */
    }
}
