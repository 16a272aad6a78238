#include "lib/nspawn/options.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"
#include "lib/nspawn/impl.h"

static const struct nspawn_row table[] = {
	{ "help", 'h', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "version", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "quiet", 'q', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "no-pager", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "settings", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "cleanup", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "no-ask-password", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "directory", 'D', VALUE, NEEDS_NO_OTHER, LAST_COUNTS },
	{ "template", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "ephemeral", 'x', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "image", 'i', VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "image-policy", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "oci-bundle", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "read-only", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "volatile", 0, MAYBE_VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "root-hash", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "root-hash-sig", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "verity-data", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "pivot-root", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "as-pid2", 'a', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "boot", 'b', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "chdir", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "setenv", 'E', VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "user", 'u', VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "uid", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "kill-signal", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "notify-ready", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "suppress-sync", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "machine", 'M', VALUE, NEEDS_NO_OTHER, LAST_COUNTS },
	{ "hostname", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "uuid", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "slice", 'S', VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "property", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "register", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "keep-unit", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "private-users", 0, MAYBE_VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "private-users-chown", 0, MAYBE_VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "private-users-ownership", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "private-users-delegate", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "", 'U', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "private-network", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "network-interface", 0, VALUE, NEEDS_INTERFACE, ALL_COUNT },
	{ "network-macvlan", 0, VALUE, NEEDS_INTERFACE, ALL_COUNT },
	{ "network-ipvlan", 0, VALUE, NEEDS_INTERFACE, ALL_COUNT },
	{ "network-veth", 'n', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "network-veth-extra", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "network-bridge", 0, VALUE, NEEDS_BRIDGE, LAST_COUNTS },
	{ "network-zone", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "network-namespace-path", 0, VALUE, NEEDS_PATH, LAST_COUNTS },
	{ "port", 'p', VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "selinux-context", 'Z', VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "selinux-apifs-context", 'L', VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "capability", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "drop-capability", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "ambient-capability", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "no-new-privileges", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "restrict-address-families", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "system-call-filter", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "rlimit", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "oom-score-adjust", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "cpu-affinity", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "personality", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "resolv-conf", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "timezone", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "link-journal", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "", 'j', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "bind", 0, VALUE, NEEDS_SOURCE, ALL_COUNT },
	{ "bind-ro", 0, VALUE, NEEDS_SOURCE, ALL_COUNT },
	{ "bind-user", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "bind-user-shell", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "bind-user-group", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "inaccessible", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "tmpfs", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "overlay", 0, VALUE, NEEDS_LAYERS, ALL_COUNT },
	{ "overlay-ro", 0, VALUE, NEEDS_LOWER_LAYERS, ALL_COUNT },
	{ "console", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "pipe", 'P', NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "background", 0, VALUE, NEEDS_NOTHING, LAST_COUNTS },
	{ "load-credential", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "set-credential", 0, VALUE, NEEDS_NOTHING, ALL_COUNT },
	{ "share-system", 0, NO_VALUE, NEEDS_NOTHING, ALL_COUNT },
};

enum { ROWS = sizeof table / sizeof *table };

/* What to do instead of a second --network-bridge. */
#define SECOND_BRIDGE "for a second bridge use --network-veth-extra and a post_start_hook"

/* The row of this name, or the only row whose name begins like this. */
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
	size_t at;		/* index of the word that is read */
};

/* Add a fault in the current word. Its line is filled in. */
static void add_word_fault(const struct reading *r, struct fault what, const char *text)
{
	what.line = r->o->words.lines[r->at];
	fault_add(&r->o->faults, &what, "%s", text);
}

static void add_value_fault(const struct reading *r, const char *shown, const char *what)
{
	add_word_fault(r, (struct fault){ .severity = FAULT_WARNING, .kind = NSPAWN_VALUE,
	                                  .subject = shown },
	               arena_printf(r->o->faults.m, "%s %s", shown, what));
}

static void append_option(struct nspawn_options *o, const struct nspawn_option *option)
{
	o->v = arena_grow(o->faults.m, o->v, o->n, &o->room, sizeof *o->v);
	o->v[o->n++] = *option;
}

