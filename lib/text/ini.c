/* One pass over the lines. What an indented line means depends on what is open: a key, a
 * comment or nothing. Blank lines are counted until the next line shows whether they are
 * part of a value. Duplicates are found at the end, by sorting. */

#include "lib/text/ini.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/text/utf8.h"

static const char top[] = "", fallback[] = "DEFAULT";

/* A key or header, which may appear only once; the key of a header is "". */
struct seen {
	const char *section, *key;
	unsigned line;
};

struct line {
	size_t start, end, next;	/* `end` is before the line break */
	size_t from, to;		/* without leading and trailing white space */
	size_t column;			/* of `from`, in characters */
};

enum open { NOTHING, COMMENT, KEY };

struct reader {
	struct arena *m;
	const char *text;
	size_t len;
	struct ini *ini;
	struct line at;
	unsigned line;
	const char *section;
	enum open open;
	size_t column;			/* of the open key or comment */
	unsigned blanks;		/* blank lines since the last text */
	struct str value;		/* of the open key, if it has continuation lines */
	struct seen *seen;
	size_t n_seen, room_seen;
};

static size_t column_of(const char *s, size_t n)
{
	size_t column = 0;

	for (size_t i = 0; i < n; i++)
		column += ((unsigned char)s[i] & 0xc0) != 0x80;
	return column;
}

/* Returns false at the end of the text. */
static bool next_ini_line(const char *text, size_t len, struct line *l)
{
	size_t at = l->next, start = at;

	if (at == len) return false;
	while (at < len && text[at] != '\n' && text[at] != '\r')
		at++;
	l->start = start;
	l->end = at;
	l->next = at + (at < len) + (at + 1 < len && text[at] == '\r' && text[at + 1] == '\n');
	l->from = start + utf8_space_before(text + start, at - start);
	l->to = at - utf8_space_behind(text + l->from, at - l->from);
	l->column = column_of(text + start, l->from - start);
	return true;
}

static void add_seen(struct reader *r, const char *key)
{
	r->seen = arena_grow(r->m, r->seen, r->n_seen, &r->room_seen, sizeof *r->seen);
	r->seen[r->n_seen++] = (struct seen){ r->section, key, r->line };
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int d = strcmp(x->section, y->section);

	if (!d) d = strcmp(x->key, y->key);
	return d ? d : (x->line > y->line) - (x->line < y->line);
}

static void find_duplicates(struct reader *r)
{
	if (r->n_seen) qsort(r->seen, r->n_seen, sizeof *r->seen, compare_seen);
	for (size_t i = 1; i < r->n_seen; i++) {
		const struct seen *a = &r->seen[i - 1], *b = &r->seen[i];

		if (!str_eq(a->section, b->section) || !str_eq(a->key, b->key)) continue;
		if (*b->key)
			fault_add(&r->ini->faults,
			          &(struct fault){ .line = b->line, .kind = "repeated key",
			                           .subject = b->key },
			          "'%s' was given before, in line %u", b->key, a->line);
		else
			fault_add(&r->ini->faults,
			          &(struct fault){ .line = b->line, .kind = "repeated section",
			          .subject = b->section }, "[%s] was given before, in line %u",
			          b->section, a->line);
	}
}

static char *lower_key(struct arena *m, const char *s, size_t n)
{
	char *key = arena_strndup(m, s, n);

	for (char *p = key; *p; p++)
		if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
	return key;
}

static struct ini_entry *new_entry(struct ini *ini, struct arena *m)
{
	ini->v = arena_grow(m, ini->v, ini->n, &ini->room, sizeof *ini->v);
	return &ini->v[ini->n++];
}

/* The value of an open key with continuation lines is in the builder. */
static void close_key(struct reader *r)
{
	if (r->open == KEY && r->value.s) r->ini->v[r->ini->n - 1].value = str_text(&r->value);
	r->open = NOTHING;
	r->blanks = 0;
}

static void continue_key(struct reader *r)
{
	struct ini_entry *entry = &r->ini->v[r->ini->n - 1];

	if (!entry->value) {
		fault_add(&r->ini->faults,
		          &(struct fault){ .line = r->line, .kind = "no value",
		                           .subject = entry->key },
		          "continues '%s', which has no '='", entry->key);
		return;
	}
	if (!r->value.s) str_add(&r->value, entry->value);
	for (r->blanks++; r->blanks; r->blanks--)
		str_addc(&r->value, '\n');
	str_addn(&r->value, r->text + r->at.from, r->at.to - r->at.from);
	entry->end = r->at.to;
}

