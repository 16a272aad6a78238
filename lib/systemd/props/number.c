/* Numbers, sizes, shares and times, as systemd's clients read them. Their parsers are built on
 * strtoull(3), so configs may use its quirks: white space and a plus sign in front, ".5s", "1G
 * 512M". */

#include "lib/systemd/props/impl.h"

#include <limits.h>
#include <string.h>

#include "lib/text/bool.h"

bool text_bool(const char *s, bool *v)
{
	if (bool_read(s, v)) return true;
	if (!*s || s[1] || !strchr("yntfYNTF", *s)) return false;
	*v = strchr("ytYT", *s);
	return true;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9') return c - '0';
	if (c >= 'a' && c <= 'z') return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
	return 99;
}

static int base_take(const char **s, int base)
{
	bool hex = (*s)[0] == '0' && ((*s)[1] | 32) == 'x' && digit_value((*s)[2]) < 16;

	if ((!base || base == 16) && hex) {
		*s += 2;
		return 16;
	}
	if (base) return base;
	return **s == '0' ? 8 : 10;
}

/* strtoull(3) without errno and locale. False if there is no digit; `*end` is after the last
 * one. */
static bool number_take(const char *s, int base, struct number *n, const char **end)
{
	const char *start = s;

	*n = (struct number){ 0 };
	*end = s;
	s += strspn(s, BLANKS "\v\f");
	n->minus = *s == '-';
	if (*s == '-' || *s == '+') s++;
	base = base_take(&s, base);
	for (int d; (d = digit_value(*s)) < base; s++) {
		n->over |= n->v > (UINT64_MAX - (unsigned)d) / (unsigned)base;
		n->v = n->v * (unsigned)base + (unsigned)d;
		*end = s + 1;
	}
	return *end != start;
}

/* Without a base, the prefixes 0b and 0o are accepted, too. */
static bool number_whole(const char *s, int base, struct number *n)
{
	const char *end;

	s += strspn(s, BLANKS);
	if (!base && *s == '0' && (s[1] | 32) == 'b') {
		base = 2;
		s += 2;
	} else if (!base && *s == '0' && (s[1] | 32) == 'o') {
		base = 8;
		s += 2;
	}
	return number_take(s, base, n, &end) && !*end && !n->over;
}

bool text_u64_base(const char *s, int base, uint64_t *v)
{
	struct number n;

	if (!number_whole(s, base, &n) || (n.minus && n.v)) return false;
	*v = n.v;
	return true;
}

bool text_u64(const char *s, uint64_t *v)
{
	return text_u64_base(s, 0, v);
}

bool text_u32(const char *s, uint32_t *v)
{
	uint64_t n;

	if (!text_u64(s, &n) || n > UINT32_MAX) return false;
	*v = (uint32_t)n;
	return true;
}

bool text_u8(const char *s, uint8_t *v)
{
	uint64_t n;

	if (!text_u64(s, &n) || n > UINT8_MAX) return false;
	*v = (uint8_t)n;
	return true;
}

bool text_i32(const char *s, int32_t *v)
{
	struct number n;

	if (!number_whole(s, 0, &n) || n.v > (uint64_t)INT32_MAX + n.minus) return false;
	*v = (int32_t)(n.minus ? -(int64_t)n.v : (int64_t)n.v);
	return true;
}

/* The digits after the point, as a fraction of one unit. */
static bool fraction_take(const char **s, double *frac)
{
	struct number n;
	const char *end;

	if (**s < '0' || **s > '9') return true;
	if (!number_take(*s, 10, &n, &end) || n.over) return false;
	for (*frac = (double)n.v; *s < end; (*s)++)
		*frac /= 10;
	return true;
}

/* Read one term. `*from` is the first suffix that is still allowed: they only get smaller. */
static bool size_term(const char **s, const uint64_t *factors, size_t *from, uint64_t *v)
{
	static const char suffixes[] = "EPTGMKB";
	struct number n;
	double frac = 0;
	size_t i = *from;

	*s += strspn(*s, BLANKS);
	if (**s == '-' || !number_take(*s, 10, &n, s) || n.over) return false;
	if (n.minus) n.v = -n.v;
	if (**s == '.' && ((*s)++, !fraction_take(s, &frac))) return false;
	*s += strspn(*s, BLANKS);
	while (i < 7 && **s != suffixes[i])
		i++;
	if (i > 7 || n.v + (frac > 0) > UINT64_MAX / factors[i]) return false;
	*v = n.v * factors[i] + (uint64_t)(frac * (double)factors[i]);
	*s += i < 7;
	*from = i + 1;
	return true;
}

bool text_size(const char *s, unsigned base, uint64_t *v)
{
	uint64_t factors[8] = { [6] = 1, [7] = 1 };
	size_t from = 0;

	for (int i = 5; i >= 0; i--)
		factors[i] = factors[i + 1] * base;
	*v = 0;
	do {
		uint64_t term;

		if (!size_term(&s, factors, &from, &term) || term > UINT64_MAX - *v)
			return false;
		*v += term;
	} while (*s);
	return true;
}

