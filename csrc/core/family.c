/* The table of address families, and the machine that reads it. */
#include "core/family.h"

#include "core/number.h"

#include <ctype.h>
#include <linux/can.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/qrtr.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* -- Bluetooth: the kernel's layouts, which libc has no header for -------- */

struct bdaddr
{
    uint8_t b[6]; /* last byte of the text first */
};

struct sockaddr_l2
{
    sa_family_t family;
    uint16_t psm;
    struct bdaddr bdaddr;
    uint16_t cid;
    uint8_t bdaddr_type;
};

struct sockaddr_rc
{
    sa_family_t family;
    struct bdaddr bdaddr;
    uint8_t channel;
};

struct sockaddr_hci
{
    sa_family_t family;
    uint16_t dev, channel;
};

struct sockaddr_sco
{
    sa_family_t family;
    struct bdaddr bdaddr;
};

enum
{
    L2CAP = 0,
    HCI = 1,
    SCO = 2,
    RFCOMM = 3
};

/* -- the table ------------------------------------------------------------ */

/* clang-format off */
#define AT(type, member) offsetof(struct type, member), \
                         sizeof(((struct type *)0)->member)
#define END(type, member) (offsetof(struct type, member) + \
                           sizeof(((struct type *)0)->member))
#define UINT(name, type, member, order, max) \
    {name, TW_FIELD_UINT, AT(type, member), order, false, 0, max}
#define OPTIONAL(name, type, member, order, preset, max) \
    {name, TW_FIELD_UINT, AT(type, member), order, true, preset, max}
#define IFACE(name, type, member) \
    {name, TW_FIELD_IFACE, AT(type, member), TW_ORDER_HOST, false, 0, \
     IFNAMSIZ - 1}
#define BDADDR(type) \
    {"bdaddr", TW_FIELD_BDADDR, AT(type, bdaddr), 0, false, 0, 17}
#define U8 UINT8_MAX
#define U16 UINT16_MAX
#define U32 UINT32_MAX
#define HOST TW_ORDER_HOST
#define NET TW_ORDER_NETWORK
#define LITTLE TW_ORDER_LITTLE
/* Binding to a name with its scope negated withdraws it. */
#define TIPC_SCOPE {"scope", TW_FIELD_INT, AT(sockaddr_tipc, scope), HOST, \
                    true, TIPC_CLUSTER_SCOPE, INT8_MAX}

