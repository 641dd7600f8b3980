/*
 * Receiving with MSG_WAITALL. The kernel would wait for all of it only in
 * blocking mode; here tasks wait too, and the timeout covers the whole. What
 * has come is kept in a block that grows with it, not with what was asked for.
 */
#include "bind/address.h"
#include "bind/module.h"
#include "bind/socket.h"

#include <string.h>

enum
{
    FIRST_BLOCK = 1 << 16
};

bool ltw_wants_whole(const struct ltw_socket *s, int flags)
{
    const int partial =
        MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT | MSG_OOB | MSG_ERRQUEUE;
    return flags & MSG_WAITALL && !(flags & partial) &&
           s->sock.type == SOCK_STREAM;
}

/* What is being received; `got` is also on the stack, at `slot`. */
struct whole
{
    struct ltw_socket *s;
    const char *op;
    int slot, flags;
    size_t len, got;
    bool from;
    struct tw_dgram piece;
};

/* One attempt; counts what it brings. */
static ssize_t take(struct tw_runtime *rt, struct whole *w, char *to, size_t n)
{
    w->piece.data = to;
    w->piece.len = n;
    ssize_t rc = w->from ? ltw_tryrecvfrom(rt, w->s, &w->piece, w->flags)
                         : ltw_tryrecv(rt, w->s, to, n, w->flags);
    w->got += rc > 0 ? (size_t)rc : 0;
    return rc;
}

/* After the last attempt: TW_TASK_WAIT; 0 if what has come is the result; or
   how many values say why it is not. */
static int settle(lua_State *L, struct tw_wait *wait, struct whole *w,
                  ssize_t rc)
{
    if (rc >= 0)
        return 0;
    if (ltw_waits(w->s, wait, rc, 0))
    {
        lua_pushinteger(L, (lua_Integer)w->got);
        lua_replace(L, w->slot);
        return TW_TASK_WAIT;
    }
    bool at_end = rc == TW_EOF || tw_err_want(rc);
    return w->got > 0 && at_end ? 0 : ltw_sockfail(L, w->s, (int)rc, w->op);
}

/* -- as a string --------------------------------------------------------- */

enum
{
    SIZE = 2,
    FLAGS = 3,
    BLOCK = 4,
    GOT = 5
};

size_t ltw_more_room(lua_State *L, int slot, size_t got, size_t len)
{
    size_t size = lua_isnil(L, slot) ? 0 : lua_rawlen(L, slot);
    if (got < size)
        return size - got;
    size = size ? 2 * size : FIRST_BLOCK;
    size = size < len ? size : len;
    char *block = lua_newuserdatauv(L, size, 0);
    if (got)
        memcpy(block, lua_touserdata(L, slot), got);
    lua_replace(L, slot);
    return size - got;
}

static int string_step(lua_State *L, struct tw_wait *wait, bool from)
{
    struct whole w = {.s = lua_touserdata(L, 1),
                      .op = from ? "recvfrom" : "recv",
                      .from = from,
                      .slot = GOT,
                      .flags = (int)lua_tointeger(L, FLAGS) & ~MSG_WAITALL,
                      .len = (size_t)lua_tointeger(L, SIZE),
                      .got = (size_t)lua_tointeger(L, GOT)};
    ssize_t rc = ltw_obstacle(w.s, wait);
    while (rc >= 0 && w.got < w.len)
    {
        size_t room = ltw_more_room(L, BLOCK, w.got, w.len);
        rc = take(wait->rt, &w, (char *)lua_touserdata(L, BLOCK) + w.got, room);
    }
    int failed = settle(L, wait, &w, rc);
    if (failed == TW_TASK_WAIT || (failed && !w.got))
        return failed;
    lua_pushlstring(L, lua_touserdata(L, BLOCK), w.got);
    if (failed || !from)
        return failed + 1;
    ltw_pushaddr(L, &w.piece.addr);
    return 2;
}

static int recv_whole_k(lua_State *L, struct tw_wait *wait)
{
    return string_step(L, wait, false);
}

static int recvfrom_whole_k(lua_State *L, struct tw_wait *wait)
{
    return string_step(L, wait, true);
}

int ltw_recv_whole(lua_State *L, bool from)
{
    lua_settop(L, FLAGS);
    lua_pushnil(L);
    lua_pushinteger(L, 0);
    return tw_task_run(L, &ltw_state(L)->rt,
                       from ? recvfrom_whole_k : recv_whole_k);
}

/* -- into a buffer ------------------------------------------------------- */

/* Stack: self, buffer, size, flags, at, how much has come. */
static int buffer_step(lua_State *L, struct tw_wait *wait, bool from)
{
    struct whole w = {.s = lua_touserdata(L, 1),
                      .op = from ? "recvfrom_into" : "recv_into",
                      .from = from,
                      .slot = 6,
                      .flags = (int)lua_tointeger(L, 4) & ~MSG_WAITALL,
                      .got = (size_t)lua_tointeger(L, 6)};
    char *data = ltw_target(L, &w.len);
    ssize_t rc = ltw_obstacle(w.s, wait);
    while (rc >= 0 && w.got < w.len)
        rc = take(wait->rt, &w, data + w.got, w.len - w.got);
    int failed = settle(L, wait, &w, rc);
    if (failed == TW_TASK_WAIT || (failed && !w.got))
        return failed;
    lua_pushinteger(L, (lua_Integer)w.got);
    if (failed || !from)
        return failed + 1;
    ltw_pushaddr(L, &w.piece.addr);
    return 2;
}

static int recv_into_whole_k(lua_State *L, struct tw_wait *wait)
{
    return buffer_step(L, wait, false);
}

static int recvfrom_into_whole_k(lua_State *L, struct tw_wait *wait)
{
    return buffer_step(L, wait, true);
}

int ltw_recv_into_whole(lua_State *L, bool from)
{
    lua_pushinteger(L, 0);
    return tw_task_run(L, &ltw_state(L)->rt,
                       from ? recvfrom_into_whole_k : recv_into_whole_k);
}
