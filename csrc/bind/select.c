/* task.select: the first of several things to happen. */
#include "bind/module.h"
#include "bind/stream.h"
#include "bind/task.h"

#include "task/select.h"

/* Stack while it waits. */
enum
{
    ITEMS = 1,
    TIMEOUT = 2, /* ns */
    SELECT = 3   /* struct tw_select, picks in the order of the items */
};

/* Pushes the item of pick `i`. */
static void push_item(lua_State *L, int i)
{
    lua_rawgeti(L, ITEMS, i + 1);
}

static struct ltw_socket *socket_of(lua_State *L, int idx)
{
    struct ltw_file *f = ltw_test(L, idx, LTW_STREAM);
    return f ? f->sock : ltw_test(L, idx, LTW_SOCKET);
}

/* -- each kind of item --------------------------------------------------- */

/* What pick `i` would give without waiting: 0, or the number of results. */
static int ready_results(lua_State *L, int i)
{
    const struct ltw_file *f = ltw_test(L, -1, LTW_STREAM);
    const struct ltw_event *e = ltw_test(L, -1, LTW_EVENT);
    const struct tw_handle *t = ltw_test(L, -1, LTW_TASK);
    struct ltw_channel *ch = ltw_test(L, -1, LTW_CHANNEL);
    lua_pushinteger(L, i + 1);
    if (ch && ltw_channel_ready(ch))
        ltw_channel_take(L, -2, ch);
    else if (ch && ch->closed)
        return 1 + ltw_fail(L, TW_ECLOSED, "select");
    else if ((e && e->set) || (t && t->outcome != TW_TASK_LIVE) ||
             (f && tw_buf_len(&f->st.rbuf) > 0))
        lua_pushboolean(L, 1);
    else
        return 0;
    return 2;
}

/* What pick `i` gives, which woke us with `status`. */
static int fired_results(lua_State *L, int i, int status)
{
    push_item(L, i);
    struct ltw_channel *ch = ltw_test(L, -1, LTW_CHANNEL);
    lua_pushinteger(L, i + 1);
    if (ch && status == 1)
    {
        ch->promised--;
        ltw_channel_take(L, -2, ch);
        return 2;
    }
    if (status < 0)
        return 1 + ltw_fail(L, status, "select");
    lua_pushboolean(L, 1);
    return 2;
}

static void set_pick(lua_State *L, struct tw_runtime *rt, struct tw_pick *pick)
{
    struct ltw_event *e = ltw_test(L, -1, LTW_EVENT);
    struct tw_handle *t = ltw_test(L, -1, LTW_TASK);
    struct ltw_channel *ch = ltw_test(L, -1, LTW_CHANNEL);
    struct ltw_socket *s = socket_of(L, -1);
    if (e)
        pick->queue = &e->waiting;
    else if (t)
        pick->queue = &t->root.waiting;
    else if (ch)
        pick->queue = &ch->receivers;
    else if (s)
        pick->watch = &s->watch;
    else
        luaL_error(L,
                   "bad argument #1 to 'select' (items: channel, socket, "
                   "stream, event or task expected, got %s)",
                   luaL_typename(L, -1));
    if (s)
        tw_loop_recheck(rt->loop, &s->watch, TW_READ);
}

static struct tw_select *new_select(lua_State *L, struct tw_runtime *rt)
{
    int n = (int)lua_rawlen(L, ITEMS);
    size_t size = sizeof(struct tw_select) + (size_t)n * sizeof(struct tw_pick);
    struct tw_select *all = lua_newuserdatauv(L, size, 0);
    *all = (struct tw_select){.count = n, .fired = -1};
    for (int i = 0; i < n; i++)
    {
        all->picks[i] = (struct tw_pick){.all = all};
        push_item(L, i);
        set_pick(L, rt, &all->picks[i]);
        lua_pop(L, 1);
    }
    return all;
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

static int select_k(lua_State *L, struct task_wait *wait)
{
    struct tw_select *all = lua_touserdata(L, SELECT);
    lua_settop(L, SELECT);
    if (wait->begun && all->fired >= 0)
        return fired_results(L, all->fired, wait->status);
    if (wait->status < 0)
        return ltw_fail(L, wait->status, "select");
    for (int i = 0; i < all->count; i++)
    {
        push_item(L, i);
        int results = ready_results(L, i);
        if (results > 0)
            return results;
        lua_settop(L, SELECT);
    }
    wait->kind = TW_FOR_SELECT;
    wait->at = all;
    wait->timeout = (int64_t)lua_tointeger(L, TIMEOUT);
    for (int i = 0; i < all->count; i++)
    {
        push_item(L, i);
        struct ltw_channel *ch = ltw_test(L, -1, LTW_CHANNEL);
        if (ch && ltw_channel_invite(L, -1, ch) &&
            wait->timeout < LTW_CALLED_NS)
            wait->timeout = LTW_CALLED_NS;
        lua_pop(L, 1);
    }
    return TASK_WAIT;
}

/*
 * select{item, ..., timeout = seconds}: waits for the first item: the number of
 * the item, and the value received if it is a channel (nil, message, "closed"
 * if that is closed and empty), or true if it is a socket or stream with
 * something to read, an event that is set, or a task that has ended; or nil,
 * message, "timeout".
 */
static int core_select(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    ltw_timeout(L, 2, "timeout");
    keep_items(L);
    new_select(L, rt);
    return task_run(L, rt, select_k);
}

const luaL_Reg ltw_select_functions[] = {{"select", core_select}, {NULL, NULL}};
