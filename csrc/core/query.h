/*
 * What a resolver is asked, and what it answers: names to addresses and back.
 * Answering may take long, so it is done on threads of its own (see
 * loop/resolve.h) unless tw_query_local says that nobody needs to be asked.
 */
#ifndef TW_CORE_QUERY_H
#define TW_CORE_QUERY_H

#include "core/addr.h"

enum tw_query_kind
{
    TW_QUERY_ADDRS,  /* getaddrinfo(3): a host and a service */
    TW_QUERY_NAMES,  /* getnameinfo(3): the host and service at an address */
    TW_QUERY_BYNAME, /* gethostbyname(3): what is known of a host, IPv4 */
    TW_QUERY_BYADDR, /* gethostbyaddr(3): ditto, by the host's address */
};

struct tw_query
{
    enum tw_query_kind kind;
    const char *host;      /* for all but NAMES; NULL as in getaddrinfo(3) */
    const char *service;   /* for ADDRS, ditto */
    struct addrinfo hints; /* for ADDRS */
    struct tw_addr addr;   /* for NAMES */
    int flags;             /* for NAMES: NI_* */
};

/*
 * ADDRS brings a list. The others bring strings, one after another, each with
 * its NUL: for NAMES host and service; else the host's name, its aliases, and
 * then its addresses as numeric text. An answer of zeros is none.
 */
struct tw_answer
{
    struct addrinfo *list;
    char *strings;
    size_t names, addrs; /* so many of the strings */
};

/*
 * True if no resolver is needed, because hosts and services are numbers or must
 * be: such a query may be answered where it is asked.
 */
bool tw_query_local(const struct tw_query *query);

/*
 * Asks the C library, which may take long. Returns 0, TW_ERESOLVE + EAI_X,
 * TW_EHOST - h_errno, or -errno; *answer, zeroed by the caller, stays so on
 * failure. A service that is a number but no port is EAI_SERVICE. The host of
 * BYNAME and BYADDR may be a name or a number and is looked up as such first.
 */
int tw_query_run(const struct tw_query *query, struct tw_answer *answer);

/* Frees what is in an answer, and zeroes it. */
void tw_answer_deinit(struct tw_answer *answer);

#endif
