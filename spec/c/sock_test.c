/* Sockets over a network that answers as told, and over the kernel's. */
#include "core/sock.h"
#include "mem.h"

#include <errno.h>

/* Answers, by function; and what was asked last. */
struct fake
{
    struct tw_net net;
    int open_rc, pair_rc, dup_rc, close_rc, set_nonblock_rc, get_nonblock_rc;
    int accept_rc[100]; /* one after another */
    int accepts, accept_flags;
    ssize_t recv_rc, peek_rc, recvfrom_rc;
    int peeks;
    bool hungup;
    int so_type_rc, so_type, so_domain_rc, so_domain, so_proto_rc, so_proto;
    int type, closed, backlog; /* arguments seen */
    bool nonblock;             /* the descriptor's mode */
    char log[256];             /* what was called, in order */
};

static struct fake *called(const struct tw_net *net, const char *what)
{
    struct fake *f = tw__container_of(net, struct fake, net);
    size_t used = strlen(f->log);
    snprintf(f->log + used, sizeof f->log - used, "%s ", what);
    return f;
}

static int fake_open(const struct tw_net *net, int family, int type, int proto)
{
    struct fake *f = called(net, "open");
    (void)family, (void)proto;
    f->type = type;
    return f->open_rc;
}

static int fake_accept(const struct tw_net *net, int fd, struct tw_addr *peer,
                       int flags)
{
    struct fake *f = called(net, "");
    (void)fd;
    peer->len = 0;
    f->accept_flags = flags;
    return f->accept_rc[f->accepts++ % 100];
}

static int fake_dup(const struct tw_net *net, int fd)
{
    (void)fd;
    return called(net, "dup")->dup_rc;
}

static int fake_pair(const struct tw_net *net, int family, int type, int proto,
                     int fds[2])
{
    struct fake *f = called(net, "pair");
    (void)family, (void)proto;
    f->type = type;
    fds[0] = 10;
    fds[1] = 11;
    return f->pair_rc;
}

static int fake_close(const struct tw_net *net, int fd)
{
    struct fake *f = called(net, "close");
    f->closed = fd;
    return f->close_rc;
}

static int fake_listen(const struct tw_net *net, int fd, int backlog)
{
    (void)fd;
    called(net, "listen")->backlog = backlog;
    return 0;
}

static ssize_t fake_recv(const struct tw_net *net, int fd, void *data,
                         size_t len, int flags)
{
    struct fake *f = called(net, "recv");
    (void)fd, (void)data, (void)len;
    if (!(flags & MSG_PEEK))
        return f->recv_rc;
    CHECK(flags & MSG_DONTWAIT);
    f->peeks++;
    return f->peek_rc;
}

static ssize_t fake_recvfrom(const struct tw_net *net, int fd,
                             struct tw_dgram *dgram, int flags)
{
    (void)fd, (void)flags;
    dgram->addr.len = 7;
    return called(net, "recvfrom")->recvfrom_rc;
}

static int fake_getopt(const struct tw_net *net, int fd, struct tw_optval *opt)
{
    struct fake *f = called(net, "getopt");
    int *value = opt->value;
    (void)fd;
    CHECK_INT(opt->level, SOL_SOCKET);
    CHECK_INT(opt->len, sizeof *value);
    if (opt->name == SO_TYPE)
        *value = f->so_type;
    else if (opt->name == SO_DOMAIN)
        *value = f->so_domain;
    else
        *value = f->so_proto;
    return opt->name == SO_TYPE     ? f->so_type_rc
           : opt->name == SO_DOMAIN ? f->so_domain_rc
                                    : f->so_proto_rc;
}

static int fake_hungup(const struct tw_net *net, int fd)
{
    (void)fd;
    return called(net, "hungup")->hungup;
}

static int fake_set_nonblock(const struct tw_net *net, int fd, bool on)
{
    struct fake *f = called(net, on ? "nonblock" : "block");
    (void)fd;
    if (f->set_nonblock_rc >= 0)
        f->nonblock = on;
    return f->set_nonblock_rc;
}

static int fake_get_nonblock(const struct tw_net *net, int fd)
{
    (void)fd;
    return called(net, "mode")->get_nonblock_rc;
}

