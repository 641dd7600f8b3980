/*
 * C unit tests: each case is a function, reported as one line of TAP. CHECK
 * goes on after a failure, says where and what, and stays in release builds.
 */
#ifndef SPEC_C_TAP_H
#define SPEC_C_TAP_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum
{
    TAP_SECONDS = 60,   /* a test that hangs is ended by SIGALRM */
    TAP_COMPLAINTS = 6, /* more failures of one case are not printed */
};

static struct
{
    int cases, failed;
    int complaints; /* in the current case */
} tap;

#define CHECK(expr) tap_check((expr), #expr, __FILE__, __LINE__)
#define CHECK_INT(a, b)                                                        \
    tap_check_int((a), (b), #a " == " #b, __FILE__, __LINE__)
#define CHECK_STR(a, b)                                                        \
    tap_check_str((a), (b), #a " == " #b, __FILE__, __LINE__)

/* Runs a case, as in TAP_CASE(until_finds_delimiter). */
#define TAP_CASE(fn) tap_case(#fn, fn)

static inline bool tap_complain(const char *expr, const char *file, int line)
{
    if (++tap.complaints > TAP_COMPLAINTS)
        return false;
    printf("# %s:%d: failed: %s\n", file, line, expr);
    return true;
}

static inline bool tap_check(bool ok, const char *expr, const char *file,
                             int line)
{
    if (!ok)
        tap_complain(expr, file, line);
    return ok;
}

static inline bool tap_check_int(long long a, long long b, const char *expr,
                                 const char *file, int line)
{
    if (a != b && tap_complain(expr, file, line))
        printf("#   %lld != %lld\n", a, b);
    return a == b;
}

static inline bool tap_check_str(const char *a, const char *b, const char *expr,
                                 const char *file, int line)
{
    bool same = strcmp(a, b) == 0;
    if (!same && tap_complain(expr, file, line))
        printf("#   \"%s\" != \"%s\"\n", a, b);
    return same;
}

static inline void tap_case(const char *name, void (*fn)(void))
{
    alarm(TAP_SECONDS);
    tap.complaints = 0;
    fn();
    tap.cases++;
    tap.failed += tap.complaints > 0;
    printf("%s %d - %s\n", tap.complaints ? "not ok" : "ok", tap.cases, name);
    fflush(stdout);
}

/* The closing line; returns the exit status. */
static inline int tap_done(void)
{
    printf("1..%d\n", tap.cases);
    if (tap.failed)
        printf("# %d of %d failed\n", tap.failed, tap.cases);
    return tap.failed || !tap.cases;
}

#endif
