/* The Lua type "response": the status, the fields, the whole answer at once. */
#include "mod/http/exchange.h"
#include "mod/http/text.h"

#include <string.h>

struct tw_http_res *tw_http_res_new(lua_State *L)
{
    struct tw_http_res *res =
        lua_newuserdatauv(L, sizeof *res, TW_HTTP_EXCHANGE_VALUES);
    *res = (struct tw_http_res){.status = 200, .length = -1};
    return res;
}

struct tw_http_res *tw_http_res_self(lua_State *L)
{
    const struct tw_http *http = tw_http_state(L);
    return tw_http_self(L, http->known_response, http->response,
                        "tidewire.http.response");
}

/* -- what it has --------------------------------------------------------- */

static int res_index(lua_State *L)
{
    tw_http_push_method(L, 2);
    if (!lua_isnil(L, -1))
        return 1;
    const struct tw_http_res *res = tw_http_res_self(L);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "status") == 0)
        lua_pushinteger(L, res->status);
    else if (strcmp(key, "sent") == 0)
        lua_pushboolean(L, res->stage != TW_HTTP_FRESH);
    else if (strcmp(key, "bytes") == 0)
        lua_pushinteger(L, (lua_Integer)res->bytes);
    else if (lua_getiuservalue(L, 1, TW_HTTP_KEPT) == LUA_TTABLE)
    {
        lua_pushvalue(L, 2);
        lua_rawget(L, -2);
    }
    return 1;
}

/* Raises if the head has left. */
static void check_fresh(lua_State *L, const struct tw_http_res *res)
{
    if (res->stage != TW_HTTP_FRESH)
        luaL_error(L, "the head of the answer has been sent");
}

static void set_status(lua_State *L, struct tw_http_res *res)
{
    int exact;
    lua_Integer status = lua_tointegerx(L, 3, &exact);
    check_fresh(L, res);
    if (!exact || status < 200 || status > 599)
        luaL_error(L, "status: must be 200 to 599, got %s",
                   luaL_tolstring(L, 3, NULL));
    res->status = (int16_t)status;
}

/* res.status = 404; any other field is kept with the answer. */
static int res_newindex(lua_State *L)
{
    struct tw_http_res *res = tw_http_res_self(L);
    const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "";
    if (strcmp(key, "status") == 0)
        set_status(L, res);
    else if (strcmp(key, "sent") == 0 || strcmp(key, "bytes") == 0)
        luaL_error(L, "an answer's '%s' cannot be set", key);
    else
        tw_http_req_keep(L);
    return 0;
}

bool tw_http_field_ok(const char *name, size_t name_len, const char *value,
                      size_t len)
{
    return tw_http_is_token(name, name_len) && tw_http_is_value(value, len);
}

/* -- fields -------------------------------------------------------------- */

struct text
{
    const char *s;
    size_t len;
};

static struct text name_arg(lua_State *L)
{
    struct text name;
    name.s = luaL_checklstring(L, 2, &name.len);
    luaL_argcheck(L, tw_http_is_token(name.s, name.len), 2,
                  "no name that a field may have");
    return name;
}

static bool is(const struct text *name, const char *what)
{
    return name->len == strlen(what) && tw_http_same(name->s, what, name->len);
}

/* The line of that name in the answer's fields from `at` on: its place, and
   its length with CR LF; 0: there is none. */
static size_t find_line(const struct tw_buf *fields, const struct text *name,
                        size_t *at)
{
    const char *data = tw_buf_data(fields);
    size_t len = tw_buf_len(fields);
    while (*at < len)
    {
        const char *line = data + *at;
        const char *end = memchr(line, '\n', len - *at);
        size_t n = (size_t)(end - line) + 1;
        if (n > name->len && line[name->len] == ':' &&
            tw_http_same(line, name->s, name->len))
            return n;
        *at += n;
    }
    return 0;
}

static void remove_lines(struct tw_buf *fields, const struct text *name)
{
    size_t at = 0, n;
    while ((n = find_line(fields, name, &at)) > 0)
    {
        char *line = fields->data + fields->start + at;
        memmove(line, line + n, tw_buf_len(fields) - at - n);
        fields->end -= n;
    }
}

