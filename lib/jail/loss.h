/* What a config lost when somebody edited it
 *
 * A full disk, or a program that was ended, leaves a text that is empty or stops somewhere, and
 * that text may well load. People take keys out on purpose, too: the answer is a sentence to
 * ask them with. Values, comments and order are theirs; keys that do nothing are not missed.
 */
#ifndef JAIL_LOSS_H
#define JAIL_LOSS_H

#include <stdbool.h>

struct arena;

struct loss {
	const char *what;	/* "the text is empty"; NULL: nothing to ask about */
	bool is_grave;		/* hardly on purpose: empty, cut off, or most keys are gone */
};

struct loss loss_find(struct arena *m, const char *before, const char *now);

#endif
