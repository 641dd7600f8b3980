/* task.select: the first of several things to happen. */
#include "bind/module.h"
#include "bind/stream.h"
#include "bind/task.h"

#include "task/select.h"

#include <string.h>

/* Stack while it waits. */
enum
{
    ITEMS = 1,
    TIMEOUT = 2, /* ns */
    SELECT = 3   /* struct tw_select, and an item for each pick */
};

struct item
{
    enum ltw_type type;
    union
    {
        void *any;
        struct ltw_channel *channel;
        struct ltw_event *event;
        struct ltw_semaphore *semaphore;
        struct ltw_signal *signal;
        struct ltw_socket *socket;
        struct ltw_file *stream;
        struct tw_handle *task;
    };
};

static struct item *items_of(struct tw_select *all)
{
    return (struct item *)&all->picks[all->count];
}

/* Pushes the item of pick `i`. */
static void push_item(lua_State *L, int i)
{
    lua_rawgeti(L, ITEMS, i + 1);
}

/* -- each kind of item --------------------------------------------------- */

/* The item on top of the stack. */
static struct item item_at_top(lua_State *L, int i)
{
    static const enum ltw_type types[] = {LTW_CHANNEL,  LTW_SOCKET, LTW_STREAM,
                                          LTW_EVENT,    LTW_TASK,   LTW_SIGNAL,
                                          LTW_SEMAPHORE};
    for (size_t k = 0; k < sizeof types / sizeof types[0]; k++)
    {
        struct item item = {.type = types[k]};
        item.any = ltw_test(L, -1, types[k]);
        if (item.any)
            return item;
    }
    luaL_error(L,
               "bad argument #1 to 'select' (item %d: channel, socket, stream, "
               "event, task, signal or semaphore expected, got %s)",
               i + 1, luaL_typename(L, -1));
    return (struct item){.any = NULL};
}

/* True if the item is ready without waiting; only looks. */
static bool is_ready(const struct item *item)
{
    switch (item->type)
    {
    case LTW_CHANNEL:
        return ltw_channel_ready(item->channel) || item->channel->closed;
    case LTW_EVENT:
        return item->event->set;
    case LTW_SEMAPHORE:
        return item->semaphore->value > 0;
    case LTW_STREAM:
        return tw_buf_len(&item->stream->st.rbuf) > 0 || !item->stream->st.ops;
    case LTW_TASK:
        return item->task->outcome != TW_TASK_LIVE;
    default:
        return false; /* only the loop knows */
    }
}

/* The results for pick `i`, which is ready, or woke us with `status`. */
static int results_of(lua_State *L, const struct item *item, int i, int status)
{
    push_item(L, i);
    lua_pushinteger(L, i + 1);
    bool promised = status == LTW_PROMISED;
    if (item->type == LTW_CHANNEL &&
        (promised || (status == 0 && ltw_channel_ready(item->channel))))
    {
        item->channel->promised -= promised;
        ltw_channel_take(L, -2, item->channel);
        return 2;
    }
    if (status == 0 && (item->type == LTW_CHANNEL ||
                        (item->type == LTW_STREAM && !item->stream->st.ops)))
        status = TW_ECLOSED;
    if (status < 0)
        return 1 + ltw_fail(L, status, "select");
    if (item->type == LTW_SEMAPHORE && !promised)
        item->semaphore->value--;
    if (item->type == LTW_SIGNAL)
        tw_signal_take(item->signal->fd);
    lua_pushboolean(L, 1);
    return 2;
}

static void set_watch(struct tw_runtime *rt, struct tw_pick *pick,
                      struct tw_watch *watch)
{
    pick->watch = watch;
    tw_loop_recheck(rt->loop, watch, TW_READ);
}

/* What a pick is to wait for. */
static void set_pick(struct tw_runtime *rt, struct tw_pick *pick,
                     const struct item *item)
{
    switch (item->type)
    {
    case LTW_CHANNEL:
        pick->queue = &item->channel->receivers;
        break;
    case LTW_EVENT:
        pick->queue = &item->event->waiting;
        break;
    case LTW_SEMAPHORE:
        pick->queue = &item->semaphore->waiting;
        break;
    case LTW_TASK:
        pick->queue = &item->task->root.waiting;
        break;
    case LTW_STREAM:
        if (item->stream->st.ops) /* or else it is ready: closed */
            set_watch(rt, pick, &item->stream->sock->watch);
        break;
    case LTW_SIGNAL:
        set_watch(rt, pick, &item->signal->watch);
        break;
    default:
        set_watch(rt, pick, &item->socket->watch);
        break;
    }
}

