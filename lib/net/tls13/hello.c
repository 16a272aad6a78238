/* What we offer is fixed, and a server may only choose from it. So every answer is read in the
 * same order: lengths, which version, that nothing is there that was not asked for, and then
 * each choice. */

#include "lib/net/tls13/impl.h"

#include <string.h>

enum {
	VERSION_12 = 0x0303, VERSION_13 = 0x0304, SCSV = 0x00ff, EXTENSIONS_MAX = 64,
	ALGORITHM_RSA_SHA256 = 0x0401,
};

static const char alpn[] = "http/1.1";

/* A server that wants another key exchange asks for it (4.1.4): so says its "random" value. */
static const unsigned char retry_random[32] = {
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65,
	0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2,
	0xc8, 0xa8, 0x33, 0x9c,
};

bool tls13_is_sentinel(const unsigned char random[32])
{
	return !memcmp(random + 24, "DOWNGRD", 7) && random[31] <= 1;
}

/* -- ClientHello -- */

static size_t begin_extension(struct octets_out *out, enum extension type)
{
	octets_put(out, type, 2);
	return octets_begin(out, 2);
}

static void put_name(struct octets_out *out, const char *name)
{
	size_t all = begin_extension(out, EXT_SERVER_NAME), list = octets_begin(out, 2), host;

	octets_put(out, 0, 1);		/* host_name */
	host = octets_begin(out, 2);
	octets_put_bytes(out, name, strlen(name));
	octets_end(out, host, 2);
	octets_end(out, list, 2);
	octets_end(out, all, 2);
}

/* An extension that is one list of bytes, with or without its length in front. */
static void put_list(struct octets_out *out, enum extension type, unsigned bytes,
                     const void *list, size_t n)
{
	size_t all = begin_extension(out, type), begin = octets_begin(out, bytes);

	octets_put_bytes(out, list, n);
	octets_end(out, begin, bytes);
	octets_end(out, all, 2);
}

/* RSA-PKCS1 is for certificates, and for the algorithms of a server that chooses TLS 1.2. */
static void put_algorithms(struct octets_out *out)
{
	size_t all = begin_extension(out, EXT_ALGORITHMS), list = octets_begin(out, 2);
	unsigned i;

	for (i = 0; i < ALGORITHMS_13; i++)
		octets_put(out, algorithm_at((int)i), 2);
	for (i = 0; i < 3; i++)
		octets_put(out, ALGORITHM_RSA_SHA256 + (i << 8), 2);
	octets_end(out, list, 2);
	octets_end(out, all, 2);
}

static void put_share(struct octets_out *out, const struct share *s)
{
	size_t all = begin_extension(out, EXT_KEY_SHARE), list = octets_begin(out, 2), point;

	octets_put(out, (unsigned)s->group, 2);
	point = octets_begin(out, 2);
	octets_put_bytes(out, s->point, s->point_len);
	octets_end(out, point, 2);
	octets_end(out, list, 2);
	octets_end(out, all, 2);
}

static void put_suites(struct octets_out *out)
{
	uint16_t ours[SUITES_13], older[SUITES_12];
	size_t list = octets_begin(out, 2), i;

	suites_list(ours);
	tls12_suites(older);
	for (i = 0; i < SUITES_13; i++)
		octets_put(out, ours[i], 2);
	for (i = 0; i < SUITES_12; i++)
		octets_put(out, older[i], 2);
	octets_put(out, SCSV, 2);		/* RFC 5746: some servers of TLS 1.2 insist */
	octets_end(out, list, 2);
}

/* Old boxes in front of servers never answer a hello of 256 to 511 bytes (RFC 7685). */
static void put_padding(struct octets_out *out)
{
	size_t all;

	if (out->n < 256 || out->n > 511) return;
	all = begin_extension(out, EXT_PADDING);
	while (out->n < 512)
		octets_put(out, 0, 1);
	octets_end(out, all, 2);
}

static void put_extensions(struct octets_out *out, const struct hello *h)
{
	static const unsigned char versions[] = { 3, 4, 3, 3 };
	static const unsigned char groups[] = { 0, GROUP_X25519, 0, GROUP_P256, 0, GROUP_P384 };
	unsigned char names[sizeof alpn] = { sizeof alpn - 1 };
	size_t all = octets_begin(out, 2);

	memcpy(names + 1, alpn, sizeof alpn - 1);
	if (h->name) put_name(out, h->name);
	put_list(out, EXT_VERSIONS, 1, versions, sizeof versions);
	put_list(out, EXT_GROUPS, 2, groups, sizeof groups);
	put_list(out, EXT_POINT_FORMATS, 1, "", 1);
	put_algorithms(out);
	put_list(out, EXT_ALPN, 2, names, sizeof names);
	put_share(out, &h->share);
	if (h->cookie_len) put_list(out, EXT_COOKIE, 2, h->cookie, h->cookie_len);
	put_padding(out);
	octets_end(out, all, 2);
}

