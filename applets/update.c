/* The newest images for jails that were made from a registry. */

#include "lib/cli/applet.h"

#include <inttypes.h>

#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/cli/batch.h"
#include "lib/ops/update.h"

/* The exit status of --check; no fault has this one. */
enum { HAS_UPDATE = 100, SHOWN = 19 };

struct update_args {
	bool all, check, dry_run, stop, restart;
	long timeout, max_files;
	const char *max_size, *allow_devices;
};

#define OPT_INTO update_args
static const struct opt update_opts[] = {
	OPT_FLAG('a', "all", all, "every jail that was made from a registry"),
	OPT_FLAG(0, "check", check, "only tell which jails have an update"),
	OPT_FLAG('n', "dry-run", dry_run, "show what would be done, and do nothing"),
	OPT_FLAG(0, "stop", stop, "stop the jail first, if it runs"),
	OPT_FLAG(0, "restart", restart, "the same, and start it again afterwards"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending the jail (90 or more)"),
	OPT_TEXT(0, "max-size", max_size, "SIZE", "the largest size it may unpack to (64G)"),
	OPT_NUMBER(0, "max-files", max_files, "N", "the most files it may unpack to (5000000)"),
	OPT_SWITCH(NULL, "allow-devices", allow_devices,
	           "create the harmless device files in it (1)"),
	OPT_END
};

/* Whole systems are passed over unless they are named: what was installed in them would go. */
static int look_one(struct engine *en, struct jail *j, bool by_name, struct update *u,
                    struct err *e)
{
	struct conf c;

	if (by_name) return op_update_look(en, j, u, e);
	if (jail_conf(en->m, j, &c, e) < 0) return -1;
	return !*c.image.text || !*c.init_command.text ? 1 : op_update_look(en, j, u, e);
}

static void tell_update(const struct jail *j, const struct update *u)
{
	uint64_t bytes = 0;
	char size[SIZE_ROOM];

	for (size_t i = 0; i < u->image.image.layers_n; i++)
		bytes += u->image.image.layers[i].blob.size;
	out_line("%s: %s is %.*s now, the jail has %.*s (%zu layers, %s)", j->name,
	         u->reference, SHOWN, u->newest, SHOWN, *u->now ? u->now : "none",
	         u->image.image.layers_n, size_text(bytes, size));
}

static int update_one(struct engine *en, struct jail *j, bool by_name, const void *how,
                      struct err *e)
{
	AUTOUPDATE u = { 0 };
	const char *name = j->name, *kept = NULL;
	int rc = look_one(en, j, by_name, &u, e);

	if (rc != 0) return rc;
	rc = op_update(en, j, &u, how, &kept, e);
	if (rc == 0 && kept)
		out_note("What it was is kept: 'jlmkr rollback %s@%s' goes back to it", name,
		         kept);
	return rc < 0 ? fail_in(e, "updating %s", name) : 0;
}

/* 0 if there is none, HAS_UPDATE, or -1. */
static int show_one(struct host *h, const struct selected *s, const struct update_args *a,
                    struct err *e)
{
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;
	AUTOUPDATE u = { 0 };
	int rc;

	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, s->name, &j, e) < 0) return -1;
	if ((rc = look_one(&en, &j, s->by_name, &u, e)) < 0) return -1;
	if (rc == 1) {
		if (s->by_name) out_note("%s has the newest image", s->name);
		return 0;
	}
	tell_update(&j, &u);
	if (a->check) return HAS_UPDATE;
	return op_update_plan(&en, &j, &u, e) < 0 ? -1 : HAS_UPDATE;
}

static int show_all(struct host *h, const struct update_args *a, char *const *operands,
                    struct err *e)
{
	int status = 0, failed = 0;
	struct selected *list;
	size_t n;

	if (!(list = batch_select(h, operands, a->all, &n, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };
		int rc = show_one(h, &list[i], a, &why);

		if (rc > 0) status = a->check ? rc : 0;
		if (rc >= 0) continue;
		print_error(&why);
		failed = failed ? 1 : err_exit_status(why.kind);
		if (why.kind == ERR_INTERRUPTED) break;
	}
	return out_flush(e) < 0 ? -1 : failed ? failed : status;
}

static int update_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct update_args *a = args;
	struct update_how how = {
		.stop = a->stop, .restart = a->restart, .timeout = a->timeout,
		.limits.entries = a->max_files,
		.limits.no_devices = a->allow_devices && str_eq(a->allow_devices, "0"),
	};
	const struct batch what = {
		.args = &how,
		.work = update_one,
		.done = "updated",
		.idle = "has the newest image",
		.were_idle = "without an update",
		.jobs = 1,
	};

	if (a->check || a->dry_run) return show_all(h, a, operands, e);
	if (opts_size("max-size", a->max_size, &how.limits.bytes, e) < 0) return -1;
	return batch_run(h, &what, operands, a->all, e);
}

const struct applet update_applet = {
	.name = "update",
	.brief = "give jails the newest image of a registry",
	.operands = "JAIL...",
	.text =
	"For jails that were made from docker://...: the root file system becomes that of\n"
	"the newest image of the same reference. The config stays, but for what the old\n"
	"image said in it and you have not changed; the directories image_volumes of the\n"
	"config stay, with what is in them. What else was changed in the jail does not.\n"
	"\n"
	"What it was is kept as the snapshot before-update-TIME: 'jlmkr rollback' goes\n"
	"back to it. All is fetched before the jail is stopped.\n"
	"\n"
	"--check tells on standard output which jails have an update, and its exit status\n"
	"is 100 if there is any, else 0. With --all or a pattern, jails that are whole\n"
	"systems are passed over: their own tools bring them up to date. A jail with\n"
	"datasets below its own, or whose config is a link, is refused.\n",
	.opts = update_opts,
	.defaults = &(const struct update_args){ .timeout = STOP_USUAL },
	.args_size = sizeof(struct update_args),
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = update_run,
};
