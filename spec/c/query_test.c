/*
 * core/query: what needs no resolver, and what is made of gethostby*_r, whose
 * place this test takes: entries that need much room, and every way to fail.
 */
#include "core/query.h"
#include "tap.h"

#include <arpa/inet.h>

/* -- in place of the C library's ------------------------------------------ */

static struct
{
    size_t need; /* less room than this is not enough */
    int rc, herr;
    bool none;
    int calls, family;
} fake;

/* An entry in `room`: two aliases, and the address twice. */
static void fill(struct hostent *entry, const void *addr, char *room)
{
    char **lists = (char **)(void *)room;
    lists[0] = "alias";
    lists[1] = "";
    lists[2] = NULL;
    lists[3] = lists[4] = (char *)addr;
    lists[5] = NULL;
    *entry = (struct hostent){.h_name = "name",
                              .h_aliases = lists,
                              .h_addrtype = fake.family,
                              .h_addr_list = lists + 3};
}

static int pretend(const void *addr, struct hostent *entry, char *room,
                   size_t size)
{
    fake.calls++;
    memset(room, 0xff, size);
    if (size < fake.need)
        return ERANGE;
    if (fake.rc == 0 && !fake.none)
        fill(entry, addr, room);
    return fake.rc;
}

/* Called in libc's place. */
int gethostbyaddr_r(const void *addr, socklen_t len, int type,
                    struct hostent *entry, char *room, size_t size,
                    struct hostent **found, int *herr)
{
    (void)len;
    fake.family = type;
    int rc = pretend(addr, entry, room, size);
    *found = rc == 0 && !fake.none ? entry : NULL;
    *herr = rc == ERANGE ? NETDB_INTERNAL : fake.herr;
    return rc;
}

/* Called in libc's place. */
int gethostbyname_r(const char *name, struct hostent *entry, char *room,
                    size_t size, struct hostent **found, int *herr)
{
    static const struct in_addr addr = {0x0100007f};
    (void)name;
    fake.family = AF_INET;
    int rc = pretend(&addr, entry, room, size);
    *found = rc == 0 && !fake.none ? entry : NULL;
    *herr = rc == ERANGE ? NETDB_INTERNAL : fake.herr;
    return rc;
}

static void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
}

/* -- asking ---------------------------------------------------------------- */

static int run(const struct tw_query *query, struct tw_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    int rc = tw_query_run(query, answer);
    CHECK(rc == 0 || (!answer->list && !answer->strings));
    return rc;
}

/* What asking for a host's names returns, without the answer. */
static int asked(enum tw_query_kind kind, const char *host)
{
    struct tw_answer answer;
    const struct tw_query query = {.kind = kind, .host = host};
    int rc = run(&query, &answer);
    tw_answer_deinit(&answer);
    CHECK(!answer.strings && !answer.names && !answer.addrs);
    return rc;
}

/* The strings of an answer, each with a comma after it. */
static const char *joined(const struct tw_answer *answer)
{
    static char out[256];
    const char *at = answer->strings;
    out[0] = '\0';
    for (size_t i = 0; i < answer->names + answer->addrs; i++)
    {
        size_t len = strlen(out);
        snprintf(out + len, sizeof out - len, "%s,", at);
        at += strlen(at) + 1;
    }
    return out;
}

/* -- what is local --------------------------------------------------------- */

static bool addrs_local(const char *host, const char *service, int flags)
{
    struct tw_query query = {
        .kind = TW_QUERY_ADDRS, .host = host, .service = service};
    query.hints.ai_flags = flags;
    return tw_query_local(&query);
}