size_t hello_write(const struct hello *h, unsigned char *p)
{
	struct octets_out out = { p, 0 };
	size_t all, session;

	octets_put(&out, CLIENT_HELLO, 1);
	all = octets_begin(&out, 3);
	octets_put(&out, VERSION_12, 2);
	octets_put_bytes(&out, h->random, sizeof h->random);
	session = octets_begin(&out, 1);
	octets_put_bytes(&out, h->session, sizeof h->session);
	octets_end(&out, session, 1);
	put_suites(&out);
	octets_put(&out, 1, 1);		/* one compression method: none */
	octets_put(&out, 0, 1);
	put_extensions(&out, h);
	octets_end(&out, all, 3);
	return out.n;
}

/* -- ServerHello and HelloRetryRequest -- */

struct hello_parts {
	unsigned version, suite, compression, chosen;
	struct octets random, session, extensions;
	struct octets cookie, share;
	bool has_version, has_cookie, has_share;
};

static int fail_twice(struct breach *b)
{
	return breach_rule(b, ALERT_ILLEGAL, "an extension twice");
}

static bool split_hello(struct octets in, struct hello_parts *p)
{
	*p = (struct hello_parts){ .version = octets_number(&in, 2) };
	p->random = octets_bytes(&in, 32);
	p->session = octets_vector(&in, 1);
	p->suite = octets_number(&in, 2);
	p->compression = octets_number(&in, 1);
	if (in.n) p->extensions = octets_vector(&in, 2);
	return octets_is_done(&in) && p->session.n <= 32;
}

/* TLS 1.3 is chosen by an extension. What else is in the hello of an older version is of no
 * interest here. */
static int find_version(struct hello_parts *p, struct breach *b)
{
	struct octets list = p->extensions, body;
	unsigned type;

	while (octets_extension(&list, &type, &body)) {
		if (type != EXT_VERSIONS) continue;
		if (p->has_version) return fail_twice(b);
		p->has_version = true;
		p->chosen = octets_number(&body, 2);
		if (!octets_is_done(&body)) return breach_lengths(b);
	}
	return list.bad ? breach_lengths(b) : 0;
}

static int read_older(const struct hello *h, const struct hello_parts *p, struct breach *b)
{
	if (p->version < VERSION_12) return breach(b, BREACH_OLD, ALERT_VERSION);
	if (p->version != VERSION_12)
		return breach_rule(b, ALERT_ILLEGAL, "a version that was not offered");
	if (h->is_retry)
		return breach_rule(b, ALERT_ILLEGAL, "another version after a retry");
	if (tls13_is_sentinel(p->random.p)) return breach(b, BREACH_DOWNGRADE, ALERT_ILLEGAL);
	return 0;
}

static int split_extensions(struct hello_parts *p, bool is_retry, struct breach *b)
{
	struct octets list = p->extensions, body;
	unsigned type;

	while (octets_extension(&list, &type, &body)) {
		if (type == EXT_VERSIONS) continue;
		if (type == EXT_KEY_SHARE) {
			if (p->has_share) return fail_twice(b);
			p->has_share = true;
			p->share = body;
		} else if (type == EXT_COOKIE && is_retry) {
			if (p->has_cookie) return fail_twice(b);
			p->has_cookie = true;
			p->cookie = body;
		} else {
			return breach_rule(b, ALERT_EXTENSION,
			                   "an extension that was not asked for");
		}
	}
	return 0;
}

static int check_choices(const struct hello *h, const struct hello_parts *p,
                         struct server_hello *s, struct breach *b)
{
	if (p->version != VERSION_12 || p->chosen != VERSION_13)
		return breach_rule(b, ALERT_ILLEGAL, "a version that was not offered");
	if (p->session.n != sizeof h->session ||
	    memcmp(p->session.p, h->session, sizeof h->session))
		return breach_rule(b, ALERT_ILLEGAL, "a session that is not ours");
	if (p->compression) return breach_rule(b, ALERT_ILLEGAL, "a compression method");
	if (!(s->suite = suite_find(p->suite)))
		return breach_rule(b, ALERT_ILLEGAL, "a cipher suite that was not offered");
	return 0;
}

static int read_retry(const struct hello *h, struct hello_parts *p, struct server_hello *s,
                      struct breach *b)
{
	if (h->is_retry) return breach_rule(b, ALERT_UNEXPECTED, "a second retry");
	if (p->has_share) {
		s->group = (int)octets_number(&p->share, 2);
		if (!octets_is_done(&p->share)) return breach_lengths(b);
		if (!share_knows((unsigned)s->group))
			return breach_rule(b, ALERT_ILLEGAL, "a group that was not offered");
		if (s->group == h->share.group)
			return breach_rule(b, ALERT_ILLEGAL, "a retry that changes nothing");
	}
	if (p->has_cookie) {
		s->cookie = octets_vector(&p->cookie, 2);
		if (!octets_is_done(&p->cookie) || !s->cookie.n) return breach_lengths(b);
		if (s->cookie.n > COOKIE_MAX)
			return breach_rule(b, ALERT_ILLEGAL, "a cookie that is too long");
	}
	if (!p->has_share && !p->has_cookie)
		return breach_rule(b, ALERT_ILLEGAL, "a retry that changes nothing");
	return 0;
}