static const struct tw_family families[] = {
    {"inet", AF_INET, -1, -1, false, sizeof(struct sockaddr_in),
     sizeof(struct sockaddr_in),
     {{"host", TW_FIELD_HOST, AT(sockaddr_in, sin_addr), 0, false, 0, 0},
      UINT("port", sockaddr_in, sin_port, NET, U16)}},
    {"inet6", AF_INET6, -1, -1, false, sizeof(struct sockaddr_in6),
     END(sockaddr_in6, sin6_addr),
     {{"host", TW_FIELD_HOST, AT(sockaddr_in6, sin6_addr), 0, false, 0, 0},
      UINT("port", sockaddr_in6, sin6_port, NET, U16),
      OPTIONAL("flowinfo", sockaddr_in6, sin6_flowinfo, NET, 0,
               TW_ADDR_FLOWINFO_MAX),
      OPTIONAL("scope_id", sockaddr_in6, sin6_scope_id, HOST, 0, U32)}},
    {"unix", AF_UNIX, -1, -1, false, sizeof(struct sockaddr_un),
     sizeof(sa_family_t),
     {{"path", TW_FIELD_PATH, AT(sockaddr_un, sun_path), 0, false, 0, 0}}},
    {"netlink", AF_NETLINK, -1, -1, false, sizeof(struct sockaddr_nl),
     END(sockaddr_nl, nl_groups),
     {UINT("pid", sockaddr_nl, nl_pid, HOST, U32),
      UINT("groups", sockaddr_nl, nl_groups, HOST, U32)}},
    {"packet", AF_PACKET, -1, -1, false, sizeof(struct sockaddr_ll),
     END(sockaddr_ll, sll_halen),
     {IFACE("ifname", sockaddr_ll, sll_ifindex),
      UINT("proto", sockaddr_ll, sll_protocol, NET, U16),
      OPTIONAL("pkttype", sockaddr_ll, sll_pkttype, HOST, PACKET_HOST, U8),
      OPTIONAL("hatype", sockaddr_ll, sll_hatype, HOST, 0, U16),
      {"addr", TW_FIELD_BYTES, AT(sockaddr_ll, sll_addr),
       offsetof(struct sockaddr_ll, sll_halen), true, 0, 8}}},
    {"tipc", AF_TIPC, -1, TIPC_ADDR_NAMESEQ, false,
     sizeof(struct sockaddr_tipc), sizeof(struct sockaddr_tipc),
     {UINT("addr_type", sockaddr_tipc, addrtype, HOST, U8),
      UINT("type", sockaddr_tipc, addr.nameseq.type, HOST, U32),
      UINT("lower", sockaddr_tipc, addr.nameseq.lower, HOST, U32),
      UINT("upper", sockaddr_tipc, addr.nameseq.upper, HOST, U32),
      TIPC_SCOPE}},
    {"tipc", AF_TIPC, -1, TIPC_ADDR_NAME, false, sizeof(struct sockaddr_tipc),
     sizeof(struct sockaddr_tipc),
     {UINT("addr_type", sockaddr_tipc, addrtype, HOST, U8),
      UINT("type", sockaddr_tipc, addr.name.name.type, HOST, U32),
      UINT("instance", sockaddr_tipc, addr.name.name.instance, HOST, U32),
      UINT("domain", sockaddr_tipc, addr.name.domain, HOST, U32),
      TIPC_SCOPE}},
    {"tipc", AF_TIPC, -1, TIPC_ADDR_ID, false, sizeof(struct sockaddr_tipc),
     sizeof(struct sockaddr_tipc),
     {UINT("addr_type", sockaddr_tipc, addrtype, HOST, U8),
      UINT("node", sockaddr_tipc, addr.id.node, HOST, U32),
      UINT("ref", sockaddr_tipc, addr.id.ref, HOST, U32),
      {"unused", TW_FIELD_UINT, 0, 0, HOST, false, 0, U32},
      TIPC_SCOPE}},
    {"vsock", AF_VSOCK, -1, -1, false, sizeof(struct sockaddr_vm),
     END(sockaddr_vm, svm_cid),
     {UINT("cid", sockaddr_vm, svm_cid, HOST, U32),
      UINT("port", sockaddr_vm, svm_port, HOST, U32)}},
    {"isotp", AF_CAN, CAN_ISOTP, -1, false, sizeof(struct sockaddr_can),
     END(sockaddr_can, can_addr.tp),
     {IFACE("ifname", sockaddr_can, can_ifindex),
      UINT("rx_id", sockaddr_can, can_addr.tp.rx_id, HOST, U32),
      UINT("tx_id", sockaddr_can, can_addr.tp.tx_id, HOST, U32)}},
    {"j1939", AF_CAN, CAN_J1939, -1, false, sizeof(struct sockaddr_can),
     END(sockaddr_can, can_addr.j1939.addr),
     {IFACE("ifname", sockaddr_can, can_ifindex),
      {"name", TW_FIELD_NUM, AT(sockaddr_can, can_addr.j1939.name), HOST,
       false, 0, 0},
      UINT("pgn", sockaddr_can, can_addr.j1939.pgn, HOST, U32),
      UINT("addr", sockaddr_can, can_addr.j1939.addr, HOST, U8)}},
    {"can", AF_CAN, -1, -1, false, sizeof(struct sockaddr_can),
     END(sockaddr_can, can_ifindex),
     {IFACE("ifname", sockaddr_can, can_ifindex)}},
    {"alg", AF_ALG, -1, -1, false, sizeof(struct sockaddr_alg),
     END(sockaddr_alg, salg_name),
     {{"type", TW_FIELD_TEXT, AT(sockaddr_alg, salg_type), 0, false, 0, 13},
      {"name", TW_FIELD_TEXT, AT(sockaddr_alg, salg_name), 0, false, 0, 63},
      OPTIONAL("feat", sockaddr_alg, salg_feat, HOST, 0, U32),
      OPTIONAL("mask", sockaddr_alg, salg_mask, HOST, 0, U32)}},
    {"qipcrtr", AF_QIPCRTR, -1, -1, false, sizeof(struct sockaddr_qrtr),
     END(sockaddr_qrtr, sq_port),
     {UINT("node", sockaddr_qrtr, sq_node, HOST, U32),
      UINT("port", sockaddr_qrtr, sq_port, HOST, U32)}},
    {"l2cap", AF_BLUETOOTH, L2CAP, -1, true, sizeof(struct sockaddr_l2),
     END(sockaddr_l2, bdaddr_type),
     {BDADDR(sockaddr_l2),
      UINT("psm", sockaddr_l2, psm, LITTLE, U16),
      OPTIONAL("cid", sockaddr_l2, cid, LITTLE, 0, U16),
      OPTIONAL("bdaddr_type", sockaddr_l2, bdaddr_type, HOST, 0, U8)}},
    {"hci", AF_BLUETOOTH, HCI, -1, true, sizeof(struct sockaddr_hci),
     END(sockaddr_hci, channel),
     {UINT("dev", sockaddr_hci, dev, HOST, U16),
      OPTIONAL("channel", sockaddr_hci, channel, HOST, 0, U16)}},
    {"sco", AF_BLUETOOTH, SCO, -1, false, sizeof(struct sockaddr_sco),
     END(sockaddr_sco, bdaddr),
     {BDADDR(sockaddr_sco)}},
    {"rfcomm", AF_BLUETOOTH, RFCOMM, -1, false, sizeof(struct sockaddr_rc),
     END(sockaddr_rc, channel),
     {BDADDR(sockaddr_rc),
      UINT("channel", sockaddr_rc, channel, HOST, U8)}},
};
/* clang-format on */

