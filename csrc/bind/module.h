/* What the binding files offer to module.c, which puts it together. */
#ifndef TW_BIND_MODULE_H
#define TW_BIND_MODULE_H

#include <lauxlib.h>
#include <lua.h>

/* The module functions and methods, one list per file. */
extern const luaL_Reg ltw_socket_functions[], ltw_address_functions[],
    ltw_buffer_functions[], ltw_lookup_functions[], ltw_convert_functions[],
    ltw_stream_functions[], ltw_fd_functions[], ltw_sendmsg_functions[],
    ltw_recvmsg_functions[], ltw_names_functions[], ltw_pump_functions[],
    ltw_batch_functions[];
extern const luaL_Reg ltw_socket_io[], ltw_socket_options[], ltw_socket_fd[],
    ltw_socket_mcast[], ltw_socket_file[], ltw_socket_sendmsg[],
    ltw_socket_recvmsg[], ltw_socket_batch[];

/* Each makes its type's metatable. */
void ltw_open_socket(lua_State *L);
void ltw_open_address(lua_State *L);
void ltw_open_buffer(lua_State *L);
void ltw_open_batch(lua_State *L);
void ltw_open_stream(lua_State *L);
void ltw_open_lookup(lua_State *L);
void ltw_open_pump(lua_State *L);

/* Gives the module on top its constants, the errno table and the tables that
   name numbers; the constants through its metatable, see constants.c. */
void ltw_constants(lua_State *L);

/* Ditto, of tidewire.task. */
extern const luaL_Reg ltw_task_functions[], ltw_scope_functions[],
    ltw_sync_functions[], ltw_channel_functions[], ltw_select_functions[],
    ltw_signal_functions[];

void ltw_open_task(lua_State *L);
void ltw_open_scope(lua_State *L);
void ltw_open_sync(lua_State *L);
void ltw_open_channel(lua_State *L);
void ltw_open_signal(lua_State *L);

/* Publishes what other modules may use, see task/api.h; the state is on top of
   the stack. */
void ltw_publish(lua_State *L);

#endif
