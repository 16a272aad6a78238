/* A file is one or several armored blocks, or packets as they are. Which key a signature names
 * is only a hint: it decides whether the signature is tried, and what the message says. */

#include "lib/net/openpgp.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/net/base64.h"
#include "lib/net/impl.h"

enum {
	RSA_MAX_BYTES = 512, DIGEST_MAX = 64, CLOCK_TOLERANCE = 24 * 3600, SIGNATURES_TRIED = 8,
	VERSION = 4, RSA = 1, CLASS_BINARY = 0, CLASS_REVOCATION = 0x20,
	TAG_SIGNATURE = 2, TAG_KEY = 6,
	SUB_MADE = 2, SUB_EXPIRES = 3, SUB_ISSUER = 16, SUB_FINGERPRINT = 33,
	SUB_CRITICAL = 0x80,
};

struct bytes {
	const unsigned char *p;
	size_t n;
};

static bool take(struct bytes *in, size_t n, struct bytes *out)
{
	if (n > in->n) return false;
	*out = (struct bytes){ in->p, n };
	in->p += n;
	in->n -= n;
	return true;
}

/* The next `n` bytes, at most four, as a big-endian number. */
static bool take_number(struct bytes *in, size_t n, uint32_t *out)
{
	struct bytes b;

	if (!take(in, n, &b)) return false;
	for (*out = 0; b.n; b.n--)
		*out = *out << 8 | *b.p++;
	return true;
}

/* Bytes behind their length. */
static bool take_counted(struct bytes *in, size_t length_size, struct bytes *out)
{
	uint32_t n;

	return take_number(in, length_size, &n) && take(in, n, out);
}

/* An integer in as few bytes as possible, behind its size in bits. */
static bool take_integer(struct bytes *in, struct bytes *out)
{
	uint32_t bits, top;

	if (!take_number(in, 2, &bits) || !bits || !take(in, (bits + 7) / 8, out)) return false;
	top = (bits - 1) % 8;
	return *out->p >> top == 1;
}

/* -- armor, packets and subpackets -- */

static const unsigned char *find(struct bytes in, const char *word)
{
	return memmem(in.p, in.n, word, strlen(word));
}

/* Move to the begin of the next line. Returns false if this one was blank, or the last. */
static bool skip_line(struct bytes *in)
{
	const unsigned char *end = memchr(in->p, '\n', in->n);
	size_t n = end ? (size_t)(end - in->p) : in->n, i = 0;

	while (i < n && strchr(" \t\r", in->p[i]))
		i++;
	in->p += n + !!end;
	in->n -= n + !!end;
	return i < n;
}

/* The next block of packets in a file. A broken block is an empty one. */
static bool next_block(struct arena *m, struct bytes *in, struct bytes *out)
{
	const unsigned char *begin, *end;
	unsigned char *data;
	ssize_t n;

	if (in->n && *in->p & 0x80) return take(in, in->n, out);
	if (!(begin = find(*in, "-----BEGIN PGP "))) return false;
	in->n -= (size_t)(begin - in->p);
	in->p = begin;
	while (skip_line(in))
		continue;
	if (!(end = find(*in, "\n-----END "))) return false;
	*out = (struct bytes){ in->p, (size_t)(end - in->p) };
	in->n -= out->n;
	in->p = end;
	/* A checksum of 24 bits stands behind; the signature is a better one. */
	if ((end = find(*out, "\n="))) out->n = (size_t)(end - out->p);
	data = arena_alloc(m, out->n / 4 * 3 + 3);
	n = base64_decode((const char *)out->p, out->n, data);
	*out = (struct bytes){ data, n < 0 ? 0 : (size_t)n };
	return true;
}

/* A length in one, two or five bytes. */
static bool take_length(struct bytes *in, uint32_t *n)
{
	uint32_t low;

	if (!take_number(in, 1, n)) return false;
	if (*n < 192) return true;
	if (*n == 255) return take_number(in, 4, n);
	if (!take_number(in, 1, &low)) return false;
	*n = ((*n - 192) << 8) + low + 192;
	return true;
}

