/*
 * Two owners share a job: the lookup that wants it and the thread that does
 * it. What threads touch (the pool and its jobs) comes from libc's allocator,
 * because the loop's belongs to one thread and may be gone before a thread
 * stuck in a lookup is.
 *
 *   queued -> running -> done      any of them -> (abandoned) freed
 */
#include "loop/resolve.h"

#include "loop/wake.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Lookups under way at once. Each may block for a resolver's whole timeout,
   and then others should not have to queue behind a few of them. */
enum
{
    THREADS = 16
};

enum state
{
    QUEUED,
    RUNNING,
    DONE
};

struct job
{
    struct job *next;
    struct tw_lookup *lookup; /* NULL: abandoned */
    enum state state;
    int rc;
    struct tw_answer answer;
    struct tw_query query; /* its strings are copies, behind the struct */
};

struct pool
{
    pthread_mutex_t lock;
    pthread_cond_t work;
    const struct tw_net *net;
    struct tw_wake wake;
    struct job *queue, *done;
    int threads, idle, queued;
    int refs; /* the resolver and each thread */
    bool closed;
};

struct tw_resolver
{
    const struct tw_mem *mem;
    struct tw_loop *loop;
    struct pool *pool;
    struct tw_watch watch;
    struct tw_waiter waiter;
    size_t pending; /* lookups not yet delivered */
    pid_t owner;
};

static void discard(const struct tw_net *net, struct tw_answer *answer)
{
    if (answer->list || answer->strings)
        net->lookup_free(net, answer);
}

static void free_job(const struct pool *pool, struct job *job)
{
    discard(pool->net, &job->answer);
    free(job);
}

static void append(struct job **list, struct job *job)
{
    while (*list)
        list = &(*list)->next;
    job->next = NULL;
    *list = job;
}

static void unlink_job(struct job **list, const struct job *job)
{
    while (*list && *list != job)
        list = &(*list)->next;
    if (*list)
        *list = job->next;
}

static void free_jobs(struct pool *pool, struct job *job)
{
    while (job)
    {
        struct job *next = job->next;
        free_job(pool, job);
        job = next;
    }
}

/* Drops one owner of the pool; entered locked, left unlocked. */
static void unref(struct pool *pool)
{
    bool last = --pool->refs == 0;
    pthread_mutex_unlock(&pool->lock);
    if (!last)
        return;
    free_jobs(pool, pool->queue);
    free_jobs(pool, pool->done);
    tw_wake_close(&pool->wake);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* Does one job; entered and left locked. */
static void perform(struct pool *pool, struct job *job)
{
    unlink_job(&pool->queue, job);
    pool->queued--;
    job->state = RUNNING;
    pthread_mutex_unlock(&pool->lock);
    job->rc = pool->net->lookup(pool->net, &job->query, &job->answer);
    pthread_mutex_lock(&pool->lock);
    job->state = DONE;
    if (!job->lookup)
    {
        free_job(pool, job);
        return;
    }
    append(&pool->done, job);
    tw_wake_signal(&pool->wake);
}

static void *worker(void *arg)
{
    struct pool *pool = arg;
    pthread_mutex_lock(&pool->lock);
    while (!pool->closed)
    {
        if (pool->queue)
        {
            perform(pool, pool->queue);
            continue;
        }
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
    }
    unref(pool);
    return NULL;
}

/* Starts a thread with all signals blocked: the host's handlers run on the
   host's threads. Entered and left locked. */
static int add_thread(struct pool *pool)
{
    sigset_t all, old;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&thread, NULL, worker, pool);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc != 0)
        return -rc;
    pthread_detach(thread);
    pool->threads++;
    pool->refs++;
    return 0;
}

