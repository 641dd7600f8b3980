/*
 * A frame's head is collected first and checked as a whole, before anything is
 * done for its payload; wslay then gets the head and what there is of the
 * payload, never more, so that it holds nothing back.
 */
#include "mod/ws/frame.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static int fail(struct tw_ws_reader *r, int code, const char *why)
{
    r->why = why;
    r->failed = code;
    return code;
}

static int protocol(struct tw_ws_reader *r, const char *why)
{
    return fail(r, -WSLAY_CODE_PROTOCOL_ERROR, why);
}

/* -- through wslay ------------------------------------------------------- */

/* What takes the mask off one frame after another. */
struct tw_ws_parser
{
    struct wslay_frame_context *wslay;
    const char *in; /* what it is to take next */
    size_t left;
};

static ssize_t supply(uint8_t *buf, size_t len, int flags, void *ud)
{
    struct tw_ws_parser *p = ud;
    size_t n = p->left < len ? p->left : len;
    (void)flags;
    if (n == 0)
        return -1;
    memcpy(buf, p->in, n);
    p->in += n;
    p->left -= n;
    return (ssize_t)n;
}

static void parser_free(struct tw_ws_parser *p, const struct tw_mem *mem)
{
    if (p)
        wslay_frame_context_free(p->wslay);
    tw__mem_free(mem, p, sizeof *p);
}

static struct tw_ws_parser *parser_new(const struct tw_mem *mem)
{
    const struct wslay_frame_callbacks callbacks = {.recv_callback = supply};
    struct tw_ws_parser *p = tw__mem_new(mem, sizeof *p);
    if (p && wslay_frame_context_init(&p->wslay, &callbacks, p) != 0)
    {
        tw__mem_free(mem, p, sizeof *p);
        return NULL;
    }
    return p;
}

/* To be called when a frame begins. False: no memory. */
static bool take_parser(struct tw_ws_reader *r)
{
    struct tw_ws *ws = r->ws;
    r->parser = ws->spare ? ws->spare : parser_new(&ws->mem);
    ws->spare = NULL;
    return r->parser != NULL;
}

/* Ditto, when it has ended. The parser has nothing more to do with it, but its
   last piece is still in there, so that another one goes. */
static void give_parser(struct tw_ws_reader *r)
{
    parser_free(r->ws->spare, &r->ws->mem);
    r->ws->spare = r->parser;
    r->parser = NULL;
}

/* Gives wslay bytes of a frame: how many of the payload they are, and where
   those are without their mask, until the next frame of any reader. */
static ssize_t through_wslay(struct tw_ws_reader *r, const void *data,
                             size_t len, const char **piece)
{
    struct wslay_frame_iocb io = {0};
    r->parser->in = data;
    r->parser->left = len;
    ssize_t n = wslay_frame_recv(r->parser->wslay, &io);
    *piece = (const char *)io.data;
    if (n == WSLAY_ERR_WANT_READ)
        return 0;
    if (n < 0)
        return protocol(r, "a length that is not the shortest, or a control "
                           "frame that is too long or in fragments");
    return n;
}

/* -- what ends with a frame ---------------------------------------------- */

bool tw_ws_code_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static int end_close(struct tw_ws_reader *r, struct tw_ws_event *event)
{
    const uint8_t *bytes = (const uint8_t *)r->control;
    struct tw_ws_utf8 u = {0};
    r->closed = true;
    event->code = TW_WS_NO_STATUS;
    if (event->len == 0)
        return 0;
    event->code = event->len == 1 ? 0 : (uint16_t)(bytes[0] << 8 | bytes[1]);
    if (!tw_ws_code_valid(event->code))
        return protocol(r, "a close code that may not be sent");
    event->data += 2;
    event->len -= 2;
    if (!tw_ws_utf8_read(&u, event->data, event->len) || !tw_ws_utf8_whole(&u))
        return fail(r, -WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA,
                    "a close reason that is not UTF-8");
    return 0;
}

static int end_control(struct tw_ws_reader *r, struct tw_ws_event *event)
{
    *event = (struct tw_ws_event){
        .kind = r->opcode, .data = r->control, .len = r->control_len};
    return r->opcode == TW_WS_CLOSE ? end_close(r, event) : 0;
}

/* The message is `piece` or, if it came in several, in the buffer. */
static int end_message(struct tw_ws_reader *r, const char *piece, size_t len,
                       struct tw_ws_event *event)
{
    if (r->kind == TW_WS_TEXT && !tw_ws_utf8_whole(&r->utf8))
        return fail(r, -WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA,
                    "a text that ends inside of a character");
    size_t held = tw_buf_len(&r->message);
    *event = (struct tw_ws_event){
        .kind = r->kind,
        .data = held ? tw_buf_data(&r->message) : piece,
        .len = held ? held : len,
    };
    r->kind = TW_WS_MORE;
    r->fragments = 0;
    return 0;
}

