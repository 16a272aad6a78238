/* Read and write JSON (RFC 8259)
 *
 * Reading gives a read-only tree, which lives until json_close. json_open refuses texts
 * with more than JSON_DEPTH_MAX levels or JSON_VALUES_MAX values before it builds the
 * tree, so that a hostile text cannot use more memory. The readers treat NULL and a value
 * of the wrong kind as absent, so a path into foreign data needs one check, at its end.
 *
 * Writing is a sticky builder on a struct str. Each byte that is not UTF-8 becomes U+FFFD,
 * and control characters become \u escapes (base/shown.h has the list).
 */
#ifndef TEXT_JSON_H
#define TEXT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct json;
struct str;

enum { JSON_DEPTH_MAX = 64, JSON_VALUES_MAX = 1000000 };

/* Close what json_open opened; AUTOJSON does so at the end of a block. */
struct json *json_open(const char *text, size_t n, struct err *e);
void json_close(struct json *root);		/* safe on NULL */

/* The same with a limit of fewer values. */
struct json *json_open_within(const char *text, size_t n, size_t values, struct err *e);

static inline void auto_json(struct json *const *root)
{
	json_close(*root);
}

#define AUTOJSON __attribute__((cleanup(auto_json)))

const struct json *json_get(const struct json *object, const char *key);
const struct json *json_first(const struct json *list);	/* of an object or array */
const struct json *json_next(const struct json *v);
bool json_is_object(const struct json *v);

const char *json_key(const struct json *v);		/* "" if it has none */
const char *json_text(const struct json *v);		/* NULL: not a string */
bool json_uint(const struct json *v, uint64_t *out);	/* whole, 0 to 2^53 */

/* Values with a key go into an object, those with a NULL key into an array or to the
 * top level. A zeroed struct with `to` set is at the begin. */
struct json_out {
	struct str *to;
	bool comma;		/* the next value needs a comma before it */
};

void json_object(struct json_out *o, const char *key);
void json_array(struct json_out *o, const char *key);
void json_end(struct json_out *o, char bracket);	/* '}' or ']' */
void json_add_text(struct json_out *o, const char *key, const char *text);	/* NULL: null */
void json_add_int(struct json_out *o, const char *key, int64_t v);
void json_add_known(struct json_out *o, const char *key, int64_t v);	/* below 0: null */
void json_add_null(struct json_out *o, const char *key);
void json_add_bool(struct json_out *o, const char *key, bool v);
void json_add_raw(struct json_out *o, const char *key, const char *json);	/* as it is */

#endif
