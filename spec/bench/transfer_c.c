/*
 * The yardstick of transfer.lua: the kernel's calls with nothing on top of
 * them.
 *
 *     transfer_c sendfile PORT FILE BYTES
 *     transfer_c relay PORT PORT
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int reach(const char *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons((uint16_t)atoi(port)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        die("connect");
    return fd;
}

static void send_file(int fd, const char *path, int64_t left)
{
    off_t at = 0;
    int file = open(path, O_RDONLY);

    while (left > 0)
    {
        const ssize_t n =
            sendfile(fd, file, &at, left < 1 << 30 ? (size_t)left : 1 << 30);

        if (n <= 0)
            die("sendfile");
        left -= n;
    }
}

enum
{
    PIPE = 256 * 1024 /* the best of the sizes tried here */
};

/* One direction; the other has nothing to say. */
static void relay(int from, int to)
{
    int fds[2];

    if (pipe(fds) != 0)
        die("pipe");
    fcntl(fds[0], F_SETPIPE_SZ, PIPE);
    for (;;)
    {
        ssize_t held = splice(from, NULL, fds[1], NULL, PIPE, SPLICE_F_MOVE);

        if (held <= 0)
            return;
        while (held > 0)
        {
            const ssize_t n =
                splice(fds[0], NULL, to, NULL, (size_t)held, SPLICE_F_MOVE);

            if (n <= 0)
                die("splice");
            held -= n;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    int fd = reach(argv[2]);
    if (strcmp(argv[1], "sendfile") == 0)
        send_file(fd, argv[3], atoll(argv[4]));
    else
        relay(fd, reach(argv[3]));
    return 0;
}