/* -- payload ------------------------------------------------------------- */

static int control_piece(struct tw_ws_reader *r, const char *piece, size_t len,
                         struct tw_ws_event *event)
{
    if (len)
        memcpy(r->control + r->control_len, piece, len);
    r->control_len = (uint8_t)(r->control_len + len);
    return r->left == 0 ? end_control(r, event) : 0;
}

static int message_piece(struct tw_ws_reader *r, const char *piece, size_t len,
                         struct tw_ws_event *event)
{
    if (r->kind == TW_WS_TEXT && !tw_ws_utf8_read(&r->utf8, piece, len))
        return fail(r, -WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA,
                    "a text that is not UTF-8");
    bool last = r->fin && r->left == 0;
    bool only = last && tw_buf_len(&r->message) == 0;
    if (!only && !tw_buf_append(&r->message, piece, len))
        return fail(r, -ENOMEM, "no memory for a message");
    return last ? end_message(r, piece, len, event) : 0;
}

/* A piece of the frame's payload; sets `event` if something ends with it. */
static int take_piece(struct tw_ws_reader *r, const char *piece, size_t len,
                      struct tw_ws_event *event)
{
    r->left -= len;
    if (r->left == 0)
    {
        r->head_len = 0;
        give_parser(r);
    }
    return wslay_is_ctrl_frame(r->opcode) ? control_piece(r, piece, len, event)
                                          : message_piece(r, piece, len, event);
}

/* Takes some of the payload: how many bytes, or a failure. */
static ssize_t take_payload(struct tw_ws_reader *r, const char *data,
                            size_t len, struct tw_ws_event *event)
{
    const char *piece;
    ssize_t n =
        through_wslay(r, data, len < r->left ? len : (size_t)r->left, &piece);
    int rc = n < 0 ? (int)n : take_piece(r, piece, (size_t)n, event);
    return rc < 0 ? rc : n;
}

/* -- heads --------------------------------------------------------------- */

/* How many bytes tell the payload's length, after the first that does. */
static unsigned length_bytes(uint8_t second)
{
    unsigned len = second & 0x7f;
    return len == 127 ? 8 : len == 126 ? 2 : 0;
}

/* The size of the head that has begun, as far as that is known. */
static unsigned head_size(const struct tw_ws_reader *r)
{
    if (r->head_len < 2)
        return 2;
    return 2 + length_bytes(r->head[1]) + (r->head[1] & 0x80 ? 4 : 0);
}

static uint64_t payload_length(const uint8_t *head)
{
    unsigned n = length_bytes(head[1]);
    uint64_t len = n ? 0 : head[1] & 0x7f;
    for (unsigned i = 0; i < n; i++)
        len = len << 8 | head[2 + i];
    return len;
}

/* A data frame begins a message or continues one. */
static int check_data(struct tw_ws_reader *r, uint64_t len)
{
    bool first = r->opcode != WSLAY_CONTINUATION_FRAME;
    uint64_t held = tw_buf_len(&r->message);
    if (first && r->kind)
        return protocol(r, "a message begins inside of another");
    if (!first && !r->kind)
        return protocol(r, "a continuation of no message");
    if (r->fragments >= r->max_fragments)
        return fail(r, -WSLAY_CODE_POLICY_VIOLATION, "too many fragments");
    if (len > r->max_message || held > r->max_message - len)
        return fail(r, -WSLAY_CODE_MESSAGE_TOO_BIG, "a message too big");
    if (first)
        r->kind = r->opcode;
    r->fragments++;
    return 0;
}

/* Of a head that is complete: what wslay leaves to its user. */
static int check_head(struct tw_ws_reader *r)
{
    bool masked = r->head[1] & 0x80;
    r->fin = r->head[0] & 0x80;
    r->opcode = r->head[0] & 0x0f;
    if (r->head[0] & 0x70)
        return protocol(r, "a reserved bit is set");
    if (masked != r->masked)
        return protocol(r, masked ? "a masked frame from a server"
                                  : "a frame without a mask from a client");
    if (wslay_is_ctrl_frame(r->opcode))
        return r->opcode > WSLAY_PONG ? protocol(r, "an unknown opcode") : 0;
    if (r->opcode > WSLAY_BINARY_FRAME)
        return protocol(r, "an unknown opcode");
    return check_data(r, payload_length(r->head));
}

