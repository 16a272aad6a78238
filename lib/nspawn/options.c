#include "lib/nspawn/options.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"

enum value { NO_VALUE, VALUE, MAYBE_VALUE };

/* What of the host an option needs. */
enum need {
	NEEDS_NOTHING,
	NEEDS_SOURCE,		/* [+]SOURCE[:DEST[:OPTIONS]] */
	NEEDS_LAYERS,		/* LOWER[:LOWER...][:UPPER]:DEST; the upper one is made */
	NEEDS_LOWER_LAYERS,	/* LOWER[:LOWER...]:DEST */
	NEEDS_BRIDGE,
	NEEDS_INTERFACE,
	NEEDS_PATH,
	NEEDS_NO_OTHER,		/* what jlmkr gives itself */
};

static const struct option {
	const char *name;
	char letter;
	enum value value;
	enum need need;
} options[] = {
	{ "help", 'h', NO_VALUE, NEEDS_NOTHING },
	{ "version", 0, NO_VALUE, NEEDS_NOTHING },
	{ "quiet", 'q', NO_VALUE, NEEDS_NOTHING },
	{ "no-pager", 0, NO_VALUE, NEEDS_NOTHING },
	{ "settings", 0, VALUE, NEEDS_NOTHING },
	{ "cleanup", 0, NO_VALUE, NEEDS_NOTHING },
	{ "no-ask-password", 0, NO_VALUE, NEEDS_NOTHING },
	{ "directory", 'D', VALUE, NEEDS_NO_OTHER },
	{ "template", 0, VALUE, NEEDS_NOTHING },
	{ "ephemeral", 'x', NO_VALUE, NEEDS_NOTHING },
	{ "image", 'i', VALUE, NEEDS_NOTHING },
	{ "image-policy", 0, VALUE, NEEDS_NOTHING },
	{ "oci-bundle", 0, VALUE, NEEDS_NOTHING },
	{ "read-only", 0, NO_VALUE, NEEDS_NOTHING },
	{ "volatile", 0, MAYBE_VALUE, NEEDS_NOTHING },
	{ "root-hash", 0, VALUE, NEEDS_NOTHING },
	{ "root-hash-sig", 0, VALUE, NEEDS_NOTHING },
	{ "verity-data", 0, VALUE, NEEDS_NOTHING },
	{ "pivot-root", 0, VALUE, NEEDS_NOTHING },
	{ "as-pid2", 'a', NO_VALUE, NEEDS_NOTHING },
	{ "boot", 'b', NO_VALUE, NEEDS_NOTHING },
	{ "chdir", 0, VALUE, NEEDS_NOTHING },
	{ "setenv", 'E', VALUE, NEEDS_NOTHING },
	{ "user", 'u', VALUE, NEEDS_NOTHING },
	{ "uid", 0, VALUE, NEEDS_NOTHING },
	{ "kill-signal", 0, VALUE, NEEDS_NOTHING },
	{ "notify-ready", 0, VALUE, NEEDS_NOTHING },
	{ "suppress-sync", 0, VALUE, NEEDS_NOTHING },
	{ "machine", 'M', VALUE, NEEDS_NO_OTHER },
	{ "hostname", 0, VALUE, NEEDS_NOTHING },
	{ "uuid", 0, VALUE, NEEDS_NOTHING },
	{ "slice", 'S', VALUE, NEEDS_NOTHING },
	{ "property", 0, VALUE, NEEDS_NOTHING },
	{ "register", 0, VALUE, NEEDS_NOTHING },
	{ "keep-unit", 0, NO_VALUE, NEEDS_NOTHING },
	{ "private-users", 0, MAYBE_VALUE, NEEDS_NOTHING },
	{ "private-users-chown", 0, NO_VALUE, NEEDS_NOTHING },
	{ "private-users-ownership", 0, VALUE, NEEDS_NOTHING },
	{ "private-users-delegate", 0, VALUE, NEEDS_NOTHING },
	{ "", 'U', NO_VALUE, NEEDS_NOTHING },
	{ "private-network", 0, NO_VALUE, NEEDS_NOTHING },
	{ "network-interface", 0, VALUE, NEEDS_INTERFACE },
	{ "network-macvlan", 0, VALUE, NEEDS_INTERFACE },
	{ "network-ipvlan", 0, VALUE, NEEDS_INTERFACE },
	{ "network-veth", 'n', NO_VALUE, NEEDS_NOTHING },
	{ "network-veth-extra", 0, VALUE, NEEDS_NOTHING },
	{ "network-bridge", 0, VALUE, NEEDS_BRIDGE },
	{ "network-zone", 0, VALUE, NEEDS_NOTHING },
	{ "network-namespace-path", 0, VALUE, NEEDS_PATH },
	{ "port", 'p', VALUE, NEEDS_NOTHING },
	{ "selinux-context", 'Z', VALUE, NEEDS_NOTHING },
	{ "selinux-apifs-context", 'L', VALUE, NEEDS_NOTHING },
	{ "capability", 0, VALUE, NEEDS_NOTHING },
	{ "drop-capability", 0, VALUE, NEEDS_NOTHING },
	{ "ambient-capability", 0, VALUE, NEEDS_NOTHING },
	{ "no-new-privileges", 0, VALUE, NEEDS_NOTHING },
	{ "restrict-address-families", 0, VALUE, NEEDS_NOTHING },
	{ "system-call-filter", 0, VALUE, NEEDS_NOTHING },
	{ "rlimit", 0, VALUE, NEEDS_NOTHING },
	{ "oom-score-adjust", 0, VALUE, NEEDS_NOTHING },
	{ "cpu-affinity", 0, VALUE, NEEDS_NOTHING },
	{ "personality", 0, VALUE, NEEDS_NOTHING },
	{ "resolv-conf", 0, VALUE, NEEDS_NOTHING },
	{ "timezone", 0, VALUE, NEEDS_NOTHING },
	{ "link-journal", 0, VALUE, NEEDS_NOTHING },
	{ "", 'j', NO_VALUE, NEEDS_NOTHING },
	{ "bind", 0, VALUE, NEEDS_SOURCE },
	{ "bind-ro", 0, VALUE, NEEDS_SOURCE },
	{ "bind-user", 0, VALUE, NEEDS_NOTHING },
	{ "bind-user-shell", 0, VALUE, NEEDS_NOTHING },
	{ "bind-user-group", 0, VALUE, NEEDS_NOTHING },
	{ "inaccessible", 0, VALUE, NEEDS_NOTHING },
	{ "tmpfs", 0, VALUE, NEEDS_NOTHING },
	{ "overlay", 0, VALUE, NEEDS_LAYERS },
	{ "overlay-ro", 0, VALUE, NEEDS_LOWER_LAYERS },
	{ "console", 0, VALUE, NEEDS_NOTHING },
	{ "pipe", 'P', NO_VALUE, NEEDS_NOTHING },
	{ "background", 0, VALUE, NEEDS_NOTHING },
	{ "load-credential", 0, VALUE, NEEDS_NOTHING },
	{ "set-credential", 0, VALUE, NEEDS_NOTHING },
	{ "share-system", 0, NO_VALUE, NEEDS_NOTHING },
};

