/* Addresses of every family, byte by byte: what a tuple becomes must be what
   the kernel's own headers say, and must come back. */
#include "core/family.h"
#include "mem.h"

#include <ctype.h>
#include <linux/can.h>
#include <linux/if_alg.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/qrtr.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <sys/mman.h>

/* One address: its tuple, as text and numbers, and the kernel's struct. */
struct sample
{
    const char *what; /* as tw_addr_format */
    int family, proto;
    int64_t variant;
    size_t given;
    struct tw_part parts[TW_FIELDS_MAX];
    const void *bytes;
    size_t len;
};

#define NUM(n)                                                                 \
    {                                                                          \
        .num = (n)                                                             \
    }
#define TEXT(s)                                                                \
    {                                                                          \
        .bytes = (s), .len = sizeof(s) - 1                                     \
    }
#define BYTES(s) (s), sizeof(s) - 1

enum
{
    L2CAP,
    HCI,
    SCO,
    RFCOMM
};

static const struct sockaddr_nl nl = {
    .nl_family = AF_NETLINK, .nl_pid = 0x01020304, .nl_groups = 0x80000001};
static struct sockaddr_ll ll = {.sll_family = AF_PACKET,
                                .sll_pkttype = PACKET_OUTGOING,
                                .sll_hatype = 772,
                                .sll_halen = 6,
                                .sll_addr = {1, 2, 3, 0xfe, 0, 6}};
static const struct sockaddr_tipc seq = {
    .family = AF_TIPC,
    .addrtype = TIPC_ADDR_NAMESEQ,
    .scope = TIPC_NODE_SCOPE,
    .addr.nameseq = {.type = 18888, .lower = 17, .upper = 0xffffffff}};
static const struct sockaddr_tipc withdrawn = {
    .family = AF_TIPC,
    .addrtype = TIPC_ADDR_NAMESEQ,
    .scope = -TIPC_CLUSTER_SCOPE,
    .addr.nameseq = {.type = 1, .lower = 2, .upper = 3}};
static const struct sockaddr_tipc name = {
    .family = AF_TIPC,
    .addrtype = TIPC_ADDR_NAME,
    .scope = TIPC_CLUSTER_SCOPE,
    .addr.name = {.name = {.type = 18888, .instance = 18}, .domain = 7}};
static const struct sockaddr_tipc id = {
    .family = AF_TIPC,
    .addrtype = TIPC_ADDR_ID,
    .scope = TIPC_ZONE_SCOPE,
    .addr.id = {.node = 0x01001001, .ref = 0xcafef00d}};
static const struct sockaddr_vm vm = {
    .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = 0xfffffffe};
static struct sockaddr_can raw = {.can_family = AF_CAN};
static struct sockaddr_can tp = {
    .can_family = AF_CAN,
    .can_addr.tp = {.rx_id = 0x123 | CAN_EFF_FLAG, .tx_id = 0x7ff}};
static struct sockaddr_can j1939 = {
    .can_family = AF_CAN,
    .can_addr.j1939 = {
        .name = 0xfedcba9876543210, .pgn = 0x3ffff, .addr = 0xfe}};
static const struct sockaddr_alg alg = {.salg_family = AF_ALG,
                                        .salg_type = "skcipher",
                                        .salg_name = "cbc(aes)",
                                        .salg_feat = 0xfffffff0,
                                        .salg_mask = 15};
static const struct sockaddr_alg longest = {
    .salg_family = AF_ALG,
    .salg_type = "thirteen_long",
    .salg_name =
        "sixty-three: 0123456789abcdefghijklmnopqrstuvwxyz 0123456789.."};
static const struct sockaddr_qrtr qrtr = {
    .sq_family = AF_QIPCRTR, .sq_node = 0xffffffff, .sq_port = 0x4000};

static struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                                  .sin6_addr = {{{0xfe, 0x80, [15] = 1}}},
                                  .sin6_scope_id = 9};

/* Bluetooth addresses lie backwards, numbers are little-endian. */
#define BD "\x13\x71\xda\x7d\x1a\x00"

