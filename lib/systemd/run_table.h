/* The table of systemd-run's options, and what each of them does to a struct run_options
 *
 * For run_options.c, which reads words. A row has a function that takes the option, a reason to
 * refuse it, or neither, and then the option is ignored. Names and letters are those of
 * systemd-run 257.
 */
#ifndef SYSTEMD_RUN_TABLE_H
#define SYSTEMD_RUN_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct run_options;

struct run_row {
	const char *name;
	char letter;
	bool value;
	int (*take)(struct run_options *o, const char *value, struct err *e);
	const char *refusal;		/* NULL with a NULL `take`: ignored */
};

const struct run_row *run_row_by_letter(char letter);

/* The row of a whole name, or of the only one that begins so; else NULL, with the first two
 * that begin so in `first`, for run_row_fail_unknown. */
const struct run_row *run_row_by_name(const char *name, size_t len,
                                      const struct run_row *first[2]);
int run_row_fail_unknown(const char *name, size_t len, const struct run_row *const first[2],
                         struct err *e);

/* Add the option's effect to `o`, or say why it cannot be given there. `value` NULL: none. */
int run_row_take(struct run_options *o, const struct run_row *row, const char *value,
                 struct err *e);

#endif