static int read_share(const struct hello *h, struct hello_parts *p, struct server_hello *s,
                      struct breach *b)
{
	if (!p->has_share)
		return breach_rule(b, ALERT_MISSING, "a hello without a key share");
	s->group = (int)octets_number(&p->share, 2);
	s->point = octets_vector(&p->share, 2);
	if (!octets_is_done(&p->share)) return breach_lengths(b);
	if (s->group != h->share.group)
		return breach_rule(b, ALERT_ILLEGAL, "a key share that was not asked for");
	return 0;
}

int hello_read(const struct hello *h, struct octets body, struct server_hello *s,
               struct breach *b)
{
	struct hello_parts p;

	*s = (struct server_hello){ 0 };
	if (!split_hello(body, &p)) return breach_lengths(b);
	s->is_retry = !memcmp(p.random.p, retry_random, sizeof retry_random);
	if (find_version(&p, b) < 0) return -1;
	if (!p.has_version && s->is_retry)
		return breach_rule(b, ALERT_MISSING, "a retry without a version");
	s->is_older = !p.has_version;
	if (s->is_older) return read_older(h, &p, b);
	if (check_choices(h, &p, s, b) < 0 || split_extensions(&p, s->is_retry, b) < 0)
		return -1;
	return s->is_retry ? read_retry(h, &p, s, b) : read_share(h, &p, s, b);
}

/* -- the smaller messages -- */

static int check_alpn(struct octets body, struct breach *b)
{
	struct octets list = octets_vector(&body, 2), name = octets_vector(&list, 1);

	if (!octets_is_done(&body) || !octets_is_done(&list)) return breach_lengths(b);
	if (name.n == sizeof alpn - 1 && !memcmp(name.p, alpn, name.n)) return 0;
	return breach_rule(b, ALERT_ILLEGAL, "a protocol that was not offered");
}

static int check_extension(const struct hello *h, unsigned type, struct octets body,
                           struct breach *b)
{
	if (type == EXT_GROUPS) return 0;
	if (type == EXT_ALPN) return check_alpn(body, b);
	if (type != EXT_SERVER_NAME || !h->name)
		return breach_rule(b, ALERT_EXTENSION, "an extension that was not asked for");
	return body.n ? breach_lengths(b) : 0;
}

/* Add a type to those seen before. */
static int note_extension(unsigned type, unsigned seen[], unsigned *n, struct breach *b)
{
	unsigned i;

	for (i = 0; i < *n; i++)
		if (seen[i] == type) return fail_twice(b);
	if (*n == EXTENSIONS_MAX)
		return breach_rule(b, ALERT_DECODE, "more than 64 extensions");
	seen[(*n)++] = type;
	return 0;
}

int extensions_read(const struct hello *h, struct octets body, struct breach *b)
{
	struct octets list = octets_vector(&body, 2), one;
	unsigned type, n = 0, seen[EXTENSIONS_MAX];

	while (octets_extension(&list, &type, &one))
		if (check_extension(h, type, one, b) < 0 ||
		    note_extension(type, seen, &n, b) < 0)
			return -1;
	return octets_is_done(&body) && !list.bad ? 0 : breach_lengths(b);
}

/* Extensions of any type, each once. */
static int read_any(struct octets list, bool *has_algorithms, struct breach *b)
{
	unsigned type, n = 0, seen[EXTENSIONS_MAX];
	struct octets one;

	*has_algorithms = false;
	while (octets_extension(&list, &type, &one)) {
		if (note_extension(type, seen, &n, b) < 0) return -1;
		if (type == EXT_ALGORITHMS) *has_algorithms = true;
	}
	return list.bad ? breach_lengths(b) : 0;
}

int request_read(struct octets body, struct breach *b)
{
	struct octets context = octets_vector(&body, 1), list = octets_vector(&body, 2);
	bool has_algorithms;

	if (!octets_is_done(&body)) return breach_lengths(b);
	if (context.n)
		return breach_rule(b, ALERT_ILLEGAL, "a certificate request with a context");
	if (read_any(list, &has_algorithms, b) < 0) return -1;
	if (has_algorithms) return 0;
	return breach_rule(b, ALERT_MISSING, "a certificate request without algorithms");
}

int ticket_read(struct octets body, struct breach *b)
{
	struct octets ticket, list;
	bool has_algorithms;

	octets_bytes(&body, 8);		/* lifetime, age_add */
	octets_vector(&body, 1);	/* nonce */
	ticket = octets_vector(&body, 2);
	list = octets_vector(&body, 2);
	if (!octets_is_done(&body) || !ticket.n) return breach_lengths(b);
	return read_any(list, &has_algorithms, b);
}
