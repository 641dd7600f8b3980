/*
 * Sockets in Lua: receiving messages into several buffers, with control
 * messages. Those may bring descriptors, and somebody has to own them: from
 * the moment they are there until the script has them, whatever goes wrong
 * closes them.
 */
#include "bind/address.h"
#include "bind/buffer.h"
#include "bind/control.h"
#include "bind/module.h"
#include "bind/socket.h"

#include <limits.h>

enum
{
    /* Control bytes that need no memory of their own: more than the kernel's
       253 descriptors at once, with all else it may add. */
    CONTROL_SMALL = 2048,
    /* More never arrives: it is as much as may be queued (optmem_max). */
    CONTROL_MAX = 1 << 17,
    RIGHTS_MAX = 253,
    /* What comes beside descriptors: credentials, a pidfd, a label. */
    BESIDE_RIGHTS = 512
};

/* How one of the functions that receive differs from the others. */
struct receiving
{
    const char *op;
    bool into; /* slot 2 is a list of buffers, not a size */
    bool fds;  /* slot 3 is how many descriptors are wanted */
};

/* A message, while it becomes results. */
struct arrival
{
    struct ltw_socket *s;
    const struct receiving *how;
    struct msghdr msg;
    struct tw_addr addr;
    struct iovec iov;
    ssize_t n;
    lua_Integer max; /* descriptors wanted */
    bool more;       /* there were more of them */
};

/* The walk over the descriptors that have come. */
static struct tw_cmsg_fds arrived_fds(const struct arrival *a)
{
    return (struct tw_cmsg_fds){
        .walk = tw_cmsg_begin(a->msg.msg_control, a->msg.msg_controllen)};
}

/* Pushes the descriptors that were wanted. */
static void push_fds(lua_State *L, struct arrival *a)
{
    struct tw_cmsg_fds fds = arrived_fds(a);
    lua_Integer n = 0;
    lua_newtable(L);
    for (int fd = tw_cmsg_nextfd(&fds); fd >= 0; fd = tw_cmsg_nextfd(&fds))
    {
        bool right = fds.item.type == SCM_RIGHTS;
        a->more = a->more || (right && n == a->max);
        if (!right || n == a->max)
            continue;
        lua_pushinteger(L, fd);
        lua_rawseti(L, -2, ++n);
    }
}

/* Closes those that push_fds has left. */
static void close_others(const struct arrival *a)
{
    struct tw_cmsg_fds fds = arrived_fds(a);
    lua_Integer n = 0;
    for (int fd = tw_cmsg_nextfd(&fds); fd >= 0; fd = tw_cmsg_nextfd(&fds))
        if (fds.item.type != SCM_RIGHTS || ++n > a->max)
            a->s->sock.net->close(a->s->sock.net, fd);
}

/* Pushes data or its length, control messages or descriptors, flags, address.
   Returns 4. */
static int push_arrival(lua_State *L, struct arrival *a)
{
    size_t n = (size_t)a->n, room = a->iov.iov_len;
    /* With MSG_TRUNC, n is the datagram's length and may exceed the room. */
    if (a->how->into)
        lua_pushinteger(L, (lua_Integer)n);
    else
        lua_pushlstring(L, a->iov.iov_base, n < room ? n : room);
    if (a->how->fds)
        push_fds(L, a);
    else
        ltw_pushcontrol(L, a->msg.msg_control, a->msg.msg_controllen);
    /* One flag is ours, not the script's. */
    int flags = a->msg.msg_flags & ~MSG_CMSG_CLOEXEC;
    lua_pushinteger(L, flags | (a->more ? MSG_CTRUNC : 0));
    ltw_pushaddr(L, &a->addr);
    return 4;
}

static int protected_push(lua_State *L)
{
    return push_arrival(L, lua_touserdata(L, 1));
}

/*
 * Pushes the results. On the way memory may run out, or a hook do anything and
 * raise an error: descriptors are then closed. The function at slot 6 is
 * protected_push, made before there were any.
 */
