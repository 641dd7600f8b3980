/*
 * Runs scenario scripts over and over in fresh Lua states, spoiling one more
 * operation each time, until a run has fewer operations than that; and checks
 * that each run ends well or with a proper error, gives back all memory and
 * closes every descriptor.
 *
 *     fault_host WHAT WHEN BACKEND scenario.lua ...
 *
 * WHAT is "memory": the nth request for memory fails; "fail", "fail2", "short",
 * "block" or "signal": the nth operation of the network is spoilt, see
 * fault_net.h; or "collect": nothing fails, but every request for memory
 * forces a full collection. WHEN is "once" or "on": that one, or it and all
 * after it.
 *
 * A scenario is a script that returns a function. After a run in which one
 * operation was spoilt, it must succeed when called again in the same state.
 */
#include "fault_mem.h"
#include "fault_net.h"
#include "tidewire.h"

#include <dirent.h>
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum
{
    LIMIT_SECONDS = 60,
    LAST = 100000
};

enum what
{
    MEMORY,
    NETWORK,
    COLLECT
};

static struct campaign
{
    enum what what;
    enum fault_kind kind;
    bool and_on;
    const char *scenario;
    long n; /* which operation is spoilt */
    struct fault_mem mem;
    struct fault_net net;
    struct tw_config config;
} run;

/* -- ending -------------------------------------------------------------- */

/* The network's in the order of enum fault_kind, then the two others. */
static const char *const whats[] = {"fail",   "fail2",  "short",  "block",
                                    "signal", "memory", "collect"};

enum
{
    WHATS = sizeof whats / sizeof whats[0],
    FIRST_OTHER = WHATS - 2
};

static const char *what_name(void)
{
    return whats[run.what == NETWORK  ? (int)run.kind
                 : run.what == MEMORY ? FIRST_OTHER
                                      : FIRST_OTHER + 1];
}

static void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s, %s %s, operation %ld", run.scenario, what_name(),
            run.and_on ? "on" : "once", run.n);
    if (run.net.last)
        fprintf(stderr, " (%s)", run.net.last);
    fprintf(stderr, ": ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

static void on_alarm(int number)
{
    static const char text[] = ": hangs\n";
    (void)number;
    char n[20];
    size_t at = sizeof n;
    for (long left = run.n; at > 0 && (left > 0 || at == sizeof n); left /= 10)
        n[--at] = (char)('0' + left % 10);
    bool written = write(2, run.scenario, strlen(run.scenario)) > 0 &&
                   write(2, " ", 1) > 0 && write(2, n + at, sizeof n - at) > 0;
    _exit(written && write(2, text, sizeof text - 1) > 0 ? 1 : 2);
}

/* -- what the library takes from libc ------------------------------------ */

/* The linker sends the library's calls here (--wrap). */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
int __real_eventfd(unsigned value, int flags);
int __wrap_eventfd(unsigned value, int flags);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*body)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*body)(void *), void *arg);

void *__wrap_malloc(size_t size)
{
    return fault_mem_grant(&run.mem) ? __real_malloc(size) : NULL;
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fault_mem_grant(&run.mem) ? __real_calloc(n, size) : NULL;
}

int __wrap_eventfd(unsigned value, int flags)
{
    int rc = fault_net_fails("eventfd");
    if (rc == 0)
        return __real_eventfd(value, flags);
    errno = -rc;
    return -1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                          void *(*body)(void *), void *arg)
{
    int rc = fault_net_fails("pthread_create");
    return rc ? -rc : __real_pthread_create(thread, attr, body, arg);
}

/* -- descriptors of the process ------------------------------------------ */

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;
    if (!dir)
        return 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Resolver threads end in their own time and close the last descriptor. */
static void await_fds(int wanted)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int i = 0; i < 2000 && count_fds() > wanted; i++)
        nanosleep(&pause, NULL);
    if (count_fds() != wanted)
        die("%d descriptors before, %d after", wanted, count_fds());
}

/* -- one run ------------------------------------------------------------- */

/* While the module is loaded its memory cannot be told from liblua's. */
static int open_core(lua_State *L)
{
    run.mem.mixed = true;
    lua_setallocf(L, fault_mem_own, &run.mem);
    lua_settop(L, 0);
    lua_pushcfunction(L, luaopen_tidewire_core);
    int rc = lua_pcall(L, 0, 1, 0);
    lua_setallocf(L, fault_mem_lua, &run.mem);
    run.mem.mixed = false;
    return rc == LUA_OK ? 1 : lua_error(L);
}

/* closefd(fd), for scenarios. */
static int closefd(lua_State *L)
{
    int fd = (int)luaL_checkinteger(L, 1);
    run.net.net.close(&run.net.net, fd);
    return 0;
}

/* Leaves the scenario's function on the stack. */
static int set_up(lua_State *L)
{
    luaL_openlibs(L);
    fault_mem_learn(&run.mem, L);
    tw_configure(L, &run.config);
    lua_register(L, "closefd", closefd);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_pushcfunction(L, open_core);
    lua_setfield(L, -2, "tidewire.core");
    if (luaL_loadfile(L, run.scenario) != LUA_OK)
        return lua_error(L);
    lua_call(L, 0, 1);
    luaL_checktype(L, -1, LUA_TFUNCTION);
    return 1;
}

