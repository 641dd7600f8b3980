/*
 * The Lua type "channel": values from task to task, first in, first out.
 *
 * Whoever is woken has something promised that nobody else may take meanwhile:
 * a receiver a value, a sender a place. So the order is kept, no wake-up is
 * lost, and none is for nothing. Only a channel without a buffer has no place
 * to promise: there a receiver that begins to wait calls the first sender, who
 * finds it waiting.
 */
#include "bind/module.h"
#include "bind/task.h"

/* What those who wait are woken with. */
enum
{
    PROMISED = 1, /* a value, or a place */
    CALLED = 2    /* a sender: somebody waits for values */
};

static struct ltw_channel *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_CHANNEL);
}

/* channel([n = 0]): a channel that holds n values; 0: a sender waits until his
   value is taken. */
static int task_channel(lua_State *L)
{
    lua_Integer n =
        lua_isnoneornil(L, 1) ? 0 : ltw_integer(L, 1, "n", 0, 1 << 30);
    struct ltw_channel *ch = ltw_new(L, LTW_CHANNEL, sizeof *ch, 1);
    ch->capacity = n;
    tw_queue_init(&ch->receivers);
    tw_queue_init(&ch->senders);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 1);
    return 1;
}

/* -- the ring: a power of two of places in the user value ---------------- */

static lua_Integer place(const struct ltw_channel *ch, size_t i)
{
    return (lua_Integer)((ch->head + i) & (ch->size - 1)) + 1;
}

/* Makes room in the ring on top of the stack. */
static void grow(lua_State *L, struct ltw_channel *ch)
{
    size_t size = ch->size ? 2 * ch->size : 4;
    /* May raise: the old ring is whole as long as its size says so. */
    for (size_t i = 0; i < size; i++)
    {
        if (i >= ch->size && i - ch->size < ch->head)
            lua_rawgeti(L, -1, (lua_Integer)(i - ch->size) + 1);
        else if (i >= ch->size)
            lua_pushboolean(L, 0);
        else
            continue;
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    ch->size = size;
}

/* Pushes the ring, with a place for one more than all that are expected: they
   have theirs, and cannot fail for want of memory. */
static void push_ring(lua_State *L, int idx, struct ltw_channel *ch)
{
    lua_getiuservalue(L, idx, 1);
    if (ch->count + ch->expected >= ch->size)
        grow(L, ch);
}

/* Adds the value at `value` to the channel at slot 1. */
static void put(lua_State *L, struct ltw_channel *ch, int value)
{
    push_ring(L, 1, ch);
    lua_pushvalue(L, value);
    lua_rawseti(L, -2, place(ch, ch->count));
    lua_pop(L, 1);
    ch->count++;
    if (tw_queue_wake(&ch->receivers, PROMISED))
        ch->promised++;
}

/* True if there is a place in the buffer that nobody has been promised. */
static bool has_place(const struct ltw_channel *ch)
{
    size_t taken = ch->count - ch->promised + ch->expected;
    return taken < (size_t)ch->capacity;
}

void ltw_channel_take(lua_State *L, int idx, struct ltw_channel *ch)
{
    lua_getiuservalue(L, idx, 1);
    lua_rawgeti(L, -1, place(ch, 0));
    lua_pushboolean(L, 0);
    lua_rawseti(L, -3, place(ch, 0)); /* keeps nothing alive */
    lua_remove(L, -2);
    ch->head = (ch->head + 1) & (ch->size - 1);
    ch->count--;
    if (ch->capacity > 0 && has_place(ch) &&
        tw_queue_wake(&ch->senders, PROMISED))
        ch->expected++;
}

bool ltw_channel_invite(lua_State *L, int idx, struct ltw_channel *ch)
{
    if (ch->capacity > 0 || tw_queue_empty(&ch->senders))
        return false;
    push_ring(L, idx, ch);
    lua_pop(L, 1);
    ch->expected++;
    return tw_queue_wake(&ch->senders, CALLED);
}

/* -- sending ------------------------------------------------------------- */

/* True if more than n wait. */
static bool outnumber(const struct tw_queue *queue, size_t n)
{
    const struct tw_node *node = queue->ends.next;
    for (; n > 0 && node != &queue->ends; n--)
        node = node->next;
    return node != &queue->ends;
}

/* Stack: channel, value, timeout in ns. */
static int channel_send_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_channel *ch = lua_touserdata(L, 1);
    int64_t timeout = (int64_t)lua_tointeger(L, 3);
    bool promised = wait->status == PROMISED;
    bool first = wait->status > 0 || tw_queue_empty(&ch->senders);
    ch->expected -= wait->status > 0;
    if (wait->status < 0)
        return ltw_fail(L, wait->status, "send");
    if (ch->closed && !promised)
        return ltw_fail(L, TW_ECLOSED, "send");
    bool wanted = has_place(ch) || outnumber(&ch->receivers, ch->expected);
    bool room = promised || (first && wanted);
    if (!room && timeout == 0)
        return ltw_fail(L, TW_ETIMEDOUT, "send");
    if (!room)
        return ltw_wait_queue(wait, &ch->senders, timeout);
    put(L, ch, 2);
    return ltw_result(L, 0, "send");
}

