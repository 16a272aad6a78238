/* TLS 1.3 and 1.2 over a connected socket
 *
 * A client only; 1.3 is our own (lib/net/tls13), 1.2 is BearSSL's. The server must have a
 * certificate for the name or IP address of `host`, valid today, signed by one of the anchors
 * or by authorities in between that stay within the limits of those above (RFC 5280: lengths
 * of paths, usages and purposes of keys, names). RSA keys below 2048 bits, SHA-1 and cipher
 * suites without forward secrecy are refused. Revocation is not checked. A fault of the
 * certificate is ERR_UNTRUSTED, everything else ERR_NETWORK; if the connection broke, e->sys is
 * set.
 *
 * BearSSL cannot go on with a hello that it has not written, so the two versions need two
 * connections:
 *
 *     TLS_NEWEST   our own hello, which offers both versions. If the server chooses 1.2:
 *                  TLS_OLDER, and the caller connects again for
 *     TLS_12       which ends with TLS_DOWNGRADED if the server says, signed by its key, that
 *                  it knows 1.3 (RFC 8446, 4.1.3).
 *
 * The first connection proves nothing: anybody on the way can forge a choice of 1.2. But then
 * the second shows it, as well as one connection for both versions would. No alert, no broken
 * connection and no silence leads to TLS 1.2.
 *
 * The context lives in the arena; the caller owns the descriptor. Waits end at their
 * deadline or when a signal is caught.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct anchors;
struct arena;
struct err;
struct tls;

enum tls_leg { TLS_NEWEST, TLS_12 };
enum tls_outcome { TLS_FAILED = -1, TLS_OPEN, TLS_OLDER, TLS_DOWNGRADED };

struct tls_peer {
	const char *host;		/* a name, or an address without brackets */
	const struct anchors *anchors;
	int64_t now;			/* seconds since 1970 */
};

/* Do the handshake. What the peer points to is borrowed until tls_close. `*t` is set if the
 * outcome is TLS_OPEN; there is a fault in `e` if it is TLS_FAILED. */
enum tls_outcome tls_open(struct tls **t, struct arena *m, int fd, const struct tls_peer *peer,
                          enum tls_leg leg, int64_t deadline, struct err *e);

/* Write the sentence for a host that speaks TLS 1.3 but was made to look older. Returns -1. */
int tls_fail_downgrade(const char *host, struct err *e);

/* Write what was agreed on: version, suite, group, authority. */
void tls_describe(const struct tls *t, char *out, size_t room);

/* Returns at least one byte, or 0 if the server announced the end. An end without the
 * announcement is a fault: an attacker may have cut the connection. */
ssize_t tls_read(struct tls *t, void *buf, size_t n, int64_t deadline, struct err *e);

int tls_write(struct tls *t, const void *buf, size_t n, int64_t deadline, struct err *e);

/* Announce the end, without waiting for an answer. Safe on NULL and after a fault. */
void tls_close(struct tls *t);

#endif
