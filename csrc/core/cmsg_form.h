/*
 * What control messages of known types mean: a table says of each what it is
 * called, how long its data is and which values lie where in it; one small
 * machine reads and writes them. Data of another length is left alone.
 */
#ifndef TW_CORE_CMSG_FORM_H
#define TW_CORE_CMSG_FORM_H

#include "core/addr.h"
#include "core/cmsg.h"

enum tw_cmsg_what
{
    TW_CMSG_NONE,  /* nothing: not there this time */
    TW_CMSG_NUM,   /* num */
    TW_CMSG_TIME,  /* num seconds, nsec */
    TW_CMSG_HOST,  /* addr: an IP address without a port */
    TW_CMSG_ADDR,  /* addr */
    TW_CMSG_BYTES, /* bytes, len */
    TW_CMSG_TEXT,  /* ditto, up to a NUL */
    TW_CMSG_FDS,   /* ditto, to be read with tw_cmsg_fd */
    TW_CMSG_ERRNO, /* num, 1 to 4095 */
};

/* One of the values that the data is made of. */
struct tw_cmsg_part
{
    const char *name; /* NULL: the item's only value, which needs none */
    uint8_t what;     /* enum tw_cmsg_what */
    uint8_t at;
    uint8_t size; /* bytes of a number, a host, each half of a time, or of the
                     length in front of bytes; 0: the rest of the data */
    uint8_t flags;
};

enum
{
    TW_CMSG_SIGNED = 1,  /* of a number */
    TW_CMSG_NETWORK = 2, /* ditto, its byte order */
    TW_CMSG_MICRO = 4,   /* of a time: its second half counts microseconds */
};

struct tw_cmsg_form
{
    const char *name;
    int level, type;
    uint16_t size; /* bytes of the data; the least of them if `more` */
    bool more;
    bool sent;                        /* may be sent, not only received */
    bool whole;                       /* when sent, each part must be given */
    const struct tw_cmsg_part *parts; /* the last is TW_CMSG_NONE */
};

/* A value. `bytes` is borrowed. */
struct tw_cmsg_value
{
    uint8_t what;
    int32_t nsec;
    int64_t num;
    const unsigned char *bytes;
    size_t len;
    struct tw_addr addr;
};

/* The form of an item of that level, type and length; or NULL. */
const struct tw_cmsg_form *tw_cmsg_form_of(const struct tw_cmsg *item);

/* The form of items of that name that sockets of `family` send; or NULL. */
const struct tw_cmsg_form *tw_cmsg_form_named(const char *name, int family);

/* The i-th form, or NULL past the last: for listing them. */
const struct tw_cmsg_form *tw_cmsg_form_at(size_t i);

/* Reads one part of an item of the form it belongs to: value->what says whether
   there is one. Borrows from the item's data. */
void tw_cmsg_get(const struct tw_cmsg *item, const struct tw_cmsg_part *part,
                 struct tw_cmsg_value *value);

/* The range of a number. */
void tw_cmsg_range(const struct tw_cmsg_part *part, int64_t *min, int64_t *max);

/*
 * Writes a part into the zeroed data of an item: a number in its range, a host
 * of its family, or the bytes that are the rest of the data. Nothing else is
 * written: descriptors are their sender's business.
 */
void tw_cmsg_put(unsigned char *data, const struct tw_cmsg_part *part,
                 const struct tw_cmsg_value *value);

#endif