static void numbers_are_local(void)
{
    static const char *const numbers[] = {"127.0.0.1",
                                          "127.1",
                                          "0x7f000001",
                                          "1",
                                          "::1",
                                          "::",
                                          "fe80::1%1",
                                          "fe80::1%lo",
                                          "fe80::1%no such",
                                          "::ffff:1.2.3.4"};
    static const char *const names[] = {
        "",          "localhost", "<broadcast>", "256.1.1.1", "::1::2",
        "1.2.3.4 x", "1.2.3.4.5", "%1",          "1.2.3.4%1", "::g"};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (!CHECK(addrs_local(numbers[i], "80", 0)))
            printf("#   %s\n", numbers[i]);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (!CHECK(!addrs_local(names[i], "80", 0)))
            printf("#   %s\n", names[i]);
    CHECK(addrs_local(NULL, NULL, 0));
    CHECK(addrs_local("::1", NULL, 0));
    CHECK(addrs_local("::1", "", 0));
    CHECK(!addrs_local("::1", "http", 0));
    CHECK(!addrs_local(NULL, "80x", 0));
    CHECK(addrs_local("::1", "http", AI_NUMERICSERV));
    CHECK(addrs_local("localhost", "80", AI_NUMERICHOST));
    CHECK(!addrs_local("localhost", "http", AI_NUMERICHOST));
}

static void other_kinds_are_local(void)
{
    struct tw_query query = {.kind = TW_QUERY_NAMES};
    CHECK(!tw_query_local(&query));
    query.flags = NI_NUMERICHOST;
    CHECK(!tw_query_local(&query));
    query.flags = NI_NUMERICHOST | NI_NUMERICSERV | NI_DGRAM;
    CHECK(tw_query_local(&query));
    query = (struct tw_query){.kind = TW_QUERY_BYNAME, .host = "127.0.0.1"};
    CHECK(tw_query_local(&query));
    query.host = "localhost";
    CHECK(!tw_query_local(&query));
    query = (struct tw_query){.kind = TW_QUERY_BYADDR, .host = "127.0.0.1"};
    CHECK(!tw_query_local(&query));
}

/* -- getaddrinfo and getnameinfo ------------------------------------------- */

static int addrs(const char *service)
{
    struct tw_answer answer;
    struct tw_query query = {
        .kind = TW_QUERY_ADDRS, .host = "127.0.0.1", .service = service};
    query.hints.ai_socktype = SOCK_STREAM;
    int rc = run(&query, &answer);
    if (rc == 0)
    {
        struct sockaddr_in in;
        CHECK_INT(answer.list->ai_addrlen, sizeof in);
        memcpy(&in, answer.list->ai_addr, sizeof in);
        rc = ntohs(in.sin_port);
    }
    tw_answer_deinit(&answer);
    CHECK(!answer.list);
    tw_answer_deinit(&answer);
    return rc;
}

/* The C library takes the last 16 bits of whatever is a number. */
static void ports(void)
{
    static const char *const bad[] = {"65536",
                                      "-1",
                                      "-4294967216",
                                      "4294967376",
                                      "18446744073709551616",
                                      "-99999999999999999999999",
                                      "no such service"};
    CHECK_INT(addrs("80"), 80);
    CHECK_INT(addrs("65535"), 65535);
    CHECK_INT(addrs(" +7"), 7);
    CHECK_INT(addrs(""), 0);
    CHECK_INT(addrs(NULL), 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK_INT(addrs(bad[i]), TW_ERESOLVE + EAI_SERVICE))
            printf("#   %s\n", bad[i]);
}

static void names_of_an_address(void)
{
    struct tw_answer answer;
    struct tw_query query = {.kind = TW_QUERY_NAMES,
                             .flags = NI_NUMERICHOST | NI_NUMERICSERV};
    CHECK_INT(tw_addr_inet(&query.addr, AF_INET, "127.0.0.1", 80), 0);
    CHECK_INT(run(&query, &answer), 0);
    CHECK(answer.names == 2 && answer.addrs == 0);
    CHECK_STR(joined(&answer), "127.0.0.1,80,");
    tw_answer_deinit(&answer);
    CHECK_INT(tw_addr_inet(&query.addr, AF_INET6, "ff02::1%424242", 0), 0);
    CHECK_INT(run(&query, &answer), 0);
    CHECK_STR(joined(&answer), "ff02::1%424242,0,");
    tw_answer_deinit(&answer);
    query.flags |= NI_NAMEREQD;
    CHECK_INT(run(&query, &answer), TW_ERESOLVE + EAI_NONAME);
    query.flags = 1 << 20;
    CHECK_INT(run(&query, &answer), TW_ERESOLVE + EAI_BADFLAGS);
    tw_addr_unix(&query.addr, "/x", 2);
    CHECK_INT(run(&query, &answer), TW_ERESOLVE + EAI_FAMILY);
    query.addr.len = 0;
    CHECK_INT(run(&query, &answer), TW_ERESOLVE + EAI_FAMILY);
}

