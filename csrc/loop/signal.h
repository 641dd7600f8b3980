/*
 * Signals as something to read: signalfd(2). A signal is blocked in the calling
 * thread from the first open to the last close of its kind, and then as it was.
 * Nothing here installs a handler.
 */
#ifndef TW_LOOP_SIGNAL_H
#define TW_LOOP_SIGNAL_H

#include "core/os.h"

#include <stdint.h>

enum
{
    TW_SIGNAL_MAX = 64
};

/* Who has which signal open; zero-initialised. */
struct tw_signals
{
    uint16_t users[TW_SIGNAL_MAX + 1];
    bool was_blocked[TW_SIGNAL_MAX + 1];
};

/* The number of "INT" or "SIGINT"; -EINVAL if there is no such signal. */
int tw_signal_number(const char *name);

/* A new non-blocking descriptor for that signal, or an error; -EINVAL for one
   that cannot be blocked. */
int tw_signal_open(struct tw_signals *signals, int number);

void tw_signal_close(struct tw_signals *signals, int number, int fd);

/* Takes a signal that has arrived: 0, TW_WANT_READ, or an error. */
int tw_signal_take(int fd);

#endif
