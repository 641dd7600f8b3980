/* services(5) and protocols(5), in their reentrant forms, and interfaces. */
#include "core/names.h"

#include <net/if.h>
#include <stdio.h>

/* Room for one entry of /etc/services with all its aliases. */
enum
{
    ENTRY_MAX = 4096
};

_Static_assert(TW_IFACE_MAX == IF_NAMESIZE, "of <net/if.h>");

/* Why nothing was found: the C library says 0 if it just is not there. */
static int missing(int rc)
{
    return rc ? -rc : -ENOENT;
}

int tw_names_port(const char *service, const char *proto)
{
    char room[ENTRY_MAX];
    struct servent entry, *found = NULL;
    int rc = getservbyname_r(service, proto, &entry, room, sizeof room, &found);
    return found ? ntohs((uint16_t)found->s_port) : missing(rc);
}

int tw_names_service(uint16_t port, const char *proto, char out[TW_NAME_MAX])
{
    char room[ENTRY_MAX];
    struct servent entry, *found = NULL;
    int rc =
        getservbyport_r(htons(port), proto, &entry, room, sizeof room, &found);
    if (!found)
        return missing(rc);
    snprintf(out, TW_NAME_MAX, "%s", found->s_name);
    return 0;
}

int tw_names_proto(const char *name)
{
    char room[ENTRY_MAX];
    struct protoent entry, *found = NULL;
    int rc = getprotobyname_r(name, &entry, room, sizeof room, &found);
    return found ? found->p_proto : missing(rc);
}

ssize_t tw_names_ifaces(struct tw_iface *out, size_t room)
{
    struct if_nameindex *list = if_nameindex();
    if (!list)
        return -errno;
    size_t n = 0;
    for (; list[n].if_index; n++)
        if (n < room)
        {
            out[n].index = list[n].if_index;
            snprintf(out[n].name, sizeof out[n].name, "%s", list[n].if_name);
        }
    if_freenameindex(list);
    return (ssize_t)n;
}

int tw_names_index(const char *name)
{
    unsigned index = if_nametoindex(name);
    return index ? (int)index : -errno;
}

int tw_names_iface(unsigned index, char out[TW_IFACE_MAX])
{
    return if_indextoname(index, out) ? 0 : -errno;
}
