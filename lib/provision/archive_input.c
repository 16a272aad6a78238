#include "lib/provision/archive_input.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/found.h"
#include "lib/archive/pack.h"
#include "lib/archive/unpack.h"
#include "lib/archive/unstream.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/wait.h"
#include "lib/disk/zfs_replica.h"
#include "lib/image/fetch.h"

/* The child needs some KiB; then its pipe is full. More than this is no export. */
enum { HEAD_MAX = 16 << 20 };

/* O_NONBLOCK: open(2) does not wait for the writer of a FIFO. The first read waits for it, and
 * a signal interrupts that. */
static int open_at_once(const char *from, struct err *e)
{
	AUTOCLOSE int fd = open(from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0) return fail_sys(e, "open %s", from);
	return take_fd(&fd);
}

int archive_input_open(struct arena *m, const char *from, struct archive_input *in,
                       struct err *e)
{
	*in = (struct archive_input){ .from = from, .fd = -1, .head.m = m };
	if (is_url(from)) return 0;
	if (strcmp(from, "-")) return (in->fd = open_at_once(from, e)) < 0 ? -1 : 0;
	in->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return in->fd < 0 ? fail_sys(e, "open %s", from) : 0;
}

void archive_input_close(struct archive_input *in)
{
	if (in->fd >= 0) close(take_fd(&in->fd));
}

/* `keep`: the bytes that came before a fault, for the next time, which needs a hash. */
static int read_url(struct host *h, const char *url, const char *sha256, bool keep,
                    const struct image_sink *sink, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct image_source s = { 0 };
	int rc;

	if (image_source_open(&m, url, h->cacert, &s, e) < 0) return -1;
	if (sha256 && keep) image_cache_open(&m, h->dir, true, &s.cache, NULL);
	rc = image_fetch_url(&s, sha256, sink, e);
	image_source_close(&s);
	return rc;
}

int archive_input_read(struct host *h, struct archive_input *in, const char *sha256,
                       const struct image_sink *sink, struct err *e)
{
	if (in->fd < 0) return read_url(h, in->from, sha256, true, sink, e);
	return image_read(in->fd, &in->head, sha256, sink, e);
}

/* -- stored -- */

static int store_bytes(void *fd, const void *data, size_t n, struct err *e)
{
	return write_all(*(int *)fd, data, n, e);
}

static int drop_bytes(void *arg, const void *data, size_t n, struct err *e)
{
	(void)arg, (void)data, (void)n, (void)e;
	return 0;
}

/* A file that nothing was read from yet. */
static bool is_whole_file(const struct archive_input *in)
{
	struct stat st;

	return in->fd >= 0 && fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       lseek(in->fd, 0, SEEK_CUR) == 0;
}

/* Nothing else writes to it, so what was checked is what is looked at. */
static int open_store(struct host *h, struct err *e)
{
	int fd = open(h->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd < 0 ? fail_sys(e, "store it in %s", h->dir) : fd;
}

static int rewind_input(const struct archive_input *in, struct err *e)
{
	return lseek(in->fd, 0, SEEK_SET) < 0 ? fail_sys(e, "seek") : 0;
}

int archive_input_store(struct host *h, struct archive_input *in, const char *sha256,
                        struct err *e)
{
	AUTOCLOSE int store = -1;
	const struct image_sink to_store = { .take = store_bytes, .arg = &store };
	const struct image_sink to_nowhere = { .take = drop_bytes };

	if (is_whole_file(in)) {
		if (!sha256) return 0;
		if (archive_input_read(h, in, sha256, &to_nowhere, e) < 0) return -1;
		return rewind_input(in, e);
	}
	if ((store = open_store(h, e)) < 0) return -1;
	if (in->fd < 0 ? read_url(h, in->from, sha256, false, &to_store, e) < 0 :
	    image_read(in->fd, &in->head, sha256, &to_store, e) < 0)
		return -1;
	archive_input_close(in);
	in->fd = take_fd(&store);
	in->head.len = 0;
	return rewind_input(in, e);
}

/* -- looked at -- */

/* A child that reads the front or all of it, fed by a transfer. */
struct feeding {
	struct archive_input *in;
	struct unpack u;
	bool keep;		/* the bytes cannot be read again */
	bool done;		/* the child needs no more */
};

static int look_take(void *arg, const void *data, size_t n, struct err *e)
{
	struct feeding *l = arg;
	int rc;

	if (check_signal(e) < 0) return -1;
	if (l->keep) str_addn(&l->in->head, data, n);
	if (l->in->head.len > HEAD_MAX)
		return fail(e, ERR_INPUT, "its first entries are too large");
	if ((rc = unpack_feed(&l->u, data, n, e)) <= 0) return rc;
	l->done = true;
	return fail(e, ERR_HOST, "no more is needed");
}

static void look_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	out_progress("checking", done, total);
}

