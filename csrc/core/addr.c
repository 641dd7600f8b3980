/* Codecs for AF_INET, AF_INET6 and AF_UNIX, and addresses as text. */
#include "core/addr.h"

#include "core/family.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int nonumber(int eai)
{
    return TW_ERESOLVE + eai;
}

/* A scope is an interface's name or its index in decimal. */
static int parse_scope(const char *text, uint32_t *scope)
{
    char *end;
    errno = 0;
    unsigned long index = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && index <= UINT32_MAX)
    {
        *scope = (uint32_t)index;
        return 0;
    }
    *scope = if_nametoindex(text);
    return *scope ? 0 : nonumber(EAI_NONAME);
}

static int parse_in6(struct sockaddr_in6 *in6, const char *host)
{
    char text[TW_ADDR_HOST_MAX];
    size_t len = strcspn(host, "%");
    if (len >= sizeof text)
        return nonumber(EAI_NONAME);
    memcpy(text, host, len);
    text[len] = '\0';
    if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1)
        return nonumber(EAI_NONAME);
    return host[len] ? parse_scope(host + len + 1, &in6->sin6_scope_id) : 0;
}

static int parse_in(struct sockaddr_in *in, const char *host)
{
    if (!*host)
        in->sin_addr.s_addr = htonl(INADDR_ANY);
    else if (strcmp(host, "<broadcast>") == 0)
        in->sin_addr.s_addr = htonl(INADDR_BROADCAST);
    else if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
        return nonumber(EAI_NONAME);
    return 0;
}

int tw_addr_inet(struct tw_addr *addr, int family, const char *host,
                 uint16_t port)
{
    struct sockaddr_in6 other6;
    struct sockaddr_in other;
    int rc = 0;
    memset(addr, 0, sizeof *addr);
    if (family == AF_INET)
    {
        addr->len = sizeof addr->u.in;
        rc = parse_in(&addr->u.in, host);
        if (rc && parse_in6(&other6, host) == 0)
            rc = nonumber(EAI_ADDRFAMILY);
    }
    else if (family == AF_INET6)
    {
        addr->len = sizeof addr->u.in6;
        rc = *host ? parse_in6(&addr->u.in6, host) : 0;
        if (rc && parse_in(&other, host) == 0)
            rc = nonumber(EAI_ADDRFAMILY);
    }
    else
    {
        return -EAFNOSUPPORT;
    }
    addr->u.sa.sa_family = (sa_family_t)family;
    tw_addr_set_port(addr, port);
    return rc;
}

bool tw_addr_numeric(const char *host)
{
    struct in_addr in;
    struct in6_addr in6;
    char text[TW_ADDR_HOST_MAX];
    size_t len = strcspn(host, "%");
    /* inet_aton ignores what follows white space. */
    if (!strpbrk(host, " \t\n\v\f\r") && inet_aton(host, &in))
        return true;
    if (len >= sizeof text)
        return false;
    memcpy(text, host, len);
    text[len] = '\0';
    return inet_pton(AF_INET6, text, &in6) == 1;
}

void tw_addr_set_port(struct tw_addr *addr, uint16_t port)
{
    if (tw_addr_family(addr) == AF_INET)
        addr->u.in.sin_port = htons(port);
    else if (tw_addr_family(addr) == AF_INET6)
        addr->u.in6.sin6_port = htons(port);
}

int tw_addr_unix(struct tw_addr *addr, const char *path, size_t len)
{
    /* An abstract name fills sun_path; a path needs room for its NUL. */
    bool abstract = len > 0 && path[0] == '\0';
    if (len > (size_t)TW_ADDR_PATH_MAX - !abstract)
        return -ENAMETOOLONG;
    if (!abstract && memchr(path, '\0', len))
        return -EINVAL;
    memset(addr, 0, sizeof *addr);
    addr->u.un.sun_family = AF_UNIX;
    memcpy(addr->u.un.sun_path, path, len);
    size_t end = len && !abstract ? len + 1 : len;
    addr->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + end);
    return 0;
}

const char *tw_addr_host(const struct tw_addr *addr, char out[TW_ADDR_HOST_MAX])
{
    int family = tw_addr_family(addr);
    out[0] = '\0';
    if (family == AF_INET)
        inet_ntop(AF_INET, &addr->u.in.sin_addr, out, TW_ADDR_HOST_MAX);
    else if (family == AF_INET6)
        inet_ntop(AF_INET6, &addr->u.in6.sin6_addr, out, TW_ADDR_HOST_MAX);
    return out;
}

