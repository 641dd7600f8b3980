/*
 * The yardstick: what the socket calls cost with nothing on top of them.
 * Arguments as every peer's: CASE TRANSPORT WHERE COUNT (see harness.c).
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    MESSAGE = 64,
    BLOCK = 64 * 1024
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int reach(const char *transport, const char *where)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd;

    if (strcmp(transport, "pair") == 0)
        return atoi(where);
    a.sin_port = htons((uint16_t)atoi(where));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
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

static void echo(int fd)
{
    char message[MESSAGE];

    for (;;)
    {
        const ssize_t n = recv(fd, message, sizeof message, 0);

        if (n <= 0)
            return;
        send_all(fd, message, (size_t)n);
    }
}

static void send_bulk(int fd, int64_t count)
{
    static char block[BLOCK];

    for (int64_t sent = 0; sent < count; sent += BLOCK)
        send_all(fd, block, BLOCK);
}

static void recv_bulk(int fd, int64_t count)
{
    static char block[BLOCK];

    send_all(fd, "r", 1);
    for (int64_t got = 0; got < count;)
    {
        const ssize_t n = recv(fd, block, sizeof block, 0);

        if (n <= 0)
            die("recv");
        got += n;
    }
    send_all(fd, "d", 1);
}

/* The harness closes when it has read the clocks. */
static void await_end(int fd)
{
    char byte;

    while (recv(fd, &byte, 1, 0) > 0)
        continue;
    close(fd);
}

int main(int argc, char **argv)
{
    int fd;

    if (argc != 5)
        return 2;
    fd = reach(argv[2], argv[3]);
    if (strcmp(argv[1], "echo") == 0)
        echo(fd);
    else if (strcmp(argv[1], "send") == 0)
        send_bulk(fd, atoll(argv[4]));
    else
        recv_bulk(fd, atoll(argv[4]));
    await_end(fd);
    return 0;
}
