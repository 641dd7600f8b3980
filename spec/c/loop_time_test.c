/* Timers, deadlines and signals: when a turn of the loop begins and ends. */
#include "loop_fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>

enum
{
    TIMERS = 8,
    MS = 1000000
};

/* A network whose clock stands still unless told otherwise. */
struct clocked
{
    struct tw_net net;
    int64_t now;
};

static int64_t fake_clock(const struct tw_net *net)
{
    return tw__container_of(net, struct clocked, net)->now;
}

struct alarm
{
    struct tw_waiter timer;
    struct timed *all;
    int fired;
    int order; /* the how manieth to fire, from 1 on */
};

struct timed
{
    struct clocked clocked;
    struct test_mem t;
    struct tw_loop *loop;
    struct alarm alarms[TIMERS];
    int fired;
};

static void fire(struct tw_waiter *timer, int status)
{
    struct alarm *a = tw__container_of(timer, struct alarm, timer);
    CHECK_INT(timer->place, 0);
    CHECK_INT(status, TW_ETIMEDOUT);
    a->fired++;
    a->order = ++a->all->fired;
}

static void timed_open(struct timed *f)
{
    memset(f, 0, sizeof *f);
    f->clocked.net = tw_net_kernel;
    f->clocked.net.clock = fake_clock;
    f->clocked.now = 1000;
    test_mem_init(&f->t);
    CHECK_INT(
        tw_loop_new(&f->loop, &f->clocked.net, &f->t.mem, fixture_backend), 0);
    for (int i = 0; i < TIMERS; i++)
    {
        f->alarms[i].all = f;
        f->alarms[i].timer.wake = fire;
    }
}

static void timed_close(struct timed *f)
{
    CHECK(tw_loop_idle(f->loop));
    tw_loop_free(f->loop);
    CHECK_INT(f->t.blocks, 0);
}

static void arm(struct timed *f, int i, int64_t when)
{
    CHECK_INT(tw_loop_timer(f->loop, &f->alarms[i].timer, when), 0);
}

static void turn_at(struct timed *f, int64_t now)
{
    f->clocked.now = now;
    CHECK_INT(tw_loop_step(f->loop, 0), 0);
}

/* -- timers -------------------------------------------------------------- */

static void in_order_and_not_before(void)
{
    static const int64_t when[] = {1500, 1200, 900, 1800};
    struct timed f;
    timed_open(&f);
    CHECK(tw_loop_now(f.loop) == 1000);
    for (int i = 0; i < 4; i++)
        arm(&f, i, when[i]);
    CHECK(!tw_loop_idle(f.loop));
    turn_at(&f, 899);
    CHECK_INT(f.fired, 0);
    turn_at(&f, 1199);
    CHECK(f.fired == 1 && f.alarms[2].fired == 1);
    turn_at(&f, 1500);
    CHECK(f.alarms[1].order == 2 && f.alarms[0].order == 3);
    turn_at(&f, 5000);
    CHECK(f.alarms[3].order == 4 && f.fired == 4);
    turn_at(&f, 6000);
    CHECK_INT(f.fired, 4);
    timed_close(&f);
}

static void stopped_and_moved(void)
{
    struct timed f;
    timed_open(&f);
    arm(&f, 0, 2000);
    arm(&f, 1, 2000);
    tw_loop_untimer(f.loop, &f.alarms[0].timer);
    tw_loop_untimer(f.loop, &f.alarms[0].timer);
    arm(&f, 1, 3000); /* later */
    arm(&f, 2, 4000);
    arm(&f, 2, 1000); /* sooner */
    turn_at(&f, 2000);
    CHECK(f.fired == 1 && f.alarms[2].fired == 1);
    turn_at(&f, 3000);
    CHECK(f.fired == 2 && f.alarms[1].fired == 1);
    CHECK_INT(f.alarms[0].fired, 0);
    arm(&f, 3, INT64_MAX);
    turn_at(&f, INT64_MAX - 1);
    CHECK_INT(f.alarms[3].fired, 0);
    tw_loop_untimer(f.loop, &f.alarms[3].timer);
    timed_close(&f);
}

static void stop_the_next(struct tw_waiter *timer, int status)
{
    struct alarm *a = tw__container_of(timer, struct alarm, timer);
    fire(timer, status);
    tw_loop_untimer(a->all->loop, &a->all->alarms[1].timer);
    arm(a->all, 2, a->all->clocked.now + 5);
    arm(a->all, 0, a->all->clocked.now + 10);
}

static void changed_while_firing(void)
{
    struct timed f;
    timed_open(&f);
    f.alarms[0].timer.wake = stop_the_next;
    arm(&f, 0, 2000);
    arm(&f, 1, 2000);
    turn_at(&f, 1999);
    arm(&f, 1, 2001);
    turn_at(&f, 2001);
    CHECK(f.fired == 1 && f.alarms[1].fired == 0);
    turn_at(&f, 2010);
    CHECK(f.fired == 2 && f.alarms[2].fired == 1);
    f.alarms[0].timer.wake = fire;
    turn_at(&f, 2011);
    CHECK(f.fired == 3 && f.alarms[0].fired == 2);
    timed_close(&f);
}

