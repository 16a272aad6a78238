/* machined writes down who leads a machine, so that nobody has to ask: one file a
 * machine, assignments as in an environment file (sd-login(3) reads the same). On a
 * host without machined the unit's main process is nspawn, its child the leader.
 *
 * What is written down may be out of date: a process is the leader only as long as
 * it is in the unit's control group. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/engine/place.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"
#include "lib/jail/plan.h"
#include "lib/systemd/machined.h"

enum { FILE_BYTES = 16 * 1024, ENVIRON_BYTES = 2 * 1024 * 1024 };

static const char *assigned(struct arena *m, const char *text, const char *name)
{
	size_t n = strlen(name);

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (!strncmp(text, name, n) && text[n] == '=')
			return arena_strndup(m, text + n + 1, strcspn(text + n + 1, "\n"));
	return "";
}

static pid_t to_pid(const char *text)
{
	long pid = strtol(text, NULL, 10);

	return pid > 1 && pid < (1L << 22) + 1 ? (pid_t)pid : 0;
}

static bool is_in_unit(struct arena *m, pid_t pid, const char *unit)
{
	const char *path = arena_printf(m, "/proc/%d/cgroup", (int)pid);
	const char *text = read_file(m, AT_FDCWD, path, FILE_BYTES, NULL, NULL);
	const char *part = arena_printf(m, "/%s", unit);
	size_t n = strlen(part);

	for (; text && (text = strstr(text, part)); text += n)
		if (text[n] == '/' || text[n] == '\n') return true;
	return false;
}

/* Whether machined has a machine of that name that is a jail of ours, and its leader,
 * 0 when that one has ended. */
static bool find_registered(struct arena *m, const char *jail, pid_t *leader)
{
	const char *path = arena_printf(m, "/run/systemd/machines/%s", jail);
	const char *text = read_file(m, AT_FDCWD, path, FILE_BYTES, NULL, NULL);
	const char *unit = name_unit(m, jail);

	*leader = 0;
	if (!text || !str_eq(assigned(m, text, "SCOPE"), unit)) return false;
	*leader = to_pid(assigned(m, text, "LEADER"));
	if (*leader && !is_in_unit(m, *leader, unit)) *leader = 0;
	return true;
}

