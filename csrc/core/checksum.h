/*
 * The Internet checksum (RFC 1071) of IPv4, ICMP, IGMP, UDP and TCP headers:
 * the ones' complement of the ones' complement sum of 16-bit words. Data may
 * come in pieces of any length; a last odd byte counts as if a zero followed.
 */
#ifndef TW_CORE_CHECKSUM_H
#define TW_CORE_CHECKSUM_H

#include "core/os.h"

/* A checksum in the making. */
struct tw_checksum
{
    uint64_t sum; /* of words in the machine's byte order, not folded */
    bool odd;     /* an odd number of bytes so far */
};

/*
 * Begins with nothing; or after data whose checksum is `before`, an even
 * number of bytes. The checksum of nothing is 0xffff.
 */
void tw_checksum_init(struct tw_checksum *c, uint16_t before);

void tw_checksum_add(struct tw_checksum *c, const void *data, size_t len);

/* The checksum so far, as a number: its high byte goes first into a packet.
   Zero for data that holds its own checksum. */
uint16_t tw_checksum_end(const struct tw_checksum *c);

#endif
