#include "lib/ops/export.h"

#include <string.h>
#include <unistd.h>

#include "lib/archive/squeeze.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/new_file.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/source.h"

struct exporting {
	const struct export_how *how;
	struct source source;
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
	const char *label = x->how->label;

	return arena_printf(x->source.en->m, "%s%s%s%s", x->source.name, label ? "-" : "",
	                    label ? label : "", ending);
}

static int export_to(struct exporting *x, enum squeeze_kind kind, int to, char *hex,
                     struct err *e)
{
	struct err late = { 0 };
	int rc = source_open(&x->source, e);

	if (rc == 0) rc = source_write(&x->source, kind, to, hex, e);
	if (source_close(&x->source, &late) < 0 && rc == 0)
		rc = fail(e, late.kind, "%s", late.text);
	return rc;
}

int op_export(struct engine *en, struct jail *j, const struct export_how *how,
              struct export_done *done, struct err *e)
{
	struct exporting x = {
		.how = how,
		.source = { .en = en, .jail = j, .name = j->name, .asked = how->label,
			    .stop = how->stop, .timeout = how->timeout, .lock = -1,
			    .mixes = "the archive may mix states of different moments; "
				     "--stop stops it meanwhile",
			    .files = -1, .jails.fd = -1 },
	};
	AUTONEWFILE file = NO_NEW_FILE;
	size_t i;

	if (how->label && snapshot_label_check(how->label, e) < 0) return -1;
	if (find_kind(how->compress, &i, e) < 0) return -1;
	done->file = how->file ? how->file : usual_name(&x, kinds[i].ending);
	if (str_eq(done->file, "-"))
		return export_to(&x, kinds[i].kind, STDOUT_FILENO, done->sha256, e);
	if (new_file_open(en->m, done->file, how->force, &file, e) < 0) return -1;
	if (export_to(&x, kinds[i].kind, file.fd, done->sha256, e) < 0) return -1;
	out_busy("writing to disk");
	i = new_file_finish(&file, e) < 0;
	out_progress_end();
	return i ? -1 : 0;
}
