/*
 * The Lua type "pump": one direction of socket.relay. It receives and sends
 * little by little as it comes, and by way of a pipe, without copying, once it
 * comes in larger pieces. What it holds it has a block of memory or a pipe for,
 * and only then: thousands of quiet ones cost next to nothing.
 */
#include "bind/module.h"
#include "bind/socket.h"
#include "core/pipe.h"

/* The user values of a pump: its sockets. */
enum
{
    FROM = 1,
    TO = 2
};

enum
{
    BLOCK = 16384 /* what arrives in larger pieces is worth a pipe */
};

struct pump
{
    struct tw_runtime *rt;
    struct ltw_socket *from, *to;
    int64_t moved; /* bytes that have been sent */
    struct tw_pipe pipe;
    char *block;     /* of BLOCK bytes, NULL: none */
    size_t at, held; /* bytes of the block to be sent */
    bool running;
    bool busy;    /* it comes in large pieces */
    bool refused; /* these sockets are not for pipes */
};

static struct pump *self(lua_State *L)
{
    return ltw_check(L, 1, LTW_PUMP);
}

static void free_block(struct pump *p)
{
    tw__mem_free(&p->rt->mem, p->block, BLOCK);
    p->block = NULL;
    p->at = p->held = 0;
}

static int need_block(struct pump *p)
{
    if (!p->block)
        p->block = tw__mem_new(&p->rt->mem, BLOCK);
    return p->block ? 0 : -ENOMEM;
}

static bool holds(const struct pump *p)
{
    return p->held > 0 || p->pipe.held > 0;
}

/* -- receiving ----------------------------------------------------------- */

static ssize_t fill_pipe(struct pump *p)
{
    struct ltw_socket *s = p->from;
    int rc = ltw_attempt(p->rt, s, TW_READ, 0);
    if (rc < 0)
        return rc;
    ssize_t n = tw_pipe_fill(&p->pipe, &s->sock);
    if (n == TW_WANT_READ)
        tw_watch_blocked(&s->watch, TW_READ);
    s->ended = n < 0 && !tw_err_want(n) && n != -EINVAL;
    p->busy = n >= BLOCK;
    return n;
}

static ssize_t fill_block(struct pump *p)
{
    int rc = need_block(p);
    if (rc < 0)
        return rc;
    ssize_t n = ltw_tryrecv(p->rt, p->from, p->block, BLOCK, 0);
    p->held = n > 0 ? (size_t)n : 0;
    p->busy = n == BLOCK;
    if (n <= 0)
        free_block(p);
    return n;
}

/* One attempt to receive: bytes, TW_EOF, TW_WANT_READ, TW_WANT_RETRY, error. */
static ssize_t fill(struct pump *p)
{
    bool piped = p->busy && !p->refused;
    /* Attempts that must not wait do not count what has been done. */
    if (p->from->sock.timeout == 0 && tw_task_spent(p->rt))
        return TW_WANT_RETRY;
    /* Without descriptors to spare it has to do without. */
    if (!piped || tw_pipes_take(&p->rt->pipes, &p->pipe) < 0)
        return fill_block(p);
    ssize_t n = fill_pipe(p);
    if (n < 0)
        tw_pipes_give(&p->rt->pipes, &p->pipe);
    p->refused = n == -EINVAL;
    return p->refused ? TW_WANT_RETRY : n;
}

/* -- sending ------------------------------------------------------------- */

static ssize_t drain_pipe(struct pump *p)
{
    struct ltw_socket *s = p->to;
    int rc = ltw_attempt(p->rt, s, TW_WRITE, 0);
    if (rc < 0)
        return rc;
    ssize_t n = tw_pipe_drain(&p->pipe, &s->sock);
    if (n == 0)
        return -EIO; /* nobody else has the pipe, so this cannot be */
    if (n == TW_WANT_WRITE)
        tw_watch_blocked(&s->watch, TW_WRITE);
    if (p->pipe.held == 0)
        tw_pipes_give(&p->rt->pipes, &p->pipe);
    return n;
}

/* Some of what is in the pipe, to be sent from memory. */
static ssize_t unpipe(struct pump *p)
{
    int rc = need_block(p);
    if (rc < 0)
        return rc;
    ssize_t n = tw_pipe_read(&p->pipe, p->block, BLOCK);
    p->at = 0;
    p->held = n > 0 ? (size_t)n : 0;
    if (p->pipe.held == 0)
        tw_pipes_give(&p->rt->pipes, &p->pipe);
    return n < 0 ? n : TW_WANT_RETRY;
}

static ssize_t drain_block(struct pump *p)
{
    ssize_t n = ltw_trysend(p->rt, p->to, p->block + p->at, p->held, 0);
    p->at += n > 0 ? (size_t)n : 0;
    p->held -= n > 0 ? (size_t)n : 0;
    if (p->held == 0)
        free_block(p);
    return n;
}

