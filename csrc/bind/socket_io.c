/* Sockets in Lua: sending and receiving. */
#include "bind/address.h"
#include "bind/buffer.h"
#include "bind/module.h"
#include "bind/socket.h"
#include "bind/zerocopy.h"

/* -- receiving ----------------------------------------------------------- */

/* The size argument: any number >= 0. */
static size_t size_arg(lua_State *L, int idx)
{
    return (size_t)ltw_integer(L, idx, "size", 0, LUA_MAXINTEGER);
}

/* With MSG_TRUNC, n is the datagram's length and may exceed the room. */
static void push_received(lua_State *L, const char *data, ssize_t n, size_t len)
{
    lua_pushlstring(L, data, (size_t)n < len ? (size_t)n : len);
}

static int recv_once(lua_State *L, struct tw_wait *wait, struct ltw_socket *s,
                     size_t len, int flags)
{
    ssize_t n = ltw_obstacle(s, wait);
    char *data = n < 0 ? NULL : ltw_room(wait->rt, s, &len);
    if (n >= 0 && !data)
        n = -ENOMEM;
    else if (n >= 0 && len > 0)
        n = ltw_tryrecv(wait->rt, s, data, len, flags);
    if (n < 0)
        return ltw_unfinished(L, wait, n, flags, "recv");
    push_received(L, data, n, len);
    return 1;
}

/* Stack: self, size, flags. */
static int sock_recv_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_socket *s = lua_touserdata(L, 1);
    /* For the answer. */
    ltw_remember(tw__container_of(wait->rt, struct ltw, rt), s);
    return recv_once(L, wait, s, (size_t)lua_tointeger(L, 2),
                     (int)lua_tointeger(L, 3));
}

/*
 * s:recv(size [, flags]): up to `size` bytes, at least one unless it is an
 * empty datagram; or nil, message, code ("eof" at the end of a stream). What
 * arrives decides how much memory is used, and one call brings at most 1 MiB
 * of a stream. With MSG_WAITALL all `size` bytes of a stream, fewer only at its
 * end or with timeout 0; after a failure what has come is a fourth result.
 */
static int sock_recv(lua_State *L)
{
    struct tw_wait wait;
    struct ltw_socket *s = ltw_begin(L, &wait);
    size_t len = size_arg(L, 2);
    int flags = ltw_optint(L, 3, "flags", 0);
    if (flags && ltw_wants_whole(s, flags))
        return ltw_recv_whole(L, false);
    int results = recv_once(L, &wait, s, len, flags);
    if (results != TW_TASK_WAIT)
        return tw_task_done(L, wait.rt, results);
    lua_settop(L, 3);
    return tw_task_go_on(L, &wait, sock_recv_k);
}

static int recvfrom_once(lua_State *L, struct tw_wait *wait,
                         struct ltw_socket *s, size_t len, int flags)
{
    struct tw_dgram dgram;
    dgram.len = len;
    ssize_t n = ltw_obstacle(s, wait);
    dgram.data = n < 0 ? NULL : ltw_room(wait->rt, s, &dgram.len);
    if (n >= 0)
        n = dgram.data ? ltw_tryrecvfrom(wait->rt, s, &dgram, flags) : -ENOMEM;
    if (n < 0)
        return ltw_unfinished(L, wait, n, flags, "recvfrom");
    push_received(L, dgram.data, n, dgram.len);
    ltw_pushaddr(L, &dgram.addr);
    return 2;
}

/* Stack: self, size, flags. */
static int sock_recvfrom_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_socket *s = lua_touserdata(L, 1);
    return recvfrom_once(L, wait, s, (size_t)lua_tointeger(L, 2),
                         (int)lua_tointeger(L, 3));
}

/*
 * s:recvfrom(size [, flags]): a datagram, cut to `size` bytes, and its
 * sender's address (nil if it has none); or nil, message, code.
 */
static int sock_recvfrom(lua_State *L)
{
    struct tw_wait wait;
    struct ltw_socket *s = ltw_begin(L, &wait);
    size_t len = size_arg(L, 2);
    int flags = ltw_optint(L, 3, "flags", 0);
    if (flags && ltw_wants_whole(s, flags))
        return ltw_recv_whole(L, true);
    int results = recvfrom_once(L, &wait, s, len, flags);
    if (results != TW_TASK_WAIT)
        return tw_task_done(L, wait.rt, results);
    lua_settop(L, 3);
    return tw_task_go_on(L, &wait, sock_recvfrom_k);
}

