/* Length prefixes of 1 to 8 bytes in either byte order. */
#include "core/frame.h"

#include <string.h>

static bool native_little(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

static size_t width_of(char letter)
{
    switch (letter)
    {
    case 'B':
        return 1;
    case 'H':
        return sizeof(unsigned short);
    case 'I':
        return sizeof(unsigned int);
    case 'L':
        return sizeof(unsigned long);
    case 'J':
        return sizeof(uint64_t);
    case 'T':
    case 's':
        return sizeof(size_t);
    default:
        return 0;
    }
}

bool tw_frame_parse(struct tw_frame *frame, const char *format)
{
    frame->little = native_little();
    if (*format == '<' || *format == '>')
        frame->little = *format++ == '<';
    else if (*format == '=' || *format == '!')
        format++;
    char letter = *format;
    frame->width = width_of(letter);
    if (frame->width == 0)
        return false;
    format++;
    if ((letter == 'I' || letter == 's') && *format >= '1' && *format <= '8')
        frame->width = (size_t)(*format++ - '0');
    return *format == '\0';
}

uint64_t tw_frame_limit(const struct tw_frame *frame)
{
    return UINT64_MAX >> (64 - 8 * frame->width);
}

uint64_t tw_frame_decode(const struct tw_frame *frame, const char *data)
{
    uint64_t len = 0;
    for (size_t i = 0; i < frame->width; i++)
    {
        size_t at = frame->little ? frame->width - 1 - i : i;
        len = len << 8 | (unsigned char)data[at];
    }
    return len;
}

void tw_frame_encode(const struct tw_frame *frame, uint64_t len, char *data)
{
    for (size_t i = 0; i < frame->width; i++)
    {
        size_t at = frame->little ? i : frame->width - 1 - i;
        data[at] = (char)(len & 0xff);
        len >>= 8;
    }
}
