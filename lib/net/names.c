#include "lib/net/names.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/net/cert.h"

/* The DER tags of the kinds of names in a GeneralName. */
enum { NAME_EMAIL = 0x81, NAME_DNS = 0x82, NAME_OWNER = 0xa4, NAME_URI = 0x86, NAME_IP = 0x87 };

enum { PERMITTED = DER_EXPLICIT, EXCLUDED = DER_EXPLICIT + 1 };

static unsigned char lower_letter(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool same_letters(const unsigned char *a, const unsigned char *b, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (lower_letter(a[i]) != lower_letter(b[i])) return false;
	return true;
}

static bool same_text(struct der a, const char *b)
{
	return a.n == strlen(b) && same_letters(a.p, (const unsigned char *)b, a.n);
}

/* -- which host a certificate is valid for -- */

static bool pattern_covers(struct der name, const char *host)
{
	const char *dot = strchr(host, '.');

	if (same_text(name, host)) return true;
	if (!dot || dot == host || name.n < 2 || memcmp(name.p, "*.", 2)) return false;
	return strchr(dot + 1, '.') && same_text((struct der){ name.p + 1, name.n - 1 }, dot);
}

bool names_have_host(const struct cert *c, const char *host)
{
	struct der rest = c->alt_names, name;
	int tag;

	while (der_next(&rest, &tag, &name, NULL))
		if (tag == NAME_DNS && pattern_covers(name, host)) return true;
	return false;
}

bool names_have_ip(const struct cert *c, const unsigned char *ip, size_t n)
{
	struct der rest = c->alt_names, name;
	int tag;

	while (der_next(&rest, &tag, &name, NULL))
		if (tag == NAME_IP && name.n == n && !memcmp(name.p, ip, n)) return true;
	return false;
}

/* -- names as text -- */

static bool host_text(int tag, struct der name, char *out, size_t room)
{
	if (tag == NAME_DNS) {
		cert_text(name, out, room);
		return true;
	}
	if (tag == NAME_IP && (name.n == 4 || name.n == 16))
		return inet_ntop(name.n == 4 ? AF_INET : AF_INET6, name.p, out,
		                 (socklen_t)room);
	return false;
}

void names_list(const struct cert *c, char *out, size_t room)
{
	struct der rest = c->alt_names, name;
	size_t used = 0, shown = 0, more = 0;
	char one[256];
	int tag;

	*out = 0;
	while (der_next(&rest, &tag, &name, NULL)) {
		if (!host_text(tag, name, one, sizeof one)) continue;
		if (more || shown == 5 || used + strlen(one) + 32 > room) {
			more++;
			continue;
		}
		used += (size_t)snprintf(out + used, room - used, "%s%s", shown++ ? ", " : "",
		                         one);
	}
	if (more) snprintf(out + used, room - used, " and %zu more", more);
}

static void describe_name(int tag, struct der name, char *out, size_t room)
{
	if (tag == NAME_OWNER) cert_name_text(name, out, room);
	else if (tag == NAME_EMAIL || tag == NAME_URI) cert_text(name, out, room);
	else if (!host_text(tag, name, out, room)) snprintf(out, room, "?");
}

/* -- which names an authority may certify -- */

enum fit { FITS, FITS_NOT, UNCLEAR };

static bool has_only(struct der s, const char *besides)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (lower_letter(s.p[i]) < 'a' || lower_letter(s.p[i]) > 'z')
			if (!s.p[i] || !strchr(besides, s.p[i])) return false;
	return true;
}

/* The base covers the name itself and all names below it. With a leading dot, which many
 * authorities write although RFC 5280 does not define it, only those below it. */
static enum fit dns_fits(struct der base, struct der name)
{
	const unsigned char *tail;

	if (!base.n) return FITS;
	if (!has_only(base, "0123456789-_.") || base.p[base.n - 1] == '.') return UNCLEAR;
	if (name.n < base.n) return FITS_NOT;
	tail = name.p + (name.n - base.n);
	if (!same_letters(tail, base.p, base.n)) return FITS_NOT;
	return name.n == base.n || *base.p == '.' || tail[-1] == '.' ? FITS : FITS_NOT;
}

