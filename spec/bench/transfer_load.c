/*
 * Measures one program that sends a file or relays, from the outside. It has
 * the first processor allowed to it, the program the last.
 *
 *     transfer_load sendfile BYTES PROGRAM [ARGUMENT...]
 *     transfer_load relay BYTES PROGRAM [ARGUMENT...]
 *
 * In the arguments, %a stands for a port of 127.0.0.1, %b for another, %f for
 * a file of BYTES bytes, and %n for BYTES. The program connects to %a and sends
 * the file, or connects to both and passes what %a sends on to %b. Nothing is
 * copied here: what goes out comes from a file, what comes in is dropped.
 *
 * Prints nanoseconds of wall time from the first byte to the last, and of the
 * program's processor (user and system).
 */
#include "bench.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum
{
    START_LIMIT = 30, /* seconds a program may take to connect */
    FILE_SIZE = 1 << 26,
    RECEIVE = 1 << 20, /* bytes dropped at a time */
    ARGUMENTS = 32
};

static int listen_on(char port[16])
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bind(fd, (struct sockaddr *)&a, n) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0 || listen(fd, 1) != 0)
        die("listen");
    snprintf(port, 16, "%d", ntohs(a.sin_port));
    return fd;
}

static int meet(int listener)
{
    alarm(START_LIMIT); /* a program that never connects ends us */
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    alarm(0);
    if (fd < 0)
        die("accept");
    return fd;
}

/* A file in memory, all of it there. */
static int make_file(int64_t size)
{
    int fd = memfd_create("bench", 0);
    char *block = malloc(FILE_SIZE);

    memset(block, 'x', FILE_SIZE);
    for (int64_t left = size; left > 0; left -= FILE_SIZE)
        if (write(fd, block, left < FILE_SIZE ? (size_t)left : FILE_SIZE) < 0)
            die("write");
    free(block);
    return fd;
}

static void send_from(int fd, int file, int64_t count)
{
    for (int64_t left = count; left > 0;)
    {
        off_t at = 0;
        ssize_t n = sendfile(
            fd, file, &at, left < FILE_SIZE ? (size_t)left : (size_t)FILE_SIZE);
        if (n <= 0)
            die("sendfile");
        left -= n;
    }
    shutdown(fd, SHUT_WR);
}

/* Drops what comes; prints the figures. */
static void drop(int fd, int64_t count, clockid_t cpu)
{
    static char none[RECEIVE];
    int64_t wall = 0, used = 0;

    for (int64_t got = 0; got < count;)
    {
        const ssize_t n = recv(fd, none, sizeof none, MSG_TRUNC);

        if (n <= 0)
            die("recv");
        if (got == 0)
        {
            wall = nanoseconds(CLOCK_MONOTONIC);
            used = nanoseconds(cpu);
        }
        got += n;
    }
    printf("%lld %lld\n", (long long)(nanoseconds(CLOCK_MONOTONIC) - wall),
           (long long)(nanoseconds(cpu) - used));
}

static char *replaced(char *text, char *const values[4])
{
    static const char names[] = "abfn";
    char *out = malloc(strlen(text) + 64), *p = out;

    for (; *text; text++)
    {
        const char *name = *text == '%' ? strchr(names, text[1]) : NULL;
        if (name && *name)
        {
            p = stpcpy(p, values[name - names]);
            text++;
        }
        else
        {
            *p++ = *text;
        }
    }
    *p = '\0';
    return out;
}

static void become(char **argv, char *const values[4])
{
    char *args[ARGUMENTS + 1] = {NULL};

    for (int i = 0; i < ARGUMENTS && argv[i]; i++)
        args[i] = replaced(argv[i], values);
    execvp(args[0], args);
    perror(args[0]);
    _exit(127);
}

int main(int argc, char **argv)
{
    char ports[2][16], path[32] = "";
    cpu_set_t allowed;
    clockid_t cpu;

    if (argc < 4)
        return 2;
    bool relay = strcmp(argv[1], "relay") == 0;
    int64_t count = atoll(argv[2]);
    int first = listen_on(ports[0]), second = listen_on(ports[1]);
    int file = make_file(relay ? FILE_SIZE : count);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    sched_getaffinity(0, sizeof allowed, &allowed);
    pin(&allowed, true);
    pid_t pid = fork();
    if (pid == 0)
        become(argv + 3, (char *[]){ports[0], ports[1], path, argv[2]});
    pin(&allowed, false);
    int from = meet(first);
    int to = relay ? meet(second) : from;
    if (clock_getcpuclockid(pid, &cpu) != 0)
        die("clock_getcpuclockid");
    pid_t source = relay ? fork() : -1;
    if (source == 0)
    {
        send_from(from, file, count);
        _exit(0);
    }
    drop(to, count, cpu);
    close(to);
    close(from);
    if (relay)
        waitpid(source, NULL, 0);
    waitpid(pid, NULL, 0);
    return 0;
}
