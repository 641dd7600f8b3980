/* What proves that a peer speaks WebSocket (RFC 6455 4), on nettle, which has
   SHA-1 and base64. */
#include "mod/ws/module.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <string.h>
#include <sys/random.h>

enum
{
    KEY = 16,
    KEY_TEXT = BASE64_ENCODE_RAW_LENGTH(KEY)
};

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* key(): a new random Sec-WebSocket-Key. */
static int ws_key(lua_State *L)
{
    uint8_t key[KEY];
    char text[KEY_TEXT];
    if (getentropy(key, sizeof key) != 0)
        return luaL_error(L, "the system has no random bytes");
    base64_encode_raw(text, sizeof key, key);
    lua_pushlstring(L, text, sizeof text);
    return 1;
}

/* True if it is 16 bytes in base64, padding and all. */
static bool is_key(const char *text, size_t len)
{
    struct base64_decode_ctx ctx;
    uint8_t bytes[BASE64_DECODE_LENGTH(KEY_TEXT)];
    size_t n = sizeof bytes;
    base64_decode_init(&ctx);
    return len == KEY_TEXT && !strpbrk(text, " \t\r\n") &&
           base64_decode_update(&ctx, &n, bytes, len, text) &&
           base64_decode_final(&ctx) && n == KEY;
}

/* answer(key): the Sec-WebSocket-Accept to a Sec-WebSocket-Key; nil if that is
   malformed. */
static int ws_answer(lua_State *L)
{
    size_t len;
    const char *key = luaL_checklstring(L, 1, &len);
    struct sha1_ctx ctx;
    uint8_t digest[SHA1_DIGEST_SIZE];
    char text[BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE)];
    if (!is_key(key, len))
        return 0;
    sha1_init(&ctx);
    sha1_update(&ctx, len, (const uint8_t *)key);
    sha1_update(&ctx, sizeof guid - 1, (const uint8_t *)guid);
    sha1_digest(&ctx, sizeof digest, digest);
    base64_encode_raw(text, sizeof digest, digest);
    lua_pushlstring(L, text, sizeof text);
    return 1;
}

/* is_code(code): true if a close may say so. */
static int ws_is_code(lua_State *L)
{
    lua_Integer code = lua_tointeger(L, 1);
    lua_pushboolean(L, code > 0 && code < 5000 &&
                           tw_ws_code_valid((unsigned)code));
    return 1;
}

const luaL_Reg tw_ws_handshake_functions[] = {{"key", ws_key},
                                              {"answer", ws_answer},
                                              {"is_code", ws_is_code},
                                              {NULL, NULL}};
