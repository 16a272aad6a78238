/* The TLS 1.3 client against a server in this process that keeps to the protocol, but for one
 * thing: which alert the client answers, whether that is encrypted, and its sentence. */

#include "tests/unit/tls13_server.h"

#include <stdio.h>

#include "tests/unit/test.h"

/* A whole handshake, as far as the client goes along. */
static void server_play(struct server *s)
{
	server_hear(s);
	if (s->retry_group || s->cookie) server_retry(s);
	server_hello(s);
	server_ccs(s);
	server_extensions(s);
	if (s->asks) server_request(s);
	server_chain(s);
	server_verify(s);
	server_finished(s);
}

static struct server *honest(void)
{
	struct server *s = server_open("host.example", 0x1301);

	SERVER_CHAIN(s, leaf_cert);
	return s;
}

static bool is_connected(const struct server *s)
{
	return tls13_state(s->client) & BR_SSL_SENDAPP;
}

static const char *sentence(const struct server *s)
{
	static struct err e;

	memset(&e, 0, sizeof e);
	if (!tls13_has_failed(s->client)) return "";
	CHECK_INT(tls13_fail(s->client, &e), -1);
	return e.text;
}

static void write_data(struct server *s, const char *text)
{
	CHECK(tls13_state(s->client) & BR_SSL_SENDAPP);
	CHECK_INT(tls13_write(s->client, (const unsigned char *)text, strlen(text)),
	          strlen(text));
	server_hear(s);
}

/* Data goes both ways, and both ends are announced. */
static void converse(struct server *s)
{
	static const unsigned char end[] = { 1, 0 };

	CHECK_STR(sentence(s), "");
	CHECK(is_connected(s));
	server_hear(s);
	write_data(s, "a question");
	CHECK_INT(s->data_len, 10);
	CHECK(!memcmp(s->data, "a question", 10));
	server_record(s, RECORD_DATA, "an answer", 9);
	CHECK_INT(s->got_len, 9);
	CHECK(!memcmp(s->got, "an answer", 9));
	server_record(s, RECORD_ALERT, end, sizeof end);
	CHECK_INT(tls13_state(s->client), BR_SSL_CLOSED);
	CHECK(!tls13_has_failed(s->client));
	tls13_close(s->client);
	server_hear(s);
	CHECK_INT(s->alert, 0);
	CHECK(s->alert_sealed);
}

/* -- what goes well -- */

TEST(suites_and_groups)
{
	static const int groups[] = { 0, GROUP_P256, GROUP_P384 };
	unsigned id, i;

	for (id = 0x1301; id <= 0x1303; id++)
		for (i = 0; i < 3; i++) {
			struct server *s = server_open("host.example", id);

			SERVER_CHAIN(s, leaf_cert);
			s->retry_group = groups[i];
			server_play(s);
			converse(s);
			CHECK_INT(s->hellos, groups[i] ? 2 : 1);
			CHECK_INT(s->ccs, 1);
			CHECK_STR(tls13_suite(s->client), s->suite->name);
			CHECK_INT(tls13_group(s->client), groups[i] ? groups[i] : 29);
			server_close(s);
		}
}

TEST(bytes_in_any_pieces)
{
	static const size_t sizes[] = { 1, 2, 5, 1000 };
	unsigned i, k;

	for (i = 0; i < 4; i++)
		for (k = 0; k < 4; k++) {
			struct server *s = honest();

			s->step = sizes[i];
			s->fragment = sizes[k];
			server_play(s);
			converse(s);
			server_close(s);
		}
}

static bool hello_has(const struct server *s, const void *p, size_t n)
{
	return memmem(s->hello, s->hello_len, p, n);
}

TEST(the_hello)
{
	static const unsigned char versions[] = { 0, 43, 0, 5, 4, 3, 4, 3, 3 };
	static const unsigned char groups[] = { 0, 10, 0, 8, 0, 6, 0, 29, 0, 23, 0, 24 };
	static const unsigned char share[] = { 0, 51, 0, 38, 0, 36, 0, 29, 0, 32 };
	static const unsigned char algorithms[] = {
		0, 13, 0, 20, 0, 18, 4, 3, 5, 3, 6, 3, 8, 4, 8, 5, 8, 6, 4, 1, 5, 1, 6, 1,
	};
	static const unsigned char name[] = "\0\0\0\021\0\017\0\0\014host.example";
	struct server *s = honest();
	size_t n;

	CHECK(!memcmp(tls13_send_buf(s->client, &n), "\x16\3\1", 3));
	server_hear(s);
	CHECK(hello_has(s, versions, sizeof versions));
	CHECK(hello_has(s, groups, sizeof groups));
	CHECK(hello_has(s, share, sizeof share));
	CHECK(hello_has(s, algorithms, sizeof algorithms));
	CHECK(hello_has(s, name, sizeof name - 1));
	CHECK(hello_has(s, "\0\020\0\013\0\011\010http/1.1", 15));
	CHECK(!memcmp(s->hello + AT_RANDOM, "random", 7));
	CHECK_INT(s->hello[AT_SESSION], 32);
	server_close(s);

	s = server_open("192.0.2.7", 0x1301);
	server_hear(s);
	CHECK(!hello_has(s, "192.0.2.7", 9));
	server_close(s);
}

