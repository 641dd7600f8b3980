/*
 * The C library's resolver. Runs on threads that are not the loop's: memory
 * comes from libc, like that of getaddrinfo's own lists.
 */
#include "core/query.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Room for what gethostby*_r find: at first, and at most. */
enum
{
    ROOM = 2048,
    ROOM_MAX = 1 << 20
};

static int resolver_error(int eai)
{
    int err = errno;
    return eai == EAI_SYSTEM ? -err : TW_ERESOLVE + eai;
}

/* -- numbers -------------------------------------------------------------- */

/* True if getaddrinfo(3) takes the service for a number. */
static bool is_number(const char *service, long *number)
{
    char *end;
    errno = 0;
    *number = strtol(service, &end, 10);
    return *end == '\0';
}

static bool local_service(const struct tw_query *query)
{
    long number;
    return !query->service || query->hints.ai_flags & AI_NUMERICSERV ||
           is_number(query->service, &number);
}

static bool local_host(const struct tw_query *query)
{
    return !query->host || query->hints.ai_flags & AI_NUMERICHOST ||
           tw_addr_numeric(query->host);
}

bool tw_query_local(const struct tw_query *query)
{
    const int numeric = NI_NUMERICHOST | NI_NUMERICSERV;
    switch (query->kind)
    {
    case TW_QUERY_ADDRS:
        return local_host(query) && local_service(query);
    case TW_QUERY_NAMES:
        return (query->flags & numeric) == numeric;
    case TW_QUERY_BYNAME:
        return tw_addr_numeric(query->host);
    default:
        return false;
    }
}

/* -- getaddrinfo and getnameinfo ------------------------------------------ */

static int run_addrs(const struct tw_query *query, struct tw_answer *answer)
{
    long port;
    /* The C library would take its last 16 bits. */
    if (query->service && is_number(query->service, &port) &&
        (errno == ERANGE || port < 0 || port > UINT16_MAX))
        return TW_ERESOLVE + EAI_SERVICE;
    int rc =
        getaddrinfo(query->host, query->service, &query->hints, &answer->list);
    return rc ? resolver_error(rc) : 0;
}

static int run_names(const struct tw_query *query, struct tw_answer *answer)
{
    char host[NI_MAXHOST], service[NI_MAXSERV];
    const struct tw_addr *addr = &query->addr;
    int family = tw_addr_family(addr);
    if (family != AF_INET && family != AF_INET6)
        return TW_ERESOLVE + EAI_FAMILY;
    int rc = getnameinfo(&addr->u.sa, addr->len, host, sizeof host, service,
                         sizeof service, query->flags);
    if (rc)
        return resolver_error(rc);
    size_t first = strlen(host) + 1, second = strlen(service) + 1;
    answer->strings = malloc(first + second);
    if (!answer->strings)
        return -ENOMEM;
    memcpy(answer->strings, host, first);
    memcpy(answer->strings + first, service, second);
    answer->names = 2;
    return 0;
}

/* -- gethostbyname and gethostbyaddr --------------------------------------- */

/* The first address of a host, name or number. */
static int first_address(const struct tw_query *query, struct tw_addr *addr)
{
    struct addrinfo *list = NULL;
    const struct addrinfo hints = {
        .ai_family = query->kind == TW_QUERY_BYNAME ? AF_INET : AF_UNSPEC,
        .ai_socktype = SOCK_DGRAM};
    int rc = getaddrinfo(query->host, NULL, &hints, &list);
    if (rc)
        return resolver_error(rc);
    *addr = (struct tw_addr){.len = list->ai_addrlen};
    memcpy(&addr->u.sa, list->ai_addr, list->ai_addrlen);
    freeaddrinfo(list);
    return 0;
}

/* What gethostby*_r have found, and the room it is in. */
struct found
{
    struct hostent entry, *at;
    char *room;
    size_t size;
};

