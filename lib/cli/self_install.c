#include "lib/cli/self_install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/cli/applet.h"

static const char program[] = "jlmkr";

static int copy_bytes(int from, int to, struct err *e)
{
	ssize_t n;

	do {
		n = sendfile(to, from, NULL, 1 << 20);
	} while (n > 0);
	if (n < 0) return fail_sys(e, "copy");
	if (fchmod(to, 0755) < 0 || fsync(to) < 0) return fail_sys(e, "fsync");
	return 0;
}

/* A running binary cannot be overwritten, so the new one replaces it by a rename. */
static int copy_self(int dir, struct err *e)
{
	AUTOCLOSE int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), to = -1;
	static const char tmp[] = ".jlmkr.new";

	if (from < 0) return fail_sys(e, "open /proc/self/exe");
	unlinkat(dir, tmp, 0);
	to = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	if (to < 0) return fail_sys(e, "create %s", tmp);
	if (copy_bytes(from, to, e) == 0 && renameat(dir, tmp, dir, program) == 0) return 0;
	if (!e->kind) fail_sys(e, "rename %s", tmp);
	unlinkat(dir, tmp, 0);
	return -1;
}

static bool is_self(int dir)
{
	struct stat there, self;

	return fstatat(dir, program, &there, 0) == 0 && stat("/proc/self/exe", &self) == 0 &&
	       same_file(&there, &self);
}

static int make_link(int dir, const char *name, struct err *e)
{
	char link[64], target[sizeof program + 1];
	ssize_t n;

	snprintf(link, sizeof link, "jlmkr-%s", name);
	if (symlinkat(program, dir, link) == 0) return 0;
	if (errno != EEXIST) return fail_sys(e, "link %s", link);
	n = readlinkat(dir, link, target, sizeof target);
	if (n != (ssize_t)strlen(program) || memcmp(target, program, (size_t)n))
		out_warn("%s already exists and is not a link to jlmkr; left alone", link);
	return 0;
}

/* It is made if only its last part is missing: a longer path is more likely mistyped. */
static int open_target(const char *path, struct err *e)
{
	int fd;

	if (mkdir(path, 0755) == 0) out_note("%s created", path);
	else if (errno != EEXIST) return fail_sys(e, "create %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? fail_sys(e, "open %s", path) : fd;
}

int install_links(char *const *operands, struct err *e)
{
	AUTOCLOSE int dir = -1;

	if (!operands[0] || operands[1])
		return fail(e, ERR_USAGE, "--install takes a directory: jlmkr --install DIR");
	if ((dir = open_target(operands[0], e)) < 0) return -1;
	if (!is_self(dir) && copy_self(dir, e) < 0)
		return fail_in(e, "install into %s", operands[0]);
	for (const struct applet *const *a = applets; *a; a++)
		if (make_link(dir, (*a)->name, e) < 0)
			return fail_in(e, "install into %s", operands[0]);
	out_done("jlmkr and a link for each command are in %s", operands[0]);
	return 0;
}
