#include "lib/systemd/manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/systemd/impl.h"

#define NAME "org.freedesktop.systemd1"
#define ROOT "/org/freedesktop/systemd1"

enum {
	CALL_MS = 25 * 1000,	/* for a reply, as systemd's own tools do */
	TRY_MS = 5 * 1000,	/* before a lost call is sent again */
	GAP_MS = 100,		/* between two tries */
	TAKE_MS = 200,		/* to read signals, if they never stop */
	ROUNDS = 8,		/* of reading them after the deadline */
	RESULT_MAX = 64,
};

static const struct bus_dest manager = { NAME, ROOT, NAME ".Manager" };

/* -- names -- */

static bool in_range(char c, char from, char to)
{
	return c >= from && c <= to;
}

static bool is_ascii_alnum(char c)
{
	return in_range(c, '0', '9') || in_range(c, 'A', 'Z') || in_range(c, 'a', 'z');
}

char *unit_path(struct arena *m, const char *unit)
{
	struct str s = { .m = m };

	str_add(&s, ROOT "/unit/");
	if (!*unit) str_addc(&s, '_');
	for (const char *p = unit; *p; p++)
		if (is_ascii_alnum(*p) && !(p == unit && in_range(*p, '0', '9')))
			str_addc(&s, *p);
		else str_addf(&s, "_%02x", (unsigned char)*p);
	return s.s;
}

/* -- calls -- */

static int fail_manager(const struct message *reply, struct err *e)
{
	if (e && reply->error) {
		if (message_is_error(reply, NAME ".UnitExists")) e->kind = ERR_EXISTS;
		if (message_is_error(reply, NAME ".NoSuchUnit") ||
		    message_is_error(reply, "System.Error.ESRCH")) e->kind = ERR_MISSING;
	}
	return -1;
}

static int call_manager(struct bus *b, const struct bus_dest *to, const char *member,
                        struct wire *w, struct arena *m, struct message *reply, struct err *e)
{
	if (bus_call(b, to, member, w, deadline_in(CALL_MS), m, reply, e) == 0) return 0;
	return fail_manager(reply, e);
}

/* A call of the manager with up to three texts. */
static int call_strings(struct bus *b, const char *member, const char *s1, const char *s2,
                        struct arena *m, struct message *reply, struct err *e)
{
	struct wire *w = arena_alloc(m, sizeof *w);

	wire_init(w, m);
	if (s1) wire_str(w, s1);
	if (s2) wire_str(w, s2);
	return call_manager(b, &manager, member, w, m, reply, e);
}

int unit_kill(struct bus *b, const char *unit, const char *who, int sig, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct wire *w = arena_alloc(&m, sizeof *w);

	wire_init(w, &m);
	wire_str(w, unit);
	wire_str(w, who);
	wire_i32(w, sig);
	return call_manager(b, &manager, "KillUnit", w, &m, &reply, e);
}

int unit_reset_failed(struct bus *b, const char *unit, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };

	return call_strings(b, "ResetFailedUnit", unit, NULL, &m, &reply, e);
}

int systemd_subscribe(struct bus *b, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };

	if (call_strings(b, "Subscribe", NULL, NULL, &m, &reply, e) == 0) return 0;
	return message_is_error(&reply, NAME ".AlreadySubscribed") ? 0 : -1;
}

const char *systemd_state(struct bus *b, struct arena *m, struct err *e)
{
	static const struct bus_dest to = { NAME, ROOT, "org.freedesktop.DBus.Properties" };
	AUTOMESSAGE struct message reply = { 0 };
	struct wire *w = arena_alloc(m, sizeof *w);
	const char *state;
	struct reader r;

	wire_init(w, m);
	wire_str(w, NAME ".Manager");
	wire_str(w, "SystemState");
	if (call_manager(b, &to, "Get", w, m, &reply, e) < 0) return NULL;
	message_reader(&reply, &r);
	reader_open_variant(&r, "s");
	state = reader_str(&r);
	return reader_done(&r, e) < 0 ? NULL : state;
}

static struct unit_row *read_units(struct reader *r, struct arena *m, size_t *n)
{
	struct unit_row *rows = NULL;
	size_t room = 0;

