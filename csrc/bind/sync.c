/* The Lua types "event" and "semaphore". */
#include "bind/module.h"
#include "bind/task.h"

/* -- event --------------------------------------------------------------- */

static struct ltw_event *event(lua_State *L)
{
    return ltw_check(L, 1, LTW_EVENT);
}

/* event(): something that has not happened yet. */
static int task_event(lua_State *L)
{
    struct ltw_event *e = ltw_new(L, LTW_EVENT, sizeof *e, 0);
    tw_queue_init(&e->waiting);
    return 1;
}

/* e:set(): it has happened: wakes everybody who waits for it. */
static int event_set(lua_State *L)
{
    struct ltw_event *e = event(L);
    e->set = true;
    tw_queue_wake_all(&e->waiting, LTW_PROMISED);
    return 0;
}

/* e:clear(): as if it had not happened. */
static int event_clear(lua_State *L)
{
    event(L)->set = false;
    return 0;
}

/* e:is_set() */
static int event_is_set(lua_State *L)
{
    lua_pushboolean(L, event(L)->set);
    return 1;
}

static int event_wait_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_event *e = lua_touserdata(L, 1);
    int64_t timeout = (int64_t)lua_tointeger(L, 2);
    /* Once woken it has been set, whatever has become of it since. */
    if (e->set || wait->status == LTW_PROMISED)
        return ltw_result(L, 0, "wait");
    if (wait->status < 0)
        return ltw_fail(L, wait->status, "wait");
    return ltw_wait_queue(wait, &e->waiting, timeout);
}

/* e:wait([timeout]): true once it is set; or nil, message, "timeout". */
static int event_wait(lua_State *L)
{
    event(L);
    ltw_timeout(L, 2, "timeout");
    return tw_task_run(L, &ltw_state(L)->rt, event_wait_k);
}

static int event_tostring(lua_State *L)
{
    lua_pushstring(L, event(L)->set ? "event (set)" : "event (not set)");
    return 1;
}

/* -- semaphore ----------------------------------------------------------- */

static struct ltw_semaphore *semaphore(lua_State *L)
{
    return ltw_check(L, 1, LTW_SEMAPHORE);
}

/* semaphore([n = 1]): lets n at a time through. */
static int task_semaphore(lua_State *L)
{
    lua_Integer n = lua_isnoneornil(L, 1)
                        ? 1
                        : ltw_integer(L, 1, "n", 0, LUA_MAXINTEGER / 2);
    struct ltw_semaphore *s = ltw_new(L, LTW_SEMAPHORE, sizeof *s, 0);
    s->value = n;
    tw_queue_init(&s->waiting);
    return 1;
}

static int semaphore_acquire_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_semaphore *s = lua_touserdata(L, 1);
    int64_t timeout = (int64_t)lua_tointeger(L, 2);
    bool given =
        wait->status == LTW_PROMISED; /* by release, to us and nobody else */
    if (!given && wait->status >= 0 && s->value > 0)
    {
        s->value--;
        given = true;
    }
    if (given)
    {
        lua_settop(L, 1);
        return 1;
    }
    if (wait->status < 0)
        return ltw_fail(L, wait->status, "acquire");
    return ltw_wait_queue(wait, &s->waiting, timeout);
}

/*
 * s:acquire([timeout]): the semaphore itself, once it lets through, first come,
 * first served; or nil, message, "timeout". `local s <close> = s:acquire()`
 * releases it at the end of the block.
 */
static int semaphore_acquire(lua_State *L)
{
    semaphore(L);
    ltw_timeout(L, 2, "timeout");
    return tw_task_run(L, &ltw_state(L)->rt, semaphore_acquire_k);
}

/* s:release(): lets the next one through. */
static int semaphore_release(lua_State *L)
{
    struct ltw_semaphore *s = semaphore(L);
    if (!tw_queue_wake(&s->waiting, LTW_PROMISED))
        s->value++;
    return 0;
}

static int semaphore_tostring(lua_State *L)
{
    lua_pushfstring(L, "semaphore (%I)", semaphore(L)->value);
    return 1;
}

void ltw_open_sync(lua_State *L)
{
    static const luaL_Reg event_meta[] = {{"__tostring", event_tostring},
                                          {NULL, NULL}};
    static const luaL_Reg event_methods[] = {{"set", event_set},
                                             {"clear", event_clear},
                                             {"is_set", event_is_set},
                                             {"wait", event_wait},
                                             {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__tostring", semaphore_tostring},
                                    {"__close", semaphore_release},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {{"acquire", semaphore_acquire},
                                       {"release", semaphore_release},
                                       {NULL, NULL}};
    ltw_newtype(L, LTW_EVENT, event_meta, event_methods);
    ltw_newtype(L, LTW_SEMAPHORE, meta, methods);
}

const luaL_Reg ltw_sync_functions[] = {
    {"event", task_event}, {"semaphore", task_semaphore}, {NULL, NULL}};
