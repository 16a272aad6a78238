/* systemd's manager over a bus: units started, watched, stopped
 *
 * A unit that somebody waits for is a struct unit_watch: what happens to it is told
 * by signals, what became of it is read with GetAll, because signals pass through
 * states that do not last (a new unit begins as inactive, and so does one that is
 * about to be started again). One watch waits at a time on one connection; to wait
 * for several units at once use a connection for each.
 *
 * Ask for the reference (the property AddRef, or unit_hold) whenever the end of a
 * unit matters: systemd forgets an unreferenced one at once, and then answers as if
 * it had never been. PID 1's private socket gives none; there the last words of the
 * signals are used, in `last`.
 *
 * A unit may be that of a jail, whose systemd is not trusted: watching one takes no more
 * memory however long it lasts and whatever is told, and a peer that never stops telling
 * keeps nobody from the deadline.
 *
 * Faults: ERR_EXISTS, there is a unit of that name; ERR_MISSING, there is none, or
 * no process in it; else the peer's own words. Interface: org.freedesktop.systemd1(5).
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

/* The states by their names in systemd; "" when not told. Times are microseconds
 * since the epoch, 0: never. */
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
	bool changed;			/* it may be over: `state` must be read */
	bool restarting;		/* it ended, and systemd is about to start it again */
	const char *job;		/* the one we wait for; NULL: none */
	const char *job_result;		/* NULL: not over */
	struct unit_state state;	/* as last read; texts stay until it is read again */
	struct unit_state last;		/* from signals; texts stay until the next one */
};

#define AUTOWATCH __attribute__((cleanup(unit_unwatch)))

/* -- names -- */

/* A text as part of a unit's name: bytes that may not stand there as \xHH, '/' as
 * '-'. Append the type yourself. */
char *unit_escape(struct arena *m, const char *text);

/* The object of a unit, or with another base of anything of systemd's. */
char *unit_path(struct arena *m, const char *unit);
char *object_path(struct arena *m, const char *base, const char *name);

/* -- one unit, watched -- */

/* Listen to what happens to a unit, there yet or not. */
int unit_watch(struct unit_watch *uw, struct bus *b, const char *unit, struct err *e);
void unit_unwatch(struct unit_watch *uw);

/* Go on over another connection, after the first one was lost: listen, hold the unit
 * if it is loaded, read the state. A job that ended while nobody listened has the
 * result "". On failure the watch belongs to the lost connection as before; either
 * way the caller closes both. */
int unit_rewatch(struct unit_watch *uw, struct bus *b, struct err *e);

/* Keep a unit of somebody else's from being forgotten as long as the connection is
 * open; does nothing on a private socket. */
int unit_hold(struct unit_watch *uw, struct err *e);

/* Start a transient unit: begin, append one a(sv) of properties, send. The watch
 * must be there before. Then wait for the job. */
void unit_begin_start(struct wire *w, struct arena *m, const char *unit);
int unit_send_start(struct unit_watch *uw, struct wire *w, struct err *e);

/* Start one that has a file (mode "replace"); then wait for the job. */
int unit_start(struct unit_watch *uw, struct err *e);

/* Stop it (mode "replace"); then wait for the job or for the end. */
int unit_stop(struct unit_watch *uw, struct err *e);

/* Wait until the job is over: 1, 0 when the time is over, -1. Its result is in
 * uw->job_result: "done", "failed", "canceled", "timeout", "dependency", ... Even
 * after "done" look at the state: a unit whose condition is false is not active. */
int unit_wait_job(struct unit_watch *uw, int64_t deadline, struct err *e);

/* Wait until the unit is inactive or failed and has no job, or is not loaded: 1, 0
 * when the time is over or uw->restarting became true (clear it to go on), -1.
 * uw->state is up to date after 1. A deadline of 0 only looks what the signals said
 * so far. */
int unit_wait_end(struct unit_watch *uw, int64_t deadline, struct err *e);

/* Read uw->state now. Asks again for some seconds while systemd is replacing itself
 * (daemon-reexec). A unit that is not loaded is no fault: see state.load. */
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

/* The loaded units whose names match one of the patterns (NULL-ended, glob). NULL
 * with a fault; `*n` of them. */
struct unit_row *unit_list(struct bus *b, char *const *patterns, struct arena *m, size_t *n,
                           struct err *e);

/* The two halves of it, for those who have other questions on the way meanwhile. */
int unit_list_ask(struct bus *b, char *const *patterns, struct arena *m, uint32_t *serial,
                  struct err *e);
struct unit_row *unit_list_reply(struct bus *b, uint32_t serial, struct arena *m, size_t *n,
                                 struct err *e);

/* Be told of units that we hold no reference of. */
int systemd_subscribe(struct bus *b, struct err *e);

/* What systemd says of itself: "running", "starting", "degraded", ... */
const char *systemd_state(struct bus *b, struct arena *m, struct err *e);

#endif
