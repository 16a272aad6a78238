#include "lib/net/cert.h"

#include <string.h>

enum {
	VERSION = DER_EXPLICIT, EXTENSIONS = DER_EXPLICIT + 3, UNIQUE_1 = 0x81, UNIQUE_2 = 0x82,
	EXTENSIONS_MAX = 64,
};

struct oid_value {
	unsigned char n, bytes[9];
	int value;
};

static const struct oid_value signatures[] = {
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 4 }, CERT_SIG_MD5 },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 5 }, CERT_SIG_SHA1 },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11 }, CERT_SIG_GOOD },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12 }, CERT_SIG_GOOD },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13 }, CERT_SIG_GOOD },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10 }, CERT_SIG_PSS },
	{ 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1 }, CERT_SIG_SHA1 },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 }, CERT_SIG_GOOD },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3 }, CERT_SIG_GOOD },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4 }, CERT_SIG_GOOD },
	{ 3, { 0x2b, 0x65, 0x70 }, CERT_SIG_ED25519 },
	{ 0, { 0 }, CERT_SIG_OTHER },
};

static const struct oid_value keys[] = {
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 }, CERT_KEY_RSA },
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10 }, CERT_KEY_PSS },
	{ 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1 }, CERT_KEY_EC },
	{ 3, { 0x2b, 0x65, 0x70 }, CERT_KEY_ED25519 },
	{ 0, { 0 }, CERT_KEY_OTHER },
};

static const struct oid_value curves[] = {
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 }, 23 },	/* P-256 */
	{ 5, { 0x2b, 0x81, 0x04, 0, 34 }, 24 },			/* P-384 */
	{ 5, { 0x2b, 0x81, 0x04, 0, 35 }, 25 },			/* P-521 */
	{ 0, { 0 }, 0 },
};

enum {
	EXT_UNKNOWN, EXT_ALT_NAMES, EXT_BASIC, EXT_USAGE, EXT_PURPOSES, EXT_CONSTRAINTS,
	EXT_ELSEWHERE,
};

/* Those marked EXT_ELSEWHERE may be critical: BearSSL handles policies, and the others only
 * help to find other certificates. */
static const struct oid_value extensions[] = {
	{ 3, { 0x55, 0x1d, 15 }, EXT_USAGE },
	{ 3, { 0x55, 0x1d, 17 }, EXT_ALT_NAMES },
	{ 3, { 0x55, 0x1d, 19 }, EXT_BASIC },
	{ 3, { 0x55, 0x1d, 30 }, EXT_CONSTRAINTS },
	{ 3, { 0x55, 0x1d, 37 }, EXT_PURPOSES },
	{ 3, { 0x55, 0x1d, 14 }, EXT_ELSEWHERE },	/* subjectKeyIdentifier */
	{ 3, { 0x55, 0x1d, 31 }, EXT_ELSEWHERE },	/* cRLDistributionPoints */
	{ 3, { 0x55, 0x1d, 32 }, EXT_ELSEWHERE },	/* certificatePolicies */
	{ 3, { 0x55, 0x1d, 35 }, EXT_ELSEWHERE },	/* authorityKeyIdentifier */
	{ 0, { 0 }, EXT_UNKNOWN },
};

static const struct oid_value purposes[] = {
	{ 8, { 0x2b, 6, 1, 5, 5, 7, 3, 1 }, 1 },	/* serverAuth */
	{ 4, { 0x55, 0x1d, 37, 0 }, 1 },		/* any */
	{ 0, { 0 }, 0 },
};

/* The higher the value, the better the part names an owner. */
static const struct oid_value name_parts[] = {
	{ 3, { 0x55, 4, 3 }, 3 },	/* common name */
	{ 3, { 0x55, 4, 11 }, 2 },	/* organizational unit */
	{ 3, { 0x55, 4, 10 }, 1 },	/* organization */
	{ 0, { 0 }, 0 },
};

static int oid_lookup(const struct oid_value *table, struct der oid)
{
	for (; table->n; table++)
		if (table->n == oid.n && !memcmp(table->bytes, oid.p, oid.n)) break;
	return table->value;
}

static int two_digits(const unsigned char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') return -1;
	return (p[0] - '0') * 10 + p[1] - '0';
}

