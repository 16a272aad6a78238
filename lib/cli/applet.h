/* A command: one constant struct in one file
 *
 * The struct describes the command: name, one line, help text, options as a table, and the
 * function that runs it. The parser, `--help` and `completion` all read the table. To add a
 * command, see applets/README.md.
 */
#ifndef CLI_APPLET_H
#define CLI_APPLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/host.h"

struct arena;
struct words;

enum opt_kind {
	OPT_KIND_END,
	OPT_KIND_FLAG,		/* bool */
	OPT_KIND_TEXT,		/* const char *; NULL when not given */
	/* const char *: "0" or "1", from any word of text/bool.h; NULL when not given */
	OPT_KIND_SWITCH,
	OPT_KIND_NUMBER,	/* long, not negative */
	OPT_KIND_LIST,		/* struct words: one word for each time it is given */
};

struct opt {
	enum opt_kind kind;
	char letter;		/* -l, or 0 */
	const char *name;	/* --name */
	const char *old;	/* a further spelling with one dash, as in -gi; or NULL */
	size_t offset;		/* into the applet's argument struct */
	const char *arg;	/* name of the value in the help */
	const char *help;
};

/* Before an option table, name its struct: #define OPT_INTO start_args */
#define OPT_AT(field) offsetof(struct OPT_INTO, field)
#define OPT_FLAG(l, n, field, h) { OPT_KIND_FLAG, l, n, NULL, OPT_AT(field), NULL, h }
#define OPT_TEXT(l, n, field, a, h) { OPT_KIND_TEXT, l, n, NULL, OPT_AT(field), a, h }
#define OPT_SWITCH(old, n, field, h) { OPT_KIND_SWITCH, 0, n, old, OPT_AT(field), "0|1", h }
#define OPT_NUMBER(l, n, field, a, h) { OPT_KIND_NUMBER, l, n, NULL, OPT_AT(field), a, h }
#define OPT_LIST(l, n, field, a, h) { OPT_KIND_LIST, l, n, NULL, OPT_AT(field), a, h }
#define OPT_END { OPT_KIND_END, 0, NULL, NULL, 0, NULL, NULL }

enum applet_needs {
	NEEDS_DIR = 1,		/* the jailmaker directory, in host->dir */
	NEEDS_ROOT = 2,
	MAY_USE_DIR = 4,	/* as NEEDS_DIR, but host->dir is NULL if there is none */
	NEEDS_SERVER = 8,	/* the address of the image server, in host->image_server */
	NEEDS_OWN_DIR = 16,	/* only root can change the directory: root runs its files */
	PROGRAM_DIR_WILL_DO = 32,	/* with NEEDS_DIR: if nothing else is found */
};

struct applet {
	const char *name;
	const char *brief;	/* one line for `jlmkr help` */
	const char *operands;	/* after the name in the usage line; "" for none */
	const char *text;	/* paragraphs for the help; each line ends with \n */
	void (*more)(struct arena *m);	/* print what is to stand below the options; or NULL */
	const struct opt *opts;	/* NULL: none */
	const void *defaults;	/* NULL: zeroes */
	size_t args_size;
	int min, max;		/* operands; max < 0: any number */
	bool rest;		/* options end at the first operand; the rest is left alone */
	bool rest_dashes;	/* a -- right after it is left too, instead of being dropped */
	unsigned needs;

	/* With rest: options of another program may stand before the first operand too; they
	 * are passed on after it. The list has those whose value is the next word, separated by
	 * blanks: "-o --output -n#"; with a # only if that word is a number. NULL: there are
	 * none. */
	const char *foreign;

	/* Returns the exit status, or -1 with `e` set. */
	int (*run)(struct host *h, const void *args, char *const *operands, struct err *e);
};

/* In the order of all.h; ends with NULL. */
extern const struct applet *const applets[];

/* NULL if there is none. */
const struct applet *applet_find(const char *name);

/* For needs that depend on the options. ERR_HOST: "only root can do this: sudo jlmkr ...", with
 * all that was typed, or `what` if that is long; or there is no jailmaker directory. */
int applet_need(struct host *h, const char *what, unsigned needs, struct err *e);

/* Print a fault on stderr, for commands that continue or have exit statuses of their own. When
 * `run` returns -1, main prints the fault. */
void print_error(const struct err *e);

/* Always fails with ERR_USAGE, and names the command that was probably meant. */
int applet_unknown(const char *name, struct err *e);

/* Options of every command, before or after its name. */
struct common_args {
	const char *dir;
	bool help, version, verbose, quiet;
};

extern const struct opt common_opts[];

/* Parse argv (without the program's name) into `args`, which has a->args_size bytes, and
 * `common`. Returns the operands, which end with NULL; on failure NULL with ERR_USAGE. Parsing
 * stops at `--help` and `--version`, so that missing operands do not matter then. */
char **opts_parse(struct arena *m, const struct applet *a, char *const *argv, void *args,
                  struct common_args *common, struct err *e);

/* Read the value of --NAME, a size (base/size.h); NULL, when it is not given, changes nothing.
 * ERR_USAGE. */
int opts_size(const char *name, const char *value, uint64_t *bytes, struct err *e);

/* The option of its own, or of all commands, that a word is: `--name`, `--name=value`, `-l`, or
 * the old spelling. NULL: none. */
const struct opt *opts_find(const struct applet *a, const char *word);

/* Turn `args` back into words: the options that differ from the defaults. */
void opts_words(const struct applet *a, const void *args, struct words *out);

/* Parse the options before the command's name; moves `*argv` past them. */
int opts_parse_common(char *const **argv, struct common_args *common, struct err *e);

void help_print_applet(const struct applet *a);
void help_print_all(void);

#endif