/* [NAME]: NAME may contain brackets, and text may follow. */
static bool read_header(struct reader *r)
{
	size_t close = r->at.to;

	if (r->text[r->at.from] != '[') return false;
	while (close > r->at.from && r->text[close - 1] != ']')
		close--;
	if (close < r->at.from + 3) return false;
	r->section = arena_strndup(r->m, r->text + r->at.from + 1, close - r->at.from - 2);
	if (!str_eq(r->section, fallback)) add_seen(r, "");
	return true;
}

static void read_ini_key(struct reader *r)
{
	const char *s = r->text + r->at.from;
	size_t n = r->at.to - r->at.from, cut = 0, name;
	struct ini_entry *entry;

	while (cut < n && s[cut] != '=' && s[cut] != ':')
		cut++;
	name = cut - utf8_space_behind(s, cut);
	if (!name) {
		fault_add(&r->ini->faults, &(struct fault){ .line = r->line, .kind = "no key",
		                                            .subject = "" },
		          "'%c' without a key before it", s[cut]);
		return;
	}
	entry = new_entry(r->ini, r->m);
	*entry = (struct ini_entry){ .section = r->section, .key = lower_key(r->m, s, name) };
	entry->line = r->line;
	entry->start = r->at.start;
	entry->value_at = entry->end = r->at.to;
	if (cut < n) {
		cut++;
		cut += utf8_space_before(s + cut, n - cut);
		entry->value = arena_strndup(r->m, s + cut, n - cut);
		entry->value_at = r->at.from + cut;
	}
	r->value = (struct str){ .m = r->m };
	r->open = KEY;
	add_seen(r, entry->key);
}

static bool check_bytes(struct reader *r)
{
	const char *s = r->text + r->at.start;
	size_t n = r->at.end - r->at.start;

	if (!utf8_valid(s, n))
		fault_add(&r->ini->faults, &(struct fault){ .line = r->line, .kind = "not text",
		                                            .subject = "" },
		          "bytes that are not UTF-8");
	else if (memchr(s, 0, n))
		fault_add(&r->ini->faults, &(struct fault){ .line = r->line, .kind = "not text",
		                                            .subject = "" },
		          "a NUL byte");
	else
		return true;
	return false;
}

static void read_ini_line(struct reader *r)
{
	if (!check_bytes(r)) return;
	if (r->at.from == r->at.end) {
		r->blanks++;
		return;
	}
	if (r->text[r->at.start] == '#') {
		close_key(r);
		r->open = COMMENT;
		r->column = 0;
		return;
	}
	if (r->open != NOTHING && r->at.column > r->column) {
		if (r->open == KEY) continue_key(r);
		return;
	}
	close_key(r);
	r->column = r->at.column;
	if (!read_header(r)) read_ini_key(r);
}

void ini_parse(struct arena *m, const char *text, size_t len, struct ini *ini)
{
	struct reader r = { .m = m, .text = text, .len = len, .ini = ini, .section = top };

	*ini = (struct ini){ .faults = { .m = m } };
	while (next_ini_line(text, len, &r.at)) {
		r.line++;
		read_ini_line(&r);
	}
	close_key(&r);
	find_duplicates(&r);
}

static const struct ini_entry *find_entry(const struct ini *ini, const char *section,
                                          const char *key)
{
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *entry = &ini->v[i];

		if (str_eq(entry->section, section) && str_eq(entry->key, key)) return entry;
	}
	return NULL;
}

const struct ini_entry *ini_find(const struct ini *ini, const char *key)
{
	const struct ini_entry *entry = find_entry(ini, top, key);

	return entry ? entry : find_entry(ini, fallback, key);
}

/* The line break of the line that contains `at`, else that of the first line. */
static const char *line_end(const char *text, size_t len, size_t at)
{
	struct line l = { 0 };

	while (next_ini_line(text, len, &l) && l.next <= at && l.next < len)
		;
	if (l.end == l.next && at) return line_end(text, len, 0);
	if (l.end == l.next || text[l.end] == '\n') return "\n";
	return l.next - l.end == 2 ? "\r\n" : "\r";
}

/* The white space in front of the lines that continue a value. */
static const char *indentation(struct arena *m, const char *text, const struct ini_entry *old)
{
	struct line l = { .next = old->start };

	next_ini_line(text, old->end, &l);
	while (next_ini_line(text, old->end, &l))
		if (l.from < l.end) return arena_strndup(m, text + l.start, l.from - l.start);
	l = (struct line){ .next = old->start };
	next_ini_line(text, old->end, &l);
	return arena_printf(m, "%.*s    ", (int)(l.from - l.start), text + l.start);
}

