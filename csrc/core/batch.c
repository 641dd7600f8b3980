/* Slots for many datagrams at a time. */
#include "core/batch.h"

#include "core/cmsg.h"

#include <netinet/udp.h>
#include <string.h>

/* Where each part lies in the memory of a batch, after the other. */
struct layout
{
    size_t iovs, addrs, control, data, end;
};

static struct layout layout(unsigned capacity, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    struct layout at;
    at.iovs = capacity * sizeof(struct mmsghdr);
    at.addrs = at.iovs + capacity * sizeof(struct iovec);
    at.control = at.addrs + capacity * sizeof(struct tw_addr);
    at.control = (at.control + align - 1) / align * align;
    at.data = at.control + (size_t)capacity * TW_BATCH_CONTROL;
    at.end = at.data + capacity * size;
    return at;
}

size_t tw_batch_bytes(unsigned capacity, size_t size)
{
    return layout(capacity, size).end;
}

void tw_batch_init(struct tw_batch *b, void *memory, unsigned capacity,
                   size_t size)
{
    struct layout at = layout(capacity, size);
    char *base = memory;
    memset(base, 0, at.control);
    *b = (struct tw_batch){.msgs = (void *)base,
                           .iovs = (void *)(base + at.iovs),
                           .addrs = (void *)(base + at.addrs),
                           .control = (unsigned char *)base + at.control,
                           .data = base + at.data,
                           .size = size,
                           .capacity = capacity,
                           .touched = capacity};
    for (unsigned i = 0; i < capacity; i++)
    {
        struct msghdr *msg = &b->msgs[i].msg_hdr;
        b->iovs[i].iov_base = b->data + i * size;
        msg->msg_iov = &b->iovs[i];
        msg->msg_iovlen = 1;
        msg->msg_name = &b->addrs[i].u;
        msg->msg_control = b->control + (size_t)i * TW_BATCH_CONTROL;
    }
}

const char *tw_batch_data(const struct tw_batch *b, unsigned i, size_t *len)
{
    /* With MSG_TRUNC among the flags a length may be more than there was room
       for. */
    *len = b->msgs[i].msg_len < b->size ? b->msgs[i].msg_len : b->size;
    return b->iovs[i].iov_base;
}

bool tw_batch_truncated(const struct tw_batch *b, unsigned i)
{
    return b->msgs[i].msg_hdr.msg_flags & MSG_TRUNC;
}

size_t tw_batch_segment(const struct tw_batch *b, unsigned i)
{
    const struct msghdr *msg = &b->msgs[i].msg_hdr;
    struct tw_cmsg_walk walk =
        tw_cmsg_begin(msg->msg_control, msg->msg_controllen);
    struct tw_cmsg item;
    int joined = 0;
    uint16_t split = 0;
    while (tw_cmsg_next(&walk, &item))
        if (item.level != SOL_UDP)
            continue;
        else if (item.type == UDP_GRO && item.len == sizeof joined)
            memcpy(&joined, item.data, sizeof joined);
        else if (item.type == UDP_SEGMENT && item.len == sizeof split)
            memcpy(&split, item.data, sizeof split);
    return joined > 0 ? (size_t)joined : split;
}

/* Asks for the datagrams in slot i to be sent as what they were. */
static void split_again(struct tw_batch *b, unsigned i)
{
    struct msghdr *msg = &b->msgs[i].msg_hdr;
    uint16_t segment = (uint16_t)tw_batch_segment(b, i);
    struct tw_cmsg_build control = {msg->msg_control, TW_BATCH_CONTROL, 0};
    unsigned char *data;
    if (segment > 0 && segment < b->iovs[i].iov_len &&
        tw_cmsg_append(&control, SOL_UDP, UDP_SEGMENT, sizeof segment, &data) ==
            0)
        memcpy(data, &segment, sizeof segment);
    msg->msg_controllen = control.len;
}

void tw_batch_put(struct tw_batch *b, unsigned i, const void *data, size_t len)
{
    memmove(b->iovs[i].iov_base, data, len);
    b->msgs[i].msg_len = (unsigned)len;
    b->msgs[i].msg_hdr.msg_flags = 0;
    b->msgs[i].msg_hdr.msg_controllen = 0;
    b->touched = i < b->touched ? b->touched : i + 1;
}

/* The end of a connection of packets fills all slots with nothing; but what is
   empty may also have something behind it that found no slot. */
static int without_end(struct tw_sock *s, const struct tw_batch *b, int n)
{
    if (s->type != SOCK_SEQPACKET || b->msgs[n - 1].msg_len > 0 ||
        !tw_sock_at_end(s))
        return n;
    while (n > 0 && b->msgs[n - 1].msg_len == 0)
        n--;
    return n ? n : TW_EOF;
}

/* Gives the kernel all room there is. Most slots are as it left them. */
static void make_room(struct tw_batch *b, const struct tw_sock *s)
{
    /* Descriptors come only through AF_UNIX, and are not wanted here. */
    bool controlled = s->family == AF_INET || s->family == AF_INET6;
    unsigned n = controlled == b->controlled ? b->touched : b->capacity;
    for (unsigned i = 0; i < n; i++)
    {
        struct msghdr *msg = &b->msgs[i].msg_hdr;
        b->iovs[i].iov_len = b->size;
        msg->msg_namelen = sizeof b->addrs[i].u;
        msg->msg_controllen = controlled ? TW_BATCH_CONTROL : 0;
    }
    b->controlled = controlled;
}

int tw_batch_recv(struct tw_sock *s, struct tw_batch *b, int flags)
{
    make_room(b, s);
    b->count = 0;
    int n = tw_sock_recvmmsg(s, b->msgs, b->capacity, flags);
    b->touched = n > 0 ? (unsigned)n : 0;
    n = n > 0 ? without_end(s, b, n) : n;
    b->count = n > 0 ? (unsigned)n : 0;
    for (unsigned i = 0; i < b->count; i++)
    {
        b->addrs[i].len = b->msgs[i].msg_hdr.msg_namelen;
        tw_sock_named(s, &b->addrs[i]);
    }
    return n;
}

int tw_batch_send(struct tw_sock *s, struct tw_batch *b, unsigned first,
                  unsigned n, int flags)
{
    for (unsigned i = first; i < first + n; i++)
    {
        struct msghdr *msg = &b->msgs[i].msg_hdr;
        tw_batch_data(b, i, &b->iovs[i].iov_len);
        msg->msg_namelen = b->addrs[i].len;
        if (msg->msg_controllen)
            split_again(b, i);
    }
    return tw_sock_sendmmsg(s, b->msgs + first, n, flags);
}
