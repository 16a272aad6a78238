/* Bytes of the server become records (process), records become messages (take_messages), and
 * each message has one phase that it may come in (the table `steps`). */

#include "lib/net/tls13/impl.h"

#include <string.h>

#include "lib/base/arena.h"

enum {
	MESSAGE_MAX = 128 * 1024, IN_ROOM = 2 * RECORD_MAX, IDLE_MAX = 32,
	/* A record of data, and what may come before and behind it. */
	OUT_ROOM = RECORD_MAX + 256,
};

enum phase {
	WANT_HELLO, WANT_EXTENSIONS, WANT_CHAIN, WANT_VERIFY, WANT_FINISHED, CONNECTED,
	ENDED, OLDER, FAILED,
};

struct tls13 {
	struct arena *m;
	struct trust *trust;
	enum phase phase;
	struct hello hello;
	unsigned char second_key[48];
	const struct suite *suite;	/* NULL: not chosen yet */
	br_multihash_context transcript;
	unsigned char handshake[HASH_MAX];
	struct record_keys in, out;
	bool has_heard, has_sent_ccs, owes_certificate, owes_update;
	unsigned idle;			/* records in a row that bring nothing */
	struct breach fault;

	unsigned char *message;		/* handshake messages that are not complete */
	size_t message_len, message_room;
	const unsigned char *data;	/* of the server, in in_buf */
	size_t data_len;
	size_t in_at, in_end, out_at, out_end;
	unsigned char in_buf[IN_ROOM], out_buf[OUT_ROOM];
};

/* -- sending -- */

/* Boxes in between that expect TLS 1.2 want to see this record before encrypted ones (D.4). */
static void send_ccs(struct tls13 *c)
{
	static const unsigned char ccs[] = { RECORD_CCS, 3, 3, 0, 1, 1 };

	if (c->has_sent_ccs) return;
	c->has_sent_ccs = true;
	memcpy(c->out_buf + c->out_end, ccs, sizeof ccs);
	c->out_end += sizeof ccs;
}

static void send_record(struct tls13 *c, enum record_type type, const void *p, size_t n)
{
	unsigned version = type == RECORD_HANDSHAKE && !c->hello.is_retry ? 0x0301 : 0x0303;
	unsigned char *record;

	if (c->out.suite || c->hello.is_retry) send_ccs(c);
	record = c->out_buf + c->out_end;
	memcpy(record + RECORD_HEAD, p, n);
	c->out_end += record_seal(&c->out, type, version, record, n);
}

static void send_alert(struct tls13 *c, int alert)
{
	unsigned char text[2] = { alert == ALERT_CLOSE ? 1 : 2, (unsigned char)alert };

	send_record(c, RECORD_ALERT, text, sizeof text);
}

static void send_hello(struct tls13 *c)
{
	unsigned char text[HELLO_MAX];
	size_t n = hello_write(&c->hello, text);

	br_multihash_update(&c->transcript, text, n);
	send_record(c, RECORD_HANDSHAKE, text, n);
}

/* -- the messages of the server; each function returns -1 after a breach -- */

struct message {
	unsigned type;
	const unsigned char *whole;
	size_t n;
	struct octets body;
	bool is_last;			/* no bytes have come behind it */
};

static void add_to_transcript(struct tls13 *c, const struct message *in)
{
	br_multihash_update(&c->transcript, in->whole, in->n);
}

static void transcript_hash(const struct tls13 *c, unsigned char out[HASH_MAX])
{
	br_multihash_out(&c->transcript, c->suite->hash_id, out);
}

/* Keys change behind this message. */
static int check_last(struct tls13 *c, const struct message *in)
{
	if (in->is_last) return 0;
	return breach_rule(&c->fault, ALERT_UNEXPECTED, "data behind a change of keys");
}

