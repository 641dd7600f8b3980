/*
 * Name lookup on threads, over a network whose lookups the test lets through
 * one by one. Whatever is abandoned must be freed all the same.
 */
#include "gate.h"
#include "loop/resolve.h"
#include "loop_fixture.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static bool refuse_threads;

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *),
                      void *);

/* In place of the system's: fails when told to. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
                   void *(*run)(void *), void *arg)
{
    void *symbol = dlsym(RTLD_NEXT, "pthread_create");
    create_fn *create;
    memcpy(&create, &symbol, sizeof create);
    return refuse_threads ? EAGAIN : create(thread, attr, run, arg);
}

/* -- the fixture --------------------------------------------------------- */

enum
{
    THREADS = 16, /* at most */
    LOOKUPS = 24
};

struct names
{
    struct fixture f;
    struct tw_net net;
    struct tw_resolver *resolver;
    struct tw_lookup lookups[LOOKUPS];
    struct woken waiters[LOOKUPS];
    int threads; /* of the process before */
};

static int count_threads(void)
{
    char line[128];
    int n = -1;
    FILE *status = fopen("/proc/self/status", "re");
    while (status && n < 0 && fgets(line, sizeof line, status))
        sscanf(line, "Threads: %d", &n);
    if (status)
        fclose(status);
    CHECK(n > 0);
    return n;
}

static void names_open(struct names *n)
{
    memset(n, 0, sizeof *n);
    n->threads = count_threads();
    pthread_mutex_lock(&gate.lock);
    gate.entered = gate.left = gate.given = gate.freed = 0;
    gate.running = gate.most = 0;
    gate.allowed = ALL;
    gate.signals_open = false;
    pthread_mutex_unlock(&gate.lock);
    fixture_open(&n->f);
    n->net = tw_net_kernel;
    n->net.lookup = gated_lookup;
    n->net.lookup_free = gated_free;
    CHECK_INT(tw_resolver_new(&n->resolver, n->f.loop, &n->net, &n->f.t.mem),
              0);
    CHECK(tw_loop_idle(n->f.loop));
}

/* Threads end by themselves; only then is everything given back. */
static void wait_for_threads(const struct names *n)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int i = 0;
    while (count_threads() > n->threads && i++ < 20000)
        nanosleep(&pause, NULL);
    CHECK(count_threads() <= n->threads);
}

static void names_close(struct names *n)
{
    tw_resolver_free(n->resolver);
    allow(ALL);
    fixture_close(&n->f);
    wait_for_threads(n);
    CHECK_INT(read_gate(&gate.given), read_gate(&gate.freed));
}

static int start(struct names *n, int i, const char *host)
{
    const struct tw_query query = {.host = host};
    int rc = tw_lookup_start(&n->lookups[i], n->resolver, &query);
    woken_init(&n->waiters[i]);
    if (rc == 0)
        n->lookups[i].waiter = &n->waiters[i].waiter;
    return rc;
}

/* Turns the loop until `lookup` is done. */
static void finish(struct names *n, int i)
{
    for (int turns = 0; turns < 1000 && !n->lookups[i].done; turns++)
        CHECK_INT(tw_loop_step(n->f.loop, TW_FOREVER), 0);
    CHECK(n->lookups[i].done);
}

/* -- results ------------------------------------------------------------- */

static void one_lookup(void)
{
    struct names n;
    names_open(&n);
    char host[] = "example.org", service[] = "http";
    struct tw_query query = {.host = host, .service = service};
    query.hints.ai_socktype = SOCK_DGRAM;
    allow(0);
    CHECK_INT(tw_lookup_start(&n.lookups[0], n.resolver, &query), 0);
    memset(host, 'x', sizeof host - 1); /* it was copied */
    memset(service, 'x', sizeof service - 1);
    woken_init(&n.waiters[0]);
    n.lookups[0].waiter = &n.waiters[0].waiter;
    CHECK(!n.lookups[0].done && !tw_loop_idle(n.f.loop));
    CHECK_INT(tw_loop_step(n.f.loop, 0), 0);
    CHECK_INT(n.waiters[0].count, 0);
    allow(1);
    finish(&n, 0);
    CHECK(n.waiters[0].count == 1 && n.waiters[0].status == 0);
    CHECK(n.lookups[0].rc == 0 &&
          n.lookups[0].answer.list->ai_family == AF_INET);
    CHECK(tw_loop_idle(n.f.loop)); /* nothing to keep it going */
    wait_until(&gate.left, 1);
    CHECK_STR(gate.last, "example.org/http/2");
    tw_lookup_deinit(&n.lookups[0]);
    CHECK_INT(read_gate(&gate.freed), 1);
    tw_lookup_deinit(&n.lookups[0]);
    CHECK_INT(read_gate(&gate.freed), 1);
    names_close(&n);
}

