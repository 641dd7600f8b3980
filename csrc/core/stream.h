/*
 * Buffered byte streams over anything that reads and writes: sockets now, TLS
 * and terminals later. It stands on buf and on a small table of operations,
 * and never waits: a call that needs more than is there returns what the
 * operation wants (TW_WANT_*), keeps every byte, and is simply called again.
 *
 * A stream's userdata in Lua begins with struct tw_stream, so separately built
 * modules can add kinds of stream that share every method.
 */
#ifndef TW_CORE_STREAM_H
#define TW_CORE_STREAM_H

#include "core/buf.h"
#include "core/err.h"
#include "core/frame.h"

struct tw_stream;
struct tw_watch; /* loop/loop.h */

struct tw_stream_ops
{
    const char *name;
    /* Bytes moved (> 0), TW_EOF (read only), TW_WANT_*, or an error. */
    ssize_t (*read)(struct tw_stream *, void *data, size_t len);
    ssize_t (*write)(struct tw_stream *, const void *data, size_t len);
    /* Lets go of what is underneath. Called once. */
    int (*close)(struct tw_stream *);

    /* For those who do without the buffers, as servers of protocols: */

    /* What to wait for after TW_WANT_READ and TW_WANT_WRITE. */
    struct tw_watch *(*watch)(struct tw_stream *);
    /* From now on no call sleeps in the kernel, even where nothing else could
       run meanwhile. NULL: none does. */
    void (*never_sleep)(struct tw_stream *);
    /* As write, of several pieces. NULL: there is only write. */
    ssize_t (*writev)(struct tw_stream *, const struct iovec *, int count);
    /* As write, from place `offset` of an open file on, 0 at its end; what the
       output buffer holds goes first, in one segment with few bytes. NULL: the
       file must be read and written. */
    ssize_t (*sendfile)(struct tw_stream *, int file, int64_t offset,
                        size_t len);
    /* Nothing more will be written; the peer is told. NULL: it cannot be. */
    int (*shutdown)(struct tw_stream *);
    /* What was written is not all: the close to come is to look like a failure,
       not an end. NULL: it cannot. */
    void (*spoil)(struct tw_stream *);
};

enum
{
    TW_STREAM_WBUF = 8192,       /* default size of the output buffer */
    TW_STREAM_MAX = 1 << 20,     /* default most bytes of a line or frame */
    TW_STREAM_MAX_ALL = 1 << 30, /* default most bytes of a read to the end */
};

enum tw_stream_mode
{
    TW_STREAM_READ = 1,
    TW_STREAM_WRITE = 2
};

struct tw_stream
{
    const struct tw_stream_ops *ops; /* NULL: closed */
    struct tw_buf rbuf, wbuf;
    size_t max;     /* most bytes of a line, delimited read or frame */
    size_t max_all; /* most bytes of a read to the end */
    size_t wlimit;  /* output held back before it is sent; 0: none */
    size_t scanned; /* bytes of rbuf known not to hold the delimiter */
    size_t chunk;   /* how much the next read asks for */
    int mode;       /* tw_stream_mode bits */
    bool by_line;   /* output with a newline in it is sent at once */
    bool exact;     /* fetches no more than a read needs */
};

/* Makes an open stream with empty buffers and default limits. */
void tw_stream_init(struct tw_stream *st, const struct tw_stream_ops *ops,
                    const struct tw_mem *mem);

/* Drops the buffers and closes; idempotent. Unsent output is lost. */
int tw_stream_close(struct tw_stream *st);

/* To be called once before each read below (not before its repetitions). */
static inline void tw_stream_begin(struct tw_stream *st)
{
    st->scanned = 0;
}

/*
 * The reads. Each returns how many bytes at the front of rbuf answer it, to
 * be taken with tw_stream_take; or TW_EOF, TW_WANT_*, TW_ETOOLONG, an error.
 * Whatever has arrived stays in rbuf until taken.
 */

/* Through the end of the first `delim`, at most `max` bytes. */
ssize_t tw_stream_until(struct tw_stream *st, const char *delim, size_t dlen,
                        size_t max);

/* Through the next newline, or to the end of the stream if that is nearer. */
ssize_t tw_stream_line(struct tw_stream *st);

/* `n` bytes, fewer only at the end of the stream (TW_EOF if none). */
ssize_t tw_stream_count(struct tw_stream *st, size_t n);

/* Exactly `n` bytes; TW_EOF when the stream ends before. */
ssize_t tw_stream_exact(struct tw_stream *st, size_t n);

/* What is there, at least one byte and at most `max`. */
ssize_t tw_stream_some(struct tw_stream *st, size_t max);

/* Everything to the end (0 at the end); TW_ETOOLONG past `max`. */
ssize_t tw_stream_all(struct tw_stream *st, size_t max);

/*
 * What can be part of a Lua numeral, perhaps malformed or empty, after white
 * space, which is dropped; TW_ETOOLONG past 200 bytes, as many as Lua reads.
 */
ssize_t tw_stream_numeral(struct tw_stream *st);

/*
 * A frame's body; its prefix is dropped once the whole frame is there.
 * TW_EOF inside a frame leaves what came in rbuf.
 */
ssize_t tw_stream_frame(struct tw_stream *st, const struct tw_frame *frame,
                        size_t max);

/* Takes `n` bytes from the front, as counted by a read. */
void tw_stream_take(struct tw_stream *st, size_t n);

/* Puts bytes back in front. False: no memory, no change. */
bool tw_stream_unread(struct tw_stream *st, const char *data, size_t len);

/*
 * Accepts output: returns how many bytes were sent or buffered (at least one
 * of len > 0), or TW_WANT_*, or an error, having accepted none.
 */
ssize_t tw_stream_write(struct tw_stream *st, const char *data, size_t len);

/* Sends what is buffered: 0 when none is left, else TW_WANT_* or an error. */
int tw_stream_flush(struct tw_stream *st);

#endif