/* What the engine must know of the fields, or says itself. */
static void note(lua_State *L, struct tw_http_res *res, const struct text *name,
                 const struct text *value)
{
    if (is(name, "Date"))
        res->dated = value != NULL;
    else if (is(name, "Content-Type"))
        res->typed = value != NULL;
    else if (is(name, "Transfer-Encoding"))
        luaL_argerror(L, 2, "the server itself sets Transfer-Encoding");
    else if (value && is(name, "Connection") && is(value, "close"))
        res->keep = false;
}

/* Sets the length that the fields say, which are not kept with the others. */
static bool set_length(lua_State *L, struct tw_http_res *res,
                       const struct text *name)
{
    if (!is(name, "Content-Length"))
        return false;
    int exact = 1;
    res->length = lua_isnoneornil(L, 3) ? -1 : lua_tointegerx(L, 3, &exact);
    luaL_argcheck(L, exact && res->length >= -1, 3, "no length");
    return true;
}

static struct text value_arg(lua_State *L)
{
    struct text value;
    value.s = luaL_checklstring(L, 3, &value.len);
    luaL_argcheck(L, tw_http_is_value(value.s, value.len), 3,
                  "no value that a field may have");
    return value;
}

/* The connection of an answer whose fields may be changed; NULL: it is over.
   After the arguments: numbers become strings there, and finalizers may run. */
static struct tw_http_conn *changing(lua_State *L, struct tw_http_res **res)
{
    *res = tw_http_res_self(L);
    check_fresh(L, *res);
    return (*res)->conn;
}

static int set_field(lua_State *L, bool replace)
{
    struct tw_http_res *res;
    struct text name = name_arg(L);
    struct text value = value_arg(L);
    struct tw_http_conn *c = changing(L, &res);
    if (!c || set_length(L, res, &name))
        return 0;
    if (is(&name, "Connection") && is(&value, "close"))
    {
        res->keep = false; /* the head says so */
        return 0;
    }
    note(L, res, &name, &value);
    size_t len = name.len + value.len + 4;
    if (!tw_buf_reserve(&c->fields, len))
        return luaL_error(L, "not enough memory");
    if (replace)
        remove_lines(&c->fields, &name);
    tw_buf_append(&c->fields, name.s, name.len);
    tw_buf_append(&c->fields, ": ", 2);
    tw_buf_append(&c->fields, value.s, value.len);
    tw_buf_append(&c->fields, "\r\n", 2);
    return 0;
}

/* res:set(name, value): the answer has that field, once. */
static int res_set(lua_State *L)
{
    return set_field(L, true);
}

/* res:add(name, value): ditto, besides those of that name that it has. */
static int res_add(lua_State *L)
{
    return set_field(L, false);
}

/* res:unset(name): the answer has no field of that name. */
static int res_unset(lua_State *L)
{
    struct tw_http_res *res;
    struct text name = name_arg(L);
    struct tw_http_conn *c = changing(L, &res);
    lua_settop(L, 2);
    if (!c || set_length(L, res, &name))
        return 0;
    note(L, res, &name, NULL);
    remove_lines(&c->fields, &name);
    return 0;
}

/* res:get(name): the first value set for that field, or nil. */
static int res_get(lua_State *L)
{
    const struct tw_http_res *res = tw_http_res_self(L);
    struct text name = name_arg(L);
    size_t at = 0, n = 0;
    if (is(&name, "Content-Length") && res->length >= 0)
    {
        lua_pushfstring(L, "%I", (lua_Integer)res->length);
        return 1;
    }
    if (res->conn)
        n = find_line(&res->conn->fields, &name, &at);
    if (n == 0)
        return 0;
    const char *line = tw_buf_data(&res->conn->fields) + at;
    lua_pushlstring(L, line + name.len + 2, n - name.len - 4);
    return 1;
}

/* -- the whole answer ---------------------------------------------------- */

/* RFC 9110 6.4.1: never a body; then Content-Length is none, or of what is not
   sent. */
static bool never_a_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

