#include "lib/gpu/driver_libs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/gpu/nvidia.h"

static const char *entry_path(struct arena *m, const char *farm, const struct nvidia_entry *x)
{
	return arena_printf(m, "%s/%s/%s", farm, x->folder, x->name);
}

static int make_farm_folder(const char *path, struct err *e)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST) return fail_sys(e, "%s", path);
	/* Whatever the umask. */
	return chmod(path, 0755) < 0 ? fail_sys(e, "%s", path) : 0;
}

static int make_entry(const char *path, const char *target, struct err *e)
{
	AUTOCLOSE int fd = -1;

	if (target) return symlink(target, path) < 0 ? fail_sys(e, "%s", path) : 0;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	return fd < 0 ? fail_sys(e, "%s", path) : 0;
}

static int fill_farm(struct arena *m, const char *farm, const struct nvidia *nv, struct err *e)
{
	if (make_farm_folder(farm, e) < 0 ||
	    make_farm_folder(arena_printf(m, "%s/" NVIDIA_LIB64, farm), e) < 0 ||
	    make_farm_folder(arena_printf(m, "%s/" NVIDIA_LIB32, farm), e) < 0)
		return -1;
	for (size_t i = 0; i < nv->entry_count; i++)
		if (make_entry(entry_path(m, farm, &nv->entries[i]), nv->entries[i].target,
		               e) < 0)
			return -1;
	return 0;
}

static void remove_farm(struct arena *m, const char *farm, const struct nvidia *nv)
{
	for (size_t i = 0; i < nv->entry_count; i++)
		unlink(entry_path(m, farm, &nv->entries[i]));
	rmdir(arena_printf(m, "%s/" NVIDIA_LIB64, farm));
	rmdir(arena_printf(m, "%s/" NVIDIA_LIB32, farm));
	rmdir(farm);
}

int driver_libs_make(struct arena *m, const struct nvidia *nv, struct err *e)
{
	const char *work = arena_printf(m, "%s.%ld", nv->farm, (long)getpid());

	if (access(nv->farm, F_OK) == 0) return 0;
	if (make_farm_folder(NVIDIA_FARMS, e) < 0) return -1;
	if (fill_farm(m, work, nv, e) == 0 &&
	    (rename(work, nv->farm) == 0 || errno == EEXIST || errno == ENOTEMPTY ||
	     fail_sys(e, "%s", nv->farm) == 0)) {
		remove_farm(m, work, nv);
		return 0;
	}
	remove_farm(m, work, nv);
	return -1;
}