struct time_unit {
	const char *suffix;
	uint64_t num, den;	/* in seconds */
};

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, WEEK = 604800, MONTH = 2629800, YEAR = 31557600 };

/* A longer word stands before its prefixes. "ns" needs 10^9 units a second. */
static const struct time_unit time_units[] = {
	{ "seconds", 1, 1 }, { "second", 1, 1 }, { "sec", 1, 1 }, { "s", 1, 1 },
	{ "minutes", MINUTE, 1 }, { "minute", MINUTE, 1 }, { "min", MINUTE, 1 },
	{ "months", MONTH, 1 }, { "month", MONTH, 1 }, { "M", MONTH, 1 },
	{ "msec", 1, 1000 }, { "ms", 1, 1000 }, { "m", MINUTE, 1 },
	{ "hours", HOUR, 1 }, { "hour", HOUR, 1 }, { "hr", HOUR, 1 }, { "h", HOUR, 1 },
	{ "days", DAY, 1 }, { "day", DAY, 1 }, { "d", DAY, 1 },
	{ "weeks", WEEK, 1 }, { "week", WEEK, 1 }, { "w", WEEK, 1 },
	{ "years", YEAR, 1 }, { "year", YEAR, 1 }, { "y", YEAR, 1 },
	{ "usec", 1, 1000000 }, { "us", 1, 1000000 },
	{ "\xce\xbcs", 1, 1000000 }, { "\xc2\xb5s", 1, 1000000 },
	{ "nsec", 1, 1000000000 }, { "ns", 1, 1000000000 }, { "", 0, 1 },
};

static const char *unit_take(const char *s, uint64_t second, uint64_t *unit)
{
	for (const struct time_unit *u = time_units; *u->suffix; u++)
		if (str_starts(s, u->suffix) && u->den <= second) {
			*unit = second / u->den * u->num;
			return s + strlen(u->suffix);
		}
	return s;
}

static bool time_add(uint64_t *sum, uint64_t more)
{
	if (more >= UINT64_MAX - *sum) return false;
	*sum += more;
	return true;
}

/* The digits after the point, each a tenth of the one before. As in systemd, the part below one
 * unit is dropped digit by digit. */
static bool time_fraction(const char *s, uint64_t unit, uint64_t *v)
{
	if (*s < '0' || *s > '9') return false;
	for (unit /= 10; *s >= '0' && *s <= '9'; s++, unit /= 10)
		if (!time_add(v, (uint64_t)(*s - '0') * unit)) return false;
	return true;
}

static bool time_term(const char **s, uint64_t second, uint64_t unit, uint64_t *v)
{
	const char *end, *next;
	struct number n;

	if (**s == '-') return false;
	if (!number_take(*s, 10, &n, &end) && *(end = *s) != '.') return false;
	if (n.over || n.v > INT64_MAX || (n.minus && n.v)) return false;
	next = end;
	if (*next == '.') next += 1 + strspn(next + 1, "0123456789");
	*s = unit_take(next + strspn(next, BLANKS), second, &unit);
	if (*s == next && **s) return false;
	if (n.v >= UINT64_MAX / unit || !time_add(v, n.v * unit)) return false;
	return *end != '.' || time_fraction(end + 1, unit, v);
}

bool text_time(const char *s, uint64_t second, uint64_t unit, uint64_t *v)
{
	s += strspn(s, BLANKS);
	*v = 0;
	if (str_starts(s, "infinity")) {
		*v = UINT64_MAX;
		s += strlen("infinity");
		return !s[strspn(s, BLANKS)];
	}
	if (!*s) return false;
	for (; *s; s += strspn(s, BLANKS))
		if (!time_term(&s, second, unit, v)) return false;
	return true;
}

bool text_sec(const char *s, uint64_t *usec)
{
	return text_time(s, 1000000, 1000000, usec);
}

static bool is_decimal_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "12.34", with at most `places` digits after the point, times 10^places. */
static bool decimal(const char *s, size_t len, int places, int32_t *v)
{
	int32_t scale = places == 2 ? 100 : places == 1 ? 10 : 1, behind = 0;
	const char *dot = places ? memchr(s, '.', len) : NULL;
	char whole[256];

	if (dot) {
		size_t n = (size_t)(s + len - dot) - 1;

		if (n < 1 || n > (size_t)places || !is_decimal_digit(dot[1])) return false;
		if (n == 2 && !is_decimal_digit(dot[2])) return false;
		behind = (dot[1] - '0') * scale / 10 + (n == 2 ? dot[2] - '0' : 0);
		len = (size_t)(dot - s);
	}
	if (len >= sizeof whole) return false;
	memcpy(whole, s, len);
	whole[len] = 0;
	if (!text_i32(whole, v) || *v < 0 || *v > (INT32_MAX - behind) / scale) return false;
	*v = *v * scale + behind;
	return true;
}

bool text_permyriad(const char *s, int32_t *v)
{
	size_t len = strlen(s);

	if (str_ends(s, "\xe2\x80\xb1")) return decimal(s, len - 3, 0, v);
	if (str_ends(s, "\xe2\x80\xb0")) return decimal(s, len - 3, 1, v);
	return str_ends(s, "%") && decimal(s, len - 1, 2, v);
}
