/*
 * The parsers as Lua functions: what the client stands on. A head comes as one
 * string, a body in whatever pieces.
 */
#include "mod/http/exchange.h"
#include "mod/http/text.h"

enum
{
    FIELDS_MAX = 1 << 16,
    HEAD_MAX = 1 << 30 /* positions have 32 bits */
};

/* As enum tw_http_framing. */
static const char *const framings[] = {"none", "length", "chunked", "close",
                                       NULL};

/* Pushes nil, what is wrong, a code, the status to answer with. Returns 4. */
static int fail(lua_State *L, const char *why, int status)
{
    bool size = status == 413 || status == 414 || status == 431;
    lua_pushnil(L);
    lua_pushstring(L, why ? why : "malformed message");
    lua_pushstring(L, size ? "EMSGSIZE" : "EBADMSG");
    lua_pushinteger(L, status);
    return 4;
}

static void push_span(lua_State *L, const char *data, struct tw_http_span span)
{
    lua_pushlstring(L, data + span.at, span.len);
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

static void set_boolean(lua_State *L, const char *key, bool value)
{
    lua_pushboolean(L, value);
    lua_setfield(L, -2, key);
}

static void set_span(lua_State *L, const char *key, const char *data,
                     struct tw_http_span span)
{
    push_span(L, data, span);
    lua_setfield(L, -2, key);
}

/* Pushes the table of what requests and responses have in common. */
static void push_head(lua_State *L, const struct tw_http_head *head,
                      const char *data)
{
    lua_createtable(L, 0, 10);
    tw_http_push_fields(L, data, head);
    lua_setfield(L, -2, "fields");
    set_integer(L, "minor", head->minor);
    set_integer(L, "size", head->size);
    set_boolean(L, "keep", head->keep);
    set_boolean(L, "upgrade", head->upgrade);
    lua_pushstring(L, framings[head->framing]);
    lua_setfield(L, -2, "framing");
    if (head->framing == TW_HTTP_LENGTH)
        set_integer(L, "length", head->length);
}

/*
 * Looks for the end of the head at slot 1 and makes room for as many fields as
 * `idx` says, which stays on the stack. The head's length, or a failure.
 */
static int find_head(lua_State *L, int idx, struct tw_http_head *head)
{
    size_t len;
    const char *data = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len <= HEAD_MAX, 1, "too long");
    lua_Integer room = luaL_optinteger(L, idx, TW_HTTP_FIELDS);
    luaL_argcheck(L, room >= 1 && room <= FIELDS_MAX, idx, "out of range");
    lua_settop(L, idx);
    size_t size = (size_t)room * sizeof(struct tw_http_field);
    *head = (struct tw_http_head){.fields = lua_newuserdatauv(L, size, 0),
                                  .room = (uint32_t)room};
    struct tw_http_scan scan = {.seen = 0};
    const struct tw_http_limits limits = {TW_HTTP_LINE, HEAD_MAX, head->room};
    int found = tw_http_scan(&scan, data, len, &limits, &head->why);
    if (found == 0)
        head->why = "a head without an end";
    return found == 0 ? -400 : found;
}

/*
 * parse_request(text [, max_fields = 100]): the head that the text begins with,
 * as a table of method, target, minor (of the version), fields (a list of
 * {name, value}), framing ("none", "length", "chunked"), length, keep, upgrade,
 * expect, size (of the head). Or nil, message, code ("EBADMSG", "EMSGSIZE"),
 * the status to answer with.
 */
static int core_parse_request(lua_State *L)
{
    struct tw_http_head head;
    int size = find_head(L, 2, &head);
    const char *data = lua_tostring(L, 1);
    int rc = size < 0 ? size : tw_http_request(&head, data, (size_t)size);
    if (rc < 0)
        return fail(L, head.why, -rc);
    push_head(L, &head, data);
    set_span(L, "method", data, head.method);
    set_span(L, "target", data, head.target);
    set_boolean(L, "expect", head.expect);
    return 1;
}

/*
 * parse_response(text, method [, max_fields = 100]): ditto, of the response to
 * a request with that method: status, reason, minor, fields, framing (also
 * "close": until the connection's end), length, keep, upgrade, size.
 */
static int core_parse_response(lua_State *L)
{
    struct tw_http_head head;
    const char *method = luaL_checkstring(L, 2);
    int size = find_head(L, 3, &head);
    const char *data = lua_tostring(L, 1);
    int rc =
        size < 0 ? size : tw_http_response(&head, data, (size_t)size, method);
    if (rc < 0)
        return fail(L, head.why, -rc);
    push_head(L, &head, data);
    set_integer(L, "status", head.status);
    set_span(L, "reason", data, head.reason);
    return 1;
}

