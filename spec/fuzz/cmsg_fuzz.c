/*
 * Control messages: any bytes as what recvmsg brings, at any place in memory,
 * and any items built, as for sendmsg, and read again.
 */
#include "core/cmsg_form.h"
#include "fuzz.h"

enum
{
    HEAD = CMSG_LEN(0),
    UNIT = CMSG_ALIGN(1),
    ITEMS_MAX = 16, /* built at once */
};

/* -- reading -------------------------------------------------------------- */

static void check_value(const struct tw_cmsg *item,
                        const struct tw_cmsg_part *part,
                        const struct tw_cmsg_value *value)
{
    char text[TW_ADDR_TEXT_MAX];
    int64_t min, max;
    FUZZ_CHECK(value->what == part->what || value->what == TW_CMSG_NONE);
    switch (value->what)
    {
    case TW_CMSG_NUM:
        tw_cmsg_range(part, &min, &max);
        FUZZ_CHECK(value->num >= min && value->num <= max);
        break;
    case TW_CMSG_ERRNO:
        FUZZ_CHECK(value->num > 0 && value->num <= 4095);
        break;
    case TW_CMSG_TIME:
        FUZZ_CHECK(value->nsec >= 0 && value->nsec < 1000000000);
        break;
    case TW_CMSG_HOST:
    case TW_CMSG_ADDR:
        FUZZ_CHECK(strlen(tw_addr_format(&value->addr, text)) > 0);
        FUZZ_CHECK(value->addr.len <= sizeof value->addr.u);
        break;
    case TW_CMSG_BYTES:
    case TW_CMSG_TEXT:
    case TW_CMSG_FDS:
        FUZZ_CHECK(value->bytes >= item->data &&
                   value->bytes + value->len <= item->data + item->len);
        break;
    default:
        break;
    }
}

static void check_item(const struct tw_cmsg *item)
{
    struct tw_cmsg_value value;
    const struct tw_cmsg_form *form = tw_cmsg_form_of(item);
    if (!form)
        return;
    FUZZ_CHECK(form->level == item->level && form->type == item->type);
    FUZZ_CHECK(form->more ? item->len >= form->size : item->len == form->size);
    for (const struct tw_cmsg_part *part = form->parts; part->what; part++)
    {
        tw_cmsg_get(item, part, &value);
        check_value(item, part, &value);
    }
}

/* How many descriptors that are none too low an item holds. */
static size_t descriptors(const struct tw_cmsg *item)
{
    size_t found = 0;
    if (!tw_cmsg_holds_fds(item))
        return 0;
    for (size_t i = 0; i < tw_cmsg_count_fds(item); i++)
        found += tw_cmsg_fd(item, i) >= 0;
    return found;
}

/* Walks `len` bytes: items follow each other, and lie within. */
static void walk(const unsigned char *control, size_t len)
{
    struct tw_cmsg_walk walk = tw_cmsg_begin(control, len);
    struct tw_cmsg item;
    size_t held = 0, at = 0;
    while (tw_cmsg_next(&walk, &item))
    {
        size_t begin = (size_t)(item.data - control);
        FUZZ_CHECK(begin == at + HEAD && item.len <= len - begin);
        FUZZ_CHECK(walk.left < len - at);
        check_item(&item);
        held += descriptors(&item);
        at = len - walk.left;
        FUZZ_CHECK(at % UNIT == 0 || at == len);
        FUZZ_CHECK(at >= begin + item.len && at < begin + item.len + UNIT);
    }
    struct tw_cmsg_fds fds = {.walk = tw_cmsg_begin(control, len)};
    while (tw_cmsg_nextfd(&fds) >= 0)
        FUZZ_CHECK(held-- > 0);
    FUZZ_CHECK(held == 0);
}

static void read_any(struct fuzz_input *in)
{
    size_t place = fuzz_byte(in) % UNIT;
    unsigned char *room = malloc(place + in->size + 1);
    FUZZ_CHECK(room);
    /* The end of the block is that of the control bytes. */
    unsigned char *control = room + place + 1;
    if (in->size)
        memcpy(control, in->data, in->size);
    walk(control, in->size);
    free(room);
}

/* -- building ------------------------------------------------------------- */

/* What an item is to be. */
struct plan
{
    const struct tw_cmsg_form *form; /* NULL: of no known type */
    int level, type;
    size_t len;
    const uint8_t *data; /* as many bytes */
};

static struct plan next_plan(struct fuzz_input *in)
{
    size_t forms = 0;
    while (tw_cmsg_form_at(forms))
        forms++;
    struct plan plan = {.form = tw_cmsg_form_at(fuzz_byte(in) % (forms + 1)),
                        .level = fuzz_byte(in),
                        .type = fuzz_byte(in),
                        .len = fuzz_byte(in)};
    if (plan.form)
    {
        plan.level = plan.form->level;
        plan.type = plan.form->type;
        plan.len = plan.form->size + (plan.form->more ? plan.len & ~3u : 0);
    }
    if (plan.len > in->size)
        plan.len = 0;
    plan.data = in->data;
    in->data += plan.len;
    in->size -= plan.len;
    return plan;
}

