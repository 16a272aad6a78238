#include "lib/image/metadata.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/image/impl.h"
#include "lib/image/pick.h"
#include "lib/text/yaml.h"

enum { TEMPLATES_MAX = 64, FIRST_DATE = 1000000000 };

/* Returns false also for what does not fit. */
static bool read_number(const char *text, unsigned long long max, int base, uint64_t *out)
{
	char *end;

	if (!text || !isdigit((unsigned char)*text)) return false;
	errno = 0;
	*out = strtoull(text, &end, base);
	return !errno && !*end && *out <= max;
}

static bool lists_word(const struct yaml *list, const char *word)
{
	const struct yaml *v = list && !list->is_map ? list->first : NULL;

	for (; v; v = v->next)
		if (v->text && str_eq(v->text, word)) return true;
	return false;
}

/* Whether the path is absolute, and no part of it goes up. */
static bool is_target(const char *s)
{
	size_t n = strlen(s), part;

	if (*s != '/' || n >= PATH_MAX / 2 || s[n - 1] == '/') return false;
	for (; *s; s += part) {
		s++;
		part = strcspn(s, "/");
		if (part <= 2 && strspn(s, ".") >= part) return false;
	}
	return true;
}

static bool is_file_name(const char *s)
{
	return *s && *s != '.' && !strchr(s, '/') && strlen(s) <= NAME_MAX;
}

static int read_owner(const struct yaml *v, const char *key, uint32_t *out, struct err *e)
{
	const char *text = yaml_get_text(v, key);
	uint64_t id = 0;

	if (text && *text && !read_number(text, UINT32_MAX - 1, 10, &id))
		return fail(e, ERR_INPUT, "template %s: %s is '%s'", v->key, key, text);
	*out = (uint32_t)id;
	return 0;
}

static int parse_template(struct arena *m, const struct yaml *v, struct image_template *t,
                         struct err *e)
{
	const char *file = yaml_get_text(v, "template"), *only, *mode;
	uint64_t bits = 0644;

	if (!is_target(v->key))
		return fail(e, ERR_UNTRUSTED, "template '%s': not a path in the image", v->key);
	if (!file || !is_file_name(file))
		return fail(e, ERR_UNTRUSTED, "template %s: '%s' is not the name of a file",
		            v->key, file ? file : "");
	if (read_owner(v, "uid", &t->uid, e) < 0 || read_owner(v, "gid", &t->gid, e) < 0)
		return -1;
	mode = yaml_get_text(v, "mode");
	if (mode && *mode && !read_number(mode, 07777, 8, &bits))
		return fail(e, ERR_INPUT, "template %s: mode is '%s'", v->key, mode);
	only = yaml_get_text(v, "create_only");
	t->target = arena_strdup(m, v->key);
	t->file = arena_strdup(m, file);
	t->when_created = lists_word(yaml_get(v, "when"), "create");
	t->create_only = only && str_eq(only, "true");
	t->mode = (mode_t)bits;
	return 0;
}

static int parse_templates(struct arena *m, const struct yaml *list, struct image_metadata *out,
                          struct err *e)
{
	const struct yaml *v = list && list->is_map ? list->first : NULL;

	out->templates = arena_array(m, TEMPLATES_MAX, sizeof *out->templates);
	for (; v; v = v->next) {
		if (out->templates_n == TEMPLATES_MAX)
			return fail(e, ERR_INPUT, "it has more than %d templates",
			            TEMPLATES_MAX);
		if (parse_template(m, v, &out->templates[out->templates_n++], e) < 0) return -1;
	}
	return 0;
}

/* A word that could stand in a list of images. */
static const char *read_name(struct arena *m, const struct yaml *properties, const char *key)
{
	const char *text = yaml_get_text(properties, key);

	return text && image_is_name(text, strlen(text)) ? arena_strdup(m, text) : NULL;
}

static const char *lower(struct arena *m, const char *text)
{
	char *s = text ? arena_strdup(m, text) : NULL;

	for (char *c = s; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return s;
}

static int read_all_of_it(struct arena *m, const struct yaml *root, struct image_metadata *out,
                          struct err *e)
{
	const struct yaml *properties = yaml_get(root, "properties");
	const char *arch = yaml_get_text(root, "architecture");

	if (!arch || !image_is_name(arch, strlen(arch)))
		return fail(e, ERR_INPUT, "it names no architecture");
	out->arch = arena_strdup(m, image_arch_of(arch));
	out->distro = lower(m, read_name(m, properties, "os"));
	out->release = read_name(m, properties, "release");
	out->variant = read_name(m, properties, "variant");
	/* NixOS says 1. */
	if (!read_number(yaml_get_text(root, "creation_date"), INT64_MAX, 10, &out->created) ||
	    out->created < FIRST_DATE)
		out->created = 0;
	return parse_templates(m, yaml_get(root, "templates"), out, e);
}

int image_metadata_parse(struct arena *m, const char *text, size_t n,
                         struct image_metadata *out, struct err *e)
{
	struct arena scratch = { 0 };
	struct yaml *root = yaml_parse(&scratch, text, n, e);
	int rc;

	*out = (struct image_metadata){ 0 };
	rc = root ? read_all_of_it(m, root, out, e) : -1;
	arena_free(&scratch);
	return rc < 0 ? fail_in(e, "metadata.yaml") : 0;
}