bool process_has_rootfs(struct arena *m, const struct jail *j, pid_t pid)
{
	AUTOCLOSE int dir = open(j->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat jail, rootfs, root;

	return dir >= 0 && fstat(dir, &jail) == 0 && jail_is(j, &jail) &&
	       fstatat(dir, LAYOUT_ROOTFS, &rootfs, 0) == 0 &&
	       stat(arena_printf(m, "/proc/%d/root", (int)pid), &root) == 0 &&
	       same_file(&root, &rootfs);
}

/* engine_foreign, and the leader. */
static const char *foreign_unit(struct arena *m, const struct jail *j, pid_t *leader)
{
	const char *path = arena_printf(m, "/run/systemd/machines/%s", j->name);
	const char *text = read_file(m, AT_FDCWD, path, FILE_BYTES, NULL, NULL);
	const char *unit = text ? assigned(m, text, "SCOPE") : "";

	if (!*unit || str_eq(unit, name_unit(m, j->name))) return NULL;
	*leader = to_pid(assigned(m, text, "LEADER"));
	if (!*leader || !is_in_unit(m, *leader, unit)) return NULL;
	return process_has_rootfs(m, j, *leader) ? unit : NULL;
}

const char *engine_foreign(struct engine *en, const struct jail *j)
{
	pid_t leader;

	return foreign_unit(en->m, j, &leader);
}

/* Field 4 of proc_pid_stat(5), behind a name that may hold anything. */
static pid_t parent_of(struct arena *m, pid_t pid)
{
	const char *path = arena_printf(m, "/proc/%d/stat", (int)pid);
	const char *text = read_file(m, AT_FDCWD, path, FILE_BYTES, NULL, NULL);
	const char *name_end = text ? strrchr(text, ')') : NULL;

	return name_end && strlen(name_end) > 4 ? to_pid(name_end + 4) : 0;
}

/* The process that keeps the jail whose leader this is, 0 when that is not known. */
static pid_t leader_keeper(struct arena *m, pid_t leader, const char *unit)
{
	pid_t parent = leader ? parent_of(m, leader) : 0;

	return parent && is_in_unit(m, parent, unit) ? parent : 0;
}

void engine_registered(struct arena *m, const char *jail, pid_t *leader, pid_t *keeper)
{
	find_registered(m, jail, leader);
	*keeper = leader_keeper(m, *leader, name_unit(m, jail));
}

enum jail_state engine_glance(struct engine *en, const struct jail *j, const char **elsewhere)
{
	const char *where;
	pid_t leader, keeper;

	engine_registered(en->m, j->name, &leader, &keeper);
	where = keeper ? place_elsewhere(en, j, keeper, "") : NULL;
	if (elsewhere) *elsewhere = where;
	return where ? JAIL_OTHER : leader ? JAIL_UP : JAIL_DEAD;
}

void engine_forget(struct engine *en, const struct jail *j)
{
	struct err why = { 0 };
	pid_t leader;

	if (!find_registered(en->m, j->name, &leader) || leader) return;
	if (machine_unregister(en->bus, j->name, &why) < 0)
		out_verbose("unregister %s: %s", j->name, why.text);
}

/* As the plan has told its unit: the config may be another one by now. */
bool keeper_runs_command(struct arena *m, pid_t keeper)
{
	const char *path = arena_printf(m, "/proc/%d/environ", (int)keeper);
	size_t len = 0;
	const char *word = read_file(m, AT_FDCWD, path, ENVIRON_BYTES, &len, NULL), *end;

	for (end = word ? word + len : word; word < end; word += strlen(word) + 1)
		if (str_eq(word, PLAN_COMMAND)) return true;
	return false;
}

bool leader_runs_command(struct arena *m, pid_t leader)
{
	return keeper_runs_command(m, parent_of(m, leader));
}

pid_t process_child(struct arena *m, uint32_t pid)
{
	const char *path = arena_printf(m, "/proc/%u/task/%u/children", pid, pid);
	const char *text = pid ? read_file(m, AT_FDCWD, path, FILE_BYTES, NULL, NULL) : NULL;

	return text ? to_pid(text) : 0;
}

pid_t unit_leader(struct engine *en, const struct jail *j, const struct unit_state *s)
{
	pid_t leader, keeper;

	engine_registered(en->m, j->name, &leader, &keeper);
	return leader ? leader : process_child(en->m, s->main_pid);
}

int engine_leader(struct engine *en, const struct jail *j, pid_t *leader, struct err *e)
{
	const char *unit = name_unit(en->m, j->name), *where;
	struct unit_state s;
	pid_t keeper;

	engine_registered(en->m, j->name, leader, &keeper);
	if (keeper) {
		where = place_elsewhere(en, j, keeper, "");
		return where ? engine_fail_other(j, where, e) : 0;
	}
	if (!*leader && foreign_unit(en->m, j, leader)) return 0;
	if (engine_open(en, e) < 0 || unit_get(en->bus, unit, en->m, &s, e) < 0) return -1;
	if (unit_is_loaded(&s) && !unit_is_over(&s)) {
		if ((where = unit_elsewhere(en, j, &s))) return engine_fail_other(j, where, e);
		if (*leader || (*leader = process_child(en->m, s.main_pid))) return 0;
	}
	return fail(e, ERR_MISSING, "%s does not run; 'jlmkr start %s' starts it", j->name,
	            j->name);
}

/* The descriptor keeps the pid from being another's between the look and the signal. */
int engine_signal(struct engine *en, const struct jail *j, int sig, struct err *e)
{
	const char *unit = engine_foreign(en, j);
	AUTOCLOSE int fd = -1;
	pid_t leader;

	if (!unit) unit = name_unit(en->m, j->name);
	if (engine_leader(en, j, &leader, e) < 0) return -1;
	fd = (int)syscall(SYS_pidfd_open, leader, 0);
	if (fd < 0 && errno != ESRCH) return fail_sys(e, "pidfd_open");
	if (fd < 0 || !is_in_unit(en->m, leader, unit))
		return fail(e, ERR_MISSING, "%s has just ended", j->name);
	if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) == 0) return 0;
	if (errno == ESRCH) return fail(e, ERR_MISSING, "%s has just ended", j->name);
	return fail_sys(e, "signal %d to %s", sig, j->name);
}
