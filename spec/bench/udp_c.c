/*
 * The yardstick of udp.lua: what the calls cost with nothing on top of them.
 *
 *     udp_c CASE PORT (see udp_load.c)
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    MANY = 64,
    ROOM = 2048
};

static struct sockaddr_in load;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void echo(int fd)
{
    static char data[ROOM];
    struct sockaddr_storage from;

    for (;;)
    {
        socklen_t len = sizeof from;
        const ssize_t n =
            recvfrom(fd, data, sizeof data, 0, (struct sockaddr *)&from, &len);

        if (n < 0)
            die("recvfrom");
        if (sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&from, len) < 0)
            die("sendto");
    }
}

static void acknowledge(int fd)
{
    if (sendto(fd, "a", 1, 0, (struct sockaddr *)&load, sizeof load) < 0)
        die("sendto");
}

static void sink(int fd)
{
    static char data[ROOM];

    for (long got = 1;; got++)
    {
        if (recv(fd, data, sizeof data, 0) < 0)
            die("recv");
        if (got % MANY == 0)
            acknowledge(fd);
    }
}

/* -- many with one call -------------------------------------------------- */

static struct mmsghdr heads[MANY];
static struct iovec parts[MANY];
static struct sockaddr_storage names[MANY];
static char slots[MANY][ROOM];

static void lay_out(void)
{
    for (int i = 0; i < MANY; i++)
    {
        parts[i] = (struct iovec){slots[i], ROOM};
        heads[i].msg_hdr = (struct msghdr){
            .msg_name = &names[i], .msg_iov = &parts[i], .msg_iovlen = 1};
    }
}

static int take(int fd)
{
    for (int i = 0; i < MANY; i++)
    {
        heads[i].msg_hdr.msg_namelen = sizeof names[i];
        parts[i].iov_len = ROOM;
    }
    const int n = recvmmsg(fd, heads, MANY, MSG_WAITFORONE, NULL);

    if (n < 0)
        die("recvmmsg");
    return n;
}

static void echo_many(int fd)
{
    for (;;)
    {
        const int n = take(fd);

        for (int i = 0; i < n; i++)
            parts[i].iov_len = heads[i].msg_len;
        for (int sent = 0; sent < n;)
        {
            const int more =
                sendmmsg(fd, heads + sent, (unsigned)(n - sent), 0);

            if (more < 0)
                die("sendmmsg");
            sent += more;
        }
    }
}

static void sink_many(int fd)
{
    for (int got = 0;;)
    {
        got += take(fd);
        for (; got >= MANY; got -= MANY)
            acknowledge(fd);
    }
}

int main(int argc, char **argv)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (argc != 3)
        return 2;
    load.sin_family = AF_INET;
    load.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    load.sin_port = htons((uint16_t)atoi(argv[2]));
    lay_out();
    acknowledge(fd);
    if (strcmp(argv[1], "echo") == 0)
        echo(fd);
    else if (strcmp(argv[1], "sink") == 0)
        sink(fd);
    else if (strcmp(argv[1], "echo64") == 0)
        echo_many(fd);
    else
        sink_many(fd);
}
