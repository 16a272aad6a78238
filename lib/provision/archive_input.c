#include "lib/provision/archive_input.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/check.h"
#include "lib/archive/pack.h"
#include "lib/archive/unpack.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/wait.h"
#include "lib/image/fetch.h"

/* The child needs some KiB; then its pipe is full. More than this is no export. */
enum { HEAD_MAX = 16 << 20 };

/* O_NONBLOCK: open(2) does not wait for the writer of a FIFO. The first read waits for it, and
 * a signal interrupts that. */
static int open_file(const char *from, struct err *e)
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
	if (strcmp(from, "-")) return (in->fd = open_file(from, e)) < 0 ? -1 : 0;
	in->fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	return in->fd < 0 ? fail_sys(e, "open %s", from) : 0;
}

void archive_input_close(struct archive_input *in)
{
	if (in->fd >= 0) close(take_fd(&in->fd));
}

static int read_url(struct host *h, const char *url, const char *sha256,
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

int archive_input_read(struct host *h, struct archive_input *in, const char *sha256,
                       const struct image_sink *sink, struct err *e)
{
	if (in->fd < 0) return read_url(h, in->from, sha256, sink, e);
	return image_read(in->fd, &in->head, sha256, sink, e);
}

/* -- looked at -- */

/* A child that reads the front or all of it, fed by a transfer. */
struct looking {
	struct archive_input *in;
	struct unpack u;
	bool keep;		/* the bytes cannot be read again */
	bool done;		/* the child needs no more */
};

static int look_take(void *arg, const void *data, size_t n, struct err *e)
{
	struct looking *l = arg;
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
static int feed_child(struct host *h, struct archive_input *in, struct looking *l,
                      const char *sha256, struct err *e)
{
	const struct image_sink sink = { .take = look_take, .progress = look_progress,
	                                 .arg = l };
	const struct str nothing = { 0 };
	off_t start = in->fd < 0 ? -1 : lseek(in->fd, 0, SEEK_CUR);
	int rc;

	if (in->fd < 0) rc = read_url(h, in->from, sha256, &sink, e);
	else rc = image_read(in->fd, &nothing, NULL, &sink, e);
	out_progress_end();
	if (l->done && e) *e = (struct err){ 0 };
	if (!l->done && rc == 0) rc = unpack_end(&l->u, NULL, e);
	unpack_abort(&l->u);
	if (start >= 0 && lseek(in->fd, start, SEEK_SET) < 0) return fail_sys(e, "seek");
	return l->done ? 0 : rc;
}

static const char *value_of(struct arena *m, const char *head, const char *key)
{
	const char *line = strstr(head, key);

	if (!line) return NULL;
	line += strlen(key);
	return arena_strndup(m, line, strcspn(line, "\n"));
}

static const char *text_of(struct arena *m, const char *text, size_t n, size_t max)
{
	return arena_strndup(m, text, n < max ? n : max);
}

static int read_front(struct arena *m, struct archive_input *in, const struct check_front *f,
                      struct err *e)
{
	const char *head = text_of(m, f->head, f->head_n, sizeof f->head);

	if (!(in->is_export = f->is_export)) return 0;
	if (!str_starts(head, PACK_FORMAT "\n"))
		return fail(e, ERR_INPUT,
		            "it was exported by a newer jlmkr, in a way not known here");
	in->config = text_of(m, f->config, f->config_n, sizeof f->config);
	in->version = value_of(m, head, "\nversion=");
	in->jail = value_of(m, head, "\njail=");
	if (strlen(in->config) != f->config_n || !in->jail || !in->version)
		return fail(e, ERR_INPUT, "its first entries are damaged");
	return 0;
}

int archive_input_look(struct host *h, struct archive_input *in, const char *sha256,
                       struct err *e)
{
	struct check_front *front = unpack_front_new(e);
	struct looking l = { .in = in };
	int rc;

	if (!front) return -1;
	l.keep = in->fd >= 0 && lseek(in->fd, 0, SEEK_CUR) < 0;
	rc = unpack_begin_check(&l.u, front, true, e);
	if (rc == 0) rc = feed_child(h, in, &l, sha256, e);
	if (rc == 0) rc = read_front(h->m, in, front, e);
	unpack_front_free(front);
	return rc;
}

int archive_input_verify(struct host *h, struct archive_input *in, struct err *e)
{
	struct looking l = { .in = in };

	if (unpack_begin_check(&l.u, NULL, false, e) < 0) return -1;
	return feed_child(h, in, &l, NULL, e);
}
