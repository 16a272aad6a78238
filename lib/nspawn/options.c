#include "lib/nspawn/options.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"
#include "lib/nspawn/impl.h"

static const struct nspawn_row table[] = {
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
	{ "private-users-chown", 0, MAYBE_VALUE, NEEDS_NOTHING },
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

enum { ROWS = sizeof table / sizeof *table };

/* A whole name, or the only one that begins so. */
static const struct nspawn_row *find_long(const char *name, size_t n)
{
	const struct nspawn_row *found = NULL;
	unsigned count = 0;

	for (const struct nspawn_row *row = table; row < table + ROWS; row++) {
		if (!n || strncmp(row->name, name, n)) continue;
		if (!row->name[n]) return row;
		found = row;
		count++;
	}
	return count == 1 ? found : NULL;
}

static const struct nspawn_row *find_letter(char letter)
{
	for (const struct nspawn_row *row = table; row < table + ROWS; row++)
		if (row->letter == letter) return row;
	return NULL;
}

struct reading {
	struct nspawn_options *o;
	size_t at;		/* the word */
};

/* What is wrong with the word. Its line is filled in. */
static void tell(const struct reading *r, struct fault what, const char *text)
{
	what.line = r->o->words.lines[r->at];
	fault_add(&r->o->faults, &what, "%s", text);
}

static void tell_value(const struct reading *r, const char *shown, const char *what)
{
	tell(r, (struct fault){ .severity = FAULT_WARNING, .kind = NSPAWN_VALUE, .subject = shown },
	     arena_printf(r->o->faults.m, "%s %s", shown, what));
}

static void add(struct nspawn_options *o, const struct nspawn_option *option)
{
	o->v = arena_grow(o->faults.m, o->v, o->n, &o->room, sizeof *o->v);
	o->v[o->n++] = *option;
}

/* `inside`: the value that stands in the same word, or NULL. */
static void use(struct reading *r, const struct nspawn_row *row, const char *shown,
                const char *inside)
{
	struct nspawn_option option = {
		.row = row, .name = row->name, .shown = shown, .value = inside,
		.line = r->o->words.lines[r->at], .word = r->at, .word_count = 1,
	};

	if (row->value == NO_VALUE && inside) return tell_value(r, shown, "takes no value");
	if (row->value == VALUE && !inside) {
		if (r->at + 1 == r->o->words.n) return tell_value(r, shown, "lacks its value");
		option.value = r->o->words.v[++r->at];
		option.line = r->o->words.lines[r->at];
		option.word_count = 2;
	}
	if (row->need == NEEDS_NO_OTHER)
		tell(r, (struct fault){ .severity = FAULT_WARNING, .kind = "jlmkr's own option", .subject = shown },
		     arena_printf(r->o->faults.m, "%s has no place here: jlmkr gives its own", shown));
	add(r->o, &option);
}

/* What other tools call it. */
static const struct { const char *word, *fix; } foreign[] = {
	{ "--volume", "write --bind=SOURCE:DESTINATION" },
	{ "-v", "write --bind=SOURCE:DESTINATION" },
	{ "--mount", "write --bind=SOURCE:DESTINATION" },
	{ "--publish", "write --port=HOST:JAIL" },
	{ "--env", "write --setenv=NAME=VALUE" },
	{ "-e", "write --setenv=NAME=VALUE" },
	{ "--network", "write --network-bridge=BRIDGE or --network-macvlan=INTERFACE" },
	{ "--memory", "write systemd_run_user_args=--property=MemoryMax=SIZE" },
	{ "-m", "write systemd_run_user_args=--property=MemoryMax=SIZE" },
	{ "--cpus", "write systemd_run_user_args=--property=CPUQuota=PERCENT" },
	{ "--cap-add", "write --capability=NAME" },
	{ "--cap-drop", "write --drop-capability=NAME" },
	{ "--privileged", "write --capability=all" },
	{ "--restart", "write systemd_run_user_args=--property=Restart=on-failure" },
	{ "--device", "write --bind=DEVICE" },
	{ "--dns", "write it into /etc/resolv.conf of the jail" },
};

static void tell_unknown(struct reading *r, const char *shown, const char *near)
{
	struct fault what = { .severity = FAULT_WARNING, .kind = NSPAWN_UNKNOWN, .subject = shown };

	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (str_eq(foreign[i].word, shown)) what.fix = foreign[i].fix;
	if (near && !what.fix)
		near = arena_printf(r->o->faults.m, ", did you mean --%s?", near);
	tell(r, what, arena_printf(r->o->faults.m, "systemd-nspawn has no option %s%s", shown,
	                           near && !what.fix ? near : ""));
}

static void unknown_long(struct reading *r, const char *name, size_t n)
{
	const char *word = arena_strndup(r->o->faults.m, name, n);
	struct nearest near = { .word = word };

	for (const struct nspawn_row *row = table; row < table + ROWS; row++)
		if (*row->name) nearest_offer(&near, row->name);
	tell_unknown(r, arena_printf(r->o->faults.m, "--%s", word), near.best);
}

static void read_long(struct reading *r, const char *word)
{
	size_t n = strcspn(word, "=");
	const struct nspawn_row *row = find_long(word, n);

	if (!row) return unknown_long(r, word, n);
	use(r, row, arena_printf(r->o->faults.m, "--%s", row->name), word[n] ? word + n + 1 : NULL);
}

static void read_letters(struct reading *r, const char *word)
{
	for (; *word; word++) {
		const struct nspawn_row *row = find_letter(*word);
		const char *shown = arena_printf(r->o->faults.m, "-%c", *word);

		if (!row) return tell_unknown(r, shown, NULL);
		if (row->value == VALUE) return use(r, row, shown, word[1] ? word + 1 : NULL);
		use(r, row, shown, NULL);
	}
}

/* Up to the word that ends the options, which is returned; not "--", which is meant to. */
static const char *read_words(struct reading *r)
{
	for (; r->at < r->o->words.n; r->at++) {
		const char *word = r->o->words.v[r->at];

		if (str_eq(word, "--")) break;
		if (word[0] != '-' || !word[1]) return word;
		if (word[1] == '-')
			read_long(r, word + 2);
		else
			read_letters(r, word + 1);
	}
	return NULL;
}

void nspawn_options_parse(struct nspawn_options *o, struct arena *m, const struct split *words)
{
	struct reading r = { .o = o };

	*o = (struct nspawn_options){ .words = *words, .faults = { .m = m } };
	if (!(o->end = read_words(&r))) return;
	tell(&r, (struct fault){
		.severity = FAULT_WARNING, .kind = "end of the options", .subject = o->end,
		.fix = *o->end == '#' ? "'#' begins a comment only on a line of its own"
		                      : "quote values that contain spaces",
	}, arena_printf(m, "'%s' is not an option: it and everything after it go to the jail's init",
	                o->end));
}
