/* Neither engine does any I/O: each reports what it needs next, and one loop, pump_engine,
 * moves bytes between it and the socket until the wanted state is reached. */

#include "lib/net/tls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/net/impl.h"
#include "lib/net/tls12.h"
#include "lib/net/tls13/client.h"

/* A clock before this was never set, and the check of every date would be wrong. */
#define CLOCK_SANE INT64_C(1704067200)

struct tls {
	struct tls13 *ours;		/* NULL: BearSSL's engine */
	br_ssl_engine_context *bear;
	struct trust trust;
	int fd;
	const char *host;
};

/* -- one interface for both engines -- */

static unsigned engine_state_of(const struct tls *t)
{
	return t->ours ? tls13_state(t->ours) : br_ssl_engine_current_state(t->bear);
}

static bool has_failed(const struct tls *t)
{
	return t->ours ? tls13_has_failed(t->ours) : br_ssl_engine_last_error(t->bear) != 0;
}

static int fail_engine(const struct tls *t, struct err *e)
{
	return t->ours ? tls13_fail(t->ours, e) : tls12_fail(t->bear, &t->trust, e);
}

static const unsigned char *bytes_to_send(const struct tls *t, size_t *n)
{
	return t->ours ? tls13_send_buf(t->ours, n) : br_ssl_engine_sendrec_buf(t->bear, n);
}

static void note_sent(struct tls *t, size_t n)
{
	if (t->ours) tls13_sent(t->ours, n);
	else br_ssl_engine_sendrec_ack(t->bear, n);
}

static unsigned char *room_to_receive(struct tls *t, size_t *n)
{
	return t->ours ? tls13_receive_buf(t->ours, n) : br_ssl_engine_recvrec_buf(t->bear, n);
}

static void note_received(struct tls *t, size_t n)
{
	if (t->ours) tls13_received(t->ours, n);
	else br_ssl_engine_recvrec_ack(t->bear, n);
}

static const unsigned char *data_received(const struct tls *t, size_t *n)
{
	return t->ours ? tls13_data(t->ours, n) : br_ssl_engine_recvapp_buf(t->bear, n);
}

static void note_consumed(struct tls *t, size_t n)
{
	if (t->ours) tls13_consumed(t->ours, n);
	else br_ssl_engine_recvapp_ack(t->bear, n);
}

/* Returns how many bytes of the data were taken. */
static size_t encrypt(struct tls *t, const unsigned char *data, size_t n)
{
	unsigned char *p;
	size_t room;

	if (t->ours) return tls13_write(t->ours, data, n);
	p = br_ssl_engine_sendapp_buf(t->bear, &room);
	if (room > n) room = n;
	memcpy(p, data, room);
	br_ssl_engine_sendapp_ack(t->bear, room);
	return room;
}

/* -- the socket -- */

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
	const unsigned char *p = bytes_to_send(t, &n);
	ssize_t k = send(t->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (k >= 0) {
		note_sent(t, (size_t)k);
		return 0;
	}
	if (errno == EAGAIN) return wait_for(t, POLLOUT, deadline, e);
	return errno == EINTR ? check_signal(e) :
	       fail_tls(t, errno, "has closed the connection", e);
}

static int receive_records(struct tls *t, int64_t deadline, struct err *e)
{
	size_t n;
	unsigned char *p = room_to_receive(t, &n);
	ssize_t k = recv(t->fd, p, n, MSG_DONTWAIT);

	if (k > 0) {
		note_received(t, (size_t)k);
		return 0;
	}
	if (!k) return fail_tls(t, ECONNRESET, "has cut the connection", e);
	if (errno == EAGAIN) return wait_for(t, POLLIN, deadline, e);
	return errno == EINTR ? check_signal(e) :
	       fail_tls(t, errno, "has cut the connection", e);
}

/* Returns 1 when the engine is in one of the states `wanted`, 0 when it is closed without a
 * fault: the server has announced the end of the session, or has chosen TLS 1.2. -1 on a
 * fault. */
