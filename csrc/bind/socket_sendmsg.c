/*
 * Sockets in Lua: sending messages of several buffers, with control messages.
 * Everything is checked before anything is sent.
 */
#include "bind/address.h"
#include "bind/buffer.h"
#include "bind/control.h"
#include "bind/module.h"
#include "bind/socket.h"

#include <limits.h>

enum
{
    /* Control bytes that need no memory of their own. */
    CONTROL_SMALL = 2048,
    /* More is refused with ENOBUFS by any system. */
    CONTROL_MAX = 1 << 20
};

/* How one of the functions that send differs from the others. */
struct sending
{
    const char *op;
    ltw_reader control; /* reads slot 3 */
};

/*
 * Sets the control bytes: in `small` if they fit, else in memory that is
 * pushed. They are read anew for each attempt, for in the meantime a socket
 * among them may have been closed, and its number be something else's.
 */
static int set_control(lua_State *L, const struct sending *how, int family,
                       struct msghdr *msg, unsigned char *small)
{
    struct tw_cmsg_build count = {.bytes = NULL};
    int rc = how->control(L, 3, family, &count);
    if (rc < 0 || count.len == 0)
        return rc;
    if (count.len > CONTROL_MAX)
        return -ENOBUFS;
    struct tw_cmsg_build build = {.bytes = small, .room = count.len};
    if (count.len > CONTROL_SMALL)
        build.bytes = lua_newuserdatauv(L, count.len, 0);
    rc = how->control(L, 3, family, &build);
    msg->msg_control = build.bytes;
    msg->msg_controllen = build.len;
    return rc;
}

/*
 * Stack: self, buffers, control, flags, address or lookup or nil. Everything
 * is checked before anything is sent.
 */
static int send_step(lua_State *L, struct tw_wait *wait,
                     const struct sending *how)
{
    unsigned char small[CONTROL_SMALL];
    struct ltw_socket *s = lua_touserdata(L, 1);
    int flags = (int)lua_tointeger(L, 4);
    struct tw_addr addr = {.len = 0};
    struct msghdr msg = {.msg_name = &addr.u.sa};
    wait->timeout = s->sock.timeout;
    int results = lua_isnil(L, 5) ? 0 : ltw_resolved(L, 5, wait, &addr);
    if (results)
        return results;
    msg.msg_namelen = addr.len;
    ssize_t n = set_control(L, how, s->sock.family, &msg, small);
    if (n == 0)
        n = ltw_setbuffers(L, 2, false, &msg);
    if (n == 0)
        n = ltw_obstacle(s, wait);
    if (n == 0)
        n = ltw_trysendmsg(wait->rt, s, &msg, flags);
    lua_settop(L, 5);
    if (n < 0 && ltw_waits(s, wait, n, flags))
        return TW_TASK_WAIT;
    if (n < 0)
        return addr.len ? ltw_fail_addr(L, (int)n, how->op, &addr)
                        : ltw_sockfail(L, s, (int)n, how->op);
    lua_pushinteger(L, (lua_Integer)n);
    return 1;
}

/* Checks the arguments and makes the stack what send_step wants. Returns 0, or
   the number of results of an address that cannot be. */
static int begin_send(lua_State *L, const struct sending *how)
{
    struct tw_wait wait;
    struct tw_cmsg_build count = {.bytes = NULL};
    const struct ltw_socket *s = ltw_begin(L, &wait);
    lua_Integer flags = ltw_optint(L, 4, "flags", 0);
    if (lua_isnoneornil(L, 5))
    {
        lua_settop(L, 5);
    }
    else
    {
        /* No name is looked up for what could not be sent. */
        ltw_checkbuffers(L, 2, false);
        how->control(L, 3, s->sock.family, &count);
        int failed = ltw_toaddr(L, 5, &s->sock, how->op);
        if (failed)
            return failed;
    }
    lua_pushinteger(L, flags);
    lua_replace(L, 4);
    return 0;
}