static const struct sample samples[] = {
    {"[fe80::1%9]:80",
     AF_INET6,
     0,
     -1,
     4,
     {TEXT("fe80::1"), NUM(80), NUM(0xfffff), NUM(9)},
     &in6,
     sizeof in6},
    {"netlink(pid=16909060, groups=2147483649)",
     AF_NETLINK,
     0,
     -1,
     2,
     {NUM(0x01020304), NUM(0x80000001)},
     &nl,
     sizeof nl},
    {"packet(ifname=lo, proto=34997, pkttype=4, hatype=772, "
     "addr=01:02:03:fe:00:06)",
     AF_PACKET,
     0,
     -1,
     5,
     {TEXT("lo"), NUM(0x88b5), NUM(4), NUM(772), TEXT("\1\2\3\xfe\0\6")},
     &ll,
     sizeof ll},
    {"tipc(addr_type=1, type=18888, lower=17, upper=4294967295, scope=3)",
     AF_TIPC,
     0,
     TIPC_ADDR_NAMESEQ,
     5,
     {NUM(1), NUM(18888), NUM(17), NUM(0xffffffff), NUM(3)},
     &seq,
     sizeof seq},
    {"tipc(addr_type=1, type=1, lower=2, upper=3, scope=-2)",
     AF_TIPC,
     0,
     TIPC_ADDR_NAMESEQ,
     5,
     {NUM(1), NUM(1), NUM(2), NUM(3), NUM(-2)},
     &withdrawn,
     sizeof withdrawn},
    {"tipc(addr_type=2, type=18888, instance=18, domain=7, scope=2)",
     AF_TIPC,
     0,
     TIPC_ADDR_NAME,
     4,
     {NUM(2), NUM(18888), NUM(18), NUM(7)},
     &name,
     sizeof name},
    {"tipc(addr_type=3, node=16781313, ref=3405705229, unused=0, scope=1)",
     AF_TIPC,
     0,
     TIPC_ADDR_ID,
     5,
     {NUM(3), NUM(0x01001001), NUM(0xcafef00d), NUM(0), NUM(1)},
     &id,
     sizeof id},
    {"vsock(cid=4294967295, port=4294967294)",
     AF_VSOCK,
     0,
     -1,
     2,
     {NUM(0xffffffff), NUM(0xfffffffe)},
     &vm,
     sizeof vm},
    {"can(ifname=lo)", AF_CAN, CAN_RAW, -1, 1, {TEXT("lo")}, &raw, sizeof raw},
    {"can(ifname=)",
     AF_CAN,
     CAN_BCM,
     -1,
     1,
     {TEXT("")},
     &(const struct sockaddr_can){.can_family = AF_CAN},
     sizeof raw},
    {"isotp(ifname=lo, rx_id=2147483939, tx_id=2047)",
     AF_CAN,
     CAN_ISOTP,
     -1,
     3,
     {TEXT("lo"), NUM(0x123 | 0x80000000), NUM(0x7ff)},
     &tp,
     sizeof tp},
    {"j1939(ifname=lo, name=18364758544493064720, pgn=262143, addr=254)",
     AF_CAN,
     CAN_J1939,
     -1,
     4,
     {TEXT("lo"), NUM((int64_t)0xfedcba9876543210), NUM(0x3ffff), NUM(0xfe)},
     &j1939,
     sizeof j1939},
    {"alg(type=skcipher, name=cbc(aes), feat=4294967280, mask=15)",
     AF_ALG,
     0,
     -1,
     4,
     {TEXT("skcipher"), TEXT("cbc(aes)"), NUM(0xfffffff0), NUM(15)},
     &alg,
     sizeof alg},
    {"alg(type=thirteen_long, name=sixty-three: "
     "0123456789abcdefghijklmnopqrstuvwxyz 0123456789.., feat=0, mask=0)",
     AF_ALG,
     0,
     -1,
     2,
     {TEXT("thirteen_long"),
      TEXT("sixty-three: 0123456789abcdefghijklmnopqrstuvwxyz 0123456789..")},
     &longest,
     sizeof longest},
    {"qipcrtr(node=4294967295, port=16384)",
     AF_QIPCRTR,
     0,
     -1,
     2,
     {NUM(0xffffffff), NUM(0x4000)},
     &qrtr,
     sizeof qrtr},
    {"l2cap(bdaddr=00:1A:7D:DA:71:13, psm=4097)",
     AF_BLUETOOTH,
     L2CAP,
     -1,
     2,
     {TEXT("00:1a:7d:dA:71:13"), NUM(0x1001)},
     BYTES("\x1f\0\x01\x10" BD "\0\0\0\0")},
    {"l2cap(bdaddr=00:1A:7D:DA:71:13, psm=1, cid=64)",
     AF_BLUETOOTH,
     L2CAP,
     -1,
     3,
     {TEXT("00:1A:7D:DA:71:13"), NUM(1), NUM(64)},
     BYTES("\x1f\0\x01\0" BD "\x40\0\0\0")},
    {"l2cap(bdaddr=00:1A:7D:DA:71:13, psm=1, cid=0, bdaddr_type=2)",
     AF_BLUETOOTH,
     L2CAP,
     -1,
     4,
     {TEXT("00:1A:7D:DA:71:13"), NUM(1), NUM(0), NUM(2)},
     BYTES("\x1f\0\x01\0" BD "\0\0\2\0")},
    {"hci(dev=1)",
     AF_BLUETOOTH,
     HCI,
     -1,
     1,
     {NUM(1)},
     BYTES("\x1f\0\x01\0\0\0")},
    {"hci(dev=65535, channel=3)",
     AF_BLUETOOTH,
     HCI,
     -1,
     2,
     {NUM(0xffff), NUM(3)},
     BYTES("\x1f\0\xff\xff\3\0")},
    {"sco(bdaddr=FF:FF:FF:00:00:00)",
     AF_BLUETOOTH,
     SCO,
     -1,
     1,
     {TEXT("FF:FF:FF:00:00:00")},
     BYTES("\x1f\0\0\0\0\xff\xff\xff")},
    {"rfcomm(bdaddr=00:1A:7D:DA:71:13, channel=30)",
     AF_BLUETOOTH,
     RFCOMM,
     -1,
     2,
     {TEXT("00:1A:7D:DA:71:13"), NUM(30)},
     BYTES("\x1f\0" BD "\x1e\0")},
};

