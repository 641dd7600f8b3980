/* The records of tasks: blocks of them, never given back before the runtime
   closes, as tasks come and go. */
#ifndef TW_TASK_RECORD_H
#define TW_TASK_RECORD_H

#include "task/task.h"

/* A fresh record of a coroutine. The value on top of the stack, the coroutine
   or what refers to it, then lives as long as the task. Raises if there is no
   memory. */
struct tw_task *tw__record_new(lua_State *L, struct tw_runtime *rt,
                               lua_State *co);

void tw__record_free(lua_State *L, struct tw_runtime *rt, struct tw_task *task);

/* Ditto, in place of what was given before. */
void tw__record_anchor(lua_State *L, struct tw_runtime *rt,
                       const struct tw_task *task);

/* The table of what is kept alive, made and dropped with the runtime. */
void tw__record_open(lua_State *L, struct tw_runtime *rt);
void tw__record_close(struct tw_runtime *rt);

#endif