/*
 * ch:send(value [, timeout]): true once there was room, or a receiver; or nil,
 * message, code ("closed", "timeout"). Any value but nil can be sent.
 */
static int channel_send(lua_State *L)
{
    self(L);
    luaL_argcheck(L, !lua_isnoneornil(L, 2), 2, "value: nil cannot be sent");
    ltw_timeout(L, 3, "timeout");
    return tw_task_run(L, &ltw_state(L)->rt, channel_send_k);
}

/* -- receiving ----------------------------------------------------------- */

/* Stack: channel, timeout in ns. */
static int channel_receive_k(lua_State *L, struct tw_wait *wait)
{
    struct ltw_channel *ch = lua_touserdata(L, 1);
    int64_t timeout = (int64_t)lua_tointeger(L, 2);
    bool promised = wait->status == PROMISED;
    ch->promised -= promised;
    if (promised || (wait->status >= 0 && ltw_channel_ready(ch)))
    {
        ltw_channel_take(L, 1, ch);
        return 1;
    }
    if (wait->status < 0 || ch->closed)
        return ltw_fail(L, wait->status < 0 ? wait->status : TW_ECLOSED,
                        "receive");
    if (ltw_channel_invite(L, 1, ch) && timeout < LTW_CALLED_NS)
        timeout = LTW_CALLED_NS;
    if (timeout == 0)
        return ltw_fail(L, TW_ETIMEDOUT, "receive");
    return ltw_wait_queue(wait, &ch->receivers, timeout);
}

/* ch:receive([timeout]): the next value; or nil, message, code ("closed" when
   it is closed and empty, "timeout"). */
static int channel_receive(lua_State *L)
{
    self(L);
    ltw_timeout(L, 2, "timeout");
    return tw_task_run(L, &ltw_state(L)->rt, channel_receive_k);
}

static int channel_call_k(lua_State *L, struct tw_wait *wait)
{
    int results = channel_receive_k(L, wait);
    if (results > 1)
        lua_pop(L, results - 1);
    return results > 1 ? 1 : results;
}

/* `for value in ch do`: until the channel is closed and empty. */
static int channel_call(lua_State *L)
{
    self(L);
    lua_settop(L, 1);
    lua_pushinteger(L, TW_FOREVER);
    return tw_task_run(L, &ltw_state(L)->rt, channel_call_k);
}

/* -- the rest ------------------------------------------------------------ */

/* ch:close(): nothing more can be sent; what it holds can still be received.
   Closing twice is harmless. */
static int channel_close(lua_State *L)
{
    struct ltw_channel *ch = self(L);
    ch->closed = true;
    tw_queue_wake_all(&ch->senders, TW_ECLOSED);
    tw_queue_wake_all(&ch->receivers, TW_ECLOSED);
    return 0;
}

/* #ch: how many values it holds. */
static int channel_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)self(L)->count);
    return 1;
}

static int channel_tostring(lua_State *L)
{
    const struct ltw_channel *ch = self(L);
    lua_pushfstring(L, "channel (%d of %I%s)", (int)ch->count, ch->capacity,
                    ch->closed ? ", closed" : "");
    return 1;
}

void ltw_open_channel(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__call", channel_call},
                                    {"__close", channel_close},
                                    {"__len", channel_len},
                                    {"__tostring", channel_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {{"send", channel_send},
                                       {"receive", channel_receive},
                                       {"close", channel_close},
                                       {NULL, NULL}};
    ltw_newtype(L, LTW_CHANNEL, meta, methods);
}

const luaL_Reg ltw_channel_functions[] = {{"channel", task_channel},
                                          {NULL, NULL}};
