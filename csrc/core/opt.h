/*
 * Socket options by name: which level and number a name stands for on IPv4
 * and on IPv6, and what kind of value it takes.
 */
#ifndef TW_CORE_OPT_H
#define TW_CORE_OPT_H

#include "core/sock.h"

enum tw_opt_kind
{
    TW_OPT_BOOL,   /* num 0 or 1 */
    TW_OPT_INT,    /* num */
    TW_OPT_MSEC,   /* num, milliseconds */
    TW_OPT_LINGER, /* num seconds, or -1 for off */
    TW_OPT_TEXT,   /* text, len */
    TW_OPT_CRED,   /* pid, uid, gid */
};

enum
{
    TW_OPT_TEXT_MAX = 64
};

struct tw_opt
{
    const char *name;
    enum tw_opt_kind kind;
    bool readonly;
    int level, number;   /* IPv4, and everything that has no IPv6 form */
    int level6, number6; /* IPv6; both 0: the same as IPv4 */
};

/* A value of any kind; which members count is the option's kind's affair. */
struct tw_optany
{
    int num;
    size_t len;
    char text[TW_OPT_TEXT_MAX];
    int pid, uid, gid;
};

/* The option with that name, or NULL. Static storage. */
const struct tw_opt *tw_opt_find(const char *name);

/* The i-th option, or NULL past the last: for listing them. */
const struct tw_opt *tw_opt_at(size_t i);

/* Read and write one option of a socket; results as in err.h. */
int tw_opt_get(const struct tw_sock *s, const struct tw_opt *opt,
               struct tw_optany *value);
int tw_opt_set(struct tw_sock *s, const struct tw_opt *opt,
               const struct tw_optany *value);

#endif
