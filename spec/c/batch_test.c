/* Batches over a network that hands out what it is told to. */
#include "core/batch.h"
#include "core/cmsg.h"
#include "tap.h"

#include <netinet/udp.h>
#include <stdlib.h>

enum
{
    SLOTS = 4,
    SIZE = 10
};

struct fake
{
    struct tw_net net;
    int rc; /* what recvmmsg and sendmmsg return */
    unsigned lengths[SLOTS];
    size_t control;    /* room for it that each slot must have */
    socklen_t named;   /* the length of each sender's name */
    bool hungup, more; /* what else there is of a connection */
    unsigned asked;    /* slots in the last call */
    struct mmsghdr *last;
};

static struct fake *self(const struct tw_net *net)
{
    return tw__container_of(net, struct fake, net);
}

static int fake_recvmmsg(const struct tw_net *net, int fd, struct mmsghdr *msgs,
                         unsigned count, int flags)
{
    struct fake *f = self(net);
    (void)fd, (void)flags;
    f->asked = count;
    f->last = msgs;
    for (unsigned i = 0; i < count; i++)
    {
        CHECK_INT(msgs[i].msg_hdr.msg_iov->iov_len, SIZE);
        CHECK_INT(msgs[i].msg_hdr.msg_namelen, sizeof(struct sockaddr_storage));
        CHECK_INT(msgs[i].msg_hdr.msg_controllen, f->control);
    }
    for (int i = 0; i < f->rc; i++)
    {
        msgs[i].msg_len = f->lengths[i];
        msgs[i].msg_hdr.msg_namelen = f->named;
        msgs[i].msg_hdr.msg_controllen = 0;
        memset(msgs[i].msg_hdr.msg_iov->iov_base, 'a' + i, SIZE);
    }
    return f->rc;
}

static int fake_sendmmsg(const struct tw_net *net, int fd, struct mmsghdr *msgs,
                         unsigned count, int flags)
{
    struct fake *f = self(net);
    (void)fd, (void)flags;
    f->asked = count;
    f->last = msgs;
    return f->rc;
}

static int fake_hungup(const struct tw_net *net, int fd)
{
    (void)fd;
    return self(net)->hungup;
}

/* A look at what follows. */
static ssize_t fake_recv(const struct tw_net *net, int fd, void *data,
                         size_t len, int flags)
{
    (void)fd, (void)data, (void)len;
    CHECK(flags & MSG_PEEK);
    return self(net)->more;
}

static struct tw_sock opened(struct fake *f, int type)
{
    struct tw_sock s;
    *f = (struct fake){.net = {.recvmmsg = fake_recvmmsg,
                               .sendmmsg = fake_sendmmsg,
                               .recv = fake_recv,
                               .hungup = fake_hungup},
                       .control = TW_BATCH_CONTROL};
    tw_sock_init(&s, &f->net, 0);
    s.fd = 7;
    s.family = AF_INET;
    s.type = (int16_t)type;
    return s;
}

/* Memory of exactly the size, for the sanitizers to watch. */
static void *make(struct tw_batch *b)
{
    void *memory = malloc(tw_batch_bytes(SLOTS, SIZE));
    tw_batch_init(b, memory, SLOTS, SIZE);
    return memory;
}

static void slots(void)
{
    size_t len;
    struct tw_batch b;
    void *memory = make(&b);
    CHECK_INT(b.count, 0);
    CHECK_INT(b.capacity, SLOTS);
    for (unsigned i = 0; i < SLOTS; i++)
        tw_batch_put(&b, i, "0123456789", SIZE - i);
    for (unsigned i = 0; i < SLOTS; i++)
    {
        const char *data = tw_batch_data(&b, i, &len);
        CHECK_INT(len, SIZE - i);
        CHECK(memcmp(data, "0123456789", len) == 0);
        CHECK(!tw_batch_truncated(&b, i));
        CHECK_INT(tw_batch_segment(&b, i), 0);
    }
    free(memory);
}

static void receiving(void)
{
    size_t len;
    struct fake f;
    struct tw_batch b;
    struct tw_sock s = opened(&f, SOCK_DGRAM);
    void *memory = make(&b);
    f.rc = 3;
    f.lengths[0] = 5;
    f.lengths[2] = 25; /* as with MSG_TRUNC among the flags */
    CHECK_INT(tw_batch_recv(&s, &b, 0), 3);
    CHECK_INT(f.asked, SLOTS);
    CHECK_INT(b.count, 3);
    CHECK(memcmp(tw_batch_data(&b, 0, &len), "aaaaa", 5) == 0);
    CHECK_INT(len, 5);
    tw_batch_data(&b, 1, &len);
    CHECK_INT(len, 0);
    tw_batch_data(&b, 2, &len);
    CHECK_INT(len, SIZE);
    f.rc = TW_WANT_READ;
    CHECK_INT(tw_batch_recv(&s, &b, 0), TW_WANT_READ);
    CHECK_INT(b.count, 0);
    s.fd = -1;
    CHECK_INT(tw_batch_recv(&s, &b, 0), TW_ECLOSED);
    CHECK_INT(tw_batch_send(&s, &b, 0, 1, 0), TW_ECLOSED);
    free(memory);
}

/* Senders are what the other ways to receive say that they are: of the socket's
   protocol, and no longer than there is room for. */
