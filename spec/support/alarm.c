/*
 * Signals that really arrive: SIGALRM again and again, with a handler that does
 * nothing, or at some point makes the main thread raise an error, in the way of
 * lua5.4's handler for Ctrl-C. It is a module for Lua; see alarm.lua.
 */
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <sys/time.h>

static lua_State *main_thread;
static volatile sig_atomic_t arrived, last; /* the last one raises; 0: none */

static void raise_error(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "alarm!");
}

static void handle(int number)
{
    (void)number;
    arrived++;
    if (arrived == last)
        lua_sethook(main_thread, raise_error,
                    LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT,
                    1);
    errno = EDOM; /* nobody may mind */
}

static void set_timer(double seconds)
{
    suseconds_t usec = (suseconds_t)(seconds * 1e6);
    struct itimerval timer = {.it_interval = {0, usec}, .it_value = {0, usec}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

/* start(seconds [, n]): a signal every so many seconds, less than 1; the nth
   raises an error. System calls are not restarted. */
static int start(lua_State *L)
{
    struct sigaction action = {.sa_handler = handle};
    double seconds = luaL_checknumber(L, 1);
    luaL_argcheck(L, seconds > 0 && seconds < 1, 1, "out of range");
    last = (sig_atomic_t)luaL_optinteger(L, 2, 0);
    arrived = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    main_thread = lua_tothread(L, -1);
    sigaction(SIGALRM, &action, NULL);
    set_timer(seconds);
    return 0;
}

/* stop(): no more of them; what has arrived is forgotten. */
static int stop(lua_State *L)
{
    set_timer(0);
    signal(SIGALRM, SIG_DFL);
    if (lua_gethook(main_thread) == raise_error)
        lua_sethook(main_thread, NULL, 0, 0);
    (void)L;
    return 0;
}

/* count(): how many have arrived since the start. */
static int count(lua_State *L)
{
    lua_pushinteger(L, arrived);
    return 1;
}

__attribute__((visibility("default"))) int luaopen_alarm(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"start", start}, {"stop", stop}, {"count", count}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
