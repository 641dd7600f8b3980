/* The server: its connections, what they wait for, its workers. */
#ifndef TW_MOD_HTTP_SERVER_H
#define TW_MOD_HTTP_SERVER_H

#include "mod/http/engine.h"

enum
{
    TW_HTTP_DATED = 96 /* room for a status line and a date */
};

/* User values of a server. In the registry, at its address, is the table of
   what its connections keep alive: of connection i the stream at 2 i - 1, the
   peer's address at 2 i. */
enum
{
    TW_HTTP_HANDLER = 1,
    TW_HTTP_EXPLAIN, /* makes a traceback of a handler's error */
    TW_HTTP_ONERROR, /* called with the error and the request */
    TW_HTTP_LOG,
    TW_HTTP_SPAWN, /* called to have another worker */
    TW_HTTP_VALUES = TW_HTTP_SPAWN
};

struct tw_http_server
{
    const struct tw_api *api;
    struct tw_http *http; /* outlives it: its functions have it */
    struct tw_runtime *rt;
    struct tw_http_link states[TW_HTTP_STATES], phases[TW_HTTP_PHASES];
    int64_t times[TW_HTTP_PHASES]; /* ns */
    struct tw_waiter timer;        /* for the soonest of all deadlines ... */
    int64_t armed;                 /* ... or sooner; TW_FOREVER: none */

    struct tw_queue sleepers; /* workers that have nothing to do */
    unsigned asleep;          /* how many, or just being woken */
    unsigned coming;          /* that will look for work without being woken */
    unsigned spawned;         /* of these: that have yet to begin */
    struct tw_queue watchers; /* who waits for connections to become fewer */

    struct tw_http_limits limits;
    int64_t max_body, body_time, write_time;
    bool stopping;
    bool logging;

    uint32_t records; /* of connections, ever made */
    size_t count, busy;
    uint64_t requests;

    int64_t date_until; /* of the clock that the loop goes by */
    size_t dated_len;   /* "HTTP/1.1 200 OK", and ... */
    size_t status_len;  /* ... only that: then comes the date */
    char dated[TW_HTTP_DATED];
    struct tw_http_field *fields; /* where heads are read ... */
    char *input;       /* ... and land: behind them, used for nothing else */
    size_t input_size; /* of both */
};

static inline void tw_http_link_init(struct tw_http_link *list)
{
    list->prev = list->next = list;
}

static inline void tw_http_link_add(struct tw_http_link *list,
                                    struct tw_http_link *link)
{
    *link = (struct tw_http_link){list->prev, list};
    list->prev->next = link;
    list->prev = link;
}

static inline void tw_http_link_remove(struct tw_http_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
}

/* The first connection in that state, NULL if there is none. */
static inline struct tw_http_conn *tw_http_first(const struct tw_http_server *s,
                                                 enum tw_http_state state)
{
    struct tw_http_link *link = s->states[state].next;
    return link == &s->states[state]
               ? NULL
               : tw__container_of(link, struct tw_http_conn, place);
}

/* The time, as of when the loop was last turned. */
int64_t tw_http_now(const struct tw_http_server *s);

/* -- workers (work.c) ------------------------------------------------------ */

/* Has a worker look for work, if none will and one sleeps. */
void tw_http_call_worker(struct tw_http_server *s);

/* server:work(): what a worker does until it is cancelled or not needed. */
int tw_http_server_work(lua_State *L);

#endif
