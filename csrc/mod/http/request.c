/* The Lua type "request": what a handler gets to know. */
#include "mod/http/exchange.h"
#include "mod/http/text.h"

#include <string.h>

static inline struct tw_http_req *self(lua_State *L)
{
    const struct tw_http *http = tw_http_state(L);
    return tw_http_self(L, http->known_request, http->request,
                        "tidewire.http.request");
}

struct tw_http_req *tw_http_req_new(lua_State *L, struct tw_http_server *s,
                                    const struct tw_http_head *head,
                                    const char *bytes)
{
    size_t fields = head->nfields * sizeof *head->fields;
    bool none = head->framing == TW_HTTP_NONE;
    size_t body = none ? 0 : sizeof(struct tw_http_body);
    struct tw_http_req *r = lua_newuserdatauv(
        L, sizeof *r + body + fields + head->size, TW_HTTP_EXCHANGE_VALUES);
    char *rest = (char *)(r + 1);
    r->conn = NULL;
    r->head = *head;
    r->head.fields = (struct tw_http_field *)(void *)(rest + body);
    r->bytes = rest + body + fields;
    r->body = none ? NULL : (struct tw_http_body *)(void *)rest;
    r->max_body = s->max_body;
    r->got = r->since = r->waits = r->waited = 0;
    r->asked = !head->expect;
    memcpy(rest + body, head->fields, fields);
    memcpy(rest + body + fields, bytes, head->size);
    if (r->body)
        tw_http_body_begin(r->body, head, &s->limits);
    return r;
}

/* -- the target ---------------------------------------------------------- */

/* Where the path of the target begins and ends: of one in absolute form it
   comes after the authority, and may be missing (RFC 9112 3.2). */
static struct tw_http_span path_of(const struct tw_http_req *r)
{
    struct tw_http_span path = r->head.target;
    const char *s = r->bytes + path.at;
    const char *end = s + path.len, *query;
    const char *host = *s == '/' ? NULL : memmem(s, path.len, "://", 3);
    if (host)
        for (s = host + 3; s < end && *s != '/' && *s != '?'; s++)
            ;
    query = memchr(s, '?', (size_t)(end - s));
    path.at = (uint32_t)(s - r->bytes);
    path.len = (uint32_t)((query ? query : end) - s);
    return path;
}

void tw_http_push_unescaped(lua_State *L, const char *s, size_t len)
{
    luaL_Buffer out;
    char *to = luaL_buffinitsize(L, &out, len);
    luaL_pushresultsize(&out, tw_http_unescape(to, s, len));
}

static void push_path(lua_State *L, const struct tw_http_req *r)
{
    struct tw_http_span path = path_of(r);
    const char *s = r->bytes + path.at;
    if (path.len == 0)
        lua_pushstring(L, r->head.why ? "" : "/");
    else if (memchr(s, '%', path.len))
        tw_http_push_unescaped(L, s, path.len);
    else
        lua_pushlstring(L, s, path.len);
}

static void push_query(lua_State *L, const struct tw_http_req *r)
{
    struct tw_http_span path = path_of(r);
    uint32_t at = path.at + path.len;
    uint32_t end = r->head.target.at + r->head.target.len;
    if (at < end)
        lua_pushlstring(L, r->bytes + at + 1, end - at - 1);
    else
        lua_pushnil(L);
}

/* -- fields that every request has --------------------------------------- */

static void push_span(lua_State *L, const struct tw_http_req *r,
                      struct tw_http_span span)
{
    lua_pushlstring(L, r->bytes + span.at, span.len);
}

static void push_method(lua_State *L, const struct tw_http_req *r)
{
    push_span(L, r, r->head.method);
}

static void push_target(lua_State *L, const struct tw_http_req *r)
{
    push_span(L, r, r->head.target);
}

static void push_version(lua_State *L, const struct tw_http_req *r)
{
    lua_pushstring(L, r->head.minor ? "1.1" : "1.0");
}

static void push_length(lua_State *L, const struct tw_http_req *r)
{
    if (r->head.framing == TW_HTTP_LENGTH)
        lua_pushinteger(L, (lua_Integer)r->head.length);
    else
        lua_pushnil(L);
}

static void push_refused(lua_State *L, const struct tw_http_req *r)
{
    lua_pushstring(L, r->head.why);
}

static void push_max_body(lua_State *L, const struct tw_http_req *r)
{
    lua_pushinteger(L, (lua_Integer)r->max_body);
}

static const struct known
{
    const char *name;
    void (*push)(lua_State *L, const struct tw_http_req *r);
} known[] = {
    {"path", push_path},         {"method", push_method},
    {"query", push_query},       {"target", push_target},
    {"version", push_version},   {"length", push_length},
    {"max_body", push_max_body}, {"refused", push_refused},
};

static const struct known *find_known(lua_State *L, int idx)
{
    const char *key = lua_tostring(L, idx); /* numbers match nothing */
    for (size_t i = 0; key && i < sizeof known / sizeof known[0]; i++)
        if (known[i].name[0] == key[0] && strcmp(known[i].name, key) == 0)
            return &known[i];
    return NULL;
}

/* -- fields that are kept with it ---------------------------------------- */

