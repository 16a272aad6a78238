#include "lib/ops/install.h"

#include <inttypes.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/disk/tree.h"
#include "lib/disk/unpack.h"
#include "lib/image/fetch.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"

/* One image on its way into one directory. */
struct transfer {
	struct unpack unpack;
	const char *what;
	int work;
	bool begun;
};

static int begin(struct transfer *t, struct err *e)
{
	AUTOCLOSE int rootfs = -1;

	if (mkdirat(t->work, LAYOUT_ROOTFS, 0755) < 0) return fail_sys(e, "create " LAYOUT_ROOTFS);
	if ((rootfs = jail_open_rootfs(t->work, e)) < 0) return -1;
	t->begun = true;
	return unpack_begin(&t->unpack, rootfs, NULL, e);
}

/* The child is started by the first bytes: a server that has none costs nothing. */
static int take(void *arg, const void *data, size_t n, struct err *e)
{
	struct transfer *t = arg;

	if (check_signal(e) < 0) return -1;
	if (!t->begun && begin(t, e) < 0) return -1;
	return unpack_feed(&t->unpack, data, n, e);
}

static int restart(void *arg, struct err *e)
{
	struct transfer *t = arg;

	unpack_abort(&t->unpack);
	t->begun = false;
	return tree_remove(t->work, LAYOUT_ROOTFS, e);
}

static void progress(void *arg, uint64_t done, uint64_t total)
{
	const struct transfer *t = arg;

	out_progress(t->what, done, total);
}

static void note(void *arg, const char *text)
{
	(void)arg;
	out_note("%s", text);
}

static int finish(struct transfer *t, struct err *e)
{
	struct unpack_report r;

	out_progress_end();
	if (!t->begun) return fail(e, ERR_NETWORK, "the image is empty");
	if (unpack_end(&t->unpack, &r, e) < 0) return -1;
	out_verbose("%" PRIu64 " files and directories, %" PRIu64 " MiB", r.entries, r.bytes >> 20);
	if (r.bare)
		out_warn("%" PRIu64 " files lost attributes or ACLs: the file system does not have them",
		         r.bare);
	return 0;
}

static int transfer(struct image_source *s, struct arena *m, const struct image_want *want,
                    int work, struct err *e)
{
	struct transfer t = { .what = s->offline ? "unpacking" : "fetching", .work = work };
	const struct image_sink sink = {
		.take = take,
		.restart = restart,
		.progress = progress,
		.note = note,
		.arg = &t,
	};
	struct image_pick got;
	int rc;

	out_step("%s %s %s", s->offline ? "Unpacking" : "Fetching and unpacking", want->distro,
	         want->release);
	rc = image_fetch_best(s, m, want, &sink, &got, e);
	if (rc == 0 && (rc = finish(&t, e)) == 0)
		out_note("Installed %s %s, build %s", got.image->distro, got.image->release,
		         got.build->serial);
	out_progress_end();
	unpack_abort(&t.unpack);
	return rc;
}

int install_image(struct host *h, const struct image_want *want, bool offline, int work,
                  struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct image_source s = { 0 };
	struct err why = { 0 };
	int rc;

	if (image_source_open(&m, h->image_server, h->cacert, &s, e) < 0) return -1;
	out_verbose("%s", s.trust);
	s.offline = offline;
	if (image_cache_open(&m, h->dir, true, &s.cache, &why) < 0)
		out_warn("the image is not kept for the next time: %s", why.text);
	rc = transfer(&s, &m, want, work, e);
	image_source_close(&s);
	return rc;
}
