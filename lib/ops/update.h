/* Give a jail the newest image of the reference that it was made from
 *
 * Its config stays, but for what the old image said in it and the user has not changed: that
 * becomes what the new one says. The directories image_volumes stay, with what is in them. What
 * was there before is kept as the snapshot before-update-TIME, which op_rollback goes back to.
 * All is fetched before the jail is stopped. A kill leaves the old jail or the new one
 * (store/rollback.h).
 */
#ifndef OPS_UPDATE_H
#define OPS_UPDATE_H

#include <stdbool.h>

#include "lib/archive/unpack.h"
#include "lib/provision/registry_image.h"

struct engine;
struct err;
struct jail;

/* What an update finds. Zero it first; op_update_close closes it in any case. */
struct update {
	const char *asked;		/* `image` of the config */
	const char *reference;		/* the same in full */
	const char *now;		/* the digest that the jail has, "" if not known */
	const char *newest;
	const char *before, *config;	/* the jail's, as it is and as it will be */
	struct registry_image image;
	struct registry_image old;	/* what the jail was made from, if it can be had */
};

/* 1 if the jail has the newest image, 0 if it does not. ERR_INPUT if it is of no registry. */
int op_update_look(struct engine *en, struct jail *j, struct update *u, struct err *e);
void op_update_close(struct update *u);

#define AUTOUPDATE __attribute__((cleanup(op_update_close))) struct update

/* Fill u->config, and tell what of it stays though the new image says something else. */
int op_update_plan(struct engine *en, struct jail *j, struct update *u, struct err *e);

struct update_how {
	bool stop, restart;		/* stop it if it runs; and start it again */
	long timeout;			/* of struct stop_how */
	struct unpack_limits limits;	/* bytes, entries (0: the usual ones) and no_devices */
};

/* After op_update_look returned 0. ERR_BUSY if it runs and is not to be stopped, or if `image`
 * or `image_digest` of the config has changed since. `*kept`: the label of what it was. */
int op_update(struct engine *en, struct jail *j, struct update *u, const struct update_how *how,
              const char **kept, struct err *e);

#endif
