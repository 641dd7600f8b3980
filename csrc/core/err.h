/*
 * Results and error codes. A function of core/ or loop/ returns >= 0 on
 * success. Below zero is -errno, or one of the codes here, which lie outside
 * the range of errno. TW_EOF and TW_WANT_* are values, not failures.
 */
#ifndef TW_CORE_ERR_H
#define TW_CORE_ERR_H

#include "core/os.h"

enum
{
    TW_EOF = -10000,        /* the peer ended the stream */
    TW_WANT_READ = -10001,  /* would block: try again when readable */
    TW_WANT_WRITE = -10002, /* would block: try again when writable */
    TW_WANT_TIME = -10003,  /* would block and cannot be polled: try later */
    TW_WANT_RETRY = -10004, /* a signal came first: try again at once */
    TW_ETIMEDOUT = -10100,  /* "timeout": our own deadline has passed */
    TW_ECLOSED = -10101,    /* "closed": the object is closed */
    TW_ECANCELLED = -10102, /* "cancelled": the waiting task is cancelled */
    TW_EDENIED = -10103,    /* "denied": refused by the host's policy */
    TW_ETOOLONG = -10104,   /* "EMSGSIZE": more than the given maximum */
    TW_ERESOLVE = -10200,   /* TW_ERESOLVE + EAI_X: a resolver's error */
    TW_EHOST = -10400,      /* TW_EHOST - h_errno: ditto, of gethostby* */
};

/* True for TW_WANT_READ, _WRITE, _TIME and _RETRY. */
static inline bool tw_err_want(ssize_t rc)
{
    return rc <= TW_WANT_READ && rc >= TW_WANT_RETRY;
}

/* The stable name of a code: "ECONNREFUSED", "EAI_NONAME", "HOST_NOT_FOUND",
   "timeout", "eof". Static storage; never NULL. */
const char *tw_err_name(int code);

/* What it means, for people: "Connection refused". Ditto. */
const char *tw_err_text(int code);

#endif
