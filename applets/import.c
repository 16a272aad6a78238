/* Make a jail of a file that export has written, or of any root archive. */

#include "lib/cli/applet.h"

#include "applets/create_found.h"
#include "lib/base/out.h"
#include "lib/engine/engine.h"
#include "lib/ops/import.h"
#include "lib/ops/start.h"

struct import_args {
	const char *sha256, *cacert, *max_size;
	bool dry_run, start, standby;
	long max_files;
};

#define OPT_INTO import_args
static const struct opt import_opts[] = {
	OPT_TEXT(0, "sha256", sha256, "HEX", "the expected SHA-256 of the archive"),
	OPT_TEXT(0, "cacert", cacert, "FILE",
	         "trust these authorities instead of the system's"),
	OPT_TEXT(0, "max-size", max_size, "SIZE", "the largest size it may unpack to (64G)"),
	OPT_NUMBER(0, "max-files", max_files, "N", "the most files it may unpack to (5000000)"),
	OPT_FLAG(0, "dry-run", dry_run, "show what would be created, without creating it"),
	OPT_FLAG(0, "standby", standby,
	         "keep it a standby, to add what is new later"),
	OPT_FLAG(0, "start", start, "start the jail when it is complete"),
	OPT_END
};

/* Everything but the config is a comment, so that the output can be used as a template. */
static int show_plan(struct arena *m, const struct import_done *done, struct err *e)
{
	out_line("# jail: %s, the directory %s", done->name, done->plan.path);
	if (done->plan.dataset) out_line("# ZFS dataset: %s", done->plan.dataset);
	create_show_found(m, &done->plan);
	out_line("# its config:");
	out_text(done->plan.config);
	return out_flush(e);
}

static int start_imported(struct engine *en, const struct import_done *done, struct err *e)
{
	if (done->is_standby)
		return fail(e, ERR_HOST, "%s was not started: it is a standby", done->name);
	if (!done->startable)
		return fail(e, ERR_HOST, "%s was not started: its init is not systemd",
		            done->name);
	if (op_start_named(en, done->name, e) < 0) return -1;
	out_note("%s runs", done->name);
	return 0;
}

static int import_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct import_args *a = args;
	struct import_how how = {
		.from = operands[0], .name = operands[1], .sha256 = a->sha256,
		.max_files = (uint64_t)a->max_files, .dry_run = a->dry_run,
		.standby = a->standby,
	};
	AUTOENGINE struct engine en = { 0 };
	struct import_done done = { 0 };

	if (a->standby && a->start)
		return fail(e, ERR_USAGE, "a standby does not run: --start is of no use");
	if (opts_size("max-size", a->max_size, &how.max_size, e) < 0) return -1;
	if (a->cacert) h->cacert = a->cacert;
	engine_init(&en, h, h->m);
	if (op_import(&en, &how, &done, e) < 0) return -1;
	if (a->dry_run) return show_plan(h->m, &done, e);
	if (!done.is_old) out_note("%s was imported", done.name);
	if (done.is_standby)
		out_done("'jlmkr promote %s' makes a jail of the standby", done.name);
	else if (!a->start)
		out_done("'jlmkr start %s' starts it, 'jlmkr edit %s' changes its config",
		         done.name, done.name);
	return a->start ? start_imported(&en, &done, e) : 0;
}

const struct applet import_applet = {
	.name = "import",
	.brief = "make a jail of an exported one, or of a root archive",
	.operands = "FILE [NAME]",
	.text =
	"FILE is what 'jlmkr export' has written; it may also be an https URL, or - for\n"
	"standard input. The jail gets the config and the name that it had, and is the\n"
	"same machine. With another NAME, it gets a host name and a machine id of its\n"
	"own.\n"
	"\n"
	"The config is shown, and what this machine lacks for it: bridges, directories.\n"
	"Hooks in it run as root: import only what you trust. The jail appears when all\n"
	"of the archive has the hashes of its manifest.\n"
	"\n"
	"A stream (export --format=zfs, or what 'zfs send' writes of one snapshot; that\n"
	"needs a NAME) becomes a ZFS dataset. With --standby, it is read-only, until\n"
	"'jlmkr promote': import adds to it what 'export --incremental-from' has written\n"
	"since the newest snapshot that it has.\n"
	"\n"
	"Of any other archive, import makes a jail with the default config, as 'jlmkr\n"
	"create --image' does; this needs a NAME.\n",
	.opts = import_opts,
	.args_size = sizeof(struct import_args),
	.min = 1,
	.max = 2,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = import_run,
};
