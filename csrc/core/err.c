/* Names and texts of the codes in err.h. */
#include "core/err.h"

#include <string.h>

struct row
{
    int code;
    const char *name;
    const char *text;
};

static const struct row own[] = {
    {TW_EOF, "eof", "end of stream"},
    {TW_WANT_READ, "EAGAIN", "Resource temporarily unavailable"},
    {TW_WANT_WRITE, "EAGAIN", "Resource temporarily unavailable"},
    {TW_WANT_TIME, "EAGAIN", "Resource temporarily unavailable"},
    {TW_WANT_RETRY, "EINTR", "Interrupted system call"},
    {TW_ETIMEDOUT, "timeout", "timed out"},
    {TW_ECLOSED, "closed", "closed"},
    {TW_ECANCELLED, "cancelled", "cancelled"},
    {TW_EDENIED, "denied", "denied by policy"},
    {TW_ETOOLONG, "EMSGSIZE", "longer than the maximum"},
};

#define RESOLVER(name)                                                         \
    {                                                                          \
        TW_ERESOLVE + name, #name, NULL                                        \
    }

#define HOST(name)                                                             \
    {                                                                          \
        TW_EHOST - name, #name, NULL                                           \
    }

static const struct row resolver[] = {
    RESOLVER(EAI_ADDRFAMILY), RESOLVER(EAI_AGAIN),
    RESOLVER(EAI_BADFLAGS),   RESOLVER(EAI_FAIL),
    RESOLVER(EAI_FAMILY),     RESOLVER(EAI_MEMORY),
    RESOLVER(EAI_NODATA),     RESOLVER(EAI_NONAME),
    RESOLVER(EAI_OVERFLOW),   RESOLVER(EAI_SERVICE),
    RESOLVER(EAI_SOCKTYPE),   RESOLVER(EAI_IDN_ENCODE),
    HOST(HOST_NOT_FOUND),     HOST(TRY_AGAIN),
    HOST(NO_RECOVERY),        HOST(NO_DATA),
};

static const struct row *find(const struct row *rows, size_t n, int code)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].code == code)
            return &rows[i];
    return NULL;
}

static const struct row *find_own(int code)
{
    return find(own, sizeof own / sizeof own[0], code);
}

const char *tw_err_name(int code)
{
    const struct row *row = find_own(code);
    if (!row)
        row = find(resolver, sizeof resolver / sizeof resolver[0], code);
    if (row)
        return row->name;
    const char *name = strerrorname_np(-code);
    return name ? name : "EUNKNOWN";
}

const char *tw_err_text(int code)
{
    const struct row *row = find_own(code);
    if (row)
        return row->text;
    if (code < TW_EHOST)
        return hstrerror(TW_EHOST - code);
    if (code < TW_ERESOLVE)
        return gai_strerror(code - TW_ERESOLVE);
    const char *text = strerrordesc_np(-code);
    return text ? text : "Unknown error";
}