/* One attempt to send: bytes, TW_WANT_WRITE, TW_WANT_RETRY, or an error. */
static ssize_t drain(struct pump *p)
{
    ssize_t n = p->held > 0  ? drain_block(p)
                : p->refused ? unpipe(p)
                             : drain_pipe(p);
    if (n == -EINVAL && p->pipe.held > 0 && !p->refused)
    {
        p->refused = true;
        n = TW_WANT_RETRY;
    }
    p->moved += n > 0 ? n : 0;
    return n;
}

/* -- running ------------------------------------------------------------- */

/* Lets go of everything. */
static void release(struct pump *p)
{
    tw_pipes_give(&p->rt->pipes, &p->pipe);
    free_block(p);
    if (p->running)
        tw_pipes_unref(&p->rt->pipes);
    p->running = false;
}

/* The last chance of what is held when the wait has ended for another reason
   than this direction's own: it is sent as far as that needs no waiting. */
static void flush(struct pump *p)
{
    ssize_t n = p->to->closed ? TW_ECLOSED : 0;
    while (holds(p) && (n >= 0 || n == TW_WANT_RETRY))
        n = drain(p);
}

/* Moves what can be moved now: TW_EOF, TW_WANT_*, or an error; *sending tells
   in which direction. */
static ssize_t move(struct pump *p, struct tw_wait *wait, bool *sending)
{
    ssize_t n = wait->status;
    *sending = holds(p);
    if (n >= 0 && (p->from->closed || p->to->closed))
        n = TW_ECLOSED;
    while (n >= 0)
    {
        *sending = holds(p);
        n = *sending ? drain(p) : fill(p);
        if (n > 0)
            wait->begun = false; /* each receive and send has its own time */
    }
    return n;
}

static int pump_run_k(lua_State *L, struct tw_wait *wait)
{
    struct pump *p = lua_touserdata(L, 1);
    bool sending;
    ssize_t n = move(p, wait, &sending);
    struct ltw_socket *s = sending ? p->to : p->from;
    if (tw_err_want(n) && ltw_want(s, wait, (int)n, 0))
        return TW_TASK_WAIT;
    if (wait->status < 0)
        flush(p);
    release(p);
    if (n != TW_EOF)
        return ltw_sockfail(L, s, (int)n, sending ? "send" : "recv");
    lua_pushboolean(L, 1);
    return 1;
}

/* splice(2) knows only the descriptor's own mode. */
static int prepare(struct ltw_socket *s)
{
    s->sock.nonblock = false; /* whoever shares it may have changed that */
    return s->closed ? TW_ECLOSED : tw_sock_set_nonblock(&s->sock);
}

/*
 * p:run(): passes on all there is until the end of the source: true; or nil,
 * message, code. Each socket's timeout is the limit of each receive and send.
 */
static int pump_run(lua_State *L)
{
    struct pump *p = self(L);
    struct tw_runtime *rt = ltw_runtime(L);
    int from = tw_loop_forked(rt->loop) ? -ECHILD : prepare(p->from);
    if (from < 0)
        return ltw_sockfail(L, p->from, from, "recv");
    int to = prepare(p->to);
    if (to < 0)
        return ltw_sockfail(L, p->to, to, "send");
    if (!p->running)
        tw_pipes_ref(&rt->pipes);
    p->running = true;
    lua_settop(L, 1);
    return tw_task_run(L, rt, pump_run_k);
}

/* p:count(): how many bytes have been sent so far. */
static int pump_count(lua_State *L)
{
    lua_pushinteger(L, self(L)->moved);
    return 1;
}

static int pump_gc(lua_State *L)
{
    release(self(L));
    return 0;
}

/* pump(from, to): a new pump between two stream sockets. */
static int core_pump(lua_State *L)
{
    struct ltw_socket *from = ltw_check(L, 1, LTW_SOCKET);
    struct ltw_socket *to = ltw_check(L, 2, LTW_SOCKET);
    struct tw_runtime *rt = ltw_runtime(L);
    struct pump *p = ltw_new(L, LTW_PUMP, sizeof *p, 2);
    *p = (struct pump){.rt = rt, .from = from, .to = to};
    tw_pipe_init(&p->pipe);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, FROM);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, -2, TO);
    return 1;
}

void ltw_open_pump(lua_State *L)
{
    static const luaL_Reg meta[] = {{"__gc", pump_gc}, {NULL, NULL}};
    static const luaL_Reg methods[] = {
        {"run", pump_run}, {"count", pump_count}, {NULL, NULL}};
    ltw_newtype(L, LTW_PUMP, meta, methods);
}

const luaL_Reg ltw_pump_functions[] = {{"pump", core_pump}, {NULL, NULL}};