static const struct sending of_items = {"sendmsg", ltw_readcontrol};
static const struct sending of_fds = {"send_fds", ltw_readfds};
static const struct sending of_options = {"sendmsg_afalg", ltw_readalg};

static int sock_sendmsg_k(lua_State *L, struct tw_wait *wait)
{
    return send_step(L, wait, &of_items);
}

/*
 * s:sendmsg(buffers [, ancdata [, flags [, address]]]): sends a list of strings
 * and buffers as one message, with control messages (see control.h). Results:
 * how many bytes were sent, of a stream perhaps not all; or nil, message, code.
 * The timeout covers the lookup of a name too.
 */
static int sock_sendmsg(lua_State *L)
{
    int failed = begin_send(L, &of_items);
    return failed ? failed : tw_task_run(L, &ltw_state(L)->rt, sock_sendmsg_k);
}

static int net_send_fds_k(lua_State *L, struct tw_wait *wait)
{
    return send_step(L, wait, &of_fds);
}

/*
 * send_fds(s, buffers, fds [, flags [, address]]): sends descriptors, given as
 * integers, sockets, streams and io files, together with at least one byte of
 * data, through an AF_UNIX socket. They stay open here. Results as sendmsg.
 */
static int net_send_fds(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    int failed = begin_send(L, &of_fds);
    if (failed)
        return failed;
    /* Other families send the data and lose the descriptors. */
    if (s->sock.family != AF_UNIX)
        return ltw_fail_at(L, -EOPNOTSUPP, "send_fds",
                           "through a socket that is not AF_UNIX");
    return tw_task_run(L, &ltw_state(L)->rt, net_send_fds_k);
}

/* -- AF_ALG -------------------------------------------------------------- */

static int sock_sendmsg_afalg_k(lua_State *L, struct tw_wait *wait)
{
    return send_step(L, wait, &of_options);
}

/* Pushes the flags of the options at 3. */
static void push_flags(lua_State *L)
{
    int exact = 1;
    bool given = lua_getfield(L, 3, "flags") != LUA_TNIL;
    lua_Integer flags = given ? lua_tointegerx(L, 4, &exact) : 0;
    bool number = !given || lua_type(L, 4) == LUA_TNUMBER;
    if (!exact || !number || flags < INT_MIN || flags > INT_MAX)
        ltw_argerror(L, 3, "flags", "integer expected");
    lua_pushinteger(L, flags);
    lua_replace(L, 4);
}

/*
 * s:sendmsg_afalg(msg, {op =, iv =, assoclen =, flags =}): sends a list of
 * strings and buffers, or nil, to the kernel's crypto: op is one of ALG_OP_*,
 * iv a string, assoclen how many bytes are only authenticated. Results as
 * sendmsg; "EOPNOTSUPP" for any but AF_ALG sockets.
 */
static int sock_sendmsg_afalg(lua_State *L)
{
    static const char *const keys[] = {"op", "iv", "assoclen", "flags", NULL};
    struct tw_cmsg_build count = {.bytes = NULL};
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    lua_settop(L, 3);
    if (lua_isnil(L, 2))
    {
        lua_newtable(L);
        lua_replace(L, 2);
    }
    ltw_checkbuffers(L, 2, false);
    luaL_checktype(L, 3, LUA_TTABLE);
    ltw_checkkeys(L, 3, keys);
    ltw_readalg(L, 3, AF_ALG, &count);
    push_flags(L);
    lua_pushnil(L);
    if (!s->closed && s->sock.family != AF_ALG)
        return ltw_fail_at(L, -EOPNOTSUPP, "sendmsg_afalg",
                           "through a socket that is not AF_ALG");
    return tw_task_run(L, &ltw_state(L)->rt, sock_sendmsg_afalg_k);
}

const luaL_Reg ltw_socket_sendmsg[] = {{"sendmsg", sock_sendmsg},
                                       {"sendmsg_afalg", sock_sendmsg_afalg},
                                       {NULL, NULL}};

const luaL_Reg ltw_sendmsg_functions[] = {{"send_fds", net_send_fds},
                                          {NULL, NULL}};