/* Some boxes do not answer hellos of 256 to 511 bytes. */
TEST(the_size_of_the_hello)
{
	char name[250] = "";
	size_t n, small = 0;

	for (n = 1; n < sizeof name; n++) {
		struct server *s;

		name[n - 1] = 'a';
		s = server_open(name, 0x1301);
		server_hear(s);
		CHECK(s->hello_len < 256 || s->hello_len > 511);
		CHECK(s->hello_len <= 600);
		small += s->hello_len < 256;
		server_close(s);
	}
	CHECK(small < sizeof name / 2);
}

TEST(a_retry_with_a_cookie)
{
	struct server *s = honest();
	unsigned char point[POINT_MAX];

	s->cookie = "remember this";
	server_hear(s);
	memcpy(point, s->point, sizeof point);
	server_retry(s);
	CHECK(!memcmp(point, s->point, sizeof point));
	CHECK(hello_has(s, "\0\054\0\017\0\015remember this", 19));
	CHECK_INT(s->ccs, 1);
	server_close(s);

	s = honest();
	s->cookie = "remember this";
	server_play(s);
	converse(s);
	CHECK_INT(s->hellos, 2);
	server_close(s);

	s = honest();
	s->cookie = "and that";
	s->retry_group = GROUP_P384;
	server_play(s);
	converse(s);
	server_close(s);
}

TEST(chains_in_any_order)
{
	static const unsigned char orders[][3] = {
		{ 1, 2, 0 }, { 2, 1, 0 }, { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 0 },
	};
	unsigned i, k;

	for (i = 0; i < sizeof orders / sizeof *orders; i++) {
		struct server *s = server_open("host.example", 0x1302);

		SERVER_CHAIN(s, below_cert);
		for (k = 0; k < 3; k++) {
			if (orders[i][k] == 0) SERVER_CHAIN(s, exchange_cert);
			if (orders[i][k] == 1) SERVER_CHAIN(s, middle_cert);
			if (orders[i][k] == 2) SERVER_CHAIN(s, root_cert);
		}
		server_play(s);
		converse(s);
		server_close(s);
	}
}

static unsigned char client_secret[HASH_MAX];

static void keep_secret(struct server *s, struct server_message *m)
{
	if (m->type == FINISHED) memcpy(client_secret, s->client_app, HASH_MAX);
}

TEST(the_flight_of_the_client)
{
	static const unsigned char none[] = { CERTIFICATE, 0, 0, 4, 0, 0, 0, 0 };
	unsigned char hash[HASH_MAX], want[HASH_MAX];
	size_t begin;
	int asks;

	for (asks = 0; asks < 2; asks++) {
		struct server *s = honest();

		s->asks = asks;
		s->twist = keep_secret;
		server_play(s);
		begin = asks ? sizeof none : 0;
		CHECK_INT(s->messages_len, begin + 4 + 32);
		CHECK(!memcmp(s->messages, none, begin));
		CHECK(!memcmp(s->messages + begin, "\x14\0\0\x20", 4));
		br_multihash_update(&s->transcript, none, begin);
		server_hash(s, hash);
		schedule_finished(s->suite, client_secret, hash, want);
		CHECK(!memcmp(s->messages + begin + 4, want, 32));
		converse(s);
		server_close(s);
	}
}

/* -- somebody on the way -- */

/* Of all that a server sends, the lower byte of a record's version is read by nobody. */
static bool is_version(const struct server *s)
{
	const unsigned char *p = s->sent + s->flip_at;

	return s->flip_at >= 2 && *p == 3 && p[-1] == 3 && p[-2] >= RECORD_CCS &&
	       p[-2] <= RECORD_DATA;
}

/* Returns false behind the last byte. */
static bool with_one_bit(size_t at)
{
	struct server *s = honest();
	bool is_there;

	s->flip = (unsigned char)(1 << at % 8);
	s->flip_at = at;
	s->is_deaf = true;
	server_play(s);
	server_record(s, RECORD_DATA, "an answer", 9);
	is_there = at < s->sent_len;
	if (is_there && s->got_len && !is_version(s))
		test_fail(__FILE__, __LINE__, "byte %zu was changed", at);
	if (!is_there || s->got_len) CHECK(s->got_len == 9 && !memcmp(s->got, "an answer", 9));
	server_close(s);
	return is_there;
}

TEST(one_bit_anywhere)
{
	size_t at;

	for (at = 0; with_one_bit(at); at++)
		;
	CHECK(at > 700);
}

/* -- what the server does wrong in a message -- */

static void cut(struct server_message *m, size_t n)
{
	m->n = n;
	m->p[2] = (unsigned char)((n - MESSAGE_HEAD) >> 8);
	m->p[3] = (unsigned char)(n - MESSAGE_HEAD);
}

static void append(struct server_message *m, const void *p, size_t n)
{
	memcpy(m->p + m->n, p, n);
	cut(m, m->n + n);
}

/* Add an extension to a hello, or to the encrypted ones. */
static void add_extension(struct server_message *m, unsigned type, const void *p, size_t n)
{
	size_t at = m->type == SERVER_HELLO ? AT_LENGTH : MESSAGE_HEAD;
	unsigned char text[8192];
	struct octets_out out = { text, 0 };

	octets_put(&out, type, 2);
	octets_put(&out, (unsigned)n, 2);
	octets_put_bytes(&out, p, n);
	append(m, text, out.n);
	m->p[at] = (unsigned char)((m->n - at - 2) >> 8);
	m->p[at + 1] = (unsigned char)(m->n - at - 2);
}