/* -- bodies -------------------------------------------------------------- */

/* Adds what is the body's to the buffer; returns how many bytes were read, the
   last of them at *last, or a failure if nothing was added. */
static int64_t decode(struct tw_http_body *body, luaL_Buffer *pieces,
                      const char *data, size_t len, const char **last)
{
    size_t used = 0;
    int64_t n = 1;
    while (n > 0 && !body->done)
    {
        struct tw_http_span piece;
        *last = data + used;
        n = tw_http_body_read(body, *last, len - used, &piece);
        if (n > 0)
            luaL_addlstring(pieces, *last + piece.at, piece.len);
        used += n > 0 ? (size_t)n : 0;
    }
    return n < 0 && luaL_bufflen(pieces) == 0 ? n : (int64_t)used;
}

/* Pushes the list of the trailers, which have been checked; `data` as of the
   call that ended the body. */
static int push_trailers(lua_State *L, const struct tw_http_body *body,
                         const char *data)
{
    struct tw_http_field fields[TW_HTTP_FIELDS];
    struct tw_http_head head = {.fields = fields, .room = TW_HTTP_FIELDS};
    if (body->trailers.len == 0)
        return 0;
    data += body->trailers.at;
    tw_http_fields(&head, data, body->trailers.len);
    tw_http_push_fields(L, data, &head);
    return 1;
}

/* The function that body() returns. Upvalue: the body. */
static int body_feed(lua_State *L)
{
    struct tw_http_body *body = lua_touserdata(L, lua_upvalueindex(1));
    size_t len;
    const char *data = luaL_checklstring(L, 1, &len), *last = data;
    lua_settop(L, 1);
    luaL_Buffer pieces;
    luaL_buffinit(L, &pieces);
    bool was_done = body->done;
    int64_t used = decode(body, &pieces, data, len, &last);
    luaL_pushresult(&pieces);
    if (used < 0)
        return fail(L, body->why, (int)-used);
    lua_pushinteger(L, used);
    lua_pushboolean(L, body->done);
    return 3 + (body->done && !was_done ? push_trailers(L, body, last) : 0);
}

/*
 * body(framing [, length]): a function feed(data) that reads on in a body with
 * that framing. It returns the body's bytes among those of `data` (perhaps
 * ""), how many were read (the others are to be given again, with more behind
 * them), true if that was the end, and then the trailers, if any, as a list of
 * {name, value}. Or nil, message, code, status, as parse_request does.
 */
static int core_body(lua_State *L)
{
    static const struct tw_http_limits limits = {TW_HTTP_LINE, TW_HTTP_HEAD,
                                                 TW_HTTP_FIELDS};
    struct tw_http_head head = {
        .framing = (uint8_t)luaL_checkoption(L, 1, NULL, framings)};
    if (head.framing == TW_HTTP_LENGTH)
        head.length = luaL_checkinteger(L, 2);
    luaL_argcheck(L, head.length >= 0, 2, "negative");
    struct tw_http_body *body = lua_newuserdatauv(L, sizeof *body, 0);
    tw_http_body_begin(body, &head, &limits);
    lua_pushcclosure(L, body_feed, 1);
    return 1;
}

/* -- checks -------------------------------------------------------------- */

static int run_check(lua_State *L, bool (*is)(const char *s, size_t len))
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    lua_pushboolean(L, is(text, len));
    return 1;
}

/* is_token(text): a method, or the name of a field. */
static int core_is_token(lua_State *L)
{
    return run_check(L, tw_http_is_token);
}

/* is_value(text): the value of a field. */
static int core_is_value(lua_State *L)
{
    return run_check(L, tw_http_is_value);
}

/* unescape(text): with %XX decoded; what is none stays as it is. */
static int core_unescape(lua_State *L)
{
    size_t len;
    const char *text = luaL_checklstring(L, 1, &len);
    tw_http_push_unescaped(L, text, len);
    return 1;
}

const luaL_Reg tw_http_codec_functions[] = {
    {"parse_request", core_parse_request},
    {"parse_response", core_parse_response},
    {"body", core_body},
    {"is_token", core_is_token},
    {"is_value", core_is_value},
    {"unescape", core_unescape},
    {NULL, NULL}};
