/* A connection to a host by its name
 *
 * Names are resolved in a child process, because getaddrinfo knows neither
 * deadlines nor signals. Addresses are tried in turn, IPv6 and IPv4 alternating,
 * the next one a quarter of a second after the one before or as soon as that has
 * failed, and the first to answer wins (RFC 8305): a dead family costs that
 * quarter of a second.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

struct err;

/* A connected TCP socket, close-on-exec; the caller closes it. -1 with ERR_NETWORK
 * when the name is unknown or nobody answers. */
int dial(const char *host, uint16_t port, int64_t deadline, struct err *e);

#endif