static void drop_extensions(struct server_message *m)
{
	cut(m, m->type == SERVER_HELLO ? AT_EXTENSIONS : MESSAGE_HEAD + 2);
	m->p[m->n - 2] = m->p[m->n - 1] = 0;
}

/* The case of a table that is being played; the message that it is about. */
static unsigned now;
static bool is_about(const struct server_message *m, enum message_type type)
{
	return m->type == type;
}

struct wrong {
	int alert;
	const char *what;
	enum { PLAIN, SEALED } how;
};

#define BREAKS "host.example breaks the TLS protocol: "

static void refused(struct server *s, const struct wrong *w)
{
	char want[300];
	const char *got;

	server_play(s);
	server_hear(s);
	got = sentence(s);
	snprintf(want, sizeof want, "%s%s", *w->what == '!' ? "" : BREAKS,
	         w->what + (*w->what == '!'));
	if (strcmp(got, want) || s->alert != w->alert || s->alert_sealed != (w->how == SEALED))
		test_fail(__FILE__, __LINE__, "case %u: alert %d, sealed %d: '%s', not '%s'",
		          now, s->alert, s->alert_sealed, got, want);
	CHECK_INT(tls13_state(s->client), BR_SSL_CLOSED);
	server_close(s);
}

#define PLAY_ALL(wrongs_, twist_, prepare_) \
	for (now = 0; now < sizeof (wrongs_) / sizeof *(wrongs_); now++) { \
		struct server *s = honest(); \
		s->twist = (twist_); \
		prepare_; \
		refused(s, &(wrongs_)[now]); \
	}

static const char not_offered[] = "an extension that was not asked for";

static const struct wrong wrong_hellos[] = {
	{ 47, "a version that was not offered", PLAIN },	/* 0: outside 0302 */
	{ 47, "a version that was not offered", PLAIN },	/* chosen 0303 */
	{ 70, "!host.example speaks nothing newer than TLS 1.1", PLAIN },
	{ 47, "!host.example speaks TLS 1.3, but somebody on the way made it look as if it did "
	      "not", PLAIN },
	{ 47, "!host.example speaks TLS 1.3, but somebody on the way made it look as if it did "
	      "not", PLAIN },
	{ 47, "a session that is not ours", PLAIN },		/* 5 */
	{ 47, "a session that is not ours", PLAIN },
	{ 47, "a cipher suite that was not offered", PLAIN },
	{ 47, "a cipher suite that was not offered", PLAIN },
	{ 47, "a compression method", PLAIN },
	{ 47, "an extension twice", PLAIN },			/* 10 */
	{ 47, "an extension twice", PLAIN },
	{ 110, not_offered, PLAIN },
	{ 110, not_offered, PLAIN },
	{ 109, "a hello without a key share", PLAIN },
	{ 47, "a key share that was not asked for", PLAIN },	/* 15 */
	{ 47, "an invalid key share", PLAIN },
	{ 47, "an invalid key share", PLAIN },
	{ 50, "a message with wrong lengths", PLAIN },
	{ 50, "a message with wrong lengths", PLAIN },
	{ 50, "a message with wrong lengths", PLAIN },		/* 20 */
	{ 10, "data behind a change of keys", PLAIN },
	{ 10, "a message out of order", PLAIN },
	{ 50, "a message of more than 128 KiB", PLAIN },
	{ 47, "a version that was not offered", PLAIN },
	{ 47, "a cipher suite that was not offered", PLAIN },	/* 25 */
	{ 47, "an invalid key share", PLAIN },
};

static void spoil_hello(struct server *s, struct server_message *m)
{
	static const unsigned char version[] = { 3, 4 }, share[] = { 0, 29, 0, 1, 1 };
	static const unsigned char long_share[4 + 256] = { 0, 29, 1, 0 };
	(void)s;

	if (!is_about(m, SERVER_HELLO)) return;
	switch (now) {
	case 0: m->p[AT_VERSION + 1] = 2; break;
	case 1: m->p[AT_CHOSEN + 1] = 3; break;
	case 2: drop_extensions(m); m->p[AT_VERSION + 1] = 2; break;
	case 3: drop_extensions(m); memcpy(m->p + AT_RANDOM + 24, "DOWNGRD\1", 8); break;
	case 4: drop_extensions(m); memcpy(m->p + AT_RANDOM + 24, "DOWNGRD\0", 8); break;
	case 5: m->p[AT_SESSION + 7] ^= 1; break;
	case 6:
		m->p[AT_SESSION] = 31;
		memmove(m->p + 70, m->p + 71, m->n - 71);
		cut(m, m->n - 1);
		break;
	case 7: m->p[AT_SUITE + 1] = 4; break;
	case 8: m->p[AT_SUITE] = 0xc0; m->p[AT_SUITE + 1] = 0x2b; break;
	case 9: m->p[AT_COMPRESSION] = 1; break;
	case 10: add_extension(m, EXT_VERSIONS, version, 2); break;
	case 11: add_extension(m, EXT_KEY_SHARE, share, 5); break;
	case 12: add_extension(m, 41, "\0", 2); break;
	case 13: add_extension(m, EXT_COOKIE, "\0\1x", 3); break;
	case 14: drop_extensions(m); add_extension(m, EXT_VERSIONS, version, 2); break;
	case 15: m->p[AT_GROUP + 1] = 23; break;
	case 16: memset(m->p + AT_POINT, 0, 32); break;
	case 17:
		drop_extensions(m);
		add_extension(m, EXT_VERSIONS, version, 2);
		add_extension(m, EXT_KEY_SHARE, share, 5);
		break;
	case 18: append(m, "", 1); break;
	case 19: m->p[AT_LENGTH + 1]++; break;
	case 20: m->p[AT_SHARE + 3]++; break;
	case 21: memcpy(m->p + m->n, "\x08\0\0\2\0\0", 6); m->n += 6; break;
	case 22: m->p[0] = ENCRYPTED_EXTENSIONS; break;
	case 23: m->p[1] = 2; break;
	case 24: drop_extensions(m); m->p[AT_VERSION] = 4; break;
	case 25: m->p[AT_SUITE] = m->p[AT_SUITE + 1] = 0; break;
	case 26:
		drop_extensions(m);
		add_extension(m, EXT_VERSIONS, version, 2);
		add_extension(m, EXT_KEY_SHARE, long_share, sizeof long_share);
		break;
	}
}