static int pool_new(struct pool **out, const struct tw_net *net)
{
    struct pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return -ENOMEM;
    int rc = tw_wake_open(&pool->wake);
    if (rc < 0)
    {
        free(pool);
        return rc;
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pool->net = net;
    pool->refs = 1;
    *out = pool;
    return 0;
}

/* Waits for the pool's wake-up while, and only while, lookups are pending. */
static int listen_for_results(struct tw_resolver *resolver)
{
    if (resolver->watch.reader || resolver->pending == 0)
        return 0;
    /* Whatever was signalled before is about results delivered by now. */
    tw_watch_blocked(&resolver->watch, TW_READ);
    return tw_loop_wait(resolver->loop, &resolver->watch, TW_READ,
                        &resolver->waiter);
}

static void deliver(struct tw_resolver *resolver, struct job *job)
{
    struct tw_lookup *lookup = job->lookup;
    lookup->done = true;
    lookup->rc = job->rc;
    lookup->answer = job->answer;
    job->answer = (struct tw_answer){.list = NULL};
    lookup->job = NULL;
    free_job(resolver->pool, job);
    resolver->pending--;
    struct tw_waiter *waiter = lookup->waiter;
    lookup->waiter = NULL;
    if (waiter)
        waiter->wake(waiter, 0);
}

static struct job *take_done(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    struct job *job = pool->done;
    if (job)
        pool->done = job->next;
    pthread_mutex_unlock(&pool->lock);
    return job;
}

static void results_ready(struct tw_waiter *waiter, int status)
{
    struct tw_resolver *resolver =
        tw__container_of(waiter, struct tw_resolver, waiter);
    if (status < 0)
        return; /* the resolver is being freed */
    struct job *job;
    tw_wake_clear(&resolver->pool->wake);
    while ((job = take_done(resolver->pool)) != NULL)
        deliver(resolver, job);
    /* Cannot fail: the loop and the backend have kept the place. */
    listen_for_results(resolver);
}

int tw_resolver_new(struct tw_resolver **out, struct tw_loop *loop,
                    const struct tw_net *net, const struct tw_mem *mem)
{
    struct tw_resolver *resolver = tw__mem_new(mem, sizeof *resolver);
    if (!resolver)
        return -ENOMEM;
    *resolver = (struct tw_resolver){.mem = mem, .loop = loop};
    int rc = pool_new(&resolver->pool, net);
    if (rc < 0)
    {
        tw__mem_free(mem, resolver, sizeof *resolver);
        return rc;
    }
    tw_watch_init(&resolver->watch, resolver->pool->wake.rfd);
    resolver->waiter.wake = results_ready;
    resolver->owner = getpid();
    *out = resolver;
    return 0;
}

void tw_resolver_free(struct tw_resolver *resolver)
{
    if (!resolver)
        return;
    struct pool *pool = resolver->pool;
    tw_loop_forget(resolver->loop, &resolver->watch);
    /* A forked child has none of the threads, and the lock may be held by one
       of them for ever: there the pool is left as it is. */
    if (resolver->owner == getpid())
    {
        pthread_mutex_lock(&pool->lock);
        pool->closed = true;
        pthread_cond_broadcast(&pool->work);
        unref(pool);
    }
    tw__mem_free(resolver->mem, resolver, sizeof *resolver);
}

static struct job *job_new(const struct tw_query *query)
{
    size_t host = query->host ? strlen(query->host) + 1 : 0;
    size_t service = query->service ? strlen(query->service) + 1 : 0;
    struct job *job = malloc(sizeof *job + host + service);
    if (!job)
        return NULL;
    *job = (struct job){.query = *query};
    char *copy = (char *)(job + 1);
    if (host)
        job->query.host = memcpy(copy, query->host, host);
    if (service)
        job->query.service = memcpy(copy + host, query->service, service);
    return job;
}

int tw_lookup_start(struct tw_lookup *lookup, struct tw_resolver *resolver,
                    const struct tw_query *query)
{
    struct pool *pool = resolver->pool;
    *lookup = (struct tw_lookup){.resolver = resolver, .net = pool->net};
    if (resolver->owner != getpid())
        return -ECHILD; /* see tw_resolver_free */
    struct job *job = job_new(query);
    if (!job)
        return -ENOMEM;
    job->lookup = lookup;
    resolver->pending++;
    int rc = listen_for_results(resolver);
    pthread_mutex_lock(&pool->lock);
    if (rc >= 0 && pool->queued >= pool->idle && pool->threads < THREADS)
        rc = add_thread(pool);
    /* With one thread at work, failing to add another only means waiting. */
    if (rc < 0 && (pool->threads == 0 || !resolver->watch.reader))
    {
        pthread_mutex_unlock(&pool->lock);
        free(job);
        if (--resolver->pending == 0)
            tw_loop_unwait(resolver->loop, &resolver->watch, TW_READ,
                           &resolver->waiter);
        return rc;
    }
    append(&pool->queue, job);
    pool->queued++;
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    lookup->job = job;
    return 0;
}

void tw_lookup_now(struct tw_lookup *lookup, const struct tw_net *net,
                   const struct tw_query *query)
{
    *lookup = (struct tw_lookup){.net = net, .done = true};
    lookup->rc = net->lookup(net, query, &lookup->answer);
}

static void abandon(const struct tw_resolver *resolver, struct job *job)
{
    struct pool *pool = resolver->pool;
    if (resolver->owner != getpid())
        return; /* see tw_resolver_free */
    pthread_mutex_lock(&pool->lock);
    enum state state = job->state;
    job->lookup = NULL;
    if (state != RUNNING)
    {
        unlink_job(state == QUEUED ? &pool->queue : &pool->done, job);
        pool->queued -= state == QUEUED;
        free_job(pool, job);
    }
    pthread_mutex_unlock(&pool->lock);
}

void tw_lookup_deinit(struct tw_lookup *lookup)
{
    struct tw_resolver *resolver = lookup->resolver;
    discard(lookup->net, &lookup->answer);
    if (lookup->job)
    {
        abandon(resolver, lookup->job);
        if (--resolver->pending == 0)
            tw_loop_unwait(resolver->loop, &resolver->watch, TW_READ,
                           &resolver->waiter);
    }
    *lookup = (struct tw_lookup){.net = NULL};
}
