/* What the ..._args values of a config say
 *
 * They are split and read once; who makes a plan of them, checks them, looks for what is
 * missing or warns, reads this. What systemd-run or systemd-nspawn would not take is in the
 * faults of each; lines are the config's, 0 for the defaults.
 */
#ifndef JAIL_CONF_OPTIONS_H
#define JAIL_CONF_OPTIONS_H

#include "lib/nspawn/options.h"
#include "lib/nspawn/traits.h"
#include "lib/systemd/run_options.h"
#include "lib/text/faults.h"

struct arena;
struct conf;
struct err;

enum conf_args { CONF_NSPAWN_ARGS, CONF_USER_ARGS, CONF_RUN_ARGS, CONF_RUN_USER_ARGS,
                 CONF_COMMAND, CONF_ENV, CONF_ARGS };

/* A value whose words cannot be told apart: fault.text is NULL when they can. */
struct conf_unread {
	const char *key;
	struct fault fault;
};

struct conf_options {
	struct run_options run;		/* systemd_run_default_args, then ..._user_args */
	struct nspawn_options nspawn;	/* systemd_nspawn_default_args */
	struct nspawn_options user;	/* systemd_nspawn_user_args */
	struct nspawn_traits traits;	/* of both */
	struct split command, env;	/* init_command; n 0: an init is booted. init_env */
	struct conf_unread unread[CONF_ARGS];	/* these have no options above */
};

void conf_options_read(struct arena *m, const struct conf *c, struct conf_options *o);

/* 0 when all values were read; else ERR_INPUT names key and line. */
int conf_options_fail(const struct conf_options *o, struct err *e);

/* conf_parse and these: whether a text is good for a start. */
int conf_usable(struct arena *m, const char *text, struct conf *c, struct conf_options *o,
                struct err *e);

/* All that is wrong with them. */
void conf_options_check(const struct conf_options *o, struct faults *found);

#endif
