/*
 * What the operating system offers: the socket headers that everybody needs
 * and, with os_names.h, the only place outside loop/ where code depends on the
 * platform. Everything is compiled with _GNU_SOURCE.
 */
#ifndef TW_CORE_OS_H
#define TW_CORE_OS_H

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>

/* Without MSG_NOSIGNAL, define it as 0 and have net_kernel set SO_NOSIGPIPE. */
#if !defined(MSG_NOSIGNAL)
#error "this platform needs its own way to hold off SIGPIPE"
#endif

/* The struct of `type` whose `member` `ptr` points to. */
#define tw__container_of(ptr, type, member)                                    \
    ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Of <linux/icmp.h>, which cannot be included beside <net/if.h>. */
#if !defined(ICMP_FILTER)
#define ICMP_FILTER 1
#endif

/* How many bytes a FILE has read from its descriptor but not handed out. */
#if defined(__GLIBC__)
#define tw__read_ahead(file)                                                   \
    ((size_t)((file)->_IO_read_end - (file)->_IO_read_ptr))
#else
#include <stdio_ext.h>
#define tw__read_ahead(file) __freadahead(file)
#endif

/* glibc's non-standard spellings of the invalid-name-server error. */
#if !defined(EAI_ADDRFAMILY)
#define EAI_ADDRFAMILY EAI_FAMILY
#endif
#if !defined(EAI_IDN_ENCODE)
#define EAI_IDN_ENCODE EAI_FAIL
#endif

#endif
