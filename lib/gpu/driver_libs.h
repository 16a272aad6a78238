/* The folder of driver libraries on the host, the "farm"; lib/gpu/nvidia.h decides its contents
 *
 * It is created under another name and renamed. Its name contains a hash of its contents: an
 * existing one is therefore complete, and several jails share it. It belongs to root.
 */
#ifndef GPU_DRIVER_LIBS_H
#define GPU_DRIVER_LIBS_H

struct arena;
struct err;
struct nvidia;

/* Create nv->farm if it is missing. */
int driver_libs_make(struct arena *m, const struct nvidia *nv, struct err *e);

#endif
