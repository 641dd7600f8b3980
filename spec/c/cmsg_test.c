/* Control bytes: walked whatever is in them, and built as libc's macros do. */
#include "core/cmsg.h"
#include "guard.h"
#include "text.h"

#include <errno.h>
#include <limits.h>

enum
{
    HEAD = sizeof(struct cmsghdr),
    UNIT = sizeof(size_t),
    ROOM = 4096
};

/* Control bytes, put together without the library. */
struct bytes
{
    unsigned char at[ROOM];
    size_t len;
};

/* Adds an item as it is, its length claimed to be `claim`; no padding. */
static void raw(struct bytes *b, size_t claim, int type, const void *data,
                size_t len)
{
    struct cmsghdr head = {
        .cmsg_len = claim, .cmsg_level = SOL_SOCKET, .cmsg_type = type};
    memcpy(b->at + b->len, &head, sizeof head);
    if (len)
        memcpy(b->at + b->len + HEAD, data, len);
    b->len += HEAD + len;
}

/* Adds a proper item with its padding, of 0xee. */
static void item(struct bytes *b, int type, const void *data, size_t len)
{
    raw(b, HEAD + len, type, data, len);
    while (b->len % UNIT)
        b->at[b->len++] = 0xee;
}

/* Walks bytes at a closed page; "type:data type:data", the data in hex. */
static const char *walked(const struct bytes *b, size_t len)
{
    static struct text t;
    const unsigned char *at = guard_copy(b->at, len);
    struct tw_cmsg_walk walk = tw_cmsg_begin(at, len);
    struct tw_cmsg c;
    text_clear(&t);
    while (tw_cmsg_next(&walk, &c))
    {
        CHECK_INT(c.level, SOL_SOCKET);
        CHECK(c.data >= at && c.data + c.len <= at + len);
        text_add(&t, "%s%d:", t.len ? " " : "", c.type);
        for (size_t i = 0; i < c.len; i++)
            text_add(&t, "%02x", c.data[i]);
    }
    CHECK(walk.at >= at && walk.at + walk.left <= at + len);
    return t.at;
}

static void nothing(void)
{
    struct bytes b = {.len = 0};
    struct tw_cmsg c;
    struct tw_cmsg_walk walk = tw_cmsg_begin(NULL, 100);
    CHECK(!tw_cmsg_next(&walk, &c));
    CHECK_STR(walked(&b, 0), "");
    memset(b.at, 0, sizeof b.at);
    for (size_t len = 0; len < 200; len++)
        CHECK_STR(walked(&b, len), "");
}

static void items(void)
{
    struct bytes b = {.len = 0};
    item(&b, 1, "a", 1);
    CHECK_STR(walked(&b, b.len), "1:61");
    item(&b, 2, "", 0);
    item(&b, 3, "bcdefgh", 7);
    CHECK_STR(walked(&b, b.len), "1:61 2: 3:62636465666768");
    item(&b, 4, "ijklmnop", 8);
    item(&b, 5, "qrstuvwxy", 9);
    CHECK_STR(walked(&b, b.len), "1:61 2: 3:62636465666768 "
                                 "4:696a6b6c6d6e6f70 5:717273747576777879");
}

/* What is cut off is missing, and nothing else. */
static void cut_anywhere(void)
{
    struct bytes b = {.len = 0};
    item(&b, 1, "abc", 3);
    item(&b, 2, "defghijk", 8);
    for (size_t len = 0; len <= b.len; len++)
    {
        char text[100] = "";
        size_t first = HEAD + UNIT, n = len < HEAD ? 0 : len - HEAD;
        if (len >= HEAD)
            snprintf(text, sizeof text, "1:%.*s", (int)(n < 3 ? 2 * n : 6),
                     "616263");
        if (len >= first + HEAD)
            snprintf(text, sizeof text, "1:616263 2:%.*s",
                     (int)(2 * (len - first - HEAD)), "6465666768696a6b");
        if (!CHECK_STR(walked(&b, len), text))
            printf("#   %zu bytes\n", len);
    }
}

/* No padding behind the last item, as the kernel leaves it out. */
static void no_padding(void)
{
    struct bytes b = {.len = 0};
    for (size_t len = 0; len <= 2 * UNIT; len++)
    {
        char text[60] = "1: 2:";
        b.len = 0;
        item(&b, 1, "", 0);
        raw(&b, HEAD + len, 2, "xxxxxxxxxxxxxxxx", len);
        for (size_t i = 0; i < len; i++)
            strcat(text, "78");
        CHECK_STR(walked(&b, b.len), text);
    }
}

