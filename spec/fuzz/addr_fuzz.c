/*
 * Addresses: any bytes as the sockaddr of any socket, and any bytes as the
 * texts from which addresses are made.
 */
#include "core/family.h"
#include "fuzz.h"

#include <ctype.h>

/* -- what a kernel says --------------------------------------------------- */

static bool same_part(const struct tw_part *a, const struct tw_part *b)
{
    if (!a->bytes || !b->bytes)
        return !a->bytes && !b->bytes && a->num == b->num;
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static size_t fields_of(const struct tw_family *family)
{
    size_t n = 0;
    while (family->fields[n].name)
        n++;
    return n;
}

/* Nothing is read that is not of the address: what lies behind it in memory
   changes neither its text nor its fields. */
static void check_bounded(const struct tw_addr *addr,
                          const struct tw_family *family)
{
    char text[TW_ADDR_TEXT_MAX], again[TW_ADDR_TEXT_MAX];
    struct tw_part a, b;
    struct tw_addr other = *addr;
    memset((char *)&other.u + addr->len, 0xa5, sizeof other.u - addr->len);
    FUZZ_CHECK(tw_addr_family_of(&other) == family);
    FUZZ_CHECK(tw_addr_format(addr, text) == text);
    FUZZ_CHECK(strlen(text) > 0 && strlen(text) < sizeof text - 1);
    FUZZ_CHECK(strcmp(text, tw_addr_format(&other, again)) == 0);
    for (const char *c = text; *c; c++)
        FUZZ_CHECK(!iscntrl((unsigned char)*c));
    for (size_t i = 0; family && family->fields[i].name; i++)
    {
        tw_addr_get(addr, &family->fields[i], &a);
        tw_addr_get(&other, &family->fields[i], &b);
        FUZZ_CHECK(same_part(&a, &b));
    }
    FUZZ_CHECK(!family ||
               tw_addr_count(addr, family) == tw_addr_count(&other, family));
}

/* True if the address ends in the middle of a field. */
static bool torn(const struct tw_addr *addr, const struct tw_family *family)
{
    for (const struct tw_field *f = family ? family->fields : NULL;
         f && f->name; f++)
    {
        bool any = f->at < addr->len || f->kind == TW_FIELD_BYTES;
        if (any && addr->len < (socklen_t)f->at + f->size)
            return true;
    }
    return false;
}

/* The zeros that a kernel may leave out say nothing new. */
static void check_complete(const struct tw_addr *addr,
                           const struct tw_family *family)
{
    char text[TW_ADDR_TEXT_MAX], again[TW_ADDR_TEXT_MAX];
    struct tw_addr whole = *addr;
    tw_addr_complete(&whole);
    FUZZ_CHECK(tw_addr_family_of(&whole) == family);
    FUZZ_CHECK(whole.len >= addr->len && whole.len <= sizeof whole.u);
    FUZZ_CHECK(memcmp(&whole.u, &addr->u, addr->len) == 0);
    FUZZ_CHECK(!family || family->family == AF_UNIX ||
               whole.len >= family->len);
    tw_addr_format(addr, text);
    FUZZ_CHECK(torn(addr, family) ||
               strcmp(text, tw_addr_format(&whole, again)) == 0);
}

/* What a script could not give either: the kernel's flow labels have bits more,
   its paths a byte. */
static bool givable(const struct tw_addr *addr, const struct tw_field *field,
                    const struct tw_part *part)
{
    if (field->kind == TW_FIELD_UINT)
        return part->num <= field->max;
    if (field->kind == TW_FIELD_PATH)
        return addr->len <= sizeof addr->u.un - 1 || !*part->bytes ||
               part->len < TW_ADDR_PATH_MAX;
    return true;
}

/* What has been read makes the same address again. */
static void check_again(const struct tw_addr *addr,
                        const struct tw_family *family)
{
    char text[TW_ADDR_TEXT_MAX], other[TW_ADDR_TEXT_MAX];
    struct tw_addr made;
    struct tw_part part, again;
    size_t n = fields_of(family);
    FUZZ_CHECK(n <= TW_FIELDS_MAX);
    size_t count = tw_addr_count(addr, family);
    FUZZ_CHECK(count > 0 && count <= n);
    tw_addr_begin(&made, family, addr->proto);
    for (size_t i = 0; i < n; i++)
    {
        const struct tw_field *field = &family->fields[i];
        tw_addr_get(addr, field, &part);
        bool text_of_max =
            field->kind == TW_FIELD_TEXT || field->kind == TW_FIELD_BYTES;
        FUZZ_CHECK(!text_of_max || part.len <= (size_t)field->max);
        if (!givable(addr, field, &part))
            return;
        FUZZ_CHECK(tw_addr_put(&made, field, &part) == 0);
        tw_addr_get(&made, field, &again);
        FUZZ_CHECK(same_part(&part, &again));
    }
    FUZZ_CHECK(tw_addr_family_of(&made) == family);
    FUZZ_CHECK(tw_addr_count(&made, family) == count);
    FUZZ_CHECK(
        strcmp(tw_addr_format(addr, text), tw_addr_format(&made, other)) == 0);
}

static void decode(struct fuzz_input *in)
{
    struct tw_addr addr = {.proto = fuzz_byte(in) % 8};
    size_t len = in->size < sizeof addr.u ? in->size : sizeof addr.u;
    memcpy(&addr.u, in->data, len);
    addr.len = (socklen_t)len;
    const struct tw_family *family = tw_addr_family_of(&addr);
    FUZZ_CHECK(!family || family->family == tw_addr_family(&addr));
    check_bounded(&addr, family);
    check_complete(&addr, family);
    if (family)
        check_again(&addr, family);
}

/* -- what a script says --------------------------------------------------- */

static void host(struct fuzz_input *in)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
    struct tw_addr addr, again;
    char name[TW_ADDR_HOST_MAX], text[TW_ADDR_TEXT_MAX];
    int family = families[fuzz_byte(in) % 3];
    uint16_t port = fuzz_byte(in);
    char *given = fuzz_text(in);
    memset(&addr, 0x5a, sizeof addr);
    int rc = tw_addr_inet(&addr, family, given, port);
    FUZZ_CHECK(rc <= 0);
    FUZZ_CHECK(family != AF_UNIX || rc == -EAFNOSUPPORT);
    bool special = !*given || strcmp(given, "<broadcast>") == 0;
    FUZZ_CHECK(rc != 0 || special || tw_addr_numeric(given));
    FUZZ_CHECK(!special || !tw_addr_numeric(given));
    if (rc == 0)
    {
        FUZZ_CHECK(tw_addr_family(&addr) == family);
        FUZZ_CHECK(tw_addr_port(&addr) == port);
        FUZZ_CHECK(strlen(tw_addr_format(&addr, text)) < sizeof text - 1);
        tw_addr_host(&addr, name);
        FUZZ_CHECK(tw_addr_inet(&again, family, name, port) == 0);
        if (family == AF_INET6)
            again.u.in6.sin6_scope_id = addr.u.in6.sin6_scope_id;
        FUZZ_CHECK(again.len == addr.len);
        FUZZ_CHECK(memcmp(&again.u, &addr.u, addr.len) == 0);
    }
    free(given);
}

