/* A name lookup under way, as a value on the Lua stack. */
#ifndef TW_BIND_LOOKUP_H
#define TW_BIND_LOOKUP_H

#include "core/addr.h"

#include <lua.h>

/*
 * Pushes a lookup of `host` that is to become an address like `like`: of its
 * family, with its port (and flow information). Returns 0, or an error with
 * nothing pushed.
 */
int ltw_pushlookup(lua_State *L, const char *host, const struct tw_addr *like);

#endif
