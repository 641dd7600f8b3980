/*
 * The Lua type "batch": many datagrams at a time in memory that is used again
 * and again. Nothing becomes a Lua value unless it is asked for.
 */
#include "core/batch.h"

#include "bind/address.h"
#include "bind/module.h"
#include "bind/socket.h"

#include <limits.h>
#include <stdalign.h>

/* Far more than a socket's queue holds. */
enum
{
    BATCH_BYTES_MAX = 1 << 28
};

static struct tw_batch *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_BATCH);
}

/* -- making -------------------------------------------------------------- */

static struct tw_batch *new_batch(lua_State *L, unsigned capacity, size_t size)
{
    const size_t head = (sizeof(struct tw_batch) + alignof(max_align_t) - 1) /
                        alignof(max_align_t) * alignof(max_align_t);
    char *block =
        ltw_new(L, LTW_BATCH, head + tw_batch_bytes(capacity, size), 0);
    struct tw_batch *b = (void *)block;
    tw_batch_init(b, block + head, capacity, size);
    return b;
}

/* Raises if the argument at `idx` asks for too much. */
static void check_bytes(lua_State *L, int idx, const char *name,
                        lua_Integer capacity, size_t size)
{
    if (capacity > 0 && size > BATCH_BYTES_MAX / (size_t)capacity)
        ltw_argerror(L, idx, name, "the batch would be larger than 256 MiB");
}

/* The receiver that the address object or nil at `idx` is. */
static struct tw_addr address_arg(lua_State *L, int idx)
{
    struct tw_addr addr = {.len = 0};
    if (!lua_isnoneornil(L, idx) && !ltw_getaddr(L, idx, &addr))
        ltw_typeerror(L, idx, "address", "address object");
    return addr;
}

/* Sets slot i from data at `idx`, and the address that follows it, once all is
   known to be right; `arg` is to blame for what is too long. */
static void set_slot(lua_State *L, struct tw_batch *b, unsigned i, int idx,
                     int arg)
{
    size_t len;
    const char *data = ltw_bytes(L, idx, "data", &len);
    if (len > b->size)
        luaL_argerror(L, arg,
                      lua_pushfstring(L, "data: %I bytes, a slot has %I",
                                      (lua_Integer)len, (lua_Integer)b->size));
    b->addrs[i] = address_arg(L, idx + 1);
    tw_batch_put(b, i, data, len);
}

/* Raises: the value at `at` is not what was expected in the i-th entry. */
static int wrong_entry(lua_State *L, int idx, lua_Integer i, int at,
                       const char *expected)
{
    return luaL_argerror(L, idx,
                         lua_pushfstring(L, "list[%I]: %s expected, got %s", i,
                                         expected, luaL_typename(L, at)));
}

/* Pushes the data and the address of the i-th entry of the list at `idx`. */
static void push_entry(lua_State *L, int idx, lua_Integer i, int address)
{
    if (lua_geti(L, idx, i) != LUA_TTABLE)
    {
        lua_pushvalue(L, address);
    }
    else
    {
        lua_geti(L, -1, 1);
        lua_geti(L, -2, 2);
        lua_remove(L, -3);
    }
    if (lua_type(L, -2) != LUA_TSTRING && !ltw_test(L, -2, LTW_BUFFER))
        wrong_entry(L, idx, i, -2, "data: string or buffer");
    if (!lua_isnil(L, -1) && !ltw_test(L, -1, LTW_ADDRESS))
        wrong_entry(L, idx, i, -1, "address: address object");
}

/* Pushes a batch of what is in the list at `idx`; `address` is where the
   receiver of entries that name none is. */