const struct tw_family *tw_family_at(size_t i)
{
    return i < sizeof families / sizeof families[0] ? &families[i] : NULL;
}

bool tw_family_varies(int family)
{
    return family == AF_TIPC;
}

const struct tw_family *tw_family_find(int family, int proto, int64_t variant)
{
    const struct tw_family *row = NULL;
    /* Reliable datagrams go to IPv4 addresses. */
    family = family == AF_RDS ? AF_INET : family;
    for (size_t i = 0; (row = tw_family_at(i)) != NULL; i++)
        if (row->family == family && (row->proto < 0 || row->proto == proto) &&
            (row->variant < 0 || variant < 0 || row->variant == variant))
            break;
    return row;
}

const struct tw_family *tw_addr_family_of(const struct tw_addr *addr)
{
    int family = tw_addr_family(addr);
    const struct sockaddr_tipc *tipc = (const void *)&addr->u;
    const struct tw_family *row = tw_family_find(
        family, addr->proto, family == AF_TIPC ? tipc->addrtype : -1);
    bool whole = row && row->family == family && addr->len >= row->least;
    return whole ? row : NULL;
}

void tw_addr_begin(struct tw_addr *addr, const struct tw_family *family,
                   int proto)
{
    memset(addr, 0, sizeof *addr);
    addr->len = family->len;
    addr->proto = family->proto < 0 ? 0 : proto;
    addr->u.sa.sa_family = (sa_family_t)family->family;
}

void tw_addr_complete(struct tw_addr *addr)
{
    const struct tw_family *family = tw_addr_family_of(addr);
    if (!family || family->family == AF_UNIX || addr->len >= family->len)
        return;
    memset((char *)&addr->u + addr->len, 0, family->len - addr->len);
    addr->len = family->len;
}

/* -- numbers ------------------------------------------------------------- */

static void put_number(struct tw_addr *addr, const struct tw_field *field,
                       uint64_t n)
{
    tw__number_put((char *)&addr->u + field->at, field->size, field->order, n);
}

/* What the kernel leaves out is zero. */
static uint64_t get_number(const struct tw_addr *addr,
                           const struct tw_field *field)
{
    if (addr->len < (socklen_t)field->at + field->size)
        return 0;
    return tw__number_get((const char *)&addr->u + field->at, field->size,
                          field->order);
}

/* -- texts ---------------------------------------------------------------- */

static int put_iface(struct tw_addr *addr, const struct tw_field *field,
                     const struct tw_part *part)
{
    char name[IFNAMSIZ] = "";
    if (part->len > (size_t)field->max)
        return -ENAMETOOLONG;
    memcpy(name, part->bytes, part->len);
    unsigned index = if_nametoindex(name);
    put_number(addr, field, index);
    return index || !*name ? 0 : -ENODEV;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = strchr(digits, tolower((unsigned char)c));
    return c && found ? (int)(found - digits) : -1;
}

static int put_bdaddr(struct tw_addr *addr, const struct tw_field *field,
                      const struct tw_part *part)
{
    struct bdaddr bd;
    const char *text = part->bytes;
    if (part->len != 3 * sizeof bd - 1)
        return -EINVAL;
    for (size_t i = 0; i < sizeof bd; i++, text += 3)
    {
        int high = digit(text[0]);
        int low = digit(text[1]);
        if (high < 0 || low < 0 || (i < sizeof bd - 1 && text[2] != ':'))
            return -EINVAL;
        bd.b[sizeof bd - 1 - i] = (uint8_t)(16 * high + low);
    }
    memcpy((char *)&addr->u + field->at, &bd, sizeof bd);
    return 0;
}

