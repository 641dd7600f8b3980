/* Connections: how they wait, run out of time, end. Nothing here calls Lua. */
#ifndef TW_MOD_HTTP_CONN_H
#define TW_MOD_HTTP_CONN_H

#include "mod/http/server.h"

/* A record, in no phase and WAITING, for a stream that the caller puts in the
   table; NULL: no memory. */
struct tw_http_conn *tw_http_conn_new(struct tw_http_server *s,
                                      struct tw_stream *st);

/* Its time begins anew. */
void tw_http_conn_phase(struct tw_http_conn *c, enum tw_http_phase phase);

/* Waits for input, or what TW_WANT_* says; or stands in line at once. */
void tw_http_conn_await(struct tw_http_conn *c, int want);

void tw_http_conn_ready(struct tw_http_conn *c);
void tw_http_conn_busy(struct tw_http_conn *c);

/* An exchange begins. */
void tw_http_conn_bind(struct tw_http_conn *c, struct tw_http_req *req,
                       struct tw_http_res *res);

/* The exchange is over: no script reaches the connection any more. */
void tw_http_conn_unbind(struct tw_http_conn *c);

/* Closes it. */
void tw_http_conn_drop(struct tw_http_conn *c);

/* Ditto, so that what has been sent does not look whole. */
void tw_http_conn_abort(struct tw_http_conn *c);

/* Ditto, after the peer has been given time to read the answer: a descriptor
   closed with input that nobody read may take what was sent with it. */
void tw_http_conn_leave(struct tw_http_conn *c);

/* Goes on with that: throws away what has come, until the peer closes or the
   time is up. In between the connection is READY, in its phase LEAVING. */
void tw_http_conn_linger(struct tw_http_conn *c);

/* Ditto, after answering with a status and the reason of it, which the log is
   told of first: by a worker. */
void tw_http_conn_refuse(struct tw_http_conn *c, int status, const char *why);

/* The stream is somebody else's from now on: the record is DEAD. */
void tw_http_conn_release(struct tw_http_conn *c);

/* Frees the records, all of which are DEAD or FREE. */
void tw_http_conns_free(struct tw_http_server *s);

/* The waiter.wake of a server's timer. */
void tw_http_sweep(struct tw_waiter *waiter, int status);

#endif