enum
{
    SAMPLES = sizeof samples / sizeof samples[0]
};

static const struct tw_family *build(const struct sample *s,
                                     struct tw_addr *addr)
{
    const struct tw_family *family =
        tw_family_find(s->family, s->proto, s->variant);
    memset(addr, 0x5a, sizeof *addr);
    tw_addr_begin(addr, family, s->proto);
    for (size_t i = 0; family->fields[i].name; i++)
    {
        struct tw_part part = {.num = family->fields[i].preset};
        if (i < s->given)
            part = s->parts[i];
        if (i < s->given || family->fields[i].kind != TW_FIELD_BYTES)
            CHECK_INT(tw_addr_put(addr, &family->fields[i], &part), 0);
    }
    return family;
}

static void encoding(void)
{
    for (size_t i = 0; i < SAMPLES; i++)
    {
        struct tw_addr addr;
        build(&samples[i], &addr);
        if (!CHECK_INT(addr.len, samples[i].len) ||
            !CHECK(memcmp(&addr.u, samples[i].bytes, samples[i].len) == 0))
            printf("# %s\n", samples[i].what);
    }
}

/* Numbers, and texts without regard to case. */
static void check_part(const struct tw_part *a, const struct tw_part *b)
{
    CHECK_INT(a->num, b->num);
    if (!CHECK(!a->bytes == !b->bytes) || !a->bytes ||
        !CHECK_INT(a->len, b->len))
        return;
    for (size_t i = 0; i < a->len; i++)
        CHECK_INT(tolower((unsigned char)a->bytes[i]),
                  tolower((unsigned char)b->bytes[i]));
}

