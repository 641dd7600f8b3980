/* signalfd(2) and this thread's mask. */
#include "loop/signal.h"

#include "core/err.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct
{
    const char *name;
    int number;
} names[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT},
    {"USR1", SIGUSR1},     {"USR2", SIGUSR2},   {"PIPE", SIGPIPE},
    {"ALRM", SIGALRM},     {"TERM", SIGTERM},   {"CHLD", SIGCHLD},
    {"CONT", SIGCONT},     {"TSTP", SIGTSTP},   {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU},     {"URG", SIGURG},     {"XCPU", SIGXCPU},
    {"XFSZ", SIGXFSZ},     {"PROF", SIGPROF},   {"IO", SIGIO},
    {"VTALRM", SIGVTALRM}, {"WINCH", SIGWINCH}, {"PWR", SIGPWR},
};

int tw_signal_number(const char *name)
{
    if (strncmp(name, "SIG", 3) == 0)
        name += 3;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, name) == 0)
            return names[i].number;
    return -EINVAL;
}

static void only(sigset_t *set, int number)
{
    sigemptyset(set);
    sigaddset(set, number);
}

int tw_signal_open(struct tw_signals *signals, int number)
{
    sigset_t set, old;
    if (number < 1 || number > TW_SIGNAL_MAX || number == SIGKILL ||
        number == SIGSTOP)
        return -EINVAL;
    only(&set, number);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (signals->users[number]++ == 0)
    {
        pthread_sigmask(SIG_BLOCK, &set, &old);
        signals->was_blocked[number] = sigismember(&old, number) == 1;
    }
    return fd;
}

void tw_signal_close(struct tw_signals *signals, int number, int fd)
{
    sigset_t set;
    if (fd < 0)
        return;
    bool last = --signals->users[number] == 0;
    if (last)
        tw_signal_take(fd); /* it was for us, and should not hit the process */
    close(fd);
    if (!last || signals->was_blocked[number])
        return;
    only(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int tw_signal_take(int fd)
{
    struct signalfd_siginfo info;
    ssize_t n = read(fd, &info, sizeof info);
    int err = errno;
    if (n == (ssize_t)sizeof info)
        return 0;
    return n < 0 && err == EAGAIN ? TW_WANT_READ : n < 0 ? -err : -EIO;
}
