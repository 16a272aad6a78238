/* A list of faults in a user's file, with line numbers
 *
 * Readers of files that people write do not stop at the first fault: they list all faults, and
 * the caller decides which are fatal. A fault is data: where, how grave, of which kind and
 * about what; the sentence is for people. At most FAULTS_MAX are kept, errors rather than
 * others. Texts follow the rules of base/err.h.
 */
#ifndef TEXT_FAULTS_H
#define TEXT_FAULTS_H

#include <stddef.h>

struct arena;
struct err;

enum { FAULTS_MAX = 100 };

/* The fix of what somebody probably meant as a comment. */
#define FAULT_COMMENT_FIX "'#' begins a comment only on a line of its own"

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

/* The faults in `found` that are not in `old`: compared by kind and subject; neither lines nor
 * words matter. Of two alike, one is new if `old` has one. */
struct faults faults_new(const struct faults *found, const struct faults *old);

/* By line; those of one line keep their order. */
void faults_sort(struct faults *f);

/* The error with the lowest line, or NULL. */
const struct fault *faults_first_error(const struct faults *f);

/* "line 3: TEXT; FIX" */
const char *fault_sentence(struct arena *m, const struct fault *f);

/* Returns 0 if there are no errors, else -1 with ERR_INPUT and the error of the lowest line:
 * "line 3: ...". */
int faults_fail(const struct faults *f, struct err *e);

#endif
