#include "lib/jail/conf_options.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/jail/conf.h"

static struct split split_value(struct arena *m, const struct conf_text *t,
                                struct conf_unread *unread)
{
	struct split words;

	*unread = (struct conf_unread){ .key = t->key };
	if (conf_words(m, t, &words, NULL) < 0) {
		unread->fault = words.fault;
		return (struct split){ 0 };
	}
	if (!t->line && words.n) memset(words.lines, 0, words.n * sizeof *words.lines);
	return words;
}

void conf_options_read(struct arena *m, const struct conf *c, struct conf_options *o)
{
	struct split words = split_value(m, &c->run_args, &o->unread[CONF_RUN_ARGS]);
	struct run_options user;

	run_options_parse(&o->run, m, &words);
	words = split_value(m, &c->run_user_args, &o->unread[CONF_RUN_USER_ARGS]);
	run_options_parse(&user, m, &words);
	run_options_append(&o->run, &user);
	words = split_value(m, &c->nspawn_args, &o->unread[CONF_NSPAWN_ARGS]);
	nspawn_options_parse(&o->nspawn, m, &words);
	words = split_value(m, &c->user_args, &o->unread[CONF_USER_ARGS]);
	nspawn_options_parse(&o->user, m, &words);
	o->command = split_value(m, &c->init_command, &o->unread[CONF_COMMAND]);
	o->env = split_value(m, &c->init_env, &o->unread[CONF_ENV]);
	o->traits = (struct nspawn_traits){ 0 };
	nspawn_traits_add(&o->traits, &o->nspawn);
	nspawn_traits_add(&o->traits, &o->user);
}

int conf_options_fail(const struct conf_options *o, struct err *e)
{
	for (size_t i = 0; i < CONF_ARGS; i++) {
		const struct conf_unread *u = &o->unread[i];

		if (u->fault.text)
			return fail(e, ERR_INPUT, "%s: line %u: %s", u->key, u->fault.line,
			            u->fault.text);
	}
	return 0;
}

int conf_usable(struct arena *m, const char *text, struct conf *c, struct conf_options *o,
                struct err *e)
{
	if (conf_parse(m, text, c, e) < 0) return -1;
	conf_options_read(m, c, o);
	return conf_options_fail(o, e);
}

static void add_unread(struct faults *to, const struct conf_unread *u)
{
	if (u->fault.text)
		fault_add(to, &(struct fault){ .line = u->fault.line, .kind = "quoting",
		                               .subject = u->key },
		          "%s: %s", u->key, u->fault.text);
}

void conf_options_check(const struct conf_options *o, struct faults *found)
{
	add_unread(found, &o->unread[CONF_COMMAND]);
	add_unread(found, &o->unread[CONF_ENV]);
	add_unread(found, &o->unread[CONF_RUN_ARGS]);
	add_unread(found, &o->unread[CONF_RUN_USER_ARGS]);
	add_unread(found, &o->unread[CONF_NSPAWN_ARGS]);
	faults_add_all(found, &o->nspawn.faults);
	add_unread(found, &o->unread[CONF_USER_ARGS]);
	faults_add_all(found, &o->user.faults);
	faults_add_all(found, &o->run.faults);
}
