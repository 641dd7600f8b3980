/*
 * A Lua interpreter on a network that calls every socket what the script says:
 * addresses of families that this system does not have.
 *
 *     naming_host script.lua
 *
 * name(bytes) sets the sockaddr that getsockname and recvfrom bring from then
 * on.
 */
#include "core/net.h"
#include "host.h"

#include <string.h>

static struct tw_net net;
static struct tw_addr given;

static int n_getsockname(const struct tw_net *self, int fd,
                         struct tw_addr *addr)
{
    (void)self;
    (void)fd;
    *addr = given;
    return 0;
}

static ssize_t n_recvfrom(const struct tw_net *self, int fd,
                          struct tw_dgram *dgram, int flags)
{
    ssize_t n = tw_net_kernel.recvfrom(self, fd, dgram, flags);
    dgram->addr = given;
    return n;
}

static int host_name(lua_State *L)
{
    size_t len;
    const char *bytes = luaL_checklstring(L, 1, &len);
    luaL_argcheck(L, len <= sizeof given.u, 1, "too long");
    memset(&given, 0, sizeof given);
    memcpy(&given.u, bytes, len);
    given.len = (socklen_t)len;
    return 0;
}

int main(int argc, char **argv)
{
    struct tw_config config = {.net = &net};
    lua_State *L = luaL_newstate();
    if (argc < 2 || !L)
        return 2;
    net = tw_net_kernel;
    net.name = "naming";
    net.getsockname = n_getsockname;
    net.recvfrom = n_recvfrom;
    luaL_openlibs(L);
    tw_configure(L, &config);
    lua_register(L, "name", host_name);
    return host_run(L, argv[1]);
}
