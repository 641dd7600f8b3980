/* Waking a loop from another thread: a descriptor that becomes readable. */
#ifndef TW_LOOP_WAKE_H
#define TW_LOOP_WAKE_H

struct tw_wake
{
    int rfd, wfd; /* the same descriptor where one serves both ends */
};

/* Returns 0 or a negative code (see core/err.h). */
int tw_wake_open(struct tw_wake *wake);
void tw_wake_close(struct tw_wake *wake);

/* Makes rfd readable; from any thread or signal handler; never blocks. */
void tw_wake_signal(const struct tw_wake *wake);

/* Makes rfd unreadable again, however often it was signalled. */
void tw_wake_clear(const struct tw_wake *wake);

#endif
