/* Answers that are sent bit by bit, and the end of all. */
#include "mod/http/exchange.h"

#include <string.h>

void tw_http_res_close(struct tw_http_res *res, bool failed)
{
    static const char text[] = "Internal Server Error\n";
    struct tw_http_conn *c = res->conn;
    const struct tw_api *api = c->server->api;
    if (res->stage == TW_HTTP_DONE)
        return;
    if (res->stage == TW_HTTP_OPEN)
    {
        c->broken = true;
        return;
    }
    api->buf_deinit(&c->fields);
    *res = (struct tw_http_res){.conn = c,
                                .status = 500,
                                .keep = res->keep,
                                .bodiless = res->bodiless,
                                .plain = true};
    (void)failed;
    tw_http_res_begin(res, sizeof text - 1);
    res->stage = TW_HTTP_DONE;
    char *out =
        api->buf_reserve(&c->st->wbuf, tw_http_head_room(c) + sizeof text);
    if (!out || !c->st->ops)
    {
        c->broken = true;
        return;
    }
    char *end = tw_http_head_write(c, res, out);
    if (!res->bodiless)
        end = (char *)memcpy(end, text, sizeof text - 1) + sizeof text - 1;
    res->bytes = res->bodiless ? 0 : (int64_t)sizeof text - 1;
    c->st->wbuf.end += (size_t)(end - out);
}

const luaL_Reg tw_http_answer_methods[] = {{NULL, NULL}};