static void set_keys(struct tls13 *c, const unsigned char *secret, const char *server,
                     const char *client, const unsigned char *transcript)
{
	unsigned char traffic[HASH_MAX];

	schedule_traffic(c->suite, secret, server, transcript, traffic);
	record_keys_set(&c->in, c->suite, traffic);
	schedule_traffic(c->suite, secret, client, transcript, traffic);
	record_keys_set(&c->out, c->suite, traffic);
}

/* The first hello counts in the transcript by its hash (4.4.1). */
static void answer_retry(struct tls13 *c, const struct message *in,
                         const struct server_hello *s)
{
	unsigned char text[MESSAGE_HEAD + HASH_MAX] = { MESSAGE_HASH };

	text[MESSAGE_HEAD - 1] = c->suite->hash_len;
	transcript_hash(c, text + MESSAGE_HEAD);
	br_multihash_init(&c->transcript);
	br_multihash_update(&c->transcript, text, MESSAGE_HEAD + c->suite->hash_len);
	add_to_transcript(c, in);
	c->hello.is_retry = true;
	if (s->group) share_make(&c->hello.share, s->group, c->second_key);
	if (s->cookie.n) memcpy(c->hello.cookie, s->cookie.p, s->cookie.n);
	c->hello.cookie_len = s->cookie.n;
	send_hello(c);
}

static int take_hello(struct tls13 *c, const struct message *in)
{
	unsigned char shared[SHARED_MAX], transcript[HASH_MAX];
	struct server_hello s;
	size_t n;

	if (hello_read(&c->hello, in->body, &s, &c->fault) < 0) return -1;
	if (s.is_older) {
		c->phase = OLDER;
		return 0;
	}
	if (c->suite && c->suite != s.suite)
		return breach_rule(&c->fault, ALERT_ILLEGAL, "another suite after a retry");
	c->suite = s.suite;
	if (check_last(c, in) < 0) return -1;
	if (s.is_retry) {
		answer_retry(c, in, &s);
		return 0;
	}
	if (!(n = share_agree(&c->hello.share, s.point.p, s.point.n, shared)))
		return breach_rule(&c->fault, ALERT_ILLEGAL, "an invalid key share");
	add_to_transcript(c, in);
	transcript_hash(c, transcript);
	schedule_handshake(c->suite, shared, n, c->handshake);
	set_keys(c, c->handshake, "s hs traffic", "c hs traffic", transcript);
	c->phase = WANT_EXTENSIONS;
	return 0;
}

static int take_extensions(struct tls13 *c, const struct message *in)
{
	add_to_transcript(c, in);
	c->phase = WANT_CHAIN;
	return extensions_read(&c->hello, in->body, &c->fault);
}

static int take_request(struct tls13 *c, const struct message *in)
{
	if (c->owes_certificate)
		return breach_rule(&c->fault, ALERT_UNEXPECTED, "a message out of order");
	add_to_transcript(c, in);
	c->owes_certificate = true;
	return request_read(in->body, &c->fault);
}

static int take_chain(struct tls13 *c, const struct message *in)
{
	add_to_transcript(c, in);
	c->phase = WANT_VERIFY;
	return chain_read(in->body, c->trust, &c->fault);
}

static int take_verify(struct tls13 *c, const struct message *in)
{
	unsigned char transcript[HASH_MAX];

	transcript_hash(c, transcript);
	add_to_transcript(c, in);
	c->phase = WANT_FINISHED;
	return verify_read(in->body, c->trust, transcript, c->suite->hash_len, &c->fault);
}

static int check_finished(struct tls13 *c, const struct message *in)
{
	unsigned char transcript[HASH_MAX], want[HASH_MAX];

	transcript_hash(c, transcript);
	schedule_finished(c->suite, c->in.secret, transcript, want);
	if (in->body.n != c->suite->hash_len)
		return breach_lengths(&c->fault);
	if (!secret_same(want, in->body.p, c->suite->hash_len))
		return breach(&c->fault, BREACH_CHANGED, ALERT_DECRYPT);
	return 0;
}