TEST(wrong_hellos)
{
	PLAY_ALL(wrong_hellos, spoil_hello, (void)0);
}

static const struct wrong wrong_retries[] = {
	{ 47, "a retry that changes nothing", PLAIN },		/* 0 */
	{ 47, "a retry that changes nothing", PLAIN },
	{ 47, "a group that was not offered", PLAIN },
	{ 109, "a retry without a version", PLAIN },
	{ 10, "a second retry", PLAIN },
	{ 47, "another suite after a retry", PLAIN },		/* 5 */
	{ 50, "a message with wrong lengths", PLAIN },
	{ 47, "a cookie that is too long", PLAIN },
	{ 110, not_offered, PLAIN },
	{ 47, "another version after a retry", PLAIN },
	{ 10, "data behind a change of keys", PLAIN },		/* 10 */
	{ 47, "an extension twice", PLAIN },
	{ 47, "a key share that was not asked for", PLAIN },
	{ 47, "an invalid key share", PLAIN },
	{ 50, "a message with wrong lengths", PLAIN },
	{ 47, "a session that is not ours", PLAIN },		/* 15 */
};

static void spoil_retry(struct server *s, struct server_message *m)
{
	static const unsigned char version[] = { 3, 4 }, share[] = { 0, 23, 0, 1, 1 };
	unsigned char cookie[COOKIE_MAX + 3] = { 0x10, 1 };
	bool is_second = s->hellos == 2;

	if (!is_about(m, SERVER_HELLO)) return;
	if (is_second) {
		switch (now) {
		case 4: memcpy(m->p + AT_RANDOM, server_retry_random, 32); break;
		case 5: m->p[AT_SUITE + 1] = 3; break;
		case 9: drop_extensions(m); break;
		case 12: m->p[AT_GROUP + 1] = 29; break;
		case 13: m->p[AT_POINT + 20] ^= 1; break;
		}
		return;
	}
	switch (now) {
	case 0: drop_extensions(m); add_extension(m, EXT_VERSIONS, version, 2); break;
	case 1: m->p[AT_GROUP + 1] = 29; break;
	case 2: m->p[AT_GROUP + 1] = 25; break;
	case 3: drop_extensions(m); break;
	case 6: add_extension(m, EXT_COOKIE, "\0", 2); break;
	case 7: add_extension(m, EXT_COOKIE, cookie, sizeof cookie); break;
	case 8: add_extension(m, EXT_GROUPS, "\0\2\0\27", 4); break;
	case 10: memcpy(m->p + m->n, "\x08\0\0\2\0\0", 6); m->n += 6; break;
	case 11: add_extension(m, EXT_KEY_SHARE, share, 2); break;
	case 14: add_extension(m, EXT_COOKIE, "\0\2x", 3); break;
	case 15: m->p[AT_SESSION + 1] ^= 1; break;
	}
}

TEST(wrong_retries)
{
	PLAY_ALL(wrong_retries, spoil_retry, s->retry_group = GROUP_P256);
}

static const struct wrong wrong_extensions[] = {
	{ 50, "a message with wrong lengths", SEALED },		/* 0 */
	{ 47, "a protocol that was not offered", SEALED },
	{ 50, "a message with wrong lengths", SEALED },
	{ 110, not_offered, SEALED },
	{ 110, not_offered, SEALED },
	{ 47, "an extension twice", SEALED },			/* 5 */
	{ 50, "a message with wrong lengths", SEALED },
	{ 50, "a message with wrong lengths", SEALED },
	{ 10, "a message out of order", SEALED },
	{ 10, "a message out of order", SEALED },
};

static void spoil_extensions(struct server *s, struct server_message *m)
{
	(void)s;
	if (!is_about(m, ENCRYPTED_EXTENSIONS)) return;
	switch (now) {
	case 0: add_extension(m, EXT_SERVER_NAME, "x", 1); break;
	case 1: add_extension(m, EXT_ALPN, "\0\3\2h2", 5); break;
	case 2: add_extension(m, EXT_ALPN, "\0\3\3h2", 5); break;
	case 3: add_extension(m, EXT_KEY_SHARE, "\0\35", 2); break;
	case 4: add_extension(m, 0x0a0a, "", 0); break;
	case 5:
		add_extension(m, EXT_SERVER_NAME, "", 0);
		add_extension(m, EXT_SERVER_NAME, "", 0);
		break;
	case 6: append(m, "", 1); break;
	case 7: m->p[5] = 3; append(m, "\0\0\0", 3); break;
	case 8: m->p[0] = SERVER_HELLO; break;
	case 9: m->p[0] = FINISHED; break;
	}
}

