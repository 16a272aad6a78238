/* Whether a jail that runs is about to end
 *
 * Its unit is active until systemd-nspawn has ended, so the host's systemd does not know. The
 * jail's own systemd does, but to ask it takes long: so it is asked only if something says that
 * the answer may be yes. That is a stop of ours under way, which holds a lock; /run/nologin,
 * which systemd makes when it begins to shut down, and before it has booted; and
 * systemd-shutdown in the place of the init. A jail that just runs costs three looks at files,
 * and no question. */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/dbus/bus.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/jail/jail.h"
#include "lib/systemd/manager.h"

enum { ANSWER_MS = 500, OTHERS_MS = 20 };

int stopping_lock(struct engine *en, const struct jail *j, bool wait, struct err *e)
{
	const char *name = arena_printf(en->m, "stopping:%llu:%llu", (unsigned long long)j->dev,
	                                (unsigned long long)j->ino);

	/* Who only looks holds it for a moment. */
	return lock_named(name, wait ? deadline_in(OTHERS_MS) : 0, j->name, e);
}

static bool is_being_stopped(struct engine *en, const struct jail *j)
{
	struct err why = { 0 };
	AUTOLOCK int lock = stopping_lock(en, j, false, &why);

	return lock < 0 && why.kind == ERR_BUSY;
}

static bool has_become_shutdown(const struct nsenter *in)
{
	char exe[512];
	ssize_t n = readlinkat(in->proc, "exe", exe, sizeof exe - 1);

	if (n <= 0) return false;
	exe[n] = 0;
	return strstr(exe, "/systemd-shutdown");
}

/* A jail that does not answer is not known to end. */
static bool says_so(struct engine *en, const struct nsenter *in)
{
	struct err why = { 0 };
	struct bus *b = nsenter_bus(in, deadline_in(ANSWER_MS), &why);
	const char *state = b ? systemd_state(b, en->m, NULL) : NULL;
	bool ends = state ? str_eq(state, "stopping") : why.kind == ERR_MISSING;

	bus_close(b);
	return ends;
}

bool nsenter_is_ending(struct engine *en, const struct nsenter *in)
{
	if (has_become_shutdown(in)) return true;
	return nsenter_has(in, "/run/nologin", S_IFREG, 0) && says_so(en, in);
}

static bool is_ending(struct engine *en, const struct jail *j, pid_t leader)
{
	AUTONSENTER struct nsenter in = nsenter_none();
	struct err why = { 0 };

	if (is_being_stopped(en, j)) return true;
	if (nsenter_open(&in, leader, &why) < 0) return why.kind == ERR_MISSING;
	return nsenter_is_ending(en, &in);
}

bool engine_is_ending(struct engine *en, const struct jail *j)
{
	pid_t leader, keeper;

	engine_registered(en->m, j->name, &leader, &keeper);
	return leader && is_ending(en, j, leader);
}

/* The main process outlives the leader for a moment. */
bool unit_is_ending(struct engine *en, const struct jail *j, const struct unit_state *s)
{
	pid_t leader = unit_leader(en, j, s);

	return !leader || is_ending(en, j, leader);
}