/* Our Finished, and an empty list of certificates for a server that has asked for some. */
static void send_flight(struct tls13 *c)
{
	static const unsigned char none[] = { CERTIFICATE, 0, 0, 4, 0, 0, 0, 0 };
	unsigned char text[sizeof none + MESSAGE_HEAD + HASH_MAX], transcript[HASH_MAX];
	struct octets_out out = { text, 0 };

	if (c->owes_certificate) octets_put_bytes(&out, none, sizeof none);
	br_multihash_update(&c->transcript, text, out.n);
	transcript_hash(c, transcript);
	octets_put(&out, FINISHED, 1);
	octets_put(&out, c->suite->hash_len, 3);
	schedule_finished(c->suite, c->out.secret, transcript, text + out.n);
	send_record(c, RECORD_HANDSHAKE, text, out.n + c->suite->hash_len);
}

static int take_finished(struct tls13 *c, const struct message *in)
{
	unsigned char transcript[HASH_MAX], master[HASH_MAX];

	if (check_last(c, in) < 0 || check_finished(c, in) < 0) return -1;
	add_to_transcript(c, in);
	transcript_hash(c, transcript);
	send_flight(c);
	schedule_master(c->suite, c->handshake, master);
	set_keys(c, master, "s ap traffic", "c ap traffic", transcript);
	c->idle = 0;
	c->phase = CONNECTED;
	return 0;
}

static int take_ticket(struct tls13 *c, const struct message *in)
{
	return ticket_read(in->body, &c->fault);
}

static int take_update(struct tls13 *c, const struct message *in)
{
	if (in->body.n != 1)
		return breach_lengths(&c->fault);
	if (*in->body.p > 1)
		return breach_rule(&c->fault, ALERT_ILLEGAL, "an unknown kind of key update");
	if (check_last(c, in) < 0) return -1;
	record_keys_update(&c->in);
	if (*in->body.p) c->owes_update = true;
	return 0;
}

static const struct step {
	enum phase phase;
	enum message_type type;
	int (*take)(struct tls13 *c, const struct message *in);
} steps[] = {
	{ WANT_HELLO, SERVER_HELLO, take_hello },
	{ WANT_EXTENSIONS, ENCRYPTED_EXTENSIONS, take_extensions },
	{ WANT_CHAIN, CERTIFICATE_REQUEST, take_request },
	{ WANT_CHAIN, CERTIFICATE, take_chain },
	{ WANT_VERIFY, CERTIFICATE_VERIFY, take_verify },
	{ WANT_FINISHED, FINISHED, take_finished },
	{ CONNECTED, NEW_SESSION_TICKET, take_ticket },
	{ CONNECTED, KEY_UPDATE, take_update },
};

static int take_message(struct tls13 *c, const struct message *in)
{
	size_t i;

	for (i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i].phase == c->phase && steps[i].type == in->type)
			return steps[i].take(c, in);
	return breach_rule(&c->fault, ALERT_UNEXPECTED, "a message out of order");
}

/* -- the records of the server -- */

static int count_idle(struct tls13 *c)
{
	if (++c->idle <= IDLE_MAX) return 0;
	return breach_rule(&c->fault, ALERT_UNEXPECTED, "too many records without data");
}

static void keep_bytes(struct tls13 *c, const unsigned char *p, size_t n)
{
	unsigned char *larger;

	if (c->message_len + n > c->message_room) {
		c->message_room = 2 * (c->message_len + n);
		larger = arena_alloc(c->m, c->message_room);
		if (c->message_len) memcpy(larger, c->message, c->message_len);
		c->message = larger;
	}
	memcpy(c->message + c->message_len, p, n);
	c->message_len += n;
}

