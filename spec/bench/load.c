/* The load programs' connections, clocks and main function; see load.h. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    EVENTS = 512,
    CROWD = 100,       /* connect at once: any backlog holds as many */
    LARGEST = 4096,    /* bytes of a request */
    REST = 5000000,    /* ns for a server to get back to waiting */
    STALL_LIMIT = 5000 /* ms without a reply: the server has failed */
};

void load_fail(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

void load_rest(int64_t ns)
{
    const struct timespec t = {.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};

    nanosleep(&t, NULL);
}

/* Unlike `statm` this file is exact. */
int64_t load_resident(const struct load *l)
{
    char path[64];
    char line[256];
    long long kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", l->pid);
    f = fopen(path, "r");
    if (f == NULL)
        die(path);
    while (kib < 0 && fgets(line, sizeof line, f) != NULL)
        sscanf(line, "Rss: %lld", &kib);
    fclose(f);
    return kib * 1024;
}

void load_ask(struct load *l, struct conn *c)
{
    char request[LARGEST];
    size_t size;

    c->number++;
    c->got = 0;
    size = l->exchange->compose(l, c, request);
    if (send(c->fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
        die("send");
    l->open++;
}

/* True when the reply is complete. A short one makes another edge later. */
static bool take(struct load *l, struct conn *c)
{
    const ssize_t n =
        recv(c->fd, c->reply + c->got, l->exchange->room - 1 - c->got, 0);

    if (n < 0 && errno == EAGAIN)
        return false;
    if (n <= 0)
        load_fail("the server closed a connection, or says too much");
    c->got += (uint32_t)n;
    if (!l->exchange->complete(l, c))
        return false;
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

void load_converse(struct load *l, int64_t deadline)
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
            load_fail("the server does not answer");
        for (int i = 0; i < n; i++)
        {
            struct conn *c = ready[i].data.ptr;

            if (take(l, c) && again)
                load_ask(l, c);
        }
    }
}

void load_connect(struct load *l, int count)
{
    while (l->count < count)
    {
        const int first = l->count;

        while (l->count < count && l->count < first + CROWD)
            connect_one(l);
        for (int i = first; i < l->count; i++)
            load_ask(l, &l->conns[i]);
        load_converse(l, 0);
    }
}

void load_all(struct load *l, int64_t deadline)
{
    for (int i = 0; i < l->count; i++)
        load_ask(l, &l->conns[i]);
    load_converse(l, deadline);
}

void load_measure(struct load *l, int64_t duration,
                  void (*run)(struct load *l, int64_t deadline))
{
    int64_t wall;
    int64_t cpu;

    load_rest(REST);
    l->done = 0;
    cpu = nanoseconds(l->cpu);
    wall = nanoseconds(CLOCK_MONOTONIC);
    run(l, wall + duration);
    wall = nanoseconds(CLOCK_MONOTONIC) - wall;
    load_rest(REST);
    cpu = nanoseconds(l->cpu) - cpu;
    printf("%lld %lld %lld %lld\n", (long long)l->done, (long long)wall,
           (long long)cpu, (long long)load_resident(l));
}

static void await_end(const struct load *l)
{
    char bytes[LARGEST];

    for (int i = 0; i < l->count; i++)
        while (recv(l->conns[i].fd, bytes, sizeof bytes, 0) > 0)
            continue;
}

static void allow_files(void)
{
    struct rlimit files;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static struct load prepare(const struct exchange *x, int port, int count,
                           long pid)
{
    struct load l = {.exchange = x,
                     .pid = pid,
                     .server = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
    char *replies = calloc((size_t)count, x->room);

    if (clock_getcpuclockid((pid_t)pid, &l.cpu) != 0)
        load_fail("no such process");
    l.conns = calloc((size_t)count, sizeof *l.conns);
    l.epoll = epoll_create1(0);
    if (l.conns == NULL || replies == NULL || l.epoll < 0)
        die("prepare");
    for (int i = 0; i < count; i++)
        l.conns[i].reply = replies + (size_t)i * x->room;
    return l;
}

int main(int argc, char **argv)
{
    const struct mode *m = load_modes;
    struct load l;
    int count;

    while (argc == 6 && m->name != NULL && strcmp(m->name, argv[1]) != 0)
        m++;
    if (argc != 6 || m->name == NULL)
    {
        fprintf(stderr, "usage: load MODE PORT CONNECTIONS SECONDS PID\n");
        return 2;
    }
    allow_files();
    count = atoi(argv[3]);
    /* One more, for a mode that needs it. */
    l = prepare(m->exchange, atoi(argv[2]), count + 1, atol(argv[5]));
    m->run(&l, count, (int64_t)(atof(argv[4]) * (double)SECOND));
    fflush(stdout);
    await_end(&l);
    return 0;
}
