/* Sockets in Lua: making, connecting, closing, naming them. */
#include "bind/address.h"
#include "bind/module.h"
#include "bind/stream.h"
#include "bind/zerocopy.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct ltw_socket *ltw_newsocket(lua_State *L)
{
    struct tw_runtime *rt = ltw_runtime(L);
    struct ltw_socket *s = ltw_new(L, LTW_SOCKET, sizeof *s, 0);
    tw_sock_init(&s->sock, rt->net, rt->default_timeout);
    tw_watch_init(&s->watch, -1);
    return s;
}

struct ltw_socket *ltw_begin(lua_State *L, struct tw_wait *wait)
{
    struct ltw *state = ltw_state(L);
    struct ltw_socket *s = lua_touserdata(L, 1);
    if (!s || s != state->known)
    {
        s = ltw_check(L, 1, LTW_SOCKET);
        ltw_remember(state, s);
    }
    if (!state->rt.loop)
        ltw_runtime(L);
    *wait = (struct tw_wait){.rt = &state->rt};
    return s;
}

int ltw_release(struct tw_runtime *rt, struct ltw_socket *s)
{
    if (s->unreleased > 0)
        ltw_unreleased(rt, s);
    if (rt->loop)
        tw_loop_forget(rt->loop, &s->watch);
    return tw_sock_close(&s->sock);
}

/* A socket whose methods may be used: closed ones are told from wrong types
   by the result of the operation, not by an error. */
static struct ltw_socket *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_SOCKET);
}

static struct tw_runtime *runtime(lua_State *L)
{
    return &ltw_state(L)->rt;
}

/* -- making -------------------------------------------------------------- */

/* Result of a function that opens the socket on top of the stack. */
static int opened(lua_State *L, int rc, const char *op)
{
    if (rc < 0)
        return ltw_fail(L, rc, op);
    ltw_opened(L, -1);
    return 1;
}

/* The argument at `idx` as an open descriptor's number. */
static int fileno_arg(lua_State *L, int idx)
{
    int fd = ltw_int(L, idx, "fileno");
    if (fd < 0)
        luaL_argerror(L, idx,
                      lua_pushfstring(L, "fileno: negative descriptor %d", fd));
    return fd;
}

/*
 * socket([family [, type [, proto [, fileno]]]]): a new socket, or one that
 * takes an open descriptor, whose family, type and proto are then found out.
 * Results: socket; or nil, message, code.
 */
static int core_socket(lua_State *L)
{
    bool adopt = !lua_isnoneornil(L, 4);
    int family = ltw_optint(L, 1, "family", adopt ? -1 : AF_INET);
    int type = ltw_optint(L, 2, "type", adopt ? -1 : SOCK_STREAM);
    int proto = ltw_optint(L, 3, "proto", adopt ? -1 : 0);
    int fd = adopt ? fileno_arg(L, 4) : -1;
    struct ltw_socket *s = ltw_newsocket(L);
    int rc = adopt ? tw_sock_adopt(&s->sock, fd, family, type, proto)
                   : tw_sock_open(&s->sock, family, type, proto);
    s->shared = adopt;
    return opened(L, rc, "socket");
}

/* socketpair([family [, type [, proto]]]): two connected sockets; or nil,
   message, code. */
static int net_socketpair(lua_State *L)
{
    int family = ltw_optint(L, 1, "family", AF_UNIX);
    int type = ltw_optint(L, 2, "type", SOCK_STREAM);
    int proto = ltw_optint(L, 3, "proto", 0);
    struct ltw_socket *a = ltw_newsocket(L);
    struct ltw_socket *b = ltw_newsocket(L);
    struct tw_sock pair[2] = {a->sock, b->sock};
    int rc = tw_sock_pair(pair, family, type, proto);
    if (rc < 0)
        return ltw_fail(L, rc, "socketpair");
    a->sock = pair[0];
    b->sock = pair[1];
    ltw_opened(L, -2);
    ltw_opened(L, -1);
    return 2;
}

/* fromfd(fd, family, type [, proto]): a socket on a duplicate of fd; or nil,
   message, code. */