/* Take the first message if it is complete: returns 1, 0 if it is not, -1 after a breach. */
static int take_first(struct tls13 *c)
{
	struct octets rest = { c->message, c->message_len, false };
	struct message in = { .whole = c->message };

	if (rest.n < MESSAGE_HEAD) return 0;
	in.type = octets_number(&rest, 1);
	in.n = octets_number(&rest, 3) + (size_t)MESSAGE_HEAD;
	if (in.n > MESSAGE_MAX)
		return breach_rule(&c->fault, ALERT_DECODE, "a message of more than 128 KiB");
	if (in.n > c->message_len) return 0;
	in.body = octets_bytes(&rest, in.n - MESSAGE_HEAD);
	in.is_last = !rest.n;
	if (c->phase == CONNECTED && count_idle(c) < 0) return -1;
	if (take_message(c, &in) < 0) return -1;
	c->message_len -= in.n;
	memmove(c->message, c->message + in.n, c->message_len);
	return 1;
}

static int take_messages(struct tls13 *c, struct octets content)
{
	int rc;

	if (!content.n) return breach_rule(&c->fault, ALERT_UNEXPECTED, "an empty record");
	keep_bytes(c, content.p, content.n);
	while ((rc = take_first(c)) > 0 && c->phase < ENDED)
		;
	return rc < 0 ? -1 : 0;
}

/* A server of TLS 1.2 may say that it does not know the name, and go on (RFC 6066, 3). */
static bool is_remark(const struct tls13 *c, struct octets alert)
{
	return c->phase == WANT_HELLO && alert.p[0] == 1 && alert.p[1] == ALERT_NAME;
}

static int take_alert(struct tls13 *c, struct octets content)
{
	if (content.n != 2)
		return breach_rule(&c->fault, ALERT_DECODE, "an alert with a wrong length");
	if (content.p[1] == ALERT_CANCELED || is_remark(c, content)) return count_idle(c);
	if (content.p[1] == ALERT_CLOSE) {
		c->phase = ENDED;
		return 0;
	}
	breach(&c->fault, BREACH_ALERT, -1);
	c->fault.code = content.p[1];
	return -1;
}

static int take_ccs(struct tls13 *c, struct octets content)
{
	if (c->phase >= CONNECTED || content.n != 1 || *content.p != 1)
		return breach_rule(&c->fault, ALERT_UNEXPECTED, "a change of ciphers");
	return count_idle(c);
}

static int take_data(struct tls13 *c, struct octets content)
{
	if (c->phase != CONNECTED)
		return breach_rule(&c->fault, ALERT_UNEXPECTED, "data before the handshake");
	if (!content.n) return count_idle(c);
	c->data = content.p;
	c->data_len = content.n;
	c->idle = 0;
	return 0;
}

static int take_record(struct tls13 *c, int type, struct octets content)
{
	if (type == RECORD_HANDSHAKE) return take_messages(c, content);
	if (type == RECORD_ALERT) return take_alert(c, content);
	if (c->message_len)
		return breach_rule(&c->fault, ALERT_UNEXPECTED, "a message that is cut short");
	return type == RECORD_CCS ? take_ccs(c, content) : take_data(c, content);
}

/* Returns 1 if a record was taken, 0 if it is not complete, -1 after a breach. */
static int take_next(struct tls13 *c)
{
	unsigned char *record = c->in_buf + c->in_at;
	size_t have = c->in_end - c->in_at, size;
	struct octets content;
	int type;

	if (have < RECORD_HEAD) return 0;
	if (!(size = record_size(&c->in, record, !c->has_heard, &c->fault))) return -1;
	c->has_heard = true;
	if (have < size) return 0;
	if ((type = record_open(&c->in, record, size, &content, &c->fault)) < 0) return -1;
	c->in_at += size;
	return take_record(c, type, content) < 0 ? -1 : 1;
}

/* Stops where there is data, which the next record would follow. */
static void process(struct tls13 *c)
{
	int rc = 1;

	while (rc > 0 && c->phase < ENDED && !c->data_len)
		rc = take_next(c);
	if (rc >= 0) return;
	c->phase = FAILED;
	if (c->fault.alert >= 0) send_alert(c, c->fault.alert);
}

