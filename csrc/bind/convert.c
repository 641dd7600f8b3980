/* Byte orders and the text forms of addresses: no socket involved. */
#include "bind/ltw.h"
#include "bind/module.h"
#include "core/checksum.h"

#include <arpa/inet.h>
#include <string.h>

/* htons(n) and ntohs(n), 16 bits; they are the same. */
static int net_htons(lua_State *L)
{
    lua_Integer n = ltw_integer(L, 1, "n", 0, UINT16_MAX);
    lua_pushinteger(L, htons((uint16_t)n));
    return 1;
}

/* htonl(n) and ntohl(n), 32 bits; they are the same. */
static int net_htonl(lua_State *L)
{
    lua_Integer n = ltw_integer(L, 1, "n", 0, UINT32_MAX);
    lua_pushinteger(L, htonl((uint32_t)n));
    return 1;
}

static int bad_text(lua_State *L, const char *op)
{
    return ltw_fail_at(L, -EINVAL, op, lua_tostring(L, lua_gettop(L)));
}

/* inet_aton(text): four bytes, also from "127.1" and "0x7f.1"; or nil,
   message, "EINVAL". */
static int net_inet_aton(lua_State *L)
{
    struct in_addr in;
    const char *text = ltw_text(L, 1, "text");
    lua_settop(L, 1);
    /* The C library ignores what follows white space. */
    if (!*text || strpbrk(text, " \t\n\v\f\r") || !inet_aton(text, &in))
        return bad_text(L, "inet_aton");
    lua_pushlstring(L, (const char *)&in, sizeof in);
    return 1;
}

static size_t address_size(int family)
{
    return family == AF_INET    ? sizeof(struct in_addr)
           : family == AF_INET6 ? sizeof(struct in6_addr)
                                : 0;
}

static int format(lua_State *L, int family, int idx)
{
    char text[INET6_ADDRSTRLEN];
    size_t len;
    const char *bytes = ltw_bytes(L, idx, "bytes", &len);
    if (len != address_size(family))
        ltw_argerror(L, idx, "bytes",
                     lua_pushfstring(L, "must be %d bytes, got %d",
                                     (int)address_size(family), (int)len));
    lua_pushstring(L, inet_ntop(family, bytes, text, sizeof text));
    return 1;
}

/* inet_ntoa(bytes): four bytes as a dotted quad. */
static int net_inet_ntoa(lua_State *L)
{
    return format(L, AF_INET, 1);
}

/* inet_ntop(family, bytes): text; or nil, message, "EAFNOSUPPORT". */
static int net_inet_ntop(lua_State *L)
{
    int family = ltw_int(L, 1, "family");
    if (!address_size(family))
        return ltw_fail_at(L, -EAFNOSUPPORT, "inet_ntop",
                           lua_pushfstring(L, "family %d", family));
    return format(L, family, 2);
}

/* inet_pton(family, text): bytes; or nil, message, "EINVAL" or
   "EAFNOSUPPORT". */
static int net_inet_pton(lua_State *L)
{
    char bytes[sizeof(struct in6_addr)];
    int family = ltw_int(L, 1, "family");
    const char *text = ltw_text(L, 2, "text");
    lua_settop(L, 2);
    int rc = inet_pton(family, text, bytes);
    if (rc < 0)
        return ltw_fail_at(L, -EAFNOSUPPORT, "inet_pton",
                           lua_pushfstring(L, "family %d", family));
    if (rc == 0)
        return bad_text(L, "inet_pton");
    lua_pushlstring(L, bytes, address_size(family));
    return 1;
}

/*
 * checksum(data [, before]): the Internet checksum (RFC 1071) of a string or
 * buffer, to be packed with ">I2"; 0 for data that holds its own. `before` is
 * the checksum of what comes before the data, an even number of bytes:
 * checksum(b, checksum(a)) == checksum(a .. b).
 */
static int net_checksum(lua_State *L)
{
    struct tw_checksum c;
    size_t len;
    const char *data = ltw_bytes(L, 1, "data", &len);
    lua_Integer before = lua_isnoneornil(L, 2)
                             ? UINT16_MAX
                             : ltw_integer(L, 2, "before", 0, UINT16_MAX);
    tw_checksum_init(&c, (uint16_t)before);
    tw_checksum_add(&c, data, len);
    lua_pushinteger(L, tw_checksum_end(&c));
    return 1;
}

const luaL_Reg ltw_convert_functions[] = {
    {"checksum", net_checksum},   {"htons", net_htons},
    {"ntohs", net_htons},         {"htonl", net_htonl},
    {"ntohl", net_htonl},         {"inet_aton", net_inet_aton},
    {"inet_ntoa", net_inet_ntoa}, {"inet_pton", net_inet_pton},
    {"inet_ntop", net_inet_ntop}, {NULL, NULL}};
