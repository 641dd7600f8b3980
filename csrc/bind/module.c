/* The C module tidewire.core: what lua/tidewire/socket.lua stands on. */
#include "bind/module.h"

#include "bind/task.h"
#include "task/coroutine.h"

#include <lualib.h>
#include <stdlib.h>

/* Their addresses are the registry keys of a state's configuration and of its
   module, which is made once: a state has one runtime. */
static const char config_key, module_key;

void tw_configure(lua_State *L, const struct tw_config *config)
{
    lua_pushlightuserdata(L, (void *)config);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &config_key);
}

static struct tw_config configuration(lua_State *L)
{
    struct tw_config config = {.net = NULL};
    lua_rawgetp(L, LUA_REGISTRYINDEX, &config_key);
    if (lua_islightuserdata(L, -1))
        config = *(const struct tw_config *)lua_touserdata(L, -1);
    lua_pop(L, 1);
    if (!config.backend)
        config.backend = getenv("TIDEWIRE_BACKEND");
    return config;
}

static int state_gc(lua_State *L)
{
    struct ltw *state = lua_touserdata(L, 1);
    tw_runtime_close(&state->rt);
    return 0;
}

/* Pushes a new state: made closed, then given its finalizer, then opened. */
static void new_state(lua_State *L)
{
    struct ltw *state = lua_newuserdatauv(L, sizeof *state, LTW_USER_VALUES);
    *state = (struct ltw){.rt.loop = NULL};
    lua_newtable(L); /* state mt */
    lua_pushcfunction(L, state_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_newtable(L); /* state addresses */
    lua_newtable(L);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setiuservalue(L, -2, LTW_ADDRESSES);
    lua_newtable(L); /* state kinds */
    lua_setiuservalue(L, -2, LTW_SOCKET_KINDS);
    lua_newtable(L); /* state provided */
    lua_setiuservalue(L, -2, LTW_PROVIDED);
    struct tw_config config = configuration(L);
    int rc = tw_runtime_open(&state->rt, L, config.net, config.backend);
    if (rc == -EINVAL)
        luaL_error(L, "unknown backend '%s'", config.backend);
    if (rc < 0)
        luaL_error(L, "cannot open the loop: %s", tw_err_text(rc));
}

void ltw_pushprovided(lua_State *L, const char *name)
{
    lua_getiuservalue(L, lua_upvalueindex(1), LTW_PROVIDED);
    lua_getfield(L, -1, name);
    lua_replace(L, -2);
}

/* provide(name, f): what the functions written in C leave to Lua. */
static int core_provide(lua_State *L)
{
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_getiuservalue(L, lua_upvalueindex(1), LTW_PROVIDED);
    lua_insert(L, 1);
    lua_rawset(L, 1);
    return 0;
}

static const luaL_Reg own_functions[] = {{"provide", core_provide},
                                         {NULL, NULL}};

/* Sets functions in the table on top, with the state as upvalue. */
static void set_functions(lua_State *L, const luaL_Reg *const *lists, size_t n)
{
    for (size_t i = 0; i < n; i++)
    {
        lua_pushvalue(L, lua_upvalueindex(1));
        luaL_setfuncs(L, lists[i], 1);
    }
}

/* The table `task` of the module on top. */
static void add_task(lua_State *L)
{
    const luaL_Reg *const lists[] = {
        ltw_task_functions,    ltw_scope_functions,  ltw_sync_functions,
        ltw_channel_functions, ltw_select_functions, ltw_signal_functions};
    lua_newtable(L);
    set_functions(L, lists, sizeof lists / sizeof lists[0]);
    tw_task_push_cancelled(L);
    lua_setfield(L, -2, "cancelled");
    lua_setfield(L, -2, "task");
}

/* Lua's own library learns to pass a task's waits on; see coroutine.h. */
static void replace_coroutine(lua_State *L)
{
    const luaL_Reg *const lists[] = {tw__coroutine_functions};
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, LUA_COLIBNAME) == LUA_TTABLE)
        set_functions(L, lists, 1);
    lua_pop(L, 2);
}

/* Called with the state as upvalue; returns the module. */
static int fill_module(lua_State *L)
{
    const luaL_Reg *const lists[] = {
        ltw_socket_functions,  ltw_address_functions, ltw_buffer_functions,
        ltw_lookup_functions,  ltw_convert_functions, ltw_stream_functions,
        own_functions,         ltw_fd_functions,      ltw_sendmsg_functions,
        ltw_recvmsg_functions, ltw_names_functions,   ltw_pump_functions,
        ltw_batch_functions};
    ltw_open_task(L);
    ltw_open_scope(L);
    ltw_open_sync(L);
    ltw_open_channel(L);
    ltw_open_signal(L);
    ltw_open_address(L);
    ltw_open_buffer(L);
    ltw_open_batch(L);
    ltw_open_lookup(L);
    ltw_open_socket(L);
    ltw_open_stream(L);
    ltw_open_pump(L);
    lua_newtable(L);
    set_functions(L, lists, sizeof lists / sizeof lists[0]);
    ltw_constants(L);
    add_task(L);
    replace_coroutine(L);
    lua_pushliteral(L, TW_VERSION);
    lua_setfield(L, -2, "_VERSION");
    return 1;
}

int luaopen_tidewire_core(lua_State *L)
{
    luaL_checkversion(L);
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &module_key) == LUA_TTABLE)
        return 1;
    new_state(L);
    lua_pushvalue(L, -1);
    lua_pushcclosure(L, fill_module, 1);
    lua_call(L, 0, 1);
    lua_insert(L, -2);
    ltw_publish(L);
    lua_pop(L, 1);
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &module_key);
    return 1;
}
