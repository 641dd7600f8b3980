/* Who waits for which descriptor, on every backend. */
#include "loop_fixture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

/* -- readiness ----------------------------------------------------------- */

static void tries_first(void)
{
    struct fixture f;
    fixture_open(&f);
    CHECK_STR(tw_loop_backend(f.loop), fixture_backend->name);
    CHECK(tw_loop_idle(f.loop));
    tw_watch_init(&f.watch, f.fds[0]);
    CHECK_INT(fixture_read(&f), 1);
    CHECK_INT(fixture_write(&f), 1);
    CHECK(!f.watch.reader && !f.watch.writer && tw_loop_idle(f.loop));
    tw_watch_blocked(&f.watch, TW_WRITE);
    CHECK_INT(fixture_read(&f), 1);
    CHECK_INT(fixture_write(&f), 0);
    CHECK(!tw_loop_idle(f.loop));
    fixture_look(&f);
    CHECK(f.writer.count == 1 && f.reader.count == 0);
    fixture_close(&f);
}

static void wakes_a_reader(void)
{
    struct fixture f;
    fixture_open(&f);
    for (int i = 1; i <= 3; i++)
    {
        CHECK_INT(fixture_read(&f), 0);
        fixture_look(&f);
        CHECK_INT(f.reader.count, i - 1);
        CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
        CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
        CHECK(f.reader.count == i && f.reader.status == 0);
        CHECK(!f.watch.reader && f.watch.ready & TW_READ);
        CHECK(!(f.watch.ready & TW_HANGUP));
        CHECK(tw_loop_idle(f.loop));
        CHECK_INT(fixture_read(&f), 1);
        fixture_drain(f.fds[0]);
        tw_watch_drained(&f.watch, TW_READ);
    }
    fixture_close(&f);
}

static void wakes_a_writer(void)
{
    struct fixture f;
    fixture_open(&f);
    fixture_fill(f.fds[0]);
    CHECK_INT(fixture_write(&f), 0);
    CHECK_INT(fixture_read(&f), 0);
    fixture_look(&f);
    CHECK(f.writer.count == 0 && f.reader.count == 0);
    fixture_drain(f.fds[1]);
    CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
    CHECK(f.writer.count == 1 && f.writer.status == 0 && f.reader.count == 0);
    CHECK(f.watch.ready == TW_WRITE);
    CHECK(!tw_loop_idle(f.loop));
    CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
    CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
    CHECK(f.writer.count == 1 && f.reader.count == 1);
    fixture_close(&f);
}

/* What comes while nobody waits is not lost. */
static void remembers(void)
{
    struct fixture f;
    fixture_open(&f);
    CHECK_INT(fixture_read(&f), 0);
    tw_loop_unwait(f.loop, &f.watch, TW_READ, &f.reader.waiter);
    CHECK(tw_loop_idle(f.loop));
    tw_loop_unwait(f.loop, &f.watch, TW_READ, &f.reader.waiter);
    CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
    fixture_look(&f);
    CHECK_INT(f.reader.count, 0);
    int rc = fixture_read(&f);
    CHECK_INT(rc, fixture_backend->edge);
    if (rc == 0)
        fixture_look(&f);
    CHECK_INT(f.reader.count, rc == 0);
    fixture_close(&f);
}

static void hang_up(void)
{
    struct fixture f;
    fixture_open(&f);
    fixture_fill(f.fds[0]);
    CHECK_INT(fixture_read(&f), 0);
    CHECK_INT(fixture_write(&f), 0);
    close(f.fds[1]);
    f.fds[1] = -1;
    CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
    CHECK(f.reader.count == 1 && f.writer.count == 1);
    CHECK(f.watch.ready & TW_HANGUP);
    /* A short read proves nothing any more, only a failed one does. */
    tw_watch_drained(&f.watch, TW_READ);
    CHECK(f.watch.ready & TW_READ);
    tw_watch_blocked(&f.watch, TW_READ);
    CHECK(!(f.watch.ready & TW_READ));
    fixture_close(&f);
}

