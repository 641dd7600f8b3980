/* Messages with control messages: what is the end of a connection, and what is
   not, over a network that answers as told. */
#include "core/cmsg.h"
#include "core/sock.h"
#include "mem.h"

struct fake
{
    struct tw_net net;
    ssize_t rc, peek_rc;
    bool hungup;
    const void *control; /* what arrives */
    size_t controllen;
    int flags; /* seen last */
};

static struct fake *fake_of(const struct tw_net *net)
{
    return tw__container_of(net, struct fake, net);
}

static int fake_open(const struct tw_net *net, int family, int type, int proto)
{
    (void)net, (void)family, (void)type, (void)proto;
    return 5;
}

static ssize_t fake_recv(const struct tw_net *net, int fd, void *data,
                         size_t len, int flags)
{
    (void)fd, (void)data, (void)len;
    CHECK_INT(flags, MSG_PEEK | MSG_DONTWAIT);
    return fake_of(net)->peek_rc;
}

static int fake_hungup(const struct tw_net *net, int fd)
{
    (void)fd;
    return fake_of(net)->hungup;
}

static ssize_t fake_recvmsg(const struct tw_net *net, int fd,
                            struct msghdr *msg, int flags)
{
    struct fake *f = fake_of(net);
    (void)fd;
    f->flags = flags;
    if (f->controllen < msg->msg_controllen)
        msg->msg_controllen = f->controllen;
    if (msg->msg_controllen)
        memcpy(msg->msg_control, f->control, msg->msg_controllen);
    return f->rc;
}

static ssize_t fake_sendmsg(const struct tw_net *net, int fd,
                            const struct msghdr *msg, int flags)
{
    (void)fd, (void)msg;
    fake_of(net)->flags = flags;
    return fake_of(net)->rc;
}

static struct tw_sock opened(struct fake *f, int type)
{
    struct tw_sock s;
    *f = (struct fake){.net = {.open = fake_open,
                               .recv = fake_recv,
                               .hungup = fake_hungup,
                               .recvmsg = fake_recvmsg,
                               .sendmsg = fake_sendmsg}};
    tw_sock_init(&s, &f->net, TW_FOREVER);
    CHECK_INT(tw_sock_open(&s, AF_UNIX, type, 0), 0);
    return s;
}

/* One control message: none, credentials, or a descriptor. */
enum with
{
    NOTHING,
    CREDENTIALS,
    RIGHTS
};

static size_t control_of(enum with with, unsigned char room[64])
{
    struct tw_cmsg_build b = {.bytes = room, .room = 64};
    unsigned char *data;
    if (with == NOTHING)
        return 0;
    CHECK_INT(tw_cmsg_append(&b, SOL_SOCKET,
                             with == RIGHTS ? SCM_RIGHTS : SCM_CREDENTIALS, 4,
                             &data),
              0);
    return b.len;
}

/* What a message of no bytes says. */
static void nothing_received(void)
{
    static const struct
    {
        int type;
        size_t len;
        enum with with;
        bool hungup;
        int flags;
        ssize_t said;
    } rows[] = {
        {SOCK_STREAM, 10, NOTHING, false, 0, TW_EOF},
        {SOCK_STREAM, 0, NOTHING, false, 0, 0},
        /* The kernel says at the end who it was not. */
        {SOCK_STREAM, 10, CREDENTIALS, false, 0, TW_EOF},
        {SOCK_STREAM, 10, RIGHTS, false, 0, 0},
        {SOCK_STREAM, 10, NOTHING, false, MSG_ERRQUEUE, 0},
        {SOCK_DGRAM, 10, NOTHING, true, 0, 0},
        {SOCK_SEQPACKET, 10, NOTHING, false, 0, 0},
        {SOCK_SEQPACKET, 10, NOTHING, true, 0, TW_EOF},
        {SOCK_SEQPACKET, 10, CREDENTIALS, true, 0, 0},
        {SOCK_SEQPACKET, 10, RIGHTS, true, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
        struct fake f;
        unsigned char sent[64], room[64];
        char data[10];
        struct iovec iov[] = {{data, 0}, {data, rows[i].len}};
        struct msghdr msg = {.msg_iov = iov,
                             .msg_iovlen = 2,
                             .msg_control = room,
                             .msg_controllen = sizeof room};
        struct tw_sock s = opened(&f, rows[i].type);
        f.hungup = rows[i].hungup;
        f.control = sent;
        f.controllen = control_of(rows[i].with, sent);
        if (!CHECK_INT(tw_sock_recvmsg(&s, &msg, rows[i].flags), rows[i].said))
            printf("#   row %zu\n", i);
        CHECK_INT(f.flags, rows[i].flags | MSG_CMSG_CLOEXEC);
    }
}

static void everything_else(void)
{
    struct fake f;
    char data[10];
    struct iovec iov = {data, sizeof data};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct tw_sock s = opened(&f, SOCK_STREAM);
    static const ssize_t codes[] = {3, TW_WANT_READ, -ECONNRESET};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
    {
        f.rc = codes[i];
        CHECK_INT(tw_sock_recvmsg(&s, &msg, 0), codes[i]);
        CHECK_INT(tw_sock_sendmsg(&s, &msg, MSG_MORE), codes[i]);
        CHECK_INT(f.flags, MSG_MORE | MSG_NOSIGNAL);
    }
    /* No buffers at all are no end either. */
    msg.msg_iovlen = 0;
    f.rc = 0;
    CHECK_INT(tw_sock_recvmsg(&s, &msg, 0), 0);
    s.fd = -1;
    CHECK_INT(tw_sock_recvmsg(&s, &msg, 0), TW_ECLOSED);
    CHECK_INT(tw_sock_sendmsg(&s, &msg, 0), TW_ECLOSED);
}

int main(void)
{
    TAP_CASE(nothing_received);
    TAP_CASE(everything_else);
    return tap_done();
}