static void path(struct fuzz_input *in)
{
    struct tw_addr addr;
    char *given = fuzz_text(in);
    size_t len;
    bool abstract = in->size && !*given;
    int rc = tw_addr_unix(&addr, given, in->size);
    bool fits = in->size <= (size_t)TW_ADDR_PATH_MAX - !abstract;
    bool cut = !abstract && strlen(given) < in->size;
    FUZZ_CHECK(rc == (!fits ? -ENAMETOOLONG : cut ? -EINVAL : 0));
    if (rc == 0)
    {
        const char *got = tw_addr_path(&addr, &len);
        FUZZ_CHECK(len == in->size && memcmp(got, given, len) == 0);
        check_bounded(&addr, tw_addr_family_of(&addr));
    }
    free(given);
}

/* To Linux "lo:" and "lo:1" are other names of lo. */
static bool alias(const struct tw_field *field, const char *name)
{
    return field->kind == TW_FIELD_IFACE && strchr(name, ':');
}

/* A text as one field of one family's addresses. */
static void field(struct fuzz_input *in)
{
    size_t rows = 0;
    while (tw_family_at(rows))
        rows++;
    const struct tw_family *family = tw_family_at(fuzz_byte(in) % rows);
    const struct tw_field *f =
        &family->fields[fuzz_byte(in) % fields_of(family)];
    bool limited = f->kind == TW_FIELD_TEXT || f->kind == TW_FIELD_BYTES;
    if (f->kind == TW_FIELD_UINT || f->kind == TW_FIELD_NUM ||
        (limited && in->size > (size_t)f->max))
        return;
    struct tw_addr addr;
    char *given = fuzz_text(in);
    bool whole = strlen(given) == in->size;
    struct tw_part part = {.bytes = given, .len = in->size}, got;
    tw_addr_begin(&addr, family, family->proto < 0 ? 0 : family->proto);
    /* Only these two kinds may hold a NUL. */
    if (whole || f->kind == TW_FIELD_BYTES || f->kind == TW_FIELD_PATH)
    {
        bool put = tw_addr_put(&addr, f, &part) == 0;
        tw_addr_get(&addr, f, &got);
        if (put && f->kind == TW_FIELD_BDADDR)
            FUZZ_CHECK(strcasecmp(got.bytes, given) == 0);
        else if (put && f->kind != TW_FIELD_HOST && !alias(f, given))
            FUZZ_CHECK(same_part(&got, &part));
        check_bounded(&addr, tw_addr_family_of(&addr));
    }
    free(given);
}

int FUZZ_TARGET(const uint8_t *data, size_t size)
{
    static void (*const parts[])(struct fuzz_input *) = {decode, host, path,
                                                         field};
    struct fuzz_input in = {data, size};
    parts[fuzz_byte(&in) % 4](&in);
    return 0;
}