static void get_bdaddr(const struct tw_addr *addr, const struct tw_field *field,
                       struct tw_part *part)
{
    struct bdaddr bd;
    memcpy(&bd, (const char *)&addr->u + field->at, sizeof bd);
    snprintf(part->room, sizeof part->room, "%02X:%02X:%02X:%02X:%02X:%02X",
             bd.b[5], bd.b[4], bd.b[3], bd.b[2], bd.b[1], bd.b[0]);
}

static int put_host(struct tw_addr *addr, const struct tw_part *part)
{
    struct tw_addr with_host;
    char host[NI_MAXHOST];
    if (part->len >= sizeof host)
        return TW_ERESOLVE + EAI_NONAME;
    memcpy(host, part->bytes, part->len);
    host[part->len] = '\0';
    int rc = tw_addr_inet(&with_host, tw_addr_family(addr), host, 0);
    if (rc == 0)
        *addr = with_host;
    return rc;
}

int tw_addr_put(struct tw_addr *addr, const struct tw_field *field,
                const struct tw_part *part)
{
    char *bytes = (char *)&addr->u;
    switch ((enum tw_field_kind)field->kind)
    {
    case TW_FIELD_HOST:
        return put_host(addr, part);
    case TW_FIELD_PATH:
        return tw_addr_unix(addr, part->bytes, part->len);
    case TW_FIELD_IFACE:
        return put_iface(addr, field, part);
    case TW_FIELD_BDADDR:
        return put_bdaddr(addr, field, part);
    case TW_FIELD_BYTES:
        bytes[field->order] = (char)part->len;
        memcpy(bytes + field->at, part->bytes, part->len);
        return 0;
    case TW_FIELD_TEXT:
        memcpy(bytes + field->at, part->bytes, part->len);
        return 0;
    case TW_FIELD_UINT:
    case TW_FIELD_INT:
    case TW_FIELD_NUM:
        /* A scope of 0 does not undo the one in the host's text. */
        if (part->num)
            put_number(addr, field, (uint64_t)part->num);
        return 0;
    }
    return -EINVAL;
}

/* How many of the n bytes of a text or of bytes there are. */
static size_t within(const struct tw_addr *addr, const struct tw_field *field,
                     size_t n)
{
    size_t there = addr->len > field->at ? addr->len - field->at : 0;
    size_t most = (size_t)field->max < there ? (size_t)field->max : there;
    return n < most ? n : most;
}

void tw_addr_get(const struct tw_addr *addr, const struct tw_field *field,
                 struct tw_part *part)
{
    const char *bytes = (const char *)&addr->u;
    part->bytes = part->room;
    part->room[0] = '\0';
    part->num = 0;
    switch ((enum tw_field_kind)field->kind)
    {
    case TW_FIELD_HOST:
        tw_addr_host(addr, part->room);
        break;
    case TW_FIELD_PATH:
        part->bytes = tw_addr_path(addr, &part->len);
        return;
    case TW_FIELD_IFACE:
        if (!if_indextoname((unsigned)get_number(addr, field), part->room))
            part->room[0] = '\0';
        break;
    case TW_FIELD_BDADDR:
        get_bdaddr(addr, field, part);
        break;
    case TW_FIELD_BYTES:
        part->bytes = bytes + field->at;
        part->len = within(addr, field, (uint8_t)bytes[field->order]);
        return;
    case TW_FIELD_TEXT:
        part->bytes = bytes + field->at;
        part->len = strnlen(part->bytes, within(addr, field, field->size));
        return;
    case TW_FIELD_UINT:
    case TW_FIELD_INT:
    case TW_FIELD_NUM:
        part->bytes = NULL;
        part->num = (int64_t)get_number(addr, field);
        if (field->kind == TW_FIELD_INT && part->num > field->max)
            part->num -= 2 * (field->max + 1);
        return;
    }
    part->len = strlen(part->bytes);
}

size_t tw_addr_count(const struct tw_addr *addr, const struct tw_family *family)
{
    struct tw_part part;
    size_t n = 0;
    while (family->fields[n].name)
        n++;
    while (family->trimmed && family->fields[n - 1].optional)
    {
        tw_addr_get(addr, &family->fields[n - 1], &part);
        if (part.num)
            break;
        n--;
    }
    return n;
}
