/* The byte queue, against a plain array and without memory. */
#include "core/buf.h"
#include "mem.h"

#include <stdint.h>

static bool holds(const struct tw_buf *b, const char *text)
{
    return tw_buf_len(b) == strlen(text) &&
           memcmp(tw_buf_data(b), text, strlen(text)) == 0;
}

static void starts_empty(void)
{
    struct test_mem t;
    struct tw_buf b;
    test_mem_init(&t);
    tw_buf_init(&b, &t.mem);
    CHECK_INT(tw_buf_len(&b), 0);
    CHECK_STR(tw_buf_data(&b), "");
    CHECK(tw_buf_append(&b, NULL, 0));
    CHECK(tw_buf_prepend(&b, NULL, 0));
    tw_buf_consume(&b, 0);
    CHECK_INT(t.requests, 0);
    tw_buf_deinit(&b);
    tw_buf_deinit(&b);
    CHECK_INT(t.blocks, 0);
}

static void appends_and_consumes(void)
{
    struct test_mem t;
    struct tw_buf b;
    test_mem_init(&t);
    tw_buf_init(&b, &t.mem);
    CHECK(tw_buf_append(&b, "hello ", 6));
    CHECK(tw_buf_append(&b, "world", 5));
    CHECK(holds(&b, "hello world"));
    tw_buf_consume(&b, 6);
    CHECK(holds(&b, "world"));
    CHECK(tw_buf_append(&b, "", 0));
    CHECK(holds(&b, "world"));
    tw_buf_consume(&b, 5);
    CHECK(holds(&b, ""));
    CHECK_INT(b.start, 0);
    tw_buf_deinit(&b);
    CHECK_INT(t.blocks, 0);
    CHECK(tw_buf_append(&b, "again", 5));
    CHECK(holds(&b, "again"));
    tw_buf_deinit(&b);
    CHECK_INT(t.blocks, 0);
}

static void prepends(void)
{
    struct test_mem t;
    struct tw_buf b;
    test_mem_init(&t);
    tw_buf_init(&b, &t.mem);
    CHECK(tw_buf_prepend(&b, "d", 1)); /* into nothing */
    CHECK(tw_buf_prepend(&b, "abc", 3));
    CHECK(holds(&b, "abcd"));
    tw_buf_consume(&b, 3);
    CHECK(tw_buf_prepend(&b, "xyz", 3)); /* into exactly the room in front */
    CHECK(holds(&b, "xyzd"));
    tw_buf_consume(&b, 1);
    CHECK(tw_buf_prepend(&b, "12345", 5)); /* into more than that */
    CHECK(holds(&b, "12345yzd"));
    char big[1000];
    memset(big, 'p', sizeof big);
    CHECK(tw_buf_prepend(&b, big, sizeof big)); /* into a bigger block */
    CHECK_INT(tw_buf_len(&b), 1008);
    tw_buf_consume(&b, 1000);
    CHECK(holds(&b, "12345yzd"));
    tw_buf_deinit(&b);
    CHECK_INT(t.blocks, 0);
}

static void reserves_and_commits(void)
{
    struct test_mem t;
    struct tw_buf b;
    test_mem_init(&t);
    tw_buf_init(&b, &t.mem);
    char *room = tw_buf_reserve(&b, 3);
    CHECK(room != NULL);
    memcpy(room, "abc", 3);
    tw_buf_commit(&b, 2);
    CHECK(holds(&b, "ab"));
    /* Compacts rather than grows when that is enough. */
    size_t cap = b.cap;
    long requests = t.requests;
    memset(tw_buf_reserve(&b, cap - 2), 'x', cap - 2);
    tw_buf_commit(&b, cap - 2);
    tw_buf_consume(&b, cap - 1);
    CHECK(tw_buf_reserve(&b, cap - 1) != NULL);
    CHECK_INT(b.cap, cap);
    CHECK_INT(t.requests, requests);
    CHECK(holds(&b, "x"));
    CHECK(tw_buf_reserve(&b, cap) != NULL);
    CHECK_INT(b.cap, 2 * cap);
    CHECK(holds(&b, "x"));
    tw_buf_deinit(&b);
    CHECK_INT(t.blocks, 0);
}

