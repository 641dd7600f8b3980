/* Text that grows, for comparing what is long with CHECK_STR. */
#ifndef SPEC_C_TEXT_H
#define SPEC_C_TEXT_H

#include <stdarg.h>
#include <stdio.h>

struct text
{
    char at[8192];
    size_t len;
};

static inline void text_clear(struct text *t)
{
    t->len = 0;
    t->at[0] = '\0';
}

/* Adds what printf would print; what does not fit is cut off. */
__attribute__((format(printf, 2, 3))) static inline void
text_add(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t room = sizeof t->at - t->len;
    int n = vsnprintf(t->at + t->len, room, format, args);
    va_end(args);
    if (n > 0)
        t->len += (size_t)n < room ? (size_t)n : room - 1;
}

#endif