static void push_list(lua_State *L, int idx, int address)
{
    lua_Integer n = luaL_len(L, idx);
    size_t len, longest = 0;
    address_arg(L, address);
    if (n < 0 || n > TW_BATCH_MAX)
        ltw_argerror(L, idx, "list", "must have 0 to 1024 entries");
    for (lua_Integer i = 1; i <= n; i++)
    {
        push_entry(L, idx, i, address);
        ltw_bytes(L, -2, "data", &len);
        longest = len > longest ? len : longest;
        lua_pop(L, 2);
    }
    check_bytes(L, idx, "list", n, longest);
    struct tw_batch *b = new_batch(L, (unsigned)n, longest);
    for (unsigned i = 0; i < b->capacity; i++)
    {
        push_entry(L, idx, (lua_Integer)i + 1, address);
        set_slot(L, b, i, lua_gettop(L) - 1, idx);
        lua_pop(L, 2);
    }
    b->count = b->capacity;
}

/*
 * batch(capacity, size): room for so many datagrams (1024 at most) of so many
 * bytes each. batch(list [, address]): holds what is in a list of strings,
 * buffers or {data, address}; `address` (an address object) is for those that
 * name none.
 */
static int net_batch(lua_State *L)
{
    if (lua_istable(L, 1))
    {
        lua_settop(L, 2);
        push_list(L, 1, 2);
        return 1;
    }
    unsigned capacity =
        (unsigned)ltw_integer(L, 1, "capacity", 1, TW_BATCH_MAX);
    size_t size = (size_t)ltw_integer(L, 2, "size", 0, TW_BATCH_SIZE_MAX);
    check_bytes(L, 2, "size", capacity, size);
    new_batch(L, capacity, size);
    return 1;
}

/* -- what is in it ------------------------------------------------------- */

/* The slot that the argument at `idx` names, counted from 0. */
static unsigned slot(lua_State *L, const struct tw_batch *b, int idx)
{
    return (unsigned)ltw_integer(L, idx, "i", 1, b->count) - 1;
}

/* b:get(i): the data, and the sender's or receiver's address or nil. */
static int batch_get(lua_State *L)
{
    size_t len;
    const struct tw_batch *b = self(L);
    unsigned i = slot(L, b, 2);
    const char *data = tw_batch_data(b, i, &len);
    lua_pushlstring(L, data, len);
    ltw_pushaddr(L, &b->addrs[i]);
    return 2;
}

/* b:address(i): of the sender or for the receiver; nil if there is none. */
static int batch_address(lua_State *L)
{
    const struct tw_batch *b = self(L);
    ltw_pushaddr(L, &b->addrs[slot(L, b, 2)]);
    return 1;
}

/* b:truncated(i): true if the datagram was longer than the slot. */
static int batch_truncated(lua_State *L)
{
    const struct tw_batch *b = self(L);
    lua_pushboolean(L, tw_batch_truncated(b, slot(L, b, 2)));
    return 1;
}

/* b:segment(i): the length of the datagrams that the kernel has joined in this
   slot (option "udp_gro"), the last of which may be shorter; or nil. */
static int batch_segment(lua_State *L)
{
    const struct tw_batch *b = self(L);
    size_t segment = tw_batch_segment(b, slot(L, b, 2));
    if (segment)
        lua_pushinteger(L, (lua_Integer)segment);
    else
        luaL_pushfail(L);
    return 1;
}

/* b:set(i, data [, address]): puts something else into a slot in use; b. */
static int batch_set(lua_State *L)
{
    struct tw_batch *b = self(L);
    unsigned i = slot(L, b, 2);
    lua_settop(L, 4);
    set_slot(L, b, i, 3, 3);
    lua_settop(L, 1);
    return 1;
}

/* b:add(data [, address]): takes another slot into use; b. Raises if there is
   none. */
static int batch_add(lua_State *L)
{
    struct tw_batch *b = self(L);
    lua_settop(L, 3);
    if (b->count == b->capacity)
        luaL_argerror(L, 1, "the batch is full");
    set_slot(L, b, b->count, 2, 2);
    b->count++;
    lua_settop(L, 1);
    return 1;
}

/* b:clear(): b, empty. */
static int batch_clear(lua_State *L)
{
    self(L)->count = 0;
    lua_settop(L, 1);
    return 1;
}