static int ask(const struct tw_query *query, const struct tw_addr *addr,
               struct found *found, int *herr)
{
    if (query->kind == TW_QUERY_BYNAME)
        return gethostbyname_r(query->host, &found->entry, found->room,
                               found->size, &found->at, herr);
    bool four = tw_addr_family(addr) == AF_INET;
    const void *bytes = four ? (const void *)&addr->u.in.sin_addr
                             : (const void *)&addr->u.in6.sin6_addr;
    return gethostbyaddr_r(
        bytes, four ? sizeof(struct in_addr) : sizeof(struct in6_addr),
        tw_addr_family(addr), &found->entry, found->room, found->size,
        &found->at, herr);
}

/* Asks with ever more room; the room is the caller's to free. */
static int find_host(const struct tw_query *query, const struct tw_addr *addr,
                     struct found *found)
{
    int herr = 0, rc = ERANGE;
    for (size_t size = ROOM; rc == ERANGE && size <= ROOM_MAX; size *= 2)
    {
        free(found->room);
        found->room = malloc(size);
        found->size = size;
        if (!found->room)
            return -ENOMEM;
        rc = ask(query, addr, found, &herr);
    }
    if (rc == 0 && found->at)
        return 0;
    if (herr == NETDB_INTERNAL)
        return rc ? -rc : -EIO;
    return TW_EHOST - (herr ? herr : HOST_NOT_FOUND);
}

static size_t lengths(char **list, size_t *total)
{
    size_t n = 0;
    for (; list && list[n]; n++)
        *total += strlen(list[n]) + 1;
    return n;
}

static char *copy(char *to, const char *text)
{
    size_t size = strlen(text) + 1;
    memcpy(to, text, size);
    return to + size;
}

/* Makes an answer of an entry. */
static int tell(const struct hostent *entry, struct tw_answer *answer)
{
    size_t size = strlen(entry->h_name) + 1, addrs = 0;
    size_t aliases = lengths(entry->h_aliases, &size);
    while (entry->h_addr_list[addrs])
        addrs++;
    char *to = malloc(size + addrs * INET6_ADDRSTRLEN);
    if (!to)
        return -ENOMEM;
    *answer =
        (struct tw_answer){.strings = to, .names = 1 + aliases, .addrs = addrs};
    to = copy(to, entry->h_name);
    for (size_t i = 0; i < aliases; i++)
        to = copy(to, entry->h_aliases[i]);
    for (size_t i = 0; i < addrs; i++)
    {
        inet_ntop(entry->h_addrtype, entry->h_addr_list[i], to,
                  INET6_ADDRSTRLEN);
        to += strlen(to) + 1;
    }
    return 0;
}

/* A number is its own name: nobody needs to be asked. */
static int tell_number(const struct tw_query *query, struct tw_addr *addr,
                       struct tw_answer *answer)
{
    char *addrs[] = {(char *)&addr->u.in.sin_addr, NULL};
    const struct hostent entry = {.h_name = (char *)query->host,
                                  .h_addrtype = AF_INET,
                                  .h_addr_list = addrs};
    return tell(&entry, answer);
}

static int run_host(const struct tw_query *query, struct tw_answer *answer)
{
    struct tw_addr addr;
    struct found found = {.room = NULL};
    int rc = first_address(query, &addr);
    if (rc < 0)
        return rc;
    if (tw_query_local(query))
        return tell_number(query, &addr, answer);
    rc = find_host(query, &addr, &found);
    if (rc == 0)
        rc = tell(found.at, answer);
    free(found.room);
    return rc;
}

int tw_query_run(const struct tw_query *query, struct tw_answer *answer)
{
    switch (query->kind)
    {
    case TW_QUERY_ADDRS:
        return run_addrs(query, answer);
    case TW_QUERY_NAMES:
        return run_names(query, answer);
    default:
        return run_host(query, answer);
    }
}

void tw_answer_deinit(struct tw_answer *answer)
{
    if (answer->list)
        freeaddrinfo(answer->list);
    free(answer->strings);
    *answer = (struct tw_answer){.list = NULL};
}
