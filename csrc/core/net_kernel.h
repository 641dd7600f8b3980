/* What the files of the operating system's network share. */
#ifndef TW_CORE_NET_KERNEL_H
#define TW_CORE_NET_KERNEL_H

#include "core/net.h"

/* What a call that has just failed returns, from errno; `want`, a TW_WANT_* or
   0, is for one that would block. */
int tw__net_failure(int want);

/* Functions of struct tw_net. */
int64_t tw__net_clock(const struct tw_net *net);
ssize_t tw__net_sendfile(const struct tw_net *net, int fd, int file,
                         int64_t offset, size_t len);
ssize_t tw__net_read_at(const struct tw_net *net, int file, int64_t offset,
                        void *data, size_t len);
int tw__net_seekable(const struct tw_net *net, int fd);
int tw__net_pipe(const struct tw_net *net, int fds[2]);
ssize_t tw__net_splice_in(const struct tw_net *net, int fd, int pipe,
                          size_t len);
ssize_t tw__net_splice_out(const struct tw_net *net, int pipe, int fd,
                           size_t len);

#endif
