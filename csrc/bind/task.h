/* What the files of the Lua module tidewire.task share. */
#ifndef TW_BIND_TASK_H
#define TW_BIND_TASK_H

#include "bind/ltw.h"
#include "task/runtime.h"
#include "task/scope.h"

/* What can be waited for with select, for its own file and select.c: */

struct ltw_event
{
    bool set;
    struct tw_queue waiting;
};

struct ltw_channel
{
    struct tw_queue receivers, senders;
    lua_Integer capacity;
    size_t head, count, size; /* of the ring in the user value */
    size_t promised;          /* of those counted: to receivers being woken */
    size_t expected;          /* senders being woken, who will add theirs */
    bool closed;
};

struct ltw_semaphore
{
    lua_Integer value;
    struct tw_queue waiting;
};

struct ltw_signal
{
    struct tw_watch watch;
    int number;
    int fd; /* -1: closed */
};

/* What whoever waits in a queue is woken with when something is now his: a
   value, a place, a permit. */
enum
{
    LTW_PROMISED = 1
};

/* Values that nobody has been promised. */
static inline bool ltw_channel_ready(const struct ltw_channel *ch)
{
    return ch->count > ch->promised;
}

/* Takes a value out of the channel at `idx` and pushes it. */
void ltw_channel_take(lua_State *L, int idx, struct ltw_channel *ch);

/* To be called before waiting as a receiver. True if a sender has been called,
   who comes when it is his turn: even one who has no time waits for him. */
bool ltw_channel_invite(lua_State *L, int idx, struct ltw_channel *ch);

enum
{
    LTW_CALLED_NS = 100000000 /* and not longer, should something stop him */
};

/* Checks a function, or something that can be called. */
void ltw_callable(lua_State *L, int idx, const char *name);

/* The end of a step that waits in a queue with a timeout. */
int ltw_wait_queue(struct tw_wait *wait, struct tw_queue *queue,
                   int64_t timeout);

/* Ditto, for an end that not even an error spares us, in a stubborn step: 0
   only in a forked child, where it will never come. */
int ltw_wait_end(struct tw_wait *wait, struct tw_queue *queue);

#endif
