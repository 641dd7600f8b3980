/* What control messages mean: every form there is, right, cut and spoilt. */
#include "core/cmsg_form.h"
#include "guard.h"
#include "text.h"

#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/tipc.h>
#include <netinet/in.h>
#include <sys/time.h>

enum
{
    ROOM = 256
};

/* -- a form as text ------------------------------------------------------- */

static void add_value(struct text *t, const struct tw_cmsg_value *v)
{
    char host[TW_ADDR_TEXT_MAX];
    struct tw_cmsg item = {.data = v->bytes, .len = v->len};
    switch (v->what)
    {
    case TW_CMSG_NUM:
        text_add(t, "%lld", (long long)v->num);
        break;
    case TW_CMSG_ERRNO:
        text_add(t, "%s", tw_err_name(-(int)v->num));
        break;
    case TW_CMSG_TIME:
        CHECK(v->nsec >= 0 && v->nsec < 1000000000);
        text_add(t, "%lld.%09d", (long long)v->num, v->nsec);
        break;
    case TW_CMSG_HOST:
        text_add(t, "%s", tw_addr_host(&v->addr, host));
        break;
    case TW_CMSG_ADDR:
        text_add(t, "%s", tw_addr_format(&v->addr, host));
        break;
    case TW_CMSG_FDS:
        for (size_t i = 0; i < tw_cmsg_count_fds(&item); i++)
            text_add(t, "%s%d", i ? "," : "", tw_cmsg_fd(&item, i));
        break;
    default:
        for (size_t i = 0; i < v->len; i++)
            text_add(t, "%02x", v->bytes[i]);
    }
}

/* "name part=value part=value"; "" when it has no form. */
static const char *read_item(const struct tw_cmsg *item)
{
    static struct text t;
    text_clear(&t);
    const struct tw_cmsg_form *form = tw_cmsg_form_of(item);
    if (!form)
        return t.at;
    text_add(&t, "%s", form->name);
    for (const struct tw_cmsg_part *p = form->parts; p->what; p++)
    {
        struct tw_cmsg_value v;
        tw_cmsg_get(item, p, &v);
        if (v.what == TW_CMSG_NONE)
            continue;
        text_add(&t, " %s%s", p->name ? p->name : "", p->name ? "=" : "");
        add_value(&t, &v);
    }
    return t.at;
}

/* Ditto of bytes, which end at a closed page. */
static const char *shown(int level, int type, const void *data, size_t len)
{
    struct tw_cmsg item = {level, type, guard_copy(data, len), len};
    return read_item(&item);
}

#define SHOW(level, type, value) shown(level, type, &(value), sizeof(value))

/* -- what the kernel sends ------------------------------------------------ */

static void on_sockets(void)
{
    const int fds[] = {3, 70000};
    const struct ucred cred = {-1, 1000, 0xffffffff};
    const unsigned lost = 4000000000u;
    CHECK_STR(SHOW(SOL_SOCKET, SCM_RIGHTS, fds), "rights 3,70000");
    CHECK_STR(shown(SOL_SOCKET, SCM_RIGHTS, "", 0), "rights ");
    CHECK_STR(shown(SOL_SOCKET, SCM_RIGHTS, fds, 7), "");
    CHECK_STR(SHOW(SOL_SOCKET, SCM_CREDENTIALS, cred),
              "credentials pid=-1 uid=1000 gid=4294967295");
    CHECK_STR(shown(SOL_SOCKET, 3, "a:b\0", 4), "security 613a62");
    CHECK_STR(shown(SOL_SOCKET, 3, "a:b", 3), "security 613a62");
    CHECK_STR(shown(SOL_SOCKET, 3, "", 0), "security ");
    CHECK_STR(shown(SOL_SOCKET, 4, fds, 4), "pidfd 3");
    CHECK_STR(SHOW(SOL_SOCKET, SO_RXQ_OVFL, lost), "rxq_ovfl 4000000000");
    CHECK_STR(SHOW(SOL_SOCKET, SO_MARK, lost), "mark 4000000000");
}

