/*
 * Address families: what the addresses of each are made of. A table describes
 * Python's tuple of every family field by field (name, kind, place in the
 * sockaddr), and one small machine reads and writes all of them. Nothing is
 * ever looked up here but the numbers of interfaces.
 */
#ifndef TW_CORE_FAMILY_H
#define TW_CORE_FAMILY_H

#include "core/addr.h"

enum tw_field_kind
{
    TW_FIELD_HOST,   /* text: a numeric host, see tw_addr_inet */
    TW_FIELD_PATH,   /* bytes: an AF_UNIX name */
    TW_FIELD_UINT,   /* num: 0 to max */
    TW_FIELD_INT,    /* num: -max to max */
    TW_FIELD_NUM,    /* num: any 64 bits */
    TW_FIELD_IFACE,  /* text: an interface's name; "": none, or any */
    TW_FIELD_TEXT,   /* text of at most max bytes */
    TW_FIELD_BYTES,  /* at most max bytes, their number in `order` */
    TW_FIELD_BDADDR, /* text: "00:1A:7D:DA:71:13" */
};

struct tw_field
{
    const char *name;
    uint8_t kind;
    uint8_t at, size; /* place and bytes in the sockaddr; size 0: none */
    uint8_t order;    /* enum tw_order; of TW_FIELD_BYTES, the place of their
                         length */
    bool optional;    /* in what a script gives */
    uint8_t preset;   /* what it is when absent */
    int64_t max;
};

static inline bool tw_field_is_number(const struct tw_field *field)
{
    return field->kind == TW_FIELD_UINT || field->kind == TW_FIELD_INT ||
           field->kind == TW_FIELD_NUM;
}

enum
{
    TW_FIELDS_MAX = 5
};

struct tw_family
{
    const char *name; /* "netlink" */
    int family;
    int proto;          /* of the socket; -1: any */
    int variant;        /* what field 0 must be; -1: anything */
    bool trimmed;       /* trailing optional zeros are not in the tuple */
    uint8_t len, least; /* bytes of the sockaddr: built; enough to read */
    struct tw_field fields[TW_FIELDS_MAX + 1]; /* the last has no name */
};

/* The value of one field. */
struct tw_part
{
    const char *bytes; /* NULL: a number. Borrowed, or in `room` */
    size_t len;
    int64_t num;
    char room[TW_ADDR_HOST_MAX];
};

/*
 * The family of sockets of that family and protocol; `variant` is the number
 * in field 0, where that decides (see tw_family_varies), or -1 for the first
 * there is. NULL: there is none.
 */
const struct tw_family *tw_family_find(int family, int proto, int64_t variant);

/* The i-th row of the table, or NULL past the last: for listing them. */
const struct tw_family *tw_family_at(size_t i);

/* True if a family's addresses differ by the number in field 0. */
bool tw_family_varies(int family);

/* What an address is made of; NULL if it is none we know, or cut short. */
const struct tw_family *tw_addr_family_of(const struct tw_addr *addr);

/* Makes `addr` an address of that family with all fields zero. `proto` is the
   socket's. */
void tw_addr_begin(struct tw_addr *addr, const struct tw_family *family,
                   int proto);

/*
 * Appends the zeros that a kernel may leave out, but wants to have back: an
 * address is then as long as one that was made here. The length of an AF_UNIX
 * name is part of it and stays.
 */
void tw_addr_complete(struct tw_addr *addr);

/*
 * Sets one field of an address begun so. Numbers must be within the field's
 * range, texts and bytes within its max. Returns 0, what tw_addr_inet and
 * tw_addr_unix return, -ENODEV for an interface that is not there, -EINVAL for
 * what is no Bluetooth address, -ENAMETOOLONG for an overlong interface.
 */
int tw_addr_put(struct tw_addr *addr, const struct tw_field *field,
                const struct tw_part *part);

/* Reads one field of an address of that family. `part` borrows from `addr`. */
void tw_addr_get(const struct tw_addr *addr, const struct tw_field *field,
                 struct tw_part *part);

/* How many elements Python's tuple of the address has. */
size_t tw_addr_count(const struct tw_addr *addr,
                     const struct tw_family *family);

#endif
