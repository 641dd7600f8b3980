/*
 * How long reading takes: heads of requests, found and read, beside Debian's
 * libhttp-parser (without callbacks, so without positions) where it is
 * installed; a head that comes byte by byte; chunks. The least of several runs,
 * in nanoseconds of processor time.
 */
#include "bench.h"
#include "mod/http/body.h"

#include <string.h>
#if __has_include(<http_parser.h>)
#include <http_parser.h>
#define HAVE_HTTP_PARSER
#endif

enum
{
    RUNS = 9,
    TIMES = 100000,
    CHUNKS = 100
};

struct request
{
    const char *name, *bytes;
};

static const struct tw_http_limits limits = {TW_HTTP_LINE, TW_HTTP_HEAD,
                                             TW_HTTP_FIELDS};

static const struct request requests[] = {
    {"wrk", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"},
    {"four fields", "GET /hello?name=world HTTP/1.1\r\n"
                    "Host: 127.0.0.1:8080\r\nUser-Agent: wrk/4.1.0\r\n"
                    "Accept: */*\r\nConnection: keep-alive\r\n\r\n"},
    {"JSON posted", "POST /api/v1/users HTTP/1.1\r\nHost: api.example.com\r\n"
                    "Content-Type: application/json\r\nContent-Length: 123\r\n"
                    "Authorization: Bearer abcdefghijklmnopqrstuvwxyz0123456789"
                    "\r\nAccept: */*\r\n\r\n"},
    {"browser",
     "GET /some/path/index.html?q=1 HTTP/1.1\r\nHost: www.example.com\r\n"
     "Connection: keep-alive\r\nCache-Control: max-age=0\r\n"
     "sec-ch-ua: \"Chromium\";v=\"116\", \"Not)A;Brand\";v=\"24\"\r\n"
     "sec-ch-ua-mobile: ?0\r\nUpgrade-Insecure-Requests: 1\r\n"
     "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, "
     "like Gecko) Chrome/116.0.0.0 Safari/537.36\r\n"
     "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,"
     "image/webp,*/*;q=0.8\r\nSec-Fetch-Site: none\r\n"
     "Sec-Fetch-Mode: navigate\r\nAccept-Encoding: gzip, deflate, br\r\n"
     "Accept-Language: en-US,en;q=0.9\r\n\r\n"},
};

/* Something to be timed; < 0 if it fails. */
typedef int64_t work(const char *bytes, size_t len);

static int64_t find(const char *bytes, size_t len)
{
    struct tw_http_scan scan = {0};
    const char *why;
    return tw_http_scan(&scan, bytes, len, &limits, &why);
}

static int64_t find_and_read(const char *bytes, size_t len)
{
    struct tw_http_field fields[TW_HTTP_FIELDS];
    struct tw_http_head head = {.fields = fields, .room = TW_HTTP_FIELDS};
    int64_t size = find(bytes, len);
    __asm__ volatile("" ::"r"(fields) : "memory");
    return tw_http_request(&head, bytes, (size_t)size);
}

#ifdef HAVE_HTTP_PARSER
static int64_t read_by_other(const char *bytes, size_t len)
{
    http_parser parser;
    http_parser_settings settings;
    http_parser_settings_init(&settings);
    http_parser_init(&parser, HTTP_REQUEST);
    return http_parser_execute(&parser, &settings, bytes, len) == len ? 0 : -1;
}
#endif

static int64_t find_byte_by_byte(const char *bytes, size_t len)
{
    struct tw_http_scan scan = {0};
    const char *why;
    int64_t found = 0;
    for (size_t n = 0; n <= len; n++)
        found = tw_http_scan(&scan, bytes, n, &limits, &why);
    return found;
}

static int64_t read_chunks(const char *bytes, size_t len)
{
    static const struct tw_http_head head = {.framing = TW_HTTP_CHUNKED};
    struct tw_http_body body;
    struct tw_http_span piece;
    int64_t n = 0;
    tw_http_body_begin(&body, &head, &limits);
    for (size_t at = 0; at < len && n >= 0; at += (size_t)n)
        n = tw_http_body_read(&body, bytes + at, len - at, &piece);
    return n;
}

static double took(work *f, const char *bytes, size_t len, int times)
{
    int64_t least = INT64_MAX;
    for (int run = 0; run < RUNS; run++)
    {
        int64_t before = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
        for (int i = 0; i < times; i++)
            if (f(bytes, len) < 0)
                exit(1);
        int64_t time = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - before;
        least = time < least ? time : least;
    }
    return (double)least / times;
}

static void measure(const struct request *request)
{
    const char *bytes = request->bytes;
    size_t len = strlen(bytes);
    printf("%-12s %4zu bytes: found %5.1f, found and read %5.1f", request->name,
           len, took(find, bytes, len, TIMES),
           took(find_and_read, bytes, len, TIMES));
#ifdef HAVE_HTTP_PARSER
    printf(", libhttp-parser %5.1f", took(read_by_other, bytes, len, TIMES));
#endif
    puts(" ns");
}

int main(void)
{
    static char chunks[CHUNKS * 1100];
    const size_t n = sizeof requests / sizeof requests[0];
    size_t len = 0;
    pin_last();
    for (size_t i = 0; i < n; i++)
        measure(&requests[i]);
    const char *last = requests[n - 1].bytes;
    printf("byte by byte: %.1f ns a byte\n",
           took(find_byte_by_byte, last, strlen(last), TIMES / 100) /
               (double)strlen(last));
    for (int i = 0; i < CHUNKS; i++)
        len += (size_t)sprintf(chunks + len, "400\r\n%01024d\r\n", 0);
    printf("a chunk of 1 KB: %.1f ns\n",
           took(read_chunks, chunks, len, TIMES / 100) / CHUNKS);
    return 0;
}
