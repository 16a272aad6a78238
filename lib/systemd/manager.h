/* systemd's manager over a bus: start, watch and stop units
 *
 * To wait for a unit, use a struct unit_watch. Signals say that something happened to the unit;
 * GetAll then reads its state, because signals pass through states that do not last: a new unit
 * begins as inactive, and so does one that is about to be restarted. On one connection only one
 * watch can wait at a time; to wait for several units, use a connection for each.
 *
 * Request a reference (the property AddRef, or unit_hold) whenever the end of a unit matters:
 * systemd forgets an unreferenced unit at once, and then answers as if it had never existed.
 * PID 1's private socket has no references; there the last signals are kept in `last`.
 *
 * The unit may be one in a jail, whose systemd is not trusted. Watching a unit uses a bounded
 * amount of memory, however long it lasts, and a peer that never stops sending cannot delay the
 * deadline.
 *
 * Faults: ERR_EXISTS, there is a unit of that name; ERR_MISSING, there is none, or no process
 * in it; else the peer's own words. Interface: org.freedesktop.systemd1(5).
 */
#ifndef SYSTEMD_MANAGER_H
#define SYSTEMD_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dbus/message.h"

struct arena;
struct bus;
struct err;

#define UNIT_UNKNOWN UINT64_MAX		/* a number that systemd does not know */

/* The states have their names in systemd; "" if not known. Times are microseconds since the
 * epoch; 0: never. */
struct unit_state {
	const char *id, *description;
	const char *load;		/* loaded, not-found, ... */
	const char *active;		/* active, activating, deactivating, inactive, failed */
	const char *sub, *result, *status_text, *control_group, *working_directory;
	uint32_t main_pid, restarts;
	int32_t exec_code, exec_status;	/* CLD_EXITED and so on, and status or signal */
	uint64_t active_enter, inactive_enter, exec_start, exec_end;
	uint64_t stop_timeout;		/* TimeoutStopUSec; UNIT_UNKNOWN: none */
	uint64_t memory, memory_available, tasks, tasks_max, cpu_ns;
	uint32_t job;			/* 0: none */
	uint8_t invocation_id[16];	/* zeros: none */
};

struct unit_watch {
	struct bus *bus;
	struct arena m;			/* of name, path, job */
	struct arena state_m, last_m;
	const char *unit, *path;
	int on_change, on_job;		/* matches */
	bool changed;			/* it may have ended: `state` must be read */
	bool restarting;		/* it ended, and systemd is about to restart it */
	const char *job;		/* the job to wait for; NULL: none */
	const char *job_result;		/* NULL: the job has not ended */
	struct unit_state state;	/* as last read; texts live until the next read */
	struct unit_state last;		/* from signals; texts live until the next signal */
};

#define AUTOWATCH __attribute__((cleanup(unit_unwatch)))

/* -- names -- */

/* The D-Bus object path of a unit. */
char *unit_path(struct arena *m, const char *unit);

/* -- one unit, watched -- */

/* Subscribe to the signals of a unit, which need not exist yet. */
int unit_watch(struct unit_watch *uw, struct bus *b, const char *unit, struct err *e);
void unit_unwatch(struct unit_watch *uw);

/* Continue on another connection after the first one was lost: subscribe, hold the unit if it
 * is loaded, and read its state. A job that ended in between has the result "". On failure the
 * watch still belongs to the lost connection. The caller closes both connections in any
 * case. */
int unit_rewatch(struct unit_watch *uw, struct bus *b, struct err *e);

/* Keep systemd from forgetting a unit that others started, as long as the connection is open.
 * Does nothing on a private socket. */
int unit_hold(struct unit_watch *uw, struct err *e);

/* Start a transient unit: begin, append one a(sv) of properties, send, then wait for the job.
 * Create the watch before. */
void unit_begin_start(struct wire *w, struct arena *m, const char *unit);
int unit_send_start(struct unit_watch *uw, struct wire *w, struct err *e);

/* Start a unit that has a file (mode "replace"); then wait for the job. */
int unit_start(struct unit_watch *uw, struct err *e);

/* Stop the unit (mode "replace"); then wait for the job or for the end. */
int unit_stop(struct unit_watch *uw, struct err *e);

/* Wait for the end of the job. Returns 1, 0 at the deadline, or -1. Its result is in
 * uw->job_result: "done", "failed", "canceled", "timeout", "dependency", ... Check the state
 * even after "done": a unit whose condition is false is not active. */
int unit_wait_job(struct unit_watch *uw, int64_t deadline, struct err *e);

/* Wait until the unit is inactive or failed and has no job, or is not loaded. Returns 1, and
 * uw->state is up to date; 0 at the deadline, or when uw->restarting became true (clear it to
 * continue); or -1. A deadline of 0 only reads the signals that have arrived. */
int unit_wait_end(struct unit_watch *uw, int64_t deadline, struct err *e);

/* Read uw->state now. Tries for some seconds while systemd replaces itself (daemon-reexec). A
 * unit that is not loaded is not a fault: see state.load. */
int unit_read(struct unit_watch *uw, struct err *e);

bool unit_is_loaded(const struct unit_state *s);
bool unit_is_over(const struct unit_state *s);

/* -- without a watch -- */

int unit_get(struct bus *b, const char *unit, struct arena *m, struct unit_state *s,
             struct err *e);

/* `who` is "main", "control" or "all". */
int unit_kill(struct bus *b, const char *unit, const char *who, int sig, struct err *e);
int unit_reset_failed(struct bus *b, const char *unit, struct err *e);

struct unit_row {
	const char *id, *description, *load, *active, *sub;
	uint32_t job;
};

/* The `*n` loaded units whose names match one of the glob patterns, which end with NULL.
 * Returns NULL on failure. */
struct unit_row *unit_list(struct bus *b, char *const *patterns, struct arena *m, size_t *n,
                           struct err *e);

/* The two halves of unit_list, for callers that send other calls in between. */
int unit_list_ask(struct bus *b, char *const *patterns, struct arena *m, uint32_t *serial,
                  struct err *e);
struct unit_row *unit_list_reply(struct bus *b, uint32_t serial, struct arena *m, size_t *n,
                                 struct err *e);

/* Receive signals also about units of which we hold no reference. */
int systemd_subscribe(struct bus *b, struct err *e);

/* The state of systemd itself: "running", "starting", "degraded", ... */
const char *systemd_state(struct bus *b, struct arena *m, struct err *e);

#endif
