#include "lib/systemd/service.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/systemd/manager.h"

#define NAME "org.freedesktop.systemd1"
#define ROOT "/org/freedesktop/systemd1"

enum { CALL_MS = 25 * 1000 };

static const char command_sig[] = "a(sasbttttuii)", condition_sig[] = "a(sbbsi)";

/* In the order in which systemd runs them: start, then stop. */
static const char *const command_names[] = {
	"ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop",
	"ExecStopPost",
};

enum { COMMAND_NAMES = sizeof command_names / sizeof command_names[0] };

static void read_command(struct unit_command *c, struct arena *m, struct reader *r)
{
	reader_open_struct(r);
	c->path = arena_strdup(m, reader_str(r));
	reader_skip(r);			/* argv */
	c->ignored = reader_bool(r);
	for (int i = 0; i < 4; i++)
		reader_u64(r);		/* times */
	reader_u32(r);			/* pid */
	c->code = reader_i32(r);
	c->status = reader_i32(r);
	reader_close(r);
}

static void read_commands(struct unit_service *s, const char *property, struct arena *m,
                          struct reader *r)
{
	size_t first = s->command_count, room = first;

	for (reader_open_array(r, command_sig + 1); reader_more(r);) {
		struct unit_command *c;

		s->commands = arena_grow(m, s->commands, s->command_count, &room, sizeof *c);
		c = &s->commands[s->command_count++];
		*c = (struct unit_command){ .property = property };
		read_command(c, m, r);
	}
	reader_close(r);
	for (size_t i = first; i < s->command_count; i++)
		s->commands[i].left = s->command_count - 1 - i;
}

/* A negative last member means that the condition was false. */
static void read_conditions(struct unit_service *s, struct arena *m, struct reader *r)
{
	size_t room = s->unmet_count;

	for (reader_open_array(r, condition_sig + 1); reader_more(r); reader_close(r)) {
		struct unit_condition c;

		reader_open_struct(r);
		c.name = arena_strdup(m, reader_str(r));
		reader_bool(r);
		c.negated = reader_bool(r);
		c.value = arena_strdup(m, reader_str(r));
		if (reader_i32(r) >= 0) continue;
		s->unmet = arena_grow(m, s->unmet, s->unmet_count, &room, sizeof c);
		s->unmet[s->unmet_count++] = c;
	}
	reader_close(r);
}

static void read_service_property(struct unit_service *s, struct unit_service parts[],
                                  const char *name, const char *sig, struct arena *m,
                                  struct reader *r)
{
	if (str_eq(sig, command_sig))
		for (size_t i = 0; i < COMMAND_NAMES; i++)
			if (str_eq(name, command_names[i])) {
				read_commands(&parts[i], command_names[i], m, r);
				return;
			}
	if (str_eq(sig, condition_sig) &&
	    (str_eq(name, "Conditions") || str_eq(name, "Asserts")))
		read_conditions(s, m, r);
	else if (str_eq(sig, "t") && str_eq(name, "TimeoutStartUSec"))
		s->start_timeout = reader_u64(r);
	else
		reader_skip(r);
}

static void join_commands(struct unit_service *s, const struct unit_service parts[],
                          struct arena *m)
{
	for (size_t i = 0; i < COMMAND_NAMES; i++)
		s->command_count += parts[i].command_count;
	s->commands = arena_array(m, s->command_count + 1, sizeof *s->commands);
	for (size_t i = 0, n = 0; i < COMMAND_NAMES; n += parts[i++].command_count)
		if (parts[i].command_count)
			memcpy(s->commands + n, parts[i].commands,
			       parts[i].command_count * sizeof *s->commands);
}

int unit_service(struct bus *b, const char *unit, struct arena *m, struct unit_service *s,
                 struct err *e)
{
	const struct bus_dest to = { NAME, unit_path(m, unit),
	                             "org.freedesktop.DBus.Properties" };
	struct unit_service parts[COMMAND_NAMES] = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct wire *w = arena_alloc(m, sizeof *w);
	struct reader r;

	*s = (struct unit_service){ .start_timeout = UNIT_UNKNOWN };
	wire_init(w, m);
	wire_str(w, "");
	if (bus_call(b, &to, "GetAll", w, deadline_in(CALL_MS), m, &reply, e) < 0) return -1;
	message_reader(&reply, &r);
	for (reader_open_array(&r, "{sv}"); reader_more(&r); reader_close(&r)) {
		const char *name, *sig;

		reader_open_entry(&r);
		name = reader_str(&r);
		sig = reader_variant(&r);
		reader_open_variant(&r, sig);
		read_service_property(s, parts, name, sig, m, &r);
		reader_close(&r);
	}
	reader_close(&r);
	join_commands(s, parts, m);
	return reader_done(&r, e);
}

bool unit_command_failed(const struct unit_command *c)
{
	if (!c->code || c->ignored || str_eq(c->property, "ExecStart")) return false;
	return c->code != CLD_EXITED || c->status;
}

int unit_try(struct bus *b, struct wire *w, struct arena *m, struct err *e)
{
	static const struct bus_dest manager = { NAME, ROOT, NAME ".Manager" };
	AUTOMESSAGE struct message reply = { 0 };
	struct err why = { 0 };

	wire_open_array(w, "(sa(sv))");
	wire_close_array(w);
	if (bus_call(b, &manager, "StartTransientUnit", w, deadline_in(CALL_MS), m, &reply,
	             &why) == 0)
		return fail(e, ERR_HOST, "systemd knows the property " TRIAL_PROPERTY);
	if (e) *e = why;
	if (!reply.error) return -1;
	if (strstr(why.text, TRIAL_PROPERTY)) return TRIAL_TAKEN;
	if (message_is_error(&reply, "org.freedesktop.DBus.Error.PropertyReadOnly"))
		return TRIAL_UNKNOWN;
	return TRIAL_REFUSED;
}

int systemd_version(struct bus *b, struct err *e)
{
	static const struct bus_dest to = { NAME, ROOT, "org.freedesktop.DBus.Properties" };
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct wire *w = arena_alloc(&m, sizeof *w);
	struct reader r;
	int version;

	wire_init(w, &m);
	wire_str(w, NAME ".Manager");
	wire_str(w, "Version");
	if (bus_call(b, &to, "Get", w, deadline_in(CALL_MS), &m, &reply, e) < 0) return -1;
	message_reader(&reply, &r);
	reader_open_variant(&r, "s");
	version = atoi(reader_str(&r));
	if (reader_done(&r, e) < 0) return -1;
	return version > 0 ? version : fail(e, ERR_HOST, "systemd reports no version");
}