static int deliver(lua_State *L, struct arrival *a, bool *has_fds)
{
    struct tw_cmsg_fds fds = arrived_fds(a);
    *has_fds = tw_cmsg_nextfd(&fds) >= 0;
    if (!*has_fds)
        return push_arrival(L, a);
    struct tw_runtime *rt = &ltw_state(L)->rt;
    struct tw_scratch held;
    tw_runtime_hold(rt, &held);
    lua_pushvalue(L, 6);
    lua_pushlightuserdata(L, a);
    int status = lua_pcall(L, 1, 4, 0);
    tw_runtime_unhold(rt, &held);
    if (status != LUA_OK)
    {
        ltw_closefds(a->s->sock.net, a->msg.msg_control, a->msg.msg_controllen);
        return lua_error(L);
    }
    if (a->how->fds)
        close_others(a);
    return 4;
}

/* Sets where the data goes: 0, or -ENOMEM. */
static int set_room(lua_State *L, struct tw_runtime *rt, struct arrival *a)
{
    if (a->how->into)
        return ltw_setbuffers(L, 2, true, &a->msg);
    a->iov.iov_len = (size_t)lua_tointeger(L, 2);
    a->iov.iov_base = ltw_room(rt, a->s, &a->iov.iov_len);
    a->msg.msg_iov = &a->iov;
    a->msg.msg_iovlen = 1;
    return a->iov.iov_base ? 0 : -ENOMEM;
}

/*
 * Stack: self, size or buffers, room for control messages, flags, memory for
 * them or nil, protected_push or nil, how many descriptors are wanted.
 */
static int receive_step(lua_State *L, struct tw_wait *wait,
                        const struct receiving *how, bool *fds)
{
    unsigned char small[CONTROL_SMALL];
    struct arrival a = {
        .s = lua_touserdata(L, 1), .how = how, .max = lua_tointeger(L, 7)};
    int flags = (int)lua_tointeger(L, 4);
    a.msg.msg_name = &a.addr.u.sa;
    a.msg.msg_namelen = sizeof a.addr.u;
    a.msg.msg_controllen = (size_t)lua_tointeger(L, 3);
    if (a.msg.msg_controllen)
        a.msg.msg_control = lua_isnil(L, 5) ? small : lua_touserdata(L, 5);
    ssize_t n = ltw_obstacle(a.s, wait);
    if (n == 0)
        n = set_room(L, wait->rt, &a);
    if (n == 0)
        n = ltw_tryrecvmsg(wait->rt, a.s, &a.msg, flags);
    if (n < 0)
        return ltw_unfinished(L, wait, n, flags, how->op);
    a.n = n;
    a.addr.len = a.msg.msg_namelen;
    tw_sock_named(&a.s->sock, &a.addr);
    return deliver(L, &a, fds);
}

/* Makes slots 3 to 7 what receive_step wants, for `control` bytes. */
static void begin_receive(lua_State *L, lua_Integer control, lua_Integer max)
{
    int flags = ltw_optint(L, 4, "flags", 0);
    lua_settop(L, 2);
    lua_pushinteger(L, control < CONTROL_MAX ? control : CONTROL_MAX);
    lua_pushinteger(L, flags);
    if (control > CONTROL_SMALL)
        lua_newuserdatauv(L, (size_t)lua_tointeger(L, 3), 0);
    else
        lua_pushnil(L);
    if (control > 0)
    {
        lua_pushvalue(L, lua_upvalueindex(1));
        lua_pushcclosure(L, protected_push, 1);
    }
    else
    {
        lua_pushnil(L);
    }
    lua_pushinteger(L, max);
}

/* The function whose slots begin_receive has made. */
static int run_receive(lua_State *L, const struct receiving *how, tw_step step)
{
    struct tw_wait wait;
    bool fds = false;
    ltw_begin(L, &wait);
    int results = receive_step(L, &wait, how, &fds);
    if (results == TW_TASK_WAIT)
        return tw_task_go_on(L, &wait, step);
    /* Whoever is given descriptors gets them now: a turn for others might be
       the last. */
    return fds ? results : tw_task_done(L, wait.rt, results);
}

static lua_Integer ancsize(lua_State *L)
{
    return lua_isnoneornil(L, 3) ? 0
                                 : ltw_integer(L, 3, "ancsize", 0, TW_CMSG_MAX);
}