static void decoding(void)
{
    for (size_t i = 0; i < SAMPLES; i++)
    {
        const struct sample *s = &samples[i];
        char text[TW_ADDR_TEXT_MAX];
        struct tw_part part;
        struct tw_addr addr = {.len = (socklen_t)s->len, .proto = s->proto};
        memcpy(&addr.u, s->bytes, s->len);
        const struct tw_family *family = tw_addr_family_of(&addr);
        CHECK_STR(tw_addr_format(&addr, text), s->what);
        for (size_t f = 0; family && f < s->given; f++)
        {
            tw_addr_get(&addr, &family->fields[f], &part);
            check_part(&part, &s->parts[f]);
        }
    }
}

/* Every sockaddr cut short at every length: it is whole enough, or raw. */
static void cut_short(void)
{
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t len = 0; len <= samples[i].len; len++)
        {
            struct tw_addr addr = {.len = (socklen_t)len,
                                   .proto = samples[i].proto};
            char text[TW_ADDR_TEXT_MAX];
            memcpy(&addr.u, samples[i].bytes, len);
            const struct tw_family *family = tw_addr_family_of(&addr);
            CHECK(!family || len >= family->least);
            CHECK(strlen(tw_addr_format(&addr, text)) > 0);
        }
}

/* What a kernel cuts off comes back as zeros, and nothing else changes. */
static void completed(void)
{
    const struct tw_family *family;
    for (size_t i = 0; (family = tw_family_at(i)) != NULL; i++)
        for (unsigned len = 0; len <= family->len; len++)
        {
            struct tw_addr addr, cut, whole;
            tw_addr_begin(&addr, family, family->proto);
            cut = whole = addr;
            memset((char *)&cut.u + len, 0xee, sizeof cut.u - len);
            cut.len = len;
            tw_addr_complete(&cut);
            bool stays = family->family == AF_UNIX || len < family->least;
            CHECK_INT(cut.len, stays ? len : family->len);
            CHECK(memcmp(&cut.u, &whole.u, cut.len) == 0);
        }
}

/* All bytes of every family at every length, as a hostile kernel might send. */
static void any_bytes(void)
{
    const struct tw_family *row;
    for (size_t i = 0; (row = tw_family_at(i)) != NULL; i++)
        for (int fill = 0; fill < 256; fill += 5)
        {
            struct tw_addr addr;
            struct tw_part part;
            char text[TW_ADDR_TEXT_MAX];
            memset(&addr, fill, sizeof addr);
            addr.len = sizeof addr.u;
            addr.proto = row->proto < 0 ? 0 : row->proto;
            addr.u.sa.sa_family = (sa_family_t)row->family;
            const struct tw_family *family = tw_addr_family_of(&addr);
            CHECK(strlen(tw_addr_format(&addr, text)) < sizeof text);
            for (size_t f = 0; family && family->fields[f].name; f++)
            {
                tw_addr_get(&addr, &family->fields[f], &part);
                CHECK(!part.bytes || part.len <= sizeof addr.u);
            }
        }
}

/* What lies behind an address in memory is not part of it. */
static void nothing_behind(void)
{
    for (size_t i = 0; i < SAMPLES; i++)
        for (size_t len = 0; len <= samples[i].len; len++)
        {
            struct tw_addr addr = {.len = (socklen_t)len,
                                   .proto = samples[i].proto};
            char text[TW_ADDR_TEXT_MAX], other[TW_ADDR_TEXT_MAX];
            memcpy(&addr.u, samples[i].bytes, len);
            tw_addr_format(&addr, text);
            memset((char *)&addr.u + len, 0xa5, sizeof addr.u - len);
            CHECK_STR(tw_addr_format(&addr, other), text);
        }
}

