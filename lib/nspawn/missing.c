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
	const char *hook;		/* it may create what it names */
	struct faults *found;
};

/* Only absolute paths are checked. The others are "+/in/the/jail", "", a path in the jail's
 * directory, or a word that nspawn itself refuses. */
static void need_path(const struct search *s, const char *path)
{
	if (*path == '/' && access(path, F_OK) < 0 && !strstr(s->hook, path))
		fault_add(s->found, s->o->line, "%s=%s: there is no %s",
		          s->o->shown, s->o->value, path);
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

		value += n;
		if (strstr(s->hook, name)) continue;
		if (!has_interface(name, real))
			fault_add(s->found, s->o->line, "%s=%s: there is no interface %s",
			          s->o->shown, name, name);
		else if (bridge && strlen(name) < IF_NAMESIZE && !is_bridge(s, real))
			fault_add(s->found, s->o->line, "%s=%s: %s is not a bridge",
			          s->o->shown, name, name);
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

void nspawn_missing(const struct nspawn_options *o, const char *hook, struct faults *found)
{
	for (size_t i = 0; i < o->n; i++)
		check_need(&(struct search){ &o->v[i], hook ? hook : "", found });
}
