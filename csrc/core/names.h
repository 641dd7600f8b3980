/*
 * Names that the system keeps in tables: services and their ports, protocols,
 * interfaces. Nothing here goes over a network.
 */
#ifndef TW_CORE_NAMES_H
#define TW_CORE_NAMES_H

#include "core/err.h"

enum
{
    TW_NAME_MAX = 256,
    TW_IFACE_MAX = 16
};

struct tw_iface
{
    unsigned index; /* from 1 on */
    char name[TW_IFACE_MAX];
};

/* The port of a service; `proto` NULL for any. -ENOENT: there is none. */
int tw_names_port(const char *service, const char *proto);

/* The service at a port: 0, or -ENOENT. `proto` as above. */
int tw_names_service(uint16_t port, const char *proto, char out[TW_NAME_MAX]);

/* The number of a protocol, or -ENOENT. */
int tw_names_proto(const char *name);

/* Returns how many interfaces there are, or an error; the first `room` of them
   are in `out`. */
ssize_t tw_names_ifaces(struct tw_iface *out, size_t room);

/* The index of an interface, or -ENODEV. */
int tw_names_index(const char *name);

/* The interface of that index: 0, or -ENXIO. */
int tw_names_iface(unsigned index, char out[TW_IFACE_MAX]);

#endif
