#include "lib/net/cert.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum {
	BOOLEAN = 0x01, INTEGER = 0x02, BITS = 0x03, OCTETS = 0x04, OID = 0x06,
	UTC_TIME = 0x17, TIME = 0x18, SEQUENCE = 0x30, SET = 0x31,
	TAG_0 = 0xa0, TAG_3 = 0xa3, ALT_DNS = 0x82, ALT_IP = 0x87,
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
	{ 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1 }, CERT_SIG_SHA1 },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2 }, CERT_SIG_GOOD },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3 }, CERT_SIG_GOOD },
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4 }, CERT_SIG_GOOD },
	{ 0, { 0 }, CERT_SIG_OTHER },
};

static const struct oid_value keys[] = {
	{ 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1 }, CERT_KEY_RSA },
	{ 7, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1 }, CERT_KEY_EC },
	{ 0, { 0 }, CERT_KEY_OTHER },
};

static const struct oid_value curves[] = {
	{ 8, { 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 }, 23 },	/* P-256 */
	{ 5, { 0x2b, 0x81, 0x04, 0, 34 }, 24 },			/* P-384 */
	{ 5, { 0x2b, 0x81, 0x04, 0, 35 }, 25 },			/* P-521 */
	{ 0, { 0 }, 0 },
};

enum { EXT_ALT_NAMES = 1, EXT_BASIC, EXT_PURPOSES };

static const struct oid_value extensions[] = {
	{ 3, { 0x55, 0x1d, 17 }, EXT_ALT_NAMES },
	{ 3, { 0x55, 0x1d, 19 }, EXT_BASIC },
	{ 3, { 0x55, 0x1d, 37 }, EXT_PURPOSES },
	{ 0, { 0 }, 0 },
};

static const struct oid_value purposes[] = {
	{ 8, { 0x2b, 6, 1, 5, 5, 7, 3, 1 }, 1 },	/* serverAuth */
	{ 4, { 0x55, 0x1d, 37, 0 }, 1 },		/* any */
	{ 0, { 0 }, 0 },
};

/* In order of how well they name an owner. */
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

/* Take the next element off the front of `in`; `whole` gets it with its header.
 * Tags of one byte and definite lengths only, as DER in certificates has them. */
static bool der_next(struct der *in, int *tag, struct der *body, struct der *whole)
{
	size_t head = 2, len, i;

	if (in->n < 2) return false;
	*tag = in->p[0];
	len = in->p[1];
	if ((in->p[0] & 0x1f) == 0x1f || len == 0x80 || len > 0x84) return false;
	if (len > 0x80) {
		head += len - 0x80;
		if (in->n < head) return false;
		for (len = 0, i = 2; i < head; i++)
			len = len << 8 | in->p[i];
	}
	if (len > in->n - head) return false;
	*body = (struct der){ in->p + head, len };
	if (whole) *whole = (struct der){ in->p, head + len };
	in->p += head + len;
	in->n -= head + len;
	return true;
}

static bool der_take(struct der *in, int tag, struct der *body)
{
	struct der rest = *in;
	int found;

	if (!der_next(&rest, &found, body, NULL) || found != tag) return false;
	*in = rest;
	return true;
}

size_t der_size(const void *data, size_t n)
{
	struct der in = { data, n }, body, whole;
	int tag;

	return der_next(&in, &tag, &body, &whole) ? whole.n : 0;
}