/* Texts that fill their place, as no script can give them, and too much. */
static void overfull(void)
{
    struct tw_addr addr = {.len = sizeof(struct sockaddr_alg)};
    struct tw_part part;
    memset(&addr.u, 'x', sizeof addr.u);
    addr.u.sa.sa_family = AF_ALG;
    const struct tw_family *row = tw_addr_family_of(&addr);
    tw_addr_get(&addr, &row->fields[0], &part);
    CHECK_INT(part.len, row->fields[0].max);
    tw_addr_get(&addr, &row->fields[1], &part);
    CHECK_INT(part.len, row->fields[1].max);
    addr.u.sa.sa_family = AF_PACKET;
    addr.len = sizeof(struct sockaddr_ll) - 5;
    row = tw_addr_family_of(&addr);
    tw_addr_get(&addr, &row->fields[4], &part);
    CHECK_INT(part.len, 3);
}

static int put(int family, int proto, size_t field, const char *text)
{
    struct tw_addr addr;
    const struct tw_family *row = tw_family_find(family, proto, -1);
    struct tw_part part = {.bytes = text, .len = strlen(text)};
    tw_addr_begin(&addr, row, proto);
    return tw_addr_put(&addr, &row->fields[field], &part);
}

static void refused(void)
{
    static const char *const bad[] = {
        "",
        "00:1A:7D:DA:71",
        "00:1A:7D:DA:71:1",
        "00:1A:7D:DA:71:13:",
        "00-1A-7D-DA-71-13",
        "00:1A:7D:DA:71:1G",
        "001A7DDA7113",
        "00:1A:7D:DA:71: 3",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(put(AF_BLUETOOTH, SCO, 0, bad[i]), -EINVAL);
    CHECK_INT(put(AF_CAN, CAN_RAW, 0, "nosuchinterface"), -ENODEV);
    CHECK_INT(put(AF_CAN, CAN_RAW, 0, "sixteen_letters_"), -ENAMETOOLONG);
    CHECK_INT(put(AF_PACKET, 0, 0, "nosuchinterface"), -ENODEV);
    CHECK_INT(put(AF_INET, 0, 0, "localhost"), TW_ERESOLVE + EAI_NONAME);
    CHECK_INT(put(AF_RDS, 0, 0, "127.0.0.1"), 0);
    /* But what an AF_RDS socket is told is an AF_INET address. */
    CHECK(!tw_addr_family_of(&(const struct tw_addr){
        .len = sizeof(struct sockaddr_in), .u.sa.sa_family = AF_RDS}));
    CHECK(!tw_family_find(AF_APPLETALK, 0, -1));
    CHECK(!tw_family_find(AF_TIPC, 0, 0));
    CHECK(!tw_family_find(AF_TIPC, 0, 4));
    CHECK(!tw_family_find(AF_BLUETOOTH, 9, -1));
}

/* A scope in the host's text counts unless another one is given. */
static void scopes(void)
{
    struct tw_addr addr;
    const struct tw_family *row = tw_family_find(AF_INET6, 0, -1);
    const struct tw_part host = TEXT("fe80::1%lo"), none = NUM(0),
                         nine = NUM(9);
    tw_addr_begin(&addr, row, 0);
    CHECK_INT(tw_addr_put(&addr, &row->fields[0], &host), 0);
    CHECK_INT(tw_addr_put(&addr, &row->fields[3], &none), 0);
    CHECK_INT(addr.u.in6.sin6_scope_id, if_nametoindex("lo"));
    CHECK_INT(tw_addr_put(&addr, &row->fields[3], &nine), 0);
    CHECK_INT(addr.u.in6.sin6_scope_id, 9);
}

int main(void)
{
    unsigned lo = if_nametoindex("lo");
    in6.sin6_port = htons(80);
    in6.sin6_flowinfo = htonl(0xfffff);
    ll.sll_ifindex = (int)lo;
    ll.sll_protocol = htons(0x88b5);
    raw.can_ifindex = tp.can_ifindex = j1939.can_ifindex = (int)lo;
    TAP_CASE(encoding);
    TAP_CASE(decoding);
    TAP_CASE(cut_short);
    TAP_CASE(completed);
    TAP_CASE(any_bytes);
    TAP_CASE(nothing_behind);
    TAP_CASE(overfull);
    TAP_CASE(refused);
    TAP_CASE(scopes);
    return tap_done();
}
