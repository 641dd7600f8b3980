#include "mod/http/text.h"

#include <strings.h>

bool tw_http_same(const char *a, const char *b, size_t len)
{
    return strncasecmp(a, b, len) == 0;
}
