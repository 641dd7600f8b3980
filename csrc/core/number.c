/* Numbers byte by byte. */
#include "core/number.h"

/* The place of the i-th least significant byte. */
static size_t place(size_t i, size_t size, enum tw_order order)
{
    const uint16_t one = 1;
    bool little = order == TW_ORDER_LITTLE ||
                  (order == TW_ORDER_HOST && *(const uint8_t *)&one);
    return little ? i : size - 1 - i;
}

uint64_t tw__number_get(const void *at, size_t size, enum tw_order order)
{
    const uint8_t *bytes = at;
    uint64_t n = 0;
    for (size_t i = 0; i < size; i++)
        n |= (uint64_t)bytes[place(i, size, order)] << 8 * i;
    return n;
}

void tw__number_put(void *at, size_t size, enum tw_order order, uint64_t n)
{
    uint8_t *bytes = at;
    for (size_t i = 0; i < size; i++)
        bytes[place(i, size, order)] = (uint8_t)(n >> 8 * i);
}