/* Takes what there is of a head: how many bytes, or a failure. */
static ssize_t take_head(struct tw_ws_reader *r, const char *data, size_t len,
                         struct tw_ws_event *event)
{
    size_t taken = 0;
    const char *none;
    while (taken < len && r->head_len < head_size(r))
        r->head[r->head_len++] = (uint8_t)data[taken++];
    if (r->head_len < head_size(r))
        return (ssize_t)taken;
    r->control_len = 0;
    int rc = check_head(r);
    if (rc >= 0 && !take_parser(r))
        rc = fail(r, -ENOMEM, "no memory for a frame");
    if (rc >= 0)
        rc = (int)through_wslay(r, r->head, r->head_len, &none);
    if (rc < 0)
        return rc;
    r->left = payload_length(r->head);
    if (r->left == 0)
        rc = take_piece(r, "", 0, event);
    return rc < 0 ? rc : (ssize_t)taken;
}

/* -- reading ------------------------------------------------------------- */

void tw_ws_reader_init(struct tw_ws_reader *r, struct tw_ws *ws, bool masked)
{
    *r = (struct tw_ws_reader){
        .ws = ws,
        .masked = masked,
        .max_message = TW_WS_MESSAGE,
        .max_fragments = TW_WS_FRAGMENTS,
    };
    tw_buf_init(&r->message, &ws->mem);
}

void tw_ws_reader_deinit(struct tw_ws_reader *r)
{
    struct tw_ws_parser *parser = r->parser;
    if (!r->ws)
        return;
    r->parser = NULL;
    r->failed = TW_ECLOSED;
    tw_buf_deinit(&r->message);
    parser_free(parser, &r->ws->mem);
}

void tw_ws_release(struct tw_ws_reader *r)
{
    if (!r->kind)
        tw_buf_deinit(&r->message);
}

ssize_t tw_ws_read(struct tw_ws_reader *r, const char *data, size_t len,
                   struct tw_ws_event *event)
{
    size_t taken = 0;
    event->kind = TW_WS_MORE;
    if (!tw_ws_ready(r->ws))
        return TW_ECLOSED;
    tw_ws_release(r);
    while (taken < len && !event->kind && !r->failed && !r->closed)
    {
        ssize_t n = r->left ? take_payload(r, data + taken, len - taken, event)
                            : take_head(r, data + taken, len - taken, event);
        taken += n > 0 ? (size_t)n : 0;
    }
    if (r->failed)
        return r->failed;
    return r->closed && !event->kind ? (ssize_t)len : (ssize_t)taken;
}

/* -- writing ------------------------------------------------------------- */

static ssize_t put(const uint8_t *data, size_t len, int flags, void *ud)
{
    struct tw_ws *ws = ud;
    (void)flags;
    memcpy(ws->at, data, len);
    ws->at += len;
    return (ssize_t)len;
}

/* The key must be one that no script can foresee (RFC 6455 10.3). */
static int make_key(uint8_t *key, size_t len, void *ud)
{
    (void)ud;
    return getentropy(key, len);
}

int tw_ws_init(struct tw_ws *ws, const struct tw_mem *mem)
{
    const struct wslay_frame_callbacks callbacks = {
        .send_callback = put, .genmask_callback = make_key};
    *ws = (struct tw_ws){.mem = *mem};
    for (int i = 0; i < 2; i++)
        if (wslay_frame_context_init(&ws->out[i], &callbacks, ws) != 0)
        {
            tw_ws_deinit(ws);
            return -ENOMEM;
        }
    return 0;
}

void tw_ws_deinit(struct tw_ws *ws)
{
    for (int i = 0; i < 2; i++)
        wslay_frame_context_free(ws->out[i]);
    parser_free(ws->spare, &ws->mem);
    *ws = (struct tw_ws){.mem = ws->mem};
}

size_t tw_ws_frame_size(const struct tw_ws_frame *frame)
{
    size_t head = frame->len > 0xffff ? 10 : frame->len > 125 ? 4 : 2;
    return head + (frame->mask ? 4 : 0) + frame->len;
}

ssize_t tw_ws_write(struct tw_ws *ws, const struct tw_ws_frame *frame,
                    char *out)
{
    struct wslay_frame_iocb io = {
        .fin = frame->fin,
        .opcode = frame->opcode,
        .mask = frame->mask,
        .payload_length = frame->len,
        .data = (const uint8_t *)frame->data,
        .data_length = frame->len,
    };
    ws->at = out;
    return wslay_frame_send(ws->out[frame->mask], &io) < 0 ? -EIO
                                                           : ws->at - out;
}
