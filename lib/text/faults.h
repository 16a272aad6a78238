/* What is wrong in a user's file, line by line
 *
 * Readers of files that people write do not stop at the first fault: they list what they find,
 * and the caller decides what is fatal. A fault is data: where, how grave, of which kind and
 * about what; the sentence is for people. At most FAULTS_MAX are kept. Texts follow the rules
 * of base/err.h.
 */
#ifndef TEXT_FAULTS_H
#define TEXT_FAULTS_H

#include <stddef.h>

struct arena;
struct err;

enum { FAULTS_MAX = 100 };

enum severity {
	FAULT_ERROR,		/* it cannot be used like this */
	FAULT_WARNING,		/* it probably does not do what its author wants */
	FAULT_HINT,		/* harmless, and worth knowing once */
};

struct fault {
	unsigned line;		/* from 1 */
	enum severity severity;
	const char *kind;	/* "unknown key": the same for all faults of its kind */
	const char *subject;	/* what it is about: a key, an option, a path */
	const char *text;	/* the sentence */
	const char *fix;	/* what to do about it, as a clause; NULL: not known */
};

struct faults {
	struct arena *m;
	struct fault *v;
	size_t n;
};

/* `what` but for its text. Copies the subject and the fix. */
void fault_add(struct faults *f, const struct fault *what, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void faults_add_all(struct faults *to, const struct faults *from);

/* Those of `found` that are not among `old`: compared by kind and subject, wherever they stand
 * and however they are worded. Of two alike, one is new if there was one. */
struct faults faults_new(const struct faults *found, const struct faults *old);

/* By line; those of one line keep their order. */
void faults_sort(struct faults *f);

/* The error with the lowest line, or NULL. */
const struct fault *faults_first_error(const struct faults *f);

/* "line 3: TEXT; FIX" */
const char *fault_sentence(struct arena *m, const struct fault *f);

/* 0 when there are no errors, else -1 and the one with the lowest line as ERR_INPUT:
 * "line 3: ...". */
int faults_fail(const struct faults *f, struct err *e);

#endif