static int net_fromfd(lua_State *L)
{
    struct tw_runtime *rt = runtime(L);
    int fd = (int)ltw_integer(L, 1, "fd", 0, INT_MAX);
    int family = ltw_int(L, 2, "family");
    int type = ltw_int(L, 3, "type");
    int proto = ltw_optint(L, 4, "proto", 0);
    struct ltw_socket *s = ltw_newsocket(L);
    int copy = rt->net->dup(rt->net, fd);
    int rc =
        copy < 0 ? copy : tw_sock_adopt(&s->sock, copy, family, type, proto);
    if (rc < 0 && copy >= 0)
        rt->net->close(rt->net, copy);
    s->shared = true;
    return opened(L, rc, "fromfd");
}

/* s:dup(): another socket on the same connection; or nil, message, code. */
static int sock_dup(lua_State *L)
{
    struct ltw_socket *s = self(L);
    struct ltw_socket *copy = ltw_newsocket(L);
    int rc = s->closed ? TW_ECLOSED : tw_sock_dup(&s->sock, &copy->sock);
    copy->shared = true;
    if (s->unreleased > 0)
        ltw_lentforever(L);
    s->shared = s->shared || rc >= 0;
    return opened(L, rc, "dup");
}

/* -- closing ------------------------------------------------------------- */

/* True if some file is open for writing; with `pending`, has output left. */
static bool has_writer(const struct ltw_socket *s, bool pending)
{
    const struct ltw_file *f = s->files;
    while (f && !(pending ? ltw_fileunsent(f) : f->mode & TW_STREAM_WRITE))
        f = f->next;
    return f != NULL;
}

/*
 * s:close(): true; or nil, message, code of the descriptor's close. Closing
 * twice is harmless. While files made by makefile exist the descriptor lives
 * on for them, as in Python. But the peer need not wait for the garbage
 * collector to learn that nothing more will come: if no file writes, sending
 * ends here, and after the peer's own end files hold only unsent output.
 */
static int sock_close(lua_State *L)
{
    struct ltw_socket *s = self(L);
    int rc = 0;
    if (!s->files || (s->ended && !has_writer(s, true)))
        rc = ltw_release(runtime(L), s);
    else if (!s->closed && !s->shared && !has_writer(s, false))
        tw_sock_shutdown(&s->sock, SHUT_WR);
    s->closed = true;
    if (runtime(L)->loop)
        tw_loop_nudge(runtime(L)->loop, &s->watch);
    return ltw_result(L, rc, "close");
}

enum
{
    DESCRIPTION_MAX = 2 * TW_ADDR_TEXT_MAX + 128
};

/* True if there is nothing but a family: a name that nobody has chosen. */
static bool is_blank(const struct tw_addr *addr)
{
    const char *bytes = (const char *)&addr->u.sa;
    socklen_t i = sizeof addr->u.sa.sa_family;
    while (i < addr->len && bytes[i] == 0)
        i++;
    return i >= addr->len;
}

/* The socket in words. It takes no memory of Lua's: finalizers say it too. */
static const char *describe(const struct ltw_socket *s,
                            char out[DESCRIPTION_MAX])
{
    struct tw_addr addr;
    char text[TW_ADDR_TEXT_MAX];
    bool open = !s->closed && s->sock.fd >= 0;
    int n = snprintf(out, DESCRIPTION_MAX,
                     "socket (%s%d, family=%d, type=%d, proto=%d",
                     open ? "fd=" : "closed, fd=", open ? s->sock.fd : -1,
                     s->sock.family, s->sock.type, s->sock.proto);
    if (open && tw_sock_getsockname(&s->sock, &addr) >= 0 && !is_blank(&addr))
        n += snprintf(out + n, (size_t)(DESCRIPTION_MAX - n), ", laddr=%s",
                      tw_addr_format(&addr, text));
    if (open && tw_sock_getpeername(&s->sock, &addr) >= 0 && !is_blank(&addr))
        n += snprintf(out + n, (size_t)(DESCRIPTION_MAX - n), ", raddr=%s",
                      tw_addr_format(&addr, text));
    snprintf(out + n, (size_t)(DESCRIPTION_MAX - n), ")");
    return out;
}

