#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/jail/jail.h"
#include "lib/systemd/run_options.h"

enum { END_MS = 500 };

static const char online[] = "network-online.target";

/* The services that stand for networking, by whichever of the programs that do it; the
 * target is reached when they fail, too. */
static bool any_failed(struct jail_unit *in)
{
	char *patterns[] = { "*wait-online*.service", NULL };
	struct unit_row *rows;
	size_t n = 0;

	rows = unit_list(in->bus, patterns, in->m, &n, NULL);
	for (size_t i = 0; rows && i < n; i++)
		if (str_eq(rows[i].active, "failed")) return true;
	return false;
}

/* 1 when it is up, 0 when not, or not known, -1. */
static int reach_network(struct jail_unit *in, long seconds, struct err *e)
{
	AUTOWATCH struct unit_watch uw = { 0 };
	int64_t deadline = deadline_in((int64_t)seconds * 1000);
	int rc;

	if (unit_watch(&uw, in->bus, online, e) < 0 || unit_start(&uw, e) < 0) return -1;
	if ((rc = unit_wait_job(&uw, deadline_in(1000), e)) == 0) {
		out_note("%s: waiting for its network", in->jail);
		rc = unit_wait_job(&uw, deadline, e);
	}
	return rc <= 0 ? rc : !any_failed(in);
}

static int await_network(struct jail_unit *in, long seconds, struct err *e)
{
	struct err why = { 0 };
	int rc = reach_network(in, seconds, &why);

	if (rc > 0 || why.kind == ERR_MISSING) return 0;
	if (why.kind == ERR_INTERRUPTED) {
		if (e) *e = why;
		return -1;
	}
	if (rc < 0)
		out_warn("%s: waiting for its network: %s; going on without", in->jail,
		         why.text);
	else
		out_warn("%s: its network did not come up in time; going on without", in->jail);
	if (rc == 0) return 0;
	if (e) *e = why;
	return !why.sys || jail_unit_resume(in, e) == 0 ? 0 : -1;
}

static int run(struct jail_unit *in, const struct script_how *how, struct err *e)
{
	AUTOCLOSE int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int stdio[] = { null, how->output, how->output };
	char *argv[] = { (char *)how->path, NULL };
	struct run_options o = {
		.description = arena_printf(in->m, "%s, run by jlmkr", how->what),
		.collect = true,
		.properties.m = in->m,
		.service_type = "exec",
		.environment.m = in->m,
		.verbatim = -1,
	};

	if (null < 0) return fail_sys(e, "/dev/null");
	words_add(&o.properties, "TimeoutStopSec=10");
	words_add(&o.environment, "HOME=/root");
	return jail_unit_start(in, &o, stdio, argv, e) < 0 ? -1 : jail_unit_wait(in, e);
}

/* A jail that shuts down ends the script, or takes its bus away, before it ends itself. */
static bool is_over(struct engine *en, const struct jail_unit *in, int status)
{
	int64_t deadline = status < 0 ? deadline_in(END_MS) : 0;

	if (in->in.pidfd < 0) return false;
	return wait_fd(in->in.pidfd, POLLIN, deadline, NULL) > 0 ||
	       nsenter_is_ending(en, &in->in);
}

static int run_online(struct jail_unit *in, const struct script_how *how, struct err *e)
{
	if (how->network_wait && await_network(in, how->network_wait, e) < 0) return -1;
	return run(in, how, e);
}

int engine_script(struct engine *en, const struct jail *j, const struct script_how *how,
                  struct err *e)
{
	AUTOJAILUNIT struct jail_unit in;
	struct err why = { 0 };
	int status = jail_unit_open(&in, en, j, how->boot_wait, &why);

	in.stop_on_signal = true;
	if (status == 0) status = run_online(&in, how, &why);
	if (status != 0 && why.kind != ERR_INTERRUPTED &&
	    (why.kind == ERR_MISSING || is_over(en, &in, status)))
		return fail(e, ERR_HOST, "%s was stopped meanwhile", j->name);
	if (status < 0 && e) *e = why;
	return status;
}
