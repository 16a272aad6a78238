#include "lib/ops/install.h"

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/image/fetch.h"
#include "lib/ops/rootfs.h"

static void note(void *arg, const char *text)
{
	(void)arg;
	out_note("%s", text);
}

static int transfer(struct image_source *s, struct arena *m, const struct image_want *want,
                    int work, struct err *e)
{
	struct rootfs r = { .doing = s->offline ? "unpacking" : "fetching", .work = work };
	const struct image_sink sink = {
		.take = rootfs_take,
		.restart = rootfs_restart,
		.progress = rootfs_progress,
		.note = note,
		.arg = &r,
	};
	struct image_pick got;
	int rc;

	out_step("%s %s %s", s->offline ? "Unpacking" : "Fetching and unpacking", want->distro,
	         want->release);
	rc = image_fetch_best(s, m, want, &sink, &got, e);
	if (rc == 0 && (rc = rootfs_finish(&r, e)) == 0)
		out_note("Installed %s %s, build %s", got.image->distro, got.image->release,
		         got.build->serial);
	rootfs_drop(&r);
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