	*n = 0;
	for (reader_open_array(r, "(ssssssouso)"); reader_more(r); reader_close(r)) {
		struct unit_row *u;

		rows = arena_grow(m, rows, *n, &room, sizeof *rows);
		u = &rows[(*n)++];
		reader_open_struct(r);
		u->id = reader_str(r);
		u->description = reader_str(r);
		u->load = reader_str(r);
		u->active = reader_str(r);
		u->sub = reader_str(r);
		reader_skip(r);
		reader_skip(r);
		u->job = reader_u32(r);
	}
	return rows ? rows : arena_array(m, 1, sizeof *rows);
}

int unit_list_ask(struct bus *b, char *const *patterns, struct arena *m, uint32_t *serial,
                  struct err *e)
{
	struct wire *w = arena_alloc(m, sizeof *w);

	wire_init(w, m);
	wire_open_array(w, "s");
	wire_close_array(w);
	wire_open_array(w, "s");
	for (; *patterns; patterns++)
		wire_str(w, *patterns);
	wire_close_array(w);
	return bus_send(b, &manager, "ListUnitsByPatterns", w, deadline_in(CALL_MS), serial, e);
}

struct unit_row *unit_list_reply(struct bus *b, uint32_t serial, struct arena *m, size_t *n,
                                 struct err *e)
{
	AUTOMESSAGE struct message reply = { 0 };
	struct unit_row *rows;
	struct reader r;

	if (bus_reply(b, serial, deadline_in(CALL_MS), m, &reply, e) < 0)
		return fail_manager(&reply, e), NULL;
	message_reader(&reply, &r);
	rows = read_units(&r, m, n);
	return reader_done(&r, e) < 0 ? NULL : rows;
}

struct unit_row *unit_list(struct bus *b, char *const *patterns, struct arena *m, size_t *n,
                           struct err *e)
{
	uint32_t serial;

	if (unit_list_ask(b, patterns, m, &serial, e) < 0) return NULL;
	return unit_list_reply(b, serial, m, n, e);
}

/* -- state -- */

/* While systemd replaces itself, nobody owns its name on the bus. */
static bool is_gap(const struct message *reply, const struct err *e)
{
	return message_is_error(reply, "org.freedesktop.DBus.Error.NoReply") ||
	       message_is_error(reply, "org.freedesktop.DBus.Error.ServiceUnknown") ||
	       message_is_error(reply, "org.freedesktop.DBus.Error.NameHasNoOwner") ||
	       message_is_error(reply, "org.freedesktop.DBus.Error.Disconnected") ||
	       (!reply->error && e->sys == ETIMEDOUT);
}

/* A call that got lost in such a gap is sent again. `m` contains only the reply, and is freed
 * between tries. */
static int get_properties(struct bus *b, const char *path, struct arena *m,
                          struct message *reply, struct err *e)
{
	const struct bus_dest to = { NAME, path, "org.freedesktop.DBus.Properties" };
	AUTOFREE struct arena asked = { 0 };
	struct wire *w = arena_alloc(&asked, sizeof *w);
	int64_t end = deadline_in(CALL_MS);

	wire_init(w, &asked);
	wire_str(w, "");
	while (bus_call(b, &to, "GetAll", w, deadline_in(TRY_MS), m, reply, e) < 0) {
		if (!is_gap(reply, e) || !deadline_left(end)) return fail_manager(reply, e);
		if (wait_fds(NULL, 0, deadline_in(GAP_MS), e) < 0) return -1;
		message_close(reply);
		*reply = (struct message){ .sig = "" };
		arena_free(m);
	}
	return 0;
}

int unit_get(struct bus *b, const char *unit, struct arena *m, struct unit_state *s,
             struct err *e)
{
	AUTOFREE struct arena tmp = { 0 }, answer = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct err why = { 0 };
	struct reader r;

	unit_state_init(s);
	if (get_properties(b, unit_path(&tmp, unit), &answer, &reply, &why) < 0) {
		if (why.kind != ERR_MISSING) {
			if (e) *e = why;
			return fail_in(e, "state of %s", unit);
		}
		s->load = "not-found";
		return 0;
	}
	message_reader(&reply, &r);
	unit_state_read(s, m, &r);
	return reader_done(&r, e);
}

