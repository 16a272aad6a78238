#include "lib/text/yaml.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/text/yaml_impl.h"

int yaml_fail(struct reader *r, const char *why)
{
	return fail(r->e, ERR_INPUT, "line %u: %s", r->number, why);
}

void yaml_next_line(struct reader *r)
{
	r->p += *r->p == '\r' && r->p[1] == '\n' ? 2 : 1;
	r->line = r->p;
	r->number++;
}

/* Skip blanks, comments and empty lines. False: the text is over. */
static bool skip_gaps(struct reader *r)
{
	while (r->p < r->end) {
		if (*r->p == ' ' || (*r->p == '\t' && r->p > r->line)) {
			r->p++;
		} else if (*r->p == '\n' || *r->p == '\r') {
			yaml_next_line(r);
		} else if (*r->p == '#' && (r->p == r->line || is_gap(r->p - 1))) {
			r->p += strcspn(r->p, "\r\n");
		} else {
			return true;
		}
	}
	return false;
}

static struct yaml *new_value(struct reader *r)
{
	if (++r->values > YAML_VALUES_MAX) {
		yaml_fail(r, "more values than any image has");
		return NULL;
	}
	return arena_alloc(r->m, sizeof(struct yaml));
}

static int enter(struct reader *r)
{
	return ++r->depth > YAML_DEPTH_MAX ? yaml_fail(r, "nested too deeply") : 0;
}

static bool has_key(const struct yaml *map, const char *key)
{
	return yaml_get(map, key) != NULL;
}

/* -- flow style -- */

static int read_flow(struct reader *r, struct yaml *v);

static int set_text(struct yaml *v, const char *text)
{
	v->text = text;
	return text ? 0 : -1;
}

static int flow_value(struct reader *r, struct yaml *v)
{
	if (*r->p == '[' || *r->p == '{') return read_flow(r, v);
	if (*r->p == '"' || *r->p == '\'') return set_text(v, scalar_quoted(r));
	return set_text(v, scalar_plain(r, true, 0));
}

static int flow_key(struct reader *r, struct yaml *v, const struct yaml *map)
{
	bool quoted = *r->p == '"' || *r->p == '\'';

	v->key = quoted ? scalar_quoted(r) : scalar_plain(r, true, 0);
	if (!v->key) return -1;
	if (has_key(map, v->key)) return yaml_fail(r, "a key that is given twice");
	if (!skip_gaps(r) || *r->p != ':') return yaml_fail(r, "a key without a value");
	r->p++;
	return skip_gaps(r) ? 0 : yaml_fail(r, "a bracket without an end");
}

static int flow_item(struct reader *r, struct yaml *list, struct yaml ***tail)
{
	struct yaml *v = new_value(r);

	if (!v || (list->is_map && flow_key(r, v, list) < 0)) return -1;
	if (list->is_map && strchr(",}", *r->p)) v->text = "";
	else if (flow_value(r, v) < 0) return -1;
	**tail = v;
	*tail = &v->next;
	return 0;
}

static int read_flow(struct reader *r, struct yaml *list)
{
	struct yaml **tail = &list->first;
	char close = *r->p == '{' ? '}' : ']';

	list->is_map = close == '}';
	r->p++;
	if (enter(r) < 0) return -1;
	for (;;) {
		if (!skip_gaps(r)) return yaml_fail(r, "a bracket without an end");
		if (*r->p == close) break;
		if (flow_item(r, list, &tail) < 0) return -1;
		if (!skip_gaps(r)) return yaml_fail(r, "a bracket without an end");
		if (*r->p == ',') r->p++;
		else if (*r->p != close) return yaml_fail(r, "a comma or bracket is missing");
	}
	r->p++;
	r->depth--;
	return 0;
}

/* -- block style -- */

static bool is_dash(const struct reader *r)
{
	return *r->p == '-' && is_gap(r->p + 1);
}

static bool is_document_end(const struct reader *r)
{
	return r->p == r->line && (str_starts(r->p, "---") || str_starts(r->p, "...")) &&
	       is_gap(r->p + 3);
}

static bool is_quoted_key(const char *p)
{
	char quote = *p++;

	for (; *p && *p != '\n' && *p != '\r'; p++) {
		if (*p == '\\' && quote == '"' && p[1]) p++;
		else if (*p == quote && quote == '\'' && p[1] == quote) p++;
		else if (*p == quote) break;
	}
	if (*p != quote) return false;
	p += 1 + strspn(p + 1, " ");
	return *p == ':' && is_gap(p + 1);
}

/* Whether the line goes on with a key and its colon. */
static bool is_key(const struct reader *r)
{
	const char *p = r->p;

	if (*p == '"' || *p == '\'') return is_quoted_key(p);
	if (*p == '[' || *p == '{') return false;
	for (; *p && *p != '\n' && *p != '\r'; p++) {
		if (*p == ':' && is_gap(p + 1)) return true;
		if (*p == '#' && p > r->p && is_gap(p - 1)) return false;
	}
	return false;
}

static int block_key(struct reader *r, struct yaml *v, const struct yaml *map)
{
	const char *from = r->p;
	size_t n;

	if (strchr("&*!|>%@`?#,[]{}", *from) && !(*from == '?' && !is_gap(from + 1)))
		return yaml_fail(r, YAML_NOT_READ);
	if (*from == '"' || *from == '\'') {
		if (!(v->key = scalar_quoted(r))) return -1;
		r->p += strspn(r->p, " ");
	} else {
		while (*r->p != ':' || !is_gap(r->p + 1))
			r->p++;
		for (n = (size_t)(r->p - from); n && from[n - 1] == ' '; n--)
			;
		v->key = arena_strndup(r->m, from, n);
	}
	r->p++;
	if (str_eq(v->key, "<<")) return yaml_fail(r, "merge keys are not read");
	return has_key(map, v->key) ? yaml_fail(r, "a key that is given twice") : 0;
}