static int sock_gc(lua_State *L)
{
    struct ltw_socket *s = self(L);
    char text[DESCRIPTION_MAX];
    if (s->sock.fd >= 0 && !s->closed)
    {
        lua_warning(L, "tidewire: a socket was collected without close: ", 1);
        lua_warning(L, describe(s, text), 0);
    }
    s->closed = true;
    if (!s->files)
        ltw_release(runtime(L), s);
    ltw_state(L)->known = NULL;
    return 0;
}

/* s:detach(): the descriptor, which stays open; -1 if closed. */
static int sock_detach(lua_State *L)
{
    struct ltw_socket *s = self(L);
    struct tw_runtime *rt = runtime(L);
    if (s->unreleased > 0)
        ltw_lentforever(L);
    if (!s->closed && rt->loop)
        tw_loop_forget(rt->loop, &s->watch);
    lua_pushinteger(L, s->closed ? -1 : tw_sock_detach(&s->sock));
    s->closed = true;
    return 1;
}

/* -- naming -------------------------------------------------------------- */

/* s:fileno(): the descriptor, -1 if closed. */
static int sock_fileno(lua_State *L)
{
    const struct ltw_socket *s = self(L);
    lua_pushinteger(L, s->closed ? -1 : s->sock.fd);
    return 1;
}

static int push_name(lua_State *L, int rc, const struct tw_addr *addr,
                     const char *op)
{
    if (rc < 0)
        return ltw_fail(L, rc, op);
    ltw_pushaddr(L, addr);
    return 1;
}

/* s:getsockname(): its own address; or nil, message, code. */
static int sock_getsockname(lua_State *L)
{
    const struct ltw_socket *s = self(L);
    struct tw_addr addr;
    int rc = s->closed ? TW_ECLOSED : tw_sock_getsockname(&s->sock, &addr);
    return push_name(L, rc, &addr, "getsockname");
}

/* s:getpeername(): the peer's address; or nil, message, code. */
static int sock_getpeername(lua_State *L)
{
    const struct ltw_socket *s = self(L);
    struct tw_addr addr;
    int rc = s->closed ? TW_ECLOSED : tw_sock_getpeername(&s->sock, &addr);
    return push_name(L, rc, &addr, "getpeername");
}

static int sock_tostring(lua_State *L)
{
    char text[DESCRIPTION_MAX];
    lua_pushstring(L, describe(self(L), text));
    return 1;
}

static int sock_newindex(lua_State *L)
{
    return luaL_error(L, "a socket has no field '%s' that can be set",
                      luaL_tolstring(L, 2, NULL));
}

/* -- waiting to be connected --------------------------------------------- */

int ltw_nonblocking(struct tw_runtime *rt, struct ltw_socket *s)
{
    if (tw_task_may_block(rt, &s->sock))
        return 0;
    /* Whoever shares the connection may have changed the mode. */
    s->sock.nonblock = false;
    return tw_sock_set_nonblock(&s->sock);
}

/*
 * One turn of connecting. Stack: self, address or lookup. Returns TW_TASK_WAIT,
 * the results of a failed lookup, or 0 with the outcome in *rc.
 */
static int try_connect(lua_State *L, struct tw_wait *wait, int *rc)
{
    struct tw_addr addr;
    struct ltw_socket *s = lua_touserdata(L, 1);
    bool again = s->connecting && wait->begun;
    wait->timeout = s->sock.timeout;
    int results = ltw_resolved(L, 2, wait, &addr);
    if (results != 0)
        return results;
    *rc = ltw_obstacle(s, wait);
    if (*rc >= 0)
        *rc = ltw_nonblocking(runtime(L), s);
    if (*rc >= 0 && s->watch.claimed & TW_WRITE)
        *rc = -EBUSY;
    if (*rc >= 0)
        *rc = again ? tw_sock_connect_on(&s->sock, &addr)
                    : tw_sock_connect(&s->sock, &addr);
    if (*rc == TW_WANT_WRITE)
        tw_watch_blocked(&s->watch, TW_WRITE);
    s->connecting = tw_err_want(*rc) && ltw_want(s, wait, *rc, 0);
    if (s->connecting)
        return TW_TASK_WAIT;
    /* The kernel's own word for "under way, and not waiting". */
    *rc = *rc == TW_WANT_WRITE ? -EINPROGRESS : *rc;
    s->watch.ready |= *rc >= 0 ? TW_READ | TW_WRITE : 0;
    return 0;
}