TEST(wrong_extensions)
{
	PLAY_ALL(wrong_extensions, spoil_extensions, (void)0);
}

static void allow_extensions(struct server *s, struct server_message *m)
{
	(void)s;
	if (!is_about(m, ENCRYPTED_EXTENSIONS)) return;
	add_extension(m, EXT_SERVER_NAME, "", 0);
	add_extension(m, EXT_GROUPS, "\0\2\0\35", 4);
	add_extension(m, EXT_ALPN, "\0\011\010http/1.1", 11);
}

TEST(allowed_extensions)
{
	struct server *s = honest();

	s->twist = allow_extensions;
	server_play(s);
	converse(s);
	server_close(s);
}

static const struct wrong wrong_requests[] = {
	{ 47, "a certificate request with a context", SEALED },
	{ 109, "a certificate request without algorithms", SEALED },
	{ 10, "a message out of order", SEALED },
	{ 47, "an extension twice", SEALED },
	{ 50, "a message with wrong lengths", SEALED },
	{ 50, "more than 64 extensions", SEALED },
};

static void spoil_request(struct server *s, struct server_message *m)
{
	static const unsigned char context[] = "\1x\0\010\0\015\0\4\0\2\4\3";
	unsigned char body[3 + 4 * 65] = { 0, 1, 4 };
	unsigned i;

	if (!is_about(m, CERTIFICATE_REQUEST)) return;
	switch (now) {
	case 0: cut(m, MESSAGE_HEAD); append(m, context, sizeof context - 1); break;
	case 1: m->p[MESSAGE_HEAD + 4] = 12; break;
	case 2: server_messages(s, m->p, m->n); break;
	case 3: cut(m, MESSAGE_HEAD); append(m, "\0\0\010\0\077\0\0\0\077\0\0", 11); break;
	case 4: append(m, "x", 1); break;
	case 5:
		for (i = 0; i < 65; i++)
			body[4 + 4 * i] = (unsigned char)i;
		cut(m, MESSAGE_HEAD);
		append(m, body, sizeof body);
		break;
	}
}

TEST(wrong_requests)
{
	PLAY_ALL(wrong_requests, spoil_request, s->asks = true);
}

static const struct wrong wrong_chains[] = {
	{ 50, "no certificate", SEALED },			/* 0 */
	{ 47, "certificates with a context", SEALED },
	{ 110, not_offered, SEALED },
	{ 50, "a message with wrong lengths", SEALED },
	{ 50, "a message with wrong lengths", SEALED },
	{ 50, "a message with wrong lengths", SEALED },	/* 5 */
	{ 10, "a message out of order", SEALED },
	{ 10, "a message out of order", SEALED },
	{ 42, "!the certificate of host.example cannot be read", SEALED },
	{ 42, "!the certificate of host.example cannot be read", SEALED },
};

static void spoil_chain(struct server *s, struct server_message *m)
{
	unsigned i;

	if (!is_about(m, CERTIFICATE)) return;
	switch (now) {
	case 0: cut(m, MESSAGE_HEAD); append(m, "\0\0\0", 4); break;
	case 1: cut(m, MESSAGE_HEAD); append(m, "\1x\0\0\0", 5); break;
	case 2:
		m->p[MESSAGE_HEAD + 3] += 4;
		m->p[m->n - 1] = 4;
		append(m, "\0\5\0", 4);
		break;
	case 3: append(m, "", 1); break;
	case 4: m->p[MESSAGE_HEAD + 6]++; break;
	case 5: cut(m, MESSAGE_HEAD); append(m, "\0\0\0\5\0\0\0\0", 9); break;
	case 6: m->p[0] = CERTIFICATE_VERIFY; break;
	case 7: m->p[0] = FINISHED; break;
	case 8:
		cut(m, MESSAGE_HEAD);
		append(m, "\0\0\0\306", 4);
		for (i = 0; i < 33; i++)
			append(m, "\0\0\1x\0", 6);
		break;
	case 9: memset(m->p + MESSAGE_HEAD + 7, 0, 20); break;
	}
	(void)s;
}

TEST(wrong_chains)
{
	PLAY_ALL(wrong_chains, spoil_chain, (void)0);
}

static void refused_chain(const char *host, const unsigned char *cert, size_t n, int alert,
                          const char *text)
{
	struct server *s = server_open(host, 0x1301);
	const struct wrong w = { alert, text, SEALED };

	server_send(s, cert, n);
	refused(s, &w);
}

TEST(certificates_that_are_refused)
{
	refused_chain("other.example", leaf_cert, sizeof leaf_cert, 42,
	              "!the certificate of other.example is for another name: host.example");
	refused_chain("host.example", below_cert, sizeof below_cert, 48,
	              "!the certificate of host.example was signed by 'Middle', which is not "
	              "in the bundle; the server may lack an intermediate certificate");
	refused_chain("host.example", exchange_cert, sizeof exchange_cert, 42,
	              "!the certificate of host.example is not for signatures");
}

