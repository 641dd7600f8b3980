/*
 * Socket addresses: text and numbers to struct sockaddr and back. No name is
 * ever looked up here; a host that is not numeric is the resolver's business.
 */
#ifndef TW_CORE_ADDR_H
#define TW_CORE_ADDR_H

#include "core/err.h"

/*
 * A socket address by value. `len` 0 means "none" (an unnamed peer). Some
 * families' addresses depend on the protocol of the socket they belong to;
 * `proto` is 0 for all others.
 */
struct tw_addr
{
    socklen_t len;
    int proto;
    union
    {
        struct sockaddr sa;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
        struct sockaddr_un un;
        struct sockaddr_storage storage;
    } u;
};

enum
{
    TW_ADDR_HOST_MAX = 64, /* incl. %scope and NUL */
    TW_ADDR_PATH_MAX = sizeof(((struct sockaddr_un *)0)->sun_path),
    TW_ADDR_TEXT_MAX = 4 * TW_ADDR_PATH_MAX + 8, /* every byte escaped */
    TW_ADDR_FLOWINFO_MAX = 0xfffff,
};

/*
 * Sets `addr` from a numeric host: dotted quad or RFC 4291 text with an
 * optional %scope; "" is the wildcard, "<broadcast>" (AF_INET) is
 * 255.255.255.255. Returns 0, TW_ERESOLVE + EAI_NONAME when `host` is no
 * numeric address (a name, perhaps), TW_ERESOLVE + EAI_ADDRFAMILY when it is
 * numeric but of the other family, -EAFNOSUPPORT for another `family`.
 */
int tw_addr_inet(struct tw_addr *addr, int family, const char *host,
                 uint16_t port);

/*
 * True if a resolver takes `host` for a number, not for a name: what is above,
 * without the two special ones, and the C library's short and hexadecimal
 * forms ("127.1", "0x7f000001").
 */
bool tw_addr_numeric(const char *host);

/* Sets the port of an INET or INET6 address; ignored for others. */
void tw_addr_set_port(struct tw_addr *addr, uint16_t port);

/*
 * Sets an AF_UNIX address from `len` bytes: "" is unnamed (autobind), a
 * leading NUL makes an abstract name. Returns 0, -ENAMETOOLONG, or -EINVAL for
 * a path with an embedded NUL.
 */
int tw_addr_unix(struct tw_addr *addr, const char *path, size_t len);

static inline int tw_addr_family(const struct tw_addr *addr)
{
    return addr->len < sizeof addr->u.sa.sa_family ? AF_UNSPEC
                                                   : addr->u.sa.sa_family;
}

/* Numeric host text without scope, "" for other families. Returns `out`. */
const char *tw_addr_host(const struct tw_addr *addr,
                         char out[TW_ADDR_HOST_MAX]);

/* Port in host order, 0 for other families. */
uint16_t tw_addr_port(const struct tw_addr *addr);

/* The bytes of an AF_UNIX name; sets *len. Borrowed from `addr`. */
const char *tw_addr_path(const struct tw_addr *addr, size_t *len);

/*
 * Printable form: 127.0.0.1:80, [fe80::1%2]:80, /run/x, @abstract with
 * unprintable bytes as \xHH, "unnamed", netlink(pid=7, groups=0), "family 99".
 * Returns `out`.
 */
const char *tw_addr_format(const struct tw_addr *addr,
                           char out[TW_ADDR_TEXT_MAX]);

#endif
