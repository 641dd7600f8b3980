/* sendall with MSG_ZEROCOPY, and what others must know of such sends. */
#ifndef TW_BIND_ZEROCOPY_H
#define TW_BIND_ZEROCOPY_H

#include "bind/socket.h"

/* sendall, with that flag among its own. */
int ltw_sendall_lent(lua_State *L);

/* Takes what the kernel says about such sends: 0, or an error. */
int ltw_reap(struct ltw_socket *s);

/* To be called before a socket is closed that has some unreleased. */
void ltw_unreleased(struct ltw_socket *s);

/* Ditto, before the descriptor of the socket at slot 1 is given away. */
void ltw_lentforever(lua_State *L);

#endif