void tw_http_req_keep(lua_State *L)
{
    int value = lua_gettop(L);
    if (lua_getiuservalue(L, 1, TW_HTTP_KEPT) != LUA_TTABLE)
    {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, 1, TW_HTTP_KEPT);
    }
    lua_pushvalue(L, 2);
    lua_pushvalue(L, value);
    lua_rawset(L, -3);
    lua_settop(L, value);
}

static int lazy_k(lua_State *L, int status, lua_KContext ctx)
{
    (void)status, (void)ctx;
    tw_http_req_keep(L);
    return 1;
}

/* What no request has from the beginning: kept, or made now. */
static int other_field(lua_State *L)
{
    if (lua_getiuservalue(L, 1, TW_HTTP_KEPT) == LUA_TTABLE)
    {
        lua_pushvalue(L, 2);
        if (lua_rawget(L, -2) != LUA_TNIL)
            return 1;
    }
    tw_http_push(L, TW_HTTP_LAZY);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL)
        return 1;
    lua_pushvalue(L, 1);
    lua_callk(L, 1, 1, 0, lazy_k);
    return lazy_k(L, LUA_OK, 0);
}

/* Methods first, for which it does not matter whose they are. */
static int req_index(lua_State *L)
{
    tw_http_push_method(L, 2);
    if (!lua_isnil(L, -1))
        return 1;
    const struct tw_http_req *r = self(L);
    const struct known *field = find_known(L, 2);
    if (!field)
        return other_field(L);
    field->push(L, r);
    return 1;
}

/* req.name = value: kept with the request; max_body is what the body may have
   at most; what the client has sent cannot be changed. */
static int req_newindex(lua_State *L)
{
    struct tw_http_req *r = self(L);
    const struct known *field = find_known(L, 2);
    if (!field && !lua_isnil(L, 2))
        tw_http_req_keep(L);
    else if (field && field->push == push_max_body)
        r->max_body = luaL_checkinteger(L, 3);
    else
        luaL_error(L, "a request's '%s' cannot be set",
                   luaL_tolstring(L, 2, NULL));
    return 0;
}

static int req_tostring(lua_State *L)
{
    const struct tw_http_req *r = self(L);
    lua_pushliteral(L, "request (");
    push_method(L, r);
    lua_pushliteral(L, " ");
    push_target(L, r);
    lua_pushliteral(L, ")");
    lua_concat(L, 5);
    return 1;
}

/* -- the header ---------------------------------------------------------- */

/* The values of a field that comes several times, from the second on. */
static void push_joined(lua_State *L, const struct tw_http_req *r,
                        const struct tw_http_field *field)
{
    luaL_Buffer out;
    size_t len;
    const char *name = lua_tolstring(L, 2, &len);
    luaL_buffinit(L, &out);
    while (field)
    {
        luaL_addlstring(&out, r->bytes + field->value.at, field->value.len);
        field = tw_http_find(&r->head, r->bytes, name, len, field);
        if (field)
            luaL_addlstring(&out, ", ", 2);
    }
    luaL_pushresult(&out);
}

/* req:header(name): the value of the field of that name, in any case; those of
   several joined with ", " (RFC 9110 5.3); nil if there is none. */
static int req_header(lua_State *L)
{
    const struct tw_http_req *r = self(L);
    size_t len;
    const char *name = luaL_checklstring(L, 2, &len);
    const struct tw_http_field *field =
        tw_http_find(&r->head, r->bytes, name, len, NULL);
    if (!field)
        lua_pushnil(L);
    else if (tw_http_find(&r->head, r->bytes, name, len, field))
        push_joined(L, r, field);
    else
        push_span(L, r, field->value);
    return 1;
}

void tw_http_push_fields(lua_State *L, const char *bytes,
                         const struct tw_http_head *head)
{
    lua_createtable(L, (int)head->nfields, 0);
    for (uint32_t i = 0; i < head->nfields; i++)
    {
        const struct tw_http_field *field = &head->fields[i];
        lua_createtable(L, 2, 0);
        lua_pushlstring(L, bytes + field->name.at, field->name.len);
        lua_rawseti(L, -2, 1);
        lua_pushlstring(L, bytes + field->value.at, field->value.len);
        lua_rawseti(L, -2, 2);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* req:fields(): a list of {name, value}, as they were sent. */
static int req_fields(lua_State *L)
{
    const struct tw_http_req *r = self(L);
    tw_http_push_fields(L, r->bytes, &r->head);
    return 1;
}

/* The peer's address as server:add was given it, while the exchange lasts. */
static int req_peer(lua_State *L)
{
    const struct tw_http_req *r = self(L);
    if (!r->conn)
        return 0;
    lua_rawgetp(L, LUA_REGISTRYINDEX, r->conn->server);
    lua_rawgeti(L, -1, 2 * (lua_Integer)r->conn->index);
    return 1;
}

const luaL_Reg tw_http_request_meta[] = {{"__index", req_index},
                                         {"__newindex", req_newindex},
                                         {"__tostring", req_tostring},
                                         {NULL, NULL}};

const luaL_Reg tw_http_request_methods[] = {
    {"header", req_header}, {"fields", req_fields}, {NULL, NULL}};

const luaL_Reg tw_http_request_lazy[] = {{"peer", req_peer}, {NULL, NULL}};
