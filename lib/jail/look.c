#include "lib/jail/look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"

/* Its own mount, if it is one, does not count. */
static bool may_cross(int rootfs)
{
	AUTOFREE struct arena m = { 0 };
	const char *path = mount_fd_path(&m, rootfs, NULL);
	const struct mount *c = NULL;
	struct mounts t;

	if (!path || mounts_read(&m, &t, NULL) < 0) return false;
	while ((c = mount_beneath(&t, path, c)))
		if (!str_eq(c->point, path) && !mount_keeps_files(c)) return false;
	return true;
}

int look_at(int rootfs, const char *path, int flags, struct err *e)
{
	struct err why = { 0 };
	int fd = place_in_root(rootfs, path, flags, &why);

	if (fd >= 0) return fd;
	if (why.sys == EXDEV && may_cross(rootfs))
		return open_in_root(rootfs, path, O_PATH | flags, 0, e);
	return fail_as(e, &why);
}

char *look_read(struct arena *m, int rootfs, const char *path, size_t limit, struct err *e)
{
	AUTOCLOSE int place = look_at(rootfs, path, 0, e);
	AUTOCLOSE int fd = place < 0 ? -1 : reopen_file(place, path, e);
	char *text = fd < 0 ? NULL : read_all(m, fd, limit, NULL, e);

	if (fd >= 0 && !text) fail_in(e, "%s", path);
	return text;
}
