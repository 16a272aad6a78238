/* Make a jail of an archive: an export, with its config, or any root archive
 *
 * The same as op_create with an archive, for one that is looked at first. Of a stream of ZFS,
 * in an export or alone, a dataset is received, or a standby is brought up to date.
 */
#ifndef OPS_IMPORT_H
#define OPS_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/ops/create.h"

struct import_how {
	const char *from;	/* a path, "-" or a URL */
	const char *name;	/* NULL: that of the jail that was exported */
	const char *sha256;	/* of the archive, or NULL */
	uint64_t max_size, max_files;	/* 0: the usual limits */
	bool standby;		/* keep it as it is, for streams of what is new */
	bool dry_run;		/* make nothing, fill in `plan` */
};

struct import_done {
	const char *name;
	bool startable, is_standby;
	bool is_old;		/* no new jail: the standby was there */
	struct create_plan plan;
};

/* ERR_UNTRUSTED if it is a damaged export: then nothing is made. */
int op_import(struct engine *en, const struct import_how *how, struct import_done *done,
              struct err *e);

/* Read an export to its end, and make nothing of it. ERR_UNTRUSTED if it is damaged. */
int op_import_verify(struct host *h, const char *from, struct err *e);

#endif
