/* The NVIDIA driver for one start of a jail
 *
 * gpu_look finds the driver, gpu_prepare makes ready what the start needs, and gpu_finish
 * updates the jail's linker once the jail is up. The driver's programs run with a clean
 * environment and a deadline, because they hang with a broken driver. A driver that does not
 * work is not a fault: the jail starts without it, with a warning.
 *
 * What is bound needs mount points in the root file system: lib/gpu/mountpoints.h. The farm in
 * /run stays until the host reboots, because jails share it.
 */
#ifndef GPU_PASSTHROUGH_H
#define GPU_PASSTHROUGH_H

#include <stdbool.h>

#include "lib/gpu/nvidia.h"
#include "lib/nspawn/traits.h"

struct engine;
struct err;
struct jail;

struct gpu {
	bool wanted;		/* the config says so */
	bool works;
	bool news;		/* ldconfig must run in the jail */
	bool forgets;		/* the jail loses what ldconfig writes */
	struct nvidia nv;	/* if it works */
};

/* `dry`: do not load the driver; note what is therefore unknown. */
void gpu_look(struct engine *en, const struct jail *j, bool wanted, bool dry, struct gpu *g);

/* Call it before the start of a jail that does not run. A jail that boots systemd (`booted`)
 * gets a unit that runs ldconfig early, unless it has users of its own: for those nspawn would
 * create the unit's folder with the owner nobody. */
int gpu_prepare(struct engine *en, struct jail *j, const struct nspawn_traits *traits,
                bool booted, struct gpu *g, struct err *e);

/* Call it after the start. Fails if a signal was caught, or if the jail has stopped already. */
int gpu_finish(struct engine *en, struct jail *j, const struct gpu *g, struct err *e);

#endif