static void lies_about_length(void)
{
    static const size_t huge[] = {HEAD + 4, HEAD + 5,     ROOM,
                                  INT_MAX,  UINT_MAX,     SIZE_MAX / 2,
                                  SIZE_MAX, SIZE_MAX - 1, SIZE_MAX - UNIT + 1};
    struct bytes b = {.len = 0};
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++)
    {
        b.len = 0;
        raw(&b, huge[i], 1, "abcd", 4);
        CHECK_STR(walked(&b, b.len), "1:61626364");
        b.len = 0;
        item(&b, 7, "x", 1);
        raw(&b, huge[i], 1, "abcd", 4);
        CHECK_STR(walked(&b, b.len), "7:78 1:61626364");
    }
    for (size_t claim = 0; claim < HEAD; claim++)
    {
        b.len = 0;
        item(&b, 1, "x", 1);
        raw(&b, claim, 2, "abcdefgh", 8);
        item(&b, 3, "y", 1);
        CHECK_STR(walked(&b, b.len), "1:78");
    }
}

/* Every byte of a few items made everything it can be. */
static void any_byte(void)
{
    struct bytes b = {.len = 0};
    item(&b, 1, "abc", 3);
    item(&b, 1, "", 0);
    item(&b, 2, "defghijk", 8);
    for (size_t i = 0; i < 256 * b.len; i++)
    {
        struct tw_cmsg c;
        struct bytes spoilt = b;
        spoilt.at[i / 256] = (unsigned char)(i % 256);
        const unsigned char *at = guard_copy(spoilt.at, b.len);
        struct tw_cmsg_walk walk = tw_cmsg_begin(at, b.len);
        size_t n = 0;
        for (; tw_cmsg_next(&walk, &c); n++)
            CHECK(memcmp(c.data, spoilt.at + (c.data - at), c.len) == 0);
        CHECK(n <= b.len / HEAD);
    }
}

/* -- descriptors --------------------------------------------------------- */

static const char *descriptors(const struct bytes *b, size_t len)
{
    static struct text t;
    struct tw_cmsg_fds fds = {.walk =
                                  tw_cmsg_begin(guard_copy(b->at, len), len)};
    text_clear(&t);
    for (int fd = tw_cmsg_nextfd(&fds); fd >= 0; fd = tw_cmsg_nextfd(&fds))
        text_add(&t, "%d:%d ", fds.item.type, fd);
    CHECK_INT(tw_cmsg_nextfd(&fds), -1);
    return t.at;
}

static void descriptors_among_items(void)
{
    struct bytes b = {.len = 0};
    const int three[] = {5, -1, 7}, one = 9, gone = -3;
    CHECK_STR(descriptors(&b, 0), "");
    item(&b, 29, "timestamp", 9);
    item(&b, SCM_RIGHTS, three, sizeof three);
    item(&b, SCM_RIGHTS, "", 0);
    item(&b, 4, &gone, sizeof gone);
    item(&b, 4, &one, sizeof one);
    item(&b, SCM_RIGHTS, &one, sizeof one);
    CHECK_STR(descriptors(&b, b.len), "1:5 1:7 4:9 1:9 ");
    b.len = 0;
    item(&b, SCM_RIGHTS, three, sizeof three);
    for (size_t n = 0; n <= sizeof three; n++)
        CHECK_STR(descriptors(&b, HEAD + n), n < 4    ? ""
                                             : n < 12 ? "1:5 "
                                                      : "1:5 1:7 ");
}

static void holders(void)
{
    static const int fds[] = {1, 2};
    struct tw_cmsg c = {SOL_SOCKET, SCM_RIGHTS, (const unsigned char *)fds, 8};
    CHECK(tw_cmsg_holds_fds(&c));
    CHECK_INT(tw_cmsg_count_fds(&c), 2);
    CHECK_INT(tw_cmsg_fd(&c, 1), 2);
    c.len = 7;
    CHECK_INT(tw_cmsg_count_fds(&c), 1);
    c.type = 4;
    CHECK(tw_cmsg_holds_fds(&c));
    c.type = SCM_CREDENTIALS;
    CHECK(!tw_cmsg_holds_fds(&c));
    c.type = SCM_RIGHTS;
    c.level = IPPROTO_IP;
    CHECK(!tw_cmsg_holds_fds(&c));
}

/* -- building ------------------------------------------------------------ */