/* -- watching -- */

static int listen_to(struct unit_watch *uw, struct err *e)
{
	int64_t deadline = deadline_in(CALL_MS);

	uw->on_change = bus_match(uw->bus, &(struct bus_match){
		.sender = NAME, .path = uw->path, .iface = "org.freedesktop.DBus.Properties",
		.member = "PropertiesChanged",
	}, deadline, e);
	if (uw->on_change < 0) return -1;
	uw->on_job = bus_match(uw->bus, &(struct bus_match){
		.sender = NAME, .path = ROOT, .iface = NAME ".Manager", .member = "JobRemoved",
	}, deadline, e);
	return uw->on_job < 0 ? -1 : 0;
}

int unit_watch(struct unit_watch *uw, struct bus *b, const char *unit, struct err *e)
{
	*uw = (struct unit_watch){ .bus = b, .changed = true };
	uw->unit = arena_strdup(&uw->m, unit);
	uw->path = unit_path(&uw->m, unit);
	unit_state_init(&uw->state);
	unit_state_init(&uw->last);
	return listen_to(uw, e);
}

void unit_unwatch(struct unit_watch *uw)
{
	if (!uw->bus) return;
	bus_unmatch(uw->bus, uw->on_change);
	bus_unmatch(uw->bus, uw->on_job);
	arena_free(&uw->m);
	arena_free(&uw->state_m);
	arena_free(&uw->last_m);
	uw->bus = NULL;
}

int unit_hold(struct unit_watch *uw, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };

	if (bus_kind(uw->bus) == BUS_PEER) return 0;
	return call_strings(uw->bus, "RefUnit", uw->unit, NULL, &m, &reply, e);
}

/* systemd sends JobRemoved to the connection that queued the job, which is lost, and to
 * subscribers. */
static int catch_up(struct unit_watch *uw, struct err *e)
{
	const char *job = uw->job ? strrchr(uw->job, '/') : NULL;
	struct err why = { 0 };

	if (listen_to(uw, e) < 0 || systemd_subscribe(uw->bus, e) < 0) return -1;
	if (unit_hold(uw, &why) < 0 && why.kind != ERR_MISSING) {
		if (e) *e = why;
		return -1;
	}
	if (unit_read(uw, e) < 0) return -1;
	if (job && !uw->job_result && strtoul(job + 1, NULL, 10) != uw->state.job)
		uw->job_result = "";
	return 0;
}

int unit_rewatch(struct unit_watch *uw, struct bus *b, struct err *e)
{
	struct bus *lost = uw->bus;

	uw->bus = b;
	if (catch_up(uw, e) == 0) return 0;
	uw->bus = lost;
	return -1;
}

/* The reply names the job; the signal of its end may have arrived already. Until a signal says
 * otherwise, the unit has this job and is not over. */
static int expect_job(struct unit_watch *uw, const struct message *reply, struct err *e)
{
	struct reader r;
	const char *job;

	message_reader(reply, &r);
	job = reader_path(&r);
	if (reader_done(&r, e) < 0) return -1;
	uw->job = arena_strdup(&uw->m, job);
	uw->job_result = NULL;
	uw->changed = false;
	unit_state_init(&uw->state);
	return 0;
}

void unit_begin_start(struct wire *w, struct arena *m, const char *unit)
{
	wire_init(w, m);
	wire_str(w, unit);
	wire_str(w, "fail");
}

int unit_send_start(struct unit_watch *uw, struct wire *w, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };

	wire_open_array(w, "(sa(sv))");
	wire_close_array(w);
	if (call_manager(uw->bus, &manager, "StartTransientUnit", w, &m, &reply, e) < 0)
		return -1;
	return expect_job(uw, &reply, e);
}

int unit_start(struct unit_watch *uw, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };

	if (call_strings(uw->bus, "StartUnit", uw->unit, "replace", &m, &reply, e) < 0)
		return -1;
	return expect_job(uw, &reply, e);
}