static bool next_packet(struct bytes *in, int *tag, struct bytes *body)
{
	uint32_t head, n;

	if (!take_number(in, 1, &head) || !(head & 0x80)) return false;
	if (!(head & 0x40)) {
		*tag = head >> 2 & 15;
		return (head & 3) != 3 && take_counted(in, (size_t)1 << (head & 3), body);
	}
	*tag = head & 63;
	if (in->n && *in->p >= 224 && *in->p < 255) return false;	/* a partial length */
	return take_length(in, &n) && take(in, n, body);
}

static bool next_subpacket(struct bytes *in, uint32_t *type, struct bytes *body)
{
	uint32_t n;

	return take_length(in, &n) && take(in, n, body) && take_number(body, 1, type);
}

/* -- keys -- */

static void print_hex(struct bytes b, char *out)
{
	for (; b.n; b.n--, out += 2)
		snprintf(out, 3, "%02X", *b.p++);
}

static void print_fingerprint(struct bytes key, char out[OPENPGP_FINGERPRINT + 1])
{
	const unsigned char head[] = { 0x99, (unsigned char)(key.n >> 8),
	                               (unsigned char)key.n };
	unsigned char digest[br_sha1_SIZE];
	br_sha1_context h;

	br_sha1_init(&h);
	br_sha1_update(&h, head, sizeof head);
	br_sha1_update(&h, key.p, key.n);
	br_sha1_out(&h, digest);
	print_hex((struct bytes){ digest, sizeof digest }, out);
}

static bool read_key(struct bytes body, struct openpgp_key *k)
{
	const struct bytes whole = body;
	struct bytes head, n, e;
	uint32_t created;

	if (!take(&body, 1, &head) || *head.p != VERSION || !take_number(&body, 4, &created) ||
	    !take(&body, 1, &head) || *head.p != RSA || !take_integer(&body, &n) ||
	    !take_integer(&body, &e) || body.n)
		return false;
	if (n.n < RSA_MIN_BYTES || n.n > RSA_MAX_BYTES || whole.n > UINT16_MAX) return false;
	*k = (struct openpgp_key){ .created = created, .modulus = n.p, .modulus_len = n.n,
	                           .exponent = e.p, .exponent_len = e.n };
	print_fingerprint(whole, k->fingerprint);
	return true;
}

static bool is_revocation(int tag, struct bytes body)
{
	return tag == TAG_SIGNATURE && body.n > 2 && body.p[0] == VERSION &&
	       body.p[1] == CLASS_REVOCATION;
}

/* A revocation of the primary key follows right behind it. */
static void read_key_packets(struct bytes in, struct openpgp_keys *keys)
{
	bool just_added = false;
	struct bytes body;
	int tag;

	while (keys->n < OPENPGP_KEYS_MAX && next_packet(&in, &tag, &body)) {
		if (just_added && is_revocation(tag, body)) keys->n--;
		just_added = tag == TAG_KEY && read_key(body, &keys->list[keys->n]);
		keys->n += just_added;
	}
}

int openpgp_read_keys(struct arena *m, const void *text, size_t n, struct openpgp_keys *keys,
                      struct err *e)
{
	struct bytes in = { text, n }, block;

	keys->n = 0;
	while (next_block(m, &in, &block))
		read_key_packets(block, keys);
	if (keys->n) return 0;
	return fail(e, ERR_INPUT,
	            "contains no OpenPGP public key of RSA with 2048 to 4096 bits, or only "
	            "revoked ones");
}

/* -- signatures -- */

struct hash {
	unsigned id;		/* in OpenPGP */
	size_t size;
	const br_hash_class *class;
	const unsigned char *oid;
};

