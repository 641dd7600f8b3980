/*
 * The sum does not depend on the byte order (RFC 1071, 2 B), so words are added
 * as the machine has them and only the result is turned; nor on the words'
 * width, because carries are added in again when the sum is folded.
 */
#include "core/checksum.h"

#include <arpa/inet.h>
#include <string.h>

/* Bytes that are summed before carries could be lost, with room to spare. */
enum
{
    BLOCK = 1 << 30
};

static uint32_t word_at(const unsigned char *p)
{
    uint32_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* To 16 bits, which are zero only if nothing but zeros was added. */
static uint64_t fold(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return (sum & UINT16_MAX) + (sum >> 16);
}

/* The sum with the two bytes of each word exchanged (RFC 1071, 2 B). */
static uint64_t swapped(uint64_t sum)
{
    sum = fold(sum);
    return (sum & 0xff) << 8 | sum >> 8;
}

/* Of at most BLOCK bytes. Four sums, so that no addition waits for the one
   before, and the compiler can do them at once. */
static uint64_t sum_of(const unsigned char *p, size_t len)
{
    uint64_t a = 0, b = 0, c = 0, d = 0;
    for (; len >= 16; p += 16, len -= 16)
    {
        a += word_at(p);
        b += word_at(p + 4);
        c += word_at(p + 8);
        d += word_at(p + 12);
    }
    for (; len >= 4; p += 4, len -= 4)
        a += word_at(p);
    unsigned char last[4] = {0};
    memcpy(last, p, len);
    return fold(a) + fold(b) + fold(c) + fold(d) + word_at(last);
}

void tw_checksum_init(struct tw_checksum *c, uint16_t before)
{
    *c = (struct tw_checksum){.sum = htons((uint16_t)~before)};
}

void tw_checksum_add(struct tw_checksum *c, const void *data, size_t len)
{
    const unsigned char *p = data;
    while (len > 0)
    {
        size_t part = len < BLOCK ? len : BLOCK;
        uint64_t sum = sum_of(p, part);
        c->sum = fold(c->sum + (c->odd ? swapped(sum) : sum));
        c->odd = c->odd != (part % 2 == 1);
        p += part;
        len -= part;
    }
}

uint16_t tw_checksum_end(const struct tw_checksum *c)
{
    return (uint16_t)~ntohs((uint16_t)fold(c->sum));
}
