/* The questions of `jlmkr create` without a name
 *
 * Asked is what the options do not say; when the jail begins with a template, neither the image
 * nor GPUs, which that says. Nothing is made here, and
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
	const char *template_text;	/* pasted or changed, or NULL */
};

/* Fills in `a` where it says nothing, and `out`; ends with a summary and a last question. When
 * flags are added to a template, out->template_text takes the place of the template in `a`. */
int questions_ask(struct host *h, struct create_args *a, struct answers *out, struct err *e);

#endif
