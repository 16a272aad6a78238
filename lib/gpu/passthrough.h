/* The NVIDIA driver for one start of a jail
 *
 * Looks (gpu_look), makes ready what the start needs (gpu_prepare), and sees to what
 * the jail's linker knows once it is up (gpu_finish). The programs of the driver are run
 * with a clean environment and for a bounded time: with a broken driver they hang. A
 * driver that does not work is no fault: the jail starts without it, and that is said.
 *
 * What is bound needs places in the rootfs: lib/gpu/mountpoints.h. The farm under /run stays
 * until the host reboots: jails share it.
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
	bool news;		/* the jail's linker has to be told of it */
	bool forgets;		/* and will not remember */
	struct nvidia nv;	/* if it works */
};

/* `dry`: nothing is loaded; what is not known without is said. */
void gpu_look(struct engine *en, const struct jail *j, bool wanted, bool dry, struct gpu *g);

/* Before the start of a jail that does not run. A jail that boots systemd (`booted`) and has the
 * host's users gets a unit that runs ldconfig early: nspawn would make its folder for nobody. */
int gpu_prepare(struct engine *en, struct jail *j, const struct nspawn_traits *traits,
                bool booted, struct gpu *g, struct err *e);

/* After it: only a caught signal is a fault. */
int gpu_finish(struct engine *en, struct jail *j, const struct gpu *g, struct err *e);

#endif
