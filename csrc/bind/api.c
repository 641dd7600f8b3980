/* The table by which modules built on their own reach what is in here. */
#include "task/api.h"

#include "bind/module.h"
#include "bind/stream.h"

/* Its address is the state's key in the registry. */
static const char state_key;

static void push_state(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &state_key);
}

static const struct tw_api api = {
    .version = TW_API_VERSION,
    .push_state = push_state,
    .run = tw_task_run,
    .done = tw_task_done,
    .is_cancelled = tw_task_is_cancelled,
    .queue_init = tw_queue_init,
    .queue_wake = tw_queue_wake,
    .queue_wake_all = tw_queue_wake_all,
    .wait = tw_loop_wait,
    .unwait = tw_loop_unwait,
    .timer = tw_loop_timer,
    .untimer = tw_loop_untimer,
    .forked = tw_loop_forked,
    .scratch = tw_runtime_scratch,
    .to_stream = ltw_tostream,
    .stream_kind = ltw_streamkind,
    .stream_init = tw_stream_init,
    .stream_close = tw_stream_close,
    .seconds = ltw_seconds,
    .fail = ltw_fail,
};

void ltw_publish(lua_State *L)
{
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &state_key);
    lua_pushlightuserdata(L, (void *)&api);
    lua_setfield(L, LUA_REGISTRYINDEX, TW_API_KEY);
}
