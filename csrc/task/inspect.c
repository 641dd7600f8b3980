/* What tasks are doing: read off their coroutines' stacks. */
#include "task/inspect.h"

#include "task/coroutine.h"
#include "task/sched.h"
#include "task/scope.h"

#include <lauxlib.h>
#include <string.h>

/* How many coroutines deep to look, and how many tasks to list in an error. */
enum
{
    DEPTH_MAX = 100,
    LINES_MAX = 20
};

/* The coroutine that the innermost function of `co` has resumed, or NULL. */
static lua_State *resumed_by(lua_State *co)
{
    lua_Debug ar;
    if (!lua_checkstack(co, 3) || !lua_getstack(co, 0, &ar))
        return NULL;
    lua_getinfo(co, "f", &ar);
    lua_State *inner = tw__coroutine_inner(co, -1);
    if (!inner && tw__coroutine_is_resume(co, -1) && lua_getlocal(co, &ar, 1))
    {
        inner = lua_tothread(co, -1);
        lua_pop(co, 1);
    }
    lua_pop(co, 1);
    return inner;
}

static lua_State *innermost(lua_State *co)
{
    lua_State *inner = resumed_by(co);
    for (int i = 0; inner && i < DEPTH_MAX; i++)
    {
        co = inner;
        inner = resumed_by(co);
    }
    return co;
}

static void set_text(lua_State *L, const char *key, const char *text)
{
    lua_pushstring(L, text);
    lua_setfield(L, -2, key);
}

/* True for Tidewire's own Lua files, which are not where a script waits. */
static bool is_ours(const lua_Debug *ar)
{
    return strstr(ar->short_src, "tidewire/") != NULL;
}

/* `what` and `where`: the C function that waits, under the name it has where
   it is a field or method, else what it waits for; and who called it. */
static void set_place(lua_State *L, lua_State *co, unsigned kind)
{
    static const char *const kinds[TW_KINDS] = {
        "sleep", "yield", "retry", "read", "write", "lookup", "wait", "select"};
    lua_Debug ar;
    set_text(L, "what", kinds[kind]);
    for (int level = 0; lua_getstack(co, level, &ar); level++)
    {
        lua_getinfo(co, "nSl", &ar);
        bool named = *ar.namewhat == 'f' || *ar.namewhat == 'm';
        if (level == 0 && named && strcmp(ar.namewhat, "for iterator") != 0)
            set_text(L, "what", ar.name);
        if (ar.currentline <= 0 || is_ours(&ar))
            continue;
        lua_pushfstring(L, "%s:%d", ar.short_src, ar.currentline);
        lua_setfield(L, -2, "where");
        return;
    }
}

static void set_wait(lua_State *L, const struct tw_task *task)
{
    unsigned kind = task->me.waiter.kind;
    lua_pushnumber(L, (lua_Number)task->since / 10);
    lua_setfield(L, -2, "since");
    if (kind != TW_FOR_READ && kind != TW_FOR_WRITE)
        return;
    const struct tw_watch *watch = task->me.node.at;
    lua_pushinteger(L, watch->fd);
    lua_setfield(L, -2, "fd");
    set_text(L, "mode", kind == TW_FOR_READ ? "r" : "w");
}

/* The name its handle has been given. */
static void set_name(lua_State *L, const struct tw_task *task)
{
    if (!tw__task_push_handle(L, task))
        return;
    lua_getiuservalue(L, -1, TW_HANDLE_NAME);
    lua_remove(L, -2);
    lua_setfield(L, -2, "name");
}

void tw_task_describe(lua_State *L, struct tw_runtime *rt,
                      const struct tw_task *task)
{
    static const char *const states[] = {
        [TW_TASK_READY] = "ready",    [TW_TASK_RUNNING] = "running",
        [TW_TASK_PARKED] = "waiting", [TW_TASK_HERE] = "waiting",
        [TW_TASK_ENDED] = "failed",
    };
    unsigned state = task->me.waiter.state;
    int line;
    const char *site = tw_task_site(rt, task->site, &line);
    luaL_checkstack(L, 6, NULL);
    lua_createtable(L, 0, 8);
    set_text(L, "state", states[state]);
    lua_pushfstring(L, "%s:%d", site, line);
    lua_setfield(L, -2, "spawned");
    set_name(L, task);
    if (state == TW_TASK_PARKED)
    {
        set_place(L, innermost(task->co), task->me.waiter.kind);
        set_wait(L, task);
    }
}

/* Pushes a field of the table at `idx`, or `none`. */
static const char *field(lua_State *L, int idx, const char *key,
                         const char *none)
{
    if (lua_getfield(L, idx, key) == LUA_TNIL)
    {
        lua_pop(L, 1);
        lua_pushstring(L, none);
    }
    return lua_tostring(L, -1);
}

/* Pushes one line about a task. */
static void push_line(lua_State *L, struct tw_runtime *rt,
                      const struct tw_task *task)
{
    tw_task_describe(L, rt, task);
    int t = lua_gettop(L);
    const char *name = field(L, t, "name", "task");
    const char *spawned = field(L, t, "spawned", "?");
    const char *state = field(L, t, "state", "?");
    const char *what = field(L, t, "what", "?");
    const char *where = field(L, t, "where", "?");
    lua_pushfstring(L, "%s (spawned at %s): %s in %s at %s", name, spawned,
                    state, what, where);
    lua_replace(L, t);
    lua_settop(L, t);
}

int tw__sched_deadlock(lua_State *L, struct tw_runtime *rt)
{
    luaL_Buffer text;
    int left = LINES_MAX;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, "deadlock: everything waits, and nothing is left "
                          "that could wake it");
    for (struct tw_task *task = tw_task_next(rt, NULL); task && left-- > 0;
         task = tw_task_next(rt, task))
    {
        luaL_addstring(&text, "\n\t");
        push_line(L, rt, task);
        luaL_addvalue(&text);
    }
    if (rt->live > LINES_MAX)
        luaL_addstring(&text, "\n\t...");
    luaL_pushresult(&text);
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
    return lua_error(L);
}