static void times(void)
{
    const int64_t old[] = {1700000000, 123456};
    const int64_t ns[] = {1700000000, 999999999};
    const int64_t three[] = {5, 6, 0, 0, 7, 8};
    const int32_t small[] = {1700000000, 123456, 0, 0, 9, 10};
    CHECK_STR(SHOW(SOL_SOCKET, 29, old), "timestamp 1700000000.123456000");
    CHECK_STR(SHOW(SOL_SOCKET, 63, old), "timestamp 1700000000.123456000");
    CHECK_STR(shown(SOL_SOCKET, 29, small, 8),
              "timestamp 1700000000.123456000");
    CHECK_STR(SHOW(SOL_SOCKET, 35, ns), "timestampns 1700000000.999999999");
    CHECK_STR(SHOW(SOL_SOCKET, 64, ns), "timestampns 1700000000.999999999");
    CHECK_STR(shown(SOL_SOCKET, 35, small, 8),
              "timestampns 1700000000.000123456");
    CHECK_STR(SHOW(SOL_SOCKET, 37, three),
              "timestamping software=5.000000006 hardware=7.000000008");
    CHECK_STR(SHOW(SOL_SOCKET, 65, three),
              "timestamping software=5.000000006 hardware=7.000000008");
    CHECK_STR(SHOW(SOL_SOCKET, 37, small),
              "timestamping software=1700000000.000123456 "
              "hardware=9.000000010");
}

static void times_out_of_range(void)
{
    static const int64_t rests[] = {-1, 1000000, INT64_MAX, INT64_MIN,
                                    INT64_MAX / 1000 + 1};
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++)
    {
        const int64_t bad[] = {1, rests[i]};
        CHECK_STR(SHOW(SOL_SOCKET, 29, bad), "timestamp");
    }
    const int64_t edge[] = {-1, 999999}, zero[] = {0, 0};
    CHECK_STR(SHOW(SOL_SOCKET, 29, edge), "timestamp -1.999999000");
    CHECK_STR(SHOW(SOL_SOCKET, 29, zero), "timestamp 0.000000000");
}

static void on_ipv4(void)
{
    struct in_pktinfo info = {.ipi_ifindex = 3};
    info.ipi_spec_dst.s_addr = htonl(0x7f000001);
    info.ipi_addr.s_addr = htonl(0xe0000001);
    const int ttl = 64, low = -1;
    const unsigned char tos = 0xfc;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(53)};
    in.sin_addr.s_addr = htonl(0x01020304);
    CHECK_STR(SHOW(IPPROTO_IP, IP_PKTINFO, info),
              "pktinfo ifindex=3 spec_dst=127.0.0.1 addr=224.0.0.1");
    CHECK_STR(SHOW(IPPROTO_IP, IP_TTL, ttl), "ttl 64");
    CHECK_STR(SHOW(IPPROTO_IP, IP_TTL, low), "ttl -1");
    CHECK_STR(SHOW(IPPROTO_IP, IP_TOS, tos), "tos 252");
    CHECK_STR(SHOW(IPPROTO_IP, IP_TOS, ttl), "tos 64");
    CHECK_STR(SHOW(IPPROTO_IP, IP_ORIGDSTADDR, in), "origdstaddr 1.2.3.4:53");
    in.sin_family = AF_UNIX;
    CHECK_STR(SHOW(IPPROTO_IP, IP_ORIGDSTADDR, in), "origdstaddr");
    CHECK_STR(SHOW(IPPROTO_IP, IP_RECVFRAGSIZE, ttl), "fragsize 64");
}

static void on_ipv6(void)
{
    struct in6_pktinfo info = {.ipi6_ifindex = 3};
    info.ipi6_addr.s6_addr[15] = 1;
    const int hops = 255;
    const uint32_t flow = htonl(0xabcde);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                               .sin6_port = htons(53),
                               .sin6_addr = info.ipi6_addr,
                               .sin6_scope_id = 2};
    CHECK_STR(SHOW(IPPROTO_IPV6, IPV6_PKTINFO, info),
              "pktinfo addr=::1 ifindex=3");
    CHECK_STR(SHOW(IPPROTO_IPV6, IPV6_HOPLIMIT, hops), "ttl 255");
    CHECK_STR(SHOW(IPPROTO_IPV6, IPV6_TCLASS, hops), "tos 255");
    CHECK_STR(SHOW(IPPROTO_IPV6, 11, flow), "flowinfo 703710");
    CHECK_STR(SHOW(IPPROTO_IPV6, IPV6_ORIGDSTADDR, in6),
              "origdstaddr [::1%2]:53");
    CHECK_STR(shown(IPPROTO_IPV6, IPV6_ORIGDSTADDR, &in6, 27), "");
}

