#include <string.h>

#include "lib/base/str.h"
#include "lib/systemd/impl.h"
#include "lib/systemd/manager.h"

enum { TEXT_MAX = 4096 };	/* bytes that are kept of a text: enough for a path */

static const struct text_property {
	const char *name;
	size_t at;
} texts[] = {
	{ "Id", offsetof(struct unit_state, id) },
	{ "Description", offsetof(struct unit_state, description) },
	{ "LoadState", offsetof(struct unit_state, load) },
	{ "ActiveState", offsetof(struct unit_state, active) },
	{ "SubState", offsetof(struct unit_state, sub) },
	{ "Result", offsetof(struct unit_state, result) },
	{ "StatusText", offsetof(struct unit_state, status_text) },
	{ "ControlGroup", offsetof(struct unit_state, control_group) },
	{ "WorkingDirectory", offsetof(struct unit_state, working_directory) },
};

static const struct number_property {
	const char *name;
	char type;
	size_t at;
} numbers[] = {
	{ "MainPID", 'u', offsetof(struct unit_state, main_pid) },
	{ "NRestarts", 'u', offsetof(struct unit_state, restarts) },
	{ "ExecMainCode", 'i', offsetof(struct unit_state, exec_code) },
	{ "ExecMainStatus", 'i', offsetof(struct unit_state, exec_status) },
	{ "ActiveEnterTimestamp", 't', offsetof(struct unit_state, active_enter) },
	{ "InactiveEnterTimestamp", 't', offsetof(struct unit_state, inactive_enter) },
	{ "ExecMainStartTimestamp", 't', offsetof(struct unit_state, exec_start) },
	{ "ExecMainExitTimestamp", 't', offsetof(struct unit_state, exec_end) },
	{ "TimeoutStopUSec", 't', offsetof(struct unit_state, stop_timeout) },
	{ "MemoryCurrent", 't', offsetof(struct unit_state, memory) },
	{ "MemoryAvailable", 't', offsetof(struct unit_state, memory_available) },
	{ "TasksCurrent", 't', offsetof(struct unit_state, tasks) },
	{ "TasksMax", 't', offsetof(struct unit_state, tasks_max) },
	{ "CPUUsageNSec", 't', offsetof(struct unit_state, cpu_ns) },
};

void unit_state_init(struct unit_state *s)
{
	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		*(const char **)((char *)s + texts[i].at) = "";
	s->stop_timeout = UNIT_UNKNOWN;
	s->memory = s->memory_available = s->tasks = s->tasks_max = s->cpu_ns = UNIT_UNKNOWN;
}

static bool read_text_property(struct unit_state *s, struct arena *m, const char *name,
                               struct reader *r)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (strcmp(name, texts[i].name) != 0) continue;
		*(const char **)((char *)s + texts[i].at) =
			arena_strndup(m, reader_str(r), TEXT_MAX);
		return true;
	}
	return false;
}

static bool read_number_property(struct unit_state *s, const char *name, char type,
                                 struct reader *r)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		void *at = (char *)s + numbers[i].at;

		if (numbers[i].type != type || strcmp(name, numbers[i].name) != 0) continue;
		switch (type) {
		case 'u': *(uint32_t *)at = reader_u32(r); break;
		case 'i': *(int32_t *)at = reader_i32(r); break;
		case 't': *(uint64_t *)at = reader_u64(r); break;
		}
		return true;
	}
	return false;
}

static void read_job(struct unit_state *s, struct reader *r)
{
	reader_open_struct(r);
	s->job = reader_u32(r);
	reader_close(r);
}

static void read_invocation(struct unit_state *s, struct reader *r)
{
	size_t n;
	const unsigned char *p = reader_bytes(r, &n);

	if (n == sizeof s->invocation_id) memcpy(s->invocation_id, p, n);
}

/* A value of an unexpected type counts as not known. */
static bool read_known(struct unit_state *s, struct arena *m, const char *name, const char *sig,
                       struct reader *r)
{
	if (!strcmp(sig, "s")) return read_text_property(s, m, name, r);
	if (*sig && !sig[1] && read_number_property(s, name, *sig, r)) return true;
	if (str_eq(sig, "(uo)") && str_eq(name, "Job")) return read_job(s, r), true;
	if (str_eq(sig, "ay") && str_eq(name, "InvocationID"))
		return read_invocation(s, r), true;
	return false;
}

void unit_state_read(struct unit_state *s, struct arena *m, struct reader *r)
{
	for (reader_open_array(r, "{sv}"); reader_more(r); reader_close(r)) {
		const char *name, *sig;

		reader_open_entry(r);
		name = reader_str(r);
		sig = reader_variant(r);
		reader_open_variant(r, sig);
		if (!read_known(s, m, name, sig, r)) reader_skip(r);
		reader_close(r);
	}
	reader_close(r);
}

void unit_state_move(struct unit_state *s, struct arena *m)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		const char **text = (const char **)((char *)s + texts[i].at);

		*text = arena_strdup(m, *text);
	}
}

bool unit_is_loaded(const struct unit_state *s)
{
	return strcmp(s->load, "not-found") != 0;
}

bool unit_is_over(const struct unit_state *s)
{
	if (!unit_is_loaded(s)) return true;
	return !s->job && (!strcmp(s->active, "inactive") || !strcmp(s->active, "failed"));
}
