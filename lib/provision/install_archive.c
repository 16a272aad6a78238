#include "lib/provision/install_archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/image/fetch.h"
#include "lib/provision/layout_root.h"
#include "lib/provision/unpack_sink.h"
#include "lib/store/staging.h"

#define DESCRIPTION ".description"

/* O_NONBLOCK: open(2) does not wait for the writer of a FIFO. The first read waits for it, and
 * a signal interrupts that. */
static int open_file(const char *from, struct err *e)
{
	AUTOCLOSE int fd = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0) return fail_sys(e, "open %s", from);
	return take_fd(&fd);
}

int install_open(const char *from, struct err *e)
{
	int fd;

	if (strcmp(from, "-")) return open_file(from, e);
	fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? fail_sys(e, "open %s", from) : fd;
}

static int unpack_file(const char *from, const char *sha256, const struct image_sink *sink,
                       struct err *e)
{
	AUTOCLOSE int fd = install_open(from, e);

	return fd < 0 ? -1 : image_read(fd, sha256, sink, e);
}

static int unpack_url(struct host *h, const char *url, const char *sha256,
                      const struct image_sink *sink, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct image_source s = { 0 };
	int rc;

	if (image_source_open(&m, url, h->cacert, &s, e) < 0) return -1;
	if (sha256) image_cache_open(&m, h->dir, true, &s.cache, NULL);
	rc = image_fetch_url(&s, sha256, sink, e);
	image_source_close(&s);
	return rc;
}

/* -- the other file of an image in two files -- */

const struct unpack_limits install_description_limits = {
	.bytes = 4 << 20, .entries = 1000, .no_devices = true, .fixed = true,
};

static int take_bytes(void *arg, const void *data, size_t n, struct err *e)
{
	return check_signal(e) < 0 ? -1 : unpack_feed(arg, data, n, e);
}

static int unpack_description(struct host *h, const char *from, int dir, struct err *e)
{
	struct unpack u = { 0 };
	const struct image_sink sink = { .take = take_bytes, .arg = &u };
	int rc = unpack_begin(&u, dir, &install_description_limits, e);

	if (rc == 0)
		rc = is_url(from) ? unpack_url(h, from, NULL, &sink, e) :
		     unpack_file(from, NULL, &sink, e);
	if (rc == 0) rc = unpack_end(&u, NULL, e);
	unpack_abort(&u);
	return rc;
}

static int read_description(struct host *h, const char *from, int work,
                            const struct image_metadata **found, struct err *e)
{
	AUTOCLOSE int dir = -1;

	if (mkdirat(work, DESCRIPTION, 0700) < 0) return fail_sys(e, "create " DESCRIPTION);
	dir = openat(work, DESCRIPTION, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0) return fail_sys(e, "open " DESCRIPTION);
	if (unpack_description(h, from, dir, e) < 0) return -1;
	return root_take_description(h->m, work, DESCRIPTION, found, e);
}

int install_archive(struct host *h, const struct install_source *source,
                    const struct unpack_limits *limits, struct staging *work,
                    const struct image_metadata **found, struct err *e)
{
	const char *from = source->from, *name = word_shown(h->m, from);
	struct unpack_sink r = { .name = name, .work = work, .limits = *limits };
	const struct image_sink sink = { .begin = unpack_sink_begin, .take = unpack_sink_take,
	                                 .wants_file = unpack_sink_wants_file,
	                                 .file = unpack_sink_file,
	                                 .restart = unpack_sink_restart,
	                                 .progress = unpack_sink_progress, .arg = &r };
	int rc;

	if (!is_url(from))
		out_step("Unpacking %s", str_eq(from, "-") ? "standard input" : from);
	rc = is_url(from) ? unpack_url(h, from, source->sha256, &sink, e) :
	     unpack_file(from, source->sha256, &sink, e);
	if (rc == 0) rc = unpack_sink_finish(&r, e);
	unpack_sink_drop(&r);
	if (rc < 0 || root_lift(h->m, work->dir, found, e) < 0)
		return fail_in(e, "image %s", name);
	if (!source->metadata) return 0;
	if (read_description(h, source->metadata, work->dir, found, e) == 0) return 0;
	return fail_in(e, "--metadata %s", word_shown(h->m, source->metadata));
}
