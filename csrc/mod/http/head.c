/*
 * A head is read in one pass over its bytes. That it ends with CR LF is checked
 * first: as no class of bytes holds a CR, every loop ends there at the latest.
 */
#include "mod/http/head.h"

#include "mod/http/target.h"
#include "mod/http/text.h"

enum
{
    REQUEST = 1,
    RESPONSE = 2,
    FIELDS = 4
};

/* A head while it is read. */
struct reader
{
    struct tw_http_head *head;
    const char *data;
    uint32_t at, len;
    int kind;
    struct tw_http_span host;      /* what Host says */
    struct tw_http_span authority; /* what an absolute target says */
    bool close, alive;             /* what Connection says */
    bool upgrade;
};

static int fail(struct reader *r, int status, const char *why)
{
    r->head->why = why;
    return -status;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* True if the bytes of the span are these, but for the case of letters. */
static bool says(const struct reader *r, struct tw_http_span span,
                 const char *text)
{
    return span.len == strlen(text) &&
           tw_http_same(r->data + span.at, text, span.len);
}

/* -- fields that are known ------------------------------------------------ */

/* Takes the next element off a comma-separated list: true if there is one. */
static bool next_element(const char *data, struct tw_http_span *list,
                         struct tw_http_span *element)
{
    if (list->len == 0)
        return false;
    const char *s = data + list->at;
    const char *comma = memchr(s, ',', list->len);
    uint32_t len = comma ? (uint32_t)(comma - s) : list->len;
    uint32_t used = comma ? len + 1 : len;
    uint32_t skip = 0;
    while (skip < len && blank(s[skip]))
        skip++;
    while (len > skip && blank(s[len - 1]))
        len--;
    *element = (struct tw_http_span){list->at + skip, len - skip};
    list->at += used;
    list->len -= used;
    return true;
}

static int read_host(struct reader *r, struct tw_http_span value)
{
    r->host = value;
    return 0;
}

/* Digits and nothing else; "010" is ten (RFC 9110 8.6). */
static int read_length(struct reader *r, struct tw_http_span value)
{
    int64_t length = 0;
    if (value.len == 0)
        return fail(r, 400, "an empty Content-Length");
    for (uint32_t i = 0; i < value.len; i++)
    {
        char c = r->data[value.at + i];
        if (!tw_http_is(c, TW_HTTP_DIGIT))
            return fail(r, 400, "a Content-Length that is no number");
        if (length > (INT64_MAX - (c - '0')) / 10)
            return fail(r, 400, "a Content-Length that is too large");
        length = length * 10 + (c - '0');
    }
    r->head->length = length;
    return 0;
}

/* Only "chunked" is known: anything in front of it, well-formed, is a coding
   that is not; anything after it leaves the end of the body unknown. */
static int read_coding(struct reader *r, struct tw_http_span value)
{
    struct tw_http_span list = value, one;
    bool chunked = false;
    if (says(r, value, "chunked"))
        return 0;
    while (next_element(r->data, &list, &one))
    {
        if (chunked)
            return fail(r, 400, "a transfer coding after chunked");
        if (!tw_http_is_token(r->data + one.at, one.len))
            return fail(r, 400, "a malformed Transfer-Encoding");
        chunked = says(r, one, "chunked");
    }
    if (value.len == 0 || r->data[value.at + value.len - 1] == ',')
        return fail(r, 400, "a malformed Transfer-Encoding");
    return fail(r, 501, "a transfer coding that is not known");
}

static int read_connection(struct reader *r, struct tw_http_span list)
{
    struct tw_http_span one;
    while (next_element(r->data, &list, &one))
    {
        if (one.len > 0 && !tw_http_is_token(r->data + one.at, one.len))
            return fail(r, 400, "a malformed Connection");
        r->close |= says(r, one, "close");
        r->alive |= says(r, one, "keep-alive");
        r->upgrade |= says(r, one, "upgrade");
    }
    return 0;
}

static int read_expect(struct reader *r, struct tw_http_span value)
{
    if (!says(r, value, "100-continue"))
        return fail(r, 417, "an expectation that is not known");
    return 0;
}

/* A field that says how a message is to be read. */
struct known
{
    const char *name; /* in lower case */
    int (*read)(struct reader *r, struct tw_http_span value);
    uint8_t bit;       /* of enum tw_http_known */
    uint8_t kinds;     /* of heads in which it is read */
    const char *twice; /* why there may not be two; NULL: there may */
};

enum
{
    KNOWN_MAX = 17 /* bytes of the longest name */
};

/* By the length of the name. */
static const struct known known_fields[KNOWN_MAX + 1] = {
    [4] = {"host", read_host, TW_HTTP_HAS_HOST, REQUEST, "two Host fields"},
    [6] = {"expect", read_expect, TW_HTTP_HAS_EXPECT, REQUEST, NULL},
    [7] = {"upgrade", NULL, TW_HTTP_HAS_UPGRADE, 0, NULL},
    [10] = {"connection", read_connection, TW_HTTP_HAS_CONNECTION,
            REQUEST | RESPONSE, NULL},
    [14] = {"content-length", read_length, TW_HTTP_HAS_LENGTH,
            REQUEST | RESPONSE, "two Content-Length fields"},
    [17] = {"transfer-encoding", read_coding, TW_HTTP_HAS_CODING,
            REQUEST | RESPONSE, "two Transfer-Encoding fields"},
};

/* NULL for most names, after a look at their first letter. Of the bytes that a
   token may have only letters become letters with that bit. */
static const struct known *known_as(const char *name, uint32_t len)
{
    const struct known *known = &known_fields[len <= KNOWN_MAX ? len : 0];
    uint32_t i = 0;
    while (known->name && i < len && (name[i] | 0x20) == known->name[i])
        i++;
    return i == len ? known : NULL;
}

static int read_known(struct reader *r, const struct known *known,
                      struct tw_http_span value)
{
    bool twice = r->head->known & known->bit;
    r->head->known |= known->bit;
    if (!(known->kinds & r->kind))
        return 0;
    if (twice && known->twice)
        return fail(r, 400, known->twice);
    return known->read(r, value);
}

/* -- fields --------------------------------------------------------------- */

static int bad_name(struct reader *r, uint32_t begin, uint32_t end)
{
    char c = r->data[end];
    if (end == begin && blank(c))
        return fail(r, 400, "a folded line, or space in front of a name");
    if (end == begin && c == ':')
        return fail(r, 400, "a field without a name");
    if (blank(c))
        return fail(r, 400, "space behind a name");
    return fail(r, 400,
                c == '\r' ? "a line without a colon"
                          : "a byte that no name may have");
}

static bool at_line_end(const struct reader *r)
{
    return r->data[r->at] == '\r' && r->data[r->at + 1] == '\n';
}

static int keep_field(struct reader *r, const struct tw_http_field *field)
{
    struct tw_http_head *head = r->head;
    if (head->nfields == head->room)
        return fail(r, 431, "too many fields");
    if (head->fields)
        head->fields[head->nfields] = *field;
    head->nfields++;
    const struct known *known =
        known_as(r->data + field->name.at, field->name.len);
    return known ? read_known(r, known, field->value) : 0;
}

/* One field line, its end included. */
static int read_field(struct reader *r)
{
    const char *data = r->data;
    uint32_t begin = r->at, at = begin;
    while (tw_http_is(data[at], TW_HTTP_TOKEN))
        at++;
    if (at == begin || data[at] != ':')
        return bad_name(r, begin, at);
    struct tw_http_field field = {.name = {begin, at - begin}};
    do
        at++;
    while (blank(data[at]));
    uint32_t value = at;
    at = (uint32_t)tw_http_skip_text(data, at, r->len);
    r->at = at;
    if (!at_line_end(r))
        return fail(r, 400, "a byte that no value may have");
    r->at = at + 2;
    while (at > value && blank(data[at - 1]))
        at--;
    field.value = (struct tw_http_span){value, at - value};
    return keep_field(r, &field);
}

/* All fields, and the empty line that must be the end. */
static int read_fields(struct reader *r)
{
    while (r->at < r->len && r->data[r->at] != '\r')
    {
        int rc = read_field(r);
        if (rc < 0)
            return rc;
    }
    if (r->len - r->at != 2 || !at_line_end(r))
        return fail(r, 400, "a head that does not end with an empty line");
    return 0;
}

/* Empties all that is to be found out; < 0 if there can be no head. */
static int start(struct reader *r, struct tw_http_head *head, const char *data,
                 size_t len)
{
    *head = (struct tw_http_head){
        .fields = head->fields, .room = head->room, .size = (uint32_t)len};
    r->head = head;
    r->data = data;
    r->len = (uint32_t)len;
    if (len < 2 || len > UINT32_MAX || data[len - 2] != '\r' ||
        data[len - 1] != '\n')
        return fail(r, 400, "a head that does not end");
    return 0;
}

/* -- what the fields say together ----------------------------------------- */

/* RFC 9112 6.3, without its leniencies: whoever sends both lengths, or a coding
   in a version that has none, is read differently by others. */
static int check_framing(struct reader *r)
{
    struct tw_http_head *head = r->head;
    bool coded = head->known & TW_HTTP_HAS_CODING;
    bool length = head->known & TW_HTTP_HAS_LENGTH;
    if (coded && length)
        return fail(r, 400, "both Content-Length and Transfer-Encoding");
    if (coded && head->minor == 0)
        return fail(r, 400, "Transfer-Encoding in HTTP/1.0");
    head->framing = coded    ? TW_HTTP_CHUNKED
                    : length ? TW_HTTP_LENGTH
                             : TW_HTTP_NONE;
    return 0;
}

static void set_connection(struct reader *r)
{
    struct tw_http_head *head = r->head;
    head->keep = !r->close && (head->minor == 1 || r->alive);
    head->upgrade =
        r->upgrade && (head->known & TW_HTTP_HAS_UPGRADE) && head->minor == 1;
}

/* -- requests ------------------------------------------------------------- */

/* "HTTP/1.0" or "HTTP/1.1" at `at`; the digit, or a failure. */
static int read_version(struct reader *r)
{
    const char *s = r->data + r->at;
    if (r->len - r->at < 10 || memcmp(s, "HTTP/", 5) != 0 ||
        !tw_http_is(s[5], TW_HTTP_DIGIT) || s[6] != '.' ||
        !tw_http_is(s[7], TW_HTTP_DIGIT))
        return fail(r, 400, "a first line without a version");
    r->at += 8;
    if (s[5] != '1' || s[7] > '1')
        return fail(r, 505, "a version that is not 1.0 or 1.1");
    r->head->minor = (uint8_t)(s[7] - '0');
    return 0;
}

static bool has_method(const struct reader *r, const char *name)
{
    struct tw_http_span method = r->head->method;
    return method.len == strlen(name) &&
           memcmp(r->data + method.at, name, method.len) == 0;
}

/* Which form of RFC 9112 3.2 the target has, and whether the method has it. */
static int read_form(struct reader *r)
{
    const char *s = r->data + r->head->target.at;
    size_t len = r->head->target.len, at;
    if (has_method(r, "CONNECT"))
        return tw_http_is_authority(s, len, true)
                   ? 0
                   : fail(r, 400, "a target that CONNECT may not have");
    if (s[0] == '/' || (len == 1 && s[0] == '*' && has_method(r, "OPTIONS")))
        return 0;
    r->authority.len = (uint32_t)tw_http_authority(s, len, &at);
    r->authority.at = r->head->target.at + (uint32_t)at;
    if (r->authority.len == 0)
        return fail(r, 400, "a target that is neither a path nor a URL");
    return 0;
}

static int read_request_line(struct reader *r)
{
    const char *data = r->data;
    uint32_t begin = r->len > 2 && at_line_end(r) ? 2 : 0, at = begin;
    while (tw_http_is(data[at], TW_HTTP_TOKEN))
        at++;
    if (at == begin || data[at] != ' ')
        return fail(r, 400, "a first line without a method");
    r->head->method = (struct tw_http_span){begin, at - begin};
    begin = ++at;
    at = (uint32_t)tw_http_jump(data, at, r->len, 0x24, true);
    while (tw_http_is(data[at], TW_HTTP_TARGET))
        at++;
    if (at == begin || data[at] != ' ')
        return fail(r, 400, "a malformed target");
    r->head->target = (struct tw_http_span){begin, at - begin};
    r->at = at + 1;
    int rc = read_version(r);
    if (rc < 0)
        return rc;
    if (!at_line_end(r))
        return fail(r, 400, "something behind the version");
    r->at += 2;
    return read_form(r);
}

/* RFC 9112 3.2; that the two say the same is asked of the client there. */
static int check_host(struct reader *r)
{
    if (!(r->head->known & TW_HTTP_HAS_HOST))
        return r->head->minor == 0 ? 0 : fail(r, 400, "no Host");
    if (!tw_http_is_authority(r->data + r->host.at, r->host.len, false))
        return fail(r, 400, "a malformed Host");
    if (r->authority.len > 0 &&
        (r->authority.len != r->host.len ||
         !tw_http_same(r->data + r->host.at, r->data + r->authority.at,
                       r->host.len)))
        return fail(r, 400, "a Host that is not the target's");
    return 0;
}

int tw_http_request(struct tw_http_head *head, const char *data, size_t len)
{
    struct reader r = {.kind = REQUEST};
    int rc = start(&r, head, data, len);
    if (rc == 0)
        rc = read_request_line(&r);
    if (rc == 0)
        rc = read_fields(&r);
    if (rc == 0)
        rc = check_host(&r);
    if (rc == 0)
        rc = check_framing(&r);
    if (rc < 0)
        return rc;
    /* RFC 9110 9.3.6: what follows is the tunnel's, not a body. */
    if (head->framing != TW_HTTP_NONE && has_method(&r, "CONNECT"))
        return fail(&r, 400, "a CONNECT with a body");
    set_connection(&r);
    head->expect = head->minor == 1 && (head->known & TW_HTTP_HAS_EXPECT);
    return 0;
}

/* -- responses ------------------------------------------------------------ */

static int read_status_line(struct reader *r)
{
    int rc = read_version(r);
    if (rc < 0)
        return rc;
    const char *s = r->data + r->at;
    if (r->len - r->at < 6 || s[0] != ' ' || !tw_http_is(s[1], TW_HTTP_DIGIT) ||
        !tw_http_is(s[2], TW_HTTP_DIGIT) || !tw_http_is(s[3], TW_HTTP_DIGIT) ||
        s[1] == '0')
        return fail(r, 400, "a malformed status");
    r->head->status =
        (int16_t)((s[1] - '0') * 100 + (s[2] - '0') * 10 + (s[3] - '0'));
    r->at += 4;
    if (s[4] == ' ')
        r->at++;
    uint32_t begin = r->at;
    if (s[4] == ' ')
        r->at = (uint32_t)tw_http_skip_text(r->data, begin, r->len);
    r->head->reason = (struct tw_http_span){begin, r->at - begin};
    if (!at_line_end(r))
        return fail(r, 400, "a malformed status line");
    r->at += 2;
    return 0;
}

/*
 * RFC 9112 6.3, from 1 on. Some status have no body whatever the fields say,
 * but whoever announces one there is read differently by others (RFC 9110 8.6):
 * in front of the answer proper it is refused; after 204 the connection is not
 * used again.
 */
static int set_body(struct reader *r, const char *method)
{
    struct tw_http_head *head = r->head;
    int status = head->status;
    bool announced = head->framing == TW_HTTP_CHUNKED || head->length > 0;
    bool tunnel = strcmp(method, "CONNECT") == 0 && status / 100 == 2;
    if (status < 200 && announced)
        return fail(r, 400, "an interim response with a body");
    if (status == 204 && announced)
        head->keep = false;
    if (status < 200 || status == 204 || status == 304 || tunnel ||
        strcmp(method, "HEAD") == 0)
        head->framing = TW_HTTP_NONE;
    else if (head->framing == TW_HTTP_NONE)
        head->framing = TW_HTTP_UNTIL_CLOSE;
    head->keep &= head->framing != TW_HTTP_UNTIL_CLOSE;
    return 0;
}

int tw_http_response(struct tw_http_head *head, const char *data, size_t len,
                     const char *method)
{
    struct reader r = {.kind = RESPONSE};
    int rc = start(&r, head, data, len);
    if (rc == 0)
        rc = read_status_line(&r);
    if (rc == 0)
        rc = read_fields(&r);
    if (rc == 0)
        rc = check_framing(&r);
    if (rc < 0)
        return rc;
    set_connection(&r);
    return set_body(&r, method);
}

/* -- fields alone --------------------------------------------------------- */

int tw_http_fields(struct tw_http_head *head, const char *data, size_t len)
{
    struct reader r = {.kind = FIELDS};
    int rc = start(&r, head, data, len);
    return rc < 0 ? rc : read_fields(&r);
}

const struct tw_http_field *tw_http_find(const struct tw_http_head *head,
                                         const char *data, const char *name,
                                         size_t len,
                                         const struct tw_http_field *after)
{
    const struct tw_http_field *end = head->fields + head->nfields;
    const struct tw_http_field *field = after ? after + 1 : head->fields;
    for (; field < end; field++)
        if (field->name.len == len &&
            tw_http_same(data + field->name.at, name, len))
            return field;
    return NULL;
}
