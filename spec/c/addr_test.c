/* Addresses as text and numbers, in both directions. */
#include "core/addr.h"
#include "mem.h"

#include <net/if.h>

enum
{
    NONAME = TW_ERESOLVE + EAI_NONAME,
    OTHER = TW_ERESOLVE + EAI_ADDRFAMILY
};

/* What `host` becomes, as text; or the name of the error. */
static const char *parsed(int family, const char *host)
{
    static char text[TW_ADDR_TEXT_MAX];
    struct tw_addr addr;
    memset(&addr, 0x5a, sizeof addr);
    int rc = tw_addr_inet(&addr, family, host, 80);
    return rc < 0 ? tw_err_name(rc) : tw_addr_format(&addr, text);
}

static void ipv4(void)
{
    struct tw_addr a;
    char host[TW_ADDR_HOST_MAX];
    CHECK_STR(parsed(AF_INET, "127.0.0.1"), "127.0.0.1:80");
    CHECK_STR(parsed(AF_INET, "255.255.255.255"), "255.255.255.255:80");
    CHECK_STR(parsed(AF_INET, ""), "0.0.0.0:80");
    CHECK_STR(parsed(AF_INET, "<broadcast>"), "255.255.255.255:80");
    CHECK_INT(tw_addr_inet(&a, AF_INET, "1.2.3.4", 65535), 0);
    CHECK_INT(a.len, sizeof a.u.in);
    CHECK_INT(tw_addr_family(&a), AF_INET);
    CHECK_INT(tw_addr_port(&a), 65535);
    CHECK_STR(tw_addr_host(&a, host), "1.2.3.4");
    CHECK_INT(ntohl(a.u.in.sin_addr.s_addr), 0x01020304);
}

static void ipv4_that_is_none(void)
{
    static const char *const bad[] = {
        "1.2.3",     "1.2.3.4.5",  "256.1.1.1", "1.2.3.04x", "localhost",
        "127.1",     "0x7f.0.0.1", " 1.2.3.4",  "1.2.3.4 ",  "<any>",
        "broadcast", ".",          "1.2.3.",    "-1.2.3.4",  "1.2.3.4%1",
    };
    struct tw_addr a;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK_INT(tw_addr_inet(&a, AF_INET, bad[i], 1), NONAME))
            printf("#   host \"%s\"\n", bad[i]);
}

