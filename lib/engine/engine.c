#include "lib/engine/engine.h"

#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/bus/bus.h"
#include "lib/bus/systemd1.h"
#include "lib/engine/impl.h"
#include "lib/jail/name.h"

enum { CONNECT_MS = 10000 };

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
	en->bus = bus_open(en->host->bus_address, BUS_BROKER, deadline_in(CONNECT_MS), e);
	if (en->bus) return 0;
	if (check_signal(e) < 0) return -1;
	en->bus = bus_open(BUS_PRIVATE, BUS_PEER, deadline_in(CONNECT_MS), &why);
	if (!en->bus) return fail_in(e, "no connection to systemd");
	out_warn("the system bus does not answer, asking systemd directly");
	return 0;
}

int engine_runs(struct engine *en, const char *jail, struct err *e)
{
	struct unit_state s;

	if (engine_open(en, e) < 0) return -1;
	if (unit_get(en->bus, name_unit(en->m, jail), en->m, &s, e) < 0) return -1;
	return unit_is_loaded(&s) && !unit_is_over(&s);
}
