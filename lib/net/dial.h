/* Connect to a host by its name
 *
 * A child process resolves the name, because getaddrinfo has neither a deadline nor
 * can a signal end it. IPv6 and IPv4 addresses are tried alternately, the next one a
 * quarter of a second after the one before or as soon as that has failed, and the
 * first to answer wins (RFC 8305). So a broken IPv6 costs a quarter of a second.
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>

struct err;

/* Returns a connected TCP socket, close-on-exec, which the caller closes; -1 with ERR_NETWORK
 * if the name is unknown or no address answers. */
int dial(const char *host, uint16_t port, int64_t deadline, struct err *e);

#endif
