/* core/names: services, protocols, interfaces. */
#include "core/names.h"

#include "tap.h"

#include <string.h>
#include <sys/resource.h>

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

static void protocols(void)
{
    int number = tw_names_proto("udp");
    if (number == -ENOENT)
        return; /* a system without /etc/protocols */
    CHECK_INT(number, 17);
    CHECK_INT(tw_names_proto("no such protocol"), -ENOENT);
    CHECK_INT(tw_names_proto(""), -ENOENT);
}

static void interfaces(void)
{
    struct tw_iface list[64] = {{0, ""}};
    char name[TW_IFACE_MAX];
    ssize_t n = tw_names_ifaces(list, 64);
    CHECK(n > 0 && n < 64);
    for (ssize_t i = 0; i < n; i++)
    {
        CHECK(list[i].index > 0);
        CHECK_INT(tw_names_index(list[i].name), list[i].index);
        CHECK_INT(tw_names_iface(list[i].index, name), 0);
        CHECK_STR(name, list[i].name);
    }
    struct tw_iface one[2] = {{0, ""}, {0, "as it was"}};
    CHECK_INT(tw_names_ifaces(one, 1), n);
    CHECK_STR(one[0].name, list[0].name);
    CHECK_STR(one[1].name, "as it was");
    CHECK_INT(tw_names_ifaces(NULL, 0), n);
}

static void no_such_interface(void)
{
    char name[TW_IFACE_MAX];
    CHECK_INT(tw_names_index("_DEADBEEF"), -ENODEV);
    CHECK_INT(tw_names_index(""), -ENODEV);
    CHECK_INT(tw_names_index("longer than any interface's"), -ENODEV);
    CHECK_INT(tw_names_iface(0, name), -ENXIO);
    CHECK_INT(tw_names_iface(UINT32_MAX, name), -ENXIO);
}

/* Tables that cannot be read are not tables without the entry. */
static void without_descriptors(void)
{
    struct rlimit old, none;
    char name[TW_NAME_MAX];
    tw_names_proto("tcp"); /* what is read only once has been */
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    none = old;
    none.rlim_cur = 0;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    int port = tw_names_port("domain", "udp");
    int service = tw_names_service(53, "udp", name);
    int proto = tw_names_proto("tcp");
    int index = tw_names_index("lo");
    int iface = tw_names_iface(1, name);
    ssize_t n = tw_names_ifaces(NULL, 0);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_INT(port, -EMFILE);
    CHECK_INT(service, -EMFILE);
    CHECK_INT(proto, -EMFILE);
    CHECK(index < 0 && iface < 0); /* the C library does not say why */
    CHECK_INT(n, -EMFILE);
}

int main(void)
{
    TAP_CASE(services);
    TAP_CASE(nothing);
    TAP_CASE(protocols);
    TAP_CASE(interfaces);
    TAP_CASE(no_such_interface);
    TAP_CASE(without_descriptors);
    return tap_done();
}