static void arm_in_the_past(struct tw_waiter *timer, int status)
{
    struct alarm *a = tw__container_of(timer, struct alarm, timer);
    fire(timer, status);
    if (a->all->fired < 100000)
        arm(a->all, 0, 0);
}

/* One turn ends even if a timer is always due again. */
static void always_due(void)
{
    struct timed f;
    timed_open(&f);
    f.alarms[0].timer.wake = arm_in_the_past;
    arm(&f, 0, 0);
    turn_at(&f, 2000);
    CHECK(f.fired >= 1 && f.fired < 10);
    if (CHECK(f.alarms[0].timer.place != 0)) /* so this does not wait */
        CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
    CHECK(f.fired >= 2 && f.fired < 20);
    tw_loop_untimer(f.loop, &f.alarms[0].timer);
    timed_close(&f);
}

static void without_memory(void)
{
    struct timed f;
    timed_open(&f);
    test_mem_fail(&f.t, 1, true);
    CHECK_INT(tw_loop_timer(f.loop, &f.alarms[0].timer, 1), -ENOMEM);
    CHECK(tw_loop_idle(f.loop));
    test_mem_fail(&f.t, 0, false);
    arm(&f, 0, 1);
    test_mem_fail(&f.t, 1, true);
    arm(&f, 0, 2); /* moving needs none */
    turn_at(&f, 2);
    CHECK_INT(f.fired, 1);
    timed_close(&f);
}

/* -- deadlines ----------------------------------------------------------- */

static void never_early(void)
{
    static const int64_t waits[] = {1,       999,       MS / 2,     MS - 1,
                                    MS,      MS + 1,    3 * MS / 2, 3 * MS,
                                    7777777, 2 * MS - 1};
    struct fixture f;
    fixture_open(&f);
    CHECK_INT(fixture_read(&f), 0);
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
    {
        int64_t until = tw_loop_now(f.loop) + waits[i];
        CHECK_INT(tw_loop_step(f.loop, until), 0);
        CHECK(tw_loop_now(f.loop) >= until);
    }
    int64_t before = tw_loop_now(f.loop);
    CHECK_INT(tw_loop_step(f.loop, before - 5), 0);
    CHECK_INT(tw_loop_step(f.loop, 0), 0);
    CHECK_INT(tw_loop_step(f.loop, -1), 0);
    CHECK_INT(tw_loop_step(f.loop, INT64_MIN), 0);
    CHECK_INT(f.reader.count, 0);
    fixture_close(&f);
}

struct real_alarm
{
    struct tw_waiter timer;
    struct tw_loop *loop;
    int64_t when, at;
};

static void note_time(struct tw_waiter *timer, int status)
{
    struct real_alarm *a = tw__container_of(timer, struct real_alarm, timer);
    CHECK_INT(status, TW_ETIMEDOUT);
    a->at = tw_loop_now(a->loop);
}

static void timers_end_the_wait(void)
{
    struct fixture f;
    fixture_open(&f);
    for (int64_t wait = -MS; wait < 5 * MS; wait += 700001)
    {
        struct real_alarm a = {.timer.wake = note_time, .loop = f.loop};
        a.when = tw_loop_now(f.loop) + wait;
        CHECK_INT(tw_loop_timer(f.loop, &a.timer, a.when), 0);
        CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
        CHECK(a.at != 0 && a.at >= a.when);
    }
    fixture_close(&f);
}

static void milliseconds(void)
{
    CHECK_INT(tw__backend_ms(0), 0);
    CHECK_INT(tw__backend_ms(1), 1);
    CHECK_INT(tw__backend_ms(MS), 1);
    CHECK_INT(tw__backend_ms(MS + 1), 2);
    CHECK_INT(tw__backend_ms(INT64_MAX), -1);
    CHECK_INT(tw__backend_ms(INT64_MAX - 1), INT32_MAX);
    CHECK_INT(tw__backend_ms((int64_t)INT32_MAX * MS), INT32_MAX);
    CHECK_INT(tw__backend_ms((int64_t)INT32_MAX * MS + 1), INT32_MAX);
}

/* -- signals ------------------------------------------------------------- */

static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void)number;
    ticks++;
}

static timer_t start_ticks(void)
{
    timer_t timer;
    struct sigaction action = {.sa_handler = tick};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGUSR1};
    const struct timespec pause = {.tv_nsec = 2 * MS};
    const struct itimerspec often = {pause, pause};
    CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
    CHECK_INT(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    CHECK_INT(timer_settime(timer, 0, &often, NULL), 0);
    return timer;
}

