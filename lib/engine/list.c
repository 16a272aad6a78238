/* systemd knows which units run, machined what runs in them. Both are asked at once. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/place.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/systemd/machined.h"
#include "lib/systemd/manager.h"
#include "lib/systemd/props/props.h"

#define UNITS "jlmkr-*.service"

static const char *const none[] = { NULL };

static bool is_up(const char *active)
{
	return *active && !str_eq(active, "inactive") && !str_eq(active, "failed");
}

static int compare_running(const void *a, const void *b)
{
	const struct running *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order ? order : !x->machine - !y->machine;
}

/* A renamed jail may have the name of another one that runs: here it is the renamed one. */
static size_t drop_doubles(struct running *list, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!kept || strcmp(list[kept - 1].name, list[i].name)) list[kept++] = list[i];
	return kept;
}

static int compare_to_machine(const void *name, const void *row)
{
	return strcmp(name, ((const struct machine_row *)row)->name);
}

static void add_addresses(struct running *r, const struct machine_row *rows, size_t n)
{
	const char *name = r->machine ? r->machine : r->name;
	const struct machine_row *m =
		n ? bsearch(name, rows, n, sizeof *rows, compare_to_machine) : NULL;

	if (m && r->runs && m->addresses) r->addresses = m->addresses;
}

/* On systemd's own socket there is no machined, and it was said that there is no bus. */
static struct machine_row *ask_machined(struct engine *en, size_t *n)
{
	struct err why = { 0 };
	struct machine_row *rows;

	*n = 0;
	if (bus_kind(en->bus) == BUS_PEER) return NULL;
	rows = machine_list(en->bus, "systemd-nspawn", true, en->m, n, &why);
	if (!rows && !signal_caught()) out_warn("addresses are not known: %s", why.text);
	return rows;
}

static int compare_to_jail(const void *name, const void *jail)
{
	return strcmp(name, ((const struct jail *)jail)->name);
}

/* Another name leads to the directory by now. The path of it may lead to a third one. */
static bool find_renamed(struct arena *m, const struct jail *jails, size_t n, pid_t keeper,
                         struct running *r)
{
	struct stat st;

	if (!keeper || stat(arena_printf(m, "/proc/%d/cwd", (int)keeper), &st) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!jail_is(&jails[i], &st)) continue;
		r->machine = r->name;
		r->name = jails[i].name;
		r->elsewhere = NULL;
		return true;
	}
	return false;
}

/* The process that keeps the jail is at hand in files; systemd is asked where it is not. What
 * runs under a name that no jail here has is another jail. */
static void find_place(struct engine *en, const struct jail *jails, size_t n, struct running *r)
{
	const struct jail none_here = { .name = r->name };
	const struct jail *j =
		n ? bsearch(r->name, jails, n, sizeof *jails, compare_to_jail) : NULL;
	struct unit_state s;
	pid_t leader, keeper;

	if (!r->runs) return;
	if (!j) j = &none_here;
	engine_registered(en->m, r->name, &leader, &keeper);
	if (keeper)
		r->elsewhere = place_elsewhere(en, j, keeper, "");
	else if (unit_get(en->bus, name_unit(en->m, r->name), en->m, &s, NULL) == 0)
		r->elsewhere = unit_elsewhere(en, j, &s);
	if (!r->elsewhere || find_renamed(en->m, jails, n, keeper, r)) return;
	r->runs = false;
	r->state = "inactive";
}

static struct running *find_running(struct running *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].name, name)) return &list[i];
	return NULL;
}

/* Machines of the name of a jail, under a unit that is not called after it. */
static void add_foreign(struct engine *en, const struct jail *jails, size_t jail_count,
                        const struct machine_row *machines, size_t known, struct running *list,
                        size_t *n)
{
	for (size_t i = 0; jail_count && i < known; i++) {
		const char *name = machines[i].name, *unit;
		const struct jail *j =
			bsearch(name, jails, jail_count, sizeof *jails, compare_to_jail);
		struct running *r = find_running(list, *n, name);

		if (!j || (r && r->runs) || !(unit = engine_foreign(en, j))) continue;
		if (!r) r = &list[(*n)++];
		*r = (struct running){
			.name = name,
			.state = arena_printf(en->m, "active (%s)", unit),
			.runs = true,
			.addresses = (const char **)none,
		};
		add_addresses(r, machines, known);
	}
}