enum { OPTIONS = sizeof options / sizeof *options };

/* A whole name, or the only one that begins so. */
static const struct option *find_long(const char *name, size_t n)
{
	const struct option *found = NULL;
	unsigned count = 0;

	for (const struct option *o = options; o < options + OPTIONS; o++) {
		if (!n || strncmp(o->name, name, n)) continue;
		if (!o->name[n]) return o;
		found = o;
		count++;
	}
	return count == 1 ? found : NULL;
}

static const struct option *find_letter(char letter)
{
	for (const struct option *o = options; o < options + OPTIONS; o++)
		if (o->letter == letter) return o;
	return NULL;
}

/* -- what the host has to have -- */

/* The next of the parts that colons separate; a backslash takes them their meaning. */
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

struct reading {
	const struct split *words;
	size_t at;
	bool on_host;		/* what is missing is wanted, else what is wrong */
	const char *hook;	/* what stands in it may be made by it */
	struct nspawn_traits *traits;	/* or NULL */
	struct faults *found;
};

static unsigned line_of(const struct reading *r)
{
	return r->words->lines[r->at];
}

/* What does not begin with a slash is not looked for: "+/in/the/jail", "", a path in the
 * jail's directory, or a word that nspawn refuses by itself. */
static bool lacks_path(const struct reading *r, const char *path)
{
	return *path == '/' && access(path, F_OK) < 0 && !strstr(r->hook, path);
}