/* Only the later of two has something to say. */
static void wakes_the_right_one(void)
{
    struct fixture f;
    struct tw_watch peer;
    struct woken other;
    fixture_open(&f);
    watch_init(&peer, f.fds[1]);
    woken_init(&other);
    CHECK_INT(fixture_read(&f), 0);
    CHECK_INT(tw_loop_wait(f.loop, &peer, TW_READ, &other.waiter), 0);
    CHECK_INT(send(f.fds[0], "x", 1, 0), 1);
    fixture_look(&f);
    CHECK(f.reader.count == 0 && other.count == 1);
    tw_loop_forget(f.loop, &peer);
    fixture_close(&f);
}

/* -- no spinning --------------------------------------------------------- */

/* The peer has no more to say, and does not listen either. */
static void half_closed_while_writing(void)
{
    struct fixture f;
    fixture_open(&f);
    fixture_fill(f.fds[0]);
    CHECK_INT(fixture_write(&f), 0);
    CHECK_INT(shutdown(f.fds[1], SHUT_WR), 0);
    CHECK(fixture_turns(&f, 10) <= 3);
    CHECK_INT(f.writer.count, 0);
    fixture_drain(f.fds[1]);
    CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
    CHECK_INT(f.writer.count, 1);
    tw_watch_blocked(&f.watch, TW_READ);
    if (!fixture_backend->edge)
        CHECK_INT(fixture_read(&f), 0); /* the end has not been lost */
    if (!fixture_backend->edge)
        fixture_look(&f);
    CHECK_INT(f.reader.count, !fixture_backend->edge);
    fixture_close(&f);
}

/* Connected streams of TCP, both non-blocking. */
static void tcp_pair(int fds[2])
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *sa = (struct sockaddr *)&in;
    socklen_t len = sizeof in;
    int server = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(server, sa, sizeof in), 0);
    CHECK_INT(listen(server, 1), 0);
    CHECK_INT(getsockname(server, sa, &len), 0);
    fds[1] = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(connect(fds[1], sa, sizeof in), 0);
    fds[0] = accept4(server, NULL, NULL, SOCK_NONBLOCK);
    CHECK(fds[0] >= 0);
    close(server);
}

/* Nobody ever asks for the urgent byte. */
static void urgent_data(void)
{
    struct fixture f;
    char data[8];
    int turns = 0;
    fixture_open(&f);
    close(f.fds[0]);
    close(f.fds[1]);
    tcp_pair(f.fds);
    watch_init(&f.watch, f.fds[0]);
    CHECK_INT(send(f.fds[1], "a!", 2, MSG_OOB), 2);
    int64_t until = tw_loop_now(f.loop) + 10000000;
    for (; tw_loop_now(f.loop) < until && turns < 1000000; turns++)
    {
        int rc = fixture_read(&f);
        if (rc == 1 && recv(f.fds[0], data, sizeof data, 0) < 0)
            tw_watch_blocked(&f.watch, TW_READ);
        else if (rc == 0)
            CHECK_INT(tw_loop_step(f.loop, until), 0);
        if (f.watch.reader)
            tw_loop_unwait(f.loop, &f.watch, TW_READ, &f.reader.waiter);
    }
    CHECK(f.reader.count >= 1);
    CHECK(turns <= 10);
    fixture_close(&f);
}

