/*
 * Names that the C library keeps in tables: this machine's, and the services
 * and their ports. Nothing here goes over a network.
 */
#ifndef TW_CORE_NAMES_H
#define TW_CORE_NAMES_H

#include "core/err.h"

enum
{
    TW_NAME_MAX = 256
};

/* This machine's name: 0 or an error. */
int tw_names_host(char out[TW_NAME_MAX]);

/* The port of a service; `proto` NULL for any. -ENOENT: there is none. */
int tw_names_port(const char *service, const char *proto);

/* The service at a port: 0, or -ENOENT. `proto` as above. */
int tw_names_service(uint16_t port, const char *proto, char out[TW_NAME_MAX]);

#endif
