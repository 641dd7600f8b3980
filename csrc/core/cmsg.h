/*
 * Control messages: the ancillary data that goes with sendmsg(2) and
 * recvmsg(2). Here its bytes are walked and built: no length in them is
 * trusted, nothing need be aligned, nothing is called. What items of known
 * types mean is in cmsg_form.h.
 */
#ifndef TW_CORE_CMSG_H
#define TW_CORE_CMSG_H

#include "core/os.h"

/* One item. `data` lies in the bytes that were walked, aligned or not. */
struct tw_cmsg
{
    int level, type;
    const unsigned char *data;
    size_t len;
};

/* -- reading ------------------------------------------------------------- */

/* What is left of some control bytes. */
struct tw_cmsg_walk
{
    const unsigned char *at;
    size_t left;
};

/* Begins at the first of `len` control bytes (msg_control, msg_controllen). */
static inline struct tw_cmsg_walk tw_cmsg_begin(const void *control, size_t len)
{
    return (struct tw_cmsg_walk){control, control ? len : 0};
}

/*
 * The next item; false when there is none. An item that claims to be longer
 * than the bytes that are left ends with them. One that claims to be shorter
 * than its own header ends the walk.
 */
bool tw_cmsg_next(struct tw_cmsg_walk *walk, struct tw_cmsg *item);

enum
{
    TW_SCM_PIDFD = 4 /* SCM_PIDFD, younger than libc's headers */
};

/* True for items that are made of descriptors: SCM_RIGHTS and SCM_PIDFD. */
bool tw_cmsg_holds_fds(const struct tw_cmsg *item);

/* How many descriptors such an item holds (bytes over do not count), and the
   i-th of them; the kernel may say < 0 for a process that is gone. */
size_t tw_cmsg_count_fds(const struct tw_cmsg *item);
int tw_cmsg_fd(const struct tw_cmsg *item, size_t i);

/*
 * A walk over all descriptors among control bytes that are >= 0: begins with
 * the walk begun and the rest zero. Returns the next one, or -1; `item` is the
 * one that holds it.
 */
struct tw_cmsg_fds
{
    struct tw_cmsg_walk walk;
    struct tw_cmsg item;
    size_t at, count;
};

int tw_cmsg_nextfd(struct tw_cmsg_fds *fds);

/* -- building ------------------------------------------------------------ */

enum
{
    TW_CMSG_MAX = INT32_MAX /* bytes of one item, and of all together */
};

/*
 * Control bytes under construction. `bytes` is the caller's; with NULL they
 * are only counted, so that the same calls tell first how much room there must
 * be. `len` is what goes into msg_controllen.
 */
struct tw_cmsg_build
{
    unsigned char *bytes;
    size_t room;
    size_t len;
};

/*
 * Appends an item whose `len` bytes of data are zero, and the padding; sets
 * *data to where they are, or to NULL when only counting. Returns 0, or
 * -ENOBUFS, with nothing appended, for more than there is room for or than
 * TW_CMSG_MAX.
 */
int tw_cmsg_append(struct tw_cmsg_build *build, int level, int type, size_t len,
                   unsigned char **data);

/* CMSG_LEN and CMSG_SPACE of `len`; 0 if that is more than TW_CMSG_MAX. */
size_t tw_cmsg_len(size_t len);
size_t tw_cmsg_space(size_t len);

#endif
