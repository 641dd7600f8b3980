/*
 * Sending with MSG_ZEROCOPY: the kernel reads the bytes where they are, perhaps
 * long after the call, and says later, in the socket's error queue, how many of
 * those sends it is done with.
 */
#ifndef TW_CORE_ZEROCOPY_H
#define TW_CORE_ZEROCOPY_H

#include "core/sock.h"

/*
 * Whether sends with that flag may leave the memory in use: the option
 * SO_ZEROCOPY. 0 or 1; or an error. Only with TCP, which can be made to forget
 * what it has not sent; and only if nothing else is asked for that comes in the
 * error queue, as it would be lost.
 */
int tw_zerocopy_enabled(const struct tw_sock *s);

struct tw_released
{
    uint32_t sends; /* done with, since the last time */
    bool copied;    /* one of them was copied after all */
};

/*
 * Empties the error queue. Results: 0, or an error. Anything else that is in it
 * is dropped.
 */
int tw_zerocopy_reap(struct tw_sock *s, struct tw_released *released);

/* Throws away what has not been sent, whoever else holds the connection, and
   tells the peer with a reset: at once, or if that fails, in closing. */
int tw_zerocopy_abandon(struct tw_sock *s);

#endif
