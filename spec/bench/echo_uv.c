/*
 * The echo server on libuv. It tries to send at once, as libuv's own
 * documentation advises for speed, and queues a write for what did not fit;
 * with an argument it queues every write, as the guide's echo server does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum
{
    BLOCK = 65536, /* what libuv suggests */
    BACKLOG = 4096
};

struct job
{
    uv_write_t request;
    char data[];
};

static int always_queue;

static void check(int status)
{
    if (status >= 0)
        return;
    fprintf(stderr, "%s\n", uv_strerror(status));
    exit(1);
}

/* One block for all: each read is answered or copied before the next. */
static void lend_block(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    static char block[BLOCK];

    (void)handle;
    (void)suggested;
    *buf = uv_buf_init(block, BLOCK);
}

static void freed(uv_handle_t *handle)
{
    free(handle);
}

static void end(uv_stream_t *stream)
{
    if (!uv_is_closing((uv_handle_t *)stream))
        uv_close((uv_handle_t *)stream, freed);
}

static void have_data(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf);

/* Reading was stopped so that no more piles up than one block. */
static void written(uv_write_t *request, int status)
{
    uv_stream_t *stream = request->handle;

    free(request);
    if (status < 0)
        end(stream);
    else if (!always_queue)
        check(uv_read_start(stream, lend_block, have_data));
}

static void queue(uv_stream_t *stream, const char *data, size_t size)
{
    struct job *j = malloc(sizeof *j + size);
    uv_buf_t buf;

    if (j == NULL)
        check(UV_ENOMEM);
    memcpy(j->data, data, size);
    buf = uv_buf_init(j->data, (unsigned)size);
    if (!always_queue)
        uv_read_stop(stream);
    check(uv_write(&j->request, stream, &buf, 1, written));
}

static void have_data(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    uv_buf_t reply;
    int sent;

    if (n < 0)
    {
        end(stream);
        return;
    }
    reply = uv_buf_init(buf->base, (unsigned)n);
    sent = n > 0 && !always_queue ? uv_try_write(stream, &reply, 1) : 0;
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0)
        end(stream);
    else if (sent < n)
        queue(stream, buf->base + sent, (size_t)(n - sent));
}

static void have_connection(uv_stream_t *server, int status)
{
    uv_tcp_t *conn = malloc(sizeof *conn);

    check(conn == NULL ? UV_ENOMEM : status);
    check(uv_tcp_init(server->loop, conn));
    check(uv_accept(server, (uv_stream_t *)conn));
    check(uv_read_start((uv_stream_t *)conn, lend_block, have_data));
}

static void print_port(const uv_tcp_t *server)
{
    struct sockaddr_in a;
    int n = sizeof a;

    check(uv_tcp_getsockname(server, (struct sockaddr *)&a, &n));
    printf("port %d\n", ntohs(a.sin_port));
    fflush(stdout);
}

int main(int argc, char **argv)
{
    (void)argv;
    uv_loop_t *loop = uv_default_loop();
    struct sockaddr_in a;
    uv_tcp_t server;

    always_queue = argc > 1;
    check(uv_ip4_addr("127.0.0.1", 0, &a));
    check(uv_tcp_init(loop, &server));
    check(uv_tcp_bind(&server, (struct sockaddr *)&a, 0));
    check(uv_listen((uv_stream_t *)&server, BACKLOG, have_connection));
    print_port(&server);
    return uv_run(loop, UV_RUN_DEFAULT);
}