struct running *engine_list(struct engine *en, const struct jail *jails, size_t jail_count,
                            size_t *n, struct err *e)
{
	char *const patterns[] = { UNITS, NULL };
	struct machine_row *machines;
	struct unit_row *units;
	struct running *list;
	size_t known, count;
	uint32_t serial;

	if (engine_open(en, e) < 0 || unit_list_ask(en->bus, patterns, en->m, &serial, e) < 0)
		return NULL;
	machines = ask_machined(en, &known);
	if (check_signal(e) < 0) return NULL;
	if (!(units = unit_list_reply(en->bus, serial, en->m, &count, e))) return NULL;
	list = arena_array(en->m, count + known + 1, sizeof *list);
	*n = 0;
	for (size_t i = 0; i < count; i++) {
		const char *name = name_of_unit(en->m, units[i].id);

		if (!name) continue;
		list[*n] = (struct running){
			.name = name, .state = units[i].active, .runs = is_up(units[i].active),
			.addresses = (const char **)none,
		};
		find_place(en, jails, jail_count, &list[*n]);
		add_addresses(&list[(*n)++], machines, known);
	}
	add_foreign(en, jails, jail_count, machines, known, list, n);
	if (*n) qsort(list, *n, sizeof *list, compare_running);
	*n = drop_doubles(list, *n);
	return list;
}

static int64_t number(uint64_t v)
{
	return v == UNIT_UNKNOWN || v > INT64_MAX ? -1 : (int64_t)v;
}

static int64_t seconds(uint64_t usec)
{
	return usec ? (int64_t)(usec / 1000000) : -1;
}

/* "exited with status 1/FAILURE", "was killed by SIGKILL" */
static const char *last_end(struct arena *m, const struct unit_state *s)
{
	const char *name;

	if (!*s->result || str_eq(s->result, "success")) return "";
	if (str_eq(s->result, "exit-code") && s->exec_status) {
		name = exit_status_name(s->exec_status);
		return arena_printf(m, "exited with status %d%s%s", s->exec_status,
		                    name ? "/" : "", name ? name : "");
	}
	if (str_eq(s->result, "signal") && (name = signal_name(m, s->exec_status)))
		return arena_printf(m, "was killed by %s", name);
	return s->result;
}

static void add_machine(struct engine *en, const char *jail, struct jail_status *out)
{
	struct running r = { .name = jail, .runs = true, .addresses = (const char **)none };
	struct machine_row *rows;
	size_t n;

	rows = ask_machined(en, &n);
	add_addresses(&r, rows, n);
	out->addresses = r.addresses;
}

int engine_status(struct engine *en, const struct jail *j, struct jail_status *out,
                  struct err *e)
{
	struct unit_state s;
	pid_t leader;
	int state;

	const char *foreign = engine_foreign(en, j);

	*out = (struct jail_status){ .end = "", .addresses = (const char **)none };
	out->unit = foreign ? foreign : name_unit(en->m, j->name);
	if (engine_open(en, e) < 0) return -1;
	if (unit_get(en->bus, out->unit, en->m, &s, e) < 0) return -1;
	state = foreign ? JAIL_UP : unit_jail_state(en, j, &s, &out->elsewhere);
	out->known = unit_is_loaded(&s) && state != JAIL_OTHER;
	out->runs = out->known && is_up(s.active);
	out->state = out->known ? s.active : "inactive";
	out->sub = out->known ? s.sub : "dead";
	out->since = seconds(out->runs ? s.active_enter : s.inactive_enter);
	out->tasks = out->runs ? number(s.tasks) : -1;
	out->memory = out->runs ? number(s.memory) : -1;
	out->cpu_ns = out->runs ? number(s.cpu_ns) : -1;
	out->restarts = out->known ? (int64_t)s.restarts : -1;
	out->leader = -1;
	if (out->known) out->end = last_end(en->m, &s);
	if (!out->runs) return 0;
	if (engine_leader(en, j, &leader, NULL) == 0) out->leader = leader;
	add_machine(en, j->name, out);
	return 0;
}
