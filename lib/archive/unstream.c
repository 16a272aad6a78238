#include "lib/archive/unstream.h"

#include <errno.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

enum { PIECE = 64 << 10 };

/* What has come: 1, or 0 at its end. */
static int take_some(struct unstream *s, struct err *e)
{
	char piece[PIECE];
	ssize_t n = read(s->u.out, piece, sizeof piece);

	if (n < 0 && errno != EINTR) return fail_sys(e, "read the stream");
	if (n > 0 && s->take(s->arg, piece, (size_t)n, e) < 0) return -1;
	if (n) return 1;
	close(take_fd(&s->u.out));
	return 0;
}

static int give_some(struct unstream *s, const char **data, size_t *n, struct err *e)
{
	ssize_t k = write(s->u.in, *data, *n);

	if (k < 0 && errno == EPIPE) {
		if (unpack_end(&s->u, NULL, e) < 0) return -1;
		return fail(e, ERR_INPUT, "the archive has data behind its end");
	}
	if (k < 0 && errno != EAGAIN && errno != EINTR)
		return fail_sys(e, "write to the unpacking process");
	*data += k > 0 ? k : 0;
	*n -= k > 0 ? (size_t)k : 0;
	return 0;
}

static int feed(struct unstream *s, const char *data, size_t n, struct err *e)
{
	while (n) {
		struct pollfd fds[] = { { s->u.in, POLLOUT, 0 }, { s->u.out, POLLIN, 0 } };

		if (wait_fds(fds, 2, NO_DEADLINE, e) < 0) return -1;
		if (fds[1].revents && take_some(s, e) < 0) return -1;
		if (fds[0].revents && give_some(s, &data, &n, e) < 0) return -1;
	}
	return 0;
}

int unstream_feed(struct unstream *s, const void *data, size_t n, struct err *e)
{
	if (feed(s, data, n, e) == 0) return 0;
	unpack_abort(&s->u);
	return -1;
}

int unstream_end(struct unstream *s, struct err *e)
{
	int rc = 1;

	close(take_fd(&s->u.in));
	while (rc > 0)
		if ((rc = wait_fd(s->u.out, POLLIN, NO_DEADLINE, e)) >= 0)
			rc = take_some(s, e);
	if (rc == 0) return unpack_end(&s->u, NULL, e);
	unpack_abort(&s->u);
	return -1;
}
