/* Unit properties, from the text that systemd-run's --property= takes
 *
 * `NAME=TEXT` becomes one or two entries `(sv)` of an open `a(sv)`: the same bytes that
 * systemd-run 252 sends. What systemd-run refuses is refused here. Properties that are new in
 * 253 to 257 are known too; an older systemd refuses them itself. Whether a value makes sense
 * is decided by PID 1.
 *
 * Faults are ERR_INPUT and name the property, the text and what it should be. After a fault the
 * wire cannot be sent: wire_done returns the same fault.
 *
 * Formats: systemd.exec(5), systemd.resource-control(5), systemd.service(5), systemd.unit(5),
 * systemd.time(7), and what systemd-run was seen to send.
 */
#ifndef SYSTEMD_PROPS_PROPS_H
#define SYSTEMD_PROPS_PROPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct reader;
struct wire;

/* Append the entries of one assignment. */
int prop_add(struct wire *w, const char *assignment, struct err *e);

/* 0 if prop_add would accept it. */
int prop_check(const char *assignment, struct err *e);

/* The version of systemd that introduced the property; 252 for all up to 252, 0 for an unknown
 * name. For the fault if PID 1 answers PropertyReadOnly. */
int prop_since(const char *name);

/* Append an entry with a given value. */
void prop_str(struct wire *w, const char *name, const char *value);
void prop_bool(struct wire *w, const char *name, bool value);
void prop_i32(struct wire *w, const char *name, int32_t value);
void prop_u32(struct wire *w, const char *name, uint32_t value);
void prop_u64(struct wire *w, const char *name, uint64_t value);
void prop_fd(struct wire *w, const char *name, int fd);
void prop_words(struct wire *w, const char *name, char *const *words);
void prop_bytes(struct wire *w, const char *name, const void *p, size_t n);

enum exec_flags {
	EXEC_IGNORE_FAILURE = 1,	/* - */
	EXEC_PRIVILEGED = 2,		/* + */
	EXEC_NO_SETUID = 4,		/* ! */
	EXEC_AMBIENT = 8,		/* !! */
	EXEC_VERBATIM = 16,		/* : no $ is expanded in the arguments */
};

/* Append the command line of a hook: ExecStartPre and the like, also their Ex forms. `argv`
 * includes argv[0]; EXEC_VERBATIM passes it unchanged. */
void prop_exec(struct wire *w, const char *name, const char *path, char *const *argv,
               unsigned flags);

/* -- showing -- */

struct prop_shown {
	const char *name, *sig;
	const char *value;	/* JSON without blanks; bytes as numbers, an fd as its index */
};

/* Read an `a(sv)` at the reader's position: its `*n` entries, in order. NULL on failure. */
struct prop_shown *props_show(struct arena *m, struct reader *r, size_t *n, struct err *e);

/* -- names -- */

/* "EXEC" for 203; NULL if the status has no name. */
const char *exit_status_name(int status);

/* The status for a name or a number 0 to 255, -1 for anything else. */
int exit_status_number(const char *text);

/* "SIGKILL", "SIGRTMIN+4"; NULL if there is no such signal. Real-time signals begin at 34, as
 * in systemd. */
const char *signal_name(struct arena *m, int sig);

/* The signal for a name with or without SIG, or a number; -1 for anything else. */
int signal_number(const char *text);

#endif
