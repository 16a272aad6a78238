/* What the two files of the YAML reader share */
#ifndef TEXT_YAML_IMPL_H
#define TEXT_YAML_IMPL_H

#include "lib/text/yaml.h"

struct reader {
	struct arena *m;
	const char *p, *end;		/* the rest of the text, which a NUL follows */
	const char *line;		/* where its line begins */
	unsigned number;		/* of the line */
	size_t values;
	int depth;
	struct err *e;
};

#define YAML_NOT_READ "anchors, aliases, tags and directives are not read"

/* ERR_INPUT with the line. */
int yaml_fail(struct reader *r, const char *why);

/* Go behind a line end that `p` is at. */
void yaml_next_line(struct reader *r);

static inline long yaml_column(const struct reader *r)
{
	return r->p - r->line;
}

/* Whether `p` ends a word: at a blank, a line end, or the end of the text. */
static inline bool is_gap(const char *p)
{
	return !*p || *p == ' ' || *p == '\t' || *p == '\n' || *p == '\r';
}

/* -- scalars: yaml_scalar.c; NULL: a fault -- */

/* From the quote that `p` is at to behind the other one. */
const char *scalar_quoted(struct reader *r);

/* A plain scalar. In flow style it ends at brackets and commas; in block style it goes on in
 * lines that are indented by more than `parent`. */
const char *scalar_plain(struct reader *r, bool flow, long parent);

/* A block scalar from its '|' or '>'; its lines are indented by more than `parent`. */
const char *scalar_block(struct reader *r, long parent);

#endif
