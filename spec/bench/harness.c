/*
 * Measures one program from the outside. It starts the program, is its partner
 * over one socket, and reads the program's CPU clock (user + system) and the
 * wall clock around the part that counts, so that a peer holds nothing but its
 * loop, its start-up is not counted, and only one side of a row ever varies.
 *
 *     harness CASE TRANSPORT COUNT PROGRAM [ARGUMENT...]
 *
 * runs `PROGRAM ARGUMENT... CASE TRANSPORT WHERE COUNT`, where WHERE is a port
 * of 127.0.0.1 (tcp), an inherited descriptor (pair) or a path (unix), and
 * prints two numbers:
 *
 *     echo    COUNT round trips of 64 bytes    wall and CPU nanoseconds
 *     send    the program sends COUNT bytes    ditto
 *     recv    the program receives COUNT bytes ditto
 *     memory  COUNT idle socket pairs          bytes per socket, as the kernel
 *             sees the program's private memory, and as the program counts
 *             its own heap (0: it cannot tell)
 *
 * Both share one processor, so a run's wall time is the work of both sides
 * and nothing else. On two, waking an idle one is most of a round trip, and
 * bulk depends more on where memory lies than on the program: the same C
 * loop then differs from itself by a third, on one by a tenth.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
    MESSAGE = 64,
    BLOCK = 64 * 1024,
    WARM_UP = 2000,    /* round trips before the clocks are read */
    START_LIMIT = 30,  /* seconds a program may take to connect */
    MAX_ARGUMENTS = 32 /* of the program, ours included */
};

struct partner
{
    const char *transport;
    char where[108]; /* what the program is told to connect to */
    int listener;    /* tcp and unix; -1 for a pair */
    int fd;          /* our end */
    int theirs;      /* pair: the program's end; -1 otherwise */
    pid_t pid;
    clockid_t cpu; /* the program's CPU clock */
};

struct instant
{
    int64_t wall;
    int64_t cpu;
};

static struct instant now(const struct partner *p)
{
    return (struct instant){.wall = nanoseconds(CLOCK_MONOTONIC),
                            .cpu = nanoseconds(p->cpu)};
}

static void print_since(const struct partner *p, struct instant start)
{
    const struct instant end = now(p);

    printf("%lld %lld\n", (long long)(end.wall - start.wall),
           (long long)(end.cpu - start.cpu));
}

static void listen_tcp(struct partner *p)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;

    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p->listener, (struct sockaddr *)&a, n) != 0 ||
        getsockname(p->listener, (struct sockaddr *)&a, &n) != 0 ||
        listen(p->listener, 1) != 0)
        die("listen tcp");
    snprintf(p->where, sizeof p->where, "%d", ntohs(a.sin_port));
}

static void listen_unix(struct partner *p)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof a.sun_path, "/tmp/tidewire-bench.%ld",
             (long)getpid());
    unlink(a.sun_path);
    p->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(p->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(p->listener, 1) != 0)
        die("listen unix");
    memcpy(p->where, a.sun_path, sizeof a.sun_path);
}

static void make_pair(struct partner *p)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        die("socketpair");
    p->fd = fds[0];
    p->theirs = fds[1];
    snprintf(p->where, sizeof p->where, "%d", p->theirs);
}

static void prepare(struct partner *p)
{
    if (strcmp(p->transport, "tcp") == 0)
        listen_tcp(p);
    else if (strcmp(p->transport, "unix") == 0)
        listen_unix(p);
    else
        make_pair(p);
}

/* In the child: as many descriptors as allowed, then the program. */
static void become(const struct partner *p, char **argv, char *which,
                   char *count)
{
    struct rlimit files;
    char *args[MAX_ARGUMENTS + 5];
    int n = 0;

    while (n < MAX_ARGUMENTS && argv[n] != NULL)
    {
        args[n] = argv[n];
        n++;
    }
    args[n++] = which;
    args[n++] = (char *)p->transport;
    args[n++] = (char *)p->where;
    args[n++] = count;
    args[n] = NULL;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (p->fd >= 0)
        close(p->fd);
    execvp(args[0], args);
    perror(args[0]);
    _exit(127);
}

