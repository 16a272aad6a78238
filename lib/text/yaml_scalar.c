#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/text/yaml_impl.h"

static const char *fault(struct reader *r, const char *why)
{
	yaml_fail(r, why);
	return NULL;
}

static void trim_right(struct str *s)
{
	while (s->len && (s->s[s->len - 1] == ' ' || s->s[s->len - 1] == '\t'))
		s->s[--s->len] = 0;
}

/* A line end inside a scalar is a blank, and each empty line behind it a line end. */
static void fold(struct reader *r, struct str *s)
{
	size_t empty = 0;

	trim_right(s);
	yaml_next_line(r);
	for (;;) {
		const char *p = r->p + strspn(r->p, " \t");

		if (*p != '\n' && *p != '\r') {
			r->p = p;
			break;
		}
		r->p = p;
		yaml_next_line(r);
		empty++;
	}
	if (!empty) str_addc(s, ' ');
	while (empty--)
		str_addc(s, '\n');
}

/* -- quoted -- */

static void add_utf8(struct str *s, uint32_t c)
{
	if (c < 0x80) {
		str_addc(s, (char)c);
	} else if (c < 0x800) {
		str_addc(s, (char)(0xc0 | c >> 6));
	} else if (c < 0x10000) {
		str_addc(s, (char)(0xe0 | c >> 12));
		str_addc(s, (char)(0x80 | (c >> 6 & 0x3f)));
	} else {
		str_addc(s, (char)(0xf0 | c >> 18));
		str_addc(s, (char)(0x80 | (c >> 12 & 0x3f)));
		str_addc(s, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	if (c >= 0x80) str_addc(s, (char)(0x80 | (c & 0x3f)));
}

static int add_number(struct reader *r, struct str *s, int digits)
{
	uint32_t c = 0;

	for (; digits; digits--, r->p++) {
		int v = hex_value(*r->p);

		if (v < 0) return yaml_fail(r, "a wrong escape");
		c = c << 4 | (uint32_t)v;
	}
	if (!c || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return yaml_fail(r, "a wrong escape");
	add_utf8(s, c);
	return 0;
}

/* Behind the backslash. */
static int add_escape(struct reader *r, struct str *s)
{
	static const char names[] = "abtnvfre \"/\\", values[] = "\a\b\t\n\v\f\r\x1b \"/\\";
	const char *hit;

	if (*r->p == '\n' || *r->p == '\r') {
		yaml_next_line(r);
		r->p += strspn(r->p, " \t");
		return 0;
	}
	if (*r->p && (hit = strchr(names, *r->p))) {
		r->p++;
		str_addc(s, values[hit - names]);
		return 0;
	}
	switch (*r->p++) {
	case 'x': return add_number(r, s, 2);
	case 'u': return add_number(r, s, 4);
	case 'U': return add_number(r, s, 8);
	}
	r->p--;
	return yaml_fail(r, "a wrong escape");
}

const char *scalar_quoted(struct reader *r)
{
	struct str s = { .m = r->m };
	char quote = *r->p++;

	while (r->p < r->end) {
		char c = *r->p;

		if (c == '\n' || c == '\r') {
			fold(r, &s);
		} else if (c == quote && quote == '\'' && r->p[1] == quote) {
			str_addc(&s, c);
			r->p += 2;
		} else if (c == quote) {
			r->p++;
			return arena_strndup(r->m, str_text(&s), s.len);
		} else if (c == '\\' && quote == '"') {
			r->p++;
			if (add_escape(r, &s) < 0) return NULL;
		} else {
			str_addc(&s, c);
			r->p++;
		}
	}
	return fault(r, "a quote without an end");
}

/* -- plain -- */

static bool may_begin(const struct reader *r)
{
	if (strchr(",[]{}#&*!|>'\"%@`", *r->p)) return false;
	return !strchr("-?:", *r->p) || !is_gap(r->p + 1);
}

static bool ends_flow(const char *p)
{
	return strchr(",[]{}", *p) != NULL;
}

/* Up to the end of the line, of the flow item, or to a comment. */
static int add_line(struct reader *r, bool flow, struct str *s)
{
	while (*r->p && *r->p != '\n' && *r->p != '\r') {
		if (flow && ends_flow(r->p)) break;
		if (*r->p == '#' && (r->p[-1] == ' ' || r->p[-1] == '\t')) break;
		if (*r->p == ':' && (is_gap(r->p + 1) || (flow && ends_flow(r->p + 1)))) {
			if (flow) break;
			return yaml_fail(r, "a colon where none can be");
		}
		str_addc(s, *r->p++);
	}
	trim_right(s);
	return 0;
}

/* Whether the next line goes on with the scalar. */
static bool goes_on(const struct reader *r, long parent)
{
	const char *p = r->p, *line;

	do {
		p += *p == '\r' && p[1] == '\n' ? 2 : 1;
		line = p;
		p += strspn(p, " \t");
	} while (*p == '\n' || *p == '\r');
	if (line == p && (str_starts(p, "---") || str_starts(p, "..."))) return false;
	return *p && *p != '#' && p - line > parent;
}

const char *scalar_plain(struct reader *r, bool flow, long parent)
{
	struct str s = { .m = r->m };

	if (!may_begin(r)) return fault(r, YAML_NOT_READ);
	for (;;) {
		if (add_line(r, flow, &s) < 0) return NULL;
		if (flow || (*r->p != '\n' && *r->p != '\r') || !goes_on(r, parent)) break;
		fold(r, &s);
	}
	return arena_strndup(r->m, str_text(&s), s.len);
}

/* -- block -- */

struct block {
	bool folded, strip, keep;
	long indent;		/* 0: that of the first line */
};

static int block_header(struct reader *r, long parent, struct block *b)
{
	b->folded = *r->p++ == '>';
	for (; !is_gap(r->p); r->p++) {
		if (*r->p == '-') b->strip = true;
		else if (*r->p == '+') b->keep = true;
		else if (*r->p >= '1' && *r->p <= '9' && !b->indent)
			b->indent = (parent < 0 ? 0 : parent) + (*r->p - '0');
		else return yaml_fail(r, "a wrong block scalar");
	}
	r->p += strspn(r->p, " \t");
	if (*r->p == '#') r->p += strcspn(r->p, "\r\n");
	if (r->p < r->end && *r->p != '\n' && *r->p != '\r')
		return yaml_fail(r, "a wrong block scalar");
	return 0;
}

/* A line of a folded scalar joins the one before it, unless one of them is indented. */
static void join(struct str *s, bool folded, size_t empty, bool indented)
{
	size_t n = empty;

	if (!s->len) {
		while (n--) str_addc(s, '\n');
		return;
	}
	if (!folded || indented) n++;
	else if (!empty) str_addc(s, ' ');
	while (n--)
		str_addc(s, '\n');
}

static void end_block(struct str *s, const struct block *b, size_t empty)
{
	if (b->strip || (!s->len && !b->keep)) return;
	if (s->len) str_addc(s, '\n');
	while (b->keep && empty--)
		str_addc(s, '\n');
}

const char *scalar_block(struct reader *r, long parent)
{
	struct str s = { .m = r->m };
	struct block b = { 0 };
	bool indented = false;
	size_t empty = 0;

	if (block_header(r, parent, &b) < 0) return NULL;
	while (r->p < r->end) {
		const char *line = r->p + (*r->p == '\r' && r->p[1] == '\n' ? 2 : 1);
		long blanks = (long)strspn(line, " ");
		size_t n = strcspn(line, "\r\n");

		if ((size_t)blanks < n && !b.indent) b.indent = blanks > parent ? blanks : 0;
		if ((size_t)blanks < n && (!b.indent || blanks < b.indent)) break;
		if (line == r->end) break;
		yaml_next_line(r);
		r->p = line + n;
		if ((size_t)blanks >= n && (!b.indent || (long)n <= b.indent)) {
			empty++;
			continue;
		}
		indented |= line[b.indent] == ' ' || line[b.indent] == '\t';
		join(&s, b.folded, empty, indented);
		indented = line[b.indent] == ' ' || line[b.indent] == '\t';
		empty = 0;
		str_addn(&s, line + b.indent, n - (size_t)b.indent);
	}
	end_block(&s, &b, empty);
	return arena_strndup(r->m, str_text(&s), s.len);
}
