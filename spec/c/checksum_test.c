/* The Internet checksum: the RFCs' examples, every length and cut, and a slow
   version of the same to compare with. */
#include "core/checksum.h"
#include "mem.h"

#include <stdlib.h>

static uint16_t checksum(const void *data, size_t len)
{
    struct tw_checksum c;
    tw_checksum_init(&c, 0xffff);
    tw_checksum_add(&c, data, len);
    return tw_checksum_end(&c);
}

/* By the definition, one word at a time. */
static uint16_t slow(const unsigned char *p, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i++)
    {
        sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void examples(void)
{
    /* RFC 1071, 3: the sum is ddf2. */
    const unsigned char words[] = {0x00, 0x01, 0xf2, 0x03,
                                   0xf4, 0xf5, 0xf6, 0xf7};
    CHECK_INT(checksum(words, sizeof words), 0xffff - 0xddf2);
    /* An IPv4 header as it is found in textbooks, without its checksum. */
    unsigned char ip[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
                          0x00, 0x40, 0x11, 0x00, 0x00, 0xc0, 0xa8,
                          0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
    CHECK_INT(checksum(ip, sizeof ip), 0xb861);
    ip[10] = 0xb8;
    ip[11] = 0x61;
    CHECK_INT(checksum(ip, sizeof ip), 0);
    ip[8]--;
    CHECK(checksum(ip, sizeof ip) != 0);
    /* RFC 1624, 4: m 5555 to 3285 takes the checksum from dd2f to 0000. */
    const unsigned char before[] = {0xcd, 0x7a, 0x55, 0x55};
    const unsigned char after[] = {0xcd, 0x7a, 0x32, 0x85};
    CHECK_INT(checksum(before, 4), 0xdd2f);
    CHECK_INT(checksum(after, 4), 0x0000);
}

static void zeros_and_ones(void)
{
    unsigned char data[64] = {0};
    CHECK_INT(checksum(NULL, 0), 0xffff);
    CHECK_INT(checksum(data, sizeof data), 0xffff);
    memset(data, 0xff, sizeof data);
    CHECK_INT(checksum(data, sizeof data), 0);
    CHECK_INT(checksum(data, 1), 0x00ff);
    CHECK_INT(checksum(data, 3), 0x00ff);
    data[0] = 1;
    CHECK_INT(checksum(data, 1), 0xfeff);
}

/* Of every length, wherever it begins, ending where nothing may be read. */
static void lengths(void)
{
    unsigned char data[300];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 151 + i / 7);
    for (size_t len = 0; len <= sizeof data; len++)
    {
        unsigned char *copy = malloc(len ? len : 1);
        memcpy(copy, data, len);
        CHECK_INT(checksum(copy, len), slow(data, len));
        free(copy);
    }
    for (size_t from = 0; from < 40; from++)
        for (size_t len = 0; from + len < 120; len++)
            CHECK_INT(checksum(data + from, len), slow(data + from, len));
}

/* Pieces cut anywhere add up to the whole. */
static void pieces(void)
{
    unsigned char data[100];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(255 - i * 37);
    for (size_t i = 0; i <= sizeof data; i++)
        for (size_t j = i; j <= sizeof data; j += 3)
        {
            struct tw_checksum c;
            tw_checksum_init(&c, 0xffff);
            tw_checksum_add(&c, data, i);
            tw_checksum_add(&c, data + i, j - i);
            tw_checksum_add(&c, data + j, sizeof data - j);
            CHECK_INT(tw_checksum_end(&c), slow(data, sizeof data));
        }
    struct tw_checksum one;
    tw_checksum_init(&one, 0xffff);
    for (size_t i = 0; i < sizeof data; i++)
        tw_checksum_add(&one, data + i, 1);
    CHECK_INT(tw_checksum_end(&one), slow(data, sizeof data));
}

/* Going on from a checksum is the same as going on with the sum. */
static void continued(void)
{
    unsigned char data[60];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * i + 3);
    for (size_t i = 0; i <= sizeof data; i += 2)
    {
        struct tw_checksum c;
        tw_checksum_init(&c, checksum(data, i));
        tw_checksum_add(&c, data + i, sizeof data - i);
        CHECK_INT(tw_checksum_end(&c), slow(data, sizeof data));
    }
}

/* So much of what carries most that no counter may overflow. */
static void large(void)
{
    size_t size = (size_t)64 << 20;
    unsigned char *data = malloc(size + 1);
    memset(data, 0xff, size + 1);
    CHECK_INT(checksum(data, size), 0);
    CHECK_INT(checksum(data, size + 1), slow(data, size + 1));
    struct tw_checksum c;
    tw_checksum_init(&c, 0xffff);
    for (int i = 0; i < 66; i++)
        tw_checksum_add(&c, data, size - 1);
    CHECK_INT(tw_checksum_end(&c), 0);
    free(data);
}

int main(void)
{
    TAP_CASE(examples);
    TAP_CASE(zeros_and_ones);
    TAP_CASE(lengths);
    TAP_CASE(pieces);
    TAP_CASE(continued);
    TAP_CASE(large);
    return tap_done();
}