static void sizes_that_overflow(void)
{
    struct test_mem t;
    struct tw_buf b;
    test_mem_init(&t);
    tw_buf_init(&b, &t.mem);
    CHECK(!tw_buf_reserve(&b, SIZE_MAX));
    CHECK(!tw_buf_reserve(&b, SIZE_MAX / 2 + 2));
    CHECK_INT(t.requests, 0);
    CHECK(tw_buf_append(&b, "ab", 2));
    CHECK(!tw_buf_reserve(&b, SIZE_MAX));
    CHECK(!tw_buf_reserve(&b, SIZE_MAX - 1));
    CHECK(!tw_buf_append(&b, "x", SIZE_MAX - 2));
    CHECK(!tw_buf_prepend(&b, "x", SIZE_MAX - 1));
    CHECK(holds(&b, "ab"));
    tw_buf_deinit(&b);
    CHECK_INT(t.blocks, 0);
}

/* What fails changes nothing, and what did not fail is there. */
static void fill_somehow(struct test_mem *t)
{
    struct tw_buf b;
    char data[600];
    size_t front = 0, back = 0;
    memset(data, 'd', sizeof data);
    tw_buf_init(&b, &t->mem);
    for (int i = 0; i < 8; i++)
    {
        if (tw_buf_append(&b, data, sizeof data))
            back += sizeof data;
        if (tw_buf_prepend(&b, "ppp", 3))
            front += 3;
        CHECK_INT(tw_buf_len(&b), front + back);
        bool ok = true;
        for (size_t j = 0; j < tw_buf_len(&b); j++)
            ok = ok && (tw_buf_data(&b)[j] == 'p' || tw_buf_data(&b)[j] == 'd');
        CHECK(ok);
        char *room = tw_buf_reserve(&b, 2000);
        if (room)
            memset(room, 'r', 2000);
    }
    tw_buf_deinit(&b);
}

static void without_memory(void)
{
    test_mem_each(fill_somehow);
}

/* A fixed pseudo-random walk, the same in a plain array. */
struct model
{
    char data[4096];
    size_t len;
};

static void walk_one(struct tw_buf *b, struct model *m, unsigned dice)
{
    char piece[97];
    size_t n = dice / 7 % sizeof piece;
    memset(piece, 'a' + (int)(dice % 26), sizeof piece);
    if (dice % 3 == 0 || m->len + n > sizeof m->data)
    {
        n = n < m->len ? n : m->len;
        tw_buf_consume(b, n);
        m->len -= n;
        memmove(m->data, m->data + n, m->len);
    }
    else if (dice % 3 == 1)
    {
        CHECK(tw_buf_append(b, piece, n));
        memcpy(m->data + m->len, piece, n);
        m->len += n;
    }
    else
    {
        CHECK(tw_buf_prepend(b, piece, n));
        memmove(m->data + n, m->data, m->len);
        memcpy(m->data, piece, n);
        m->len += n;
    }
}

static void agrees_with_a_plain_array(void)
{
    struct test_mem t;
    struct tw_buf b;
    struct model m = {.len = 0};
    unsigned seed = 1;
    test_mem_init(&t);
    t.guarded = true;
    tw_buf_init(&b, &t.mem);
    for (int i = 0; i < 5000; i++)
    {
        seed = seed * 1103515245u + 12345u;
        walk_one(&b, &m, seed >> 8);
        if (!CHECK(tw_buf_len(&b) == m.len &&
                   memcmp(tw_buf_data(&b), m.data, m.len) == 0))
            break;
        CHECK(b.start <= b.end && b.end <= b.cap);
    }
    tw_buf_deinit(&b);
    CHECK_INT(t.blocks, 0);
}

int main(void)
{
    TAP_CASE(starts_empty);
    TAP_CASE(appends_and_consumes);
    TAP_CASE(prepends);
    TAP_CASE(reserves_and_commits);
    TAP_CASE(sizes_that_overflow);
    TAP_CASE(without_memory);
    TAP_CASE(agrees_with_a_plain_array);
    return tap_done();
}
