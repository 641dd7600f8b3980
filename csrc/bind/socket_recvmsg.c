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
    struct iovec iov; /* where data goes that becomes a string */
    size_t got;       /* how much has come, in all */
    bool whole;       /* MSG_WAITALL: several pieces make one message */
    lua_Integer max;  /* descriptors wanted */
    bool more;        /* there were more of them */
};

enum
{
    SIZE = 2, /* or buffers */
    CONTROL = 3,
    FLAGS = 4,
    MEMORY = 5, /* for control messages, unless they are few */
    PUSH = 6,
    MAX = 7,
    GOT = 8,  /* of the whole, so far */
    WHOLE = 9 /* and where it is, if it becomes a string */
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

/* Pushes the data, or its length. */
static void push_data(lua_State *L, const struct arrival *a)
{
    /* With MSG_TRUNC, that is the datagram's length and may exceed the room. */
    size_t n = a->got < a->iov.iov_len ? a->got : a->iov.iov_len;
    if (a->how->into)
        lua_pushinteger(L, (lua_Integer)a->got);
    else
        lua_pushlstring(L, a->iov.iov_base, n);
}

/* Pushes data or its length, control messages or descriptors, flags, address.
   Returns 4. */
static int push_arrival(lua_State *L, struct arrival *a)
{
    push_data(L, a);
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
 * raise an error: descriptors are then closed. The function at PUSH is
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
    lua_pushvalue(L, PUSH);
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

/* Leaves out what has come already. The list may have become shorter. */
static void skip(struct msghdr *msg, size_t n)
{
    while (msg->msg_iovlen > 0 && n >= msg->msg_iov->iov_len)
    {
        n -= msg->msg_iov->iov_len;
        msg->msg_iov++;
        msg->msg_iovlen--;
    }
    if (msg->msg_iovlen > 0)
    {
        msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + n;
        msg->msg_iov->iov_len -= n;
    }
}

/* Sets where the data goes: how much there is room for in all, or -ENOMEM. */
static ssize_t set_room(lua_State *L, struct tw_runtime *rt, struct arrival *a)
{
    size_t len = (size_t)lua_tointeger(L, SIZE);
    a->msg.msg_iov = &a->iov;
    a->msg.msg_iovlen = 1;
    if (a->how->into)
    {
        int rc = ltw_setbuffers(L, SIZE, true, &a->msg);
        len = rc < 0 ? 0 : ltw_total(&a->msg);
        if (a->got > 0)
            skip(&a->msg, a->got);
        return rc < 0 ? rc : (ssize_t)len;
    }
    if (a->whole)
    {
        a->iov.iov_len = ltw_more_room(L, WHOLE, a->got, len);
        a->iov.iov_base = (char *)lua_touserdata(L, WHOLE) + a->got;
        return (ssize_t)len;
    }
    a->iov.iov_len = len;
    a->iov.iov_base = ltw_room(rt, a->s, &a->iov.iov_len);
    return a->iov.iov_base ? (ssize_t)len : -ENOMEM;
}

/* Whether it has brought control messages, be it that they were cut off. */
static bool has_control(const struct msghdr *msg)
{
    return msg->msg_controllen > 0 || msg->msg_flags & MSG_CTRUNC;
}

/* One attempt, or several to make a whole, unless there are control messages:
   those may hold descriptors, which must not wait. */
static ssize_t take(lua_State *L, struct tw_wait *wait, struct arrival *a,
                    unsigned char *small)
{
    int flags = (int)lua_tointeger(L, FLAGS) & ~(a->whole ? MSG_WAITALL : 0);
    ssize_t n, len = 0;
    do
    {
        a->msg.msg_name = &a->addr.u.sa;
        a->msg.msg_namelen = sizeof a->addr.u;
        a->msg.msg_controllen = (size_t)lua_tointeger(L, CONTROL);
        if (a->msg.msg_controllen)
            a->msg.msg_control =
                lua_isnil(L, MEMORY) ? small : lua_touserdata(L, MEMORY);
        n = len = set_room(L, wait->rt, a);
        if (n >= 0)
            n = ltw_tryrecvmsg(wait->rt, a->s, &a->msg, flags);
        a->got += n > 0 ? (size_t)n : 0;
    } while (a->whole && n > 0 && a->got < (size_t)len &&
             !has_control(&a->msg));
    return n;
}

/* Ends a step that has not got a whole, or anything. */
static int give_up(lua_State *L, struct tw_wait *wait, struct arrival *a,
                   ssize_t rc)
{
    int flags = (int)lua_tointeger(L, FLAGS);
    int results = ltw_unfinished(L, wait, rc, flags, a->how->op);
    if (results == TW_TASK_WAIT)
    {
        lua_pushinteger(L, (lua_Integer)a->got);
        lua_replace(L, GOT);
    }
    else if (a->got > 0)
    {
        push_data(L, a);
        results++;
    }
    return results;
}

static int receive_step(lua_State *L, struct tw_wait *wait,
                        const struct receiving *how, bool *fds)
{
    unsigned char small[CONTROL_SMALL];
    struct arrival a = {.s = lua_touserdata(L, 1),
                        .how = how,
                        .got = (size_t)lua_tointeger(L, GOT),
                        .max = lua_tointeger(L, MAX)};
    a.whole = ltw_wants_whole(a.s, (int)lua_tointeger(L, FLAGS));
    ssize_t n = ltw_obstacle(a.s, wait);
    if (n == 0)
        n = take(L, wait, &a, small);
    if (a.whole && !how->into)
        a.iov = (struct iovec){lua_touserdata(L, WHOLE), a.got};
    bool at_end = n == TW_EOF || (tw_err_want(n) && a.s->sock.timeout == 0);
    if (n < 0 && !(at_end && a.got > 0))
        return give_up(L, wait, &a, n);
    if (n < 0)
        a.msg.msg_namelen = a.msg.msg_controllen = 0;
    a.addr.len = a.msg.msg_namelen;
    tw_sock_named(&a.s->sock, &a.addr);
    return deliver(L, &a, fds);
}

/* Makes the slots what receive_step wants, for `control` bytes. */
static void begin_receive(lua_State *L, lua_Integer control, lua_Integer max)
{
    int flags = ltw_optint(L, 4, "flags", 0);
    lua_settop(L, SIZE);
    lua_pushinteger(L, control < CONTROL_MAX ? control : CONTROL_MAX);
    lua_pushinteger(L, flags);
    if (control > CONTROL_SMALL)
        lua_newuserdatauv(L, (size_t)lua_tointeger(L, CONTROL), 0);
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
    lua_pushinteger(L, 0);
    lua_pushnil(L);
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
 * code. Descriptors are close-on-exec, and the caller's to close. MSG_WAITALL
 * is as for recv, but a control message ends the waiting too.
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
