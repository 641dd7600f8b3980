/*
 * Multicast: joining and leaving groups on an interface, from any source or
 * from some, with the options that are the same for IPv4 and IPv6 (RFC 3678).
 * Results are as in err.h.
 */
#ifndef TW_CORE_MCAST_H
#define TW_CORE_MCAST_H

#include "core/sock.h"

struct tw_mcast
{
    struct tw_addr group;
    struct tw_addr source; /* len 0: any source */
    unsigned interface;    /* its index; 0: the system's choice */
};

/* True for addresses in 224.0.0.0/4 and ff00::/8. */
bool tw_mcast_is_group(const struct tw_addr *addr);

/* Where to send what goes to groups. */
struct tw_mcast_route
{
    unsigned interface;    /* its index; 0: the system's choice */
    struct in_addr source; /* IPv4: from this address; 0.0.0.0: ditto */
};

/*
 * Finds the interface with that name or (numeric) address, which becomes the
 * source if it is of IPv4. Returns 0; -ENODEV: there is none; or an error.
 */
int tw_mcast_find(const struct tw_net *net, const char *text,
                  struct tw_mcast_route *route);

/*
 * From now on receive what is sent to the group (by that source, if there is
 * one); or no more. Leaving takes the same arguments as joining: otherwise it
 * fails with -EADDRNOTAVAIL.
 */
int tw_mcast_join(struct tw_sock *s, const struct tw_mcast *m);
int tw_mcast_leave(struct tw_sock *s, const struct tw_mcast *m);

/* Within a group joined for any source: nothing more from m->source; or again.
 */
int tw_mcast_block(struct tw_sock *s, const struct tw_mcast *m);
int tw_mcast_unblock(struct tw_sock *s, const struct tw_mcast *m);

/* Sends what goes to groups that way. */
int tw_mcast_set_route(struct tw_sock *s, const struct tw_mcast_route *route);

#endif
