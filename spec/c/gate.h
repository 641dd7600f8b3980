/* Lookups that the test lets through one by one, and counts. */
#ifndef SPEC_C_GATE_H
#define SPEC_C_GATE_H

#include "core/net.h"
#include "core/query.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lookups wait here until `allowed` reaches their number. */
static struct
{
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int entered, allowed, left;
    int given, freed; /* lists */
    int running, most;
    bool signals_open;
    char last[64]; /* host and service of the last one */
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .changed = PTHREAD_COND_INITIALIZER};

enum
{
    ALL = 1000000 /* to let everything through */
};

static bool any_signal_open(void)
{
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    for (int number = 1; number < 32; number++)
        if (number != SIGKILL && number != SIGSTOP &&
            !sigismember(&set, number))
            return true;
    return false;
}

static struct addrinfo *make_list(void)
{
    struct addrinfo *list = calloc(1, sizeof *list);
    list->ai_family = AF_INET;
    return list;
}

/* "bad" fails; anything else gives one address, or a string. */
static int gated_lookup(const struct tw_net *net, const struct tw_query *query,
                        struct tw_answer *answer)
{
    const char *host = query->host, *service = query->service;
    bool bad = host && strcmp(host, "bad") == 0;
    (void)net;
    pthread_mutex_lock(&gate.lock);
    int number = ++gate.entered;
    gate.running++;
    gate.most = gate.running > gate.most ? gate.running : gate.most;
    gate.signals_open |= any_signal_open();
    snprintf(gate.last, sizeof gate.last, "%s/%s/%d", host ? host : "-",
             service ? service : "-", query->hints.ai_socktype);
    pthread_cond_broadcast(&gate.changed);
    while (gate.allowed < number)
        pthread_cond_wait(&gate.changed, &gate.lock);
    if (!bad && query->kind == TW_QUERY_ADDRS)
        answer->list = make_list();
    else if (!bad)
        answer->strings = strdup("a string");
    gate.given += !bad;
    gate.running--;
    gate.left++;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    return bad ? TW_ERESOLVE + EAI_NONAME : 0;
}

static void gated_free(const struct tw_net *net, struct tw_answer *answer)
{
    (void)net;
    free(answer->list);
    free(answer->strings);
    *answer = (struct tw_answer){.list = NULL};
    pthread_mutex_lock(&gate.lock);
    gate.freed++;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void wait_until(const int *counter, int value)
{
    pthread_mutex_lock(&gate.lock);
    while (*counter < value)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void allow(int n)
{
    pthread_mutex_lock(&gate.lock);
    gate.allowed = n;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static int read_gate(const int *counter)
{
    pthread_mutex_lock(&gate.lock);
    int value = *counter;
    pthread_mutex_unlock(&gate.lock);
    return value;
}

#endif
