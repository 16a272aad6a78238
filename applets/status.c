/* Shows the status of a jail. systemctl does it best, but not as JSON, and it may be
 * missing. */

#include "lib/cli/applet.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/jail/rootfs.h"
#include "lib/text/json.h"

enum { DEAD = 3 };		/* systemctl's exit status for a unit that does not run */

struct status_args {
	bool json;
};

#define OPT_INTO status_args
static const struct opt status_opts[] = {
	OPT_FLAG(0, "json", json, "print JSON; may also follow the name"),
	OPT_END
};

static const char *version_of(const struct osrel *rel)
{
	return rel->version_id ? rel->version_id : rel->version_codename;
}

static void print_status_json(struct arena *m, const char *jail, const struct jail_status *s,
                              const struct osrel *rel)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_object(&o, NULL);
	json_add_text(&o, "name", jail);
	json_add_text(&o, "unit", s->unit);
	json_add_bool(&o, "running", s->runs);
	json_add_text(&o, "state", s->state);
	json_add_text(&o, "substate", s->sub);
	json_add_known(&o, "since", s->since);
	json_add_known(&o, "leader", s->leader);
	json_add_known(&o, "tasks", s->tasks);
	json_add_known(&o, "memory_bytes", s->memory);
	json_add_known(&o, "cpu_ns", s->cpu_ns);
	json_add_known(&o, "restarts", s->restarts);
	json_add_text(&o, "os", rel->id);
	json_add_text(&o, "version", version_of(rel));
	json_array(&o, "addresses");
	for (const char **address = s->addresses; *address; address++)
		json_add_text(&o, NULL, *address);
	json_end(&o, ']');
	json_add_text(&o, "last_exit", *s->end ? s->end : NULL);
	json_end(&o, '}');
	puts(str_text(&text));
}

static const char *age(struct arena *m, int64_t seconds)
{
	if (seconds < 60) return arena_printf(m, "%" PRId64 " s", seconds);
	if (seconds < 3600) return arena_printf(m, "%" PRId64 " min", seconds / 60);
	if (seconds < 86400)
		return arena_printf(m, "%" PRId64 " h %" PRId64 " min", seconds / 3600,
		                    seconds / 60 % 60);
	return arena_printf(m, "%" PRId64 " days %" PRId64 " h", seconds / 86400,
	                    seconds / 3600 % 24);
}

static void print_since(struct arena *m, int64_t since)
{
	time_t at = (time_t)since, now = time(NULL);
	struct tm tm;
	char text[64];

	if (since < 0 || !localtime_r(&at, &tm)) return;
	strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %Z", &tm);
	out_line("    since:  %s (%s ago)", text, age(m, now > at ? now - at : 0));
}

static void print_status_text(struct arena *m, const char *jail, const struct jail_status *s,
                              const struct osrel *rel)
{
	char size[SIZE_ROOM];

	out_line("%s", jail);
	out_line("    state:  %s (%s)", s->state, s->sub);
	print_since(m, s->since);
	if (*s->end) out_line("     last:  %s", s->end);
	if (!s->runs) return;
	if (rel->id)
		out_line("       os:  %s %s", rel->id, version_of(rel) ? version_of(rel) : "");
	if (s->leader >= 0) out_line("   leader:  %" PRId64, s->leader);
	if (s->tasks >= 0) out_line("    tasks:  %" PRId64, s->tasks);
	if (s->memory >= 0) out_line("   memory:  %s", size_text((uint64_t)s->memory, size));
	if (s->cpu_ns >= 0) out_line("      cpu:  %.3f s", (double)s->cpu_ns / 1e9);
	for (const char **address = s->addresses; *address; address++)
		out_line("  address:  %s", *address);
}

static int show_own_status(struct engine *en, struct jail *j, bool json, struct err *e)
{
	struct osrel rel = { 0 };
	struct jail_status s;

	if (engine_status(en, j, &s, e) < 0) return -1;
	if (s.elsewhere)
		out_note("The %s that runs is another jail, in %s", j->name, s.elsewhere);
	if (s.runs && jail_rootfs(j, NULL) >= 0) rootfs_os(en->m, j->rootfs, &rel, NULL);
	if (json)
		print_status_json(en->m, j->name, &s, &rel);
	else
		print_status_text(en->m, j->name, &s, &rel);
	return out_flush(e) < 0 ? -1 : s.runs ? 0 : DEAD;
}

/* What systemctl says of a jail that does not run is about a unit that cannot be found. True:
 * it was told. */
static bool tell_stopped(struct engine *en, struct jail *j)
{
	struct jail_status s;

	if (engine_state(en, j, NULL, NULL) != JAIL_DEAD) return false;
	if (engine_status(en, j, &s, NULL) < 0 || s.known) return false;
	out_line("%s does not run; 'jlmkr start %s' starts it", j->name, j->name);
	return true;
}

static bool is_json(char *const *words)
{
	for (; *words; words++)
		if (str_eq(*words, "--json")) return true;
	return false;
}

static int status_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct status_args *a = args;
	struct words argv = { .m = h->m };
	bool json = a->json || is_json(operands + 1);
	enum jail_state state = JAIL_DEAD;
	const char *unit = NULL;
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, *operands, &j, e) == 0) {
		state = engine_glance(&en, &j, NULL);
		/* systemctl knows the unit only, which may belong to another jail of this
		 * name. */
		if (json || state == JAIL_OTHER || !run_find(h->m, "systemctl", NULL))
			return show_own_status(&en, &j, json, e);
		unit = engine_foreign(&en, &j);
		if (!unit && state == JAIL_DEAD && tell_stopped(&en, &j))
			return out_flush(e) < 0 ? -1 : DEAD;
	} else if (json || e->kind != ERR_MISSING || name_check(*operands, NULL) < 0) {
		return -1;
	} else {
		out_warn("%s; asking systemd all the same", e->text);
	}
	words_add(&argv, "systemctl");
	words_add(&argv, "status");
	words_add(&argv, unit ? unit : name_unit(h->m, *operands));
	words_add_all(&argv, operands + 1);
	return run_replace(words_list(&argv), e);
}

const struct applet status_applet = {
	.name = "status",
	.brief = "show how a jail is doing",
	.operands = "JAIL [SYSTEMCTL-ARGUMENT]...",
	.text =
	"Everything after the name goes to systemctl: 'jlmkr status web --no-pager'. Its\n"
	"options may also stand before the name. The exit status is 0 for a jail that\n"
	"runs and 3 for one that does not.\n"
	"\n"
	"In JSON, since is in seconds since 1970, last_exit says how a failed run ended,\n"
	"and null means not known.\n",
	.opts = status_opts,
	.args_size = sizeof(struct status_args),
	.min = 1,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR,
	.foreign = "-n --lines -o --output -p --property -P -t --type -s --signal -H --host -M "
	           "--machine --state",
	.run = status_run,
};
