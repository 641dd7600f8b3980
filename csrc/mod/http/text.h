/*
 * Which bytes HTTP allows where (RFC 9110 5, RFC 9112): the tables behind the
 * parsers, and the checks of what we are asked to send.
 */
#ifndef TW_MOD_HTTP_TEXT_H
#define TW_MOD_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A token: a method or a field's name; not empty. */
bool tw_http_is_token(const char *s, size_t len);

/* A field's value: no control bytes but HTAB, no space at either end. Bytes
   over 0x7f are allowed (obs-text). May be empty. */
bool tw_http_is_value(const char *s, size_t len);

/* A request target: visible ASCII, not empty. */
bool tw_http_is_target(const char *s, size_t len);

/* True if they are the same but for the case of ASCII letters. */
bool tw_http_same(const char *a, const char *b, size_t len);

#endif
