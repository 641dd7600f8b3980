/*
 * What core offers to modules that are built on their own. `require` opens each
 * C module by itself, so that none sees the functions of another: core
 * publishes this table in the registry instead. A module includes the headers
 * of core/, loop/ and task/ for the structs and the functions defined in them,
 * and has core/buf in itself; whatever else they declare it reaches from here,
 * where their comments rule.
 *
 *     const struct tw_api *api = tw_api_open(L);
 *     api->push_state(L);
 *     luaL_setfuncs(L, functions, 1);
 *
 * Every function of a module that calls what is here while Lua may see it has
 * core's state as its first upvalue, as tw_task_run demands. The state begins
 * with the runtime.
 */
#ifndef TW_TASK_API_H
#define TW_TASK_API_H

#include "core/stream.h"
#include "task/runtime.h"

#include <lauxlib.h>

/* The table's key in the registry, where it is a light userdata. */
#define TW_API_KEY "tidewire.api"

/* Counts up whenever the meaning of something here changes; that a struct has,
   the sizes mostly tell. */
enum
{
    TW_API_VERSION = 2 << 24 | (sizeof(struct tw_runtime) & 0xfff) << 12 |
                     ((sizeof(struct tw_stream) + 8 * sizeof(struct tw_wait) +
                       64 * sizeof(struct tw_watch)) &
                      0xfff)
};

struct tw_api
{
    unsigned version;

    /* The state, for functions to have as an upvalue. */
    void (*push_state)(lua_State *L);

    /* -- waiting: task/wait.h ---------------------------------------------- */
    int (*run)(lua_State *L, struct tw_runtime *rt, tw_step step);
    int (*done)(lua_State *L, struct tw_runtime *rt, int results);
    bool (*is_cancelled)(lua_State *L, int idx);
    void (*queue_init)(struct tw_queue *queue);
    bool (*queue_wake)(struct tw_queue *queue, int status);
    void (*queue_wake_all)(struct tw_queue *queue, int status);

    /* -- readiness and time, without a task: loop/loop.h ------------------- */
    int (*wait)(struct tw_loop *loop, struct tw_watch *watch, unsigned dir,
                struct tw_waiter *waiter);
    void (*unwait)(struct tw_loop *loop, struct tw_watch *watch, unsigned dir,
                   const struct tw_waiter *waiter);
    int (*timer)(struct tw_loop *loop, struct tw_waiter *waiter, int64_t when);
    void (*untimer)(struct tw_loop *loop, struct tw_waiter *waiter);
    bool (*forked)(const struct tw_loop *loop);

    /* -- memory: task/runtime.h -------------------------------------------- */
    char *(*scratch)(struct tw_runtime *rt, size_t size);

    /* -- streams: core/stream.h -------------------------------------------- */
    /* The stream at `idx`, of whatever kind; NULL if the value is none. */
    struct tw_stream *(*to_stream)(lua_State *L, int idx);
    /* Makes a kind of stream of the metatable on top: its userdata begin with
       struct tw_stream. */
    void (*stream_kind)(lua_State *L);
    void (*stream_init)(struct tw_stream *st, const struct tw_stream_ops *ops,
                        const struct tw_mem *mem);
    int (*stream_close)(struct tw_stream *st);

    /* -- arguments and results: DESIGN.md 4 -------------------------------- */
    /* Seconds at `idx` in nanoseconds; nil and false: TW_FOREVER. */
    int64_t (*seconds)(lua_State *L, int idx, const char *name);
    /* Pushes nil, "op: text", the code's name; returns 3. */
    int (*fail)(lua_State *L, int code, const char *op);
};

/* The table, with core loaded if it was not. Raises unless it is of the
   version that this was compiled with. */
static inline const struct tw_api *tw_api_open(lua_State *L)
{
    lua_getglobal(L, "require");
    lua_pushliteral(L, "tidewire.core");
    lua_call(L, 1, 0);
    lua_getfield(L, LUA_REGISTRYINDEX, TW_API_KEY);
    const struct tw_api *api = lua_touserdata(L, -1);
    if (!api || api->version != TW_API_VERSION)
        luaL_error(L, "this module was built for another tidewire.core");
    lua_pop(L, 1);
    return api;
}

#endif
