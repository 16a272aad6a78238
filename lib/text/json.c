#include "lib/text/json.h"

#include <string.h>

#include <cJSON.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

/* struct json is cJSON's node under a name of ours. */
static const cJSON *node(const struct json *v)
{
	return (const cJSON *)(const void *)v;
}

static const struct json *value(const cJSON *n)
{
	return (const struct json *)(const void *)n;
}

/* cJSON allocates memory for every value, without a limit. This pass knows only brackets,
 * commas and strings, and limits them. Text that is not JSON may pass it. */
static int measure(const char *text, size_t n, size_t most, struct err *e)
{
	size_t i, depth = 0, values = 1;
	bool quoted = false;

	for (i = 0; i < n; i++) {
		char c = text[i];

		if (quoted) {
			if (c == '\\') i++;
			else if (c == '"') quoted = false;
			continue;
		}
		if (c == '"') quoted = true;
		if (c == '[' || c == '{') depth++;
		if ((c == ']' || c == '}') && depth) depth--;
		if (c == ',' || c == '[' || c == '{') values++;
		if (depth > JSON_DEPTH_MAX)
			return fail(e, ERR_INPUT, "JSON of more than %d levels",
			            JSON_DEPTH_MAX);
		if (values > most)
			return fail(e, ERR_INPUT, "JSON of more than %zu values", most);
	}
	return 0;
}

static bool is_json_blank(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) && *p)
		p++;
	return p == end;
}

struct json *json_open_within(const char *text, size_t n, size_t values, struct err *e)
{
	const char *end = text;
	cJSON *root;

	if (measure(text, n, values, e) < 0) return NULL;
	root = cJSON_ParseWithLengthOpts(text, n, &end, 0);
	if (root && is_json_blank(end, text + n)) return (struct json *)(void *)root;
	cJSON_Delete(root);
	fail(e, ERR_INPUT, "not JSON from byte %zu on", (size_t)(end - text));
	return NULL;
}

struct json *json_open(const char *text, size_t n, struct err *e)
{
	return json_open_within(text, n, JSON_VALUES_MAX, e);
}

void json_close(struct json *root)
{
	cJSON_Delete((cJSON *)(void *)root);
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!json_is_object(object)) return NULL;
	return value(cJSON_GetObjectItemCaseSensitive(node(object), key));
}

const struct json *json_first(const struct json *list)
{
	if (!cJSON_IsObject(node(list)) && !cJSON_IsArray(node(list))) return NULL;
	return value(node(list)->child);
}

const struct json *json_next(const struct json *v)
{
	return v ? value(node(v)->next) : NULL;
}

bool json_is_object(const struct json *v)
{
	return cJSON_IsObject(node(v));
}

const char *json_key(const struct json *v)
{
	return v && node(v)->string ? node(v)->string : "";
}

const char *json_text(const struct json *v)
{
	return cJSON_GetStringValue(node(v));
}

bool json_uint(const struct json *v, uint64_t *out)
{
	const double max = 9007199254740992.0;		/* 2^53: above, doubles have gaps */
	double d;

	if (!cJSON_IsNumber(node(v))) return false;
	d = node(v)->valuedouble;
	if (!(d >= 0 && d <= max) || d != (double)(uint64_t)d) return false;
	*out = (uint64_t)d;
	return true;
}

static void add_key(struct json_out *o, const char *key)
{
	if (o->comma) str_addc(o->to, ',');
	o->comma = true;
	if (!key) return;
	str_add_json(o->to, key);
	str_addc(o->to, ':');
}

static void open_with(struct json_out *o, const char *key, char bracket)
{
	add_key(o, key);
	str_addc(o->to, bracket);
	o->comma = false;
}

void json_object(struct json_out *o, const char *key)
{
	open_with(o, key, '{');
}

void json_array(struct json_out *o, const char *key)
{
	open_with(o, key, '[');
}

void json_end(struct json_out *o, char bracket)
{
	str_addc(o->to, bracket);
	o->comma = true;
}

void json_add_text(struct json_out *o, const char *key, const char *text)
{
	add_key(o, key);
	if (text) str_add_json(o->to, text);
	else str_add(o->to, "null");
}

void json_add_int(struct json_out *o, const char *key, int64_t v)
{
	add_key(o, key);
	str_addf(o->to, "%lld", (long long)v);
}

void json_add_null(struct json_out *o, const char *key)
{
	add_key(o, key);
	str_add(o->to, "null");
}

void json_add_known(struct json_out *o, const char *key, int64_t v)
{
	if (v < 0) json_add_null(o, key);
	else json_add_int(o, key, v);
}

void json_add_bool(struct json_out *o, const char *key, bool v)
{
	add_key(o, key);
	str_add(o->to, v ? "true" : "false");
}

void json_add_raw(struct json_out *o, const char *key, const char *json)
{
	add_key(o, key);
	str_add(o->to, json);
}
