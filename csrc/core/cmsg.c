/* Walking and building control bytes. */
#include "core/cmsg.h"

#include <string.h>

enum
{
    HEAD = CMSG_LEN(0),  /* where data begins */
    UNIT = CMSG_ALIGN(1) /* what every item is a multiple of */
};

_Static_assert(HEAD >= sizeof(struct cmsghdr) && HEAD % UNIT == 0,
               "the data of an item must not overlap its header");

/* -- reading ------------------------------------------------------------- */

bool tw_cmsg_next(struct tw_cmsg_walk *walk, struct tw_cmsg *item)
{
    struct cmsghdr head;
    if (walk->left < HEAD)
        return false;
    memcpy(&head, walk->at, sizeof head);
    size_t size = head.cmsg_len;
    if (size < HEAD)
        return false;
    if (size > walk->left)
        size = walk->left;
    *item = (struct tw_cmsg){.level = head.cmsg_level,
                             .type = head.cmsg_type,
                             .data = walk->at + HEAD,
                             .len = size - HEAD};
    size_t padding = -size % UNIT;
    size_t left = walk->left - size;
    walk->left = padding < left ? left - padding : 0;
    walk->at += size + (padding < left ? padding : left);
    return true;
}

bool tw_cmsg_holds_fds(const struct tw_cmsg *item)
{
    return item->level == SOL_SOCKET &&
           (item->type == SCM_RIGHTS || item->type == TW_SCM_PIDFD);
}

size_t tw_cmsg_count_fds(const struct tw_cmsg *item)
{
    return item->len / sizeof(int);
}

int tw_cmsg_fd(const struct tw_cmsg *item, size_t i)
{
    int fd;
    memcpy(&fd, item->data + i * sizeof fd, sizeof fd);
    return fd;
}

/* Goes on to the next item that holds descriptors. */
static bool next_holder(struct tw_cmsg_fds *fds)
{
    do
        if (!tw_cmsg_next(&fds->walk, &fds->item))
            return false;
    while (!tw_cmsg_holds_fds(&fds->item));
    fds->at = 0;
    fds->count = tw_cmsg_count_fds(&fds->item);
    return true;
}

int tw_cmsg_nextfd(struct tw_cmsg_fds *fds)
{
    int fd = -1;
    while (fd < 0)
    {
        if (fds->at < fds->count)
            fd = tw_cmsg_fd(&fds->item, fds->at++);
        else if (!next_holder(fds))
            return -1;
    }
    return fd;
}

/* -- building ------------------------------------------------------------ */

size_t tw_cmsg_len(size_t len)
{
    return len <= (size_t)TW_CMSG_MAX - HEAD ? HEAD + len : 0;
}

size_t tw_cmsg_space(size_t len)
{
    size_t size = tw_cmsg_len(len);
    size += -size % UNIT;
    return size <= TW_CMSG_MAX ? size : 0;
}

int tw_cmsg_append(struct tw_cmsg_build *build, int level, int type, size_t len,
                   unsigned char **data)
{
    size_t room = build->bytes ? build->room : TW_CMSG_MAX;
    size_t space = tw_cmsg_space(len);
    if (space == 0 || space > room - build->len)
        return -ENOBUFS;
    *data = NULL;
    if (build->bytes)
    {
        struct cmsghdr head = {.cmsg_len = tw_cmsg_len(len),
                               .cmsg_level = level,
                               .cmsg_type = type};
        unsigned char *at = build->bytes + build->len;
        memset(at, 0, space);
        memcpy(at, &head, sizeof head);
        *data = at + HEAD;
    }
    build->len += space;
    return 0;
}
