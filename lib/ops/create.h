/* Make a jail, complete or not at all
 *
 * Everything is made under a hidden name in jails/ that is locked while we live;
 * one rename at the end makes the jail exist. What a killed create leaves behind is
 * swept by the next one. On a fault or a signal everything is taken back.
 */
#ifndef OPS_CREATE_H
#define OPS_CREATE_H

#include <stdbool.h>

struct engine;
struct err;

struct create_how {
	const char *name;
	const char *template_text;	/* NULL: the default config */
	const char *template_name;	/* for messages about it */

	/* override the template's keys; NULL: not given */
	const char *distro, *release, *startup, *seccomp, *gpu_intel, *gpu_nvidia;

	/* of the image; NULL: the usual ones */
	const char *variant, *arch, *serial;
	bool offline;			/* from the cache of images, asking no server */
	const char *archive;		/* instead of an image: a path, "-" or a URL */
	const char *sha256;		/* of the archive, or NULL */
	char *const *nspawn_args;	/* NULL-ended; if any, they replace the template's */
};

/* `*startable` tells whether it makes sense to start it: its init is systemd. */
int op_create(struct engine *en, const struct create_how *how, bool *startable, struct err *e);

#endif