char *ltw_target(lua_State *L, size_t *len)
{
    const struct ltw_buffer *buf = ltw_check(L, 2, LTW_BUFFER);
    lua_Integer size = (lua_Integer)buf->size;
    lua_Integer at =
        lua_isnoneornil(L, 5) ? 1 : ltw_integer(L, 5, "at", 1, size + 1);
    lua_Integer room = size - at + 1;
    lua_Integer n =
        lua_isnoneornil(L, 3) ? 0 : ltw_integer(L, 3, "size", 0, room);
    *len = (size_t)(n > 0 ? n : room);
    return buf->data + at - 1;
}

/* Stack: self, buffer, size, flags, at. */
static int sock_recv_into_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    size_t len;
    char *data = ltw_target(L, &len);
    int flags = ltw_optint(L, 4, "flags", 0);
    ssize_t n = ltw_obstacle(s, wait);
    if (n >= 0 && len > 0)
        n = ltw_tryrecv(wait->rt, s, data, len, flags);
    if (n < 0)
        return ltw_unfinished(L, wait, n, flags, "recv_into");
    lua_pushinteger(L, (lua_Integer)n);
    return 1;
}

/*
 * s:recv_into(buffer [, size [, flags [, at]]]): how many bytes it put into
 * the buffer from position `at` on, at most `size` (0: all there is room for);
 * or nil, message, code as recv.
 */
static int sock_recv_into(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    lua_settop(L, 5);
    if (ltw_wants_whole(s, ltw_optint(L, 4, "flags", 0)))
        return ltw_recv_into_whole(L, false);
    return tw_task_run(L, &ltw_state(L)->rt, sock_recv_into_k);
}

static int sock_recvfrom_into_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    struct tw_dgram dgram;
    dgram.data = ltw_target(L, &dgram.len);
    dgram.addr.len = 0;
    int flags = ltw_optint(L, 4, "flags", 0);
    ssize_t n = ltw_obstacle(s, wait);
    if (n >= 0 && dgram.len > 0)
        n = ltw_tryrecvfrom(wait->rt, s, &dgram, flags);
    if (n < 0)
        return ltw_unfinished(L, wait, n, flags, "recvfrom_into");
    lua_pushinteger(L, (lua_Integer)n);
    ltw_pushaddr(L, &dgram.addr);
    return 2;
}

/* s:recvfrom_into(buffer [, size [, flags [, at]]]): as recv_into, and the
   sender's address. */
static int sock_recvfrom_into(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    lua_settop(L, 5);
    if (ltw_wants_whole(s, ltw_optint(L, 4, "flags", 0)))
        return ltw_recv_into_whole(L, true);
    return tw_task_run(L, &ltw_state(L)->rt, sock_recvfrom_into_k);
}

/* -- sending ------------------------------------------------------------- */

/* Stack: self, data, flags, i, j. */
static int sock_send_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    size_t len;
    const char *data = ltw_slice(L, 2, 4, &len);
    int flags = ltw_optint(L, 3, "flags", 0);
    ssize_t n = ltw_obstacle(s, wait);
    if (n >= 0)
        n = ltw_trysend(wait->rt, s, data, len, flags);
    if (n < 0)
        return ltw_unfinished(L, wait, n, flags, "send");
    lua_pushinteger(L, (lua_Integer)n);
    return 1;
}

/*
 * s:send(data [, flags [, i [, j]]]): how many bytes of data:sub(i, j) were
 * sent, perhaps not all; or nil, message, code. data is a string or a buffer.
 */
static int sock_send(lua_State *L)
{
    lua_settop(L, 5);
    return tw_task_run(L, &ltw_state(L)->rt, sock_send_k);
}

/* What sendall has before it. */
struct piece
{
    struct ltw_socket *s;
    const char *data;
    size_t len, sent;
    int flags;
};

static int sendall_once(lua_State *L, struct tw_wait *wait, struct piece *piece)
{
    struct ltw_socket *s = piece->s;
    ssize_t n = ltw_obstacle(s, wait);
    while (n >= 0)
    {
        size_t left = piece->len - piece->sent;
        n = ltw_trysend(wait->rt, s, piece->data + piece->sent, left,
                        piece->flags);
        piece->sent += n > 0 ? (size_t)n : 0;
        if (n >= 0 && piece->sent == piece->len)
        {
            lua_pushinteger(L, (lua_Integer)piece->len);
            return 1;
        }
    }
    lua_settop(L, 5);
    lua_pushinteger(L, (lua_Integer)piece->sent);
    int results = ltw_unfinished(L, wait, n, piece->flags, "sendall");
    if (results == TW_TASK_WAIT)
        return results;
    lua_pushvalue(L, 6);
    return results + 1;
}

