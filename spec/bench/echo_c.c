/*
 * The yardstick of the echo and HTTP benchmarks: what a server costs with
 * nothing on top of the system calls. Per request one recv and one send; an
 * epoll_wait is shared by all requests that are ready together. With an
 * argument the answer is that, whatever was asked, and else what came.
 *
 * Edge-triggered, because a level-triggered descriptor is looked at once more
 * by the next epoll_wait. A short read tells that the socket is empty (epoll(7)
 * allows this for streams), so no call is spent on EAGAIN.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum
{
    BLOCK = 4096,
    BACKLOG = 4096,
    EVENTS = 512,
    INTEREST = EPOLLIN | EPOLLOUT | EPOLLRDHUP | (int)EPOLLET
};

/* To every request; without data, the request is its own answer. */
struct canned
{
    const char *data;
    size_t size;
};

struct conn
{
    int fd;
    size_t size;   /* of what could not be sent yet */
    char *pending; /* that, in memory of its own */
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static int listen_anywhere(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (bind(fd, (struct sockaddr *)&a, n) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0 ||
        listen(fd, BACKLOG) != 0)
        die("listen");
    printf("port %d\n", ntohs(a.sin_port));
    fflush(stdout);
    return fd;
}

static void end(struct conn *c)
{
    close(c->fd);
    free(c->pending);
    free(c);
}

/* Bytes sent, possibly none; -1 when the connection is broken. */
static ssize_t try_send(int fd, const char *data, size_t size)
{
    const ssize_t n = send(fd, data, size, MSG_NOSIGNAL);

    return n < 0 && errno == EAGAIN ? 0 : n;
}

/* Sends or keeps the block; false when the connection is broken. */
static bool answer(struct conn *c, const char *data, size_t size)
{
    const ssize_t n = try_send(c->fd, data, size);

    if (n < 0)
        return false;
    if ((size_t)n == size)
        return true;
    c->size = size - (size_t)n;
    c->pending = malloc(c->size);
    if (c->pending == NULL)
        return false;
    memcpy(c->pending, data + n, c->size);
    return true;
}

/* Sends what was kept, as far as it goes; false as above. */
static bool flush_pending(struct conn *c)
{
    const ssize_t n = try_send(c->fd, c->pending, c->size);

    if (n < 0)
        return false;
    c->size -= (size_t)n;
    if (c->size > 0)
    {
        memmove(c->pending, c->pending + n, c->size);
        return true;
    }
    free(c->pending);
    c->pending = NULL;
    return true;
}

/* Makes another event if there is more: later, so that a connection with much
   to read does not keep the others waiting. */
static bool ask_again(int epoll, struct conn *c)
{
    struct epoll_event e = {.events = INTEREST, .data.ptr = c};

    return epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e) == 0;
}

/* One block; false at the connection's end. While something is pending nothing
   is read: the other side is to take that first. */
static bool serve(int epoll, struct conn *c, uint32_t events,
                  const struct canned *reply)
{
    static char block[BLOCK];
    const bool ending = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    ssize_t n;
    bool fine;

    if (c->pending != NULL)
    {
        if (!flush_pending(c))
            return false;
        return c->pending != NULL || ask_again(epoll, c);
    }
    n = recv(c->fd, block, BLOCK, 0);
    if (n < 0 && errno == EAGAIN)
        return true;
    if (n <= 0)
        return false;
    fine = reply->data != NULL ? answer(c, reply->data, reply->size)
                               : answer(c, block, (size_t)n);
    if (!fine)
        return false;
    return (n < BLOCK && !ending) || ask_again(epoll, c);
}

static void accept_all(int epoll, int listener)
{
    for (;;)
    {
        const int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        struct epoll_event e = {.events = INTEREST};
        struct conn *c;

        if (fd < 0)
            return;
        c = calloc(1, sizeof *c);
        if (c == NULL)
            die("calloc");
        c->fd = fd;
        e.data.ptr = c;
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) != 0)
            die("epoll_ctl");
    }
}

int main(int argc, char **argv)
{
    static struct epoll_event ready[EVENTS];
    const int listener = listen_anywhere();
    const int epoll = epoll_create1(0);
    struct canned reply = {.data = argc > 1 ? argv[1] : NULL};
    struct epoll_event e = {.events = EPOLLIN}; /* no pointer: the listener */

    if (reply.data != NULL)
        reply.size = strlen(reply.data);
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e) != 0)
        die("epoll_ctl");
    for (;;)
    {
        const int n = epoll_wait(epoll, ready, EVENTS, -1);

        for (int i = 0; i < n; i++)
        {
            struct conn *c = ready[i].data.ptr;

            if (c == NULL)
                accept_all(epoll, listener);
            else if (!serve(epoll, c, ready[i].events, &reply))
                end(c);
        }
    }
}