/* A file is read from where it is, and again from there. */
static int feed_child(struct host *h, struct archive_input *in, struct feeding *l,
                      const char *sha256, struct err *e)
{
	const struct image_sink sink = { .take = look_take, .progress = look_progress,
	                                 .arg = l };
	const struct str nothing = { 0 };
	off_t start = in->fd < 0 ? -1 : lseek(in->fd, 0, SEEK_CUR);
	int rc;

	if (in->fd < 0) rc = read_url(h, in->from, sha256, true, &sink, e);
	else rc = image_read(in->fd, &nothing, NULL, &sink, e);
	out_progress_end();
	if (l->done && e) *e = (struct err){ 0 };
	if (!l->done && rc == 0) rc = unpack_end(&l->u, NULL, e);
	unpack_abort(&l->u);
	if (start >= 0 && lseek(in->fd, start, SEEK_SET) < 0) return fail_sys(e, "seek");
	return l->done ? 0 : rc;
}

static int read_export_head(struct arena *m, struct archive_input *in, const char *head,
                            struct err *e)
{
	if (str_starts(head, PACK_FORMAT_STREAM "\n")) {
		if (stream_head_read(m, head, &in->stream, e) < 0) return -1;
		in->is_stream = true;
		in->version = in->stream.version;
		in->jail = in->stream.jail;
		return 0;
	}
	if (!str_starts(head, PACK_FORMAT "\n"))
		return fail(e, ERR_INPUT,
		            "it was exported by a newer jlmkr, in a way not known here");
	in->version = stream_head_value(m, head, "version");
	in->jail = stream_head_value(m, head, "jail");
	if (*in->jail && *in->version) return 0;
	return fail(e, ERR_INPUT, "its first entries are damaged");
}

/* It may be a stream alone. */
static int read_begin(struct arena *m, struct archive_input *in, const struct check_front *f,
                      struct err *e)
{
	const unsigned char *data = (const unsigned char *)f->head;
	struct zfs_begin b;

	if (!(in->is_stream = zfs_is_stream(data, f->head_n))) return 0;
	if (zfs_begin_read(data, f->head_n, &b, NULL) < 0)
		return fail(e, ERR_INPUT, "it is a stream of ZFS, but not that of one snapshot "
		            "of a file system: of a volume or a clone, or a package, as 'zfs "
		            "send' makes it with -R, -I or -p; send the snapshot alone");
	return stream_head_guess(m, &b, &in->stream, e);
}

static int read_front(struct arena *m, struct archive_input *in, const struct check_front *f,
                      struct err *e)
{
	if (!(in->is_export = f->is_export)) return read_begin(m, in, f, e);
	if (read_export_head(m, in, arena_strndup(m, f->head, f->head_n), e) < 0) return -1;
	in->config = arena_strndup(m, f->config, f->config_n);
	if (strlen(in->config) == f->config_n) return 0;
	return fail(e, ERR_INPUT, "its first entries are damaged");
}

int archive_input_look(struct host *h, struct archive_input *in, const char *sha256,
                       struct err *e)
{
	struct archive_found *found = found_new(e);
	struct feeding l = { .in = in };
	int rc;

	if (!found) return -1;
	l.keep = in->fd >= 0 && lseek(in->fd, 0, SEEK_CUR) < 0;
	rc = unpack_begin_front(&l.u, found, e);
	if (rc == 0) rc = feed_child(h, in, &l, sha256, e);
	if (rc == 0) rc = read_front(h->m, in, &found->front, e);
	found_free(found);
	return rc;
}

/* -- a stream -- */

static int unstream_take(void *arg, const void *data, size_t n, struct err *e)
{
	return check_signal(e) < 0 ? -1 : unstream_feed(arg, data, n, e);
}

static void unstream_progress(void *arg, uint64_t done, uint64_t total)
{
	(void)arg;
	out_progress("receiving", done, total);
}

int archive_input_unstream(struct host *h, struct archive_input *in, const char *sha256,
                           int (*take)(void *arg, const void *data, size_t n, struct err *e),
                           void *arg, struct err *e)
{
	struct unstream s = { .take = take, .arg = arg };
	const struct image_sink sink = { .take = unstream_take, .progress = unstream_progress,
	                                 .arg = &s };
	int rc;

	if (unpack_begin_stream(&s.u, !in->is_export, e) < 0) return -1;
	rc = archive_input_read(h, in, sha256, &sink, e);
	if (rc == 0) rc = unstream_end(&s, e);
	unpack_abort(&s.u);
	out_progress_end();
	return rc;
}

int archive_input_verify(struct host *h, struct archive_input *in, struct err *e)
{
	struct feeding l = { .in = in };

	if (unpack_begin_check(&l.u, e) < 0) return -1;
	return feed_child(h, in, &l, NULL, e);
}
