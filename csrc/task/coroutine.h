/* Replacements for four functions of Lua's coroutine library. */
#ifndef TW_TASK_COROUTINE_H
#define TW_TASK_COROUTINE_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

/* Their first upvalue is the runtime. */
extern const luaL_Reg tw__coroutine_functions[];

/* The coroutine that a function made by wrap resumes; NULL for another. */
lua_State *tw__coroutine_inner(lua_State *L, int idx);

/* True for coroutine.resume, whose first argument then is the coroutine. */
bool tw__coroutine_is_resume(lua_State *L, int idx);

#endif
