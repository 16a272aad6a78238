/* Write a jail into one file, or check such a file. */

#include "lib/cli/applet.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/cli/label.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/export.h"
#include "lib/ops/import.h"

struct export_args {
	const char *compress, *format, *from;
	bool verify, force, stop;
	long timeout;
};

#define OPT_INTO export_args
static const struct opt export_opts[] = {
	OPT_TEXT(0, "compress", compress, "zstd|xz|gzip|none", "compress it so"),
	OPT_FLAG(0, "force", force, "replace FILE if it exists"),
	OPT_TEXT(0, "format", format, "tar|zfs",
	         "its files (tar), or the stream of a ZFS snapshot"),
	OPT_TEXT(0, "incremental-from", from, "LABEL",
	         "only what is new since that snapshot, as a stream"),
	OPT_FLAG(0, "stop", stop,
	         "stop it for this, if it runs, then start it again"),
	OPT_FLAG(0, "verify", verify, "check FILE instead, and change nothing"),
	OPT_NUMBER('t', "timeout", timeout, "SECONDS",
	           "wait this long before ending the jail (90 or more)"),
	OPT_END
};

static int verify(struct host *h, const char *file, struct err *e)
{
	if (op_import_verify(h, file, e) < 0) return fail_in(e, "%s", file);
	out_done("%s is undamaged", file);
	return 0;
}

static int tell_done(const struct export_args *a, const char *what,
                     const struct export_done *done, struct err *e)
{
	if (str_eq(done->file, "-")) {
		out_note("Its SHA-256 is %s", done->sha256);
		return 0;
	}
	out_line("%s  %s", done->sha256, done->file);
	out_done("%s exported, %s; the line above is for sha256sum -c", what, a->compress);
	return out_flush(e);
}

static int check_format(const struct export_args *a, bool *zfs, struct err *e)
{
	*zfs = a->from || (a->format && str_eq(a->format, "zfs"));
	if (a->format && !*zfs && strcmp(a->format, "tar"))
		return fail(e, ERR_USAGE, "--format=%s: it can be tar or zfs", a->format);
	if (a->from && a->format && str_eq(a->format, "tar"))
		return fail(e, ERR_USAGE, "--incremental-from needs --format=zfs");
	return 0;
}

static int export_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct export_args *a = args;
	const char *what = operands[0], *name;
	struct export_how how = {
		.label = label_split(h->m, what, &name), .file = operands[1],
		.compress = a->compress, .force = a->force, .stop = a->stop,
		.timeout = a->timeout, .from = a->from,
	};
	struct export_done done = { 0 };
	AUTOENGINE struct engine en = { 0 };
	AUTOJAIL j = NO_JAIL;

	if (a->verify) {
		if (operands[1]) return fail(e, ERR_USAGE, "--verify takes one FILE");
		if (applet_need(h, "export ...", NEEDS_ROOT, e) < 0) return -1;
		return verify(h, what, e);
	}
	if (check_format(a, &how.zfs, e) < 0) return -1;
	if (how.label && how.stop)
		return fail(e, ERR_USAGE, "a snapshot does not run: --stop is of no use");
	if (operands[1] && str_eq(operands[1], "-") && isatty(STDOUT_FILENO))
		return fail(e, ERR_USAGE, "the archive would go to the terminal");
	if (applet_need(h, "export ...", NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR, e) < 0)
		return -1;
	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, name, &j, e) < 0) return -1;
	if (op_export(&en, &j, &how, &done, e) < 0) return fail_in(e, "exporting %s", what);
	if (how.zfs)
		out_note("The snapshot %s@%s stays: 'jlmkr export --incremental-from=%s %s' "
		         "begins with it", name, done.label, done.label, name);
	return tell_done(a, what, &done, e);
}

const struct applet export_applet = {
	.name = "export",
	.brief = "write a jail into one file",
	.operands = "JAIL[@LABEL] [FILE]",
	.text =
	"The file has the config of the jail and its root file system: owners, times,\n"
	"links, devices, ACLs and other attributes, and holes. What is bound into the\n"
	"jail is not in it, and neither are its snapshots. 'jlmkr import' makes a jail of\n"
	"it; tar can unpack it, too. FILE may be - for standard output; without FILE, it\n"
	"is named after JAIL, such as web.tar.zst, here. It appears when it is complete.\n"
	"Its SHA-256 is printed.\n"
	"\n"
	"The jail may run. Where snapshots can be made (ZFS, btrfs, XFS), a snapshot is\n"
	"written, and deleted at the end. Elsewhere files are read one after the other;\n"
	"--stop makes them fit together. The same snapshot gives the same file.\n"
	"\n"
	"With --format=zfs, the file has the stream of a snapshot instead, of a jail that\n"
	"is a ZFS dataset: --incremental-from makes one of what has changed since an\n"
	"earlier snapshot, for the standby that 'jlmkr import --standby' has made of the\n"
	"stream before. The snapshot stays.\n"
	"\n"
	"A manifest at the end has the SHA-256 of each file. With it import and --verify\n"
	"find each changed bit, and say in which file it is.\n",
	.opts = export_opts,
	.defaults = &(const struct export_args){ .compress = "zstd", .timeout = STOP_USUAL },
	.args_size = sizeof(struct export_args),
	.min = 1,
	.max = 2,
	.needs = MAY_USE_DIR,
	.run = export_run,
};
