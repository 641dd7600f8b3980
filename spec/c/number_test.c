/* Numbers in memory: every size, every order, at any place. */
#include "core/number.h"
#include "tap.h"

#include <arpa/inet.h>
#include <string.h>

static void are_put_in_their_order(void)
{
    unsigned char at[4] = {9, 9, 9, 9};
    tw__number_put(at + 1, 2, TW_ORDER_NETWORK, 0x10203);
    CHECK(memcmp(at, "\x09\x02\x03\x09", 4) == 0);
    tw__number_put(at + 1, 3, TW_ORDER_LITTLE, 0x10203);
    CHECK(memcmp(at, "\x09\x03\x02\x01", 4) == 0);
    tw__number_put(at, 4, TW_ORDER_HOST, htonl(0x10203));
    CHECK(memcmp(at, "\0\x01\x02\x03", 4) == 0);
}

static void are_what_was_put(void)
{
    const enum tw_order orders[] = {TW_ORDER_HOST, TW_ORDER_NETWORK,
                                    TW_ORDER_LITTLE};
    const uint64_t n = 0xfedcba9876543210;
    unsigned char at[16];
    for (size_t size = 0; size <= sizeof n; size++)
        for (size_t i = 0; i < 3; i++)
        {
            uint64_t lowest = size < sizeof n ? n & ~(~0ull << 8 * size) : n;
            memset(at, 0xff, sizeof at);
            tw__number_put(at + size, size, orders[i], n);
            CHECK_INT(tw__number_get(at + size, size, orders[i]), lowest);
            CHECK_INT(at[2 * size < 16 ? 2 * size : 0], 0xff);
        }
}

int main(void)
{
    TAP_CASE(are_put_in_their_order);
    TAP_CASE(are_what_was_put);
    return tap_done();
}