/* -- gethostbyname and gethostbyaddr --------------------------------------- */

static void what_is_known_of_a_host(void)
{
    struct tw_answer answer;
    struct tw_query query = {.kind = TW_QUERY_BYADDR, .host = "127.0.0.1"};
    fake_reset();
    CHECK_INT(run(&query, &answer), 0);
    CHECK(answer.names == 3 && answer.addrs == 2);
    CHECK_STR(joined(&answer), "name,alias,,127.0.0.1,127.0.0.1,");
    tw_answer_deinit(&answer);
    query.host = "::1";
    CHECK_INT(run(&query, &answer), 0);
    CHECK_STR(joined(&answer), "name,alias,,::1,::1,");
    tw_answer_deinit(&answer);
    query = (struct tw_query){.kind = TW_QUERY_BYNAME, .host = "localhost"};
    CHECK_INT(run(&query, &answer), 0);
    CHECK_STR(joined(&answer), "name,alias,,127.0.0.1,127.0.0.1,");
    tw_answer_deinit(&answer);
    CHECK_INT(fake.calls, 3);
    query.host = "127.1"; /* is not asked for */
    CHECK_INT(run(&query, &answer), 0);
    CHECK_STR(joined(&answer), "127.1,127.0.0.1,");
    tw_answer_deinit(&answer);
    CHECK_INT(fake.calls, 3);
}

static void with_much_room(void)
{
    fake_reset();
    fake.need = 100000;
    CHECK_INT(asked(TW_QUERY_BYADDR, "::1"), 0);
    CHECK(fake.calls > 3);
    fake.need = (size_t)1 << 30; /* that goes too far */
    CHECK_INT(asked(TW_QUERY_BYADDR, "::1"), -ERANGE);
    CHECK(fake.calls < 40);
}

static void what_fails(void)
{
    static const int herrs[] = {HOST_NOT_FOUND, TRY_AGAIN, NO_RECOVERY,
                                NO_DATA};
    fake_reset();
    fake.none = true;
    for (size_t i = 0; i < sizeof herrs / sizeof herrs[0]; i++)
    {
        fake.herr = herrs[i];
        CHECK_INT(asked(TW_QUERY_BYADDR, "::1"), TW_EHOST - herrs[i]);
        CHECK_INT(asked(TW_QUERY_BYNAME, "localhost"), TW_EHOST - herrs[i]);
    }
    fake.herr = 0;
    CHECK_INT(asked(TW_QUERY_BYADDR, "::1"), TW_EHOST - HOST_NOT_FOUND);
    fake.herr = NETDB_INTERNAL;
    CHECK_INT(asked(TW_QUERY_BYADDR, "::1"), -EIO);
    fake.rc = EMFILE;
    CHECK_INT(asked(TW_QUERY_BYADDR, "::1"), -EMFILE);
    fake.rc = EAGAIN;
    fake.herr = TRY_AGAIN;
    CHECK_INT(asked(TW_QUERY_BYADDR, "::1"), TW_EHOST - TRY_AGAIN);
}

/* It is asked for an address first, which tells what is no host at all. */
static void no_host_at_all(void)
{
    fake_reset();
    CHECK_INT(asked(TW_QUERY_BYNAME, "::1"), TW_ERESOLVE + EAI_ADDRFAMILY);
    CHECK_INT(asked(TW_QUERY_BYADDR, "::1::2"), TW_ERESOLVE + EAI_NONAME);
    CHECK_INT(fake.calls, 0);
}

int main(void)
{
    TAP_CASE(numbers_are_local);
    TAP_CASE(other_kinds_are_local);
    TAP_CASE(ports);
    TAP_CASE(names_of_an_address);
    TAP_CASE(what_is_known_of_a_host);
    TAP_CASE(with_much_room);
    TAP_CASE(what_fails);
    TAP_CASE(no_host_at_all);
    return tap_done();
}