static const struct hash hashes[] = {
	{ 8, br_sha256_SIZE, &br_sha256_vtable, BR_HASH_OID_SHA256 },
	{ 9, br_sha384_SIZE, &br_sha384_vtable, BR_HASH_OID_SHA384 },
	{ 10, br_sha512_SIZE, &br_sha512_vtable, BR_HASH_OID_SHA512 },
};

struct signature {
	bool supported;
	const struct hash *hash;
	struct bytes signed_part;	/* of the packet: up to the hashed subpackets */
	struct bytes number, check;	/* the signature itself; the begin of the hash */
	struct bytes fingerprint, issuer;	/* n 0: unknown */
	uint32_t made, expires;		/* 0: not at all */
};

static const struct hash *find_hash(unsigned id)
{
	for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
		if (hashes[i].id == id) return &hashes[i];
	return NULL;
}

/* What is hashed is what was signed; the rest may only say which key it was. */
static bool read_subpacket(struct signature *s, uint32_t type, struct bytes body, bool hashed)
{
	switch (type & ~(uint32_t)SUB_CRITICAL) {
	case SUB_ISSUER:
		if (!s->issuer.n && body.n == 8) s->issuer = body;
		return true;
	case SUB_FINGERPRINT:
		if (!s->fingerprint.n && body.n == 21 && *body.p == VERSION)
			s->fingerprint = (struct bytes){ body.p + 1, 20 };
		return true;
	case SUB_MADE:
		return !hashed || (!s->made && body.n == 4 && take_number(&body, 4, &s->made));
	case SUB_EXPIRES:
		return !hashed || (body.n == 4 && take_number(&body, 4, &s->expires));
	default:
		return !hashed || !(type & SUB_CRITICAL);
	}
}

/* Returns false if the subpackets are malformed. */
static bool read_subpackets(struct signature *s, struct bytes in, bool hashed)
{
	struct bytes body;
	uint32_t type;

	while (in.n) {
		if (!next_subpacket(&in, &type, &body)) return false;
		if (!read_subpacket(s, type, body, hashed)) s->supported = false;
	}
	return true;
}

/* Returns false if it is malformed, or of another version. */
static bool read_signature(struct bytes body, struct signature *s)
{
	const struct bytes whole = body;
	struct bytes head, hashed, others;

	*s = (struct signature){ 0 };
	if (!take(&body, 4, &head) || head.p[0] != VERSION || !take_counted(&body, 2, &hashed))
		return false;
	s->signed_part = (struct bytes){ whole.p, whole.n - body.n };
	s->hash = find_hash(head.p[3]);
	s->supported = head.p[1] == CLASS_BINARY && head.p[2] == RSA && s->hash;
	if (!take_counted(&body, 2, &others) || !read_subpackets(s, hashed, true) ||
	    !read_subpackets(s, others, false))
		return false;
	s->supported = s->supported && s->made && take(&body, 2, &s->check) &&
	               take_integer(&body, &s->number) && !body.n;
	return true;
}

static void print_issuer(const struct signature *s, char out[OPENPGP_FINGERPRINT + 1])
{
	print_hex(s->fingerprint.n ? s->fingerprint : s->issuer, out);
}

/* Whether the signature may be by this key. */
static bool may_be_by(const struct signature *s, const struct openpgp_key *k)
{
	char issuer[OPENPGP_FINGERPRINT + 1] = "";

	print_issuer(s, issuer);
	return !strcmp(k->fingerprint + OPENPGP_FINGERPRINT - strlen(issuer), issuer);
}

static void hash_signed(const struct signature *s, struct bytes data,
                        unsigned char digest[DIGEST_MAX])
{
	uint32_t n = (uint32_t)s->signed_part.n;
	const unsigned char end[] = { VERSION, 0xff, (unsigned char)(n >> 24),
	                              (unsigned char)(n >> 16), (unsigned char)(n >> 8),
	                              (unsigned char)n };
	br_hash_compat_context h;

	s->hash->class->init(&h.vtable);
	h.vtable->update(&h.vtable, data.p, data.n);
	h.vtable->update(&h.vtable, s->signed_part.p, s->signed_part.n);
	h.vtable->update(&h.vtable, end, sizeof end);
	h.vtable->out(&h.vtable, digest);
}

