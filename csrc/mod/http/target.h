/*
 * What a request is for: the host in a target or a Host field (RFC 9110 4.2,
 * RFC 3986 3.2).
 */
#ifndef TW_MOD_HTTP_TARGET_H
#define TW_MOD_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/* True if it is host [":" port]: a name or IPv4 address, not empty (RFC 9110
   4.2.1), or an IPv6 address in brackets. The port may lack or be empty, but
   not if `with_port`. Userinfo is refused (RFC 9110 4.2.4). */
bool tw_http_is_authority(const char *s, size_t len, bool with_port);

/* How long the authority of an absolute target ("http://authority/path?query",
   or https) is, and where it begins; 0 if there is none that is well-formed. */
size_t tw_http_authority(const char *s, size_t len, size_t *at);

#endif