static void one_that_fails(void)
{
    struct names n;
    names_open(&n);
    CHECK_INT(start(&n, 0, "bad"), 0);
    finish(&n, 0);
    CHECK_INT(n.lookups[0].rc, TW_ERESOLVE + EAI_NONAME);
    CHECK(!n.lookups[0].answer.list && n.waiters[0].count == 1);
    tw_lookup_deinit(&n.lookups[0]);
    CHECK_INT(start(&n, 1, NULL), 0); /* without a waiter */
    n.lookups[1].waiter = NULL;
    finish(&n, 1);
    CHECK_STR(gate.last, "-/-/0");
    tw_lookup_deinit(&n.lookups[1]);
    names_close(&n);
}

static void of_another_kind(void)
{
    struct names n;
    names_open(&n);
    const struct tw_query query = {.kind = TW_QUERY_BYADDR, .host = "name"};
    CHECK_INT(tw_lookup_start(&n.lookups[0], n.resolver, &query), 0);
    CHECK_INT(tw_lookup_start(&n.lookups[1], n.resolver, &query), 0);
    finish(&n, 0);
    CHECK_STR(n.lookups[0].answer.strings, "a string");
    tw_lookup_deinit(&n.lookups[0]);
    tw_lookup_deinit(&n.lookups[1]);
    names_close(&n); /* both freed */
}

/* What needs no resolver has neither thread nor job. */
static void on_the_spot(void)
{
    struct names n;
    struct tw_query query = {.kind = TW_QUERY_NAMES};
    names_open(&n);
    tw_lookup_now(&n.lookups[0], &n.net, &query);
    CHECK(n.lookups[0].done && n.lookups[0].rc == 0);
    CHECK_STR(n.lookups[0].answer.strings, "a string");
    query.host = "bad";
    tw_lookup_now(&n.lookups[1], &n.net, &query);
    CHECK(n.lookups[1].done && n.lookups[1].rc == TW_ERESOLVE + EAI_NONAME);
    CHECK(tw_loop_idle(n.f.loop));
    CHECK_INT(count_threads(), n.threads);
    for (int i = 0; i < 4; i++)
        tw_lookup_deinit(&n.lookups[i % 2]);
    CHECK_INT(read_gate(&gate.freed), 1);
    names_close(&n);
}

/* More than there are threads for; the threads are few, and used again. */
static void many_at_once(void)
{
    struct names n;
    names_open(&n);
    allow(0);
    for (int i = 0; i < LOOKUPS; i++)
        CHECK_INT(start(&n, i, i % 3 ? "good" : "bad"), 0);
    wait_until(&gate.entered, THREADS);
    allow(1);
    wait_until(&gate.entered, THREADS + 1);
    allow(ALL);
    for (int i = 0; i < LOOKUPS; i++)
    {
        finish(&n, i);
        CHECK_INT(n.waiters[i].count, 1);
        CHECK_INT(n.lookups[i].answer.list != NULL, i % 3 != 0);
        tw_lookup_deinit(&n.lookups[i]);
    }
    CHECK(tw_loop_idle(n.f.loop));
    CHECK_INT(read_gate(&gate.most), THREADS);
    CHECK_INT(count_threads() - n.threads, THREADS);
    CHECK_INT(start(&n, 0, "again"), 0);
    finish(&n, 0);
    tw_lookup_deinit(&n.lookups[0]);
    CHECK_INT(count_threads() - n.threads, THREADS);
    names_close(&n);
}

/* A thread is idle before its result can be seen: one does all of these. */
static void no_more_threads_than_needed(void)
{
    struct names n;
    names_open(&n);
    for (int i = 0; i < 50; i++)
    {
        CHECK_INT(start(&n, 0, "name"), 0);
        finish(&n, 0);
        tw_lookup_deinit(&n.lookups[0]);
    }
    CHECK_INT(count_threads() - n.threads, 1);
    names_close(&n);
}

static void start_another(struct woken *w)
{
    struct names *n = w->arg;
    CHECK_INT(start(n, 1, "second"), 0);
    tw_lookup_deinit(&n->lookups[0]);
}

