/*
 * Tidewire's public C interface: what a program that embeds Lua includes.
 *
 * The library adds modules to a lua_State; it has no global state, installs no
 * signal handler, and starts no thread before the first name lookup. Every
 * state has a runtime of its own, closed by lua_close.
 */
#ifndef TIDEWIRE_H
#define TIDEWIRE_H

#include <lua.h>

#define TW_VERSION "0.1.0"

#if defined(__GNUC__)
#define TW_API __attribute__((visibility("default")))
#else
#define TW_API
#endif

struct tw_net; /* core/net.h: a network other than the operating system's */

/* How the runtime of a state is to be made; a zeroed struct is the default. */
struct tw_config
{
    const struct tw_net *net; /* NULL: the operating system's */
    const char *backend;      /* "epoll", "poll"; NULL: $TIDEWIRE_BACKEND,
                                 else the best there is */
};

/*
 * Sets the configuration for a state before tidewire.core is loaded in it.
 * `config` is borrowed until then; its `net` must outlive the process's last
 * name lookup. Raises a Lua error if there is no memory.
 */
TW_API void tw_configure(lua_State *L, const struct tw_config *config);

/* The loader of the C module "tidewire.core", for package.preload. */
TW_API int luaopen_tidewire_core(lua_State *L);

#endif