static bool matches(const struct signature *s, const struct openpgp_key *k, struct bytes data)
{
	/* BearSSL declares pointers as writable, but changes nothing. */
	const br_rsa_public_key key = {
		(unsigned char *)(uintptr_t)k->modulus, k->modulus_len,
		(unsigned char *)(uintptr_t)k->exponent, k->exponent_len,
	};
	unsigned char padded[RSA_MAX_BYTES] = { 0 }, want[DIGEST_MAX], found[DIGEST_MAX];

	if (s->number.n > k->modulus_len) return false;
	hash_signed(s, data, want);
	if (memcmp(want, s->check.p, s->check.n)) return false;
	memcpy(padded + k->modulus_len - s->number.n, s->number.p, s->number.n);
	return br_rsa_pkcs1_vrfy_get_default()(padded, k->modulus_len, s->hash->oid,
	                                       s->hash->size, &key, found) &&
	       !memcmp(want, found, s->hash->size);
}

/* A signature that may be by this key. */
static int judge(const struct signature *s, const struct openpgp_key *k, struct bytes data,
                 int64_t now, struct err *e)
{
	if (!s->supported)
		return fail(e, ERR_UNTRUSTED,
		            "its signature is of a kind that jlmkr does not support");
	if (!matches(s, k, data))
		return fail(e, ERR_UNTRUSTED, "its signature does not match it");
	if (s->made > now + CLOCK_TOLERANCE || s->made < k->created)
		return fail(e, ERR_UNTRUSTED,
		            "its signature was made in the future, or before its key; is the "
		            "clock of this machine right?");
	if (s->expires && (int64_t)s->made + s->expires < now)
		return fail(e, ERR_UNTRUSTED, "its signature has expired");
	return 0;
}

struct search {
	const struct openpgp_keys *keys;
	struct bytes data;
	int64_t now;
	unsigned tries;
	struct openpgp_signature *out;
	struct err fault;		/* of the first that claims to be by one of the keys */
};

/* Try a signature with each key. */
static bool try_keys(struct search *r, const struct signature *s)
{
	const struct openpgp_key *k = r->keys->list, *end = k + r->keys->n;
	struct err why = { 0 };
	bool claimed = false;

	for (; k < end; k++) {
		if (!may_be_by(s, k)) continue;
		claimed = true;
		if (r->tries++ >= SIGNATURES_TRIED) break;
		if (judge(s, k, r->data, r->now, &why) == 0) {
			r->out->key = k;
			r->out->made = s->made;
			return true;
		}
		if (!r->fault.kind) r->fault = why;
	}
	if (!claimed && !*r->out->stranger) print_issuer(s, r->out->stranger);
	return false;
}

/* Whether there is a good signature in a block. */
static bool search_block(struct search *r, struct bytes in)
{
	struct signature s;
	struct bytes body;
	int tag;

	while (next_packet(&in, &tag, &body))
		if (tag == TAG_SIGNATURE && read_signature(body, &s) && try_keys(r, &s))
			return true;
	return false;
}

int openpgp_verify(const struct openpgp_keys *keys, const void *data, size_t n,
                   const void *text, size_t text_len, int64_t now,
                   struct openpgp_signature *out, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct search r = { .keys = keys, .data = { data, n }, .now = now, .out = out };
	struct bytes in = { text, text_len }, block;

	*out = (struct openpgp_signature){ 0 };
	while (next_block(&m, &in, &block))
		if (search_block(&r, block)) return 1;
	if (!r.fault.kind) return 0;
	if (e) *e = r.fault;
	return -1;
}