static const struct receiving as_data = {"recvmsg", false, false};
static const struct receiving into_buffers = {"recvmsg_into", true, false};
static const struct receiving as_fds = {"recv_fds", false, true};

static int sock_recvmsg_k(lua_State *L, struct tw_wait *wait)
{
    bool fds;
    return receive_step(L, wait, &as_data, &fds);
}

/*
 * s:recvmsg(size [, ancsize [, flags]]): data, at most `size` bytes; a list of
 * control messages (see control.h), for which there are `ancsize` bytes of room
 * (none by default; CMSG_SPACE says how many it takes); flags, such as
 * MSG_TRUNC and MSG_CTRUNC; and the sender's address, or nil. Or nil, message,
 * code. Descriptors are close-on-exec, and the caller's to close.
 */
static int sock_recvmsg(lua_State *L)
{
    ltw_check(L, 1, LTW_SOCKET);
    ltw_integer(L, 2, "size", 0, LUA_MAXINTEGER);
    begin_receive(L, ancsize(L), 0);
    return run_receive(L, &as_data, sock_recvmsg_k);
}

static int sock_recvmsg_into_k(lua_State *L, struct tw_wait *wait)
{
    bool fds;
    return receive_step(L, wait, &into_buffers, &fds);
}

/*
 * s:recvmsg_into(buffers [, ancsize [, flags]]): as recvmsg, but the data is
 * put into the buffers of the list, one after the other, and the first result
 * is how many bytes that were.
 */
static int sock_recvmsg_into(lua_State *L)
{
    ltw_check(L, 1, LTW_SOCKET);
    ltw_checkbuffers(L, 2, true);
    begin_receive(L, ancsize(L), 0);
    return run_receive(L, &into_buffers, sock_recvmsg_into_k);
}

static int net_recv_fds_k(lua_State *L, struct tw_wait *wait)
{
    bool fds;
    return receive_step(L, wait, &as_fds, &fds);
}

/*
 * recv_fds(s, size, maxfds [, flags]): data, a list of at most `maxfds`
 * descriptors, flags and address as recvmsg. Further descriptors are closed,
 * and MSG_CTRUNC set.
 */
static int net_recv_fds(lua_State *L)
{
    ltw_check(L, 1, LTW_SOCKET);
    ltw_integer(L, 2, "size", 0, LUA_MAXINTEGER);
    lua_Integer max = ltw_integer(L, 3, "maxfds", 0, INT_MAX);
    size_t room = (size_t)(max < RIGHTS_MAX ? max : RIGHTS_MAX);
    begin_receive(L, CMSG_SPACE(room * sizeof(int)) + BESIDE_RIGHTS, max);
    return run_receive(L, &as_fds, net_recv_fds_k);
}

/* -- sizes --------------------------------------------------------------- */

static int push_size(lua_State *L, size_t (*size)(size_t))
{
    lua_Integer n = ltw_integer(L, 1, "n", 0, TW_CMSG_MAX);
    size_t result = size((size_t)n);
    if (!result)
        ltw_argerror(L, 1, "n", "too large");
    lua_pushinteger(L, (lua_Integer)result);
    return 1;
}

/* CMSG_LEN(n): what a control message with n bytes of data takes, the last of
   several. */
static int net_CMSG_LEN(lua_State *L)
{
    return push_size(L, tw_cmsg_len);
}

/* CMSG_SPACE(n): what it takes with the padding before the next one. */
static int net_CMSG_SPACE(lua_State *L)
{
    return push_size(L, tw_cmsg_space);
}

const luaL_Reg ltw_socket_recvmsg[] = {{"recvmsg", sock_recvmsg},
                                       {"recvmsg_into", sock_recvmsg_into},
                                       {NULL, NULL}};

const luaL_Reg ltw_recvmsg_functions[] = {{"recv_fds", net_recv_fds},
                                          {"CMSG_LEN", net_CMSG_LEN},
                                          {"CMSG_SPACE", net_CMSG_SPACE},
                                          {NULL, NULL}};