/* The base is an address and a mask. */
static enum fit ip_fits(struct der base, struct der ip)
{
	size_t i;

	if ((base.n != 8 && base.n != 32) || (ip.n != 4 && ip.n != 16)) return UNCLEAR;
	if (base.n != 2 * ip.n) return FITS_NOT;
	for (i = 0; i < ip.n; i++)
		if ((base.p[i] ^ ip.p[i]) & base.p[ip.n + i]) return FITS_NOT;
	return FITS;
}

static bool is_string(int tag)
{
	return tag == 0x0c || tag == 0x12 || tag == 0x13 || tag == 0x14 || tag == 0x16 ||
	       tag == 0x1a;
}

static bool is_ascii(struct der s)
{
	size_t i;

	for (i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e) return false;
	return true;
}

/* The next character in lower case; a run of blanks is one, blanks at the end are skipped. 0:
 * the end. */
static unsigned char next_letter(struct der *s)
{
	unsigned char c = s->n ? lower_letter(*s->p) : 0;

	if (!c) return 0;
	do {
		s->p++;
		s->n--;
	} while (c == ' ' && s->n && *s->p == ' ');
	return c == ' ' && !s->n ? 0 : c;
}

static struct der without_blanks(struct der s)
{
	while (s.n && *s.p == ' ') {
		s.p++;
		s.n--;
	}
	return s;
}

/* RFC 5280, 7.1, for ASCII. The comparison of other texts is not supported. */
static enum fit value_fits(int base_tag, struct der base, int tag, struct der value)
{
	unsigned char a, b;

	if (base_tag == tag && der_same(base, value)) return FITS;
	if (!is_string(base_tag) || !is_string(tag) || !is_ascii(base) || !is_ascii(value))
		return UNCLEAR;
	base = without_blanks(base);
	value = without_blanks(value);
	do {
		a = next_letter(&base);
		b = next_letter(&value);
	} while (a == b && a);
	return a == b ? FITS : FITS_NOT;
}

/* Compare one attribute of an owner's name, "CN=x". Sets of two attributes are rare, and
 * unclear unless they are equal. */
static enum fit part_fits(struct der base_set, struct der set)
{
	struct der base, part, base_kind, kind, base_value, value;
	int base_tag, tag;

	if (der_same(base_set, set)) return FITS;
	if (!der_take(&base_set, DER_SEQUENCE, &base) || base_set.n ||
	    !der_take(&set, DER_SEQUENCE, &part) || set.n ||
	    !der_take(&base, DER_OID, &base_kind) || !der_take(&part, DER_OID, &kind) ||
	    !der_next(&base, &base_tag, &base_value, NULL) ||
	    !der_next(&part, &tag, &value, NULL))
		return UNCLEAR;
	if (!der_same(base_kind, kind)) return FITS_NOT;
	return value_fits(base_tag, base_value, tag, value);
}

/* Whether an owner's name begins with the base. Both are whole elements. */
static enum fit owner_fits(struct der base, struct der name)
{
	struct der base_list, list, base_set, set;
	enum fit fit = FITS;

	if (!der_take(&base, DER_SEQUENCE, &base_list) || base.n ||
	    !der_take(&name, DER_SEQUENCE, &list) || name.n)
		return UNCLEAR;
	while (fit == FITS && base_list.n) {
		if (!der_take(&base_list, DER_SET, &base_set)) return UNCLEAR;
		if (!list.n) return FITS_NOT;
		if (!der_take(&list, DER_SET, &set)) return UNCLEAR;
		fit = part_fits(base_set, set);
	}
	return fit;
}

static enum fit name_fits(int base_tag, struct der base, int tag, struct der name)
{
	if (base_tag != tag) return UNCLEAR;
	switch (tag) {
	case NAME_DNS: return dns_fits(base, name);
	case NAME_IP: return ip_fits(base, name);
	case NAME_OWNER: return owner_fits(base, name);
	}
	return UNCLEAR;
}