static int read_block(struct reader *r, struct yaml *v, long parent);

/* The value behind a key or a dash at the column `parent`. A sequence may be indented like the
 * key that it belongs to. */
static int read_value(struct reader *r, struct yaml *v, long parent, bool of_key)
{
	const char *line = r->line;
	long at;

	v->text = "";
	if (!skip_gaps(r) || is_document_end(r)) return 0;
	at = yaml_column(r);
	if (r->line != line) {
		if (at <= parent && !(of_key && at == parent && is_dash(r))) return 0;
		return read_block(r, v, parent);
	}
	if (of_key && (is_dash(r) || is_key(r)))
		return yaml_fail(r, "a value that begins like a list or a key");
	return read_block(r, v, parent);
}

/* Behind a value there is a new line, at the column of the next key or dash, or further left.
 * Returns 1, 0 if the list ends, -1 on a fault. */
static int go_on(struct reader *r, long column)
{
	const char *line = r->line;
	bool fresh = r->p == r->line + strspn(r->line, " ");

	if (!skip_gaps(r) || is_document_end(r)) return 0;
	if (r->line == line && !fresh) return yaml_fail(r, "text behind a value");
	if (yaml_column(r) > column) return yaml_fail(r, "a line is indented too far");
	return yaml_column(r) == column;
}

/* Behind the key and its colon, or behind the dash. Returns 0 if there is none: a sequence that
 * is indented like its key ends at the next one. */
static int begin_item(struct reader *r, struct yaml *v, const struct yaml *list)
{
	if (!list->is_map) {
		if (!is_dash(r)) return 0;
		r->p++;
		return 1;
	}
	if (!is_key(r)) return yaml_fail(r, "a key is missing");
	return block_key(r, v, list) < 0 ? -1 : 1;
}

static int block_items(struct reader *r, struct yaml *list)
{
	struct yaml **tail = &list->first;
	long column = yaml_column(r);
	int rc;

	do {
		struct yaml *v = new_value(r);

		if (!v) return -1;
		if ((rc = begin_item(r, v, list)) <= 0) return rc;
		if (read_value(r, v, column, list->is_map) < 0) return -1;
		*tail = v;
		tail = &v->next;
	} while ((rc = go_on(r, column)) > 0);
	return rc;
}

static int read_block(struct reader *r, struct yaml *v, long parent)
{
	int rc;

	v->text = NULL;
	if (is_dash(r) || is_key(r)) {
		if (enter(r) < 0) return -1;
		v->is_map = !is_dash(r);
		rc = block_items(r, v);
		r->depth--;
		return rc;
	}
	if (*r->p == '|' || *r->p == '>') return set_text(v, scalar_block(r, parent));
	if (strchr("[{\"'", *r->p)) return flow_value(r, v);
	return set_text(v, scalar_plain(r, false, parent));
}

/* -- the whole text -- */

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

static int check_bytes(struct reader *r)
{
	const char *p;

	if (!utf8_valid(r->p, (size_t)(r->end - r->p)))
		return fail(r->e, ERR_INPUT, "it is not UTF-8");
	while (r->p < r->end) {
		p = r->p + strspn(r->p, " ");
		if (*p == '\t') return yaml_fail(r, "a tab in the indentation");
		for (; p < r->end && *p != '\n' && *p != '\r'; p++)
			if (is_control(*p)) return yaml_fail(r, "a control character");
		r->p = p;
		if (p < r->end) yaml_next_line(r);
	}
	return 0;
}

static int read_document(struct reader *r, struct yaml *v)
{
	v->text = "";
	if (!skip_gaps(r)) return 0;
	if (is_document_end(r) && *r->p == '-') {
		r->p += 3;
		if (!skip_gaps(r) || is_document_end(r)) return 0;
	}
	if (read_block(r, v, -1) < 0) return -1;
	if (!skip_gaps(r)) return 0;
	if (!is_document_end(r) || *r->p != '.') return yaml_fail(r, "text behind the end");
	r->p += 3;
	return skip_gaps(r) ? yaml_fail(r, "text behind the end") : 0;
}

struct yaml *yaml_parse(struct arena *m, const char *text, size_t n, struct err *e)
{
	struct reader r = { .m = m, .number = 1, .e = e };
	struct yaml *v;
	char *copy;

	if (n > YAML_TEXT_MAX) return fail(e, ERR_INPUT, "it is too long"), NULL;
	copy = arena_alloc(m, n + 1);
	if (n) memcpy(copy, text, n);
	r.p = r.line = copy;
	r.end = copy + n;
	if (check_bytes(&r) < 0 || !(v = new_value(&r))) return NULL;
	r.p = r.line = copy;
	r.number = 1;
	return read_document(&r, v) < 0 ? NULL : v;
}

const struct yaml *yaml_get(const struct yaml *v, const char *key)
{
	const struct yaml *child = v && v->is_map ? v->first : NULL;

	while (child && !str_eq(child->key, key))
		child = child->next;
	return child;
}

const char *yaml_get_text(const struct yaml *v, const char *key)
{
	v = yaml_get(v, key);
	return v ? v->text : NULL;
}
