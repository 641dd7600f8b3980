/*
 * Control messages in Lua: a list of items. One that was received is
 *
 *     {level, type, data, level =, type =, data =, name =, value =}
 *
 * where name and value are only there if what it means is known and its data
 * has the right size. One to be sent has level, type and data by place or by
 * name, or else name and value. The names and values (see core/cmsg_form.c):
 *
 *     rights        {descriptor, ...}; to send: integers, sockets,
 *                   streams, io files
 *     credentials   {pid =, uid =, gid =}
 *     timestamp, timestampns {sec =, nsec =}; timestamping up to three of them
 *     pktinfo       {ifindex =, addr =, spec_dst =}
 *     recverr       {errno = "ECONNREFUSED", origin =, type =, code =, info =,
 *                   data =, offender = address}
 *     origdstaddr   address
 *
 * and ttl, tos, mark, segment, gro and others that are one number; security,
 * iv and retdata, which are strings; and tables of numbers.
 */
#ifndef TW_BIND_CONTROL_H
#define TW_BIND_CONTROL_H

#include "bind/ltw.h"
#include "core/cmsg.h"

/* Pushes the list of items in control bytes. */
void ltw_pushcontrol(lua_State *L, const void *control, size_t len);

/* Closes every descriptor in control bytes. */
void ltw_closefds(const struct tw_net *net, const void *control, size_t len);

/*
 * Readers of what is to be sent, all alike: append what the value at `idx`
 * says to control bytes, for sockets of that family. Any of it may run Lua.
 * Misuse raises, naming the argument `idx`. Return 0, or -ENOBUFS.
 *
 * ltw_readcontrol: a list of items, or nil. ltw_readfds: a list of
 * descriptors. ltw_readalg: a table {op =, iv =, assoclen =} for AF_ALG.
 */
typedef int (*ltw_reader)(lua_State *L, int idx, int family,
                          struct tw_cmsg_build *build);
int ltw_readcontrol(lua_State *L, int idx, int family,
                    struct tw_cmsg_build *build);
int ltw_readfds(lua_State *L, int idx, int family, struct tw_cmsg_build *build);
int ltw_readalg(lua_State *L, int idx, int family, struct tw_cmsg_build *build);

#endif