static void started_when_woken(void)
{
    struct names n;
    names_open(&n);
    CHECK_INT(start(&n, 0, "first"), 0);
    n.waiters[0].then = start_another;
    n.waiters[0].arg = &n;
    for (int i = 0; i < 1000 && !n.waiters[0].count; i++)
        CHECK_INT(tw_loop_step(n.f.loop, TW_FOREVER), 0);
    finish(&n, 1);
    CHECK_INT(n.waiters[1].count, 1);
    tw_lookup_deinit(&n.lookups[1]);
    names_close(&n);
}

static void no_signal_gets_there(void)
{
    struct names n;
    names_open(&n);
    sigset_t before, after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    CHECK_INT(start(&n, 0, "name"), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    for (int number = 1; number < 32; number++)
        CHECK_INT(sigismember(&after, number), sigismember(&before, number));
    finish(&n, 0);
    CHECK(!gate.signals_open);
    tw_lookup_deinit(&n.lookups[0]);
    names_close(&n);
}

/* -- abandoning ---------------------------------------------------------- */

/* Sixteen run and eight are queued: some of each are no longer wanted. */
static void abandoned_in_every_state(void)
{
    struct names n;
    names_open(&n);
    allow(0);
    for (int i = 0; i < LOOKUPS; i++)
        CHECK_INT(start(&n, i, "name"), 0);
    wait_until(&gate.entered, THREADS);
    tw_lookup_deinit(&n.lookups[0]);           /* running */
    tw_lookup_deinit(&n.lookups[THREADS]);     /* first of the queue */
    tw_lookup_deinit(&n.lookups[THREADS + 4]); /* in it */
    tw_lookup_deinit(&n.lookups[LOOKUPS - 1]); /* last */
    allow(ALL);
    wait_until(&gate.left, LOOKUPS - 3);
    wait_until(&gate.freed, 1);
    tw_lookup_deinit(&n.lookups[6]); /* done, not delivered */
    CHECK_INT(n.waiters[6].count, 0);
    for (int i = 0; i < LOOKUPS; i++)
        if (n.lookups[i].resolver)
        {
            finish(&n, i);
            CHECK_INT(n.waiters[i].count, 1);
            tw_lookup_deinit(&n.lookups[i]);
        }
    CHECK(tw_loop_idle(n.f.loop));
    CHECK_INT(read_gate(&gate.entered), LOOKUPS - 3);
    CHECK_INT(n.waiters[0].count + n.waiters[6].count +
                  n.waiters[THREADS].count + n.waiters[THREADS + 4].count +
                  n.waiters[LOOKUPS - 1].count,
              0);
    names_close(&n);
}

/* The last one that is wanted keeps the loop waiting, and no longer. */
static void abandoned_and_idle(void)
{
    struct names n;
    names_open(&n);
    allow(0);
    CHECK_INT(start(&n, 0, "name"), 0);
    wait_until(&gate.entered, 1);
    tw_lookup_deinit(&n.lookups[0]);
    CHECK(tw_loop_idle(n.f.loop));
    CHECK_INT(start(&n, 1, "name"), 0);
    CHECK(!tw_loop_idle(n.f.loop));
    allow(1);
    wait_until(&gate.freed, 1);
    CHECK_INT(n.waiters[1].count, 0);
    allow(2);
    finish(&n, 1);
    tw_lookup_deinit(&n.lookups[1]);
    CHECK(tw_loop_idle(n.f.loop));
    names_close(&n);
}

/* A result nobody wanted has woken the loop: the next one still does. */
static void left_over_wake_up(void)
{
    struct names n;
    names_open(&n);
    for (int i = 0; i < 5; i++)
    {
        CHECK_INT(start(&n, 0, "name"), 0);
        wait_until(&gate.left, 2 * i + 1);
        tw_lookup_deinit(&n.lookups[0]);
        if (i % 2)
            CHECK_INT(tw_loop_step(n.f.loop, 0), 0);
        CHECK_INT(start(&n, 1, "name"), 0);
        finish(&n, 1);
        tw_lookup_deinit(&n.lookups[1]);
    }
    names_close(&n);
}

static void freed_while_running(void)
{
    struct names n;
    names_open(&n);
    allow(0);
    for (int i = 0; i < LOOKUPS; i++)
        CHECK_INT(start(&n, i, "name"), 0);
    wait_until(&gate.entered, THREADS);
    for (int i = 0; i < LOOKUPS; i++)
        tw_lookup_deinit(&n.lookups[i]);
    tw_resolver_free(n.resolver); /* does not wait */
    n.resolver = NULL;
    CHECK_INT(read_gate(&gate.left), 0);
    CHECK(tw_loop_idle(n.f.loop));
    fixture_close(&n.f); /* not even the loop is needed any more */
    allow(ALL);
    wait_until(&gate.freed, THREADS);
    wait_for_threads(&n);
    CHECK_INT(read_gate(&gate.entered), THREADS);
    tw_resolver_free(NULL);
}

/* -- failures ------------------------------------------------------------ */

static void no_thread_at_all(void)
{
    struct names n;
    names_open(&n);
    refuse_threads = true;
    CHECK_INT(start(&n, 0, "name"), -EAGAIN);
    CHECK(tw_loop_idle(n.f.loop));
    tw_lookup_deinit(&n.lookups[0]);
    refuse_threads = false;
    CHECK_INT(start(&n, 1, "name"), 0);
    wait_until(&gate.left, 1);
    refuse_threads = true; /* with one at work the others wait */
    for (int i = 2; i < 6; i++)
        CHECK_INT(start(&n, i, "name"), 0);
    for (int i = 1; i < 6; i++)
    {
        finish(&n, i);
        tw_lookup_deinit(&n.lookups[i]);
    }
    refuse_threads = false;
    CHECK_INT(read_gate(&gate.most), 1);
    names_close(&n);
}

static void look_up_somehow(struct test_mem *t)
{
    struct tw_loop *loop = NULL;
    struct tw_resolver *resolver = NULL;
    struct tw_lookup lookup;
    struct tw_net net = tw_net_kernel;
    const struct tw_query query = {.host = "name"};
    net.lookup = gated_lookup;
    net.lookup_free = gated_free;
    struct names n = {.threads = count_threads()};
    int rc = tw_loop_new(&loop, &net, &t->mem, fixture_backend);
    if (rc == 0)
        rc = tw_resolver_new(&resolver, loop, &net, &t->mem);
    if (rc == 0)
        rc = tw_lookup_start(&lookup, resolver, &query);
    CHECK(rc == 0 || rc == -ENOMEM);
    for (int i = 0; i < 1000 && rc == 0 && !lookup.done; i++)
        CHECK_INT(tw_loop_step(loop, TW_FOREVER), 0);
    if (resolver)
        tw_lookup_deinit(&lookup);
    tw_resolver_free(resolver);
    tw_loop_free(loop);
    wait_for_threads(&n);
}

static void without_memory(void)
{
    allow(ALL);
    test_mem_each(look_up_somehow);
}

static void without_descriptors(void)
{
    struct names n;
    struct tw_resolver *other = NULL;
    struct rlimit old, none;
    names_open(&n);
    size_t blocks = n.f.t.blocks;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    int rc = tw_resolver_new(&other, n.f.loop, &n.net, &n.f.t.mem);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_INT(rc, -EMFILE);
    CHECK(!other && n.f.t.blocks == blocks);
    names_close(&n);
}

/* A child has no threads to do it, and must not touch what they share. What
   it so leaves behind is no leak of the test's: it ends by SIGKILL. */
static void child(struct names *n)
{
    CHECK_INT(start(n, 2, "name"), -ECHILD);
    for (int i = 0; i < 3; i++)
        tw_lookup_deinit(&n->lookups[i]);
    tw_resolver_free(n->resolver);
    fixture_close(&n->f);
    fflush(stdout);
    if (tap.complaints == 0)
        raise(SIGKILL);
    _exit(1);
}

static void forked_child(void)
{
    struct names n;
    int status = -1;
    names_open(&n);
    allow(0);
    CHECK_INT(start(&n, 0, "name"), 0);
    CHECK_INT(start(&n, 1, "name"), 0);
    wait_until(&gate.entered, 2);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        child(&n);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    allow(2);
    for (int i = 0; i < 2; i++)
    {
        finish(&n, i);
        CHECK_INT(n.waiters[i].count, 1);
        tw_lookup_deinit(&n.lookups[i]);
    }
    names_close(&n);
}

static void *nothing(void *arg)
{
    return arg;
}

int main(void)
{
    /* A sanitizer may add a thread of its own at the first one. */
    pthread_t first;
    if (pthread_create(&first, NULL, nothing, NULL) == 0)
        pthread_join(first, NULL);
    BOTH(one_lookup);
    BOTH(one_that_fails);
    BOTH(of_another_kind);
    BOTH(on_the_spot);
    BOTH(many_at_once);
    BOTH(no_more_threads_than_needed);
    BOTH(started_when_woken);
    BOTH(no_signal_gets_there);
    BOTH(abandoned_in_every_state);
    BOTH(abandoned_and_idle);
    BOTH(left_over_wake_up);
    BOTH(freed_while_running);
    BOTH(no_thread_at_all);
    BOTH(without_memory);
    BOTH(without_descriptors);
    BOTH(forked_child);
    return tap_done();
}