/* Compare a name with a list of bases. `*any`: the list has names of this kind; if not, the
 * result does not count. */
static enum fit list_fits(struct der list, int tag, struct der name, bool *any)
{
	enum fit best = FITS_NOT, fit;
	struct der subtree, base;
	int base_tag;

	*any = false;
	while (list.n) {
		if (!der_take(&list, DER_SEQUENCE, &subtree) ||
		    !der_next(&subtree, &base_tag, &base, NULL))
			goto unclear;
		if ((base_tag ^ tag) & 0x1f) continue;
		*any = true;
		/* Distances may follow here, which RFC 5280 forbids. */
		fit = subtree.n ? UNCLEAR : name_fits(base_tag, base, tag, name);
		if (fit == UNCLEAR) return UNCLEAR;
		if (fit == FITS) best = FITS;
	}
	return best;
unclear:
	*any = true;
	return UNCLEAR;
}

static enum names_verdict judge_name(struct der constraints, int tag, struct der name)
{
	struct der permitted = { 0 }, excluded = { 0 };
	bool any_permitted, any_excluded;
	enum fit in, out;

	der_take(&constraints, PERMITTED, &permitted);
	der_take(&constraints, EXCLUDED, &excluded);
	if (constraints.n) return NAMES_UNKNOWN;
	in = list_fits(permitted, tag, name, &any_permitted);
	out = list_fits(excluded, tag, name, &any_excluded);
	if ((any_permitted && in == UNCLEAR) || (any_excluded && out == UNCLEAR))
		return NAMES_UNKNOWN;
	if ((any_permitted && in == FITS_NOT) || (any_excluded && out == FITS))
		return NAMES_OUTSIDE;
	return NAMES_WITHIN;
}

/* Older certificates have e-mail addresses among the attributes of the owner. */
static enum names_verdict judge_part(struct der constraints, struct der set, char *which,
                                     size_t room)
{
	static const unsigned char email[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1 };
	struct der part, kind, value;
	enum names_verdict v;
	int tag;

	while (set.n) {
		if (!der_take(&set, DER_SEQUENCE, &part) || !der_take(&part, DER_OID, &kind) ||
		    !der_next(&part, &tag, &value, NULL))
			return NAMES_UNKNOWN;
		if (kind.n != sizeof email || memcmp(kind.p, email, kind.n)) continue;
		describe_name(NAME_EMAIL, value, which, room);
		if ((v = judge_name(constraints, NAME_EMAIL, value))) return v;
	}
	return NAMES_WITHIN;
}

static enum names_verdict judge_owner(struct der constraints, struct der subject, char *which,
                                      size_t room)
{
	struct der whole = subject, list, set;
	enum names_verdict v;

	describe_name(NAME_OWNER, whole, which, room);
	if (!der_take(&subject, DER_SEQUENCE, &list)) return NAMES_UNKNOWN;
	if (!list.n) return NAMES_WITHIN;
	if ((v = judge_name(constraints, NAME_OWNER, whole))) return v;
	while (list.n) {
		if (!der_take(&list, DER_SET, &set)) return NAMES_UNKNOWN;
		if ((v = judge_part(constraints, set, which, room))) return v;
	}
	return NAMES_WITHIN;
}

enum names_verdict names_judge(struct der constraints, const struct cert *c, char *which,
                               size_t room)
{
	struct der rest = c->alt_names, name;
	enum names_verdict v;
	int tag;

	while (der_next(&rest, &tag, &name, NULL)) {
		describe_name(tag, name, which, room);
		if ((v = judge_name(constraints, tag, name))) return v;
	}
	return judge_owner(constraints, c->subject, which, room);
}

enum names_verdict names_judge_host(struct der constraints, const char *host)
{
	return judge_name(constraints, NAME_DNS,
	                  (struct der){ (const unsigned char *)host, strlen(host) });
}