void tw_http_res_begin(struct tw_http_res *res, int64_t length)
{
    const struct tw_http_conn *c = res->conn;
    const struct tw_http_req *req = c->req;
    if (never_a_body(res->status))
    {
        res->bodiless = true;
        res->length = -1;
    }
    else if (res->length < 0)
        res->length = length;
    bool open = res->length < 0 && !never_a_body(res->status);
    res->chunked = open && req->head.minor > 0;
    if ((open && !res->chunked) || c->server->stopping ||
        (req->body && !req->body->done && !req->asked))
        res->keep = false;
    res->stage = TW_HTTP_OPEN;
}

/* Stack: self, body, how much of it has been sent. */
static int res_send_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_http_res *res = lua_touserdata(L, 1);
    struct tw_http_conn *c = res->conn;
    size_t len, done = (size_t)lua_tointeger(L, 3), before = done;
    const char *body = lua_tolstring(L, 2, &len);
    int rc = wait->status < 0 ? wait->status : c ? 0 : TW_ECLOSED;
    if (res->bodiless)
        len = done;
    if (rc == 0)
        rc = tw_http_put(c, body, len, &done);
    res->bytes += (int64_t)(done - before);
    lua_pushinteger(L, (lua_Integer)done);
    lua_replace(L, 3);
    return tw_http_res_wait(L, wait, rc, "send");
}

/* Sends the head and what there is room for behind it; how much of the body
   that was. What cannot be sent at once is held back. Or a code. */
static int64_t send_head(struct tw_http_conn *c, struct tw_http_res *res,
                         const char *body, size_t len)
{
    const struct tw_api *api = c->server->api;
    size_t copied = len <= TW_HTTP_SMALL && !res->bodiless ? len : 0;
    char *out = api->scratch(c->server->rt, tw_http_head_room(c) + copied);
    if (!out)
        return -ENOMEM;
    char *end = tw_http_head_write(c, res, out);
    memcpy(end, body, copied);
    size_t size = (size_t)(end - out) + copied;
    ssize_t n = 0;
    if (!c->st->ops)
        n = TW_ECLOSED;
    else if (tw_buf_len(&c->st->wbuf) == 0 && copied == len)
        n = c->st->ops->write(c->st, out, size);
    if (n < 0 && !tw_err_want((int)n))
        return n;
    size_t sent = n > 0 ? (size_t)n : 0;
    if (sent < size && !tw_buf_append(&c->st->wbuf, out + sent, size - sent))
        return -ENOMEM;
    return (int64_t)copied;
}

static int send_failed(lua_State *L, struct tw_http_conn *c, int code)
{
    c->broken = true;
    return tw_http_state(L)->api->fail(L, code, "send");
}

/*
 * res:send([body]): the whole answer, with its length. True; or nil, message,
 * code when it could not be sent ("timeout", "closed", "EPIPE").
 */
static int res_send(lua_State *L)
{
    struct tw_http_res *res = tw_http_res_self(L);
    struct tw_http_conn *c = res->conn;
    size_t len = 0;
    const char *body = luaL_optlstring(L, 2, "", &len);
    if (res->stage != TW_HTTP_FRESH)
        return luaL_error(L, "an answer has been sent already");
    if (!c)
        return tw_http_state(L)->api->fail(L, TW_ECLOSED, "send");
    res->plain = len > 0;
    if (!res->bodiless || len > 0)
        res->length = (int64_t)len; /* whatever the handler has said */
    tw_http_res_begin(res, (int64_t)len);
    res->stage = TW_HTTP_DONE;
    int64_t copied = send_head(c, res, body, len);
    if (copied < 0)
        return send_failed(L, c, (int)copied);
    res->bytes = copied;
    lua_settop(L, 2);
    if (tw_buf_len(&c->st->wbuf) == 0 &&
        ((size_t)copied == len || res->bodiless))
    {
        lua_pushboolean(L, 1);
        return 1;
    }
    if (lua_isnil(L, 2))
    {
        lua_pushliteral(L, "");
        lua_replace(L, 2);
    }
    lua_pushinteger(L, (lua_Integer)copied);
    return tw_http_state(L)->api->run(L, tw_http_runtime(L), res_send_k);
}

const luaL_Reg tw_http_response_meta[] = {
    {"__index", res_index}, {"__newindex", res_newindex}, {NULL, NULL}};

const luaL_Reg tw_http_response_methods[] = {
    {"set", res_set}, {"add", res_add},   {"unset", res_unset},
    {"get", res_get}, {"send", res_send}, {NULL, NULL}};
