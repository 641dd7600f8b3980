/*
 * What the binding files share: the state of one lua_State, its types, how
 * arguments are checked and failures returned.
 *
 * Every function of the module has the state as its first upvalue. Misuse is
 * an error that names the argument; a failure is nil, a message, a stable code.
 */
#ifndef TW_BIND_LTW_H
#define TW_BIND_LTW_H

#include "core/opt.h"
#include "core/stream.h"
#include "task/runtime.h"
#include "tidewire.h"

#include <lauxlib.h>
#include <lua.h>

enum ltw_type
{
    LTW_SOCKET,
    LTW_ADDRESS,
    LTW_BUFFER,
    LTW_BATCH,
    LTW_STREAM,
    LTW_LOOKUP,
    LTW_TASK,
    LTW_SCOPE,
    LTW_EVENT,
    LTW_SEMAPHORE,
    LTW_CHANNEL,
    LTW_SIGNAL,
    LTW_PUMP,
    LTW_TYPES
};

/* Metatables of sockets, see socket_kind.c; beyond them it is slower. */
enum
{
    LTW_KINDS = 16
};

/* The user values of the state: tables of what there is one of. */
enum
{
    LTW_ADDRESSES = 1,
    LTW_SOCKET_KINDS = 2,
    LTW_SPARE_SCOPE = 3, /* see scope.c */
    LTW_PROVIDED = 4,    /* see ltw_pushprovided */
    LTW_PINNED = 5,      /* see zerocopy.c */
    LTW_USER_VALUES = 5
};

/* The module's state. */
struct ltw
{
    struct tw_runtime rt;
    const void *metatables[LTW_TYPES];
    const void *known; /* a socket, just seen to be one; NULL once collected */
    const void *kinds[LTW_KINDS];
    int nkinds;
};

static inline struct ltw *ltw_state(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

/* The state's runtime; raises once lua_close has closed it. */
struct tw_runtime *ltw_runtime(lua_State *L);

/* Pushes a function that the Lua files have provided under that name. */
void ltw_pushprovided(lua_State *L, const char *name);

/* -- types --------------------------------------------------------------- */

/* Makes the metatable of a type: __name "tidewire.<name>", __index a table of
   the methods (NULL: whatever `meta` says), and what `meta` adds. */
void ltw_newtype(lua_State *L, enum ltw_type type, const luaL_Reg *meta,
                 const luaL_Reg *methods);

/* Adds methods to a type whose __index is still the table of methods. */
void ltw_addmethods(lua_State *L, enum ltw_type type, const luaL_Reg *list);

/* A new zeroed userdata of a type on the stack, with `uservalues`. */
void *ltw_new(lua_State *L, enum ltw_type type, size_t size, int uservalues);

/* The userdata at `idx` if it is of that type; else NULL, or an error. */
void *ltw_test(lua_State *L, int idx, enum ltw_type type);
void *ltw_check(lua_State *L, int idx, enum ltw_type type);

/* -- arguments ----------------------------------------------------------- */

/* Raise "bad argument #idx to 'f' (name: what was wrong)". */
int ltw_argerror(lua_State *L, int idx, const char *name, const char *what);
int ltw_typeerror(lua_State *L, int idx, const char *name,
                  const char *expected);

/* An integer (no string) between min and max. */
lua_Integer ltw_integer(lua_State *L, int idx, const char *name,
                        lua_Integer min, lua_Integer max);

/* An int-sized number such as a family or a set of flags; `none` if it is
   absent. */
int ltw_int(lua_State *L, int idx, const char *name);
int ltw_optint(lua_State *L, int idx, const char *name, int none);

/* A string (no number); NUL-free for ltw_text. */
const char *ltw_string(lua_State *L, int idx, const char *name, size_t *len);
const char *ltw_text(lua_State *L, int idx, const char *name);

/* A string's or a buffer's bytes. */
const char *ltw_bytes(lua_State *L, int idx, const char *name, size_t *len);

/* The part of the string or buffer at `idx` that the arguments i and j at
   `range` and `range` + 1 name, by string.sub's rules. */
const char *ltw_slice(lua_State *L, int idx, int range, size_t *len);

/* False for nil, false and the number 0, as in Python. */
bool ltw_truth(lua_State *L, int idx);

/* Raises if the table of options at `idx` has a key that is not in the list,
   which ends with NULL. */
void ltw_checkkeys(lua_State *L, int idx, const char *const *keys);

/* Seconds >= 0 to nanoseconds, rounded up; nil, false: TW_FOREVER. */
int64_t ltw_seconds(lua_State *L, int idx, const char *name);

/* Makes slot `idx`, now the last, the same in nanoseconds. */
void ltw_timeout(lua_State *L, int idx, const char *name);

/* Pushes nanoseconds as seconds, TW_FOREVER as nil. Returns 1. */
int ltw_pushseconds(lua_State *L, int64_t ns);

/* -- results ------------------------------------------------------------- */

/* Pushes nil, "op: text", name of `code`. Returns 3. */
int ltw_fail(lua_State *L, int code, const char *op);

/* Ditto, "op where: text". `where` may be NULL. */
int ltw_fail_at(lua_State *L, int code, const char *op, const char *where);

/* Ditto, naming the address. */
int ltw_fail_addr(lua_State *L, int code, const char *op,
                  const struct tw_addr *addr);

/* Pushes true, or what ltw_fail pushes for rc < 0; returns how many. */
int ltw_result(lua_State *L, int rc, const char *op);

#endif