/* Taking a waiter away needs no memory, so it cannot be left half done. */
static void unwait_without_memory(void)
{
    enum
    {
        OTHERS = 31 /* and the fixture's: as many as there is room for */
    };
    struct fixture f;
    struct tw_watch others[OTHERS];
    struct woken waiters[OTHERS];
    fixture_open(&f);
    CHECK_INT(fixture_read(&f), 0);
    CHECK_INT(fixture_write(&f), 0);
    for (int i = 0; i < OTHERS; i++)
    {
        watch_init(&others[i], eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        woken_init(&waiters[i]);
        CHECK_INT(tw_loop_wait(f.loop, &others[i], TW_READ, &waiters[i].waiter),
                  0);
    }
    test_mem_fail(&f.t, 1, true);
    tw_loop_unwait(f.loop, &f.watch, TW_WRITE, &f.writer.waiter);
    CHECK(fixture_turns(&f, 10) <= 3);
    CHECK(f.reader.count == 0 && f.writer.count == 0);
    for (int i = 0; i < OTHERS; i++)
    {
        int fd = others[i].fd;
        tw_loop_forget(f.loop, &others[i]);
        CHECK(waiters[i].count == 1 && waiters[i].status == TW_ECLOSED);
        close(fd);
    }
    fixture_close(&f);
}

/* -- misuse -------------------------------------------------------------- */

static void one_waiter_each(void)
{
    struct fixture f;
    struct tw_watch same;
    struct woken second;
    fixture_open(&f);
    woken_init(&second);
    CHECK_INT(fixture_read(&f), 0);
    CHECK_INT(tw_loop_wait(f.loop, &f.watch, TW_READ, &second.waiter), -EBUSY);
    watch_init(&same, f.fds[0]);
    CHECK_INT(tw_loop_wait(f.loop, &same, TW_READ, &second.waiter), -EBUSY);
    CHECK(!same.reader);
    tw_loop_forget(f.loop, &same);
    CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
    fixture_look(&f);
    CHECK(f.reader.count == 1 && second.count == 0);
    fixture_close(&f);
}

static void forgetting(void)
{
    struct fixture f;
    fixture_open(&f);
    fixture_fill(f.fds[0]);
    CHECK_INT(fixture_read(&f), 0);
    CHECK_INT(fixture_write(&f), 0);
    tw_loop_forget(f.loop, &f.watch);
    CHECK(f.reader.count == 1 && f.reader.status == TW_ECLOSED);
    CHECK(f.writer.count == 1 && f.writer.status == TW_ECLOSED);
    CHECK(tw_loop_idle(f.loop));
    tw_loop_forget(f.loop, &f.watch);
    CHECK(f.reader.count == 1 && f.writer.count == 1);
    CHECK_INT(fixture_read(&f), TW_ECLOSED);
    CHECK_INT(fixture_write(&f), TW_ECLOSED);
    CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
    fixture_look(&f);
    CHECK_INT(f.reader.count, 1);
    /* The descriptor is still open and can be watched anew. */
    watch_init(&f.watch, f.fds[0]);
    CHECK_INT(fixture_read(&f), 0);
    fixture_look(&f);
    CHECK(f.reader.count == 2 && f.reader.status == 0);
    /* By its number, whoever's it is. */
    CHECK_INT(fixture_write(&f), 0);
    tw_loop_forget_fd(f.loop, f.fds[0]);
    tw_loop_forget_fd(f.loop, 100000);
    tw_loop_forget_fd(f.loop, -1);
    CHECK(f.writer.count == 2 && f.writer.status == TW_ECLOSED);
    fixture_close(&f);
}

static void files_and_closed_descriptors(void)
{
    struct fixture f;
    fixture_open(&f);
    close(f.fds[0]);
    f.fds[0] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    watch_init(&f.watch, f.fds[0]);
    int rc = fixture_read(&f);
    CHECK_INT(rc, fixture_backend->edge); /* epoll cannot: always ready */
    CHECK_INT(!f.watch.reader, rc);
    CHECK_INT(tw_loop_idle(f.loop), rc);
    fixture_look(&f);
    CHECK_INT(f.reader.count, !rc);
    tw_loop_forget(f.loop, &f.watch);
    close(f.fds[0]);
    watch_init(&f.watch, f.fds[0]);
    rc = fixture_read(&f);
    CHECK_INT(rc, fixture_backend->edge ? -EBADF : 0);
    CHECK_INT(tw_loop_idle(f.loop), rc < 0);
    if (rc == 0)
        fixture_look(&f); /* the failing read is the reader's business */
    CHECK_INT(f.reader.count, rc == 0 ? 2 : 0);
    tw_loop_forget(f.loop, &f.watch);
    f.fds[0] = -1;
    fixture_close(&f);
}

/* -- from within a wake-up ----------------------------------------------- */

static void read_again(struct woken *w)
{
    struct fixture *f = w->arg;
    fixture_drain(f->fds[0]);
    tw_watch_blocked(&f->watch, TW_READ);
    CHECK_INT(fixture_read(f), 0);
}

static void waits_again_when_woken(void)
{
    struct fixture f;
    fixture_open(&f);
    f.reader.then = read_again;
    f.reader.arg = &f;
    CHECK_INT(fixture_read(&f), 0);
    for (int i = 1; i <= 3; i++)
    {
        CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
        CHECK_INT(tw_loop_step(f.loop, TW_FOREVER), 0);
        CHECK_INT(f.reader.count, i);
        fixture_look(&f);
        CHECK_INT(f.reader.count, i);
    }
    f.reader.then = NULL;
    fixture_close(&f);
}

static void forget_mine(struct woken *w)
{
    struct fixture *f = w->arg;
    if (w->status == 0)
        tw_loop_forget(f->loop, &f->watch);
}

/* Both directions are ready, and the first to be woken closes. */
static void closed_when_woken(void)
{
    struct fixture f;
    fixture_open(&f);
    f.reader.then = f.writer.then = forget_mine;
    f.reader.arg = f.writer.arg = &f;
    CHECK_INT(fixture_read(&f), 0);
    CHECK_INT(fixture_write(&f), 0);
    CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
    fixture_look(&f);
    CHECK(f.reader.count == 1 && f.reader.status == 0);
    CHECK(f.writer.count == 1 && f.writer.status == TW_ECLOSED);
    CHECK(tw_loop_idle(f.loop));
    fixture_close(&f);
}

/* Two descriptors in one batch of events; whoever is woken first closes the
   other, whose number then belongs to a third, quiet one. */
struct reuse
{
    struct fixture f;
    int fds[2]; /* of the other pair */
    struct tw_watch watch;
    struct woken waiter, third;
    struct tw_watch fresh;
    bool anew; /* the number is used again */
};

static void replace(struct woken *w)
{
    struct reuse *r = w->arg;
    bool first = w == &r->f.reader;
    struct tw_watch *other = first ? &r->watch : &r->f.watch;
    int number = first ? r->fds[0] : r->f.fds[0];
    if (w->status < 0)
        return;
    tw_loop_forget(r->f.loop, other);
    if (!r->anew)
        return;
    close(number);
    CHECK_INT(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), number);
    watch_init(&r->fresh, number);
    CHECK_INT(tw_loop_wait(r->f.loop, &r->fresh, TW_READ, &r->third.waiter), 0);
}