static void add_lines(struct str *out, const char *value, const char *indent, const char *eol)
{
	for (; *value; value++) {
		if (*value != '\n') {
			str_addc(out, *value);
			continue;
		}
		str_add(out, eol);
		if (value[1] && value[1] != '\n') str_add(out, indent);
	}
}

/* Where the section without a name ends: at the first header. A line that is inserted there
 * gets the header's indentation, because a deeper header would continue that line. */
static size_t top_end(const char *text, size_t len, size_t *indent)
{
	AUTOFREE struct arena m = { 0 };
	struct ini ini = { .faults = { .m = &m } };
	struct reader r = { .m = &m, .text = text, .len = len, .ini = &ini, .section = top };

	while (r.section == top && next_ini_line(text, len, &r.at))
		read_ini_line(&r);
	*indent = r.section == top ? 0 : r.at.from - r.at.start;
	return r.section == top ? len : r.at.start;
}

static bool same_value(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

/* Whether `new` has the entries of `old`, except that the value of `key` is `value`. */
static bool differs_in_key_only(const struct ini *old, const struct ini *new, const char *key,
                        const char *value)
{
	const struct ini_entry *was = find_entry(old, top, key),
		*is = find_entry(new, top, key);
	size_t i = 0, k = 0;

	if (new->faults.n || !is != !value || (is && !same_value(is->value, value)))
		return false;
	for (;; i++, k++) {
		i += was && i < old->n && &old->v[i] == was;
		k += is && k < new->n && &new->v[k] == is;
		if (i == old->n || k == new->n) return i == old->n && k == new->n;
		if (!str_eq(old->v[i].section, new->v[k].section)) return false;
		if (!str_eq(old->v[i].key, new->v[k].key)) return false;
		if (!same_value(old->v[i].value, new->v[k].value)) return false;
	}
}

static char *check_result(struct arena *m, const struct ini *old, struct str *out,
                          const char *key,
                    const char *value, struct err *e)
{
	struct ini new;

	str_add(out, "");
	ini_parse(m, str_text(out), out->len, &new);
	if (differs_in_key_only(old, &new, key, value)) return out->s;
	if (value)
		fail(e, ERR_INPUT,
		     "the value for '%s' cannot be stored unchanged: none of its lines may "
		     "begin or end with a blank, and the last one may not be empty", key);
	else
		fail(e, ERR_INPUT, "'%s' cannot be removed from this file", key);
	return NULL;
}

static void change_value(struct str *out, const char *text, size_t len,
                         const struct ini_entry *old,
                   const char *value)
{
	str_addn(out, text, old->value_at);
	if (!old->value) str_addc(out, '=');
	add_lines(out, value, indentation(out->m, text, old), line_end(text, len, old->start));
	str_addn(out, text + old->end, len - old->end);
}

static void append_key(struct str *out, const char *text, size_t len, const char *key,
                       const char *value)
{
	size_t width, at = top_end(text, len, &width);
	const char *indent = arena_strndup(out->m, text + at, width);
	const char *eol = line_end(text, len, at);

	str_addn(out, text, at);
	if (at && text[at - 1] != '\n' && text[at - 1] != '\r') str_add(out, eol);
	str_addf(out, "%s%s=", indent, key);
	add_lines(out, value, arena_printf(out->m, "%s    ", indent), eol);
	str_add(out, eol);
	str_addn(out, text + at, len - at);
}

char *ini_set(struct arena *m, const char *text, size_t len, const char *key,
              const char *value, struct err *e)
{
	struct str out = { .m = m };
	const struct ini_entry *old;
	struct ini ini;

	ini_parse(m, text, len, &ini);
	if (faults_fail(&ini.faults, e) < 0) return NULL;
	old = find_entry(&ini, top, key);
	if (old && old->value && str_eq(old->value, value)) return arena_strndup(m, text, len);
	if (old)
		change_value(&out, text, len, old, value);
	else
		append_key(&out, text, len, key, value);
	return check_result(m, &ini, &out, key, value, e);
}

char *ini_unset(struct arena *m, const char *text, size_t len, const char *key,
                struct err *e)
{
	struct str out = { .m = m };
	const struct ini_entry *old;
	struct line l = { 0 };
	struct ini ini;

	ini_parse(m, text, len, &ini);
	if (faults_fail(&ini.faults, e) < 0) return NULL;
	if (!(old = find_entry(&ini, top, key))) return arena_strndup(m, text, len);
	l.next = old->start;
	while (next_ini_line(text, len, &l) && l.end < old->end)
		;
	str_addn(&out, text, old->start);
	str_addn(&out, text + l.next, len - l.next);
	return check_result(m, &ini, &out, key, NULL, e);
}
