/* Read the part of YAML that descriptions of images are written in
 *
 * Of YAML 1.2 (https://yaml.org/spec/1.2.2/): one document of mappings and sequences, in block
 * and flow style (so JSON too), with plain, quoted and block scalars and comments. Every scalar
 * is a text: 1, true and null are not told from the words.
 *
 * Refused, with the line: anchors, aliases and merge keys, which make a small text large; tags,
 * directives, several documents, keys that are not scalars, a key given twice, tabs that
 * indent, control characters, bytes that are not UTF-8. Also more than YAML_DEPTH_MAX levels,
 * YAML_VALUES_MAX values or YAML_TEXT_MAX bytes.
 */
#ifndef TEXT_YAML_H
#define TEXT_YAML_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;

enum { YAML_DEPTH_MAX = 16, YAML_VALUES_MAX = 4096, YAML_TEXT_MAX = 256 * 1024 };

struct yaml {
	const char *key;		/* in a mapping, else NULL */
	const char *text;		/* NULL: a mapping or a sequence */
	bool is_map;
	struct yaml *first, *next;	/* children, in the order of the text */
};

/* The tree lives in `m`. An empty text is an empty scalar. NULL with ERR_INPUT on a fault. */
struct yaml *yaml_parse(struct arena *m, const char *text, size_t n, struct err *e);

/* The value of a key. NULL: `v` is NULL or no mapping, or has no such key. */
const struct yaml *yaml_get(const struct yaml *v, const char *key);

/* The text of a key of a mapping; NULL if it has none, or a value of another kind. */
const char *yaml_get_text(const struct yaml *v, const char *key);

#endif