/* One turn in which both pairs have something to say. */
static void one_batch(struct reuse *r, bool anew)
{
    *r = (struct reuse){.anew = anew};
    fixture_open(&r->f);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, r->fds), 0);
    watch_init(&r->watch, r->fds[0]);
    woken_init(&r->waiter);
    woken_init(&r->third);
    r->f.reader.then = r->waiter.then = replace;
    r->f.reader.arg = r->waiter.arg = r;
    CHECK_INT(fixture_read(&r->f), 0);
    CHECK_INT(tw_loop_wait(r->f.loop, &r->watch, TW_READ, &r->waiter.waiter),
              0);
    CHECK_INT(send(r->f.fds[1], "x", 1, 0), 1);
    CHECK_INT(send(r->fds[1], "x", 1, 0), 1);
    fixture_look(&r->f);
    CHECK(r->f.reader.count == 1 && r->waiter.count == 1);
    CHECK_INT(r->f.reader.status + r->waiter.status, TW_ECLOSED);
}

static void batch_over(struct reuse *r)
{
    tw_loop_forget(r->f.loop, &r->watch);
    close(r->fds[0]);
    close(r->fds[1]);
    fixture_close(&r->f);
}

static void closed_in_a_batch(void)
{
    struct reuse r;
    one_batch(&r, false);
    CHECK(tw_loop_idle(r.f.loop));
    batch_over(&r);
}

static void number_reused_in_a_batch(void)
{
    struct reuse r;
    one_batch(&r, true);
    /* At worst the third has been woken for nothing. */
    CHECK(r.third.count <= 1);
    r.third.count = 0;
    tw_watch_blocked(&r.fresh, TW_READ);
    if (!r.fresh.reader)
        CHECK_INT(tw_loop_wait(r.f.loop, &r.fresh, TW_READ, &r.third.waiter),
                  0);
    fixture_look(&r.f);
    CHECK_INT(r.third.count, 0);
    CHECK_INT(eventfd_write(r.fresh.fd, 1), 0);
    CHECK_INT(tw_loop_step(r.f.loop, TW_FOREVER), 0);
    CHECK(r.third.count == 1 && r.third.status == 0);
    tw_loop_forget(r.f.loop, &r.fresh);
    batch_over(&r);
}

/* -- many, none, and elsewhere ------------------------------------------- */