static const struct wrong wrong_proofs[] = {
	{ 51, "!host.example does not have the key of its certificate", SEALED },	/* 0 */
	{ 47, "a kind of signature that was not offered for this certificate", SEALED },
	{ 47, "a kind of signature that was not offered for this certificate", SEALED },
	{ 47, "a kind of signature that was not offered for this certificate", SEALED },
	{ 50, "a message with wrong lengths", SEALED },
	{ 51, "!host.example does not have the key of its certificate", SEALED },	/* 5 */
	{ 10, "a message out of order", SEALED },
	{ 51, "!data from host.example was changed on the way", SEALED },
	{ 50, "a message with wrong lengths", SEALED },
	{ 10, "data behind a change of keys", SEALED },
	{ 51, "!host.example does not have the key of its certificate", SEALED },	/* 10 */
};

static void spoil_proof(struct server *s, struct server_message *m)
{
	static const unsigned algorithms[] = { 0x0401, 0x0804, 0x0503 };
	(void)s;

	/* A chain of another transcript, for the signature to be wrong. */
	if (m->type == ENCRYPTED_EXTENSIONS && now == 10)
		br_multihash_update(&s->transcript, "x", 1);
	if (m->type == CERTIFICATE_VERIFY) {
		if (now == 0) m->p[m->n - 1] ^= 1;
		if (now >= 1 && now <= 3) {
			m->p[4] = (unsigned char)(algorithms[now - 1] >> 8);
			m->p[5] = (unsigned char)algorithms[now - 1];
		}
		if (now == 4) append(m, "", 1);
		if (now == 5) cut(m, 8), m->p[6] = m->p[7] = 0;
		if (now == 6) m->p[0] = FINISHED;
	}
	if (m->type == FINISHED) {
		if (now == 7) m->p[20] ^= 1;
		if (now == 8) cut(m, m->n - 1);
		if (now == 9) m->p[m->n++] = KEY_UPDATE;
	}
}

TEST(wrong_proofs)
{
	PLAY_ALL(wrong_proofs, spoil_proof, (void)0);
}

/* -- records -- */

/* The client after its hello, or connected; then these records, the alert and the sentence. */
static void then_refused(struct server *s, int alert, const char *what)
{
	char want[300];

	server_hear(s);
	snprintf(want, sizeof want, "%s%s", *what == '!' ? "" : BREAKS, what + (*what == '!'));
	CHECK_STR(sentence(s), want);
	CHECK_INT(s->alert, alert);
	server_close(s);
}

static struct server *after_hello(void)
{
	struct server *s = honest();

	server_hear(s);
	return s;
}

static struct server *after_keys(void)
{
	struct server *s = after_hello();

	server_hello(s);
	CHECK_STR(sentence(s), "");
	return s;
}

static struct server *connected(void)
{
	struct server *s = honest();

	server_play(s);
	CHECK(is_connected(s));
	return s;
}

#define GIVE(s_, text_) server_give(s_, (const unsigned char *)(text_), sizeof (text_) - 1)

static void give_refused(struct server *s, const char *p, size_t n, int alert, const char *what)
{
	server_give(s, (const unsigned char *)p, n);
	then_refused(s, alert, what);
}

#define GIVE_REFUSED(s_, text_, alert_, what_) \
	give_refused(s_, text_, sizeof (text_) - 1, alert_, what_)

static const char not_tls[] =
	"!host.example does not answer in TLS; is this a port for https?";
static const char changed[] = "!data from host.example was changed on the way";

TEST(records_before_keys)
{
	GIVE_REFUSED(after_hello(), "HTTP/1.1 400 Bad Request", 70, not_tls);
	GIVE_REFUSED(after_hello(), "SSH-2.0-OpenSSH", 70, not_tls);
	GIVE_REFUSED(after_hello(), "\x18\3\3\0\1x", 70, not_tls);
	GIVE_REFUSED(after_hello(), "\x16\2\0\0\1x", 70, not_tls);
	GIVE_REFUSED(after_hello(), "\x17\3\3\0\1x", 10, "data before there are keys");
	GIVE_REFUSED(after_hello(), "\x16\3\3\0\0", 10, "an empty record");
	GIVE_REFUSED(after_hello(), "\x16\3\3\x40\1", 22, "a record that is too long");
	GIVE_REFUSED(after_hello(), "\x14\3\3\0\1\2", 10, "a change of ciphers");
	GIVE_REFUSED(after_hello(), "\x14\3\3\0\2\1\1", 10, "a change of ciphers");
	GIVE_REFUSED(after_hello(), "\x14\3\3\0\0", 10, "a change of ciphers");
	GIVE_REFUSED(after_hello(), "\x15\3\3\0\1\2", 50, "an alert with a wrong length");
	GIVE_REFUSED(after_hello(), "\x15\3\3\0\0", 50, "an alert with a wrong length");
	GIVE_REFUSED(after_hello(), "\x16\3\3\0\2\2\0\x14\3\3\0\1\1", 10,
	             "a message that is cut short");
	GIVE_REFUSED(after_hello(), "\x14\3\3\0\1\1\x18\3\3\0\1x", 10,
	             "a record of an unknown type");
}

