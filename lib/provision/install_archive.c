#include "lib/provision/install_archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/disk/tree.h"
#include "lib/image/fetch.h"
#include "lib/jail/conf.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/provision/archive_input.h"
#include "lib/provision/unpack_sink.h"
#include "lib/store/staging.h"

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

/* Move the inner root file system to `rootfs`, and delete what was around it. */
static int lift(int work, const char *const above[], struct err *e)
{
	AUTOCLOSE int outer = -1, parent = -1;

	if (renameat(work, LAYOUT_ROOTFS, work, OUTER) < 0)
		return fail_sys(e, "rename " LAYOUT_ROOTFS);
	outer = openat(work, OUTER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (outer < 0 || (parent = open_below(outer, above)) < 0 ||
	    renameat(parent, "rootfs", work, LAYOUT_ROOTFS) < 0)
		return fail_sys(e, "rename " LAYOUT_ROOTFS);
	return tree_remove(work, OUTER, e);
}

/* What was looked at before must be what was unpacked. */
static int check_config(int dir, const struct archive_input *in, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	size_t n = 0;
	const char *text = read_file(&m, dir, LAYOUT_CONFIG, CONF_MAX, &n, NULL);

	if (text && n == strlen(in->config) && !memcmp(text, in->config, n)) return 0;
	return fail(e, ERR_UNTRUSTED, "the archive changed while it was read");
}

static int lift_export(int work, const struct archive_input *in, struct err *e)
{
	static const char *const here[] = { NULL };
	AUTOCLOSE int dir = jail_open_rootfs(work, e);

	if (dir < 0 || check_config(dir, in, e) < 0) return -1;
	return lift(work, here, e);
}

static int find_root(int work, struct err *e)
{
	static const char *const places[][3] = { { NULL }, { "backup", "container", NULL } };
	static const char *const rootfs[] = { "rootfs", NULL };
	AUTOCLOSE int dir = jail_open_rootfs(work, e);

	if (dir < 0) return -1;
	if (is_root(dir)) return 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		AUTOCLOSE int parent = open_below(dir, places[i]);
		AUTOCLOSE int inner = parent < 0 ? -1 : open_below(parent, rootfs);

		if (inner >= 0 && is_root(inner)) return lift(work, places[i], e);
	}
	return fail(e, ERR_INPUT,
	            "the archive contains no root file system: there is no /usr or /etc in it, "
	            "nor in rootfs/");
}

int install_archive(struct host *h, struct archive_input *in, const char *sha256,
                    const struct unpack_limits *limits, struct staging *work, struct err *e)
{
	const char *name = word_shown(h->m, in->from);
	struct unpack_sink r = { .name = name, .work = work, .limits = *limits };
	const struct image_sink sink = { .begin = unpack_sink_begin, .take = unpack_sink_take,
	                                 .wants_file = unpack_sink_wants_file,
	                                 .file = unpack_sink_file,
	                                 .restart = unpack_sink_restart,
	                                 .progress = unpack_sink_progress, .arg = &r };
	int rc;

	r.limits.is_export = in->is_export;
	if (in->fd >= 0)
		out_step("Unpacking %s", str_eq(in->from, "-") ? "standard input" : in->from);
	rc = archive_input_read(h, in, sha256, &sink, e);
	if (rc == 0) rc = unpack_sink_finish(&r, e);
	unpack_sink_drop(&r);
	if (rc == 0)
		rc = in->is_export ? lift_export(work->dir, in, e) : find_root(work->dir, e);
	return rc < 0 ? fail_in(e, "image %s", name) : 0;
}
