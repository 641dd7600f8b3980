/* sendall with MSG_ZEROCOPY, and what others must know of such sends. */
#ifndef TW_BIND_ZEROCOPY_H
#define TW_BIND_ZEROCOPY_H

#include "bind/socket.h"

/* sendall, with that flag among its own. */
int ltw_sendall_lent(lua_State *L);

/* Takes what the kernel says about such sends: 0, or an error. A forked child
   leaves it to the parent, whose sends they are. */
int ltw_reap(struct tw_runtime *rt, struct ltw_socket *s);

/* To be called before a socket is closed that has some unreleased. */
void ltw_unreleased(struct tw_runtime *rt, struct ltw_socket *s);

/* Ditto, before the descriptor of the socket at slot 1, or a duplicate of it,
   is given away. */
void ltw_lentforever(lua_State *L);

#endif
