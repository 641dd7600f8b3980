/* The Lua type "signal". */
#include "bind/module.h"
#include "bind/task.h"

static struct ltw_signal *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_SIGNAL);
}

/*
 * signal(name or number): from now on that signal ("INT", "TERM", "HUP", ...)
 * does nothing else than end the wait of who asks for it here; until the last
 * such object is closed. Or nil, message, code.
 */
static int task_signal(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    int number = lua_type(L, 1) == LUA_TNUMBER
                     ? ltw_int(L, 1, "number")
                     : tw_signal_number(ltw_text(L, 1, "name"));
    lua_settop(L, 1);
    const char *name = luaL_tolstring(L, 1, NULL);
    struct ltw_signal *s = ltw_new(L, LTW_SIGNAL, sizeof *s, 0);
    s->number = number;
    s->fd = number < 1 ? -EINVAL : tw_signal_open(&rt->signals, number);
    tw_watch_init(&s->watch, s->fd);
    if (s->fd < 0)
        return ltw_fail_at(L, s->fd, "signal", name);
    return 1;
}

/* Stack: signal, timeout in ns. */
static int signal_wait_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_signal *s = lua_touserdata(L, 1);
    int rc = wait->status < 0 ? wait->status : s->fd < 0 ? TW_ECLOSED : 0;
    if (rc >= 0 && s->watch.claimed & TW_READ)
        rc = -EBUSY;
    if (rc >= 0)
        rc = tw_signal_take(s->fd);
    wait->timeout = (int64_t)lua_tointeger(L, 2);
    if (rc != TW_WANT_READ)
        return ltw_result(L, rc, "wait");
    tw_watch_blocked(&s->watch, TW_READ);
    wait->at = &s->watch;
    wait->kind = TW_FOR_READ;
    return TW_TASK_WAIT;
}

/* s:wait([timeout]): true once the signal has arrived; or nil, message, code
   ("timeout", "closed"). Several that arrive at once may count as one. */
static int signal_wait(lua_State *L)
{
    self(L);
    ltw_timeout(L, 2, "timeout");
    return tw_task_run(L, &ltw_state(L)->rt, signal_wait_k);
}

/* s:close(): the signal is again what it was before. */
static int signal_close(lua_State *L)
{
    struct ltw_signal *s = self(L);
    struct tw_runtime *rt = &ltw_state(L)->rt;
    if (s->fd >= 0 && rt->loop)
        tw_loop_forget(rt->loop, &s->watch);
    tw_signal_close(&rt->signals, s->number, s->fd);
    s->fd = -1;
    return 0;
}

static int signal_tostring(lua_State *L)
{
    const struct ltw_signal *s = self(L);
    lua_pushfstring(L, "signal (%d%s)", s->number, s->fd < 0 ? ", closed" : "");
    return 1;
}

void ltw_open_signal(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", signal_close},
                                    {"__close", signal_close},
                                    {"__tostring", signal_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"wait", signal_wait}, {"close", signal_close}, {NULL, NULL}};
    ltw_newtype(L, LTW_SIGNAL, meta, methods);
}

const luaL_Reg ltw_signal_functions[] = {{"signal", task_signal}, {NULL, NULL}};
