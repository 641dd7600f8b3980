/* What tasks are doing, for people. */
#ifndef TW_TASK_INSPECT_H
#define TW_TASK_INSPECT_H

#include "task/runtime.h"

/*
 * Pushes a table that describes a task: `state` ("ready", "running",
 * "waiting"), `spawned` ("file:line"), `where` (the line that waits, if it is
 * known) and, of one that waits: `what` (the function), `fd` and `mode` ("r",
 * "w") if it is for a descriptor, `since` (seconds of the monotonic clock, to a
 * tenth); `name`, if it has one.
 */
void tw_task_describe(lua_State *L, struct tw_runtime *rt,
                      const struct tw_task *task);

#endif
