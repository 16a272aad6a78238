/* BearSSL's engine does no I/O: it reports what it needs next, and one loop, pump_engine,
 * moves bytes between it and the socket until the wanted state is reached. */

#include "lib/net/tls.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/net/impl.h"

/* A clock before this was never set, and the check of every date would be wrong. */
#define CLOCK_SANE INT64_C(1704067200)

enum { ALERT_UNRECOGNIZED_NAME = 112 };		/* RFC 6066; BearSSL has no name for it */

struct tls {
	br_ssl_client_context client;
	struct trust trust;
	int fd;
	const char *host;
	unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

/* In the order for processors without AES instructions, where ChaCha20 is faster. */
static const uint16_t suites_chacha[] = {
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_CCM,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_CCM,
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384,
};
enum {
	SUITES = sizeof suites_chacha / sizeof *suites_chacha,
	CHACHA_SUITES = 2, GCM_SUITES = 4,
};

static void set_suites(br_ssl_engine_context *eng)
{
	uint16_t list[SUITES];

	memcpy(list, suites_chacha, sizeof list);
	if (br_aes_x86ni_ctr_get_vtable()) {
		memcpy(list, suites_chacha + CHACHA_SUITES, GCM_SUITES * sizeof *list);
		memcpy(list + GCM_SUITES, suites_chacha, CHACHA_SUITES * sizeof *list);
	}
	br_ssl_engine_set_suites(eng, list, SUITES);
}

static void set_algorithms(br_ssl_client_context *c)
{
	br_ssl_engine_context *eng = &c->eng;

	br_ssl_engine_set_versions(eng, BR_TLS12, BR_TLS12);
	set_suites(eng);
	br_ssl_engine_set_hash(eng, br_sha224_ID, &br_sha224_vtable);
	br_ssl_engine_set_hash(eng, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(eng, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(eng, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(eng, br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(eng, br_tls12_sha384_prf);
	br_ssl_engine_set_default_ec(eng);
	br_ssl_engine_set_default_rsavrfy(eng);
	br_ssl_engine_set_default_ecdsa(eng);
	br_ssl_engine_set_default_aes_gcm(eng);
	br_ssl_engine_set_default_aes_ccm(eng);
	br_ssl_engine_set_default_aes_cbc(eng);
	br_ssl_engine_set_default_chapol(eng);
}

/* The server sent an alert; some alerts have a message of their own. */
static int fail_alert(const struct tls *t, int alert, struct err *e)
{
	switch (alert) {
	case BR_ALERT_PROTOCOL_VERSION:
		return fail(e, ERR_NETWORK, "%s refuses TLS 1.2; it may require TLS 1.3, which "
		            "jlmkr does not support", t->host);
	case BR_ALERT_HANDSHAKE_FAILURE:
	case BR_ALERT_INSUFFICIENT_SECURITY:
		return fail(e, ERR_NETWORK, "%s and jlmkr have no cipher suite in common "
		            "(TLS 1.2 with forward secrecy)", t->host);
	case ALERT_UNRECOGNIZED_NAME:
		return fail(e, ERR_NETWORK, "the server does not know the name %s", t->host);
	}
	return fail(e, ERR_NETWORK, "%s ended TLS with alert %d", t->host, alert);
}

static int fail_engine(const struct tls *t, struct err *e)
{
	int code = br_ssl_engine_last_error(&t->client.eng);

	if (code >= BR_ERR_SEND_FATAL_ALERT) code -= BR_ERR_SEND_FATAL_ALERT;
	if (code >= BR_ERR_RECV_FATAL_ALERT)
		return fail_alert(t, code - BR_ERR_RECV_FATAL_ALERT, e);
	if (code >= BR_ERR_X509_INVALID_VALUE && code <= BR_ERR_X509_NOT_TRUSTED)
		return trust_fail(&t->trust, code, e);
	switch (code) {
	case BR_ERR_UNSUPPORTED_VERSION:
	case BR_ERR_BAD_VERSION:
	case BR_ERR_UNKNOWN_TYPE:
		return fail(e, ERR_NETWORK, "%s does not answer in TLS 1.2; is this a port for "
		            "https?", t->host);
	case BR_ERR_BAD_SIGNATURE:
		return fail(e, ERR_UNTRUSTED, "%s does not have the key of its certificate",
		            t->host);
	case BR_ERR_BAD_MAC:
		return fail(e, ERR_NETWORK, "data from %s was changed on the way", t->host);
	case BR_ERR_NO_RANDOM:
		return fail(e, ERR_HOST, "the kernel gives no random numbers");
	}
	return fail(e, ERR_NETWORK, "%s breaks the TLS protocol (BearSSL error %d)", t->host,
	            code);
}

static int fail_tls(const struct tls *t, int sys, const char *why, struct err *e)
{
	fail(e, ERR_NETWORK, "%s %s", t->host, why);
	if (e) e->sys = sys;
	return -1;
}

static int wait_for(const struct tls *t, short events, int64_t deadline, struct err *e)
{
	int ready = wait_fd(t->fd, events, deadline, e);

	if (!ready) return fail_tls(t, ETIMEDOUT, "has not answered for too long", e);
	return ready < 0 ? -1 : 0;
}

static int send_records(struct tls *t, int64_t deadline, struct err *e)
{
	size_t n;
	unsigned char *p = br_ssl_engine_sendrec_buf(&t->client.eng, &n);
	ssize_t k = send(t->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (k >= 0) {
		br_ssl_engine_sendrec_ack(&t->client.eng, (size_t)k);
		return 0;
	}
	if (errno == EAGAIN) return wait_for(t, POLLOUT, deadline, e);
	return errno == EINTR ? check_signal(e) :
	       fail_tls(t, errno, "has closed the connection", e);
}

static int receive_records(struct tls *t, int64_t deadline, struct err *e)
{
	size_t n;
	unsigned char *p = br_ssl_engine_recvrec_buf(&t->client.eng, &n);
	ssize_t k = recv(t->fd, p, n, MSG_DONTWAIT);

	if (k > 0) {
		br_ssl_engine_recvrec_ack(&t->client.eng, (size_t)k);
		return 0;
	}
	if (!k) return fail_tls(t, ECONNRESET, "has cut the connection", e);
	if (errno == EAGAIN) return wait_for(t, POLLIN, deadline, e);
	return errno == EINTR ? check_signal(e) :
	       fail_tls(t, errno, "has cut the connection", e);
}

/* Returns 1 when the engine is in one of the states `wanted`, 0 when the server has announced
 * the end of the session, -1 on a fault. */
static int pump_engine(struct tls *t, unsigned wanted, int64_t deadline, struct err *e)
{
	for (;;) {
		unsigned state = br_ssl_engine_current_state(&t->client.eng);

		if (state & BR_SSL_CLOSED)
			return br_ssl_engine_last_error(&t->client.eng) ? fail_engine(t, e) : 0;
		if (state & BR_SSL_SENDREC) {
			/* If our alert cannot be sent, its reason is the fault to report. */
			if (send_records(t, deadline, e) < 0)
				return br_ssl_engine_last_error(&t->client.eng) ?
				       fail_engine(t, e) : -1;
			continue;
		}
		if (state & wanted) return 1;
		if (!(state & BR_SSL_RECVREC))
			return fail(e, ERR_NETWORK, "%s answers before the request", t->host);
		if (receive_records(t, deadline, e) < 0) return -1;
	}
}

static int check_clock(int64_t now, struct err *e)
{
	if (now >= CLOCK_SANE) return 0;
	return fail(e, ERR_UNTRUSTED,
	            "the clock of this machine shows a date before 2024; set it, "
	            "because certificates cannot be checked without it");
}

struct tls *tls_open(struct arena *m, int fd, const char *host, const struct anchors *a,
                     int64_t now, int64_t deadline, struct err *e)
{
	struct tls *t = arena_alloc(m, sizeof *t);
	unsigned char seed[32];

	if (check_clock(now, e) < 0) return NULL;
	t->fd = fd;
	t->host = host;
	br_ssl_client_zero(&t->client);
	set_algorithms(&t->client);
	trust_init(&t->trust, a, host, now);
	br_ssl_engine_set_x509(&t->client.eng, &t->trust.vtable);
	br_ssl_engine_set_buffer(&t->client.eng, t->buffer, sizeof t->buffer, 1);
	if (getrandom(seed, sizeof seed, 0) == sizeof seed)
		br_ssl_engine_inject_entropy(&t->client.eng, seed, sizeof seed);
	if (!br_ssl_client_reset(&t->client, t->trust.ip_len ? NULL : host, 0))
		return fail_engine(t, e), NULL;
	switch (pump_engine(t, BR_SSL_SENDAPP, deadline, e)) {
	case 1:
		return t;
	case 0:
		fail_tls(t, ECONNRESET, "has closed the connection at once", e);
	}
	return NULL;
}

ssize_t tls_read(struct tls *t, void *buf, size_t n, int64_t deadline, struct err *e)
{
	unsigned char *p;
	size_t have;
	int ready = pump_engine(t, BR_SSL_RECVAPP, deadline, e);

	if (ready <= 0) return ready;
	p = br_ssl_engine_recvapp_buf(&t->client.eng, &have);
	if (n > have) n = have;
	memcpy(buf, p, n);
	br_ssl_engine_recvapp_ack(&t->client.eng, n);
	return (ssize_t)n;
}

int tls_write(struct tls *t, const void *buf, size_t n, int64_t deadline, struct err *e)
{
	const unsigned char *from = buf;

	while (n) {
		size_t room;
		unsigned char *p;
		int ready = pump_engine(t, BR_SSL_SENDAPP, deadline, e);

		if (ready < 0) return -1;
		if (!ready) return fail_tls(t, EPIPE, "has closed the connection", e);
		p = br_ssl_engine_sendapp_buf(&t->client.eng, &room);
		if (room > n) room = n;
		memcpy(p, from, room);
		br_ssl_engine_sendapp_ack(&t->client.eng, room);
		from += room;
		n -= room;
	}
	br_ssl_engine_flush(&t->client.eng, 0);
	return pump_engine(t, BR_SSL_SENDAPP, deadline, e) < 0 ? -1 : 0;
}

void tls_close(struct tls *t)
{
	if (!t) return;
	br_ssl_engine_close(&t->client.eng);
	while (br_ssl_engine_current_state(&t->client.eng) & BR_SSL_SENDREC)
		if (send_records(t, 0, NULL) < 0) break;
}
