#include "lib/engine/engine.h"

#include <errno.h>

#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/engine/impl.h"
#include "lib/engine/place.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/systemd/manager.h"

enum {
	CONNECT_MS = 10 * 1000,
	RESUME_MS = 30 * 1000,	/* for a bus that is being restarted, and systemd on it */
	RETRY_MS = 50,
};

void engine_init(struct engine *en, struct host *h, struct arena *m)
{
	*en = (struct engine){ .host = h, .m = m };
}

void engine_close(struct engine *en)
{
	bus_close(en->bus);
	en->bus = NULL;
}

/* Without a system bus, on a machine that needs rescue, PID 1 still answers root on
 * a socket of its own. */
int engine_open(struct engine *en, struct err *e)
{
	struct err why = { 0 };

	if (en->bus) return 0;
	en->bus = bus_open(en->host->bus_address, BUS_BROKER, deadline_in(CONNECT_MS), &why);
	if (en->bus) return 0;
	if (check_signal(e) < 0) return -1;
	en->bus = bus_open(BUS_PRIVATE, BUS_PEER, deadline_in(CONNECT_MS), NULL);
	if (!en->bus) {
		if (e) *e = why;
		return fail_in(e, "no connection to systemd");
	}
	if (!en->bus_missed) out_warn("%s; asking systemd itself", why.text);
	en->bus_missed = true;
	return 0;
}

/* The lost connection stays the engine's until there is a new one: the watch has its
 * matches there. */
static int reconnect(struct engine *en, struct unit_watch *uw, struct err *e)
{
	struct bus *lost = en->bus;

	en->bus = NULL;
	if (engine_open(en, e) == 0 && unit_rewatch(uw, en->bus, e) == 0) {
		bus_close(lost);
		return 0;
	}
	bus_close(en->bus);
	en->bus = lost;
	return -1;
}

int engine_resume(struct engine *en, struct unit_watch *uw, struct err *e)
{
	int64_t deadline = deadline_in(RESUME_MS);

	if (e->sys != ECONNRESET && e->sys != ETIMEDOUT) return -1;
	out_verbose("%s; connecting again", e->text);
	while (reconnect(en, uw, e) < 0) {
		if (e->kind == ERR_INTERRUPTED || !deadline_left(deadline)) return -1;
		if (wait_fds(NULL, 0, deadline_in(RETRY_MS), e) < 0) return -1;
	}
	return 0;
}

const char *unit_elsewhere(struct engine *en, const struct jail *j, const struct unit_state *s)
{
	return place_elsewhere(en, j, (pid_t)s->main_pid, s->working_directory);
}

int unit_jail_state(struct engine *en, const struct jail *j, const struct unit_state *s,
                    const char **elsewhere)
{
	const char *where = NULL;

	if (unit_is_loaded(s) && !unit_is_over(s)) where = unit_elsewhere(en, j, s);
	if (elsewhere) *elsewhere = where;
	if (where) return JAIL_OTHER;
	if (!unit_is_loaded(s) || unit_is_over(s)) return JAIL_DEAD;
	if (str_eq(s->active, "active") || str_eq(s->active, "reloading")) return JAIL_UP;
	return str_eq(s->active, "deactivating") ? JAIL_STOPPING : JAIL_STARTING;
}

int engine_state(struct engine *en, const struct jail *j, const char **elsewhere, struct err *e)
{
	struct unit_state s;

	if (engine_open(en, e) < 0) return -1;
	if (unit_get(en->bus, name_unit(en->m, j->name), en->m, &s, e) < 0) return -1;
	return unit_jail_state(en, j, &s, elsewhere);
}
