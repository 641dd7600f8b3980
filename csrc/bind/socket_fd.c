/* Sockets in Lua: what is done with descriptors by number, or to them. */
#include "bind/module.h"
#include "bind/socket.h"

/* s:get_inheritable(): whether programs that this process starts get the
   descriptor too, as the system has it now; or nil, message, code. */
static int sock_get_inheritable(lua_State *L)
{
    const struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    int rc = s->closed ? TW_ECLOSED : tw_sock_get_inheritable(&s->sock);
    if (rc < 0)
        return ltw_fail(L, rc, "get_inheritable");
    lua_pushboolean(L, rc);
    return 1;
}

/* s:set_inheritable(flag): true; or nil, message, code. The number 0 counts as
   false. */
static int sock_set_inheritable(lua_State *L)
{
    struct ltw_socket *s = ltw_check(L, 1, LTW_SOCKET);
    luaL_checkany(L, 2);
    bool on = ltw_truth(L, 2);
    int rc = s->closed ? TW_ECLOSED : tw_sock_set_inheritable(&s->sock, on);
    return ltw_result(L, rc, "set_inheritable");
}

/*
 * close(fd): closes a descriptor given by its number, whoever has it. A socket
 * that has it is of no more use: who waits for it is woken with "closed", and
 * its own close says "EBADF". Results: true; or nil, message, code.
 */
static int net_close(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    int fd = ltw_int(L, 1, "fd");
    if (fd < 0)
        return ltw_fail(L, -EBADF, "close");
    tw_loop_forget_fd(rt->loop, fd);
    return ltw_result(L, rt->net->close(rt->net, fd), "close");
}

/* dup(fd): the number of a duplicate of a descriptor, which programs that this
   process starts do not get; or nil, message, code. */
static int net_dup(lua_State *L)
{
    const struct tw_net *net = ltw_runtime(L)->net;
    int copy = net->dup(net, ltw_int(L, 1, "fd"));
    if (copy < 0)
        return ltw_fail(L, copy, "dup");
    lua_pushinteger(L, copy);
    return 1;
}

const luaL_Reg ltw_socket_fd[] = {{"get_inheritable", sock_get_inheritable},
                                  {"set_inheritable", sock_set_inheritable},
                                  {NULL, NULL}};

const luaL_Reg ltw_fd_functions[] = {
    {"close", net_close}, {"dup", net_dup}, {NULL, NULL}};