/* b:capacity(): how many slots there are, and of how many bytes. */
static int batch_capacity(lua_State *L)
{
    const struct tw_batch *b = self(L);
    lua_pushinteger(L, b->capacity);
    lua_pushinteger(L, (lua_Integer)b->size);
    return 2;
}

/* Where b:each() is: its upvalues, after the state. */
enum
{
    EACH_BATCH = 2,
    EACH_SLOT,
    EACH_AT
};

static void set_upvalue(lua_State *L, int which, lua_Integer n)
{
    lua_pushinteger(L, n);
    lua_replace(L, lua_upvalueindex(which));
}

static int each_next(lua_State *L)
{
    size_t len;
    const struct tw_batch *b = lua_touserdata(L, lua_upvalueindex(EACH_BATCH));
    lua_Integer i = lua_tointeger(L, lua_upvalueindex(EACH_SLOT));
    size_t at = (size_t)lua_tointeger(L, lua_upvalueindex(EACH_AT));
    if (i >= b->count)
        return 0;
    const char *data = tw_batch_data(b, (unsigned)i, &len);
    size_t segment = tw_batch_segment(b, (unsigned)i);
    size_t left = len > at ? len - at : 0;
    bool last = segment == 0 || left <= segment;
    lua_pushlstring(L, data + (left ? at : 0), last ? left : segment);
    ltw_pushaddr(L, &b->addrs[i]);
    set_upvalue(L, EACH_SLOT, last ? i + 1 : i);
    set_upvalue(L, EACH_AT, last ? 0 : (lua_Integer)(at + segment));
    return 2;
}

/* for data, address in b:each() do: every datagram, also those that the kernel
   has joined. */
static int batch_each(lua_State *L)
{
    self(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushinteger(L, 0);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, each_next, 4);
    return 1;
}

static int batch_len(lua_State *L)
{
    lua_pushinteger(L, self(L)->count);
    return 1;
}

static int batch_tostring(lua_State *L)
{
    const struct tw_batch *b = self(L);
    lua_pushfstring(L, "batch (%d of %d datagrams)", (int)b->count,
                    (int)b->capacity);
    return 1;
}

/* -- receiving and sending ----------------------------------------------- */

/* A stream has no datagrams. */
static void check_datagrams(lua_State *L, const struct ltw_socket *s)
{
    if (s->sock.type == SOCK_STREAM && !s->closed)
        luaL_argerror(L, 1, "must not be of type SOCK_STREAM");
}

static int recvmany_once(lua_State *L, struct tw_wait *wait,
                         struct ltw_socket *s, struct tw_batch *b, int flags)
{
    int n = ltw_obstacle(s, wait);
    if (n >= 0)
        n = ltw_tryrecvmany(wait->rt, s, b, flags);
    if (n < 0)
        return ltw_unfinished(L, wait, n, flags, "recvmany");
    lua_pushinteger(L, n);
    return 1;
}

/* Stack: self, batch, flags. */
static int sock_recvmany_k(lua_State *L, struct tw_wait *wait)
{
    return recvmany_once(L, wait, lua_touserdata(L, 1), lua_touserdata(L, 2),
                         (int)lua_tointeger(L, 3));
}

/*
 * s:recvmany(batch [, flags]): waits for a datagram and takes as many as are
 * there and the batch has room for, in one call of the kernel's: how many,
 * which is then also #batch; or nil, message, code.
 */
static int sock_recvmany(lua_State *L)
{
    struct tw_wait wait;
    struct ltw_socket *s = ltw_begin(L, &wait);
    struct tw_batch *b = ltw_check(L, 2, LTW_BATCH);
    int flags = ltw_optint(L, 3, "flags", 0);
    check_datagrams(L, s);
    if (b->capacity == 0)
        ltw_argerror(L, 2, "batch", "has no slots");
    int results = recvmany_once(L, &wait, s, b, flags);
    if (results != TW_TASK_WAIT)
        return tw_task_done(L, wait.rt, results);
    lua_settop(L, 3);
    return tw_task_go_on(L, &wait, sock_recvmany_k);
}

/* What sendmany has before it: slots from `at` to before `end`. */
enum
{
    AT = 3,
    END = 4,
    FLAGS = 5,
    SENT = 6
};

