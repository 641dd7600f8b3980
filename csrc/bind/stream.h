/* The Lua type "stream", for the files that make up its methods. */
#ifndef TW_BIND_STREAM_H
#define TW_BIND_STREAM_H

#include "bind/socket.h"

struct ltw_file
{
    struct tw_stream st; /* first: what all kinds of stream share */
    struct tw_runtime *rt;
    struct ltw_socket *sock; /* kept alive by the user value; once closed,
                                perhaps NULL */
    struct ltw_file *next;   /* of the same socket's open streams */
    int mode;                /* tw_stream_mode bits */
};

/* True if it has output that is buffered but not yet sent. */
static inline bool ltw_fileunsent(const struct ltw_file *f)
{
    return tw_buf_len(&f->st.wbuf) > 0;
}

/* The stream at slot 1; raises if it was not opened for that mode. */
struct ltw_file *ltw_openfor(lua_State *L, int mode);

/* Why a step must not even try: how its wait ended, or closed; else 0. */
int ltw_fileobstacle(const struct ltw_file *f, const struct tw_wait *wait,
                     unsigned dir);

/* Ends a step after rc < 0: TW_TASK_WAIT, or the results of the failure. */
int ltw_filewait(lua_State *L, struct ltw_file *f, struct tw_wait *wait, int rc,
                 const char *op);

/* Makes a kind of stream of the metatable on top; the stream at `idx`, of
   whatever kind, NULL if it is none. */
void ltw_streamkind(lua_State *L);
struct tw_stream *ltw_tostream(lua_State *L, int idx);

/* The frame format at slot 2; raises if it is none. */
void ltw_framearg(lua_State *L, struct tw_frame *frame);

extern const luaL_Reg ltw_stream_reads[], ltw_stream_writes[];

#endif
