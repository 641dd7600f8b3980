/*
 * WebSocket messages as bytes (RFC 6455 section 5), on wslay's frames, without
 * I/O. wslay finds and writes the frames, and takes the masks off and puts them
 * on; what a sequence of frames may be is checked here: messages and their
 * limits, UTF-8, control frames, close codes.
 *
 * A failure is minus the close code that names it: -1002 (protocol), -1007
 * (text that is not UTF-8), -1008 (too many fragments), -1009 (too big); or
 * -ENOMEM. Extensions are never agreed on, so that a reserved bit is an error.
 */
#ifndef TW_MOD_WS_FRAME_H
#define TW_MOD_WS_FRAME_H

#include "core/buf.h"
#include "core/err.h"
#include "mod/ws/utf8.h"

#include <sys/types.h>
#include <wslay/wslay.h>

enum
{
    TW_WS_MESSAGE = 1 << 20, /* default most bytes of a message ... */
    TW_WS_FRAGMENTS = 16384, /* ... and frames */
    TW_WS_CONTROL = 125,     /* most bytes of a ping, a pong or a close */
    TW_WS_HEAD = 14,         /* most bytes before a frame's payload */
    TW_WS_NO_STATUS = 1005   /* the code of a close that has none */
};

enum tw_ws_kind
{
    TW_WS_MORE = 0, /* nothing yet */
    TW_WS_TEXT = WSLAY_TEXT_FRAME,
    TW_WS_BINARY = WSLAY_BINARY_FRAME,
    TW_WS_CLOSE = WSLAY_CONNECTION_CLOSE,
    TW_WS_PING = WSLAY_PING,
    TW_WS_PONG = WSLAY_PONG
};

/* What has been read: a message as a whole, or a control frame. */
struct tw_ws_event
{
    uint8_t kind;     /* enum tw_ws_kind */
    uint16_t code;    /* of a close */
    const char *data; /* of a close the reason; valid until the next call */
    size_t len;
};

/*
 * What all connections of a runtime share: a frame is written at once, and one
 * that comes is mostly there as a whole, so that few need wslay at any moment.
 */
struct tw_ws
{
    struct tw_mem mem;
    /* What writes frames, to `at`: those without and those with a mask, for
       after one of these wslay puts masks on all. */
    struct wslay_frame_context *out[2];
    char *at;
    struct tw_ws_parser *spare; /* between two frames, or NULL */
};

/* 0 or -ENOMEM. deinit is harmless to repeat, and for what is all zeros. */
int tw_ws_init(struct tw_ws *ws, const struct tw_mem *mem);
void tw_ws_deinit(struct tw_ws *ws);

/* False once deinit has been called, or if init has failed. */
static inline bool tw_ws_ready(const struct tw_ws *ws)
{
    return ws->out[1] != NULL;
}

/* -- reading ------------------------------------------------------------- */

struct tw_ws_reader
{
    /* May be set before the first byte: */
    uint64_t max_message;   /* bytes of a message */
    uint32_t max_fragments; /* frames of a message */

    const char *why; /* after a failure: what is wrong, for people */

    /* -- private -------------------------------------------------------------
     */
    struct tw_ws *ws;
    struct tw_ws_parser *parser; /* while a frame is coming */
    struct tw_buf message;       /* what there is of it, unless in one piece */
    uint64_t left;      /* bytes of the frame's payload still to come */
    uint32_t fragments; /* frames of the message so far */
    int failed;         /* for good: the failure */
    struct tw_ws_utf8 utf8;
    bool masked;    /* what comes must be: we are the server */
    bool closed;    /* a close has come */
    bool fin;       /* of the frame that has begun */
    uint8_t opcode; /* ditto */
    uint8_t kind;   /* of the message that has begun, or TW_WS_MORE */
    uint8_t head_len;
    uint8_t control_len;
    uint8_t head[TW_WS_HEAD];
    char control[TW_WS_CONTROL];
};

/* Makes a reader of what a client (`masked`) or a server sends, with default
   limits. Borrows `ws`. */
void tw_ws_reader_init(struct tw_ws_reader *r, struct tw_ws *ws, bool masked);

/* Harmless to repeat, and for one that is all zeros. */
void tw_ws_reader_deinit(struct tw_ws_reader *r);

/*
 * Reads on, to the end of the next event at most, and sets `event` to it, or
 * its kind to TW_WS_MORE if that has not come yet. Returns how many bytes it
 * took (all of them if there was no event), or a failure, which is also that of
 * all later calls. After a close whatever comes is taken and ignored.
 */
ssize_t tw_ws_read(struct tw_ws_reader *r, const char *data, size_t len,
                   struct tw_ws_event *event);

/* Frees the memory of the last event, which is not needed any more. */
void tw_ws_release(struct tw_ws_reader *r);

/* -- writing ------------------------------------------------------------- */

struct tw_ws_frame
{
    uint8_t opcode; /* enum tw_ws_kind, 0 to continue a message */
    bool fin;
    bool mask; /* as a client must, with a key that nobody can foresee */
    const char *data;
    size_t len;
};

/* How many bytes a frame becomes. */
size_t tw_ws_frame_size(const struct tw_ws_frame *frame);

/* Writes a frame to `out`, which has room for it: how many bytes that were, or
   -EIO if the system has no random bytes. */
ssize_t tw_ws_write(struct tw_ws *ws, const struct tw_ws_frame *frame,
                    char *out);

/* Whether a close with that code may be received (RFC 6455 7.4). */
bool tw_ws_code_valid(unsigned code);

#endif