static int64_t days_since_1970(int64_t year, int month, int day)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
	int64_t y = month > 2 ? year : year - 1;

	return (year - 1970) * 365 + before[month - 1] + day - 1 +
	       (y / 4 - y / 100 + y / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

/* YYMMDDhhmmssZ, or a year of four digits */
static bool read_time(struct der *in, int64_t *out)
{
	struct der t;
	int part[7], n = 0, tag, year;

	if (!der_next(in, &tag, &t, NULL) || (tag != DER_UTC_TIME && tag != DER_TIME))
		return false;
	if (t.n != (tag == DER_TIME ? 15 : 13) || t.p[t.n - 1] != 'Z') return false;
	for (; t.n > 1; t.p += 2, t.n -= 2)
		if ((part[n++] = two_digits(t.p)) < 0) return false;
	year = tag == DER_TIME ? part[0] * 100 + part[1] :
	       part[0] + (part[0] < 50 ? 2000 : 1900);
	n -= 5;
	if (part[n] < 1 || part[n] > 12 || part[n + 1] < 1 || part[n + 1] > 31) return false;
	*out = days_since_1970(year, part[n], part[n + 1]) * 86400 +
	       part[n + 2] * 3600 + part[n + 3] * 60 + part[n + 4];
	return true;
}

static struct der positive(struct der i)
{
	while (i.n && !*i.p) {
		i.p++;
		i.n--;
	}
	return i;
}

static void read_public_key(struct der info, struct cert *c)
{
	struct der algorithm, oid, bits, key;

	if (!der_take(&info, DER_SEQUENCE, &algorithm) ||
	    !der_take(&algorithm, DER_OID, &oid) || !der_take(&info, DER_BITS, &bits) ||
	    bits.n < 2 || bits.p[0])
		return;
	bits.p++;
	bits.n--;
	c->key = (enum cert_key)oid_lookup(keys, oid);
	if (c->key == CERT_KEY_RSA) {
		if (!der_take(&bits, DER_SEQUENCE, &key) ||
		    !der_take(&key, DER_INTEGER, &c->modulus) ||
		    !der_take(&key, DER_INTEGER, &c->exponent))
			c->key = CERT_KEY_OTHER;
		c->modulus = positive(c->modulus);
		c->exponent = positive(c->exponent);
	} else if (c->key == CERT_KEY_EC) {
		c->point = bits;
		if (!der_take(&algorithm, DER_OID, &oid) ||
		    !(c->curve = oid_lookup(curves, oid)))
			c->key = CERT_KEY_OTHER;
	}
}

/* SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
static bool read_basic(struct der list, struct cert *c)
{
	struct der item;

	if (der_take(&list, DER_BOOLEAN, &item)) {
		if (item.n != 1) return false;
		c->is_ca = item.p[0];
	}
	if (der_take(&list, DER_INTEGER, &item)) {
		if (!item.n || item.p[0] & 0x80) return false;
		item = positive(item);
		c->path_max = item.n == 0 ? 0 : item.n == 1 ? item.p[0] : 256;
	}
	return !list.n;
}

static bool read_usage(struct der value, struct cert *c)
{
	enum { KEY_CERT_SIGN = 0x04 };
	struct der bits;

	if (!der_take(&value, DER_BITS, &bits) || value.n || !bits.n || bits.p[0] > 7)
		return false;
	c->signs = bits.n > 1 && bits.p[1] & KEY_CERT_SIGN;
	return true;
}

static bool read_purposes(struct der list, struct cert *c)
{
	struct der item;

	c->serves = false;
	while (list.n) {
		if (!der_take(&list, DER_OID, &item)) return false;
		if (oid_lookup(purposes, item)) c->serves = true;
	}
	return true;
}

static bool read_alt_names(struct der list, struct cert *c)
{
	struct der name;
	int tag;

	c->alt_names = list;
	while (list.n)
		if (!der_next(&list, &tag, &name, NULL)) return false;
	return true;
}

static bool read_extension_value(int kind, struct der value, struct cert *c)
{
	struct der list;

	if (kind == EXT_USAGE) return read_usage(value, c);
	if (kind == EXT_UNKNOWN || kind == EXT_ELSEWHERE) return true;
	if (!der_take(&value, DER_SEQUENCE, &list) || value.n) return false;
	switch (kind) {
	case EXT_ALT_NAMES: return read_alt_names(list, c);
	case EXT_BASIC: return read_basic(list, c);
	case EXT_PURPOSES: return read_purposes(list, c);
	}
	c->constraints = list;
	return true;
}

/* Handle the flag that marks an extension as critical. */
static enum cert_flaw mark_critical(int kind, struct der flag, struct cert *c)
{
	if (flag.n != 1) return CERT_BROKEN;
	if (!flag.p[0]) return CERT_SOUND;
	if (kind == EXT_UNKNOWN) return CERT_DEMANDS;
	if (kind == EXT_PURPOSES || kind == EXT_CONSTRAINTS)
		c->ours[c->ours[0] ? 1 : 0] = flag.p;
	return CERT_SOUND;
}

/* Each extension may occur only once, so `ours` has room. */
static enum cert_flaw read_extension(struct der ext, struct der seen[], size_t n,
                                     struct cert *c)
{
	struct der value, flag;
	enum cert_flaw flaw;
	size_t i;
	int kind;

	if (!der_take(&ext, DER_OID, &seen[n])) return CERT_BROKEN;
	for (i = 0; i < n; i++)
		if (der_same(seen[i], seen[n])) return CERT_TWICE;
	kind = oid_lookup(extensions, seen[n]);
	if (der_take(&ext, DER_BOOLEAN, &flag) && (flaw = mark_critical(kind, flag, c)))
		return flaw;
	if (!der_take(&ext, DER_OCTETS, &value) || ext.n ||
	    !read_extension_value(kind, value, c))
		return CERT_BROKEN;
	return CERT_SOUND;
}

static enum cert_flaw read_extensions(struct der block, struct cert *c)
{
	struct der seen[EXTENSIONS_MAX], list, ext;
	enum cert_flaw flaw;
	size_t n = 0;

	if (c->version < 3) return CERT_TOO_OLD;
	if (!der_take(&block, DER_SEQUENCE, &list) || block.n) return CERT_BROKEN;
	while (list.n) {
		if (n == EXTENSIONS_MAX || !der_take(&list, DER_SEQUENCE, &ext))
			return CERT_BROKEN;
		if ((flaw = read_extension(ext, seen, n++, c))) return flaw;
	}
	return CERT_SOUND;
}

/* The optional parts behind the key. */
static enum cert_flaw read_rest(struct der rest, struct cert *c)
{
	struct der block;

	der_take(&rest, UNIQUE_1, &block);
	der_take(&rest, UNIQUE_2, &block);
	c->bare = !rest.n;
	if (c->bare) return CERT_SOUND;
	if (!der_take(&rest, EXTENSIONS, &block) || rest.n) return CERT_BROKEN;
	return read_extensions(block, c);
}

static bool read_version(struct der *tbs, struct cert *c)
{
	struct der block, number;

	if (!der_take(tbs, VERSION, &block)) return true;
	if (!der_take(&block, DER_INTEGER, &number) || number.n != 1 || number.p[0] > 2)
		return false;
	c->version = number.p[0] + 1;
	return true;
}

/* The signed part. `algorithm` becomes the one that it names for its signature. */
static bool read_signed(struct der tbs, struct der *algorithm, struct cert *c)
{
	struct der skip, dates, key;
	int tag;

	if (!read_version(&tbs, c) || !der_take(&tbs, DER_INTEGER, &skip) ||
	    !der_take(&tbs, DER_SEQUENCE, algorithm) ||
	    !der_next(&tbs, &tag, &skip, &c->issuer) || tag != DER_SEQUENCE ||
	    !der_take(&tbs, DER_SEQUENCE, &dates) || !read_time(&dates, &c->not_before) ||
	    !read_time(&dates, &c->not_after) ||
	    !der_next(&tbs, &tag, &skip, &c->subject) || tag != DER_SEQUENCE ||
	    !der_take(&tbs, DER_SEQUENCE, &key))
		return false;
	read_public_key(key, c);
	c->flaw = read_rest(tbs, c);
	return true;
}

bool cert_read(const void *data, size_t n, struct cert *c)
{
	struct der in = { data, n }, all, tbs, inner, outer, oid, bits;

	*c = (struct cert){
		.whole = in, .version = 1, .path_max = -1, .signs = true, .serves = true,
	};
	if (!der_take(&in, DER_SEQUENCE, &all) || in.n || !der_take(&all, DER_SEQUENCE, &tbs) ||
	    !read_signed(tbs, &inner, c) || !der_take(&all, DER_SEQUENCE, &outer) ||
	    !der_take(&all, DER_BITS, &bits) || all.n) {
		*c = (struct cert){ .whole = { data, n }, .flaw = CERT_BROKEN };
		return false;
	}
	if (!c->flaw && !der_same(inner, outer)) c->flaw = CERT_TWO_SIGNATURES;
	if (der_take(&outer, DER_OID, &oid))
		c->signature = (enum cert_signature)oid_lookup(signatures, oid);
	return true;
}

void cert_text(struct der s, char *out, size_t room)
{
	size_t i, k = 0;

	for (i = 0; i < s.n && k + 1 < room; i++)
		out[k++] = s.p[i] >= 0x20 && s.p[i] < 0x7f ? (char)s.p[i] : '?';
	if (room) out[k] = 0;
}

/* The same for a string with 16 bits a character. */
static void wide_text(struct der s, char *out, size_t room)
{
	size_t i, k = 0;

	for (i = 0; i + 1 < s.n && k + 1 < room; i += 2) {
		cert_text((struct der){ s.p + i + 1, 1 }, out + k, 2);
		if (s.p[i]) out[k] = '?';
		k++;
	}
	if (room) out[k] = 0;
}

void cert_name_text(struct der name, char *out, size_t room)
{
	struct der list, set, pair, oid, value;
	int tag, best = 0, rank;

	if (room) *out = 0;
	if (!der_take(&name, DER_SEQUENCE, &list)) return;
	while (der_take(&list, DER_SET, &set))
		while (der_take(&set, DER_SEQUENCE, &pair)) {
			if (!der_take(&pair, DER_OID, &oid)) continue;
			rank = oid_lookup(name_parts, oid);
			if (rank <= best || !der_next(&pair, &tag, &value, NULL)) continue;
			best = rank;
			if (tag == DER_BMP) wide_text(value, out, room);
			else cert_text(value, out, room);
		}
}