static int sock_connect_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_addr addr;
    int rc;
    int results = try_connect(L, wait, &rc);
    if (results != 0)
        return results;
    if (rc >= 0 || !ltw_getaddr(L, 2, &addr))
        return ltw_result(L, rc, "connect");
    return ltw_fail_addr(L, rc, "connect", &addr);
}

static int sock_connect_ex_k(lua_State *L, struct tw_wait *wait)
{
    int rc;
    int results = try_connect(L, wait, &rc);
    if (results != 0)
        return results;
    if (rc == TW_ETIMEDOUT)
        rc = -ETIMEDOUT;
    else if (rc == TW_ECLOSED)
        rc = -EBADF;
    else if (tw_err_want(rc))
        rc = -EAGAIN;
    lua_pushinteger(L, -rc);
    return 1;
}

static int start_connect(lua_State *L, tw_step step)
{
    const struct ltw_socket *s = self(L);
    int failed = ltw_toaddr(L, 2, &s->sock, "connect");
    return failed ? failed : tw_task_run(L, runtime(L), step);
}

/*
 * s:connect(address): true; or nil, message, code. The timeout covers the
 * lookup of a name and the connecting; with timeout 0 nothing waits, so a name
 * fails with "EAGAIN" and must be looked up first, with getaddrinfo. After a
 * failure the socket stays open.
 */
static int sock_connect(lua_State *L)
{
    return start_connect(L, sock_connect_k);
}

/* s:connect_ex(address): 0, or the number of the error (ETIMEDOUT for our own
   timeout); nil, message, code when a name cannot be resolved. */
static int sock_connect_ex(lua_State *L)
{
    return start_connect(L, sock_connect_ex_k);
}

/*
 * s:disconnect(): dissolves what connect has set up: a datagram socket has no
 * peer any more and receives from everybody. Results: true; or nil, message,
 * code.
 */
static int sock_disconnect(lua_State *L)
{
    struct ltw_socket *s = self(L);
    int rc = s->closed ? TW_ECLOSED : tw_sock_disconnect(&s->sock);
    return ltw_result(L, rc, "disconnect");
}

static int sock_bind_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_addr addr;
    struct ltw_socket *s = lua_touserdata(L, 1);
    wait->timeout = s->sock.timeout ? s->sock.timeout : TW_FOREVER;
    int results = ltw_resolved(L, 2, wait, &addr);
    if (results != 0)
        return results;
    int rc = s->closed ? TW_ECLOSED : tw_sock_bind(&s->sock, &addr);
    return rc < 0 ? ltw_fail_addr(L, rc, "bind", &addr)
                  : ltw_result(L, rc, "bind");
}

/* s:bind(address): true; or nil, message, code. The timeout covers the
   lookup of a name, which 0 does not forbid: binding itself never waits. */
static int sock_bind(lua_State *L)
{
    const struct ltw_socket *s = self(L);
    int failed = ltw_toaddr(L, 2, &s->sock, "bind");
    return failed ? failed : tw_task_run(L, runtime(L), sock_bind_k);
}

/* s:listen([backlog = 128]): true; or nil, message, code. */
static int sock_listen(lua_State *L)
{
    struct ltw_socket *s = self(L);
    int backlog = (int)(lua_isnoneornil(L, 2)
                            ? SOMAXCONN < 128 ? SOMAXCONN : 128
                            : ltw_integer(L, 2, "backlog", INT_MIN, INT_MAX));
    int rc = s->closed ? TW_ECLOSED : tw_sock_listen(&s->sock, backlog);
    return ltw_result(L, rc, "listen");
}

