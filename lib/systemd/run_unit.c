#include "lib/systemd/run_unit.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"
#include "lib/systemd/props/impl.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_options.h"
#include "lib/systemd/service.h"
#include "lib/text/split.h"

static int add_all(struct wire *w, char *const *assignments, struct err *e)
{
	for (; assignments && *assignments; assignments++)
		if (prop_add(w, *assignments, e) < 0) return -1;
	return 0;
}

static void add_flags(struct wire *w, const struct run_options *o)
{
	if (o->send_sighup) prop_bool(w, "SendSIGHUP", true);
	if (o->slice) prop_str(w, "Slice", o->slice);
	if (o->remain_after_exit) prop_bool(w, "RemainAfterExit", true);
	if (o->service_type) prop_str(w, "Type", o->service_type);
	if (o->uid) prop_str(w, "User", o->uid);
	if (o->gid) prop_str(w, "Group", o->gid);
	if (o->nice_set) prop_i32(w, "Nice", o->nice);
}

static void add_stdio_fds(struct wire *w, const int *fds)
{
	prop_fd(w, "StandardInputFileDescriptor", fds[0]);
	prop_fd(w, "StandardOutputFileDescriptor", fds[1]);
	prop_fd(w, "StandardErrorFileDescriptor", fds[2]);
}

static void add_environment(struct wire *w, const struct run_options *o,
                            const struct run_unit *u)
{
	struct words env = { .m = w->m };

	for (char *const *v = u->environment; v && *v; v++)
		env_put(&env, *v);
	for (char *const *v = words_list(&o->environment); *v; v++)
		env_put(&env, *v);
	if (env.n) prop_words(w, "Environment", words_list(&env));
}

/* ExecStartEx has a flag for this, but systemd (seen in 252) writes that name into its own unit
 * file and refuses the file when it reads it again: after a daemon-reload the unit is
 * "bad-setting" and cannot even be stopped. */
static char **without_variables(struct arena *m, char *const *argv)
{
	struct words out = { .m = m };

	for (; *argv; argv++)
		words_add(&out, word_without_variables(m, *argv));
	return words_list(&out);
}

int run_unit_add(struct wire *w, const struct run_options *o, const struct run_unit *u,
                 struct err *e)
{
	const char *description = o->description ? o->description : u->description;
	const char *dir = o->working_directory ? o->working_directory : u->working_directory;
	bool verbatim = o->verbatim < 0 ? u->verbatim : o->verbatim;

	wire_open_array(w, "(sv)");
	if (description) prop_str(w, "Description", description);
	if (o->collect) prop_str(w, "CollectMode", "inactive-or-failed");
	if (u->on_broker) prop_bool(w, "AddRef", true);
	if (add_all(w, words_list(&o->properties), e) < 0) return -1;
	if (add_all(w, u->properties, e) < 0) return -1;
	if (u->hooks) u->hooks(w, u->hooks_arg);
	add_flags(w, o);
	if (dir) prop_str(w, "WorkingDirectory", dir);
	if (u->stdio) add_stdio_fds(w, u->stdio);
	add_environment(w, o, u);
	if (u->path)
		prop_exec(w, "ExecStart", u->path,
		          verbatim ? without_variables(w->m, u->argv) : u->argv, 0);
	if (u->trial) prop_str(w, TRIAL_PROPERTY, "");
	wire_close_array(w);
	return w->fault.kind ? fail_as(e, &w->fault) : 0;
}
