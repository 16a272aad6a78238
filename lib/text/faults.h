/* A list of faults in a user's file, with line numbers
 *
 * Readers of files that people write do not stop at the first fault: they list all
 * faults, and the caller decides which are fatal. At most FAULTS_MAX are kept.
 * Texts follow the rules of base/err.h.
 */
#ifndef TEXT_FAULTS_H
#define TEXT_FAULTS_H

#include <stddef.h>

struct arena;
struct err;

enum { FAULTS_MAX = 100 };

struct fault {
	unsigned line;		/* from 1 */
	const char *text;
};

struct faults {
	struct arena *m;
	struct fault *v;
	size_t n;
};

void fault_add(struct faults *f, unsigned line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void faults_add_all(struct faults *to, const struct faults *from);

/* The faults in `found` whose texts are not in `old`; line numbers do not matter. */
struct faults faults_new(const struct faults *found, const struct faults *old);

/* Returns 0 if there are none, else -1 with ERR_INPUT and the fault of the lowest line:
 * "line 3: ...". */
int faults_fail(const struct faults *f, struct err *e);

#endif
