/*
 * Numbers as they lie in what the kernel reads and writes: of any size, in any
 * byte order, aligned or not.
 */
#ifndef TW_CORE_NUMBER_H
#define TW_CORE_NUMBER_H

#include "core/os.h"

enum tw_order
{
    TW_ORDER_HOST = 0,
    TW_ORDER_NETWORK = 1,
    TW_ORDER_LITTLE = 2,
};

/* The unsigned number of `size` bytes, at most 8, that lies at `at`. */
uint64_t tw__number_get(const void *at, size_t size, enum tw_order order);

/* Puts the lowest `size` bytes of n there. */
void tw__number_put(void *at, size_t size, enum tw_order order, uint64_t n);

#endif