static void ipv6(void)
{
    struct tw_addr a;
    char host[TW_ADDR_HOST_MAX];
    CHECK_STR(parsed(AF_INET6, "::1"), "[::1]:80");
    CHECK_STR(parsed(AF_INET6, ""), "[::]:80");
    CHECK_STR(parsed(AF_INET6, "::"), "[::]:80");
    CHECK_STR(parsed(AF_INET6, "2001:DB8:0:0:0:0:0:1"), "[2001:db8::1]:80");
    CHECK_STR(parsed(AF_INET6, "::ffff:1.2.3.4"), "[::ffff:1.2.3.4]:80");
    CHECK_STR(parsed(AF_INET6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
              "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80");
    CHECK_STR(parsed(AF_INET6, "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"),
              "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80");
    CHECK_INT(tw_addr_inet(&a, AF_INET6, "fd00::7", 9), 0);
    CHECK_INT(a.len, sizeof a.u.in6);
    CHECK_INT(tw_addr_family(&a), AF_INET6);
    CHECK_INT(tw_addr_port(&a), 9);
    CHECK_INT(a.u.in6.sin6_scope_id, 0);
    CHECK_INT(a.u.in6.sin6_flowinfo, 0);
    CHECK_STR(tw_addr_host(&a, host), "fd00::7");
}

static void ipv6_that_is_none(void)
{
    static const char *const bad[] = {
        ":",
        ":::",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "[::1]",
        "::g",
        "::1%",
        "::1%no-such-interface",
        "::1 ",
        "::1%-1",
        "::1%4294967296",
        "::1%99999999999999999999",
        "name",
        "%1",
        "::12345",
        "::1%1x",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    struct tw_addr a;
    CHECK_INT(tw_addr_inet(&a, AF_INET6, "<broadcast>", 1), OTHER);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK_INT(tw_addr_inet(&a, AF_INET6, bad[i], 1), NONAME))
            printf("#   host \"%s\"\n", bad[i]);
}

static void scopes(void)
{
    struct tw_addr a;
    char host[TW_ADDR_HOST_MAX], text[64], name[IF_NAMESIZE], want[96];
    CHECK_STR(parsed(AF_INET6, "fe80::1%2"), "[fe80::1%2]:80");
    CHECK_STR(parsed(AF_INET6, "fe80::1%0"), "[fe80::1]:80");
    CHECK_STR(parsed(AF_INET6, "fe80::1%4294967295"),
              "[fe80::1%4294967295]:80");
    CHECK_INT(tw_addr_inet(&a, AF_INET6, "fe80::1%7", 1), 0);
    CHECK_INT(a.u.in6.sin6_scope_id, 7);
    CHECK_STR(tw_addr_host(&a, host), "fe80::1");
    if (!if_indextoname(1, name)) /* no interfaces here */
        return;
    snprintf(text, sizeof text, "fe80::1%%%s", name);
    snprintf(want, sizeof want, "[fe80::1%%1]:80");
    CHECK_STR(parsed(AF_INET6, text), want);
}

static void of_the_other_family(void)
{
    struct tw_addr a;
    CHECK_INT(tw_addr_inet(&a, AF_INET, "::1", 1), OTHER);
    CHECK_INT(tw_addr_inet(&a, AF_INET, "::ffff:1.2.3.4", 1), OTHER);
    CHECK_INT(tw_addr_inet(&a, AF_INET, "fe80::1%1", 1), OTHER);
    CHECK_INT(tw_addr_inet(&a, AF_INET6, "1.2.3.4", 1), OTHER);
    CHECK_INT(tw_addr_inet(&a, AF_UNIX, "1.2.3.4", 1), -EAFNOSUPPORT);
    CHECK_INT(tw_addr_inet(&a, AF_UNSPEC, "", 1), -EAFNOSUPPORT);
    CHECK_INT(tw_addr_inet(&a, -1, "", 1), -EAFNOSUPPORT);
}

static void ports(void)
{
    struct tw_addr a;
    tw_addr_inet(&a, AF_INET, "", 1);
    tw_addr_set_port(&a, 0x1234);
    CHECK_INT(a.u.in.sin_port, htons(0x1234));
    CHECK_INT(tw_addr_port(&a), 0x1234);
    tw_addr_inet(&a, AF_INET6, "", 1);
    tw_addr_set_port(&a, 0x1234);
    CHECK_INT(a.u.in6.sin6_port, htons(0x1234));
    tw_addr_unix(&a, "/x", 2);
    struct tw_addr before = a;
    tw_addr_set_port(&a, 99);
    CHECK(memcmp(&a, &before, sizeof a) == 0);
    CHECK_INT(tw_addr_port(&a), 0);
    memset(&a, 0, sizeof a);
    tw_addr_set_port(&a, 99);
    CHECK_INT(tw_addr_port(&a), 0);
}

static void unix_paths(void)
{
    struct tw_addr a;
    char path[200], host[TW_ADDR_HOST_MAX], text[TW_ADDR_TEXT_MAX];
    size_t len, head = offsetof(struct sockaddr_un, sun_path);
    memset(path, 'p', sizeof path);
    CHECK_INT(tw_addr_unix(&a, "/run/x", 6), 0);
    CHECK_INT(a.len, head + 7);
    CHECK_INT(tw_addr_family(&a), AF_UNIX);
    CHECK(memcmp(tw_addr_path(&a, &len), "/run/x", 7) == 0);
    CHECK_INT(len, 6);
    CHECK_STR(tw_addr_format(&a, text), "/run/x");
    CHECK_STR(tw_addr_host(&a, host), "");
    CHECK_INT(tw_addr_unix(&a, path, 107), 0);
    CHECK_INT(a.len, head + 108);
    tw_addr_path(&a, &len);
    CHECK_INT(len, 107);
    CHECK_INT(tw_addr_unix(&a, path, 108), -ENAMETOOLONG);
    CHECK_INT(tw_addr_unix(&a, path, 109), -ENAMETOOLONG);
    CHECK_INT(tw_addr_unix(&a, path, SIZE_MAX), -ENAMETOOLONG);
    tw_addr_path(&a, &len);
    CHECK_INT(len, 107); /* what failed has changed nothing */
    CHECK_INT(tw_addr_unix(&a, "a\0b", 3), -EINVAL);
    CHECK_INT(tw_addr_unix(&a, "ab\0", 3), -EINVAL);
    CHECK_INT(tw_addr_unix(&a, "", 0), 0);
    CHECK_INT(a.len, head);
    tw_addr_path(&a, &len);
    CHECK_INT(len, 0);
    CHECK_STR(tw_addr_format(&a, text), "unnamed");
}

static void abstract_names(void)
{
    struct tw_addr a;
    char name[200] = {0}, text[TW_ADDR_TEXT_MAX];
    size_t len, head = offsetof(struct sockaddr_un, sun_path);
    CHECK_INT(tw_addr_unix(&a, "\0ab\0c", 5), 0);
    CHECK_INT(a.len, head + 5);
    CHECK(memcmp(tw_addr_path(&a, &len), "\0ab\0c", 5) == 0);
    CHECK_INT(len, 5);
    CHECK_STR(tw_addr_format(&a, text), "@ab\\x00c");
    CHECK_INT(tw_addr_unix(&a, name, 1), 0);
    CHECK_STR(tw_addr_format(&a, text), "@");
    CHECK_INT(tw_addr_unix(&a, name, 107), 0);
    CHECK_INT(tw_addr_unix(&a, name, 108), 0);
    CHECK_INT(a.len, head + 108);
    CHECK_INT(strlen(tw_addr_format(&a, text)), 1 + 4 * 107);
    CHECK_INT(tw_addr_unix(&a, name, 109), -ENAMETOOLONG);
}

static void formatting(void)
{
    struct tw_addr a;
    char text[TW_ADDR_TEXT_MAX];
    memset(&a, 0, sizeof a);
    CHECK_STR(tw_addr_format(&a, text), "unnamed");
    CHECK_INT(tw_addr_family(&a), AF_UNSPEC);
    a.len = sizeof a.u.sa;
    a.u.sa.sa_family = AF_APPLETALK;
    CHECK_STR(tw_addr_format(&a, text), "family 5");
    CHECK_STR(tw_addr_host(&a, text), "");
    a.u.sa.sa_family = 65535;
    CHECK_STR(tw_addr_format(&a, text), "family 65535");
    tw_addr_unix(&a, "\n\x1f \x7f\xc3\xa4~", 7);
    CHECK_STR(tw_addr_format(&a, text), "\\x0a\\x1f \\x7f\xc3\xa4~");
    tw_addr_inet(&a, AF_INET6,
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295", 65535);
    CHECK_STR(tw_addr_format(&a, text),
              "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
}

/* The kernel's own lengths: with and without the NUL, or with no room for it.
   Bytes past the length are none of the name's. */
static void unix_names_as_received(void)
{
    struct tw_addr a;
    size_t len, head = offsetof(struct sockaddr_un, sun_path);
    memset(&a, 'z', sizeof a);
    a.u.un.sun_family = AF_UNIX;
    a.len = (socklen_t)head;
    tw_addr_path(&a, &len);
    CHECK_INT(len, 0);
    a.len = (socklen_t)head + 3;
    tw_addr_path(&a, &len);
    CHECK_INT(len, 3);
    a.u.un.sun_path[2] = '\0';
    tw_addr_path(&a, &len);
    CHECK_INT(len, 2);
    memset(a.u.un.sun_path, 'z', sizeof a.u.un.sun_path);
    a.len = sizeof a.u.un;
    tw_addr_path(&a, &len);
    CHECK_INT(len, 108);
    a.len = sizeof a.u.un + 1; /* as Linux says of a path of 108 bytes */
    tw_addr_path(&a, &len);
    CHECK_INT(len, 108);
}

/* Any bytes of any length: nothing outside the address is read, and nothing
   outside the text written. */
static void any_length(void)
{
    static const int families[] = {AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, 16};
    static const char fills[] = {0, 1, 'a', '\xff'};
    struct test_mem t;
    test_mem_init(&t);
    t.guarded = true;
    struct tw_addr *a = tw__mem_new(&t.mem, sizeof *a);
    char *host = tw__mem_new(&t.mem, TW_ADDR_HOST_MAX);
    char *text = tw__mem_new(&t.mem, TW_ADDR_TEXT_MAX);
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        for (size_t j = 0; j < sizeof fills; j++)
            for (socklen_t n = 0; n <= sizeof a->u; n++)
            {
                size_t len;
                memset(a, fills[j], sizeof *a);
                a->u.sa.sa_family = (sa_family_t)families[i];
                a->len = n;
                CHECK(strlen(tw_addr_format(a, text)) < TW_ADDR_TEXT_MAX);
                CHECK(strlen(tw_addr_host(a, host)) < TW_ADDR_HOST_MAX);
                tw_addr_path(a, &len);
                CHECK(len <= TW_ADDR_PATH_MAX && len <= n);
                tw_addr_port(a);
            }
    tw__mem_free(&t.mem, a, sizeof *a);
    tw__mem_free(&t.mem, host, TW_ADDR_HOST_MAX);
    tw__mem_free(&t.mem, text, TW_ADDR_TEXT_MAX);
    CHECK_INT(t.blocks, 0);
}

int main(void)
{
    TAP_CASE(ipv4);
    TAP_CASE(ipv4_that_is_none);
    TAP_CASE(ipv6);
    TAP_CASE(ipv6_that_is_none);
    TAP_CASE(scopes);
    TAP_CASE(of_the_other_family);
    TAP_CASE(ports);
    TAP_CASE(unix_paths);
    TAP_CASE(abstract_names);
    TAP_CASE(formatting);
    TAP_CASE(unix_names_as_received);
    TAP_CASE(any_length);
    return tap_done();
}