static void new_select(lua_State *L, struct tw_runtime *rt)
{
    int n = (int)lua_rawlen(L, ITEMS);
    size_t size = sizeof(struct tw_select) + (size_t)n * sizeof(struct tw_pick);
    struct tw_select *all =
        lua_newuserdatauv(L, size + (size_t)n * sizeof(struct item), 0);
    *all = (struct tw_select){.count = n, .fired = -1};
    for (int i = 0; i < n; i++)
    {
        push_item(L, i);
        items_of(all)[i] = item_at_top(L, i);
        all->picks[i] = (struct tw_pick){.all = all};
        set_pick(rt, &all->picks[i], &items_of(all)[i]);
        lua_pop(L, 1);
    }
}

/* Puts a copy of the items in their place: nobody may take one away while it is
   waited for. */
static void keep_items(lua_State *L)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, ITEMS);
    lua_createtable(L, (int)n, 0);
    for (lua_Integer i = 1; i <= n; i++)
    {
        lua_rawgeti(L, ITEMS, i);
        lua_rawseti(L, -2, i);
    }
    lua_replace(L, ITEMS);
}

/* -- waiting ------------------------------------------------------------- */

/* Calls the senders of channels without a buffer, which takes their turn. */
static void invite(lua_State *L, struct tw_select *all, struct tw_wait *wait)
{
    for (int i = 0; i < all->count; i++)
    {
        const struct item *item = &items_of(all)[i];
        if (item->type != LTW_CHANNEL)
            continue;
        push_item(L, i);
        if (ltw_channel_invite(L, -1, item->channel) &&
            wait->timeout < LTW_CALLED_NS)
            wait->timeout = LTW_CALLED_NS;
        lua_pop(L, 1);
    }
}

static int select_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_select *all = lua_touserdata(L, SELECT);
    const struct item *items = items_of(all);
    lua_settop(L, SELECT);
    int fired = wait->begun ? all->fired : -1;
    if (fired >= 0)
        return results_of(L, &items[fired], fired, wait->status);
    if (wait->status < 0)
        return ltw_fail(L, wait->status, "select");
    for (int i = 0; i < all->count; i++)
        if (is_ready(&items[i]))
            return results_of(L, &items[i], i, 0);
    wait->kind = TW_FOR_SELECT;
    wait->at = all;
    wait->timeout = (int64_t)lua_tointeger(L, TIMEOUT);
    invite(L, all, wait);
    return TW_TASK_WAIT;
}

/* Checks the keys of the table at slot 1, and makes slot 2 the timeout. */
static void options(lua_State *L)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, ITEMS);
    luaL_checktype(L, ITEMS, LUA_TTABLE);
    lua_settop(L, ITEMS);
    lua_pushnil(L);
    while (lua_next(L, ITEMS))
    {
        lua_pop(L, 1);
        lua_Integer i = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : 0;
        bool timeout = lua_type(L, -1) == LUA_TSTRING &&
                       strcmp(lua_tostring(L, -1), "timeout") == 0;
        if (!timeout && (i < 1 || i > n))
            luaL_error(L, "select: unknown option '%s'",
                       luaL_tolstring(L, -1, NULL));
    }
    lua_getfield(L, ITEMS, "timeout");
    ltw_timeout(L, TIMEOUT, "timeout");
}

/*
 * select{item, ..., timeout = seconds}: waits for the first item: its number,
 * and the value received if it is a channel (nil, message, "closed" if that is
 * closed and empty), else true: a socket or stream with something to read, an
 * event that is set, a task that has ended, a signal that has arrived, a
 * semaphore, which is acquired. A closed socket or stream gives nil, message,
 * "closed" too. Or nil, message, "timeout".
 */
static int task_select(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    options(L);
    keep_items(L);
    new_select(L, rt);
    return tw_task_run(L, rt, select_k);
}

const luaL_Reg ltw_select_functions[] = {{"select", task_select}, {NULL, NULL}};
