/* TLS 1.2 over a connected socket
 *
 * A client only, over BearSSL. The server must show a certificate for the name or
 * IP address it was asked for, in date, signed by one of the anchors or by authorities
 * in between, each of which keeps to what those above allow it (RFC 5280: lengths of
 * paths, usages and purposes of keys, names); no RSA key below 2048 bits, no SHA-1, no
 * cipher suite without forward secrecy. Revocation is not asked for. A fault of the
 * certificate is ERR_UNTRUSTED, everything else ERR_NETWORK; a connection that broke
 * has e->sys set.
 *
 * The context lives in the arena, the descriptor stays the caller's. Waits end at
 * their deadline or with a signal.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stdint.h>
#include <sys/types.h>

struct anchors;
struct arena;
struct err;
struct tls;

/* Shake hands with `host`, which is a name or an address without brackets. `now` is
 * the time in seconds since 1970. Anchors and host are borrowed until the end. */
struct tls *tls_open(struct arena *m, int fd, const char *host, const struct anchors *a,
                     int64_t now, int64_t deadline, struct err *e);

/* At least one byte, or 0 when the server said that it is done. An end without
 * that word is a fault: somebody may have cut the wire. */
ssize_t tls_read(struct tls *t, void *buf, size_t n, int64_t deadline, struct err *e);

int tls_write(struct tls *t, const void *buf, size_t n, int64_t deadline, struct err *e);

/* Say goodbye, without waiting for an answer. Safe on NULL and after a fault. */
void tls_close(struct tls *t);

#endif
