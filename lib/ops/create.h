/* Make a jail, complete or not at all
 *
 * Everything is made under a hidden name in jails/ that is locked while we live;
 * one rename at the end makes the jail exist. What a killed create leaves behind is
 * swept by the next one. On a fault or a signal everything is taken back.
 */
#ifndef OPS_CREATE_H
#define OPS_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/image/pick.h"
#include "lib/provision/look_archive.h"

struct archive_input;
struct engine;
struct err;
struct host;

struct create_how {
	const char *name;
	const char *template_text;	/* NULL: the default config */
	const char *template_name;	/* for messages about it */

	/* override the template's keys; NULL: not given */
	const char *distro, *release, *hostname, *startup, *seccomp, *gpu_intel, *gpu_nvidia;

	/* of the image; NULL: the usual ones */
	const char *variant, *arch, *serial;
	bool offline;			/* from the cache of images, asking no server */
	bool no_clone;			/* unpack it even where ZFS could clone it */
	const char *archive;		/* instead of an image: a path, "-", a URL, docker:// */
	struct archive_input *input;	/* the archive, open already; or NULL */
	const char *exported;		/* it is an export of this jail: nothing is adapted */
	const char *sha256;		/* of the archive, or NULL */
	const char *metadata;		/* of an image in two files, the other one; or NULL */
	const char *cloud_init;		/* user-data, a file or a URL; or NULL */
	char *const *ssh_keys;		/* files, NULL-ended; or NULL */
	uint64_t max_size, max_files;	/* that it may unpack to; 0: the usual limits */
	bool no_devices;		/* leave out even the harmless device files */
	char *const *nspawn_args;	/* NULL-ended; if any, they replace the template's */
};

/* Whether a jail of this name may be made: ERR_INPUT with the rule that it breaks, or
 * ERR_EXISTS. */
int op_create_check(const struct host *h, const char *name, struct err *e);

/* What a create would make, as things are now. */
struct create_plan {
	const char *path;		/* DIR/jails/NAME */
	const char *dataset;		/* NULL: a directory */
	const char *config;		/* as it would be written */
	struct image_pick image;	/* both NULL for an archive of the user's own */
	bool cached;			/* the image is one of the cache, no server was asked */
	struct archive_look found;	/* of an archive; kind NULL: it was not looked at */
	bool seeded;			/* cloud-init gets what the user gave */
};

/* Look and do nothing: not even DIR/jails is made. Faults are those of op_create, but an
 * archive that no server gives is only warned of. */
int op_create_plan(struct engine *en, const struct create_how *how, struct create_plan *out,
                   struct err *e);

/* `*startable` tells whether it makes sense to start it: its init is systemd. */
int op_create(struct engine *en, const struct create_how *how, bool *startable, struct err *e);

#endif
