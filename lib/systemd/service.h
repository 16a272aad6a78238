/* What systemd tells of a service beyond its state: its commands, its conditions
 *
 * Read it while the unit is held (systemd1.h): of one that is forgotten nothing is
 * told, which is no fault. Everything lives in the arena. Interfaces:
 * org.freedesktop.systemd1(5), Service and Unit objects.
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
	size_t left;			/* how many follow in the same property */
	const char *path;
	bool ignored;			/* its failure does not matter */
	int32_t code, status;		/* CLD_EXITED and so on; 0: did not end, or never began */
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

/* Did it end badly, and does that matter? Never true of ExecStart, whose end the
 * state of the unit tells. */
bool unit_command_failed(const struct unit_command *c);

enum trial {
	TRIAL_TAKEN,
	TRIAL_REFUSED,			/* the words of systemd are in the fault */
	TRIAL_UNKNOWN,			/* it has no such property */
};

/* The property that makes every start a trial, when it is the last one: no systemd has
 * it. PID 1 looks at all properties before it acts on the first. */
#define TRIAL_PROPERTY "JlmkrTrial"

/* Ask whether systemd takes the properties of the call in `w` (unit_begin_start and one
 * a(sv) that ends in TRIAL_PROPERTY). Starts nothing. -1 when there is no telling. */
int unit_try(struct bus *b, struct wire *w, struct arena *m, struct err *e);

/* The number in systemd's version: 252. -1 with a fault. */
int systemd_version(struct bus *b, struct err *e);

#endif
