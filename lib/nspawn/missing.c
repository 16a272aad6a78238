#include "lib/nspawn/missing.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/nspawn/impl.h"
#include "lib/nspawn/options.h"

/* The next part of a list separated by colons. A backslash makes the next character plain. */
static char *next_part(struct arena *m, const char **rest)
{
	struct str part = { .m = m };
	const char *p = *rest;

	for (; *p && *p != ':'; p++) {
		if (*p == '\\' && p[1]) p++;
		str_addc(&part, *p);
	}
	*rest = *p ? p + 1 : NULL;
	return arena_strdup(m, str_text(&part));
}

struct search {
	const struct nspawn_option *o;	/* the current option */
	struct faults *found;
};

/* Only absolute paths are checked. The others are "+/in/the/jail", "", a path in the jail's
 * directory, or a word that nspawn itself refuses. */
static void need_path(const struct search *s, const char *path)
{
	if (*path == '/' && access(path, F_OK) < 0)
		fault_add(s->found, &(struct fault){ .line = s->o->line, .kind = NSPAWN_MISSING,
		                                     .subject = path },
		          "%s=%s: there is no %s", s->o->shown, s->o->value, path);
}

/* A source with '+' is in the jail; for an empty one nspawn creates a directory. */
static void need_source(const struct search *s, const char *value)
{
	need_path(s, next_part(s->found->m, &value));
}

/* With two parts, the second is both the upper layer and the destination. */
static void need_layers(const struct search *s, const char *value, bool upper)
{
	struct words parts = { .m = s->found->m };
	const char *rest = value;

	while (rest)
		words_add(&parts, next_part(s->found->m, &rest));
	for (size_t i = 0; i + (upper && parts.n > 2 ? 2 : 1) < parts.n; i++)
		need_path(s, parts.v[i]);
}

/* Any name of an interface counts; /sys does not list alternative names. A name that is too
 * long for if_nametoindex(3) is left to nspawn. */
static bool has_interface(const char *name, char real[IF_NAMESIZE])
{
	snprintf(real, IF_NAMESIZE, "%s", name);
	return strlen(name) >= IF_NAMESIZE || if_indextoname(if_nametoindex(name), real);
}

static bool is_bridge(const struct search *s, const char *real)
{
	return access(arena_printf(s->found->m, "/sys/class/net/%s/bridge", real), F_OK) == 0;
}

/* The value is "eth0" or "eth0:NAME-IN-THE-JAIL"; there may be several, separated by blanks. */
static void need_interface(const struct search *s, const char *value, bool bridge)
{
	char real[IF_NAMESIZE];

	for (value += strspn(value, " "); *value; value += strspn(value, " ")) {
		size_t n = strcspn(value, " ");
		const char *name = arena_strndup(s->found->m, value, strcspn(value, ": "));
		struct fault what = { .line = s->o->line, .kind = NSPAWN_MISSING,
		                      .subject = name };

		value += n;
		if (!has_interface(name, real))
			fault_add(s->found, &what, "%s=%s: there is no interface %s",
			          s->o->shown, name, name);
		else if (bridge && strlen(name) < IF_NAMESIZE && !is_bridge(s, real))
			fault_add(s->found, &what, "%s=%s: %s is not a bridge", s->o->shown,
			          name, name);
	}
}

static void check_need(const struct search *s)
{
	const char *value = s->o->value;

	switch (s->o->row->need) {
	case NEEDS_NOTHING:
	case NEEDS_NO_OTHER: break;
	case NEEDS_SOURCE: need_source(s, value); break;
	case NEEDS_LAYERS: need_layers(s, value, true); break;
	case NEEDS_LOWER_LAYERS: need_layers(s, value, false); break;
	case NEEDS_BRIDGE: need_interface(s, value, true); break;
	case NEEDS_INTERFACE: need_interface(s, value, false); break;
	case NEEDS_PATH: need_path(s, value); break;
	}
}

void nspawn_missing(const struct nspawn_options *o, struct faults *found)
{
	for (size_t i = 0; i < o->n; i++)
		check_need(&(struct search){ &o->v[i], found });
}

/* -- how bind mounts are written -- */

static void refuse_bind(const struct search *s, const char *fix, const char *text)
{
	fault_add(s->found, &(struct fault){ .line = s->o->line, .kind = "bind mount",
	          .subject = s->o->value, .fix = fix }, "%s=%s: %s", s->o->shown, s->o->value,
	          text);
}

/* Docker's third part. nspawn has an option for what is read-only, and no other letters. */
static void check_bind_mode(const struct search *s, const char *mode)
{
	struct arena *m = s->found->m;
	const char *name = s->o->shown, *rest = mode;
	size_t kept = (size_t)(mode - s->o->value) - 1;

	while (rest) {
		const char *word = arena_strndup(m, rest, strcspn(rest, ","));
		bool ro = str_eq(word, "ro");

		if (ro || str_eq(word, "rw") || str_eq(word, "z") || str_eq(word, "Z")) {
			refuse_bind(s, arena_printf(m, "write %s=%.*s", ro ? "--bind-ro" : name,
			                            (int)kept, s->o->value),
			            arena_printf(m, "systemd-nspawn has no '%s' here", word));
			return;
		}
		rest = strchr(rest, ',') ? strchr(rest, ',') + 1 : NULL;
	}
}

/* What begins with '+' or '-' is not ours to judge; nothing means a new directory. */
static bool check_bind_source(const struct search *s, const char *source)
{
	struct arena *m = s->found->m;

	if (!*source || strchr("/+-", *source)) return true;
	if (*source == '~')
		refuse_bind(s, str_starts(source, "~/") ?
		            arena_printf(m, "write %s=/root%s", s->o->shown,
		            s->o->value + 1) : NULL, "'~' is not expanded here");
	else
		refuse_bind(s, "write the whole path, from / on",
		            arena_printf(m, "the source '%s' is not an absolute path", source));
	return false;
}

static void check_bind(const struct search *s)
{
	struct arena *m = s->found->m;
	const char *rest = s->o->value, *destination = "", *source = next_part(m, &rest);

	if (!check_bind_source(s, source)) return;
	if (rest) destination = next_part(m, &rest);
	if (str_eq(destination, "ro"))
		refuse_bind(s, arena_printf(m, "write --bind-ro=%s", source),
		            "systemd-nspawn has no 'ro' here");
	else if (*destination && *destination != '/')
		refuse_bind(s, "write the whole path in the jail, from / on",
		            arena_printf(m, "the destination '%s' is not an absolute path",
		                         destination));
	else if (rest)
		check_bind_mode(s, rest);
}

void nspawn_check_binds(const struct nspawn_options *o, struct faults *found)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].row->need == NEEDS_SOURCE)
			check_bind(&(struct search){ &o->v[i], found });
}