TEST(records_after_keys)
{
	static unsigned char big[PLAIN_MAX + 300];
	struct server *s;

	GIVE_REFUSED(after_keys(), "\x16\3\3\0\4\x08\0\0\0", 10,
	             "a record that is not encrypted");
	GIVE_REFUSED(after_keys(), "\x15\3\3\0\2\2\x28", 10, "a record that is not encrypted");
	GIVE_REFUSED(after_keys(), "\x17\3\3\0\x10xxxxxxxxxxxxxxxx", 20, changed);
	GIVE_REFUSED(after_keys(), "\x17\3\3\0\x11xxxxxxxxxxxxxxxxx", 20, changed);
	GIVE_REFUSED(after_keys(), "\x17\3\3\x41\1", 22, "a record that is too long");
	GIVE_REFUSED(after_keys(), "\x18\3\3\0\1", 10, "a record of an unknown type");

	server_record(s = after_keys(), RECORD_CCS, "\1", 1);
	then_refused(s, 10, "an encrypted record of a wrong type");
	server_record(s = after_keys(), 0, big, 100);
	then_refused(s, 10, "a record of padding alone");
	server_record(s = after_keys(), RECORD_DATA, "x", 1);
	then_refused(s, 10, "data before the handshake");
	server_record(s = after_keys(), RECORD_HANDSHAKE, "", 0);
	then_refused(s, 10, "an empty record");
	server_record(s = after_keys(), RECORD_ALERT, "", 0);
	then_refused(s, 50, "an alert with a wrong length");
	server_record(s = after_keys(), 24, "x", 1);
	then_refused(s, 10, "an encrypted record of a wrong type");
	/* The padding counts, too. */
	big[0] = RECORD_DATA;
	server_record(s = connected(), 0, big, PLAIN_MAX + 1);
	then_refused(s, 22, "a record that is too long");
	server_record(s = connected(), 0, big, PLAIN_MAX);
	CHECK_STR(sentence(s), "");
	server_close(s);
	server_record(s = connected(), RECORD_DATA, big, PLAIN_MAX);
	CHECK_INT(s->got_len, PLAIN_MAX);
	server_close(s);
}

TEST(a_message_is_not_interrupted)
{
	struct server *s = after_keys();

	server_record(s, RECORD_HANDSHAKE, "\x08\0", 2);
	server_ccs(s);
	then_refused(s, 10, "a message that is cut short");
	s = connected();
	server_record(s, RECORD_HANDSHAKE, "\x04\0", 2);
	server_record(s, RECORD_DATA, "x", 1);
	then_refused(s, 10, "a message that is cut short");
}

TEST(a_flipped_bit)
{
	unsigned char record[64];
	struct server *s = connected();
	size_t n;

	memcpy(record + RECORD_HEAD, "hello", 5);
	n = record_seal(&s->out, RECORD_DATA, 0x0303, record, 5);
	record[RECORD_HEAD + 2] ^= 4;
	server_give(s, record, n);
	CHECK_INT(s->got_len, 0);
	then_refused(s, 20, changed);
}

TEST(a_record_twice)
{
	unsigned char record[64], copy[64];
	struct server *s = connected();
	size_t n;

	memcpy(record + RECORD_HEAD, "hello", 5);
	n = record_seal(&s->out, RECORD_DATA, 0x0303, record, 5);
	memcpy(copy, record, n);
	server_give(s, record, n);
	CHECK_INT(s->got_len, 5);
	server_give(s, copy, n);
	CHECK_INT(s->got_len, 5);
	then_refused(s, 20, changed);
}

/* Records that bring nothing may come, but not for ever. */
static void some_and_too_many(struct server *(*begin)(void), void (*give)(struct server *s),
                              const char *what)
{
	struct server *s = begin();
	int i;

	for (i = 0; i < 32; i++)
		give(s);
	CHECK_STR(sentence(s), "");
	give(s);
	then_refused(s, 10, what);
}

static void give_empty(struct server *s)
{
	server_record(s, RECORD_DATA, "", 0);
}

static void give_update(struct server *s)
{
	server_record(s, RECORD_HANDSHAKE, "\x18\0\0\1\1", 5);
	record_keys_update(&s->out);
}

static void give_canceled(struct server *s)
{
	server_record(s, RECORD_ALERT, "\1\x5a", 2);
}

static const char ticket[] = "\x04\0\0\x15\0\0\x1c\x20\1\2\3\4\1n\0\3tik\0\4\0\x2a\0\0";

static void give_ticket(struct server *s)
{
	server_record(s, RECORD_HANDSHAKE, ticket, sizeof ticket - 1);
}

TEST(records_without_data)
{
	static const char too_many[] = "too many records without data";

	some_and_too_many(connected, give_empty, too_many);
	some_and_too_many(connected, give_update, too_many);
	some_and_too_many(connected, give_canceled, too_many);
	some_and_too_many(connected, give_ticket, too_many);
	some_and_too_many(after_hello, server_ccs, too_many);
}

/* -- behind the handshake -- */

TEST(tickets_are_dropped)
{
	struct server *s = connected();
	int i;

	for (i = 0; i < 100; i++) {
		give_ticket(s);
		server_record(s, RECORD_DATA, "x", 1);
	}
	CHECK_INT(s->got_len, 100);
	converse((s->got_len = 0, s));
	server_close(s);

	s = connected();
	server_record(s, RECORD_HANDSHAKE, "\x04\0\0\1\0", 5);
	then_refused(s, 50, "a message with wrong lengths");
	s = connected();
	server_record(s, RECORD_HANDSHAKE, "\x04\0\0\x0d\0\0\x1c\x20\1\2\3\4\0\0\0\0\0", 17);
	then_refused(s, 50, "a message with wrong lengths");
}

