/* What a command is: one constant struct in one file
 *
 * A command describes itself: name, one line, help text, options as a table, and
 * the function that does it. The table is read by the parser, by `--help` and by
 * `completion`. To add one: write the file, add a line to all.h, add a test; see
 * README.md beside this file.
 */
#ifndef CLI_APPLET_H
#define CLI_APPLET_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/host.h"

struct arena;
struct words;

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,		/* bool */
	OPT_KIND_TEXT,		/* const char *; NULL when not given */
	OPT_KIND_SWITCH,	/* const char *: "0" or "1"; NULL when not given */
	OPT_KIND_NUMBER,	/* long, not negative */
	OPT_KIND_LIST,		/* struct words: one word for each time it is given */
};

struct opt {
	enum opt_kind kind;
	char letter;		/* -l, or 0 */
	const char *name;	/* --name */
	const char *old;	/* a further spelling with one dash, as in -gi; or NULL */
	size_t offset;		/* into the applet's argument struct */
	const char *arg;	/* what the value is called in the help */
	const char *help;
};

/* An option table names its struct first: #define OPT_INTO start_args */
#define OPT_AT(field) offsetof(struct OPT_INTO, field)
#define OPT_FLAG(l, n, field, h) { OPT_KIND_FLAG, l, n, NULL, OPT_AT(field), NULL, h }
#define OPT_TEXT(l, n, field, a, h) { OPT_KIND_TEXT, l, n, NULL, OPT_AT(field), a, h }
#define OPT_SWITCH(old, n, field, h) { OPT_KIND_SWITCH, 0, n, old, OPT_AT(field), "0|1", h }
#define OPT_NUMBER(l, n, field, a, h) { OPT_KIND_NUMBER, l, n, NULL, OPT_AT(field), a, h }
#define OPT_LIST(l, n, field, a, h) { OPT_KIND_LIST, l, n, NULL, OPT_AT(field), a, h }
#define OPT_END { OPT_KIND_END, 0, NULL, NULL, 0, NULL, NULL }

enum applet_needs {
	NEEDS_DIR = 1,		/* the jailmaker directory is found first */
	NEEDS_ROOT = 2,
	MAY_USE_DIR = 4,		/* host->dir stays NULL when there is none */
	NEEDS_SERVER = 8,		/* of images: where it is */
	NEEDS_OWN_DIR = 16,		/* root runs or writes what is in it: it must be root's */
};

struct applet {
	const char *name;
	const char *brief;	/* one line for `jlmkr help` */
	const char *operands;	/* behind the name in the usage line; "" for none */
	const char *text;	/* paragraphs below the options, each line ended */
	void (*more)(struct arena *m);	/* print what is to stand below the options; or NULL */
	const struct opt *opts;	/* NULL: none */
	const void *defaults;	/* NULL: zeroes */
	size_t args_size;
	int min, max;		/* operands; max < 0: any number */
	bool rest;		/* options end at the first operand: words pass through */
	unsigned needs;

	/* Returns the exit status when it is done, or -1 with `e` filled. */
	int (*run)(struct host *h, const void *args, char *const *operands, struct err *e);
};

/* In the order of all.h, ended by NULL. */
extern const struct applet *const applets[];

/* NULL when there is none. */
const struct applet *applet_find(const char *name);

/* For needs that depend on the options: ERR_HOST, "only root can do this: sudo jlmkr WHAT",
 * or no jailmaker directory. */
int applet_need(struct host *h, const char *what, unsigned needs, struct err *e);

/* Print a fault on stderr: for a command that goes on, or has an exit status of
 * its own. What `run` returns with -1 is printed by main. */
void print_error(const struct err *e);

/* ERR_USAGE, naming the command that was probably meant. */
int applet_unknown(const char *name, struct err *e);

/* What every command takes, before or after its name. */
struct common_args {
	const char *dir;
	bool help, version, verbose, quiet;
};

extern const struct opt common_opts[];

/* Read argv (without the program's name) into `args`, which is as large as
 * a->args_size, and `common`. Returns the operands, NULL-ended, or NULL with
 * ERR_USAGE. `--help` and `--version` end the reading: what is missing does not matter. */
char **opts_parse(struct arena *m, const struct applet *a, char *const *argv, void *args,
                  struct common_args *common, struct err *e);

/* Whether a word is one of its long options, with a value or without. */
bool opts_has(const struct applet *a, const char *word);

/* The options that say what `args` does, as words: those that differ from the defaults. */
void opts_words(const struct applet *a, const void *args, struct words *out);

/* The options that stand before the command's name; `*argv` is moved past them. */
int opts_parse_common(char *const **argv, struct common_args *common, struct err *e);

void help_print_applet(const struct applet *a);
void help_print_all(void);

#endif