/* `inside` is the value if it is in the same word, else NULL. */
static void take_nspawn_option(struct reading *r, const struct nspawn_row *row,
                               const char *shown, const char *inside)
{
	struct nspawn_option option = {
		.row = row, .name = row->name, .shown = shown, .value = inside,
		.line = r->o->words.lines[r->at], .word = r->at, .word_count = 1,
	};

	if (row->value == NO_VALUE && inside)
		return add_value_fault(r, shown, "takes no value");
	if (row->value == VALUE && !inside) {
		if (r->at + 1 == r->o->words.n)
			return add_value_fault(r, shown, "lacks its value");
		option.value = r->o->words.v[++r->at];
		option.line = r->o->words.lines[r->at];
		option.word_count = 2;
	}
	if (row->need == NEEDS_NO_OTHER)
		add_word_fault(r, (struct fault){ .severity = FAULT_WARNING,
		                                  .kind = "jlmkr's own option",
		                                  .subject = shown },
		               arena_printf(r->o->faults.m,
		                            "%s has no place here: jlmkr gives its own",
		                            shown));
	append_option(r->o, &option);
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

static void refuse_unknown(const struct reading *r, const char *shown, const char *near)
{
	struct fault what = { .severity = FAULT_WARNING, .kind = NSPAWN_UNKNOWN,
	                      .subject = shown };

	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (str_eq(foreign[i].word, shown)) what.fix = foreign[i].fix;
	if (near && !what.fix)
		near = arena_printf(r->o->faults.m, "; did you mean --%s?", near);
	add_word_fault(r, what,
	               arena_printf(r->o->faults.m, "systemd-nspawn has no option %s%s",
	                                     shown, near && !what.fix ? near : ""));
}

static void refuse_unknown_long(const struct reading *r, const char *name, size_t n)
{
	const char *word = arena_strndup(r->o->faults.m, name, n);
	struct nearest near = { .word = word };

	for (const struct nspawn_row *row = table; row < table + ROWS; row++)
		if (*row->name) nearest_offer(&near, row->name);
	refuse_unknown(r, arena_printf(r->o->faults.m, "--%s", word), near.best);
}

static void read_long(struct reading *r, const char *word)
{
	size_t n = strcspn(word, "=");
	const struct nspawn_row *row = find_long(word, n);

	if (!row) return refuse_unknown_long(r, word, n);
	take_nspawn_option(r, row, arena_printf(r->o->faults.m, "--%s", row->name),
	                   word[n] ? word + n + 1 : NULL);
}

static void read_letters(struct reading *r, const char *word)
{
	for (; *word; word++) {
		const struct nspawn_row *row = find_letter(*word);
		const char *shown = arena_printf(r->o->faults.m, "-%c", *word);

		if (!row) return refuse_unknown(r, shown, NULL);
		if (row->value == VALUE)
			return take_nspawn_option(r, row, shown, word[1] ? word + 1 : NULL);
		take_nspawn_option(r, row, shown, NULL);
	}
}

/* Returns the word that ends the options; NULL at the end, and at "--", which ends them on
 * purpose. */
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

/* -- options that a later one replaces -- */

static bool is_same_value(const struct nspawn_option *a, const struct nspawn_option *b)
{
	return a->value && b->value ? str_eq(a->value, b->value) : a->value == b->value;
}

/* The option that replaces v[i]; NULL if v[i] counts. */
static const struct nspawn_option *find_later(const struct nspawn_options *o, size_t i)
{
	if (o->v[i].row->times == ALL_COUNT) return NULL;
	for (size_t k = o->n - 1; k > i; k--)
		if (o->v[k].row == o->v[i].row) return &o->v[k];
	return NULL;
}

/* "--user=x", "-u x", "--private-users" */
static const char *option_text(struct arena *m, const struct nspawn_option *o)
{
	if (!o->value) return o->shown;
	return arena_printf(m, "%s%c%s", o->shown, o->shown[1] == '-' ? '=' : ' ', o->value);
}

static void find_replaced(struct nspawn_options *o)
{
	for (size_t i = 0; i < o->n; i++) {
		const struct nspawn_option *x = &o->v[i], *later = find_later(o, i);
		const char *text;

		if (!later || is_same_value(x, later)) continue;
		text = option_text(o->faults.m, x);
		fault_add(&o->faults, &(struct fault){
			.line = x->line, .severity = FAULT_WARNING, .kind = "replaced option",
			.subject = text,
			.fix = x->row->need == NEEDS_BRIDGE ? SECOND_BRIDGE : NULL,
		}, "%s has no effect: only the last %s counts", text, later->shown);
	}
}

void nspawn_options_parse(struct nspawn_options *o, struct arena *m, const struct split *words)
{
	struct reading r = { .o = o };

	*o = (struct nspawn_options){ .words = *words, .faults = { .m = m } };
	o->end = read_words(&r);
	find_replaced(o);
	if (!o->end) return;
	add_word_fault(&r, (struct fault){
		.severity = FAULT_WARNING, .kind = "end of the options", .subject = o->end,
		.fix = *o->end == '#' ? FAULT_COMMENT_FIX
		                      : "quote values that contain spaces",
	}, arena_printf(m, "'%s' is not an option: it and everything after it go to the "
	                "jail's init", o->end));
}