static const struct fake blank = {
    .net =
        {
            .open = fake_open,
            .accept = fake_accept,
            .dup = fake_dup,
            .pair = fake_pair,
            .close = fake_close,
            .listen = fake_listen,
            .recv = fake_recv,
            .recvfrom = fake_recvfrom,
            .hungup = fake_hungup,
            .getopt = fake_getopt,
            .set_nonblock = fake_set_nonblock,
            .get_nonblock = fake_get_nonblock,
        },
    .open_rc = 5,
    .dup_rc = 6,
    .so_type = SOCK_STREAM,
    .so_domain = AF_INET6,
    .so_proto = IPPROTO_TCP,
};

/* A socket of the given type over `f`, open. */
static struct tw_sock opened(struct fake *f, int type, int64_t timeout)
{
    struct tw_sock s;
    *f = blank;
    tw_sock_init(&s, &f->net, timeout);
    CHECK_INT(tw_sock_open(&s, AF_INET, type, 0), 0);
    f->log[0] = '\0';
    return s;
}

/* -- opening ------------------------------------------------------------- */

static void open_sets_the_mode(void)
{
    struct fake f;
    struct tw_sock s = opened(&f, SOCK_STREAM | SOCK_CLOEXEC, TW_FOREVER);
    CHECK(!(f.type & SOCK_NONBLOCK));
    CHECK(s.fd == 5 && s.family == AF_INET && s.type == SOCK_STREAM);
    CHECK(!s.nonblock && s.timeout == TW_FOREVER);
    s = opened(&f, SOCK_DGRAM, 1000);
    CHECK(f.type == (SOCK_DGRAM | SOCK_NONBLOCK));
    CHECK(s.nonblock && s.timeout == 1000 && s.type == SOCK_DGRAM);
    s = opened(&f, SOCK_STREAM | SOCK_NONBLOCK, TW_FOREVER);
    CHECK(s.nonblock && s.timeout == 0 && s.type == SOCK_STREAM);
}