bool der_same(struct der a, struct der b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
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

/* YYMMDDhhmmssZ, or with four digits of the year */
static bool read_time(struct der *in, int64_t *out)
{
	struct der t;
	int part[7], n = 0, tag, year;

	if (!der_next(in, &tag, &t, NULL) || (tag != UTC_TIME && tag != TIME)) return false;
	if (t.n != (tag == TIME ? 15 : 13) || t.p[t.n - 1] != 'Z') return false;
	for (; t.n > 1; t.p += 2, t.n -= 2)
		if ((part[n++] = two_digits(t.p)) < 0) return false;
	year = tag == TIME ? part[0] * 100 + part[1] : part[0] + (part[0] < 50 ? 2000 : 1900);
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

static void read_key(struct der info, struct cert *c)
{
	struct der algorithm, oid, bits, key;

	if (!der_take(&info, SEQUENCE, &algorithm) || !der_take(&algorithm, OID, &oid) ||
	    !der_take(&info, BITS, &bits) || bits.n < 2 || bits.p[0])
		return;
	bits.p++;
	bits.n--;
	c->key = (enum cert_key)oid_lookup(keys, oid);
	if (c->key == CERT_KEY_RSA) {
		if (!der_take(&bits, SEQUENCE, &key) || !der_take(&key, INTEGER, &c->modulus) ||
		    !der_take(&key, INTEGER, &c->exponent))
			c->key = CERT_KEY_OTHER;
		c->modulus = positive(c->modulus);
		c->exponent = positive(c->exponent);
	} else if (c->key == CERT_KEY_EC) {
		c->point = bits;
		if (!der_take(&algorithm, OID, &oid) || !(c->curve = oid_lookup(curves, oid)))
			c->key = CERT_KEY_OTHER;
	}
}

static void read_extension(struct der ext, struct cert *c)
{
	struct der oid, value, list, item;

	if (!der_take(&ext, OID, &oid)) return;
	der_take(&ext, BOOLEAN, &item);
	if (!der_take(&ext, OCTETS, &value) || !der_take(&value, SEQUENCE, &list)) return;
	switch (oid_lookup(extensions, oid)) {
	case EXT_ALT_NAMES:
		c->alt_names = list;
		break;
	case EXT_BASIC:
		c->is_ca = der_take(&list, BOOLEAN, &item) && item.n == 1 && item.p[0];
		break;
	case EXT_PURPOSES:
		c->serves = false;
		while (der_take(&list, OID, &item))
			if (oid_lookup(purposes, item)) c->serves = true;
		break;
	}
}

static void read_extensions(struct der rest, struct cert *c)
{
	struct der body, list, ext;
	int tag;

	c->v1 = true;
	while (der_next(&rest, &tag, &body, NULL)) {
		if (tag != TAG_3 || !der_take(&body, SEQUENCE, &list)) continue;
		c->v1 = false;
		while (der_take(&list, SEQUENCE, &ext))
			read_extension(ext, c);
	}
}

bool cert_read(const void *data, size_t n, struct cert *c)
{
	struct der in = { data, n }, all, tbs, skip, algorithm, oid, dates, key;
	int tag;

	*c = (struct cert){ .serves = true };
	if (!der_take(&in, SEQUENCE, &all) || !der_take(&all, SEQUENCE, &tbs)) return false;
	der_take(&tbs, TAG_0, &skip);
	if (!der_take(&tbs, INTEGER, &skip) || !der_take(&tbs, SEQUENCE, &skip) ||
	    !der_next(&tbs, &tag, &skip, &c->issuer) || tag != SEQUENCE ||
	    !der_take(&tbs, SEQUENCE, &dates) || !read_time(&dates, &c->not_before) ||
	    !read_time(&dates, &c->not_after) ||
	    !der_next(&tbs, &tag, &skip, &c->subject) || tag != SEQUENCE ||
	    !der_take(&tbs, SEQUENCE, &key))
		return false;
	read_key(key, c);
	read_extensions(tbs, c);
	if (der_take(&all, SEQUENCE, &algorithm) && der_take(&algorithm, OID, &oid))
		c->signature = (enum cert_signature)oid_lookup(signatures, oid);
	return true;
}

bool cert_has_ip(const struct cert *c, const unsigned char *ip, size_t n)
{
	struct der rest = c->alt_names, name;
	int tag;

	while (der_next(&rest, &tag, &name, NULL))
		if (tag == ALT_IP && name.n == n && !memcmp(name.p, ip, n)) return true;
	return false;
}

/* Only what is printable ASCII comes through: names in sentences shall not lie. */
static void text_of(struct der s, char *out, size_t room)
{
	size_t i, k = 0;

	for (i = 0; i < s.n && k + 1 < room; i++)
		if (s.p[i]) out[k++] = s.p[i] >= 0x20 && s.p[i] < 0x7f ? (char)s.p[i] : '?';
	if (room) out[k] = 0;
}

void cert_name_text(struct der name, char *out, size_t room)
{
	struct der list, set, pair, oid, value;
	int tag, best = 0, rank;

	if (room) *out = 0;
	if (!der_take(&name, SEQUENCE, &list)) return;
	while (der_take(&list, SET, &set))
		while (der_take(&set, SEQUENCE, &pair)) {
			if (!der_take(&pair, OID, &oid)) continue;
			rank = oid_lookup(name_parts, oid);
			if (rank <= best || !der_next(&pair, &tag, &value, NULL)) continue;
			best = rank;
			text_of(value, out, room);
		}
}

static bool alt_name_text(int tag, struct der name, char *out, size_t room)
{
	if (tag == ALT_DNS) {
		text_of(name, out, room);
		return true;
	}
	if (tag == ALT_IP && (name.n == 4 || name.n == 16))
		return inet_ntop(name.n == 4 ? AF_INET : AF_INET6, name.p, out,
		                 (socklen_t)room);
	return false;
}

void cert_list_names(const struct cert *c, char *out, size_t room)
{
	struct der rest = c->alt_names, name;
	size_t used = 0, shown = 0, more = 0;
	char one[256];
	int tag;

	*out = 0;
	while (der_next(&rest, &tag, &name, NULL)) {
		if (!alt_name_text(tag, name, one, sizeof one)) continue;
		if (more || shown == 5 || used + strlen(one) + 32 > room) {
			more++;
			continue;
		}
		used += (size_t)snprintf(out + used, room - used, "%s%s", shown++ ? ", " : "",
		                         one);
	}
	if (more) snprintf(out + used, room - used, " and %zu more", more);
	if (!shown && !more) cert_name_text(c->subject, out, room);
}
