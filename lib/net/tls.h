/* TLS 1.2 over a connected socket
 *
 * A client only, with BearSSL. The server must have a certificate for the name or IP
 * address of `host`, valid today, signed by one of the anchors or by authorities in
 * between that stay within the limits of those above (RFC 5280: lengths of paths, usages
 * and purposes of keys, names). RSA keys below 2048 bits, SHA-1 and cipher suites without
 * forward secrecy are refused. Revocation is not checked. A fault of the certificate is
 * ERR_UNTRUSTED, everything else ERR_NETWORK; if the connection broke, e->sys is set.
 *
 * The context lives in the arena; the caller owns the descriptor. Waits end at their
 * deadline or when a signal is caught.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdint.h>
#include <sys/types.h>

struct anchors;
struct arena;
struct err;
struct tls;

/* Do the handshake with `host`, a name or an address without brackets. `now` is the time in
 * seconds since 1970. `a` and `host` are borrowed until tls_close. */
struct tls *tls_open(struct arena *m, int fd, const char *host, const struct anchors *a,
                     int64_t now, int64_t deadline, struct err *e);

/* Returns at least one byte, or 0 if the server announced the end. An end without the
 * announcement is a fault: an attacker may have cut the connection. */
ssize_t tls_read(struct tls *t, void *buf, size_t n, int64_t deadline, struct err *e);

int tls_write(struct tls *t, const void *buf, size_t n, int64_t deadline, struct err *e);

/* Announce the end, without waiting for an answer. Safe on NULL and after a fault. */
void tls_close(struct tls *t);

#endif
