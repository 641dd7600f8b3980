/* Control messages in Lua: made of what was received, and read to be sent. */
#include "bind/control.h"

#include "bind/address.h"
#include "bind/stream.h"
#include "core/cmsg_form.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

void ltw_closefds(const struct tw_net *net, const void *control, size_t len)
{
    struct tw_cmsg_fds fds = {.walk = tw_cmsg_begin(control, len)};
    for (int fd = tw_cmsg_nextfd(&fds); fd >= 0; fd = tw_cmsg_nextfd(&fds))
        net->close(net, fd);
}

/* -- what was received --------------------------------------------------- */

static void push_time(lua_State *L, const struct tw_cmsg_value *value)
{
    lua_createtable(L, 0, 2);
    lua_pushinteger(L, value->num);
    lua_setfield(L, -2, "sec");
    lua_pushinteger(L, value->nsec);
    lua_setfield(L, -2, "nsec");
}

static void push_fds(lua_State *L, const struct tw_cmsg *item)
{
    size_t n = tw_cmsg_count_fds(item);
    lua_createtable(L, (int)n, 0);
    for (size_t i = 0; i < n; i++)
    {
        lua_pushinteger(L, tw_cmsg_fd(item, i));
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

/* Pushes one value, nil if it is not there. */
static void push_part(lua_State *L, const struct tw_cmsg *item,
                      const struct tw_cmsg_part *part)
{
    char host[TW_ADDR_HOST_MAX];
    struct tw_cmsg_value value;
    tw_cmsg_get(item, part, &value);
    switch (value.what)
    {
    case TW_CMSG_NUM:
        lua_pushinteger(L, value.num);
        break;
    case TW_CMSG_ERRNO:
        lua_pushstring(L, tw_err_name(-(int)value.num));
        break;
    case TW_CMSG_TIME:
        push_time(L, &value);
        break;
    case TW_CMSG_HOST:
        lua_pushstring(L, tw_addr_host(&value.addr, host));
        break;
    case TW_CMSG_ADDR:
        ltw_pushaddr(L, &value.addr);
        break;
    case TW_CMSG_BYTES:
    case TW_CMSG_TEXT:
        lua_pushlstring(L, (const char *)value.bytes, value.len);
        break;
    case TW_CMSG_FDS:
        push_fds(L, item);
        break;
    default:
        lua_pushnil(L);
    }
}

/* Pushes what an item means: its only value, or a table of them. */
static void push_meaning(lua_State *L, const struct tw_cmsg *item,
                         const struct tw_cmsg_form *form)
{
    const struct tw_cmsg_part *part = form->parts;
    if (!part->name)
    {
        push_part(L, item, part);
        return;
    }
    lua_newtable(L);
    for (; part->what; part++)
    {
        push_part(L, item, part);
        lua_setfield(L, -2, part->name);
    }
}

/* Sets the value on top in the item below it, by place and by name. */
static void set_both(lua_State *L, int place, const char *name)
{
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, place);
    lua_setfield(L, -2, name);
}

static void push_item(lua_State *L, const struct tw_cmsg *item)
{
    const struct tw_cmsg_form *form = tw_cmsg_form_of(item);
    lua_createtable(L, 3, form ? 5 : 3);
    lua_pushinteger(L, item->level);
    set_both(L, 1, "level");
    lua_pushinteger(L, item->type);
    set_both(L, 2, "type");
    lua_pushlstring(L, (const char *)item->data, item->len);
    set_both(L, 3, "data");
    if (!form)
        return;
    lua_pushstring(L, form->name);
    lua_setfield(L, -2, "name");
    push_meaning(L, item, form);
    lua_setfield(L, -2, "value");
}

void ltw_pushcontrol(lua_State *L, const void *control, size_t len)
{
    struct tw_cmsg_walk walk = tw_cmsg_begin(control, len);
    struct tw_cmsg item;
    lua_newtable(L);
    for (lua_Integer i = 1; tw_cmsg_next(&walk, &item); i++)
    {
        push_item(L, &item);
        lua_rawseti(L, -2, i);
    }
}

/* -- what is to be sent -------------------------------------------------- */

/* Where the value on top of the stack is, for error messages, as in
   ancdata[2].value.pid or fds[3]. */
struct place
{
    int arg;
    const char *name;
    lua_Integer i;     /* 0: none */
    const char *field; /* NULL: none */
    const char *part;
    lua_Integer j;
};

static const char *describe(lua_State *L, const struct place *p)
{
    const char *text = p->name;
    if (p->i)
        text = lua_pushfstring(L, "%s[%I]", text, p->i);
    if (p->field)
        text = lua_pushfstring(L, "%s.%s", text, p->field);
    if (p->part)
        text = lua_pushfstring(L, "%s.%s", text, p->part);
    if (p->j)
        text = lua_pushfstring(L, "%s[%I]", text, p->j);
    return text;
}

/* Raises: the value on top is not what was expected. */
static int expected(lua_State *L, const struct place *p, const char *what)
{
    const char *got = luaL_typename(L, -1);
    if (lua_type(L, -1) == LUA_TNUMBER)
        got = luaL_tolstring(L, -1, NULL);
    return luaL_argerror(L, p->arg,
                         lua_pushfstring(L, "%s: %s expected, got %s",
                                         describe(L, p), what, got));
}

static lua_Integer number(lua_State *L, const struct place *p, lua_Integer min,
                          lua_Integer max)
{
    int exact = 0;
    lua_Integer n = lua_tointegerx(L, -1, &exact);
    if (!exact || lua_type(L, -1) != LUA_TNUMBER)
        expected(L, p, "integer");
    if (n < min || n > max)
        luaL_argerror(L, p->arg,
                      lua_pushfstring(L, "%s: must be %I to %I, got %I",
                                      describe(L, p), min, max, n));
    return n;
}

static const unsigned char *bytes(lua_State *L, const struct place *p,
                                  size_t *len)
{
    if (lua_type(L, -1) != LUA_TSTRING && !ltw_test(L, -1, LTW_BUFFER))
        expected(L, p, "string or buffer");
    return (const unsigned char *)ltw_bytes(L, -1, p->name, len);
}

/* -1 for what is closed: the system then says what it says of any descriptor
   that is not open. */
static int descriptor(lua_State *L, const struct place *p)
{
    if (lua_type(L, -1) == LUA_TNUMBER)
        return (int)number(L, p, 0, INT_MAX);
    const struct ltw_socket *s = ltw_test(L, -1, LTW_SOCKET);
    if (s)
        return s->closed ? -1 : s->sock.fd;
    const struct ltw_file *stream = ltw_test(L, -1, LTW_STREAM);
    if (stream)
        return stream->st.ops ? stream->sock->sock.fd : -1;
    const luaL_Stream *file = luaL_testudata(L, -1, LUA_FILEHANDLE);
    if (!file)
        expected(L, p, "integer, socket or file");
    return file->closef ? fileno(file->f) : -1;
}

/* Appends SCM_RIGHTS of the list on top. */
static int read_rights(lua_State *L, struct place *p,
                       struct tw_cmsg_build *build)
{
    unsigned char *data;
    if (!lua_istable(L, -1))
        expected(L, p, "table");
    size_t n = lua_rawlen(L, -1);
    int rc = n < TW_CMSG_MAX ? tw_cmsg_append(build, SOL_SOCKET, SCM_RIGHTS,
                                              n * sizeof(int), &data)
                             : -ENOBUFS;
    for (size_t i = 0; i < n && rc == 0; i++)
    {
        p->j = (lua_Integer)i + 1;
        lua_rawgeti(L, -1, p->j);
        int fd = descriptor(L, p);
        if (data)
            memcpy(data + i * sizeof fd, &fd, sizeof fd);
        lua_pop(L, 1);
    }
    return rc;
}

/* The value on top as what a part of a form needs. */
static void read_part(lua_State *L, const struct place *p,
                      const struct tw_cmsg_part *part,
                      struct tw_cmsg_value *value)
{
    int64_t min, max;
    if (part->what == TW_CMSG_NUM)
    {
        tw_cmsg_range(part, &min, &max);
        value->num = number(L, p, min, max);
    }
    else if (part->what == TW_CMSG_BYTES)
    {
        value->bytes = bytes(L, p, &value->len);
    }
    else
    {
        int family = part->size == sizeof(struct in_addr) ? AF_INET : AF_INET6;
        if (lua_type(L, -1) != LUA_TSTRING)
            expected(L, p, "numeric address");
        if (tw_addr_inet(&value->addr, family, lua_tostring(L, -1), 0) < 0)
            luaL_argerror(L, p->arg,
                          lua_pushfstring(L,
                                          "%s: numeric address expected, "
                                          "got '%s'",
                                          describe(L, p), lua_tostring(L, -1)));
    }
}

/* Appends an item that is one value, the one on top. */
static int read_one(lua_State *L, const struct place *p,
                    const struct tw_cmsg_form *form,
                    struct tw_cmsg_build *build)
{
    struct tw_cmsg_value value = {.len = 0};
    unsigned char *data;
    read_part(L, p, form->parts, &value);
    int rc = tw_cmsg_append(build, form->level, form->type,
                            form->size + value.len, &data);
    if (rc == 0 && data)
        tw_cmsg_put(data, form->parts, &value);
    return rc;
}

/* Raises if the table on top has a key that is not the name of a part. */
static void check_keys(lua_State *L, const struct place *p,
                       const struct tw_cmsg_form *form)
{
    lua_pushnil(L);
    while (lua_next(L, -2))
    {
        lua_pop(L, 1);
        const struct tw_cmsg_part *part = form->parts;
        const char *key =
            lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
        while (part->what && strcmp(part->name, key) != 0)
            part++;
        if (!part->what)
            luaL_argerror(L, p->arg,
                          lua_pushfstring(L, "%s: unknown field '%s'",
                                          describe(L, p),
                                          luaL_tolstring(L, -1, NULL)));
    }
}

/* Ditto, of several values, by their names in the table on top. */
static int read_parts(lua_State *L, struct place *p,
                      const struct tw_cmsg_form *form,
                      struct tw_cmsg_build *build)
{
    unsigned char *data;
    if (!lua_istable(L, -1))
        expected(L, p, "table");
    check_keys(L, p, form);
    int rc = tw_cmsg_append(build, form->level, form->type, form->size, &data);
    for (const struct tw_cmsg_part *part = form->parts; rc == 0 && part->what;
         part++)
    {
        struct tw_cmsg_value value = {.len = 0};
        p->part = part->name;
        if (lua_getfield(L, -1, part->name) != LUA_TNIL || form->whole)
        {
            read_part(L, p, part, &value);
            if (data)
                tw_cmsg_put(data, part, &value);
        }
        lua_pop(L, 1);
    }
    return rc;
}

/* Appends the item on top, which has a name and a value. */
static int read_meaning(lua_State *L, struct place *p, int family,
                        struct tw_cmsg_build *build)
{
    p->field = "name";
    if (lua_getfield(L, -1, "name") != LUA_TSTRING)
        expected(L, p, "string");
    const char *name = lua_tostring(L, -1);
    const struct tw_cmsg_form *form = tw_cmsg_form_named(name, family);
    if (!form || strlen(name) != lua_rawlen(L, -1))
        luaL_argerror(L, p->arg,
                      lua_pushfstring(L, "%s: '%s' cannot be sent",
                                      describe(L, p), name));
    p->field = "value";
    lua_getfield(L, -2, "value");
    int rc = form->parts->what == TW_CMSG_FDS ? read_rights(L, p, build)
             : form->parts->name              ? read_parts(L, p, form, build)
                                              : read_one(L, p, form, build);
    lua_pop(L, 2);
    return rc;
}

/* Pushes a field of the item on top: by place if it has `n` > 0 places. */
static void push_field(lua_State *L, struct place *p, size_t n, int place)
{
    static const char *const names[] = {"level", "type", "data"};
    p->field = names[place - 1];
    if (n > 0)
        lua_rawgeti(L, -1, place);
    else
        lua_getfield(L, -1, p->field);
}

/* Appends the item on top, which has level, type and data. */
static int read_raw(lua_State *L, struct place *p, size_t n,
                    struct tw_cmsg_build *build)
{
    size_t len;
    unsigned char *copy;
    push_field(L, p, n, 1);
    int level = (int)number(L, p, INT_MIN, INT_MAX);
    lua_pop(L, 1);
    push_field(L, p, n, 2);
    int type = (int)number(L, p, INT_MIN, INT_MAX);
    lua_pop(L, 1);
    push_field(L, p, n, 3);
    const unsigned char *data = bytes(L, p, &len);
    int rc = tw_cmsg_append(build, level, type, len, &copy);
    if (rc == 0 && copy && len)
        memcpy(copy, data, len);
    lua_pop(L, 1);
    return rc;
}

/* Whether the table on top has that field. */
static bool has(lua_State *L, const char *name)
{
    bool there = lua_getfield(L, -1, name) != LUA_TNIL;
    lua_pop(L, 1);
    return there;
}

static int read_item(lua_State *L, struct place *p, int family,
                     struct tw_cmsg_build *build)
{
    if (!lua_istable(L, -1))
        expected(L, p, "table");
    size_t n = lua_rawlen(L, -1);
    if (n > 3)
        luaL_argerror(L, p->arg,
                      lua_pushfstring(L,
                                      "%s: level, type and data expected, "
                                      "got %I fields",
                                      describe(L, p), (lua_Integer)n));
    bool raw = n > 0 || has(L, "level") || !has(L, "name");
    return raw ? read_raw(L, p, n, build) : read_meaning(L, p, family, build);
}

int ltw_readcontrol(lua_State *L, int idx, int family,
                    struct tw_cmsg_build *build)
{
    if (lua_isnoneornil(L, idx))
        return 0;
    if (!lua_istable(L, idx))
        ltw_typeerror(L, idx, "ancdata", "table");
    lua_Integer n = (lua_Integer)lua_rawlen(L, idx);
    int rc = 0;
    for (lua_Integer i = 1; i <= n && rc == 0; i++)
    {
        struct place p = {.arg = idx, .name = "ancdata", .i = i};
        lua_rawgeti(L, idx, i);
        rc = read_item(L, &p, family, build);
        lua_pop(L, 1);
    }
    return rc;
}

int ltw_readfds(lua_State *L, int idx, int family, struct tw_cmsg_build *build)
{
    struct place p = {.arg = idx, .name = "fds"};
    (void)family;
    lua_pushvalue(L, idx);
    int rc = read_rights(L, &p, build);
    lua_pop(L, 1);
    return rc;
}

int ltw_readalg(lua_State *L, int idx, int family, struct tw_cmsg_build *build)
{
    static const char *const names[] = {"op", "iv", "assoclen"};
    int rc = 0;
    for (int i = 0; i < 3 && rc == 0; i++)
    {
        struct place p = {.arg = idx, .name = names[i]};
        const struct tw_cmsg_form *form = tw_cmsg_form_named(names[i], family);
        if (lua_getfield(L, idx, names[i]) != LUA_TNIL || i == 0)
            rc = read_one(L, &p, form, build);
        lua_pop(L, 1);
    }
    return rc;
}
