/*
 * Where a head ends. Every byte is looked at once, whatever the pieces, and
 * what is wrong first is what is said: limits and line ends are checked in the
 * order of the bytes, so that the pieces do not matter for that either.
 */
#include "mod/http/head.h"
#include "mod/http/text.h"

/* A line ends at `at`. Returns true if it is the empty one after the head. */
static bool line_ends(struct tw_http_scan *scan, uint32_t at)
{
    bool empty = at == scan->line;
    bool in_front = empty && scan->lines == 0 && at == 0;
    scan->lines += !empty;
    scan->line = at + 2;
    scan->seen = at + 2;
    return empty && !in_front;
}

/* What is wrong with the byte at `at`, which is a control byte. */
static int bad_byte(const char *data, uint32_t at, const char **why)
{
    *why = data[at] == '\n'   ? "a line ends without CR"
           : data[at] == '\r' ? "a CR without LF"
                              : "a control byte";
    return -400;
}

static int too_long(const char **why)
{
    *why = "the first line is too long";
    return -414;
}

static int too_much(const struct tw_http_scan *scan, const char **why)
{
    if (scan->lines == 0)
        return too_long(why);
    *why = "the head is too long";
    return -431;
}

/* The first control byte from `at` on that is no HTAB. */
static uint32_t skip_line(const char *data, uint32_t at, uint32_t end)
{
    for (;;)
    {
        at = (uint32_t)tw_http_jump(data, at, end, 0x20, false);
        while (at < end && (uint8_t)data[at] >= 0x20)
            at++;
        if (at == end || data[at] != '\t')
            return at;
        at++;
    }
}

int tw_http_scan(struct tw_http_scan *scan, const char *data, size_t len,
                 const struct tw_http_limits *limits, const char **why)
{
    uint32_t end = len < limits->head ? (uint32_t)len : limits->head;
    if (scan->seen > end)
        return 0;
    for (;;)
    {
        uint32_t at = skip_line(data, scan->seen, end);
        scan->seen = at;
        if (scan->lines == 0 && at - scan->line > limits->line)
            return too_long(why);
        bool whole = end - at >= 2;
        if (!whole && (at == end || data[at] == '\r'))
            return end < limits->head ? 0 : too_much(scan, why);
        if (!whole || data[at] != '\r' || data[at + 1] != '\n')
            return bad_byte(data, at, why);
        if (line_ends(scan, at))
            break;
        if (scan->lines > (uint64_t)limits->fields + 1)
        {
            *why = "too many fields";
            return -431;
        }
    }
    if (scan->lines == 0)
    {
        *why = "empty lines in front of a head";
        return -400;
    }
    return (int)scan->seen;
}
