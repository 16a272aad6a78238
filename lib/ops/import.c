#include "lib/ops/import.h"

#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/engine/engine.h"
#include "lib/ops/foreign_config.h"
#include "lib/ops/import_zfs.h"
#include "lib/provision/archive_input.h"

static void tell_of(struct arena *m, const struct archive_input *in, bool dry_run)
{
	if (!in->is_export) return;
	out_note("The archive is an export of the jail %s%s%s", in->jail,
	         in->is_stream ? ", a stream of its snapshot " : "",
	         in->is_stream ? in->stream.label : "");
	if (!dry_run) foreign_config_show(m, in->config);
	foreign_config_warn(m, in->config);
}

static int open_input(struct host *h, const struct import_how *how, struct archive_input *in,
                      struct err *e)
{
	if (archive_input_open(h->m, how->from, in, e) < 0) return -1;
	/* With a hash, what has come from a URL would be kept. */
	if (archive_input_look(h, in, how->dry_run ? NULL : how->sha256, e) < 0)
		return fail_in(e, "archive %s", word_shown(h->m, how->from));
	if (how->name || in->is_export) return 0;
	return fail(e, ERR_USAGE, "%s is not an export of a jail: give the new jail a name",
	            word_shown(h->m, how->from));
}

int op_import(struct engine *en, const struct import_how *how, struct import_done *done,
              struct err *e)
{
	AUTOARCHIVE in = NO_ARCHIVE;
	struct create_how create = {
		.archive = how->from, .input = &in, .sha256 = how->sha256,
		.max_size = how->max_size, .max_files = how->max_files,
	};

	if (open_input(en->host, how, &in, e) < 0) return -1;
	done->name = create.name = how->name ? how->name : in.jail;
	if (in.is_stream) {
		if (in.is_export && !in.stream.from) tell_of(en->m, &in, how->dry_run);
		return import_zfs(en, how, &in, done, e);
	}
	if (how->standby)
		return fail(e, ERR_USAGE, "--standby needs a stream, as 'jlmkr export "
		            "--format=zfs' writes it");
	create.template_text = in.config;
	create.template_name = "the config in the archive";
	create.exported = in.is_export ? in.jail : NULL;
	tell_of(en->m, &in, how->dry_run);
	return how->dry_run ? op_create_plan(en, &create, &done->plan, e) :
	       op_create(en, &create, &done->startable, e);
}

int op_import_verify(struct host *h, const char *from, struct err *e)
{
	AUTOARCHIVE in = NO_ARCHIVE;

	if (archive_input_open(h->m, from, &in, e) < 0) return -1;
	return archive_input_verify(h, &in, e);
}
