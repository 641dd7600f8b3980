/*
 * A module as a third party would build it: a kind of stream that stands on
 * another one and does only what it must. Without anything of core's but
 * struct tw_api.
 */
#include "task/api.h"

#include <lua.h>

struct plain
{
    struct tw_stream st;     /* first */
    struct tw_stream *inner; /* kept alive by the user value */
    const struct tw_api *api;
};

static struct tw_stream *inner_of(struct tw_stream *st)
{
    return tw__container_of(st, struct plain, st)->inner;
}

static ssize_t plain_read(struct tw_stream *st, void *data, size_t len)
{
    struct tw_stream *inner = inner_of(st);
    return inner->ops ? inner->ops->read(inner, data, len) : TW_ECLOSED;
}

static ssize_t plain_write(struct tw_stream *st, const void *data, size_t len)
{
    struct tw_stream *inner = inner_of(st);
    return inner->ops ? inner->ops->write(inner, data, len) : TW_ECLOSED;
}

static struct tw_watch *plain_watch(struct tw_stream *st)
{
    struct tw_stream *inner = inner_of(st);
    return inner->ops->watch(inner);
}

/* First upvalue of the metatable's functions: core's state; second: the api. */
static const struct tw_api *api_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(2));
}

static int plain_gc(lua_State *L)
{
    struct plain *p = lua_touserdata(L, 1);
    api_of(L)->stream_close(&p->st);
    return 0;
}

static int plain_close(struct tw_stream *st)
{
    struct plain *p = tw__container_of(st, struct plain, st);
    return p->api->stream_close(p->inner);
}

static const struct tw_stream_ops plain_ops = {
    .name = "plain",
    .read = plain_read,
    .write = plain_write,
    .close = plain_close,
    .watch = plain_watch,
};

/* plain(stream): a stream that stands on that one. */
static int plain_new(lua_State *L)
{
    const struct tw_api *api = api_of(L);
    struct tw_runtime *rt = lua_touserdata(L, lua_upvalueindex(1));
    struct tw_stream *inner = api->to_stream(L, 1);
    luaL_argcheck(L, inner, 1, "stream expected");
    struct plain *p = lua_newuserdatauv(L, sizeof *p, 1);
    api->stream_init(&p->st, NULL, &rt->mem);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    p->inner = inner;
    p->api = api;
    lua_pushvalue(L, lua_upvalueindex(3));
    lua_setmetatable(L, -2);
    p->st.ops = &plain_ops;
    return 1;
}

static void push_upvalues(lua_State *L, const struct tw_api *api)
{
    api->push_state(L);
    lua_pushlightuserdata(L, (void *)api);
}

__attribute__((visibility("default"))) int luaopen_plain_stream(lua_State *L);

int luaopen_plain_stream(lua_State *L)
{
    const struct tw_api *api = tw_api_open(L);
    lua_newtable(L); /* mt */
    api->stream_kind(L);
    push_upvalues(L, api);
    lua_pushcclosure(L, plain_gc, 2);
    lua_setfield(L, -2, "__gc");
    push_upvalues(L, api);
    lua_pushvalue(L, -3);
    lua_pushcclosure(L, plain_new, 3);
    return 1;
}
