/* The backends this system has, best first. */
#include "loop/backend.h"

#include <string.h>

static const struct tw_backend *const backends[] = {
#if defined(__linux__)
    &tw_backend_epoll,
#endif
    &tw_backend_poll,
};

const struct tw_backend *tw_backend_find(const char *name)
{
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++)
        if (!name || strcmp(backends[i]->name, name) == 0)
            return backends[i];
    return NULL;
}
