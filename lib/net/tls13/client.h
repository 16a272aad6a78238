/* A TLS 1.3 client that does no input or output (RFC 8446)
 *
 * The caller moves bytes between it and a socket, as with BearSSL's engine, and the states
 * are BearSSL's, too (BR_SSL_SENDREC and so on). It offers TLS 1.3 and 1.2; if the server
 * chooses 1.2, the client ends with tls13_is_older: nothing of that is authenticated, and
 * tls.h says what follows.
 *
 * Full handshakes with certificates only: no resumption, no early data, no certificate of
 * ours. Every rule that the server breaks ends the connection with the alert that the RFC
 * asks for and a sentence of ours.
 */
#ifndef NET_TLS13_CLIENT_H
#define NET_TLS13_CLIENT_H

#include "lib/net/impl.h"

struct arena;
struct tls13;

/* All that the client needs of chance: secret, and used for one connection. */
struct tls13_chance {
	unsigned char random[32], session[32];
	unsigned char keys[2][48];	/* for the first share and for the one of a retry */
};

/* `t`, which is borrowed, names the host. The first bytes to send are ready. */
struct tls13 *tls13_open(struct arena *m, struct trust *t, const struct tls13_chance *chance);

/* The BR_SSL_* bits of what can be done next. BR_SSL_CLOSED: after a fault, after the server's
 * announcement of the end, or if it chose 1.2. */
unsigned tls13_state(const struct tls13 *c);

/* Bytes for the server; tls13_sent: so many of them were sent. */
const unsigned char *tls13_send_buf(const struct tls13 *c, size_t *n);
void tls13_sent(struct tls13 *c, size_t n);

/* Room for bytes of the server; tls13_received: so many were put there. */
unsigned char *tls13_receive_buf(struct tls13 *c, size_t *n);
void tls13_received(struct tls13 *c, size_t n);

/* Data of the server; tls13_consumed: so many bytes were used. */
const unsigned char *tls13_data(const struct tls13 *c, size_t *n);
void tls13_consumed(struct tls13 *c, size_t n);

/* Encrypt data in the state BR_SSL_SENDAPP. Returns how many bytes, at most one record. */
size_t tls13_write(struct tls13 *c, const unsigned char *data, size_t n);

/* Announce the end. */
void tls13_close(struct tls13 *c);

/* Whether it failed; tls13_fail writes the sentence and returns -1. */
bool tls13_has_failed(const struct tls13 *c);
int tls13_fail(const struct tls13 *c, struct err *e);

bool tls13_is_older(const struct tls13 *c);

/* What was agreed on, for messages. */
const char *tls13_suite(const struct tls13 *c);
int tls13_group(const struct tls13 *c);

/* Whether a server that knows TLS 1.3 wrote this random value for a client that it took for one
 * that does not (4.1.3). */
bool tls13_is_sentinel(const unsigned char random[32]);

/* Write the sentence for a fatal alert of the server. Returns -1. */
int tls_fail_alert(const char *host, int alert, struct err *e);

/* The suites of TLS 1.2 that are offered in the same hello, SUITES_12 of them. */
enum { SUITES_12 = 12 };
void tls12_suites(uint16_t list[SUITES_12]);

/* Whether this processor is faster with AES than with ChaCha20. */
bool has_fast_aes(void);

#endif