/* Many requests for new keys get one answer, before the next data. */
TEST(key_updates)
{
	struct server *s = connected();

	give_update(s);
	give_update(s);
	server_record(s, RECORD_DATA, "new", 3);
	CHECK_INT(s->got_len, 3);
	s->got_len = s->messages_len = 0;
	CHECK_INT(tls13_write(s->client, (const unsigned char *)"x", 1), 1);
	{
		struct octets content;
		struct breach b;
		unsigned char copy[200];
		size_t n, first;
		const unsigned char *p = tls13_send_buf(s->client, &n);

		memcpy(copy, p, n);
		tls13_sent(s->client, n);
		first = record_size(&s->in, copy, false, &b);
		CHECK_INT(record_open(&s->in, copy, first, &content, &b), RECORD_HANDSHAKE);
		CHECK_INT(content.n, 5);
		CHECK(!memcmp(content.p, "\x18\0\0\1\0", 5));
		record_keys_update(&s->in);
		CHECK_INT(record_open(&s->in, copy + first, n - first, &content, &b),
		          RECORD_DATA);
		CHECK_INT(content.n, 1);
	}
	converse(s);
	server_close(s);

	s = connected();
	server_record(s, RECORD_HANDSHAKE, "\x18\0\0\1\0", 5);
	record_keys_update(&s->out);
	converse(s);
	server_close(s);
}

TEST(wrong_messages_behind_the_handshake)
{
	struct server *s = connected();

	server_record(s, RECORD_HANDSHAKE, "\x18\0\0\1\2", 5);
	then_refused(s, 47, "an unknown kind of key update");
	s = connected();
	server_record(s, RECORD_HANDSHAKE, "\x18\0\0\0", 4);
	then_refused(s, 50, "a message with wrong lengths");
	s = connected();
	server_record(s, RECORD_HANDSHAKE, "\x18\0\0\1\0\x04", 6);
	then_refused(s, 10, "data behind a change of keys");
	s = connected();
	s->twist = NULL;
	server_request(s);
	then_refused(s, 10, "a message out of order");
	s = connected();
	server_extensions(s);
	then_refused(s, 10, "a message out of order");
	s = connected();
	server_ccs(s);
	then_refused(s, 10, "a change of ciphers");
}

/* -- the end -- */

static void alert_means(int alert, const char *text)
{
	unsigned char record[] = { RECORD_ALERT, 3, 3, 0, 2, 1, (unsigned char)alert };
	struct server *s = after_hello();

	server_give(s, record, sizeof record);
	then_refused(s, -1, text);
	s = connected();
	server_record(s, RECORD_ALERT, record + RECORD_HEAD, 2);
	then_refused(s, -1, text);
}

TEST(alerts_of_the_server)
{
	alert_means(40, "!host.example and jlmkr have no cipher suite, curve or kind of "
	            "certificate in common");
	alert_means(71, "!host.example and jlmkr have no cipher suite, curve or kind of "
	            "certificate in common");
	alert_means(70, "!host.example speaks neither TLS 1.2 nor TLS 1.3");
	alert_means(116, "!host.example requires a certificate from its clients, which jlmkr "
	            "does not support");
	alert_means(120, "!host.example does not speak HTTP/1.1");
	alert_means(80, "!host.example ended TLS with alert 80");
}

/* As a remark it is nothing, before it is known which version the server speaks. */
TEST(a_name_that_the_server_does_not_know)
{
	static const char text[] = "!the server does not know the name host.example";
	struct server *s = honest();

	server_hear(s);
	GIVE(s, "\x15\3\3\0\2\1\x70");
	server_play(s);
	converse(s);
	server_close(s);

	s = after_hello();
	GIVE(s, "\x15\3\3\0\2\2\x70");
	then_refused(s, -1, text);
	s = connected();
	server_record(s, RECORD_ALERT, "\1\x70", 2);
	then_refused(s, -1, text);
	s = after_hello();
	GIVE(s, "\x15\3\3\0\2\1\x71");
	then_refused(s, -1, "!host.example ended TLS with alert 113");
}

TEST(an_end_before_the_begin)
{
	struct server *s = after_hello();

	GIVE(s, "\x15\3\3\0\2\1\0");
	CHECK_INT(tls13_state(s->client), BR_SSL_CLOSED);
	CHECK(!tls13_has_failed(s->client));
	CHECK(!tls13_is_older(s->client));
	server_close(s);
}

/* A ServerHello of TLS 1.2 ends the client without a word, whatever comes with it. */
static void drop_version(struct server *s, struct server_message *m)
{
	(void)s;
	drop_extensions(m);
	add_extension(m, 0xff01, "", 1);
	m->p[AT_SUITE] = 0xc0;
	memcpy(m->p + m->n, "\x0b\0\0\3\0\0\0", 7);
	m->n += 7;
}

TEST(an_older_server)
{
	struct server *s = after_hello();

	s->twist = drop_version;
	server_hello(s);
	CHECK(tls13_is_older(s->client));
	CHECK(!tls13_has_failed(s->client));
	CHECK_INT(tls13_state(s->client), BR_SSL_CLOSED);
	CHECK_INT(s->alert, -1);
	server_close(s);
}

TEST(the_sentinel)
{
	unsigned char random[32] = "x";

	CHECK(!tls13_is_sentinel(random));
	memcpy(random + 24, "DOWNGRD\1", 8);
	CHECK(tls13_is_sentinel(random));
	random[31] = 0;
	CHECK(tls13_is_sentinel(random));
	random[31] = 2;
	CHECK(!tls13_is_sentinel(random));
}
