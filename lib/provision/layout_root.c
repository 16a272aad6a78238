#include "lib/provision/layout_root.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/disk/tree.h"
#include "lib/image/metadata.h"
#include "lib/jail/conf.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/provision/description.h"
#include "lib/provision/oci_archive.h"

#define OUTER ".outer"

/* A root file system contains some of these; a directory around one contains none. */
static bool is_root(int dir)
{
	static const char *const signs[] = { "usr", "etc", "bin", "sbin", "nix", NULL };
	struct stat st;

	for (const char *const *name = signs; *name; name++)
		if (fstatat(dir, *name, &st, AT_SYMLINK_NOFOLLOW) == 0) return true;
	return false;
}

/* Open the directory below these names, following no links: the archive is not trusted. -1:
 * there is none. */
static int open_below(int dir, const char *const names[])
{
	int fd = fcntl(dir, F_DUPFD_CLOEXEC, 3), next;

	for (; fd >= 0 && *names; names++) {
		next = openat(fd, *names, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	return fd;
}

/* Move the inner root file system to `rootfs`; what was around it stays as OUTER. */
static int lift(int work, const char *const above[], struct err *e)
{
	AUTOCLOSE int outer = -1, parent = -1;

	if (renameat(work, LAYOUT_ROOTFS, work, OUTER) < 0)
		return fail_sys(e, "rename " LAYOUT_ROOTFS);
	outer = openat(work, OUTER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (outer < 0 || (parent = open_below(outer, above)) < 0 ||
	    renameat(parent, "rootfs", work, LAYOUT_ROOTFS) < 0)
		return fail_sys(e, "rename " LAYOUT_ROOTFS);
	return 0;
}

int root_take_description(struct arena *m, int work, const char *name,
                          const struct image_metadata **found, struct err *e)
{
	AUTOCLOSE int dir = open_below(work, (const char *const[]){ name, NULL });
	struct image_metadata *d = arena_alloc(m, sizeof *d);

	if (dir < 0) return fail_sys(e, "open %s", name);
	if (description_read(m, dir, d, e) < 0 || description_check(d, e) < 0) return -1;
	*found = d;
	return tree_remove(work, name, e);
}

static bool has_file(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static const char *const here[] = { NULL }, *const rootfs[] = { "rootfs", NULL };

int root_take_layers(int work, int *layers, struct err *e)
{
	AUTOCLOSE int dir = jail_open_rootfs(work, e);

	*layers = -1;
	if (dir < 0) return -1;
	if (is_root(dir) || !oci_archive_is(dir)) return 0;
	if (renameat(work, LAYOUT_ROOTFS, work, ROOT_LAYERS) < 0)
		return fail_sys(e, "rename " LAYOUT_ROOTFS);
	*layers = take_fd(&dir);
	return 0;
}

int root_lift_image(struct arena *m, int work, const struct image_metadata **found,
                    struct err *e)
{
	AUTOCLOSE int dir = jail_open_rootfs(work, e), inner = -1;

	*found = NULL;
	if (dir < 0) return -1;
	if (!has_file(dir, "metadata.yaml") || (inner = open_below(dir, rootfs)) < 0) return 0;
	if (lift(work, here, e) < 0) return -1;
	return root_take_description(m, work, OUTER, found, e);
}

int root_lift_export(int work, const char *config, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOCLOSE int dir = jail_open_rootfs(work, e);
	size_t n = 0;
	const char *text;

	if (dir < 0) return -1;
	text = read_file(&m, dir, LAYOUT_CONFIG, CONF_MAX, &n, NULL);
	if (!text || n != strlen(config) || memcmp(text, config, n))
		return fail(e, ERR_UNTRUSTED, "the archive changed while it was read");
	return lift(work, here, e) < 0 ? -1 : tree_remove(work, OUTER, e);
}

int root_fail_absent(bool disk, bool metadata, struct err *e)
{
	if (disk)
		return fail(e, ERR_INPUT, "it is the image of a virtual machine, not of a "
		            "container");
	if (metadata)
		return fail(e, ERR_INPUT, "it has only the description of an image in two "
		            "files: give it to --metadata, and the other file to --image");
	return fail(e, ERR_INPUT,
	            "the archive contains no root file system: there is no /usr or /etc in it, "
	            "nor in rootfs/");
}

int root_lift(struct arena *m, int work, const struct image_metadata **found, struct err *e)
{
	static const char *const places[][3] = { { NULL }, { "backup", "container", NULL } };
	AUTOCLOSE int dir = -1;

	if (root_lift_image(m, work, found, e) < 0) return -1;
	if (*found) return 0;
	if ((dir = jail_open_rootfs(work, e)) < 0) return -1;
	if (is_root(dir)) return 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		AUTOCLOSE int parent = open_below(dir, places[i]);
		AUTOCLOSE int inner = parent < 0 ? -1 : open_below(parent, rootfs);

		if (inner >= 0 && is_root(inner))
			return lift(work, places[i], e) < 0 ? -1 : tree_remove(work, OUTER, e);
	}
	return root_fail_absent(has_file(dir, "rootfs.img"),
	                            has_file(dir, "metadata.yaml"), e);
}
