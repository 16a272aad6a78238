#include "lib/archive/same.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive/pack.h"
#include "lib/archive/path_walk.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

int same_ask(int fd, const char *path, const unsigned char sum[HAVE_HASH], struct err *e)
{
	struct same s = { .magic = SAME_MAGIC };
	size_t n = strlen(path) + 1;
	char answer = SAME_NO;
	ssize_t got;

	if (n > sizeof s.path) return fail(e, ERR_INPUT, "the name is too long");
	memcpy(s.sum, sum, HAVE_HASH);
	memcpy(s.path, path, n);
	n += offsetof(struct same, path);
	if (write(fd, &s, n) != (ssize_t)n) return fail_sys(e, "ask for a file");
	do {
		got = read(fd, &answer, 1);
	} while (got < 0 && errno == EINTR);
	if (got == 1 && answer == SAME_YES) return 0;
	return fail(e, ERR_UNTRUSTED, "it is not here, as the archive says");
}

bool same_is_question(const struct same *s, size_t n)
{
	const size_t before = offsetof(struct same, path);
	char clean[PATH_MAX];

	if (n < before + 2 || n > sizeof *s || s->magic != SAME_MAGIC) return false;
	if (memchr(s->path, 0, n - before) != s->path + (n - before - 1)) return false;
	return str_starts(s->path, PACK_ROOT "/") &&
	       path_walk_clean(clean, s->path, NULL) == 0 && str_eq(clean, s->path);
}
