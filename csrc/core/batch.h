/*
 * Batches of datagrams: a number of slots of one size, laid out once, for
 * recvmmsg(2) and sendmmsg(2). Whatever is received can be sent as it lies.
 */
#ifndef TW_CORE_BATCH_H
#define TW_CORE_BATCH_H

#include "core/sock.h"

enum
{
    TW_BATCH_MAX = 1024,        /* slots: the kernel's UIO_MAXIOV */
    TW_BATCH_CONTROL = 64,      /* bytes of control messages, per slot */
    TW_BATCH_SIZE_MAX = 1 << 20 /* bytes of a slot */
};

struct tw_batch
{
    struct mmsghdr *msgs; /* msg_len: the bytes that a slot holds */
    struct iovec *iovs;
    struct tw_addr *addrs; /* of the sender or for the receiver; len 0: none */
    unsigned char *control;
    char *data;
    size_t size;       /* bytes of a slot */
    unsigned capacity; /* slots */
    unsigned count;    /* slots in use, the first ones */
    unsigned touched;  /* slots not as receiving wants them: ditto */
    bool controlled;   /* the others have room for control messages */
};

/* How much memory a batch needs, and an empty batch in it; the memory is
   aligned as malloc's. */
size_t tw_batch_bytes(unsigned capacity, size_t size);
void tw_batch_init(struct tw_batch *batch, void *memory, unsigned capacity,
                   size_t size);

/* The bytes in slot i, which is in use; sets *len. What was cut off does not
   count. */
const char *tw_batch_data(const struct tw_batch *batch, unsigned i,
                          size_t *len);

/* True if the datagram in slot i was longer than the slot. */
bool tw_batch_truncated(const struct tw_batch *batch, unsigned i);

/* The length of the datagrams that the kernel has joined in slot i (UDP_GRO;
   the last may be shorter), or 0. */
size_t tw_batch_segment(const struct tw_batch *batch, unsigned i);

/* Puts len <= size bytes into slot i < capacity; its address stays. */
void tw_batch_put(struct tw_batch *batch, unsigned i, const void *data,
                  size_t len);

/*
 * Fills the batch with what there is: sets its count, and returns it. At least
 * one; TW_WANT_READ; TW_EOF of a SOCK_SEQPACKET connection; or an error, the
 * batch then being empty.
 */
int tw_batch_recv(struct tw_sock *s, struct tw_batch *batch, int flags);

/* Sends n slots in use from `first` on, what was joined as the datagrams it
   was: how many slots went, at least one; TW_WANT_WRITE or TW_WANT_TIME; or an
   error. */
int tw_batch_send(struct tw_sock *s, struct tw_batch *batch, unsigned first,
                  unsigned n, int flags);

#endif
