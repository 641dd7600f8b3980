/*
 * What the fuzz targets share. A target is one file with FUZZ_TARGET: given any
 * bytes it calls a part of the core and checks what must hold whatever they
 * are. libFuzzer makes up such bytes (`make fuzz`, see run.sh); replay.c feeds
 * the same targets with the inputs that are kept in corpus/ (`make test`).
 */
#ifndef SPEC_FUZZ_FUZZ_H
#define SPEC_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name that libFuzzer calls. */
#define FUZZ_TARGET LLVMFuzzerTestOneInput

int FUZZ_TARGET(const uint8_t *data, size_t size);

/* What must hold; the input for which it does not is a finding. */
#define FUZZ_CHECK(expr)                                                       \
    ((expr) ? (void)0 : fuzz_failed(#expr, __FILE__, __LINE__))

_Noreturn static inline void fuzz_failed(const char *expr, const char *file,
                                         int line)
{
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, expr);
    abort();
}

/* The input while it is read, from its front. */
struct fuzz_input
{
    const uint8_t *data;
    size_t size;
};

/* The next byte, 0 when there is none left. */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
    if (!in->size)
        return 0;
    in->size--;
    return *in->data++;
}

/* The rest of the input, with a NUL after it, in memory that ends there: so
   that the sanitizers see who reads on. To be freed. */
static inline char *fuzz_text(const struct fuzz_input *in)
{
    char *text = malloc(in->size + 1);
    FUZZ_CHECK(text);
    if (in->size)
        memcpy(text, in->data, in->size);
    text[in->size] = '\0';
    return text;
}

#endif