/* Stack: as send, and how much is sent. */
static int sock_sendall_k(lua_State *L, struct tw_wait *wait)
{
    struct piece piece = {.s = lua_touserdata(L, 1),
                          .sent = (size_t)lua_tointeger(L, 6),
                          .flags = (int)lua_tointeger(L, 3)};
    piece.data = ltw_slice(L, 2, 4, &piece.len);
    return sendall_once(L, wait, &piece);
}

/*
 * s:sendall(data [, flags [, i [, j]]]): sends all of data:sub(i, j), the
 * timeout covering the whole; how many bytes that were; or nil, message, code
 * and how many bytes were sent before the failure.
 *
 * With MSG_ZEROCOPY, and the option "zerocopy" set, large data is not copied
 * where that can be: then this waits until the kernel has read it. Data that it
 * still has to read when this fails is kept; closing the socket before then
 * resets the connection. No other function takes the flag.
 */
static int sock_sendall(lua_State *L)
{
    struct tw_wait wait;
    struct piece piece = {.s = ltw_begin(L, &wait),
                          .flags = ltw_optint(L, 3, "flags", 0)};
    piece.data = ltw_slice(L, 2, 4, &piece.len);
    if (piece.flags & MSG_ZEROCOPY)
        return ltw_sendall_lent(L);
    int results = sendall_once(L, &wait, &piece);
    return results == TW_TASK_WAIT ? tw_task_go_on(L, &wait, sock_sendall_k)
                                   : tw_task_done(L, wait.rt, results);
}

/* Sends to an address that is known. */
static int sendto_once(lua_State *L, struct tw_wait *wait, struct ltw_socket *s,
                       const struct tw_dgram *dgram, int flags)
{
    ssize_t n = ltw_obstacle(s, wait);
    if (n >= 0)
        n = ltw_trysendto(wait->rt, s, dgram, flags);
    if (n < 0)
        return ltw_waits(s, wait, n, flags)
                   ? TW_TASK_WAIT
                   : ltw_fail_addr(L, (int)n, "sendto", &dgram->addr);
    lua_pushinteger(L, (lua_Integer)n);
    return 1;
}

/* Stack: self, data, address or lookup, flags. */
static int sock_sendto_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_socket *s = lua_touserdata(L, 1);
    struct tw_dgram dgram;
    wait->timeout = s->sock.timeout;
    int results = ltw_resolved(L, 3, wait, &dgram.addr);
    if (results)
        return results;
    dgram.data = (void *)ltw_bytes(L, 2, "data", &dgram.len);
    return sendto_once(L, wait, s, &dgram, (int)lua_tointeger(L, 4));
}

/* Where sendto has its address: behind the flags, if there are any. */
static int address_at(lua_State *L)
{
    int after = lua_type(L, 4);
    bool flags = lua_type(L, 3) == LUA_TNUMBER || after == LUA_TTABLE ||
                 after == LUA_TUSERDATA;
    int at = flags ? 4 : 3;
    int last = lua_type(L, at) == LUA_TSTRING ? at + 1 : at; /* host, port */
    if (!lua_isnoneornil(L, last + 1))
        luaL_argerror(L, last + 1, "too many arguments");
    return at;
}

/*
 * s:sendto(data, [flags,] address): how many bytes were sent; or nil, message,
 * code. The timeout covers the lookup of a name too.
 */
static int sock_sendto(lua_State *L)
{
    struct tw_wait wait;
    struct tw_dgram dgram;
    struct ltw_socket *s = ltw_begin(L, &wait);
    dgram.data = (void *)ltw_bytes(L, 2, "data", &dgram.len);
    int at = address_at(L);
    int flags = at == 4 ? ltw_int(L, 3, "flags") : 0;
    bool known = ltw_getaddr(L, at, &dgram.addr);
    int failed = known ? 0 : ltw_toaddr(L, at, &s->sock, "sendto");
    if (failed)
        return failed;
    int results =
        known ? sendto_once(L, &wait, s, &dgram, flags) : TW_TASK_WAIT;
    if (results != TW_TASK_WAIT)
        return tw_task_done(L, wait.rt, results);
    lua_settop(L, at);
    if (at == 4)
        lua_replace(L, 3);
    lua_pushinteger(L, flags);
    return known ? tw_task_go_on(L, &wait, sock_sendto_k)
                 : tw_task_run(L, wait.rt, sock_sendto_k);
}

const luaL_Reg ltw_socket_io[] = {
    {"recv", sock_recv},           {"recvfrom", sock_recvfrom},
    {"recv_into", sock_recv_into}, {"recvfrom_into", sock_recvfrom_into},
    {"send", sock_send},           {"sendall", sock_sendall},
    {"sendto", sock_sendto},       {NULL, NULL}};