static void senders(void)
{
    struct fake f;
    struct tw_batch b;
    struct tw_sock s = opened(&f, SOCK_DGRAM);
    void *memory = make(&b);
    s.family = AF_CAN;
    s.proto = 6;
    f.control = 0;
    f.rc = 1;
    f.named = 8;
    CHECK_INT(tw_batch_recv(&s, &b, 0), 1);
    CHECK_INT(b.addrs[0].proto, 6);
    f.named = sizeof b.addrs[0].u + 20;
    CHECK_INT(tw_batch_recv(&s, &b, 0), 1);
    CHECK_INT(b.addrs[0].len, sizeof b.addrs[0].u);
    free(memory);
}

/* A connection of packets that has ended fills every slot with nothing. */
/* Whatever the slots were used for, all of them are offered whole. */
static void used_again(void)
{
    struct fake f;
    struct tw_batch b;
    struct tw_sock s = opened(&f, SOCK_DGRAM);
    void *memory = make(&b);
    f.lengths[0] = f.lengths[1] = 3;
    for (int round = 0; round < 3 * SLOTS; round++)
    {
        f.rc = round % SLOTS ? round % SLOTS : TW_WANT_READ;
        f.control = round < SLOTS || round >= 2 * SLOTS ? TW_BATCH_CONTROL : 0;
        s.family = f.control ? AF_INET6 : AF_UNIX;
        CHECK_INT(tw_batch_recv(&s, &b, 0), f.rc);
        for (unsigned i = 0; i <= b.count && i < SLOTS; i += 1)
            tw_batch_put(&b, i, "x", 1);
        b.count += b.count < SLOTS;
        f.rc = (int)b.count;
        CHECK_INT(tw_batch_send(&s, &b, 0, b.count, 0), f.rc);
    }
    free(memory);
}

static void the_end(void)
{
    static const struct
    {
        bool hungup, more;
        unsigned lengths[SLOTS];
        int said;
    } rows[] = {
        {false, false, {0, 0, 0, 0}, 4}, {true, false, {0, 0, 0, 0}, TW_EOF},
        {true, false, {3, 0, 0, 0}, 1},  {true, false, {3, 0, 2, 0}, 3},
        {true, false, {3, 0, 2, 1}, 4},  {false, false, {3, 0, 0, 0}, 4},
        {true, true, {3, 0, 0, 0}, 4},   {true, true, {0, 0, 0, 0}, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    {
        struct fake f;
        struct tw_batch b;
        struct tw_sock s = opened(&f, SOCK_SEQPACKET);
        void *memory = make(&b);
        f.rc = SLOTS;
        f.hungup = rows[i].hungup;
        f.more = rows[i].more;
        memcpy(f.lengths, rows[i].lengths, sizeof f.lengths);
        CHECK_INT(tw_batch_recv(&s, &b, 0), rows[i].said);
        CHECK_INT(b.count, rows[i].said > 0 ? rows[i].said : 0);
        free(memory);
    }
}

/* Puts a control message into slot i, as the kernel does. */
static void control(struct tw_batch *b, unsigned i, const void *value,
                    size_t len)
{
    struct msghdr *msg = &b->msgs[i].msg_hdr;
    struct tw_cmsg_build build = {b->control + (size_t)i * TW_BATCH_CONTROL,
                                  TW_BATCH_CONTROL, 0};
    unsigned char *data;
    tw_cmsg_append(&build, SOL_UDP, UDP_GRO, len, &data);
    memcpy(data, value, len);
    msg->msg_control = build.bytes;
    msg->msg_controllen = build.len;
}

static void joined(void)
{
    static const int odd[] = {0, -1, -5};
    struct fake f;
    struct tw_batch b;
    struct tw_sock s = opened(&f, SOCK_DGRAM);
    void *memory = make(&b);
    uint16_t segment = 4;
    int four = segment;
    tw_batch_put(&b, 1, "0123456789", SIZE);
    control(&b, 1, &four, sizeof four);
    CHECK_INT(tw_batch_segment(&b, 1), 4);
    f.rc = 1;
    CHECK_INT(tw_batch_send(&s, &b, 1, 1, 0), 1);
    CHECK(f.last == &b.msgs[1]);
    const struct cmsghdr *sent = CMSG_FIRSTHDR(&b.msgs[1].msg_hdr);
    CHECK(sent && sent->cmsg_type == UDP_SEGMENT &&
          sent->cmsg_len == CMSG_LEN(sizeof segment) &&
          memcmp(CMSG_DATA(sent), &segment, sizeof segment) == 0);
    CHECK_INT(tw_batch_segment(&b, 1), 4);
    CHECK_INT(tw_batch_send(&s, &b, 1, 1, 0), 1);
    CHECK_INT(tw_batch_segment(&b, 1), 4);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
    {
        control(&b, 1, &odd[i], sizeof odd[i]);
        CHECK_INT(tw_batch_segment(&b, 1), 0);
    }
    control(&b, 1, "1234567", 7);
    CHECK_INT(tw_batch_segment(&b, 1), 0);
    tw_batch_put(&b, 1, "alone", 5);
    CHECK_INT(b.msgs[1].msg_hdr.msg_controllen, 0);
    free(memory);
}

int main(void)
{
    TAP_CASE(slots);
    TAP_CASE(receiving);
    TAP_CASE(senders);
    TAP_CASE(used_again);
    TAP_CASE(the_end);
    TAP_CASE(joined);
    return tap_done();
}