int unit_stop(struct unit_watch *uw, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };

	if (call_strings(uw->bus, "StopUnit", uw->unit, "replace", &m, &reply, e) < 0)
		return -1;
	return expect_job(uw, &reply, e);
}

static void on_job_removed(struct unit_watch *uw, struct reader *r)
{
	const char *job, *unit, *result;

	reader_u32(r);
	job = reader_path(r);
	unit = reader_str(r);
	result = reader_str(r);
	if (r->fault) return;
	if (str_eq(unit, uw->unit)) uw->changed = true;
	if (uw->job && !uw->job_result && str_eq(job, uw->job))
		uw->job_result = arena_strndup(&uw->m, result, RESULT_MAX);
}

/* A signal contains only what has changed, so it is added to the earlier ones. */
static void add_to_last(struct unit_watch *uw, struct reader *r)
{
	struct arena m = { 0 };

	unit_state_move(&uw->last, &m);
	arena_free(&uw->last_m);
	uw->last_m = m;
	unit_state_read(&uw->last, &uw->last_m, r);
}

/* If the signal says that the unit is not over, its state need not be read. Only a private
 * socket needs the other properties. */
static void on_properties(struct unit_watch *uw, struct arena *m, struct reader *r)
{
	struct unit_state told;
	bool of_unit = str_eq(reader_str(r), NAME ".Unit");

	if (bus_kind(uw->bus) == BUS_PEER) {
		uw->changed = true;
		add_to_last(uw, r);
		if (str_starts(uw->last.sub, "auto-restart")) uw->restarting = true;
		return;
	}
	if (!of_unit) return;
	unit_state_init(&told);
	unit_state_read(&told, m, r);
	if (str_starts(told.sub, "auto-restart")) uw->restarting = true;
	if (r->fault || !*told.active || unit_is_over(&told)) uw->changed = true;
}

/* Handle the next signal. Returns 1, 0 at the deadline, or -1. */
static int next_signal(struct unit_watch *uw, int64_t deadline, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct reader r;
	int n = bus_next_signal(uw->bus, deadline, &m, &msg, e);

	if (n <= 0) return n;
	message_reader(&msg, &r);
	if (!strcmp(msg.member, "JobRemoved")) on_job_removed(uw, &r);
	else if (!strcmp(msg.path, uw->path)) on_properties(uw, &m, &r);
	return 1;
}

/* Signals that have arrived are read even after the deadline, but only for a moment. */
static int64_t deadline_or_soon(int64_t deadline)
{
	int64_t soon = deadline_in(TAKE_MS);

	return deadline > soon ? deadline : soon;
}

int unit_wait_job(struct unit_watch *uw, int64_t deadline, struct err *e)
{
	int64_t end = deadline_or_soon(deadline);

	while (uw->job && !uw->job_result) {
		int n = check_signal(e) < 0 ? -1 : next_signal(uw, deadline, e);

		if (n <= 0) return n;
		if (!deadline_left(end)) return 0;
	}
	return 1;
}

int unit_read(struct unit_watch *uw, struct err *e)
{
	arena_free(&uw->state_m);
	uw->changed = false;
	return unit_get(uw->bus, uw->unit, &uw->state_m, &uw->state, e);
}

/* Handle all signals that have arrived: then one call reads the state for all of them. */
static int handle_signals(struct unit_watch *uw, struct err *e)
{
	int64_t end = deadline_in(TAKE_MS);
	int n;

	while ((n = next_signal(uw, 0, e)) > 0 && deadline_left(end))
		;
	return n;
}

/* Reads the signals once more at the end: on a private socket the last signals of a unit arrive
 * before the reply that it is gone. */
int unit_wait_end(struct unit_watch *uw, int64_t deadline, struct err *e)
{
	for (int late = 0; late < ROUNDS; late += !deadline_left(deadline)) {
		int n;

		if (handle_signals(uw, e) < 0) return -1;
		if (uw->changed && unit_read(uw, e) < 0) return -1;
		if (unit_is_over(&uw->state)) return handle_signals(uw, NULL), 1;
		if (uw->restarting) return 0;
		if (check_signal(e) < 0) return -1;
		n = next_signal(uw, deadline, e);
		if (n <= 0) return n;
	}
	return 0;
}
