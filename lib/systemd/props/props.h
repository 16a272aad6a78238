/* Unit properties, from the text that systemd-run's --property= takes
 *
 * `NAME=TEXT` becomes one or two entries `(sv)` of an open `a(sv)`: the same bytes
 * that systemd-run 252 sends, and what it refuses is refused here. Properties that
 * came with 253 to 257 are known too; an older systemd answers them itself. Values
 * are not judged beyond that: PID 1 does it.
 *
 * Faults are ERR_INPUT and name the property, the text and what it should be. After
 * one the wire is spoiled: wire_done tells the same.
 *
 * Formats: systemd.exec(5), systemd.resource-control(5), systemd.service(5),
 * systemd.unit(5), systemd.time(7), and what systemd-run was seen to send.
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

/* Whether prop_add would take it. */
int prop_check(const char *assignment, struct err *e);

/* The version of systemd that the property came with, 0 for an unknown name; all up
 * to 252 count as 252. For the text when PID 1 answers PropertyReadOnly. */
int prop_since(const char *name);

/* Entries whose value is known already. */
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
	EXEC_VERBATIM = 16,		/* : no $ is looked at in the arguments */
};

/* A command line of a hook: ExecStartPre and its like, also their Ex forms. `argv` includes
 * argv[0]; EXEC_VERBATIM passes it unchanged. */
void prop_exec(struct wire *w, const char *name, const char *path, char *const *argv,
               unsigned flags);

/* -- showing -- */

struct prop_shown {
	const char *name, *sig;
	const char *value;	/* JSON without blanks; bytes as numbers, an fd as its index */
};

/* Read back an `a(sv)` where the reader stands: `*n` entries in the order they are
 * sent. NULL with a fault. */
struct prop_shown *props_show(struct arena *m, struct reader *r, size_t *n, struct err *e);

/* -- names -- */

/* "EXEC" for 203; NULL when the status has no name. */
const char *exit_status_name(int status);

/* The status for a name or a number 0 to 255, -1 for anything else. */
int exit_status_number(const char *text);

/* "SIGKILL", "SIGRTMIN+4"; NULL when there is no such signal. Real-time signals are
 * counted as systemd does, from 34. */
const char *signal_name(struct arena *m, int sig);

/* The signal for a name with or without SIG, or a number; -1 for anything else. */
int signal_number(const char *text);

#endif
