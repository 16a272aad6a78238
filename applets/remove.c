/* Delete a jail and its files, once the user has typed its name. */

#include "lib/cli/applet.h"

#include <unistd.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/cli/ask.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/remove.h"

enum { SHOWN = 10 };

struct remove_args {
	bool yes, with_target;
	long timeout;
};

#define OPT_INTO remove_args
static const struct opt remove_opts[] = {
	OPT_FLAG('y', "yes", yes, "do not ask"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending it (90 or more)"),
	OPT_FLAG(0, "with-target", with_target, "also delete what a link leads to"),
	OPT_END
};

static void tell_words(const char *what, const struct words *names)
{
	if (names->n) out_note("  %s: %zu", what, names->n);
	for (size_t i = 0; i < names->n && i < SHOWN; i++)
		out_note("    %s", names->v[i]);
	if (names->n > SHOWN) out_note("    and %zu more", names->n - SHOWN);
}

static void tell_removal(const struct jail *j, const struct removal *r, bool with_target)
{
	if (!r->link)
		out_note("This removes the jail %s with all its files: %s", j->name, j->path);
	else if (with_target)
		out_note("This removes the jail %s, a link, with all files of the directory "
		         "that it leads to: %s", j->name, r->target);
	else
		out_note("This removes the link %s, but not what it leads to: %s", j->path,
		         r->link);
	if (r->linked_rootfs) out_note("  Its rootfs is a link: %s stays", r->linked_rootfs);
	tell_words("subvolumes in it", &r->volumes);
	if (r->dataset) out_note("  ZFS dataset: %s", r->dataset);
	tell_words("datasets below it", &r->children);
	tell_words("snapshots", &r->snapshots);
}

/* What nobody finds any more by the name of the jail. */
static void tell_rest(const struct removal *r, bool with_target)
{
	if (r->link && r->target && !with_target)
		out_note("The files are still in %s", r->target);
	if (r->linked_rootfs && (!r->link || with_target))
		out_note("The root file system is still in %s", r->linked_rootfs);
}

static bool has_parts(const struct removal *r)
{
	return r->children.n || r->snapshots.n || r->volumes.n;
}

static int ask_for_name(struct arena *m, const char *name, struct err *e)
{
	const struct ask a = { .m = m, .in = STDIN_FILENO, .out = STDERR_FILENO };
	const char *answer = ask_line(&a, "Type the name of the jail to go on:", NULL, e);

	if (!answer && e && e->kind == ERR_INTERRUPTED) return -1;
	if (!answer)
		return fail(e, ERR_HOST,
		            "no answer, nothing was removed; --yes removes without asking");
	if (str_eq(answer, name)) return 0;
	return fail(e, ERR_HOST, "'%s' is not '%s', nothing was removed", answer, name);
}

/* There is no such jail, but there may be what is left of it. */
static int finish_earlier(struct engine *en, const char *name, struct err *e)
{
	struct err why = { 0 };
	int rc = e->kind == ERR_MISSING ? op_remove_rest(en, name, &why) : 0;

	if (rc == 0) return -1;
	if (rc < 0) {
		*e = why;
		return fail_in(e, "removing what is left of %s", name);
	}
	out_note("What was left of %s is removed", name);
	return 0;
}

static int remove_run(struct host *h, const void *args, char *const *names, struct err *e)
{
	const struct remove_args *a = args;
	AUTOENGINE struct engine en;
	AUTOREMOVAL what = { .dir = -1 };
	AUTOJAIL j = NO_JAIL;

	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, *names, &j, e) < 0) return finish_earlier(&en, *names, e);
	if (op_remove_look(&en, &j, a->with_target, &what, e) < 0)
		return fail_in(e, "removing %s", *names);
	if (!a->yes || has_parts(&what)) tell_removal(&j, &what, a->with_target);
	/* Whoever wants to unmount or remove it meanwhile is not kept from that. */
	jail_leave(&j);
	if (!a->yes && ask_for_name(h->m, *names, e) < 0) return -1;
	what.asked = !a->yes;
	if (op_remove(&en, &j, a->with_target, &what, a->timeout, e) < 0) return -1;
	tell_rest(&what, a->with_target);
	out_done("%s removed", *names);
	return 0;
}

const struct applet remove_applet = {
	.name = "remove",
	.brief = "delete a jail and its files",
	.operands = "JAIL",
	.text =
	"A running jail is first stopped as by stop. Whatever is mounted into the jail is\n"
	"never touched. A jail that is a ZFS dataset is destroyed with its snapshots and\n"
	"the datasets below it, which are listed first; if anything is added meanwhile,\n"
	"nothing is removed. If something elsewhere needs a part of the jail, or a part\n"
	"cannot be removed, remove refuses before it stops the jail. The next remove or\n"
	"create, of whatever name, finishes an interrupted remove.\n"
	"\n"
	"If the jail is a symbolic link, only the link is removed. --with-target also\n"
	"deletes the directory that it leads to.\n",
	.opts = remove_opts,
	.defaults = &(const struct remove_args){ .timeout = STOP_USUAL },
	.args_size = sizeof(struct remove_args),
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = remove_run,
};
