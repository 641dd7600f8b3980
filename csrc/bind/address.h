/*
 * The Lua type "address", and addresses as arguments: an object, a host and
 * port, a table of them, or a path; a host may be a name still to be looked
 * up.
 */
#ifndef TW_BIND_ADDRESS_H
#define TW_BIND_ADDRESS_H

#include "bind/ltw.h"

/* Pushes the one object for this address; nil for an empty one. */
void ltw_pushaddr(lua_State *L, const struct tw_addr *addr);

/* Copies the address object at `idx` out; false if it is none. */
bool ltw_getaddr(lua_State *L, int idx, struct tw_addr *addr);

/*
 * Reads the address given at idx (and idx + 1 for host, port) to sockets like
 * that one and replaces it by one value at idx: an address object or, for a
 * name, a lookup under way (a failure if that one has no network). Pops
 * everything above. Raises on misuse. Returns 0, or the number of results of a
 * failure.
 */
int ltw_toaddr(lua_State *L, int idx, const struct tw_sock *sock,
               const char *op);

/*
 * Ditto, for a numeric address: a name is an error, and nothing waits. The
 * family is that of the table's field "family", else IPv4 or IPv6 as the host
 * looks.
 */
int ltw_tonumeric(lua_State *L, int idx, const char *op);

/*
 * For a step that has set wait->timeout: makes the value at idx an address and
 * copies it to *addr. 0 when it is there, TW_TASK_WAIT, or the number of
 * results of a failed lookup ("EAGAIN" for one that must not wait).
 */
int ltw_resolved(lua_State *L, int idx, struct tw_wait *wait,
                 struct tw_addr *addr);

/*
 * Pushes a lookup of `host` that is to become an address like `like`: of its
 * family, with its port (and flow information). One that cannot even begin is
 * done and has failed.
 */
void ltw_pushlookup(lua_State *L, const char *host, const struct tw_addr *like);

#endif