/* Writes all parts, read from the plan's bytes, into the item's. */
static void put_parts(const struct plan *plan, unsigned char *data)
{
    struct tw_cmsg_value value;
    struct tw_cmsg from = {plan->level, plan->type, plan->data, plan->len};
    const struct tw_cmsg_form *form = tw_cmsg_form_of(&from);
    for (const struct tw_cmsg_part *p = form ? form->parts : NULL;
         p && p->what && form->sent; p++)
    {
        tw_cmsg_get(&from, p, &value);
        if (value.what != TW_CMSG_NONE)
            tw_cmsg_put(data, p, &value);
    }
}

static bool same_value(const struct tw_cmsg_value *a,
                       const struct tw_cmsg_value *b)
{
    return a->what == b->what && a->num == b->num && a->nsec == b->nsec &&
           a->len == b->len && a->addr.len == b->addr.len &&
           memcmp(&a->addr.u, &b->addr.u, a->addr.len) == 0 &&
           (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

/* What was put is what is got, but for what only the kernel sends. */
static void check_built(const struct plan *plan, const struct tw_cmsg *item)
{
    struct tw_cmsg from = {plan->level, plan->type, plan->data, plan->len};
    struct tw_cmsg_value a, b;
    const struct tw_cmsg_form *form = tw_cmsg_form_of(&from);
    FUZZ_CHECK(item->level == plan->level && item->type == plan->type);
    FUZZ_CHECK(item->len == plan->len && tw_cmsg_form_of(item) == form);
    for (const struct tw_cmsg_part *p = form ? form->parts : NULL;
         p && p->what && form->sent; p++)
    {
        tw_cmsg_get(&from, p, &a);
        tw_cmsg_get(item, p, &b);
        bool kept = p->what == TW_CMSG_NUM || p->what == TW_CMSG_HOST ||
                    p->what == TW_CMSG_BYTES;
        if (kept && a.what != TW_CMSG_NONE)
            FUZZ_CHECK(same_value(&a, &b));
    }
}

/* Appends all; returns what there was no room for, or -1. */
static int append_all(struct tw_cmsg_build *build, const struct plan *plans,
                      int count)
{
    unsigned char *data;
    for (int i = 0; i < count; i++)
    {
        size_t before = build->len;
        int rc = tw_cmsg_append(build, plans[i].level, plans[i].type,
                                plans[i].len, &data);
        FUZZ_CHECK(rc == 0 || (rc == -ENOBUFS && build->len == before));
        if (rc < 0)
            return i;
        FUZZ_CHECK(build->len == before + tw_cmsg_space(plans[i].len));
        FUZZ_CHECK(!data == !build->bytes);
        if (data)
            put_parts(&plans[i], data);
    }
    return -1;
}

static void build(struct fuzz_input *in)
{
    struct plan plans[ITEMS_MAX];
    struct tw_cmsg item;
    int count = fuzz_byte(in) % (ITEMS_MAX + 1);
    size_t less = fuzz_byte(in);
    for (int i = 0; i < count; i++)
        plans[i] = next_plan(in);
    struct tw_cmsg_build counted = {.bytes = NULL};
    FUZZ_CHECK(append_all(&counted, plans, count) == -1);
    size_t room = counted.len > less ? counted.len - less : 0;
    struct tw_cmsg_build made = {malloc(room ? room : 1), room, 0};
    FUZZ_CHECK(made.bytes);
    int lacking = append_all(&made, plans, count);
    FUZZ_CHECK((lacking == -1) == (room == counted.len));
    struct tw_cmsg_walk walk = tw_cmsg_begin(made.bytes, made.len);
    for (int i = 0; i < (lacking < 0 ? count : lacking); i++)
    {
        FUZZ_CHECK(tw_cmsg_next(&walk, &item));
        check_built(&plans[i], &item);
    }
    FUZZ_CHECK(!tw_cmsg_next(&walk, &item));
    free(made.bytes);
}

static void sizes(struct fuzz_input *in)
{
    size_t len = 0;
    for (size_t i = 0; i < sizeof len; i++)
        len = len << 8 | fuzz_byte(in);
    size_t with_head = tw_cmsg_len(len), space = tw_cmsg_space(len);
    FUZZ_CHECK(with_head <= TW_CMSG_MAX && space <= TW_CMSG_MAX);
    FUZZ_CHECK(with_head == 0 || with_head == CMSG_LEN(len));
    FUZZ_CHECK(space == 0 || space == CMSG_SPACE(len));
    FUZZ_CHECK((with_head == 0) == (len > (size_t)TW_CMSG_MAX - HEAD));
    FUZZ_CHECK(space != 0 || len > (size_t)TW_CMSG_MAX - HEAD - UNIT);
}

/* Names are whole, and of what may be sent. */
static void named(struct fuzz_input *in)
{
    int family = fuzz_byte(in) & 1 ? AF_INET6 : AF_INET;
    char *name = fuzz_text(in);
    const struct tw_cmsg_form *form = tw_cmsg_form_named(name, family);
    FUZZ_CHECK(!form || (form->sent && strcmp(form->name, name) == 0));
    FUZZ_CHECK(!form ||
               form->level != (family == AF_INET6 ? IPPROTO_IP : IPPROTO_IPV6));
    free(name);
}

int FUZZ_TARGET(const uint8_t *data, size_t size)
{
    static void (*const parts[])(struct fuzz_input *) = {read_any, build, sizes,
                                                         named};
    struct fuzz_input in = {data, size};
    parts[fuzz_byte(&in) % 4](&in);
    return 0;
}