static bool always(const struct fault_mem *mem, const void *caller)
{
    (void)mem;
    (void)caller;
    return true;
}

static void arm(void)
{
    bool memory = run.what == MEMORY, network = run.what == NETWORK;
    fault_mem_arm(&run.mem, memory ? run.n : 0, run.and_on);
    fault_net_arm(&run.net, network ? run.n : 0, run.kind, run.and_on);
    run.mem.collect = run.what == COLLECT ? always : NULL;
}

static void heal(void)
{
    fault_mem_heal(&run.mem);
    fault_net_heal(&run.net);
}

static bool contains(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/*
 * An error must be about what was injected: lack of memory, or "... [CODE]"
 * as the scenarios say it, with the code of the operation that failed.
 */
static bool proper(const char *message)
{
    char code[64];
    if (run.what == MEMORY)
        return contains(message, "memory");
    const char *bracket = strrchr(message, '[');
    return run.what == NETWORK && bracket &&
           sscanf(bracket, "[%63[^]]]", code) == 1 &&
           fault_net_explains(&run.net, code);
}

static long operations(void)
{
    return run.what == MEMORY    ? run.mem.count
           : run.what == NETWORK ? run.net.count
                                 : 0;
}

static long injections(void)
{
    return run.what == MEMORY ? run.mem.injected : run.net.injected;
}

/* Calls the function on top of the stack, which stays; returns how many
   operations that took. */
static long perform(lua_State *L)
{
    lua_pushvalue(L, -1);
    arm();
    int rc = lua_pcall(L, 0, 0, 0);
    long count = operations();
    /* The allocator is still failing: finalizers have to do without. */
    if (run.and_on)
        lua_gc(L, LUA_GCCOLLECT);
    heal();
    const char *message = rc ? luaL_tolstring(L, -1, NULL) : "";
    if (rc != LUA_OK && injections() == 0)
        die("fails by itself: %s", message);
    if (rc != LUA_OK && !proper(message))
        die("unexpected error: %s", message);
    lua_settop(L, 1);
    if (run.and_on)
        return count;
    lua_pushvalue(L, -1);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK)
        die("fails when repeated: %s", luaL_tolstring(L, -1, NULL));
    return count;
}

static void check_ends(int fds)
{
    if (run.mem.problem)
        die("memory: %s", run.mem.problem);
    if (run.net.problem)
        die("%s", run.net.problem);
    if (run.mem.blocks)
        die("%zu blocks (%zu bytes) leaked", run.mem.blocks, run.mem.bytes);
    if (fault_net_open(&run.net))
        die("%d sockets not closed", fault_net_open(&run.net));
    await_fds(fds);
}

/* Returns how many operations there were, and adds to *injected. */
static long one_run(long *injected)
{
    int fds = count_fds();
    fault_mem_heal(&run.mem);
    fault_net_init(&run.net, tw_backend_find(run.config.backend));
    alarm(LIMIT_SECONDS);
    lua_State *L = lua_newstate(fault_mem_lua, &run.mem);
    if (!L)
        die("no state");
    lua_pushcfunction(L, set_up);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK)
        die("cannot begin: %s", luaL_tolstring(L, -1, NULL));
    int before = fault_net_open(&run.net);
    long count = perform(L);
    *injected += injections();
    run.mem.collect = NULL;
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCCOLLECT);
    if (fault_net_open(&run.net) != before)
        die("%d sockets lost", fault_net_open(&run.net) - before);
    lua_close(L);
    check_ends(fds);
    return count;
}

static void all_runs(void)
{
    long runs = 0, injected = 0, count;
    run.n = 0;
    do
    {
        run.n++;
        runs++;
        count = one_run(&injected);
    } while (run.n <= count && run.n < LAST);
    printf("%s: %s %s %s: %ld runs, %ld failures injected", run.scenario,
           what_name(), run.and_on ? "on" : "once", run.config.backend, runs,
           injected);
    if (run.what == COLLECT)
        printf(", %ld collections forced", run.mem.collections);
    printf(", ok\n");
}

/* -- arguments ----------------------------------------------------------- */

static bool parse(char **argv)
{
    int at = 0;
    while (at < WHATS && strcmp(argv[1], whats[at]) != 0)
        at++;
    run.what = at < FIRST_OTHER    ? NETWORK
               : at == FIRST_OTHER ? MEMORY
                                   : COLLECT;
    run.kind = at < FIRST_OTHER ? (enum fault_kind)at : FAULT_FAIL;
    run.and_on = strcmp(argv[2], "on") == 0;
    run.config.backend = argv[3];
    run.config.net = &run.net.net;
    return at < WHATS && (run.and_on || strcmp(argv[2], "once") == 0) &&
           tw_backend_find(argv[3]);
}

int main(int argc, char **argv)
{
    if (argc < 5 || !parse(argv))
    {
        fprintf(stderr, "usage: fault_host memory|collect|fail|fail2|short|"
                        "block|signal once|on epoll|poll scenario.lua ...\n");
        return 2;
    }
    signal(SIGALRM, on_alarm);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 4; i < argc; i++)
    {
        run.scenario = argv[i];
        run.mem.collections = 0;
        all_runs();
    }
    return 0;
}
