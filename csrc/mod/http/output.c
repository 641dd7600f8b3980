/* What is sent: heads, and the bytes that follow. */
#include "mod/http/exchange.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* -- statuses ------------------------------------------------------------ */

static const struct reason
{
    int16_t status;
    const char *text;
} reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {511, "Network Authentication Required"},
};

const char *tw_http_reason(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "";
}

/* -- heads --------------------------------------------------------------- */

/* The date as RFC 9110 5.6.7 has it, whatever the locale. Kept for what is left
   of the second; the loop's clock says how long that is. */
static void refresh_date(struct tw_http_server *s, int64_t now)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct timespec wall;
    struct tm tm;
    timespec_get(&wall, TIME_UTC);
    gmtime_r(&wall.tv_sec, &tm);
    s->status_len = sizeof "HTTP/1.1 200 OK\r\n" - 1;
    s->dated_len = (size_t)snprintf(
        s->dated, sizeof s->dated,
        "HTTP/1.1 200 OK\r\nDate: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
        days + 3 * (tm.tm_wday % 7), tm.tm_mday % 100,
        months + 3 * (tm.tm_mon % 12), (tm.tm_year + 1900) % 10000,
        tm.tm_hour % 100, tm.tm_min % 100, tm.tm_sec % 100);
    s->date_until = now + 1000000000 - wall.tv_nsec;
}

static void look_at_clock(struct tw_http_server *s)
{
    int64_t now = tw_http_now(s);
    if (now >= s->date_until)
        refresh_date(s, now);
}

const char *tw_http_date(struct tw_http_server *s)
{
    look_at_clock(s);
    return s->dated + s->status_len;
}

static char *put(char *out, const char *data, size_t len)
{
    memcpy(out, data, len);
    return out + len;
}

#define PUT(out, literal) put(out, literal, sizeof literal - 1)

static char *put_number(char *out, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put(out, digits + at, sizeof digits - at);
}

static char *put_status(struct tw_http_server *s, const struct tw_http_res *res,
                        char *out)
{
    look_at_clock(s);
    if (res->status == 200)
        return put(out, s->dated, res->dated ? s->status_len : s->dated_len);
    const char *reason = tw_http_reason(res->status);
    out = PUT(out, "HTTP/1.1 ");
    out = put_number(out, (unsigned)res->status);
    *out++ = ' ';
    out = put(out, reason, strlen(reason));
    out = PUT(out, "\r\n");
    if (res->dated)
        return out;
    return put(out, s->dated + s->status_len, s->dated_len - s->status_len);
}

size_t tw_http_head_room(const struct tw_http_conn *c)
{
    return 512 + tw_buf_len(&c->fields);
}

char *tw_http_head_write(struct tw_http_conn *c, struct tw_http_res *res,
                         char *out)
{
    const struct tw_http_head *head = &c->req->head;
    out = put_status(c->server, res, out);
    if (tw_buf_len(&c->fields) > 0)
        out = put(out, tw_buf_data(&c->fields), tw_buf_len(&c->fields));
    if (res->plain && !res->typed)
        out = PUT(out, "Content-Type: text/plain; charset=utf-8\r\n");
    if (res->length >= 0)
    {
        out = PUT(out, "Content-Length: ");
        out = put_number(out, (uint64_t)res->length);
        out = PUT(out, "\r\n");
    }
    if (res->chunked)
        out = PUT(out, "Transfer-Encoding: chunked\r\n");
    if (!res->keep && !res->switched)
        out = PUT(out, "Connection: close\r\n");
    else if (head->minor == 0)
        out = PUT(out, "Connection: keep-alive\r\n");
    return PUT(out, "\r\n");
}

/* -- bytes --------------------------------------------------------------- */

static ssize_t write_both(struct tw_stream *st, const char *data, size_t len)
{
    struct tw_buf *out = &st->wbuf;
    size_t held = tw_buf_len(out);
    if (held == 0)
        return st->ops->write(st, data, len);
    if (len == 0 || !st->ops->writev)
        return st->ops->write(st, tw_buf_data(out), held);
    const struct iovec pieces[] = {
        {.iov_base = (void *)tw_buf_data(out), .iov_len = held},
        {.iov_base = (void *)data, .iov_len = len}};
    return st->ops->writev(st, pieces, 2);
}

int tw_http_put(struct tw_http_conn *c, const char *data, size_t len,
                size_t *done)
{
    struct tw_stream *st = c->st;
    while (tw_buf_len(&st->wbuf) > 0 || *done < len)
    {
        if (!st->ops || c->broken)
            return TW_ECLOSED;
        size_t held = tw_buf_len(&st->wbuf);
        ssize_t n = write_both(st, data + *done, len - *done);
        if (n < 0)
            return (int)n;
        size_t first = (size_t)n < held ? (size_t)n : held;
        tw_buf_consume(&st->wbuf, first);
        *done += (size_t)n - first;
    }
    if (st->wbuf.data)
        tw_buf_deinit(&st->wbuf);
    return 0;
}

bool tw_http_wants(struct tw_http_conn *c, struct tw_wait *wait, int rc,
                   int64_t time)
{
    if (!tw_err_want(rc) || !c->st->ops)
    {
        c->broken |= rc != -EBUSY; /* another task's turn is not over */
        return false;
    }
    wait->begun = false; /* the time is for each step forward */
    wait->kind = (uint8_t)tw_kind_of(rc);
    wait->at = c->st->ops->watch(c->st);
    wait->timeout = time;
    return true;
}

void tw_http_hold(lua_State *L, int idx, const struct tw_http_conn *c)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, c->server);
    lua_rawgeti(L, -1, 2 * (lua_Integer)c->index - 1);
    lua_setiuservalue(L, idx, TW_HTTP_HELD);
    lua_pop(L, 1);
}