static int pump_engine(struct tls *t, unsigned wanted, int64_t deadline, struct err *e)
{
	for (;;) {
		unsigned state = engine_state_of(t);

		if (state & BR_SSL_CLOSED)
			return has_failed(t) ? fail_engine(t, e) : 0;
		if (state & BR_SSL_SENDREC) {
			/* If our alert cannot be sent, its reason is the fault to report. */
			if (send_records(t, deadline, e) < 0)
				return has_failed(t) ? fail_engine(t, e) : -1;
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

/* -- for the caller -- */

static int start_engine(struct tls *t, struct arena *m, enum tls_leg leg, struct err *e)
{
	struct tls13_chance chance;

	/* The kernel gives up to 256 bytes in one piece. */
	if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
		return fail(e, ERR_HOST, "the kernel gives no random numbers");
	if (leg == TLS_NEWEST) t->ours = tls13_open(m, &t->trust, &chance);
	else t->bear = tls12_open(m, &t->trust, chance.random);
	return 0;
}

enum tls_outcome tls_open(struct tls **opened, struct arena *m, int fd,
                          const struct tls_peer *peer, enum tls_leg leg, int64_t deadline,
                          struct err *e)
{
	struct tls *t = arena_alloc(m, sizeof *t);

	if (check_clock(peer->now, e) < 0) return TLS_FAILED;
	t->fd = fd;
	t->host = peer->host;
	trust_init(&t->trust, peer->anchors, peer->host, peer->now);
	if (start_engine(t, m, leg, e) < 0) return TLS_FAILED;
	switch (pump_engine(t, BR_SSL_SENDAPP, deadline, e)) {
	case 1:
		break;
	case 0:
		if (t->ours && tls13_is_older(t->ours)) return TLS_OLDER;
		fail_tls(t, ECONNRESET, "has closed the connection at once", e);
		return TLS_FAILED;
	default:
		return TLS_FAILED;
	}
	if (!t->ours && tls13_is_sentinel(t->bear->server_random)) {
		tls_close(t);
		return TLS_DOWNGRADED;
	}
	*opened = t;
	return TLS_OPEN;
}

static const char *group_name(int group)
{
	switch (group) {
	case BR_EC_curve25519: return "X25519";
	case BR_EC_secp256r1: return "P-256";
	case BR_EC_secp384r1: return "P-384";
	case BR_EC_secp521r1: return "P-521";
	}
	return "?";
}

void tls_describe(const struct tls *t, char *out, size_t room)
{
	const struct trust *trust = &t->trust;
	char authority[80];

	cert_name_text(trust->chain[trust->n - 1].issuer, authority, sizeof authority);
	snprintf(out, room, "TLS 1.%d, %s, %s, certified by '%s'", t->ours ? 3 : 2,
	         t->ours ? tls13_suite(t->ours) : tls12_suite(t->bear),
	         group_name(t->ours ? tls13_group(t->ours) : t->bear->ecdhe_curve), authority);
}

ssize_t tls_read(struct tls *t, void *buf, size_t n, int64_t deadline, struct err *e)
{
	const unsigned char *p;
	size_t have;
	int ready = pump_engine(t, BR_SSL_RECVAPP, deadline, e);

	if (ready <= 0) return ready;
	p = data_received(t, &have);
	if (n > have) n = have;
	memcpy(buf, p, n);
	note_consumed(t, n);
	return (ssize_t)n;
}

int tls_write(struct tls *t, const void *buf, size_t n, int64_t deadline, struct err *e)
{
	const unsigned char *from = buf;

	while (n) {
		int ready = pump_engine(t, BR_SSL_SENDAPP, deadline, e);
		size_t taken;

		if (ready < 0) return -1;
		if (!ready) return fail_tls(t, EPIPE, "has closed the connection", e);
		taken = encrypt(t, from, n);
		from += taken;
		n -= taken;
	}
	if (!t->ours) br_ssl_engine_flush(t->bear, 0);
	return pump_engine(t, BR_SSL_SENDAPP, deadline, e) < 0 ? -1 : 0;
}

void tls_close(struct tls *t)
{
	if (!t) return;
	if (t->ours) tls13_close(t->ours);
	else br_ssl_engine_close(t->bear);
	while (engine_state_of(t) & BR_SSL_SENDREC)
		if (send_records(t, 0, NULL) < 0) break;
}
