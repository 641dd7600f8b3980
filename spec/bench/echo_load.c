/*
 * The load of the echo benchmark. It reads the server's CPU clock (user +
 * system) around the part that counts, as harness.c does.
 *
 *     echo_load echo PORT CONNECTIONS SECONDS PID
 *     echo_load idle PORT CONNECTIONS SECONDS PID
 *
 * echo: every connection has one request of 64 bytes outstanding for SECONDS.
 * Prints requests, wall nanoseconds, CPU nanoseconds of process PID, and its
 * resident bytes. The clocks are read while nothing is outstanding, so each
 * request counted is served between them, and none but those.
 *
 * idle: every connection does one request; after SECONDS of rest, prints by
 * how many bytes per connection the process has grown.
 *
 * It then holds its connections until the server is gone, so that the ports
 * left in TIME_WAIT are the server's one and not thousands of ours.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    MESSAGE = 64,
    EVENTS = 512,
    CROWD = 100,       /* connect at once: any backlog holds as many */
    REST = 5000000,    /* ns for a server to get back to waiting */
    STALL_LIMIT = 5000 /* ms without a reply: the server has failed */
};

#define SECOND INT64_C(1000000000)

struct conn
{
    int fd;
    uint32_t got;    /* bytes of the reply */
    uint64_t number; /* of the request */
    char reply[MESSAGE];
};

struct load
{
    struct conn *conns;
    int count; /* of those connected */
    int epoll;
    struct sockaddr_in server;
    clockid_t cpu; /* the server's CPU clock */
    long pid;
    int64_t done; /* requests answered */
    int open;     /* requests outstanding */
};

static void fail(const char *what)
{
    fprintf(stderr, "echo_load: %s\n", what);
    exit(1);
}

static void rest(int64_t ns)
{
    const struct timespec t = {.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};

    nanosleep(&t, NULL);
}

/* Resident bytes; unlike `statm` this file is exact. */
static int64_t resident(long pid)
{
    char path[64];
    char line[256];
    long long kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
    f = fopen(path, "r");
    if (f == NULL)
        die(path);
    while (kib < 0 && fgets(line, sizeof line, f) != NULL)
        sscanf(line, "Rss: %lld", &kib);
    fclose(f);
    return kib * 1024;
}

/* No two requests are alike, so no reply can pass for another's. */
static void compose(const struct load *l, const struct conn *c, char *message)
{
    const uint64_t words[2] = {(uint64_t)(c - l->conns), c->number};

    memset(message, 'x', MESSAGE);
    memcpy(message, words, sizeof words);
}

static void ask(struct load *l, struct conn *c)
{
    char message[MESSAGE];

    c->number++;
    c->got = 0;
    compose(l, c, message);
    if (send(c->fd, message, MESSAGE, MSG_NOSIGNAL) != MESSAGE)
        die("send");
    l->open++;
}

/* True when the reply is complete. A short one makes another edge later. */
static bool take(struct load *l, struct conn *c)
{
    char expected[MESSAGE];
    const ssize_t n = recv(c->fd, c->reply + c->got, MESSAGE - c->got, 0);

    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        fail("the server closed a connection");
    c->got += (uint32_t)n;
    if (c->got < MESSAGE)
        return false;
    compose(l, c, expected);
    if (memcmp(c->reply, expected, MESSAGE) != 0)
        fail("a reply differs from its request");
    l->open--;
    l->done++;
    return true;
}

static void connect_one(struct load *l)
{
    struct conn *c = &l->conns[l->count++];
    struct epoll_event e = {.events = EPOLLIN | EPOLLET, .data.ptr = c};

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0)
        die("socket");
    if (connect(c->fd, (struct sockaddr *)&l->server, sizeof l->server) != 0)
        die("connect");
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
        die("epoll_ctl");
}

/* Takes replies and asks again until the deadline, then lets the rest come. */
static void converse(struct load *l, int64_t deadline)
{
    static struct epoll_event ready[EVENTS];
    int64_t heard = nanoseconds(CLOCK_MONOTONIC);

    while (l->open > 0)
    {
        /* Never asleep: waking us would be charged to the server, and the
           more so the slower it is. */
        const int n = epoll_wait(l->epoll, ready, EVENTS, 0);
        const int64_t now = nanoseconds(CLOCK_MONOTONIC);
        const bool again = now < deadline;

        if (n > 0)
            heard = now;
        if (n < 0 || now - heard > STALL_LIMIT * INT64_C(1000000))
            fail("the server does not answer");
        for (int i = 0; i < n; i++)
        {
            struct conn *c = ready[i].data.ptr;

            if (take(l, c) && again)
                ask(l, c);
        }
    }
}

/* Connects so many, each of them with one request done: the server has then
   accepted it and knows it. */
static void connect_all(struct load *l, int count)
{
    while (l->count < count)
    {
        const int first = l->count;

        while (l->count < count && l->count < first + CROWD)
            connect_one(l);
        for (int i = first; i < l->count; i++)
            ask(l, &l->conns[i]);
        converse(l, 0);
    }
}

static void run_echo(struct load *l, int count, int64_t duration)
{
    int64_t wall;
    int64_t cpu;

    connect_all(l, count);
    rest(REST);
    l->done = 0;
    cpu = nanoseconds(l->cpu);
    wall = nanoseconds(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++)
        ask(l, &l->conns[i]);
    converse(l, wall + duration);
    wall = nanoseconds(CLOCK_MONOTONIC) - wall;
    rest(REST);
    cpu = nanoseconds(l->cpu) - cpu;
    printf("%lld %lld %lld %lld\n", (long long)l->done, (long long)wall,
           (long long)cpu, (long long)resident(l->pid));
}

/* The first connection pays for what the server loads on its first request. */
static void run_idle(struct load *l, int count, int64_t duration)
{
    int64_t before;

    connect_all(l, 1);
    before = resident(l->pid);
    connect_all(l, count);
    rest(duration);
    printf("%.1f\n", (double)(resident(l->pid) - before) / (count - 1));
}

static void await_end(const struct load *l)
{
    char byte;

    for (int i = 0; i < l->count; i++)
        while (recv(l->conns[i].fd, &byte, 1, 0) > 0)
            continue;
}

static void allow_files(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static struct load prepare(int port, int count, long pid)
{
    struct load l = {.pid = pid,
                     .server = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};

    if (clock_getcpuclockid((pid_t)pid, &l.cpu) != 0)
        fail("no such process");
    l.conns = calloc((size_t)count, sizeof *l.conns);
    l.epoll = epoll_create1(0);
    if (l.conns == NULL || l.epoll < 0)
        die("prepare");
    return l;
}

int main(int argc, char **argv)
{
    struct load l;
    int count;
    int64_t duration;

    if (argc != 6)
    {
        fprintf(stderr,
                "usage: echo_load echo|idle PORT CONNECTIONS SECONDS PID\n");
        return 2;
    }
    allow_files();
    count = atoi(argv[3]);
    duration = (int64_t)(atof(argv[4]) * (double)SECOND);
    l = prepare(atoi(argv[2]), count, atol(argv[5]));
    if (strcmp(argv[1], "echo") == 0)
        run_echo(&l, count, duration);
    else
        run_idle(&l, count, duration);
    fflush(stdout);
    await_end(&l);
    return 0;
}