static void a_signal_ends_the_turn(void)
{
    struct fixture f;
    fixture_open(&f);
    CHECK_INT(fixture_read(&f), 0);
    fixture_look(&f); /* epoll has to say that it is writable */
    ticks = 0;
    timer_t timer = start_ticks();
    CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
    CHECK(ticks > 0);
    CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
    CHECK_INT(f.reader.count, 0);
    CHECK(f.watch.reader == &f.reader.waiter);
    void *state = NULL;
    struct tw_event event;
    CHECK_INT(fixture_backend->open(&tw_net_kernel, &f.t.mem, &state), 0);
    CHECK_INT(fixture_backend->wait(state, &event, 1, TW_FOREVER), 0);
    fixture_backend->close(state);
    CHECK_INT(timer_delete(timer), 0);
    fixture_close(&f);
}

/* -- backends ------------------------------------------------------------ */

static void found_by_name(void)
{
    CHECK(tw_backend_find(NULL) != NULL);
    CHECK(tw_backend_find("poll") == &tw_backend_poll);
    CHECK(tw_backend_find("epoll") == &tw_backend_epoll);
    CHECK(!tw_backend_find("") && !tw_backend_find("kqueue"));
}

static int wait_rc;

static int failing_open(const struct tw_net *net, const struct tw_mem *mem,
                        void **state)
{
    CHECK(net->backend != NULL);
    *state = (void *)mem;
    return wait_rc;
}

static void failing_close(void *state)
{
    CHECK(state != NULL);
}

static int failing_wait(void *state, struct tw_event *out, int max,
                        int64_t timeout)
{
    (void)state, (void)out, (void)max, (void)timeout;
    return -EIO;
}

/* The network brings its own poller, and that one fails. */
static void of_the_network(void)
{
    static const struct tw_backend failing = {.name = "failing",
                                              .open = failing_open,
                                              .close = failing_close,
                                              .wait = failing_wait};
    struct timed f;
    struct tw_net net = tw_net_kernel;
    timed_open(&f);
    tw_loop_free(f.loop);
    f.loop = NULL;
    net.backend = &failing;
    wait_rc = -EMFILE;
    CHECK_INT(tw_loop_new(&f.loop, &net, &f.t.mem, fixture_backend), -EMFILE);
    CHECK(f.loop == NULL);
    CHECK_INT(f.t.blocks, 0);
    wait_rc = 0;
    CHECK_INT(tw_loop_new(&f.loop, &net, &f.t.mem, fixture_backend), 0);
    CHECK_STR(tw_loop_backend(f.loop), "failing");
    arm(&f, 0, 1);
    CHECK_INT(tw_loop_step(f.loop, 0), -EIO);
    CHECK_INT(f.fired, 1); /* timers go on */
    timed_close(&f);
    tw_loop_free(NULL);
}

static void by_default(void)
{
    struct test_mem t;
    struct tw_loop *loop = NULL;
    struct rlimit old, none;
    test_mem_init(&t);
    CHECK_INT(tw_loop_new(&loop, &tw_net_kernel, &t.mem, NULL), 0);
    CHECK_STR(tw_loop_backend(loop), tw_backend_find(NULL)->name);
    tw_loop_free(loop);
    CHECK_INT(t.blocks, 0);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    int rc = tw_loop_new(&loop, &tw_net_kernel, &t.mem, &tw_backend_epoll);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_INT(rc, -EMFILE);
    CHECK_INT(t.blocks, 0);
}

/* More descriptors than poll(2) takes; an epoll descriptor that is none. */
static void waits_that_fail(void)
{
    struct fixture f;
    struct rlimit old, none;
    fixture_open(&f);
    CHECK_INT(fixture_read(&f), 0);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    int rc = tw_loop_step(f.loop, 0);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    /* Under valgrind the limit is not seen, and all is well. */
    CHECK(rc == 0 || (rc == -EINVAL && !fixture_backend->edge));
    fixture_close(&f);
    void *state = NULL;
    struct tw_event event;
    test_mem_init(&f.t);
    CHECK_INT(fixture_backend->open(&tw_net_kernel, &f.t.mem, &state), 0);
    fixture_backend->set(state, 5, 0); /* to forget what is not there */
    rc = fixture_backend->wait(state, &event, 0, 0);
    CHECK_INT(rc, fixture_backend->edge ? -EINVAL : 0);
    fixture_backend->close(state);
    CHECK_INT(f.t.blocks, 0);
}

int main(void)
{
    BOTH(in_order_and_not_before);
    BOTH(stopped_and_moved);
    BOTH(changed_while_firing);
    BOTH(always_due);
    BOTH(without_memory);
    BOTH(never_early);
    BOTH(timers_end_the_wait);
    TAP_CASE(milliseconds);
    BOTH(a_signal_ends_the_turn);
    TAP_CASE(found_by_name);
    BOTH(of_the_network);
    TAP_CASE(by_default);
    BOTH(waits_that_fail);
    return tap_done();
}