/* -- for the caller -- */

struct tls13 *tls13_open(struct arena *m, struct trust *t, const struct tls13_chance *chance)
{
	struct tls13 *c = arena_alloc(m, sizeof *c);

	c->m = m;
	c->trust = t;
	c->hello.name = t->ip_len ? NULL : t->host;
	memcpy(c->hello.random, chance->random, sizeof c->hello.random);
	memcpy(c->hello.session, chance->session, sizeof c->hello.session);
	memcpy(c->second_key, chance->keys[1], sizeof c->second_key);
	share_make(&c->hello.share, GROUP_X25519, chance->keys[0]);
	br_multihash_setimpl(&c->transcript, br_sha256_ID, &br_sha256_vtable);
	br_multihash_setimpl(&c->transcript, br_sha384_ID, &br_sha384_vtable);
	br_multihash_init(&c->transcript);
	send_hello(c);
	return c;
}

unsigned tls13_state(const struct tls13 *c)
{
	if (c->out_end > c->out_at) return BR_SSL_SENDREC;
	if (c->phase >= ENDED) return BR_SSL_CLOSED;
	return (c->data_len ? BR_SSL_RECVAPP : BR_SSL_RECVREC) |
	       (c->phase == CONNECTED ? BR_SSL_SENDAPP : 0);
}

const unsigned char *tls13_send_buf(const struct tls13 *c, size_t *n)
{
	*n = c->out_end - c->out_at;
	return c->out_buf + c->out_at;
}

void tls13_sent(struct tls13 *c, size_t n)
{
	c->out_at += n;
	if (c->out_at == c->out_end) c->out_at = c->out_end = 0;
}

unsigned char *tls13_receive_buf(struct tls13 *c, size_t *n)
{
	if (c->in_at == c->in_end) {
		c->in_at = c->in_end = 0;
	} else if (IN_ROOM - c->in_at < RECORD_MAX) {
		c->in_end -= c->in_at;
		memmove(c->in_buf, c->in_buf + c->in_at, c->in_end);
		c->in_at = 0;
	}
	*n = IN_ROOM - c->in_end;
	return c->in_buf + c->in_end;
}

void tls13_received(struct tls13 *c, size_t n)
{
	c->in_end += n;
	process(c);
}

const unsigned char *tls13_data(const struct tls13 *c, size_t *n)
{
	*n = c->data_len;
	return c->data;
}

void tls13_consumed(struct tls13 *c, size_t n)
{
	c->data += n;
	c->data_len -= n;
	process(c);
}

size_t tls13_write(struct tls13 *c, const unsigned char *data, size_t n)
{
	static const unsigned char update[] = { KEY_UPDATE, 0, 0, 1, 0 };

	if (n > PLAIN_MAX) n = PLAIN_MAX;
	if (c->owes_update) {
		send_record(c, RECORD_HANDSHAKE, update, sizeof update);
		record_keys_update(&c->out);
		c->owes_update = false;
	}
	send_record(c, RECORD_DATA, data, n);
	return n;
}

void tls13_close(struct tls13 *c)
{
	if (c->phase == CONNECTED || c->phase == ENDED) send_alert(c, ALERT_CLOSE);
	if (c->phase == CONNECTED) c->phase = ENDED;
}

bool tls13_has_failed(const struct tls13 *c)
{
	return c->phase == FAILED;
}

int tls13_fail(const struct tls13 *c, struct err *e)
{
	return breach_fail(&c->fault, c->trust, e);
}

bool tls13_is_older(const struct tls13 *c)
{
	return c->phase == OLDER;
}

const char *tls13_suite(const struct tls13 *c)
{
	return c->suite->name;
}

int tls13_group(const struct tls13 *c)
{
	return c->hello.share.group;
}
