/* gethostname(2) and services(5), in their reentrant forms. */
#include "core/names.h"

#include <stdio.h>
#include <unistd.h>

/* Room for one entry of /etc/services with all its aliases. */
enum
{
    SERVENT_MAX = 4096
};

int tw_names_host(char out[TW_NAME_MAX])
{
    out[TW_NAME_MAX - 1] = '\0'; /* a name cut short has no end */
    return gethostname(out, TW_NAME_MAX - 1) < 0 ? -errno : 0;
}

int tw_names_port(const char *service, const char *proto)
{
    char room[SERVENT_MAX];
    struct servent entry, *found = NULL;
    getservbyname_r(service, proto, &entry, room, sizeof room, &found);
    return found ? ntohs((uint16_t)found->s_port) : -ENOENT;
}

int tw_names_service(uint16_t port, const char *proto, char out[TW_NAME_MAX])
{
    char room[SERVENT_MAX];
    struct servent entry, *found = NULL;
    getservbyport_r(htons(port), proto, &entry, room, sizeof room, &found);
    if (!found)
        return -ENOENT;
    snprintf(out, TW_NAME_MAX, "%s", found->s_name);
    return 0;
}
