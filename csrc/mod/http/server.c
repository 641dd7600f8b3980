/* The Lua type "server" of http_core: what lua/tidewire/http/server.lua stands
   on. */
#include "mod/http/conn.h"
#include "mod/http/exchange.h"

#include <limits.h>
#include <string.h>

static struct tw_http_server *self(lua_State *L)
{
    return tw_http_check(L, 1, tw_http_state(L)->server,
                         "tidewire.http.server");
}

/* -- options ------------------------------------------------------------- */

/* The number in the field of the table at 1, which it must have. */
static lua_Integer number_in(lua_State *L, const char *name, lua_Integer min,
                             lua_Integer max)
{
    int exact;
    lua_getfield(L, 1, name);
    lua_Integer n = lua_tointegerx(L, -1, &exact);
    if (!exact || n < min || n > max)
        luaL_error(L, "%s: must be %I to %I", name, min, max);
    lua_pop(L, 1);
    return n;
}

static int64_t time_in(lua_State *L, const char *name)
{
    int type = lua_getfield(L, 1, name);
    bool none = type == LUA_TBOOLEAN && !lua_toboolean(L, -1);
    if (!none && (type != LUA_TNUMBER || !(lua_tonumber(L, -1) > 0)))
        luaL_error(L, "%s: must be seconds, more than 0, or false", name);
    int64_t ns = tw_http_state(L)->api->seconds(L, -1, name);
    lua_pop(L, 1);
    return ns;
}

/* Moves the table's function of that name, or nil, to a user value of the
   server on top. */
static void take_function(lua_State *L, const char *name, int user_value)
{
    if (lua_getfield(L, 1, name) != LUA_TFUNCTION && !lua_isnil(L, -1))
        luaL_error(L, "%s: must be a function", name);
    lua_setiuservalue(L, -2, user_value);
}

static void take_functions(lua_State *L)
{
    take_function(L, "handler", TW_HTTP_HANDLER);
    take_function(L, "explain", TW_HTTP_EXPLAIN);
    take_function(L, "onerror", TW_HTTP_ONERROR);
    take_function(L, "log", TW_HTTP_LOG);
    take_function(L, "spawn", TW_HTTP_SPAWN);
}

static void init(struct tw_http_server *s, struct tw_http *http,
                 struct tw_runtime *rt)
{
    memset(s, 0, sizeof *s);
    s->rt = rt;
    for (int i = 0; i < TW_HTTP_STATES; i++)
        tw_http_link_init(&s->states[i]);
    for (int i = 0; i < TW_HTTP_PHASES; i++)
        tw_http_link_init(&s->phases[i]);
    s->timer.wake = tw_http_sweep;
    s->armed = TW_FOREVER;
    s->api = http->api;
    s->http = http;
    s->api->queue_init(&s->sleepers);
    s->api->queue_init(&s->watchers);
}

/* Where heads are received and read. */
static void make_room(lua_State *L, struct tw_http_server *s)
{
    size_t input =
        s->limits.head > TW_HTTP_INPUT ? s->limits.head : (size_t)TW_HTTP_INPUT;
    size_t fields = s->limits.fields * sizeof *s->fields;
    s->input = tw__mem_new(&s->rt->mem, input + fields);
    if (!s->input)
        luaL_error(L, "http: not enough memory for a server");
    s->input_size = input + fields;
    s->fields = (struct tw_http_field *)(void *)s->input;
    s->input += fields;
}

/*
 * server{...}: a server without connections or workers. All of the options must
 * be there: numbers (limits), seconds (times), functions.
 */
static int http_server(lua_State *L)
{
    struct tw_http *http = tw_http_state(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    struct tw_http_server *s = lua_newuserdatauv(L, sizeof *s, TW_HTTP_VALUES);
    init(s, http, tw_http_runtime(L));
    tw_http_push(L, TW_HTTP_SERVER);
    lua_setmetatable(L, -2);
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, s);
    s->limits.line = (uint32_t)number_in(L, "max_line", 16, 1 << 20);
    s->limits.head = (uint32_t)number_in(L, "max_head", 64, 1 << 24);
    s->limits.fields = (uint32_t)number_in(L, "max_fields", 1, 1 << 16);
    s->max_body = number_in(L, "max_body", 0, LUA_MAXINTEGER);
    s->times[TW_HTTP_IDLE] = time_in(L, "idle_timeout");
    s->times[TW_HTTP_HEADING] = time_in(L, "header_timeout");
    s->times[TW_HTTP_LEAVING] = time_in(L, "linger_timeout");
    s->body_time = time_in(L, "body_timeout");
    s->write_time = time_in(L, "write_timeout");
    take_functions(L);
    lua_getfield(L, 1, "log");
    s->logging = lua_toboolean(L, -1);
    lua_settop(L, 2);
    make_room(L, s);
    return 1;
}

/* -- connections --------------------------------------------------------- */

static lua_Integer next_index(const struct tw_http_server *s)
{
    const struct tw_http_conn *next = tw_http_first(s, TW_HTTP_FREE);
    return next ? next->index : (lua_Integer)s->records + 1;
}

/* Puts the stream at 2 and the peer at 3 in the places of the next connection.
   Finalizers that run meanwhile may have added one. */
static void hold(lua_State *L, const struct tw_http_server *s)
{
    lua_Integer i;
    lua_rawgetp(L, LUA_REGISTRYINDEX, s);
    do
    {
        i = next_index(s);
        lua_pushvalue(L, 3);
        lua_rawseti(L, -2, 2 * i);
        lua_pushvalue(L, 2); /* last: if there is no memory it is let go */
        lua_rawseti(L, -2, 2 * i - 1);
    } while (i != next_index(s));
}

