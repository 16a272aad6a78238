/* The files that configs are read from: lib/jail/conf.h */

#include "lib/jail/conf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/owner.h"
#include "lib/jail/layout.h"

enum { WRITER_MS = 5000 };

/* To the end of the file, which may be a pipe. */
static char *conf_read(struct arena *m, int fd, struct err *e)
{
	unsigned line = 1;
	size_t len;
	char *text = read_all(m, fd, CONF_MAX, &len, e);

	if (!text || strlen(text) == len) return text;
	for (const char *p = text; *p; p++)
		line += *p == '\n';
	return fail(e, ERR_INPUT, "line %u: a NUL byte, this is not text", line), NULL;
}

/* "/dev/stdin", for example, by whatever name. */
static bool is_stdin(const struct stat *st)
{
	struct stat in;

	return fstat(STDIN_FILENO, &in) == 0 && same_file(&in, st);
}

static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* A pipe without a writer is at its end at once: somebody may be about to open it. */
static int await_writer(int fd, const char *path, struct err *e)
{
	int rc = wait_fd(fd, POLLIN, deadline_in(WRITER_MS), e);

	return rc ? rc : fail(e, ERR_INPUT, "%s is a pipe that nobody writes to", path);
}

static int open_stdin(struct err *e)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);

	return fd < 0 ? fail_sys(e, "open standard input") : fd;
}

static int open_named(const char *path, struct err *e)
{
	AUTOCLOSE int place = open(path, O_PATH | O_CLOEXEC), fd = -1;
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0) return fail_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode) && is_stdin(&st)) return open_stdin(e);
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode) && !is_null(&st))
		return fail(e, ERR_INPUT, "%s is neither a file nor a pipe", path);
	if ((fd = reopen(place, O_RDONLY)) < 0) return fail_sys(e, "open %s", path);
	if (S_ISFIFO(st.st_mode) && await_writer(fd, path, e) < 0) return -1;
	return take_fd(&fd);
}

static char *read_shown(struct arena *m, int fd, const char *shown, struct err *e)
{
	char *text = fd < 0 ? NULL : conf_read(m, fd, e);

	if (fd >= 0 && !text) fail_in(e, "%s", shown);
	return text;
}

char *conf_read_named(struct arena *m, const char *path, struct err *e)
{
	bool dash = str_eq(path, "-");
	AUTOCLOSE int fd = dash ? open_stdin(e) : open_named(path, e);

	return read_shown(m, fd, dash ? "standard input" : path, e);
}

char *conf_read_file(struct arena *m, int dir, const char *file, const char *shown,
                     struct err *e)
{
	AUTOCLOSE int fd = open_file(dir, file, shown, e);

	return read_shown(m, fd, shown, e);
}

int conf_copy(struct arena *m, int from, const char *shown, int to, const char *as,
              struct err *e)
{
	const char *text = conf_read_file(m, from, LAYOUT_CONFIG, shown, e);

	return text ? create_file(to, as, text, strlen(text), 0600, e) : -1;
}

int conf_open_own(int dir, const char *file, const char *shown, struct err *e)
{
	AUTOCLOSE int fd = open_file(dir, file, shown, e);
	struct stat st;
	bool link;

	if (fd < 0) return -1;
	link = fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode);
	return owner_check_file(fd, link ? -1 : dir, shown, e) < 0 ? -1 : take_fd(&fd);
}

char *conf_read_own(struct arena *m, int dir, const char *file, const char *shown,
                    struct err *e)
{
	AUTOCLOSE int fd = conf_open_own(dir, file, shown, e);

	return read_shown(m, fd, shown, e);
}

int conf_load(struct arena *m, int dir, const char *file, const char *shown, struct conf *c,
              struct err *e)
{
	const char *text = conf_read_file(m, dir, file, shown, e);

	if (!text) return -1;
	return conf_parse(m, text, c, e) < 0 ? fail_in(e, "%s", shown) : 0;
}
