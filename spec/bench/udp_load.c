/*
 * Measures one program that receives datagrams, from the outside.
 *
 *     udp_load CASE BURSTS PROGRAM [ARGUMENT...]
 *
 * runs `PROGRAM ARGUMENT... CASE PORT`, which sends a datagram to that port of
 * 127.0.0.1 and then gets bursts of 64 datagrams of 64 bytes:
 *
 *     echo, echo64   it sends each back to where it came from, which is awaited
 *     sink, sink64   it sends one byte back after each 64, which is awaited
 *
 * With 64 in the name the program is to take and send many with one call, else
 * one by one. Prints nanoseconds of wall time, and of the program's processor
 * (user and system), for BURSTS of them.
 *
 * Both share one processor, so that wall time is the work of both sides and
 * nothing else; and the program does not interrupt us, so that a burst lies
 * there whole when it looks.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
    BURST = 64,
    MESSAGE = 64,
    WARM_UP = 200,    /* bursts before the clocks are read */
    START_LIMIT = 30, /* seconds a program may take to send its first */
    ARGUMENTS = 32
};

static int open_socket(char port[16])
{
    const struct timeval limit = {.tv_sec = START_LIMIT};
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&a, n) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        die("bind");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    snprintf(port, 16, "%d", ntohs(a.sin_port));
    return fd;
}

static pid_t start(char **argv, char *which, char *port)
{
    char *args[ARGUMENTS + 3] = {NULL};
    const struct sched_param none = {0};
    pid_t pid = fork();
    int n = 0;

    if (pid != 0)
        return pid;
    for (; n < ARGUMENTS && argv[n]; n++)
        args[n] = argv[n];
    args[n++] = which;
    args[n++] = port;
    sched_setscheduler(0, SCHED_BATCH, &none);
    execvp(args[0], args);
    perror(args[0]);
    _exit(127);
}

/* Connects to whoever sends the first datagram. */
static void meet(int fd)
{
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    char byte;

    if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&a, &n) < 0)
        die("no datagram from the program");
    if (connect(fd, (struct sockaddr *)&a, n) != 0)
        die("connect");
}

struct burst
{
    struct mmsghdr heads[BURST];
    struct iovec parts[BURST];
    char data[BURST][MESSAGE];
};

static void fill(struct burst *b)
{
    memset(b, 'x', sizeof *b);
    for (int i = 0; i < BURST; i++)
    {
        b->parts[i] = (struct iovec){b->data[i], MESSAGE};
        b->heads[i].msg_hdr =
            (struct msghdr){.msg_iov = &b->parts[i], .msg_iovlen = 1};
    }
}

static void exchange(int fd, struct burst *b, int answers)
{
    int sent = 0, got = 0;

    while (sent < BURST)
    {
        const int n =
            sendmmsg(fd, b->heads + sent, (unsigned)(BURST - sent), 0);

        if (n < 0)
            die("sendmmsg");
        sent += n;
    }
    while (got < answers)
    {
        const int n = recvmmsg(fd, b->heads, (unsigned)(answers - got),
                               MSG_WAITFORONE, NULL);

        if (n < 0)
            die("recvmmsg");
        got += n;
    }
}

int main(int argc, char **argv)
{
    static struct burst burst;
    char port[16];
    clockid_t cpu;

    if (argc < 4)
    {
        fprintf(stderr, "usage: udp_load CASE BURSTS PROGRAM...\n");
        return 2;
    }
    const int answers = strncmp(argv[1], "echo", 4) == 0 ? BURST : 1;
    const long count = atol(argv[2]);
    pin_last();
    int fd = open_socket(port);
    pid_t pid = start(argv + 3, argv[1], port);
    meet(fd);
    if (clock_getcpuclockid(pid, &cpu) != 0)
        die("clock_getcpuclockid");
    fill(&burst);
    for (int i = 0; i < WARM_UP; i++)
        exchange(fd, &burst, answers);
    const int64_t wall = nanoseconds(CLOCK_MONOTONIC), used = nanoseconds(cpu);
    for (long i = 0; i < count; i++)
        exchange(fd, &burst, answers);
    printf("%lld %lld\n", (long long)(nanoseconds(CLOCK_MONOTONIC) - wall),
           (long long)(nanoseconds(cpu) - used));
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return 0;
}