/* A source with '+' lies in the jail, an empty one is made. */
static void need_source(const struct reading *r, const char *option, const char *value)
{
	const char *rest = value, *path = next_part(r->found->m, &rest);

	if (lacks_path(r, path))
		fault_add(r->found, line_of(r), "%s=%s: there is no %s", option, value, path);
}

/* Of two, the second is both the upper one and the destination. */
static void need_layers(const struct reading *r, const char *option, const char *value, bool upper)
{
	struct words parts = { .m = r->found->m };
	const char *rest = value;

	while (rest)
		words_add(&parts, next_part(r->found->m, &rest));
	for (size_t i = 0; i + (upper && parts.n > 2 ? 2 : 1) < parts.n; i++)
		if (lacks_path(r, parts.v[i]))
			fault_add(r->found, line_of(r), "%s=%s: there is no %s", option, value, parts.v[i]);
}

/* By any of its names: an alternative one has no place in /sys. What is too long for this
 * question is left to nspawn. */
static bool is_interface(const char *name, char real[IF_NAMESIZE])
{
	snprintf(real, IF_NAMESIZE, "%s", name);
	return strlen(name) >= IF_NAMESIZE || if_indextoname(if_nametoindex(name), real);
}

static bool is_bridge(const struct reading *r, const char *real)
{
	return access(arena_printf(r->found->m, "/sys/class/net/%s/bridge", real), F_OK) == 0;
}

/* "eth0", or "eth0:name in the jail"; several with blanks between. */
static void need_interface(const struct reading *r, const char *option, const char *value,
                           bool bridge)
{
	char real[IF_NAMESIZE];

	for (value += strspn(value, " "); *value; value += strspn(value, " ")) {
		size_t n = strcspn(value, " ");
		const char *name = arena_strndup(r->found->m, value, strcspn(value, ": "));

		value += n;
		if (strstr(r->hook, name)) continue;
		if (!is_interface(name, real))
			fault_add(r->found, line_of(r), "%s=%s: there is no interface %s", option, name, name);
		else if (bridge && strlen(name) < IF_NAMESIZE && !is_bridge(r, real))
			fault_add(r->found, line_of(r), "%s=%s: %s is no bridge", option, name, name);
	}
}

static void need(const struct reading *r, enum need need, const char *option, const char *value)
{
	switch (need) {
	case NEEDS_NOTHING:
	case NEEDS_NO_OTHER: break;
	case NEEDS_SOURCE: need_source(r, option, value); break;
	case NEEDS_LAYERS: need_layers(r, option, value, true); break;
	case NEEDS_LOWER_LAYERS: need_layers(r, option, value, false); break;
	case NEEDS_BRIDGE: need_interface(r, option, value, true); break;
	case NEEDS_INTERFACE: need_interface(r, option, value, false); break;
	case NEEDS_PATH:
		if (lacks_path(r, value))
			fault_add(r->found, line_of(r), "%s=%s: there is no %s", option, value, value);
		break;
	}
}

/* -- the words -- */

/* "all", "CAP_SYS_ADMIN,CAP_NET_ADMIN" */
static bool rules_network(const char *capabilities)
{
	for (size_t n; *capabilities; capabilities += n + (capabilities[n] == ',')) {
		n = strcspn(capabilities, ",");
		if ((n == 3 && !strncasecmp(capabilities, "all", n)) ||
		    (n == 13 && !strncasecmp(capabilities, "CAP_NET_ADMIN", n)))
			return true;
	}
	return false;
}

/* parse_boolean() of systemd. */
static bool is_no(const char *value)
{
	static const char *const words[] = { "0", "no", "n", "false", "f", "off" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(words[i], value)) return true;
	return false;
}