/*
 * server:add(stream, peer): serves what comes by that stream, which is the
 * server's from now on. True; or nil, message, code, and then it is not.
 */
static int server_add(lua_State *L)
{
    struct tw_http_server *s = self(L);
    struct tw_stream *st = s->api->to_stream(L, 2);
    if (!st)
        return luaL_typeerror(L, 2, "stream");
    lua_settop(L, 3);
    if (!st->ops)
        return s->api->fail(L, TW_ECLOSED, "add");
    if (!st->ops->watch)
        return luaL_argerror(L, 2, "this kind of stream cannot be waited for");
    if (s->stopping || !s->input || !s->rt->loop)
        return s->api->fail(L, TW_ECLOSED, "add");
    hold(L, s);
    struct tw_http_conn *c = tw_http_conn_new(s, st);
    if (!c)
    {
        lua_pushboolean(L, 0);
        lua_rawseti(L, -2, 2 * next_index(s) - 1);
        return s->api->fail(L, -ENOMEM, "add");
    }
    tw_http_conn_phase(c, TW_HTTP_IDLE);
    tw_http_conn_ready(c);
    lua_pushboolean(L, 1);
    return 1;
}

static void drop_all(struct tw_http_server *s, int from, int to)
{
    for (int state = from; state <= to; state++)
    {
        struct tw_http_conn *c;
        while ((c = tw_http_first(s, (enum tw_http_state)state)) != NULL)
            tw_http_conn_drop(c);
    }
}

/* server:forked(): true in a forked child, whose parent the server is. */
static int server_forked(lua_State *L)
{
    const struct tw_http_server *s = self(L);
    lua_pushboolean(L, s->rt->loop && s->api->forked(s->rt->loop));
    return 1;
}

/* server:stop(): no connection serves another request after the one it is at;
   those that are at none are closed. */
static int server_stop(lua_State *L)
{
    struct tw_http_server *s = self(L);
    struct tw_http_link *end = &s->states[TW_HTTP_WAITING], *next;
    s->stopping = true;
    for (struct tw_http_link *link = end->next; link != end; link = next)
    {
        struct tw_http_conn *c =
            tw__container_of(link, struct tw_http_conn, place);
        next = link->next;
        if (c->phase == TW_HTTP_IDLE)
            tw_http_conn_drop(c);
    }
    return 0;
}

static void shut(struct tw_http_server *s)
{
    drop_all(s, TW_HTTP_WAITING, TW_HTTP_LINGERING);
    if (s->rt->loop)
        s->api->untimer(s->rt->loop, &s->timer);
    s->armed = TW_FOREVER;
}

/* server:close(): ends all connections as they are. */
static int server_close(lua_State *L)
{
    struct tw_http_server *s = self(L);
    s->stopping = true;
    shut(s);
    return 0;
}

static int server_gc(lua_State *L)
{
    struct tw_http_server *s = self(L);
    char *block = (char *)s->fields;
    shut(s);
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, s);
    tw_http_conns_free(s);
    s->input = NULL;
    s->fields = NULL;
    tw__mem_free(&s->rt->mem, block, s->input_size);
    return 0;
}

/* -- looking ------------------------------------------------------------- */

static int server_wait_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_http_server *s = lua_touserdata(L, 1);
    if ((lua_Integer)s->count <= lua_tointeger(L, 2))
    {
        lua_pushboolean(L, 1);
        return 1;
    }
    if (wait->status < 0)
        return s->api->fail(L, wait->status, "wait");
    wait->kind = TW_FOR_QUEUE;
    wait->at = &s->watchers;
    wait->timeout = (int64_t)lua_tointeger(L, 3);
    return TW_TASK_WAIT;
}

/* server:wait([n [, timeout]]): waits until there are no more than n
   connections, or fewer than now; true, or nil, message, "timeout". */
static int server_wait(lua_State *L)
{
    struct tw_http_server *s = self(L);
    lua_Integer n = luaL_optinteger(L, 2, (lua_Integer)s->count - 1);
    int64_t timeout = s->api->seconds(L, 3, "timeout");
    lua_settop(L, 1);
    lua_pushinteger(L, n);
    lua_pushinteger(L, (lua_Integer)timeout);
    return s->api->run(L, s->rt, server_wait_k);
}

/* server:stats(): {connections =, idle =, active =, requests =}. */
static int server_stats(lua_State *L)
{
    const struct tw_http_server *s = self(L);
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, (lua_Integer)s->count);
    lua_setfield(L, -2, "connections");
    lua_pushinteger(L, (lua_Integer)(s->count - s->busy));
    lua_setfield(L, -2, "idle");
    lua_pushinteger(L, (lua_Integer)s->busy);
    lua_setfield(L, -2, "active");
    lua_pushinteger(L, (lua_Integer)s->requests);
    lua_setfield(L, -2, "requests");
    return 1;
}

/* reason(status): its name, "" if it has none. */
static int http_reason(lua_State *L)
{
    lua_Integer status = luaL_checkinteger(L, 1);
    bool known = status >= 100 && status <= 999;
    lua_pushstring(L, known ? tw_http_reason((int)status) : "");
    return 1;
}

const luaL_Reg tw_http_functions[] = {
    {"server", http_server}, {"reason", http_reason}, {NULL, NULL}};

const luaL_Reg tw_http_server_meta[] = {{"__gc", server_gc}, {NULL, NULL}};

const luaL_Reg tw_http_server_methods[] = {
    {"add", server_add},       {"work", tw_http_server_work},
    {"forked", server_forked}, {"stop", server_stop},
    {"wait", server_wait},     {"close", server_close},
    {"stats", server_stats},   {NULL, NULL}};
