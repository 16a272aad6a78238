/* The folder on the host whose contents lib/gpu/nvidia.h decides
 *
 * Made under another name and renamed; its name tells its contents, so that one that
 * is there is right, and several jails use it. It is root's.
 */
#ifndef GPU_DRIVER_LIBS_H
#define GPU_DRIVER_LIBS_H

struct arena;
struct err;
struct nvidia;

int driver_libs_make(struct arena *m, const struct nvidia *nv, struct err *e);

#endif
