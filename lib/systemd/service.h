/* A service beyond its state: its commands and conditions
 *
 * Read it while the unit is held (manager.h): a unit that systemd has forgotten has none, which
 * is not a fault. Everything lives in the arena. Interfaces: org.freedesktop.systemd1(5),
 * Service and Unit objects.
 */
#ifndef SYSTEMD_SERVICE_H
#define SYSTEMD_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct bus;
struct err;
struct wire;

struct unit_command {
	const char *property;		/* ExecStartPre, ExecStart, ... */
	size_t left;			/* commands that follow in the same property */
	const char *path;
	bool ignored;			/* its failure does not matter */
	int32_t code, status;		/* CLD_EXITED and so on; 0: not started, or not ended */
};

struct unit_condition {
	const char *name, *value;	/* ConditionPathExists, /x */
	bool negated;
};

struct unit_service {
	struct unit_command *commands;	/* in the order in which a start runs them */
	size_t command_count;
	struct unit_condition *unmet;	/* conditions and asserts that were false */
	size_t unmet_count;
	uint64_t start_timeout;		/* TimeoutStartUSec; UNIT_UNKNOWN: none */
};

int unit_service(struct bus *b, const char *unit, struct arena *m, struct unit_service *s,
                 struct err *e);

/* Did the command fail, and is that failure not ignored? Always false for ExecStart, whose end
 * is in the state of the unit. */
bool unit_command_failed(const struct unit_command *c);

enum trial {
	TRIAL_TAKEN,
	TRIAL_REFUSED,			/* the fault has systemd's words */
	TRIAL_UNKNOWN,			/* it does not know one of the properties */
};

/* No systemd has this property. As the last one it turns a start into a trial: PID 1 checks all
 * properties before it acts on the first. */
#define TRIAL_PROPERTY "JlmkrTrial"

/* Ask whether systemd accepts the properties of the call in `w` (unit_begin_start and one a(sv)
 * that ends with TRIAL_PROPERTY). Starts nothing. Returns an enum trial, or -1 if systemd gave
 * no answer. */
int unit_try(struct bus *b, struct wire *w, struct arena *m, struct err *e);

/* The major version of systemd, such as 252; -1 on failure. */
int systemd_version(struct bus *b, struct err *e);

#endif