static void open_that_fails(void)
{
    struct fake f = blank;
    struct tw_sock s;
    f.open_rc = -EMFILE;
    tw_sock_init(&s, &f.net, TW_FOREVER);
    CHECK_INT(tw_sock_open(&s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
              -EMFILE);
    CHECK(s.fd == -1 && s.timeout == TW_FOREVER);
    CHECK_INT(tw_sock_close(&s), 0);
    CHECK_STR(f.log, "open ");
}

static void pairs(void)
{
    struct fake f = blank;
    struct tw_sock pair[2];
    for (int i = 0; i < 2; i++)
        tw_sock_init(&pair[i], &f.net, TW_FOREVER);
    f.pair_rc = -EMFILE;
    CHECK_INT(tw_sock_pair(pair, AF_UNIX, SOCK_STREAM, 0), -EMFILE);
    CHECK(pair[0].fd == -1 && pair[1].fd == -1);
    f.pair_rc = 0;
    CHECK_INT(tw_sock_pair(pair, AF_UNIX, SOCK_STREAM, 0), 0);
    CHECK(pair[0].fd == 10 && pair[1].fd == 11 && f.type == SOCK_STREAM);
    CHECK(!pair[0].nonblock && pair[0].timeout == TW_FOREVER);
    CHECK_INT(tw_sock_pair(pair, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0), 0);
    for (int i = 0; i < 2; i++)
        CHECK(pair[i].nonblock && pair[i].timeout == 0 &&
              pair[i].type == SOCK_DGRAM);
}

static void adopts(void)
{
    struct fake f = blank;
    struct tw_sock s;
    tw_sock_init(&s, &f.net, TW_FOREVER);
    CHECK_INT(tw_sock_adopt(&s, 9, -1, -1, -1), 0);
    CHECK(s.fd == 9 && s.family == AF_INET6 && s.type == SOCK_STREAM &&
          s.proto == IPPROTO_TCP);
    CHECK(!s.nonblock && s.timeout == TW_FOREVER);
    f.get_nonblock_rc = 1;
    tw_sock_init(&s, &f.net, TW_FOREVER);
    CHECK_INT(tw_sock_adopt(&s, 9, AF_UNIX, SOCK_DGRAM, 3), 0);
    CHECK(s.family == AF_UNIX && s.type == SOCK_DGRAM && s.proto == 3);
    CHECK(s.nonblock && s.timeout == 0);
    f = blank;
    tw_sock_init(&s, &f.net, 500); /* a default timeout */
    CHECK_INT(tw_sock_adopt(&s, 9, AF_UNIX, SOCK_DGRAM, 0), 0);
    CHECK(s.nonblock && s.timeout == 500 && f.nonblock);
}

/* Whatever fails, the descriptor stays the caller's, as it was. */
static void adopts_nothing(void)
{
    for (int i = 0; i < 5; i++)
    {
        struct fake f = blank;
        struct tw_sock s;
        f.so_type_rc = i == 0 ? -ENOTSOCK : 0;
        f.so_domain_rc = i == 1 ? -EIO : 0;
        f.so_proto_rc = i == 2 ? -EIO : 0;
        f.get_nonblock_rc = i == 3 ? -EBADF : 0;
        f.set_nonblock_rc = i == 4 ? -EPERM : 0;
        tw_sock_init(&s, &f.net, 500);
        CHECK(tw_sock_adopt(&s, 9, -1, -1, -1) < 0);
        CHECK(s.fd == -1 && s.timeout == 500 && !f.nonblock);
        CHECK(!strstr(f.log, "close"));
    }
}

static void duplicates(void)
{
    struct fake f;
    struct tw_sock copy, s = opened(&f, SOCK_DGRAM, 1000);
    tw_sock_init(&copy, &f.net, TW_FOREVER);
    f.dup_rc = -EMFILE;
    CHECK_INT(tw_sock_dup(&s, &copy), -EMFILE);
    CHECK(copy.fd == -1 && copy.timeout == TW_FOREVER);
    f.dup_rc = 6;
    CHECK_INT(tw_sock_dup(&s, &copy), 0);
    CHECK(copy.fd == 6 && copy.timeout == 1000 && copy.nonblock &&
          copy.type == SOCK_DGRAM && s.fd == 5);
}

/* -- closing ------------------------------------------------------------- */

static void closes_once(void)
{
    struct fake f;
    struct tw_sock s = opened(&f, SOCK_STREAM, TW_FOREVER);
    f.close_rc = -EIO;
    CHECK_INT(tw_sock_close(&s), -EIO);
    CHECK(f.closed == 5 && s.fd == -1);
    CHECK_INT(tw_sock_close(&s), 0);
    CHECK_STR(f.log, "close ");
}

static void detach_restores_the_mode(void)
{
    struct fake f;
    struct tw_sock s = opened(&f, SOCK_STREAM, TW_FOREVER);
    CHECK_INT(tw_sock_set_nonblock(&s), 0);
    CHECK(s.nonblock && f.nonblock && s.timeout == TW_FOREVER);
    CHECK_INT(tw_sock_set_nonblock(&s), 0); /* no second call */
    CHECK_STR(f.log, "nonblock ");
    CHECK_INT(tw_sock_detach(&s), 5);
    CHECK(!f.nonblock && s.fd == -1);
    CHECK_INT(tw_sock_detach(&s), -1);
    s = opened(&f, SOCK_STREAM, 0);
    CHECK_INT(tw_sock_detach(&s), 5);
    CHECK_STR(f.log, ""); /* it means to be non-blocking */
    s = opened(&f, SOCK_STREAM, TW_FOREVER);
    CHECK_INT(tw_sock_detach(&s), 5);
    CHECK_STR(f.log, "");
}

static void timeouts(void)
{
    struct fake f;
    struct tw_sock s = opened(&f, SOCK_STREAM, TW_FOREVER);
    CHECK_INT(tw_sock_settimeout(&s, 7), 0);
    CHECK(f.nonblock && s.nonblock && s.timeout == 7);
    CHECK_INT(tw_sock_settimeout(&s, TW_FOREVER), 0);
    CHECK(!f.nonblock && !s.nonblock && s.timeout == TW_FOREVER);
    f.set_nonblock_rc = -EPERM;
    CHECK_INT(tw_sock_settimeout(&s, 7), -EPERM);
    CHECK(!s.nonblock && s.timeout == TW_FOREVER);
    CHECK_INT(tw_sock_set_nonblock(&s), -EPERM);
    CHECK(!s.nonblock);
}

static void closed_sockets_say_so(void)
{
    struct fake f = blank;
    struct tw_sock s, other;
    struct tw_addr addr = {.len = 0};
    struct tw_dgram dgram = {.data = NULL};
    struct tw_optval opt = {.level = 0};
    tw_sock_init(&s, &f.net, TW_FOREVER);
    tw_sock_init(&other, &f.net, TW_FOREVER);
    CHECK_INT(tw_sock_dup(&s, &other), TW_ECLOSED);
    CHECK_INT(tw_sock_settimeout(&s, 0), TW_ECLOSED);
    CHECK_INT(tw_sock_set_nonblock(&s), TW_ECLOSED);
    CHECK_INT(tw_sock_bind(&s, &addr), TW_ECLOSED);
    CHECK_INT(tw_sock_listen(&s, 1), TW_ECLOSED);
    CHECK_INT(tw_sock_accept(&s, &other, &addr), TW_ECLOSED);
    CHECK_INT(tw_sock_connect(&s, &addr), TW_ECLOSED);
    CHECK_INT(tw_sock_shutdown(&s, SHUT_RD), TW_ECLOSED);
    CHECK_INT(tw_sock_send(&s, "", 0, 0), TW_ECLOSED);
    CHECK_INT(tw_sock_recv(&s, NULL, 0, 0), TW_ECLOSED);
    CHECK_INT(tw_sock_sendto(&s, &dgram, 0), TW_ECLOSED);
    CHECK_INT(tw_sock_recvfrom(&s, &dgram, 0), TW_ECLOSED);
    memset(&addr, 0x5a, sizeof addr);
    const struct tw_addr before = addr;
    CHECK_INT(tw_sock_getsockname(&s, &addr), TW_ECLOSED);
    CHECK_INT(tw_sock_getpeername(&s, &addr), TW_ECLOSED);
    CHECK(memcmp(&addr, &before, sizeof addr) == 0); /* and nothing said */
    CHECK_INT(tw_sock_getopt(&s, &opt), TW_ECLOSED);
    CHECK_INT(tw_sock_setopt(&s, &opt), TW_ECLOSED);
    CHECK_STR(f.log, "");
}

/* -- accepting ----------------------------------------------------------- */

static void accept_passes_over_the_dead(void)
{
    static const int dead[] = {
        -ECONNABORTED, -ENETDOWN,     -EPROTO,      -EHOSTDOWN,
        -ENONET,       -EHOSTUNREACH, -ENETUNREACH, -EPERM,
    };
    const int n = sizeof dead / sizeof dead[0];
    struct fake f;
    struct tw_addr peer;
    struct tw_sock conn, s = opened(&f, SOCK_STREAM, TW_FOREVER);
    tw_sock_init(&conn, &f.net, 1000);
    memcpy(f.accept_rc, dead, sizeof dead);
    f.accept_rc[n] = 8;
    CHECK_INT(tw_sock_accept(&s, &conn, &peer), 0);
    CHECK(conn.fd == 8 && conn.family == AF_INET && conn.type == SOCK_STREAM);
    CHECK(conn.nonblock && conn.timeout == 1000);
    CHECK_INT(f.accept_flags, SOCK_NONBLOCK);
    CHECK_INT(f.accepts, n + 1);
    tw_sock_init(&conn, &f.net, TW_FOREVER);
    f.accept_rc[f.accepts] = 9;
    CHECK_INT(tw_sock_accept(&s, &conn, &peer), 0);
    CHECK(conn.fd == 9 && !conn.nonblock && f.accept_flags == 0);
}

static void accept_reports_the_rest(void)
{
    static const int codes[] = {-EMFILE,      -ENFILE, -EINVAL, -EOPNOTSUPP,
                                TW_WANT_READ, -ENOMEM, -EBADF,  TW_WANT_RETRY};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
    {
        struct fake f;
        struct tw_addr peer;
        struct tw_sock conn, s = opened(&f, SOCK_STREAM, 0);
        tw_sock_init(&conn, &f.net, 1000);
        f.accept_rc[0] = -ECONNABORTED;
        f.accept_rc[1] = codes[i];
        CHECK_INT(tw_sock_accept(&s, &conn, &peer), codes[i]);
        CHECK(conn.fd == -1 && s.fd == 5);
        f.accept_rc[2] = 8;
        CHECK_INT(tw_sock_accept(&s, &conn, &peer), 0);
        CHECK_INT(conn.fd, 8);
    }
}

static void accept_is_bounded(void)
{
    struct fake f;
    struct tw_addr peer;
    struct tw_sock conn, s = opened(&f, SOCK_STREAM, 0);
    tw_sock_init(&conn, &f.net, 0);
    for (int i = 0; i < 100; i++)
        f.accept_rc[i] = -ECONNABORTED;
    CHECK(tw_sock_accept(&s, &conn, &peer) < 0);
    CHECK(f.accepts > 8 && f.accepts < 1000);
    CHECK_INT(conn.fd, -1);
}

static void backlogs(void)
{
    struct fake f;
    struct tw_sock s = opened(&f, SOCK_STREAM, 0);
    CHECK_INT(tw_sock_listen(&s, 5), 0);
    CHECK_INT(f.backlog, 5);
    CHECK_INT(tw_sock_listen(&s, -1), 0);
    CHECK_INT(f.backlog, 0);
}

/* -- receiving ----------------------------------------------------------- */

/* What a receive that moved no bytes says, by type, length and second look. */
static void nothing_received(void)
{
    static const struct
    {
        int type;
        size_t len;
        bool hungup;
        ssize_t peek;
        ssize_t said;
        int peeks;
    } rows[] = {
        {SOCK_STREAM, 10, false, 0, TW_EOF, 0},
        {SOCK_STREAM, 0, false, 0, 0, 0},
        {SOCK_DGRAM, 10, false, 0, 0, 0},
        {SOCK_RAW, 10, false, 0, 0, 0},
        {SOCK_SEQPACKET, 0, true, 0, 0, 0},
        {SOCK_SEQPACKET, 10, false, 0, 0, 0},
        {SOCK_SEQPACKET, 10, true, 0, TW_EOF, 1},
        {SOCK_SEQPACKET, 10, true, 1, 0, 1},
        {SOCK_SEQPACKET, 10, true, TW_WANT_READ, TW_EOF, 1},
        {SOCK_SEQPACKET, 10, true, -ECONNRESET, 0, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
        char data[10];
        struct fake f;
        struct tw_sock s = opened(&f, rows[i].type, TW_FOREVER);
        struct tw_dgram dgram = {.data = data, .len = rows[i].len};
        f.peek_rc = rows[i].peek;
        f.hungup = rows[i].hungup;
        CHECK_INT(tw_sock_recv(&s, data, rows[i].len, 0), rows[i].said);
        CHECK_INT(f.peeks, rows[i].peeks);
        CHECK_INT(tw_sock_recvfrom(&s, &dgram, 0), rows[i].said);
        CHECK_INT(dgram.addr.len, 7);
    }
}

static void received(void)
{
    char data[10];
    struct fake f;
    struct tw_sock s = opened(&f, SOCK_STREAM, 0);
    struct tw_dgram dgram = {.data = data, .len = sizeof data};
    f.recv_rc = f.recvfrom_rc = 4;
    CHECK_INT(tw_sock_recv(&s, data, sizeof data, 0), 4);
    CHECK_INT(tw_sock_recvfrom(&s, &dgram, 0), 4);
    CHECK_INT(dgram.addr.len, 7);
    f.recv_rc = f.recvfrom_rc = TW_WANT_READ;
    CHECK_INT(tw_sock_recv(&s, data, sizeof data, 0), TW_WANT_READ);
    CHECK_INT(tw_sock_recvfrom(&s, &dgram, 0), TW_WANT_READ);
    CHECK_INT(dgram.addr.len, 0);
}

/* -- over the kernel ----------------------------------------------------- */

static void a_pair_of_streams(void)
{
    struct tw_sock p[2];
    char data[16];
    for (int i = 0; i < 2; i++)
        tw_sock_init(&p[i], &tw_net_kernel, 0);
    CHECK_INT(tw_sock_pair(p, AF_UNIX, SOCK_STREAM, 0), 0);
    CHECK_INT(tw_sock_recv(&p[0], data, sizeof data, 0), TW_WANT_READ);
    CHECK_INT(tw_sock_send(&p[1], "hello", 5, 0), 5);
    CHECK_INT(tw_sock_recv(&p[0], data, sizeof data, 0), 5);
    CHECK(memcmp(data, "hello", 5) == 0);
    CHECK_INT(tw_sock_shutdown(&p[1], SHUT_WR), 0);
    CHECK_INT(tw_sock_recv(&p[0], data, sizeof data, 0), TW_EOF);
    CHECK_INT(tw_sock_close(&p[1]), 0);
    CHECK_INT(tw_sock_send(&p[0], "x", 1, 0), -EPIPE);
    CHECK_INT(tw_sock_close(&p[0]), 0);
}

static void packets_that_are_empty(void)
{
    struct tw_sock p[2];
    char data[16];
    for (int i = 0; i < 2; i++)
        tw_sock_init(&p[i], &tw_net_kernel, TW_FOREVER);
    CHECK_INT(tw_sock_pair(p, AF_UNIX, SOCK_SEQPACKET, 0), 0);
    CHECK_INT(tw_sock_send(&p[1], "", 0, 0), 0);
    CHECK_INT(tw_sock_recv(&p[0], data, sizeof data, 0), 0);
    CHECK_INT(tw_sock_send(&p[1], "ab", 2, 0), 2);
    CHECK_INT(tw_sock_recv(&p[0], data, sizeof data, 0), 2);
    CHECK_INT(tw_sock_close(&p[1]), 0);
    CHECK_INT(tw_sock_recv(&p[0], data, sizeof data, 0), TW_EOF);
    CHECK_INT(tw_sock_close(&p[0]), 0);
}

static void datagrams_have_senders(void)
{
    struct tw_sock a, b;
    struct tw_addr any, to, from;
    char data[16];
    tw_sock_init(&a, &tw_net_kernel, 0);
    tw_sock_init(&b, &tw_net_kernel, TW_FOREVER);
    tw_addr_inet(&any, AF_INET, "127.0.0.1", 0);
    CHECK_INT(tw_sock_open(&a, AF_INET, SOCK_DGRAM, 0), 0);
    CHECK_INT(tw_sock_open(&b, AF_INET, SOCK_DGRAM, 0), 0);
    CHECK_INT(tw_sock_bind(&a, &any), 0);
    CHECK_INT(tw_sock_bind(&b, &any), 0);
    CHECK_INT(tw_sock_getsockname(&b, &to), 0);
    CHECK_INT(tw_sock_getsockname(&a, &from), 0);
    struct tw_dgram out = {.data = "", .len = 0, .addr = to};
    struct tw_dgram in = {.data = data, .len = sizeof data};
    CHECK_INT(tw_sock_sendto(&a, &out, 0), 0);
    CHECK_INT(tw_sock_recvfrom(&b, &in, 0), 0);
    CHECK(in.addr.len == from.len &&
          memcmp(&in.addr.u, &from.u, from.len) == 0);
    CHECK_INT(tw_sock_getpeername(&a, &to), -ENOTCONN);
    tw_sock_close(&a);
    tw_sock_close(&b);
}

static void adopts_from_the_kernel(void)
{
    struct tw_sock s, copy;
    int pipes[2];
    tw_sock_init(&s, &tw_net_kernel, TW_FOREVER);
    CHECK_INT(tw_sock_adopt(&s, -1, -1, -1, -1), -EBADF);
    CHECK_INT(pipe(pipes), 0);
    CHECK_INT(tw_sock_adopt(&s, pipes[0], -1, -1, -1), -ENOTSOCK);
    close(pipes[0]);
    close(pipes[1]);
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK_INT(tw_sock_adopt(&s, fd, -1, -1, -1), 0);
    CHECK(s.family == AF_INET6 && s.type == SOCK_DGRAM &&
          s.proto == IPPROTO_UDP && s.timeout == 0);
    tw_sock_init(&copy, &tw_net_kernel, TW_FOREVER);
    CHECK_INT(tw_sock_dup(&s, &copy), 0);
    CHECK_INT(tw_sock_close(&s), 0);
    CHECK_INT(tw_sock_settimeout(&copy, TW_FOREVER), 0);
    CHECK_INT(tw_net_kernel.get_nonblock(&tw_net_kernel, copy.fd), 0);
    CHECK_INT(tw_sock_set_nonblock(&copy), 0);
    CHECK_INT(tw_net_kernel.get_nonblock(&tw_net_kernel, copy.fd), 1);
    fd = tw_sock_detach(&copy);
    CHECK_INT(tw_net_kernel.get_nonblock(&tw_net_kernel, fd), 0);
    CHECK_INT(close(fd), 0);
}

int main(void)
{
    TAP_CASE(open_sets_the_mode);
    TAP_CASE(open_that_fails);
    TAP_CASE(pairs);
    TAP_CASE(adopts);
    TAP_CASE(adopts_nothing);
    TAP_CASE(duplicates);
    TAP_CASE(closes_once);
    TAP_CASE(detach_restores_the_mode);
    TAP_CASE(timeouts);
    TAP_CASE(closed_sockets_say_so);
    TAP_CASE(accept_passes_over_the_dead);
    TAP_CASE(accept_reports_the_rest);
    TAP_CASE(accept_is_bounded);
    TAP_CASE(backlogs);
    TAP_CASE(nothing_received);
    TAP_CASE(received);
    TAP_CASE(a_pair_of_streams);
    TAP_CASE(packets_that_are_empty);
    TAP_CASE(datagrams_have_senders);
    TAP_CASE(adopts_from_the_kernel);
    return tap_done();
}