/* More than one batch. */
static void many_at_once(void)
{
    enum
    {
        MANY = 300
    };
    static struct tw_watch watches[MANY];
    static struct woken waiters[MANY];
    struct fixture f;
    int total = 0;
    fixture_open(&f);
    for (int i = 0; i < MANY; i++)
    {
        watch_init(&watches[i], eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
        CHECK(watches[i].fd >= 0);
        woken_init(&waiters[i]);
        CHECK_INT(
            tw_loop_wait(f.loop, &watches[i], TW_READ, &waiters[i].waiter), 0);
    }
    for (int i = 0; i < 5; i++)
        fixture_look(&f);
    for (int i = 0; i < MANY; i++)
    {
        int fd = watches[i].fd;
        total += waiters[i].count;
        tw_loop_forget(f.loop, &watches[i]);
        close(fd);
    }
    CHECK_INT(total, MANY);
    fixture_close(&f);
}

/* What could not be linked is not, and nothing of it stays behind. */
static void wait_somehow(struct test_mem *t)
{
    static const int numbers[] = {40, 100, 250};
    struct tw_loop *loop = NULL;
    struct tw_watch watches[6];
    struct woken waiters[6];
    struct tw_waiter timer = {0};
    int rc = tw_loop_new(&loop, &tw_net_kernel, &t->mem, fixture_backend);
    CHECK(rc == 0 || rc == -ENOMEM);
    if (rc < 0)
        return;
    for (int i = 0; i < 6; i++)
    {
        int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
        if (i % 2)
            close(dup2(fd, numbers[i / 2]) < 0 ? -1 : fd);
        watch_init(&watches[i], i % 2 ? numbers[i / 2] : fd);
        woken_init(&waiters[i]);
        rc = tw_loop_wait(loop, &watches[i], TW_READ, &waiters[i].waiter);
        CHECK(rc == 0 || rc == -ENOMEM);
        CHECK_INT(!watches[i].reader, rc < 0);
        waiters[i].arg = rc < 0 ? NULL : loop;
    }
    rc = tw_loop_timer(loop, &timer, INT64_MAX);
    CHECK(rc == 0 || rc == -ENOMEM);
    tw_loop_untimer(loop, &timer);
    CHECK_INT(tw_loop_step(loop, 0), 0);
    for (int i = 0; i < 6; i++)
    {
        int fd = watches[i].fd;
        CHECK_INT(waiters[i].count, waiters[i].arg != NULL);
        tw_loop_forget(loop, &watches[i]);
        close(fd);
    }
    CHECK(tw_loop_idle(loop));
    tw_loop_free(loop);
}

static void without_memory(void)
{
    test_mem_each(wait_somehow);
}

static void child(struct fixture *f)
{
    struct woken other;
    struct tw_watch watch;
    woken_init(&other);
    watch_init(&watch, f->fds[1]);
    CHECK_INT(tw_loop_step(f->loop, 0), -ECHILD);
    /* Linking costs no system call, so it need not find out. */
    int rc = fixture_write(f);
    CHECK(rc == -ECHILD || (rc == 0 && fixture_backend->edge));
    CHECK_INT(tw_loop_wait(f->loop, &watch, TW_READ, &other.waiter), -ECHILD);
    tw_loop_forget(f->loop, &watch);
    tw_loop_forget(f->loop, &f->watch);
    CHECK(f->reader.count == 1 && f->reader.status == TW_ECLOSED);
    fixture_close(f);
    exit(tap.complaints > 0);
}

/* The poller is the parent's: a child neither uses nor disturbs it. */
static void forked_child(void)
{
    struct fixture f;
    int status = -1;
    fixture_open(&f);
    CHECK_INT(fixture_read(&f), 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        child(&f);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
    CHECK_INT(send(f.fds[1], "x", 1, 0), 1);
    CHECK_INT(tw_loop_step(f.loop, tw_loop_now(f.loop) + 10000000000), 0);
    CHECK_INT(f.reader.count, 1);
    fixture_close(&f);
}

int main(void)
{
    BOTH(tries_first);
    BOTH(wakes_a_reader);
    BOTH(wakes_a_writer);
    BOTH(wakes_the_right_one);
    BOTH(remembers);
    BOTH(hang_up);
    BOTH(half_closed_while_writing);
    BOTH(urgent_data);
    BOTH(unwait_without_memory);
    BOTH(one_waiter_each);
    BOTH(forgetting);
    BOTH(files_and_closed_descriptors);
    BOTH(waits_again_when_woken);
    BOTH(closed_when_woken);
    BOTH(closed_in_a_batch);
    BOTH(number_reused_in_a_batch);
    BOTH(many_at_once);
    BOTH(without_memory);
    BOTH(forked_child);
    return tap_done();
}
