/*
 * sendall with MSG_ZEROCOPY. The kernel reads a string's bytes after the call,
 * so the call returns when it has done so, and until it has, the string is kept
 * from the collector whatever becomes of the call. What it copies all the same
 * (as to this machine itself) is not tried again: that costs more.
 */
#include "core/zerocopy.h"
#include "bind/socket.h"

enum
{
    LEAST = 16384 /* bytes; below, copying is cheaper than being told */
};

/* The stack: that of sendall, and how much is sent. */
enum
{
    SELF = 1,
    DATA = 2,
    FLAGS = 3,
    RANGE = 4,
    SENT = 6
};

static bool forked(const struct tw_runtime *rt)
{
    return rt->loop && tw_loop_forked(rt->loop);
}

int ltw_reap(struct tw_runtime *rt, struct ltw_socket *s)
{
    struct tw_released released;
    if (forked(rt))
    {
        s->unreleased = 0;
        return 0;
    }
    int rc = tw_zerocopy_reap(&s->sock, &released);
    s->copied = s->copied || released.copied;
    s->unreleased -=
        released.sends < s->unreleased ? released.sends : s->unreleased;
    return rc;
}

/*
 * Closes under what is not yet sent. Its memory may be something else's by the
 * time it would be: it must not be. A duplicate may go on, see ltw_lentforever.
 * A forked child may change its memory: the kernel still has the pages.
 */
void ltw_unreleased(struct tw_runtime *rt, struct ltw_socket *s)
{
    ltw_reap(rt, s);
    if (!s->shared && s->unreleased > 0)
        tw_zerocopy_abandon(&s->sock);
    s->unreleased = 0;
}

/* Pushes the table of what is pinned, by socket; weak, so that all of it goes
   with the socket. */
static void push_pinned(lua_State *L)
{
    int state = lua_upvalueindex(1);
    if (lua_getiuservalue(L, state, LTW_PINNED) == LUA_TTABLE)
        return;
    lua_pop(L, 1);
    lua_newtable(L); /* pinned */
    lua_newtable(L);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, state, LTW_PINNED);
}

/* Keeps the data for as long as the socket, or until unpin. */
static void pin(lua_State *L)
{
    push_pinned(L);
    lua_pushvalue(L, SELF);
    if (lua_rawget(L, -2) != LUA_TTABLE)
    {
        lua_pop(L, 1);
        lua_newtable(L); /* pinned list */
        lua_pushvalue(L, SELF);
        lua_pushvalue(L, -2);
        lua_rawset(L, -4);
    }
    lua_pushvalue(L, DATA);
    lua_pushboolean(L, 1);
    lua_rawset(L, -3);
    lua_pop(L, 2);
}

static void unpin(lua_State *L)
{
    push_pinned(L);
    lua_pushvalue(L, SELF);
    lua_pushnil(L);
    lua_rawset(L, -3);
    lua_pop(L, 1);
}

void ltw_lentforever(lua_State *L)
{
    push_pinned(L);
    lua_pushvalue(L, SELF);
    lua_rawget(L, -2);
    luaL_ref(L, -2);
    lua_pop(L, 1);
}

/* One attempt to send some more. */
static ssize_t send_some(struct tw_runtime *rt, struct ltw_socket *s,
                         const void *data, size_t len, int flags)
{
    int rc = ltw_attempt(rt, s, TW_WRITE, flags & ~MSG_ZEROCOPY);
    if (rc < 0)
        return rc;
    /* Others that hold the connection might be told in our place. */
    bool asked = flags & MSG_ZEROCOPY && len >= LEAST;
    bool lends = asked && !s->copied && !s->shared && !forked(rt);
    int on = lends ? tw_zerocopy_enabled(&s->sock) : 0;
    int more = MSG_DONTWAIT | (on > 0 ? MSG_ZEROCOPY : 0);
    flags &= ~MSG_ZEROCOPY;
    ssize_t n = tw_sock_send(&s->sock, data, len, flags | more);
    if (n == -ENOBUFS && on > 0) /* so much memory may be lent, not more */
        n = tw_sock_send(&s->sock, data, len, flags | MSG_DONTWAIT);
    else if (n > 0 && on > 0)
        s->unreleased++;
    if (n == TW_WANT_WRITE)
        tw_watch_blocked(&s->watch, TW_WRITE);
    return n;
}

/* One attempt to get back what was lent: 0, TW_WANT_WRITE or _TIME, or an
   error. */
static int take_back(struct tw_runtime *rt, struct ltw_socket *s)
{
    int rc = s->unreleased > 0 ? ltw_reap(rt, s) : 0;
    if (rc < 0 || s->unreleased == 0)
        return rc;
    tw_watch_blocked(&s->watch, TW_WRITE);
    /* The queue is an event of either direction. But a socket that is writable
       all the time must not be polled for that. */
    return tw_loop_edge(rt->loop) ? TW_WANT_WRITE : TW_WANT_TIME;
}

static int sendall_k(lua_State *L, struct tw_wait *wait)
{
    size_t len;
    struct ltw_socket *s = lua_touserdata(L, SELF);
    const char *data = ltw_slice(L, DATA, RANGE, &len);
    size_t sent = (size_t)lua_tointeger(L, SENT);
    int flags = (int)lua_tointeger(L, FLAGS);
    if (flags & MSG_ZEROCOPY) /* others that send may have unpinned it */
        pin(L);
    ssize_t n = ltw_obstacle(s, wait);
    while (n >= 0 && sent < len)
    {
        n = send_some(wait->rt, s, data + sent, len - sent, flags);
        sent += n > 0 ? (size_t)n : 0;
    }
    if (n >= 0 && flags & MSG_ZEROCOPY)
        n = take_back(wait->rt, s);
    lua_settop(L, SENT - 1);
    lua_pushinteger(L, (lua_Integer)sent);
    if (n < 0 && ltw_waits(s, wait, n, flags & ~MSG_ZEROCOPY))
        return TW_TASK_WAIT;
    if (s->unreleased == 0)
        unpin(L);
    int results = n < 0 ? ltw_sockfail(L, s, (int)n, "sendall") : 0;
    lua_pushvalue(L, SENT);
    return results + 1;
}

int ltw_sendall_lent(lua_State *L)
{
    struct ltw_socket *s = lua_touserdata(L, SELF);
    lua_settop(L, SENT - 1);
    if (s->unreleased > 0)
        ltw_reap(&ltw_state(L)->rt, s);
    if (s->unreleased > 0) /* what is kept must not grow without end: copy */
    {
        lua_pushinteger(L, lua_tointeger(L, FLAGS) & ~MSG_ZEROCOPY);
        lua_replace(L, FLAGS);
    }
    lua_pushinteger(L, 0);
    return tw_task_run(L, &ltw_state(L)->rt, sendall_k);
}
