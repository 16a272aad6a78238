#include "lib/ops/export.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/new_file.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/export_zfs.h"
#include "lib/ops/source.h"

struct exporting {
	const struct export_how *how;
	struct source source;
	struct export_zfs zfs;
};

static const struct {
	const char *word, *ending;
	enum squeeze_kind kind;
} kinds[] = {
	{ "zstd", ".tar.zst", SQUEEZE_ZSTD },
	{ "xz", ".tar.xz", SQUEEZE_XZ },
	{ "gzip", ".tar.gz", SQUEEZE_GZIP },
	{ "none", ".tar", SQUEEZE_NONE },
};

static int find_kind(const char *word, size_t *i, struct err *e)
{
	for (*i = 0; *i < sizeof kinds / sizeof *kinds; ++*i)
		if (str_eq(kinds[*i].word, word)) return 0;
	return fail(e, ERR_USAGE, "--compress=%s: it can be zstd, xz, gzip or none", word);
}

static const char *usual_name(const struct exporting *x, const char *ending)
{
	const char *label = x->how->label, *from = x->how->from;

	return arena_printf(x->source.en->m, "%s%s%s%s%s%s%s", x->source.name, label ? "-" : "",
	                    label ? label : "", from ? "-from-" : "", from ? from : "",
	                    x->how->zfs ? ".zfs" : "", ending);
}

static int export_to(struct exporting *x, enum squeeze_kind kind, int to, char *hex,
                     struct err *e)
{
	struct err late = { 0 };
	int rc = source_open(&x->source, e);

	if (rc == 0) rc = source_write(&x->source, kind, to, hex, e);
	if (rc == 0) rc = source_keep(&x->source, to, e);
	if (source_close(&x->source, &late) < 0 && rc == 0)
		rc = fail_as(e, &late);
	return rc;
}

/* Give the file its name, if it is to have one. */
static int finish_file(struct exporting *x, struct new_file *file, struct err *e)
{
	int rc;

	if (file->fd < 0) return 0;
	out_busy("writing to disk");
	rc = new_file_finish(file, e);
	out_progress_end();
	if (rc < 0) source_keep_not(&x->source);
	return rc;
}

static int export_file(struct exporting *x, enum squeeze_kind kind, struct export_done *done,
                       struct err *e)
{
	AUTONEWFILE file = NO_NEW_FILE;
	struct source *s = &x->source;

	if (strcmp(done->file, "-") &&
	    new_file_open(s->en->m, done->file, x->how->force, &file, e) < 0)
		return -1;
	if (export_to(x, kind, file.fd < 0 ? STDOUT_FILENO : file.fd, done->sha256, e) < 0)
		return -1;
	done->label = s->label;
	if (finish_file(x, &file, e) < 0) return -1;
	return s->kept ? export_zfs_hand_over(&s->of, s->label, e) : 0;
}

int op_export(struct engine *en, struct jail *j, const struct export_how *how,
              struct export_done *done, struct err *e)
{
	struct exporting x = {
		.how = how,
		.source = { .en = en, .jail = j, .name = j->name, .asked = how->label,
			    .from = how->from, .stop = how->stop, .timeout = how->timeout,
			    .mixes = "the archive may mix states of different moments; "
				     "--stop stops it meanwhile",
			    .lock = -1, .held = -1, .files = -1, .jails.fd = -1 },
	};
	size_t i;

	if (how->zfs) x.source.zfs = &x.zfs;
	if (how->label && snapshot_label_check(how->label, e) < 0) return -1;
	if (how->from && snapshot_label_check(how->from, e) < 0) return -1;
	if (find_kind(how->compress, &i, e) < 0) return -1;
	done->file = how->file ? how->file : usual_name(&x, kinds[i].ending);
	return export_file(&x, kinds[i].kind, done, e);
}