static int sendmany_once(lua_State *L, struct tw_wait *wait)
{
    struct ltw_socket *s = lua_touserdata(L, 1);
    struct tw_batch *b = lua_touserdata(L, 2);
    unsigned at = (unsigned)lua_tointeger(L, AT);
    unsigned end = (unsigned)lua_tointeger(L, END), from = at;
    int flags = (int)lua_tointeger(L, FLAGS);
    int n = ltw_obstacle(s, wait);
    /* Somebody else may have received fewer into it meanwhile. */
    end = end < b->count ? end : b->count;
    while (n >= 0 && at < end)
    {
        n = ltw_trysendmany(wait->rt, s, &(struct ltw_slots){b, at, end - at},
                            flags);
        at += n > 0 ? (unsigned)n : 0;
    }
    lua_settop(L, SENT);
    lua_pushinteger(L, lua_tointeger(L, SENT) + (at - from));
    if (n >= 0)
        return 1;
    lua_copy(L, -1, SENT);
    lua_settop(L, SENT);
    lua_pushinteger(L, at);
    lua_replace(L, AT);
    int results = ltw_unfinished(L, wait, n, flags, "sendmany");
    if (results == TW_TASK_WAIT)
        return results;
    lua_pushvalue(L, SENT);
    return results + 1;
}

/* Makes the arguments self, batch, at, end, flags, sent. */
static void sendmany_arguments(lua_State *L)
{
    lua_Integer first = 1, last = LUA_MAXINTEGER;
    lua_settop(L, 5);
    bool list = lua_istable(L, 2);
    int flags = ltw_optint(L, list ? 4 : 5, "flags", 0);
    if (list)
    {
        push_list(L, 2, 3);
        lua_replace(L, 2);
    }
    const struct tw_batch *b = ltw_check(L, 2, LTW_BATCH);
    if (!list && !lua_isnil(L, 3))
        first = ltw_integer(L, 3, "first", 1, (lua_Integer)b->count + 1);
    if (!list && !lua_isnil(L, 4))
        last = ltw_integer(L, 4, "last", 0, b->count);
    lua_settop(L, 2);
    lua_pushinteger(L, first - 1);
    lua_pushinteger(L, last < b->count ? last : b->count);
    lua_pushinteger(L, flags);
    lua_pushinteger(L, 0);
}

/*
 * s:sendmany(batch [, first [, last [, flags]]]): sends the datagrams in those
 * slots, each to its address (to the peer if it has none), as a received batch
 * goes back to where it came from. s:sendmany(list [, address [, flags]]) sends
 * a list as batch(list, address) would hold it. Waits until all are sent: how
 * many; or nil, message, code and how many were sent before the failure.
 */
static int sock_sendmany(lua_State *L)
{
    struct tw_wait wait;
    const struct ltw_socket *s = ltw_begin(L, &wait);
    sendmany_arguments(L);
    check_datagrams(L, s);
    int results = sendmany_once(L, &wait);
    return results == TW_TASK_WAIT ? tw_task_go_on(L, &wait, sendmany_once)
                                   : tw_task_done(L, wait.rt, results);
}

void ltw_open_batch(lua_State *L)
{
    static const luaL_Reg meta[] = {
        {"__len", batch_len}, {"__tostring", batch_tostring}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"add", batch_add},
                                       {"address", batch_address},
                                       {"capacity", batch_capacity},
                                       {"clear", batch_clear},
                                       {"each", batch_each},
                                       {"get", batch_get},
                                       {"segment", batch_segment},
                                       {"set", batch_set},
                                       {"truncated", batch_truncated},
                                       {NULL, NULL}};
    ltw_newtype(L, LTW_BATCH, meta, methods);
}

const luaL_Reg ltw_batch_functions[] = {{"batch", net_batch}, {NULL, NULL}};
const luaL_Reg ltw_socket_batch[] = {
    {"recvmany", sock_recvmany}, {"sendmany", sock_sendmany}, {NULL, NULL}};
