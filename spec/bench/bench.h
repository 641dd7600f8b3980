/* What the programs that measure others share. */
#ifndef BENCH_H
#define BENCH_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Ends the program, with errno's reason. */
static inline void die(const char *what)
{
    perror(what);
    exit(1);
}

/* What a clock says. */
static inline int64_t nanoseconds(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t) != 0)
        die("clock_gettime");
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* To the first or the last processor allowed; who is started later inherits
   it. */
static inline void pin(const cpu_set_t *allowed, bool last)
{
    cpu_set_t one;
    int chosen = -1;

    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, allowed) && (last || chosen < 0))
            chosen = i;
    CPU_ZERO(&one);
    CPU_SET(chosen, &one);
    sched_setaffinity(0, sizeof one, &one);
}

/* To the last processor allowed to us. */
static inline void pin_last(void)
{
    cpu_set_t allowed;

    sched_getaffinity(0, sizeof allowed, &allowed);
    pin(&allowed, true);
}

#endif