static void sizes(void)
{
    for (size_t n = 0; n < 1000; n++)
    {
        CHECK_INT(tw_cmsg_len(n), CMSG_LEN(n));
        CHECK_INT(tw_cmsg_space(n), CMSG_SPACE(n));
    }
    const size_t most = INT_MAX - HEAD;
    CHECK_INT(tw_cmsg_len(most), INT_MAX);
    CHECK_INT(tw_cmsg_len(most + 1), 0);
    CHECK_INT(tw_cmsg_len(SIZE_MAX), 0);
    CHECK_INT(tw_cmsg_space(most - UNIT + 1), INT_MAX - UNIT + 1);
    CHECK_INT(tw_cmsg_space(most - UNIT + 2), 0);
    CHECK_INT(tw_cmsg_space(SIZE_MAX), 0);
    CHECK_INT(tw_cmsg_space(SIZE_MAX - HEAD), 0);
}

/* The same items, with libc's macros. */
static void compare(const unsigned char *ours, size_t len, const size_t *lens,
                    size_t n)
{
    static unsigned char theirs[ROOM];
    memset(theirs, 0, sizeof theirs);
    struct msghdr msg = {.msg_control = theirs, .msg_controllen = len};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    for (size_t i = 0; i < n; i++, c = CMSG_NXTHDR(&msg, c))
    {
        if (!CHECK(c != NULL))
            return;
        c->cmsg_len = CMSG_LEN(lens[i]);
        c->cmsg_level = (int)i - 1;
        c->cmsg_type = 40 - (int)i;
        memset(CMSG_DATA(c), 'a' + (int)i, lens[i]);
    }
    CHECK(memcmp(ours, theirs, len) == 0);
}

static void built_as_by_libc(void)
{
    static const size_t lens[] = {0, 1, 3, 4, 7, 8, 9, 12, 16, 100};
    const size_t n = sizeof lens / sizeof lens[0];
    struct tw_cmsg_build b = {.bytes = NULL};
    unsigned char *data;
    for (size_t i = 0; i < n; i++)
    {
        CHECK_INT(tw_cmsg_append(&b, 1, 1, lens[i], &data), 0);
        CHECK(data == NULL);
    }
    size_t len = b.len;
    unsigned char dirt[ROOM];
    memset(dirt, 0xdd, sizeof dirt);
    b = (struct tw_cmsg_build){.bytes = guard_copy(dirt, len), .room = len};
    for (size_t i = 0; i < n; i++)
    {
        CHECK_INT(tw_cmsg_append(&b, (int)i - 1, 40 - (int)i, lens[i], &data),
                  0);
        memset(data, 'a' + (int)i, lens[i]);
    }
    CHECK_INT(b.len, len);
    compare(b.bytes, len, lens, n);
    CHECK_INT(tw_cmsg_append(&b, 1, 1, 0, &data), -ENOBUFS);
    CHECK_INT(b.len, len);
}

static void too_much(void)
{
    unsigned char bytes[64];
    unsigned char *data;
    struct tw_cmsg_build b = {.bytes = NULL};
    CHECK_INT(tw_cmsg_append(&b, 1, 1, SIZE_MAX, &data), -ENOBUFS);
    CHECK_INT(tw_cmsg_append(&b, 1, 1, INT_MAX, &data), -ENOBUFS);
    CHECK_INT(b.len, 0);
    CHECK_INT(tw_cmsg_append(&b, 1, 1, INT_MAX / 2, &data), 0);
    size_t half = b.len;
    CHECK_INT(tw_cmsg_append(&b, 1, 1, INT_MAX / 2, &data), -ENOBUFS);
    CHECK_INT(b.len, half);
    CHECK_INT(tw_cmsg_append(&b, 1, 1, INT_MAX / 2 - 100, &data), 0);
    for (size_t room = 0; room < sizeof bytes; room++)
    {
        b = (struct tw_cmsg_build){.bytes = guard_copy(bytes, room),
                                   .room = room};
        CHECK_INT(tw_cmsg_append(&b, 1, 1, 5, &data),
                  room < CMSG_SPACE(5) ? -ENOBUFS : 0);
    }
}

int main(void)
{
    TAP_CASE(nothing);
    TAP_CASE(items);
    TAP_CASE(cut_anywhere);
    TAP_CASE(no_padding);
    TAP_CASE(lies_about_length);
    TAP_CASE(any_byte);
    TAP_CASE(descriptors_among_items);
    TAP_CASE(holders);
    TAP_CASE(sizes);
    TAP_CASE(built_as_by_libc);
    TAP_CASE(too_much);
    return tap_done();
}
