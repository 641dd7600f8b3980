/*
 * The server's engine. A connection that waits for a request is no task but a
 * record here, linked to what it waits for; once something has come it is put
 * in line, and a worker, a task, takes it out, reads the request and calls the
 * handler.
 *
 *      WAITING ----------> READY -----------> BUSY -------> DEAD ------> FREE
 *         ^  ^  something    |      a request  |  gone        no script
 *         |  |  has come     | incomplete      |             refers to it
 *         |  +---------------+                 |
 *         +---------- answered ----------------+----> LINGERING ---> DEAD
 *
 * One that lingers stands in line, too, when there is much to be thrown away.
 */
#ifndef TW_MOD_HTTP_ENGINE_H
#define TW_MOD_HTTP_ENGINE_H

#include "mod/http/body.h"
#include "mod/http/module.h"

struct tw_http_server;

enum tw_http_state
{
    TW_HTTP_WAITING,
    TW_HTTP_READY,
    TW_HTTP_BUSY,
    TW_HTTP_LINGERING, /* told to go: what still comes is thrown away */
    TW_HTTP_DEAD,
    TW_HTTP_FREE,
    TW_HTTP_STATES
};

/* Why a connection may run out of time. All of a kind have the same time, so
   that each kind is a list in order of deadlines. */
enum tw_http_phase
{
    TW_HTTP_IDLE,    /* nothing of a request has come */
    TW_HTTP_HEADING, /* part of a head has */
    TW_HTTP_LEAVING,
    TW_HTTP_TIMELESS,
    TW_HTTP_PHASES
};

struct tw_http_link
{
    struct tw_http_link *prev, *next;
};

enum
{
    TW_HTTP_INPUT = 65536,       /* bytes received at a time */
    TW_HTTP_SMALL = 16384,       /* bodies that are copied to their heads */
    TW_HTTP_HELD_BACK = 65536,   /* bytes that wait for the client to read */
    TW_HTTP_DISCARD = 256 << 10, /* of a body, for the next request's sake */
};

/* What every request touches comes first: with hundreds of connections none of
   it is in the cache. */
struct tw_http_conn
{
    struct tw_http_link place; /* among those of its state ... */
    struct tw_http_link timed; /* ... and of its phase */
    struct tw_http_server *server;
    struct tw_stream *st;    /* kept alive by the server's table */
    struct tw_http_req *req; /* of the exchange; NULL: there is none */
    struct tw_http_res *res;
    int64_t deadline; /* of its phase */
    uint8_t state, phase;
    uint8_t dir;     /* TW_READ or TW_WRITE, which it waits for */
    bool broken;     /* nothing more can be sent or received */
    bool told;       /* the client, that nothing more will come */
    bool unread;     /* there is input that nobody has looked at */
    int16_t refused; /* the status that the log has yet to hear of, or 0 */
    struct tw_waiter waiter;
    struct tw_http_scan scan; /* of the head that is coming */
    uint32_t index;           /* in the server's table, from 1 on */
    struct tw_buf fields;     /* of the answer, as they are sent */
    const char *why;          /* it was refused */
};

/* What a handler gets as its first argument. Valid for ever; the connection is
   only the exchange's. The head's bytes and fields follow in the same block. */
struct tw_http_req
{
    struct tw_http_conn *conn; /* NULL: the exchange is over */
    struct tw_http_head head;
    const char *bytes;
    struct tw_http_body *body; /* NULL: there is none */
    int64_t max_body, got;     /* bytes of it: the limit, read so far */
    int64_t since;             /* if there is a log: when it had come */
    int64_t waits, waited;     /* for it: since when, 0: not now; in all, ns */
    bool asked;                /* 100 Continue has been sent, or needs not */
};

enum tw_http_stage
{
    TW_HTTP_FRESH,
    TW_HTTP_OPEN, /* the head has left */
    TW_HTTP_DONE
};

/* Its second one. */
struct tw_http_res
{
    struct tw_http_conn *conn;
    int64_t length; /* declared, -1: not */
    int64_t bytes;  /* of the body, sent */
    int16_t status;
    uint8_t stage; /* enum tw_http_stage */
    bool bodiless; /* whatever is written, none is sent */
    bool chunked;
    bool whole;        /* what is being sent is all there is */
    bool writing;      /* some task waits in the middle of it */
    bool keep;         /* the connection outlives the exchange */
    bool dated, typed; /* the fields of that name are the handler's own */
    bool plain;        /* without a type of its own it is text */
    bool switched;     /* to another protocol */
};

#endif