static void queued_errors(void)
{
    struct
    {
        struct sock_extended_err ee;
        struct sockaddr_in offender;
    } four = {{ECONNREFUSED, SO_EE_ORIGIN_ICMP, 3, 3, 0, 1500, {7}},
              {.sin_family = AF_INET}};
    four.offender.sin_addr.s_addr = htonl(0x7f000001);
    struct
    {
        struct sock_extended_err ee;
        struct sockaddr_in6 offender;
    } six = {{EMSGSIZE, SO_EE_ORIGIN_ICMP6, 2, 0, 0, 1280, {0}},
             {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};
    const char *refused = "recverr errno=ECONNREFUSED origin=2 type=3 code=3 "
                          "info=1500 data=7 offender=127.0.0.1:0";
    CHECK_STR(SHOW(IPPROTO_IP, IP_RECVERR, four), refused);
    CHECK_STR(SHOW(IPPROTO_IPV6, IPV6_RECVERR, six),
              "recverr errno=EMSGSIZE origin=3 type=2 code=0 info=1280 data=0 "
              "offender=[::1]:0");
    /* Errors of this machine have no offender, others no room for one. */
    const size_t shorter = strlen(refused) - strlen(" offender=127.0.0.1:0");
    for (size_t len = 0; len < sizeof four; len++)
    {
        char text[128] = "";
        if (len >= sizeof four.ee)
            snprintf(text, sizeof text, "%.*s", (int)shorter, refused);
        CHECK_STR(shown(IPPROTO_IP, IP_RECVERR, &four, len), text);
    }
    four.offender.sin_family = AF_UNSPEC;
    four.ee.ee_errno = 0;
    CHECK_STR(SHOW(IPPROTO_IP, IP_RECVERR, four),
              "recverr origin=2 type=3 code=3 info=1500 data=7");
    four.ee.ee_errno = 0xffffffff;
    CHECK_STR(SHOW(IPPROTO_IP, IP_RECVERR, four),
              "recverr errno=EUNKNOWN origin=2 type=3 code=3 info=1500 data=7");
    CHECK_STR(shown(287, 1, &six, sizeof six.ee),
              "recverr errno=EMSGSIZE origin=3 type=2 code=0 info=1280 data=0");
}

static void on_other_families(void)
{
    const uint16_t segment = 1400;
    const int gro = 1200;
    const uint32_t three[] = {1, 2, 3};
    const struct tpacket_auxdata aux = {1, 60, 60, 0, 14, 5, 0x8100};
    const uint64_t name = 0xffffffffffffffff;
    CHECK_STR(SHOW(IPPROTO_UDP, 103, segment), "segment 1400");
    CHECK_STR(SHOW(IPPROTO_UDP, 104, gro), "gro 1200");
    CHECK_STR(SHOW(IPPROTO_UDP, 104, segment), "gro 1400");
    CHECK_STR(shown(SOL_TIPC, TIPC_ERRINFO, three, 8),
              "errinfo error=1 length=2");
    CHECK_STR(shown(SOL_TIPC, TIPC_RETDATA, "ab", 2), "retdata 6162");
    CHECK_STR(shown(SOL_TIPC, TIPC_RETDATA, "", 0), "retdata ");
    CHECK_STR(SHOW(SOL_TIPC, TIPC_DESTNAME, three),
              "destname type=1 lower=2 upper=3");
    CHECK_STR(SHOW(263, PACKET_AUXDATA, aux),
              "auxdata status=1 len=60 snaplen=60 mac=0 net=14 vlan_tci=5 "
              "vlan_tpid=33024");
    CHECK_STR(SHOW(107, 2, name), "j1939_dest_name -1");
    CHECK_STR(shown(107, 1, "\xfe", 1), "j1939_dest_addr 254");
    CHECK_STR(shown(270, 3, three, 4), "group 1");
    CHECK_STR(shown(282, 2, "\x17", 1), "record_type 23");
}

/* The layout of RFC 6458, 5.3.2; the payload protocol is the network's. */
static void on_sctp(void)
{
    unsigned char info[32] = {0};
    memcpy(info, &(uint16_t){7}, 2);
    memcpy(info + 8, &(uint32_t){htonl(39)}, 4);
    memcpy(info + 28, &(int32_t){-2}, 4);
    CHECK_STR(SHOW(IPPROTO_SCTP, 1, info),
              "sndrcv stream=7 ssn=0 flags=0 ppid=39 context=0 timetolive=0 "
              "tsn=0 cumtsn=0 assoc_id=-2");
    CHECK_STR(shown(IPPROTO_SCTP, 1, info, 31), "");
    memcpy(info + 4, &(uint32_t){htonl(40)}, 4);
    memcpy(info + 12, &(int32_t){-3}, 4);
    CHECK_STR(shown(IPPROTO_SCTP, 2, info, 16),
              "sndinfo sid=7 flags=0 ppid=40 context=654311424 assoc_id=-3");
    memcpy(info + 12, &(uint32_t){4000000000}, 4);
    memcpy(info + 24, &(int32_t){-4}, 4);
    memset(info + 4, 0, 4);
    CHECK_STR(shown(IPPROTO_SCTP, 3, info, 28),
              "rcvinfo sid=7 ssn=0 flags=0 ppid=39 tsn=4000000000 cumtsn=0 "
              "context=0 assoc_id=-4");
}

/* -- anything ------------------------------------------------------------- */

static void unknown(void)
{
    unsigned char zeros[ROOM] = {0};
    CHECK_STR(shown(SOL_SOCKET, 999, zeros, 4), "");
    CHECK_STR(shown(-1, -1, zeros, 4), "");
    CHECK_STR(shown(SOL_SOCKET, SCM_RIGHTS + 256, zeros, 4), "");
    CHECK(tw_cmsg_form_named("no such", AF_INET) == NULL);
    CHECK(tw_cmsg_form_named("", AF_INET) == NULL);
}

/* Every form at every length: known exactly where its table says so, and its
   parts within what is there. */
static void form_cut(const struct tw_cmsg_form *form, const void *noise)
{
    for (size_t len = 0; len < 100; len++)
    {
        const char *text = shown(form->level, form->type, noise, len);
        if (len == form->size && len % 4 == 0)
            CHECK(strncmp(text, form->name, strlen(form->name)) == 0);
        if (len < form->size && len % 4 == 3)
            CHECK_STR(text, "");
    }
}

static void every_form_cut(void)
{
    unsigned char noise[ROOM];
    const struct tw_cmsg_form *form;
    for (int fill = 0; fill < 256; fill += 51)
    {
        memset(noise, fill, sizeof noise);
        for (size_t i = 0; (form = tw_cmsg_form_at(i)) != NULL; i++)
            form_cut(form, noise);
    }
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Noise in place of the data, of all forms. */
static void every_form_spoilt(void)
{
    uint64_t state = 1;
    unsigned char noise[ROOM];
    for (int round = 0; round < 20000; round++)
    {
        size_t n = 0;
        while (tw_cmsg_form_at(n))
            n++;
        const struct tw_cmsg_form *form =
            tw_cmsg_form_at(next_random(&state) % n);
        size_t len = form->size + next_random(&state) % (form->more ? 50 : 1);
        for (size_t i = 0; i < len; i++)
            noise[i] = (unsigned char)next_random(&state);
        shown(form->level, form->type, noise, len);
    }
}

/* -- sending -------------------------------------------------------------- */

static void put_part(unsigned char *data, const struct tw_cmsg_part *p,
                     int64_t num)
{
    struct tw_cmsg_value v = {
        .num = num, .bytes = (const unsigned char *)"vector", .len = 6};
    if (p->what == TW_CMSG_HOST)
        tw_addr_inet(&v.addr, p->size == 4 ? AF_INET : AF_INET6,
                     p->size == 4 ? "1.2.3.4" : "fe80::1", 0);
    tw_cmsg_put(data, p, &v);
}

/* What is written is read again, and nothing beside it is changed. */
static void put_and_get(const struct tw_cmsg_form *form,
                        const struct tw_cmsg_part *p)
{
    int64_t least = 0, most = 0;
    size_t size = form->size + (p->what == TW_CMSG_BYTES ? 6 : 0);
    unsigned char zeros[ROOM] = {0};
    unsigned char *data = guard_copy(zeros, size);
    struct tw_cmsg item = {form->level, form->type, data, size};
    struct tw_cmsg_value v;
    if (p->what == TW_CMSG_NUM)
        tw_cmsg_range(p, &least, &most);
    put_part(data, p, most);
    tw_cmsg_get(&item, p, &v);
    CHECK_INT(v.num, most);
    put_part(data, p, least);
    tw_cmsg_get(&item, p, &v);
    CHECK_INT(v.num, least);
    CHECK_INT(v.what, p->what);
    for (size_t k = 0; k < size; k++)
        CHECK(!data[k] || p->what == TW_CMSG_BYTES ||
              (k >= p->at && k < p->at + (size_t)p->size));
}

static void what_is_put_is_got(void)
{
    const struct tw_cmsg_form *form;
    for (size_t i = 0; (form = tw_cmsg_form_at(i)) != NULL; i++)
        for (const struct tw_cmsg_part *p = form->parts; p->what; p++)
            if (form->sent && p->what != TW_CMSG_FDS)
                put_and_get(form, p);
}

static void by_name(void)
{
    const struct tw_cmsg_form *form = tw_cmsg_form_named("ttl", AF_INET);
    CHECK(form && form->level == IPPROTO_IP && form->type == IP_TTL);
    form = tw_cmsg_form_named("ttl", AF_INET6);
    CHECK(form && form->level == IPPROTO_IPV6 && form->type == IPV6_HOPLIMIT);
    form = tw_cmsg_form_named("pktinfo", AF_INET6);
    CHECK(form && form->size == sizeof(struct in6_pktinfo));
    form = tw_cmsg_form_named("rights", AF_UNIX);
    CHECK(form && form->type == SCM_RIGHTS);
    form = tw_cmsg_form_named("record_type", AF_INET);
    CHECK(form && form->type == 1);
    CHECK(tw_cmsg_form_named("recverr", AF_INET) == NULL);
    CHECK(tw_cmsg_form_named("timestamp", AF_INET) == NULL);
}

static void ranges(void)
{
    static const struct
    {
        struct tw_cmsg_part part;
        int64_t min, max;
    } rows[] = {
        {{"", TW_CMSG_NUM, 0, 1, 0}, 0, 255},
        {{"", TW_CMSG_NUM, 0, 1, TW_CMSG_SIGNED}, -128, 127},
        {{"", TW_CMSG_NUM, 0, 2, 0}, 0, 65535},
        {{"", TW_CMSG_NUM, 0, 4, 0}, 0, UINT32_MAX},
        {{"", TW_CMSG_NUM, 0, 4, TW_CMSG_SIGNED}, INT32_MIN, INT32_MAX},
        {{"", TW_CMSG_NUM, 0, 8, 0}, INT64_MIN, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
        int64_t min, max;
        tw_cmsg_range(&rows[i].part, &min, &max);
        CHECK_INT(min, rows[i].min);
        CHECK_INT(max, rows[i].max);
    }
}

int main(void)
{
    TAP_CASE(on_sockets);
    TAP_CASE(times);
    TAP_CASE(times_out_of_range);
    TAP_CASE(on_ipv4);
    TAP_CASE(on_ipv6);
    TAP_CASE(queued_errors);
    TAP_CASE(on_other_families);
    TAP_CASE(on_sctp);
    TAP_CASE(unknown);
    TAP_CASE(every_form_cut);
    TAP_CASE(every_form_spoilt);
    TAP_CASE(what_is_put_is_got);
    TAP_CASE(by_name);
    TAP_CASE(ranges);
    return tap_done();
}
