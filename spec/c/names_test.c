/* core/names: this machine's name, and the services table. */
#include "core/names.h"

#include "tap.h"

#include <string.h>

static void host(void)
{
    char name[TW_NAME_MAX];
    CHECK_INT(tw_names_host(name), 0);
    CHECK(strlen(name) > 0);
}

static void services(void)
{
    char name[TW_NAME_MAX] = "";
    int port = tw_names_port("domain", "udp");
    if (port == -ENOENT)
        return; /* a system without /etc/services */
    CHECK_INT(port, 53);
    CHECK_INT(tw_names_port("domain", NULL), 53);
    CHECK_INT(tw_names_service(53, "tcp", name), 0);
    CHECK(strcmp(name, "domain") == 0);
}

static void nothing(void)
{
    char name[TW_NAME_MAX] = "as it was";
    CHECK_INT(tw_names_port("no such service", NULL), -ENOENT);
    CHECK_INT(tw_names_port("domain", "no such protocol"), -ENOENT);
    CHECK_INT(tw_names_service(1, "no such protocol", name), -ENOENT);
    CHECK(strcmp(name, "as it was") == 0);
}

int main(void)
{
    TAP_CASE(host);
    TAP_CASE(services);
    TAP_CASE(nothing);
    return tap_done();
}