uint16_t tw_addr_port(const struct tw_addr *addr)
{
    if (tw_addr_family(addr) == AF_INET)
        return ntohs(addr->u.in.sin_port);
    if (tw_addr_family(addr) == AF_INET6)
        return ntohs(addr->u.in6.sin6_port);
    return 0;
}

const char *tw_addr_path(const struct tw_addr *addr, size_t *len)
{
    const char *path = addr->u.un.sun_path;
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t size = addr->len > head ? addr->len - head : 0;
    /* The kernel counts a path's NUL, even one for which there is no room
       because the path fills all 108 bytes. */
    if (size > TW_ADDR_PATH_MAX)
        size = TW_ADDR_PATH_MAX;
    *len = size && path[0] ? strnlen(path, size) : size;
    return path;
}

/* Text on its way into a buffer of TW_ADDR_TEXT_MAX bytes, cut if need be. */
struct text
{
    char *out;
    size_t len;
};

static void append(struct text *text, const char *format, ...)
{
    va_list args;
    size_t room = TW_ADDR_TEXT_MAX - text->len;
    va_start(args, format);
    int n = vsnprintf(text->out + text->len, room, format, args);
    va_end(args);
    text->len += (size_t)n < room ? (size_t)n : room - 1;
}

static void append_bytes(struct text *text, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
    {
        unsigned char c = (unsigned char)bytes[i];
        append(text, c < 0x20 || c == 0x7f ? "\\x%02x" : "%c", c);
    }
}

static void format_unix(struct text *text, const struct tw_addr *addr)
{
    size_t len;
    const char *path = tw_addr_path(addr, &len);
    bool abstract = len && *path == '\0';
    append(text, len == 0 ? "unnamed" : abstract ? "@" : "");
    append_bytes(text, path + abstract, len - abstract);
}

static void format_part(struct text *text, const struct tw_addr *addr,
                        const struct tw_field *field)
{
    struct tw_part part;
    tw_addr_get(addr, field, &part);
    append(text, "%s=", field->name);
    if (!part.bytes)
        append(text, field->kind == TW_FIELD_INT ? "%lld" : "%llu",
               (long long)part.num);
    else if (field->kind != TW_FIELD_BYTES)
        append_bytes(text, part.bytes, part.len);
    else
        for (size_t i = 0; i < part.len; i++)
            append(text, i ? ":%02x" : "%02x", (uint8_t)part.bytes[i]);
}

/* The kernel may leave the scope out. */
static void format_in6(struct text *text, const struct tw_addr *addr)
{
    char host[TW_ADDR_HOST_MAX];
    bool scoped = addr->len >= sizeof addr->u.in6 && addr->u.in6.sin6_scope_id;
    append(text, "[%s", tw_addr_host(addr, host));
    if (scoped)
        append(text, "%%%u", addr->u.in6.sin6_scope_id);
    append(text, "]:%u", tw_addr_port(addr));
}

static void format_fields(struct text *text, const struct tw_addr *addr)
{
    const struct tw_family *family = tw_addr_family_of(addr);
    if (!family)
    {
        append(text, "family %d", tw_addr_family(addr));
        return;
    }
    append(text, "%s(", family->name);
    size_t count = tw_addr_count(addr, family);
    for (size_t i = 0; i < count; i++)
    {
        append(text, i ? ", " : "");
        format_part(text, addr, &family->fields[i]);
    }
    append(text, ")");
}

const char *tw_addr_format(const struct tw_addr *addr,
                           char out[TW_ADDR_TEXT_MAX])
{
    char host[TW_ADDR_HOST_MAX];
    struct text text = {out, 0};
    switch (tw_addr_family_of(addr) ? tw_addr_family(addr) : -1)
    {
    case AF_INET:
        append(&text, "%s:%u", tw_addr_host(addr, host), tw_addr_port(addr));
        break;
    case AF_INET6:
        format_in6(&text, addr);
        break;
    case AF_UNIX:
        format_unix(&text, addr);
        break;
    default:
        if (addr->len)
            format_fields(&text, addr);
        else
            append(&text, "unnamed");
    }
    return out;
}
