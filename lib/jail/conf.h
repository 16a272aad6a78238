/* A jail's config, typed
 *
 * One table in conf.c knows the keys; it is the reader, the defaults and the check
 * for `set`. Values that are absent take the default and have line 0. A text with
 * faults (text/ini.h) or with a switch that is neither on nor off does not load.
 * Everything else is left for later: unknown keys and the like are notes, and the
 * words of the ..._args values are read when they are needed (conf_options.h).
 *
 * Texts are bounded (CONF_MAX) and kept byte for byte where nothing was asked to
 * change: comments, order, indentation.
 */
#ifndef JAIL_CONF_H
#define JAIL_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/text/ini.h"
#include "lib/text/split.h"

struct arena;
struct err;

enum { CONF_MAX = 1024 * 1024 };

struct conf_switch {
	bool on;
	unsigned line;
};

/* Never NULL. Line N of the text (from 0) is line + N of the file. */
struct conf_text {
	const char *key;
	const char *text;
	unsigned line;
};

struct conf {
	struct conf_switch startup, gpu_intel, gpu_nvidia, seccomp, auto_snapshot, init_pid1;
	struct conf_text user_args;	/* systemd_nspawn_user_args */
	struct conf_text nspawn_args;	/* systemd_nspawn_default_args */
	struct conf_text run_args;	/* systemd_run_default_args */
	struct conf_text run_user_args;	/* systemd_run_user_args */
	struct conf_text pre_start_hook, post_start_hook, post_stop_hook;
	struct conf_text hostname;	/* "": the jail's name */
	struct conf_text distro, release, initial_setup;
	struct conf_text snapshot_keep;	/* keep.h */
	struct conf_text quota;		/* base/size.h; "": none */
	/* What runs instead of an init (command.h); init_command "": it boots one. */
	struct conf_text init_command, init_env, init_user, init_directory, stop_signal;
	struct conf_text image, image_digest, image_volumes;	/* what `update` looks at */
	struct faults notes;		/* warnings and hints: unknown keys, sections */
};

/* The text of a config or a template that a user names; "-" is standard input. Faults name it.
 * It may be a pipe (as from the shell's `<(...)`), /dev/null, or whatever standard input is; no
 * other device is opened. A pipe that nobody writes to is given up after some seconds. */
char *conf_read_named(struct arena *m, const char *path, struct err *e);

/* The same of a regular file beneath a directory descriptor; faults call it `shown`. */
char *conf_read_file(struct arena *m, int dir, const char *file, const char *shown,
                     struct err *e);

/* Copy the config in the directory `from`, which faults call `shown`, to a new file `as` in the
 * directory `to`. */
int conf_copy(struct arena *m, int from, const char *shown, int to, const char *as,
              struct err *e);

/* As conf_read_file, of one that root is to run or to write again: ERR_UNTRUSTED unless it is
 * root's alone (disk/owner.h). conf_open_own opens it only. */
char *conf_read_own(struct arena *m, int dir, const char *file, const char *shown,
                    struct err *e);
int conf_open_own(int dir, const char *file, const char *shown, struct err *e);

int conf_parse(struct arena *m, const char *text, struct conf *c, struct err *e);

/* What conf_read_file gives, parsed. */
int conf_load(struct arena *m, int dir, const char *file, const char *shown, struct conf *c,
              struct err *e);

/* The words of an args value: comment lines skipped. ERR_INPUT names line and key. */
int conf_words(struct arena *m, const struct conf_text *t, struct split *out,
               struct err *e);

/* The config of a jail that was created without a template, every key explained. */
char *conf_default_text(struct arena *m);

/* The names of all keys, in the order of the default text; NULL behind the last. */
const char *conf_key(size_t i);

/* All keys with what they mean and their defaults, for a help text: the default text in other
 * words. */
char *conf_help(struct arena *m);

/* The value that counts, "1" and "0" for switches; ERR_USAGE for an unknown key.
 * Capitals in keys do not matter, here and below: the reader of files does not see them. */
const char *conf_value(const struct conf *c, const char *key, struct err *e);
bool conf_has_key(const char *key);
bool conf_is_switch(const char *key);

/* What reads a key after it was changed. */
enum conf_use {
	CONF_AT_START,		/* the next start of the jail */
	CONF_AT_STARTUP,	/* the next `startup` */
	CONF_AT_SETUP,		/* its first start, or `setup` */
	CONF_AT_CREATE,		/* nothing: `create` has used it */
	CONF_AT_ONCE,		/* the command that changes it, or the next `snapshot` */
	CONF_AT_UPDATE,		/* the next `update` */
};

enum conf_use conf_use(const char *key);

/* ERR_INPUT if the value of snapshot_keep, quota or image_volumes cannot be read. conf_parse
 * leaves that to who needs it: such a jail still starts. */
int conf_text_check(const struct conf_text *t, struct err *e);

/* All that can be read of a text, with all that is wrong with it, to be told at once. Whether
 * it loads. The words of its ..._args values are not looked at: conf_check.h looks at
 * everything. */
bool conf_read_all(struct arena *m, const char *text, struct conf *c, struct faults *found);

/* The text with one value changed, checked; see ini_set. `value` NULL: without the key. */
char *conf_set(struct arena *m, const char *text, const char *key, const char *value,
               struct err *e);

/* The same with the value as one more line of what counts now. ERR_USAGE unless the key is one
 * of the ..._args. */
char *conf_add(struct arena *m, const char *text, const char *key, const char *value,
               struct err *e);

struct conf_override {
	const char *key, *value;	/* value NULL: leave the template's */
};

/* The config for a new jail: the template (NULL: the default) with the overrides
 * (ended by a NULL key) in place. `user_args` (NULL or NULL-ended), if any, replace
 * the template's systemd_nspawn_user_args, one a line, each quoted if nspawn would
 * else not get it as it is. An argument with blanks stays when it is quoted already, or
 * is several options: the Python tool put them into the config as they were. */
char *conf_render(struct arena *m, const char *template_text,
                  const struct conf_override *overrides, char *const *user_args,
                  struct err *e);

#endif
