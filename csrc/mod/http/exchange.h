/* Exchanges: a request, its answer, and the bytes of both. */
#ifndef TW_MOD_HTTP_EXCHANGE_H
#define TW_MOD_HTTP_EXCHANGE_H

#include "mod/http/server.h"

/* -- requests (request.c) -------------------------------------------------- */

/* Pushes a request made of a head, yet without its metatable. */
struct tw_http_req *tw_http_req_new(lua_State *L, struct tw_http_server *s,
                                    const struct tw_http_head *head,
                                    const char *bytes);

/* Sets the field of the request at 1 whose name is at 2 to the value on top,
   which stays there. */
void tw_http_req_keep(lua_State *L);

/* Pushes a list of {name, value}. */
void tw_http_push_fields(lua_State *L, const char *bytes,
                         const struct tw_http_head *head);

/* Pushes text with %XX decoded. */
void tw_http_push_unescaped(lua_State *L, const char *s, size_t len);

/* Throws away what there is of the body. True: it has come to its end, or there
   is none. */
bool tw_http_req_discard(struct tw_http_req *r);

/* -- answers (response.c, output.c) ---------------------------------------- */

/* Pushes an answer, ditto. */
struct tw_http_res *tw_http_res_new(lua_State *L);

/* The response at 1 of a method. */
struct tw_http_res *tw_http_res_self(lua_State *L);

/* Its head is about to leave: settles what follows it. `length` of a body whose
   length the handler has not set; -1: it is not known. */
void tw_http_res_begin(struct tw_http_res *res, int64_t length);

/* Ends an answer that the handler has left open, or begun not at all; `failure`
   is the status for the error that it raised, or 0. */
void tw_http_res_close(struct tw_http_res *res, int failure);

/* True if they may be a field's name and value. */
bool tw_http_field_ok(const char *name, size_t name_len, const char *value,
                      size_t len);

/* For methods that send part of it (answer.c): the answer at 1, NULL with a
   failure pushed; raises if `len` bytes would be more than was said. */
struct tw_http_res *tw_http_res_open(lua_State *L, const char *op);
void tw_http_res_check(lua_State *L, const struct tw_http_res *res, size_t len);

/* What is held back in front of `len` bytes of the body: the head, if it has
   not left yet, and the chunk's size; and behind them. 0 or -ENOMEM. */
int tw_http_res_chunk(struct tw_http_res *res, size_t len);
int tw_http_res_chunked(struct tw_http_res *res);

/* Ends a step that sends: TW_TASK_WAIT, a failure, or true. */
int tw_http_res_wait(lua_State *L, struct tw_wait *wait, int rc,
                     const char *op);

/* Bytes of a head at most. */
size_t tw_http_head_room(const struct tw_http_conn *c);

/* Writes the head of an answer to `out`, where it fits; returns its end. */
char *tw_http_head_write(struct tw_http_conn *c, struct tw_http_res *res,
                         char *out);

/* "Date: ..." and CR LF. */
const char *tw_http_date(struct tw_http_server *s);

/* "Not Found"; "" for a status without a name. */
const char *tw_http_reason(int status);

/* Sends what is held back, then `len` bytes at `data` from *done on, which
   counts them: 0 when all is sent, TW_WANT_*, or an error. */
int tw_http_put(struct tw_http_conn *c, const char *data, size_t len,
                size_t *done);

/* Has a step wait for what rc < 0 of tw_http_put or a read says; false if it
   has failed: then the connection is broken. */
bool tw_http_wants(struct tw_http_conn *c, struct tw_wait *wait, int rc,
                   int64_t time);

/* Then the exchange's object at `idx`, on the stack of the task that waits,
   keeps the stream: the server lets go of it as soon as the connection is
   dropped, which may be before the task goes on. */
void tw_http_hold(lua_State *L, int idx, const struct tw_http_conn *c);

enum
{
    TW_HTTP_KEPT = 1, /* user values of requests and responses: a table, ... */
    TW_HTTP_HELD,     /* ... and the stream */
    TW_HTTP_EXCHANGE_VALUES = TW_HTTP_HELD
};

#endif