/* Stack: self, the connection's socket (closed so far). */
static int sock_accept_k(lua_State *L, struct tw_wait *wait)
{
    struct tw_addr peer;
    struct ltw_socket *s = lua_touserdata(L, 1);
    struct ltw_socket *conn = lua_touserdata(L, 2);
    int rc = ltw_obstacle(s, wait);
    if (rc >= 0)
        rc = ltw_nonblocking(runtime(L), s);
    if (rc >= 0)
        rc = ltw_attempt(runtime(L), s, TW_READ, 0);
    if (rc >= 0)
        rc = tw_sock_accept(&s->sock, &conn->sock, &peer);
    if (rc == TW_WANT_READ)
        tw_watch_blocked(&s->watch, TW_READ);
    if (tw_err_want(rc) && ltw_want(s, wait, rc, 0))
        return TW_TASK_WAIT;
    if (rc < 0)
        return ltw_fail(L, rc, "accept");
    lua_settop(L, 2);
    ltw_opened(L, 2);
    ltw_pushaddr(L, &peer);
    return 2;
}

/* s:accept(): the connection's socket and its address; or nil, message, code.
   The new socket has the default timeout. */
static int sock_accept(lua_State *L)
{
    self(L);
    lua_settop(L, 1);
    ltw_newsocket(L);
    return tw_task_run(L, runtime(L), sock_accept_k);
}

/* s:shutdown(how): true; or nil, message, code. */
static int sock_shutdown(lua_State *L)
{
    struct ltw_socket *s = self(L);
    int how = ltw_int(L, 2, "how");
    int rc = s->closed ? TW_ECLOSED : tw_sock_shutdown(&s->sock, how);
    return ltw_result(L, rc, "shutdown");
}

/* type(v): "socket", "closed socket", or nil for anything else. */
static int net_type(lua_State *L)
{
    luaL_checkany(L, 1);
    const struct ltw_socket *s = ltw_test(L, 1, LTW_SOCKET);
    if (!s)
        luaL_pushfail(L);
    else
        lua_pushstring(L, s->closed || s->sock.fd < 0 ? "closed socket"
                                                      : "socket");
    return 1;
}

/* monotonic(): seconds on the clock that timeouts are measured with. */
static int net_monotonic(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)tw_loop_now(ltw_runtime(L)->loop) / 1e9);
    return 1;
}

/* backend(): what waits for events: "epoll" or "poll". */
static int net_backend(lua_State *L)
{
    lua_pushstring(L, tw_loop_backend(ltw_runtime(L)->loop));
    return 1;
}

/* getdefaulttimeout(): the timeout new sockets get, nil for none. */
static int net_getdefaulttimeout(lua_State *L)
{
    return ltw_pushseconds(L, runtime(L)->default_timeout);
}

/* setdefaulttimeout(seconds or nil) */
static int net_setdefaulttimeout(lua_State *L)
{
    luaL_checkany(L, 1);
    runtime(L)->default_timeout = ltw_seconds(L, 1, "timeout");
    return 0;
}

void ltw_open_socket(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__newindex", sock_newindex},
                                    {"__gc", sock_gc},
                                    {"__close", sock_close},
                                    {"__tostring", sock_tostring},
                                    {NULL, NULL}};
    static const luaL_Reg methods[] = {{"accept", sock_accept},
                                       {"bind", sock_bind},
                                       {"close", sock_close},
                                       {"connect", sock_connect},
                                       {"connect_ex", sock_connect_ex},
                                       {"detach", sock_detach},
                                       {"disconnect", sock_disconnect},
                                       {"dup", sock_dup},
                                       {"fileno", sock_fileno},
                                       {"getpeername", sock_getpeername},
                                       {"getsockname", sock_getsockname},
                                       {"listen", sock_listen},
                                       {"makefile", ltw_makefile},
                                       {"shutdown", sock_shutdown},
                                       {NULL, NULL}};
    ltw_newtype(L, LTW_SOCKET, meta, methods);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_io);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_options);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_sendmsg);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_recvmsg);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_batch);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_fd);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_mcast);
    ltw_addmethods(L, LTW_SOCKET, ltw_socket_file);
    ltw_open_kinds(L);
}

const luaL_Reg ltw_socket_functions[] = {
    {"socket", core_socket},
    {"socketpair", net_socketpair},
    {"fromfd", net_fromfd},
    {"type", net_type},
    {"monotonic", net_monotonic},
    {"backend", net_backend},
    {"getdefaulttimeout", net_getdefaulttimeout},
    {"setdefaulttimeout", net_setdefaulttimeout},
    {NULL, NULL}};