/* In the parent: our end of the connection, and the clock to read. */
static void meet(struct partner *p)
{
    const int on = 1;

    if (p->listener >= 0)
    {
        alarm(START_LIMIT); /* a program that never connects ends us */
        p->fd = accept(p->listener, NULL, NULL);
        alarm(0);
        close(p->listener);
    }
    else
    {
        close(p->theirs);
    }
    if (p->fd < 0)
        die("accept");
    if (strcmp(p->transport, "unix") == 0)
        unlink(p->where);
    if (strcmp(p->transport, "tcp") == 0)
        setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (clock_getcpuclockid(p->pid, &p->cpu) != 0)
        die("clock_getcpuclockid");
}

static void send_all(int fd, const char *data, size_t size)
{
    while (size > 0)
    {
        const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

        if (n < 0)
            die("send");
        data += n;
        size -= (size_t)n;
    }
}

static void round_trips(const struct partner *p, long count)
{
    char message[MESSAGE];

    memset(message, 'x', sizeof message);
    for (long i = 0; i < count; i++)
    {
        send_all(p->fd, message, sizeof message);
        if (recv(p->fd, message, sizeof message, MSG_WAITALL) != MESSAGE)
            die("no whole reply");
    }
}

static void run_echo(const struct partner *p, int64_t count)
{
    struct instant start;

    round_trips(p, WARM_UP);
    start = now(p);
    round_trips(p, (long)count);
    print_since(p, start);
}

/* The clocks start when the program's first bytes are here. */
static void run_send(const struct partner *p, int64_t count)
{
    static char block[BLOCK];
    struct instant start = {0};

    for (int64_t got = 0; got < count;)
    {
        const ssize_t n = recv(p->fd, block, sizeof block, 0);

        if (n <= 0)
            die("recv");
        if (got == 0)
            start = now(p);
        got += n;
    }
    print_since(p, start);
}

/* The program says with a byte that it is ready, and with another that it has
   everything; it then waits, so that its clean-up is not counted. */
static void run_recv(const struct partner *p, int64_t count)
{
    static char block[BLOCK];
    struct instant start;

    if (recv(p->fd, block, 1, 0) != 1)
        die("not ready");
    start = now(p);
    for (int64_t sent = 0; sent < count; sent += BLOCK)
        send_all(p->fd, block, BLOCK);
    if (recv(p->fd, block, 1, 0) != 1)
        die("not received");
    print_since(p, start);
}

/* Private memory of the program; this file is exact, unlike `status`. */
static long long anonymous_bytes(pid_t pid)
{
    char path[64];
    char line[256];
    long long kib = -1;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", (long)pid);
    f = fopen(path, "r");
    if (f == NULL)
        die(path);
    while (kib < 0 && fgets(line, sizeof line, f) != NULL)
        sscanf(line, "Anonymous: %lld", &kib);
    fclose(f);
    return kib * 1024;
}

/* One line from the program: its own heap in use, in bytes. */
static long long own_bytes(const struct partner *p)
{
    char line[32] = {0};
    size_t n = 0;

    while (n < sizeof line - 1 && recv(p->fd, line + n, 1, 0) == 1)
    {
        if (line[n] == '\n')
            return atoll(line);
        n++;
    }
    die("no figure");
    return 0;
}

/* The program reports, waits for a byte, makes its sockets, reports again. */
static void run_memory(const struct partner *p, int64_t count)
{
    const long long own = own_bytes(p);
    const long long seen = anonymous_bytes(p->pid);
    long long own_after;

    send_all(p->fd, "g", 1);
    own_after = own_bytes(p);
    printf("%.1f %.1f\n",
           (double)(anonymous_bytes(p->pid) - seen) / (2.0 * (double)count),
           (double)(own_after - own) / (2.0 * (double)count));
}

static void run(const struct partner *p, const char *which, int64_t count)
{
    if (strcmp(which, "echo") == 0)
        run_echo(p, count);
    else if (strcmp(which, "send") == 0)
        run_send(p, count);
    else if (strcmp(which, "recv") == 0)
        run_recv(p, count);
    else
        run_memory(p, count);
}

int main(int argc, char **argv)
{
    struct partner p = {.listener = -1, .fd = -1, .theirs = -1};
    int status;

    if (argc < 5)
    {
        fprintf(stderr, "usage: harness CASE TRANSPORT COUNT PROGRAM...\n");
        return 2;
    }
    p.transport = argv[2];
    pin_last();
    prepare(&p);
    p.pid = fork();
    if (p.pid == 0)
        become(&p, argv + 4, argv[1], argv[3]);
    meet(&p);
    run(&p, argv[1], atoll(argv[3]));
    close(p.fd);
    waitpid(p.pid, &status, 0);
    return status == 0 ? 0 : 1;
}
