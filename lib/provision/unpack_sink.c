#include "lib/provision/unpack_sink.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/wait.h"
#include "lib/disk/tree.h"
#include "lib/image/index.h"
#include "lib/image/pick.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/store/image_store.h"
#include "lib/store/staging.h"

/* The image is unpacked in a dataset that is cloned at the end, or in the new jail itself. */
static int choose_dir(struct unpack_sink *r, struct err *e)
{
	if (r->unpacked && r->sha256 &&
	    (r->dir = image_store_begin(r->unpacked, r->sha256)) >= 0)
		return 0;
	if (staging_own(r->work, NULL, e) < 0) return -1;
	r->dir = r->work->dir;
	return 0;
}

int unpack_make_rootfs(int dir, struct err *e)
{
	AUTOCLOSE int fd = -1;

	if (mkdirat(dir, LAYOUT_ROOTFS, 0755) < 0)
		return fail_sys(e, "create " LAYOUT_ROOTFS);
	if ((fd = jail_open_rootfs(dir, e)) < 0) return -1;
	/* Whatever the umask: daemons of the jail that are not root must be able to enter. */
	if (fchmod(fd, 0755) < 0) return fail_sys(e, "create " LAYOUT_ROOTFS);
	return take_fd(&fd);
}

/* `file` is the archive, or -1 if its bytes will follow. */
static int begin_unpacking(struct unpack_sink *r, int file, struct err *e)
{
	AUTOCLOSE int fd = -1;

	if (choose_dir(r, e) < 0 || (fd = unpack_make_rootfs(r->dir, e)) < 0) return -1;
	r->begun = true;
	return file < 0 ? unpack_begin(&r->unpack, fd, &r->limits, e) :
	       unpack_begin_file(&r->unpack, file, fd, &r->limits, e);
}

static void describe_source(const struct unpack_sink *r, const struct image_pick *what,
                            char *out, size_t room)
{
	if (what)
		snprintf(out, room, "%s %s, build %s", what->image->distro,
		         what->image->release, what->build->serial);
	else
		snprintf(out, room, "%s", r->name);
}

bool unpack_sink_have(void *arg, const struct image_pick *what)
{
	struct unpack_sink *r = arg;
	char name[300];

	r->sha256 = what->build->sha256;
	r->cloned = r->unpacked && image_store_clone(r->unpacked, r->sha256, r->work);
	if (!r->cloned) return false;
	describe_source(r, what, name, sizeof name);
	out_step("Cloned %s, which is kept unpacked", name);
	return true;
}

void unpack_sink_begin(void *arg, const struct image_pick *what, uint64_t have, uint64_t total)
{
	struct unpack_sink *r = arg;
	char name[300], size[SIZE_ROOM];

	describe_source(r, what, name, sizeof name);
	r->doing = total && have == total ? "unpacking" : "fetching";
	if (total && have == total)
		out_step("Unpacking %s, from the cache", name);
	else if (have)
		out_step("Fetching and unpacking %s: %s of it are here", name,
		         size_text(have, size));
	else if (total)
		out_step("Fetching and unpacking %s: %s", name, size_text(total, size));
	else
		out_step("Fetching and unpacking %s", name);
}

/* The first bytes start the child: if a server sends none, nothing has to be undone. */
int unpack_sink_take(void *arg, const void *data, size_t n, struct err *e)
{
	struct unpack_sink *r = arg;

	if (check_signal(e) < 0) return -1;
	if (!r->begun && begin_unpacking(r, -1, e) < 0) return -1;
	return unpack_feed(&r->unpack, data, n, e);
}

bool unpack_sink_wants_file(void *arg, const void *head, size_t n)
{
	(void)arg;
	return unpack_wants_file(head, n);
}

int unpack_sink_file(void *arg, int fd, struct err *e)
{
	struct unpack_sink *r = arg;

	out_busy("unpacking");
	return begin_unpacking(r, fd, e);
}

int unpack_sink_restart(void *arg, struct err *e)
{
	struct unpack_sink *r = arg;

	unpack_abort(&r->unpack);
	if (r->unpacked) image_store_drop(r->unpacked);
	r->begun = false;
	return tree_remove(r->work->dir, LAYOUT_ROOTFS, e);
}

void unpack_sink_progress(void *arg, uint64_t done, uint64_t total)
{
	const struct unpack_sink *r = arg;

	out_progress(r->doing ? r->doing : "unpacking", done, total);
}

void unpack_sink_tell(const struct unpack_report *r)
{
	char size[SIZE_ROOM];

	out_verbose("%" PRIu64 " files and directories, %s", r->entries,
	            size_text(r->bytes, size));
	if (r->bare)
		out_warn("%" PRIu64 " files lost attributes or ACLs: the file system does not "
		         "have them", r->bare);
	if (r->skipped)
		out_note("%" PRIu64 " device files were skipped: a jail gets its devices when "
		         "it starts", r->skipped);
}

int unpack_sink_finish(struct unpack_sink *r, struct err *e)
{
	struct unpack_report report;

	if (r->cloned) return 0;
	if (!r->begun) return fail(e, ERR_INPUT, "the image is empty");
	if (unpack_end(&r->unpack, &report, e) < 0) return -1;
	out_progress_end();
	unpack_sink_tell(&report);
	if (!r->unpacked || !r->unpacked->making) return 0;
	out_busy("writing to disk");
	return image_store_finish(r->unpacked, r->work, e);
}

void unpack_sink_drop(struct unpack_sink *r)
{
	out_progress_end();
	unpack_abort(&r->unpack);
	if (r->unpacked) image_store_drop(r->unpacked);
}
