/*
 * The Lua type "wire": WebSocket frames to and from a stream. What messages
 * mean, and when a connection ends, is lua/tidewire/websocket's business.
 */
#ifndef TW_MOD_WS_WIRE_H
#define TW_MOD_WS_WIRE_H

#include "mod/ws/module.h"
#include "task/api.h"

struct tw_ws_wire
{
    struct tw_ws_reader reader;
    struct tw_stream *st;     /* the first user value */
    const struct tw_api *api; /* also of what it is called from */
    uint64_t queued;          /* bytes, those that were sent at once included */
    bool client;
    bool held;   /* a task is sending what is queued: more must join it */
    bool busy;   /* between the fragments of a message, or not open */
    bool heard;  /* something has come while receive waited last */
    bool pinged; /* by a ping that has yet to be answered: */
    uint8_t ping_len;
    char ping[TW_WS_CONTROL];
};

/* The wire at slot 1. */
struct tw_ws_wire *tw_ws_self(lua_State *L);

/* That at `idx`, or NULL. */
struct tw_ws_wire *tw_ws_to_wire(lua_State *L, int idx);

/* What the functions have as upvalues: core's state, which begins with the
   runtime; what all wires share, and raises once that is closed; and the
   metatable of wires. */
static inline struct tw_runtime *tw_ws_runtime(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

struct tw_ws *tw_ws_shared(lua_State *L);

/* Sends what of a frame goes without waiting, and queues the rest: how many
   bytes wait to be sent then. Raises if there is no memory. */
size_t tw_ws_put(lua_State *L, struct tw_ws_wire *w,
                 const struct tw_ws_frame *frame);

extern const luaL_Reg tw_ws_input_methods[], tw_ws_output_methods[];

#endif
