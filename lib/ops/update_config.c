#include "lib/ops/update_config.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/jail/conf.h"
#include "lib/ops/application.h"
#include "lib/text/oci.h"
#include "lib/text/split.h"

/* -- variables -- */

/* The variable of that assignment's name in a list, or NULL. */
static const char *find_variable(char *const *list, const char *assignment)
{
	size_t n = strcspn(assignment, "=");

	for (; *list; list++)
		if (!strncmp(*list, assignment, n) && strcspn(*list, "=") == n) return *list;
	return NULL;
}

static void put_variable(struct str *out, const char *assignment)
{
	if (out->len) str_addc(out, '\n');
	word_quote(out, assignment);
}

/* What the old image said gives way, what the user said stays, what is new is added. */
static const char *merge_variables(struct arena *m, char *const *now, char *const *old,
                                   char *const *new)
{
	struct str out = { .m = m };
	const char *was, *is;

	for (char *const *v = now; *v; v++) {
		was = find_variable(old, *v);
		is = find_variable(new, *v);
		if (!was || !str_eq(was, *v)) put_variable(&out, *v);
		else if (is) put_variable(&out, is);
	}
	for (char *const *v = new; *v; v++)
		if (!find_variable(now, *v) && !find_variable(old, *v)) put_variable(&out, *v);
	return str_text(&out);
}

/* -- keys -- */

struct configs {
	struct conf now, old, new;
	bool knows_old;
};

/* What the image says, as it is read from a config. */
static int read_image(struct arena *m, const struct oci_image *image, struct conf *c,
                      struct err *e)
{
	const char *text = application_config(m, image, true, NULL, "", e);

	return text ? conf_parse(m, text, c, e) : -1;
}

static const char *set_key(struct arena *m, const char *text, const struct configs *c,
                           const char *key, struct err *e)
{
	const char *now = conf_value(&c->now, key, NULL), *new = conf_value(&c->new, key, NULL);
	const char *old = c->knows_old ? conf_value(&c->old, key, NULL) : NULL;

	if (str_eq(now, new) || (old && str_eq(old, new))) return text;
	if (old && str_eq(now, old)) return conf_set(m, text, key, new, e);
	out_note("%s stays as it is; the new image says '%s'", key, new);
	return text;
}

static const char *set_environment(struct arena *m, const char *text, const struct configs *c,
                                   struct err *e)
{
	struct split now, old, new;
	const char *merged;

	if (conf_words(m, &c->now.init_env, &now, e) < 0 ||
	    conf_words(m, &c->old.init_env, &old, e) < 0 ||
	    conf_words(m, &c->new.init_env, &new, e) < 0)
		return NULL;
	merged = merge_variables(m, now.v, old.v, new.v);
	return str_eq(merged, c->now.init_env.text) ? text :
	       conf_set(m, text, "init_env", merged, e);
}

/* Those of the user's stay. */
static const char *set_volumes(struct arena *m, const char *text, const struct configs *c,
                               struct err *e)
{
	struct str all = { .m = m };
	struct split now, new;
	size_t added = 0;

	if (conf_words(m, &c->now.image_volumes, &now, e) < 0 ||
	    conf_words(m, &c->new.image_volumes, &new, e) < 0)
		return NULL;
	for (size_t i = 0; i < now.n; i++)
		put_variable(&all, now.v[i]);
	for (size_t i = 0; i < new.n; i++)
		if (!words_have(now.v, new.v[i])) {
			put_variable(&all, new.v[i]);
			added++;
		}
	return added ? conf_set(m, text, "image_volumes", str_text(&all), e) : text;
}

static const char *set_command(struct arena *m, const char *text, const struct configs *c,
                               struct err *e)
{
	static const char *const keys[] = {
		"init_command", "init_user", "init_directory", "stop_signal",
	};

	for (size_t i = 0; text && i < sizeof keys / sizeof *keys; i++)
		text = set_key(m, text, c, keys[i], e);
	return text ? set_environment(m, text, c, e) : NULL;
}

const char *update_config(struct arena *m, const char *text, const struct oci_image *old,
                          const struct oci_image *new, struct err *e)
{
	struct configs c = { .knows_old = old };

	if (conf_parse(m, text, &c.now, e) < 0 || read_image(m, new, &c.new, e) < 0 ||
	    (old ? read_image(m, old, &c.old, e) : conf_parse(m, "", &c.old, e)) < 0)
		return NULL;
	if (*c.now.init_command.text && !(text = set_command(m, text, &c, e))) return NULL;
	if (!(text = set_volumes(m, text, &c, e))) return NULL;
	return conf_set(m, text, "image_digest", new->digest, e);
}

static int read_first(struct arena *m, bool first, struct conf *c, struct err *e)
{
	return conf_parse(m, first ? "init_pid1=1\n" : "", c, e);
}

const char *update_first(struct arena *m, const char *text, bool old, bool new, struct err *e)
{
	struct configs c = { .knows_old = true };

	if (conf_parse(m, text, &c.now, e) < 0 || read_first(m, old, &c.old, e) < 0 ||
	    read_first(m, new, &c.new, e) < 0)
		return NULL;
	return set_key(m, text, &c, "init_pid1", e);
}
