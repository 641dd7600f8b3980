/*
 * Knowing that one is a forked child, who shares the parent's poller and has
 * none of its threads. Linux wipes a page in the child, so that asking costs no
 * system call; elsewhere the process ids are compared.
 */
#ifndef TW_LOOP_FORKED_H
#define TW_LOOP_FORKED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tw_forked
{
    char *page; /* holds 1, in the child 0; NULL: not to be had */
    size_t size;
    pid_t owner;
};

void tw_forked_init(struct tw_forked *forked);
void tw_forked_deinit(struct tw_forked *forked);

/* True in every process but the one that called init. */
bool tw_forked(const struct tw_forked *forked);

#endif
