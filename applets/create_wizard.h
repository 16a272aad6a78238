/* The questions of `jlmkr create` without a name
 *
 * Asked is what the options do not say and, when the jail begins with a template, what
 * that does not say either: its name and whether to start it. Nothing is made here, and
 * nothing that is asked changes anything: ^C and the end of the input leave no trace.
 */
#ifndef APPLETS_CREATE_WIZARD_H
#define APPLETS_CREATE_WIZARD_H

struct create_args;
struct err;
struct host;

struct answers {
	const char *name;
	char **nspawn_args;		/* NULL-ended */
	const char *template_text;	/* pasted, or NULL */
};

/* Fills in `a` where it says nothing, and `out`; ends with a summary. */
int questions_ask(struct host *h, struct create_args *a, struct answers *out, struct err *e);

#endif
