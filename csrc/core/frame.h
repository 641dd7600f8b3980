/*
 * Length prefixes of frames, named as string.pack names an unsigned integer:
 * an optional "<", ">", "=" or "!" (native order), then B H I L J T, or I with
 * a width of 1 to 8, or s likewise ("s4").
 */
#ifndef TW_CORE_FRAME_H
#define TW_CORE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum
{
    TW_FRAME_WIDTH_MAX = 8
};

struct tw_frame
{
    size_t width; /* bytes of the prefix, 1 to 8 */
    bool little;
};

/* Reads a format; false if it is not one unsigned integer. */
bool tw_frame_parse(struct tw_frame *frame, const char *format);

/* The largest length the prefix can express. */
uint64_t tw_frame_limit(const struct tw_frame *frame);

/* `data` has frame->width bytes. */
uint64_t tw_frame_decode(const struct tw_frame *frame, const char *data);
void tw_frame_encode(const struct tw_frame *frame, uint64_t len, char *data);

#endif