static void note_traits(struct nspawn_traits *t, const struct option *o, const char *value)
{
	t->root_forgets |= str_eq(o->name, "ephemeral") || str_eq(o->name, "read-only") ||
	                   (str_eq(o->name, "volatile") && !is_no(value));
	t->own_network |= str_starts(o->name, "network-") || str_eq(o->name, "private-network") ||
	                  o->letter == 'n';
	t->own_users |= o->letter == 'U' || (str_eq(o->name, "private-users") && !is_no(value));
	t->changes_firewall |= str_eq(o->name, "capability") && rules_network(value);
	t->changes_firewall |= str_eq(o->name, "system-call-filter") && *value != '~' && strstr(value, "bpf");
}

/* What is wrong, when that is wanted. */
static void tell(const struct reading *r, const char *before, const char *what, const char *after)
{
	if (!r->on_host) fault_add(r->found, line_of(r), "%s%s%s", before, what, after);
}

/* `inside`: the value that stands in the same word, or NULL. */
static void use(struct reading *r, const struct option *o, const char *shown, const char *inside)
{
	if (o->value == NO_VALUE && inside) return tell(r, "", shown, " takes no value");
	if (o->value == VALUE && !inside) {
		if (r->at + 1 == r->words->n) return tell(r, "", shown, " lacks its value");
		inside = r->words->v[++r->at];
	}
	if (r->traits) note_traits(r->traits, o, inside ? inside : "");
	if (o->need == NEEDS_NO_OTHER) tell(r, "", shown, " has no place here: jlmkr gives its own");
	if (r->on_host && inside) need(r, o->need, shown, inside);
}

static void unknown(struct reading *r, const char *name, size_t n)
{
	const char *word = arena_strndup(r->found->m, name, n);
	struct nearest near = { .word = word };

	for (const struct option *o = options; o < options + OPTIONS; o++)
		if (*o->name) nearest_offer(&near, o->name);
	tell(r, "systemd-nspawn has no option --", word,
	     near.best ? arena_printf(r->found->m, ", did you mean --%s?", near.best) : "");
}

static void read_long(struct reading *r, const char *word)
{
	size_t n = strcspn(word, "=");
	const struct option *o = find_long(word, n);

	if (!o) return unknown(r, word, n);
	use(r, o, arena_printf(r->found->m, "--%s", o->name), word[n] ? word + n + 1 : NULL);
}

static void read_letters(struct reading *r, const char *word)
{
	for (; *word; word++) {
		const struct option *o = find_letter(*word);
		const char *shown = arena_printf(r->found->m, "-%c", *word);

		if (!o) return tell(r, "systemd-nspawn has no option ", shown, "");
		if (o->value == VALUE) return use(r, o, shown, word[1] ? word + 1 : NULL);
		use(r, o, shown, NULL);
	}
}

/* Up to the word that ends the options, which is returned; not "--", which is meant to. */
static const char *read_words(struct reading *r)
{
	for (; r->at < r->words->n; r->at++) {
		const char *word = r->words->v[r->at];

		if (str_eq(word, "--")) break;
		if (word[0] != '-' || !word[1]) return word;
		if (word[1] == '-')
			read_long(r, word + 2);
		else
			read_letters(r, word + 1);
	}
	return NULL;
}

void nspawn_check(const struct split *words, struct faults *found)
{
	struct reading r = { .words = words, .found = found };
	const char *end = read_words(&r);

	if (end)
		tell(&r, "'", end, "' is no option: it and what follows go to the jail's init; blanks in "
		     "a value need quotes around it");
}

void nspawn_read(const struct split *words, struct nspawn_traits *t)
{
	AUTOFREE struct arena m = { 0 };
	struct faults unheard = { .m = &m };
	struct reading r = { .words = words, .traits = t, .found = &unheard };
	const char *end = read_words(&r);

	if (!t->end) t->end = end;
}

void nspawn_missing(const struct split *words, const char *hook, struct faults *found)
{
	struct reading r = { .words = words, .on_host = true, .hook = hook ? hook : "", .found = found };

	read_words(&r);
}
