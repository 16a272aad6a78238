/* Unpacks into a folder without the walls of a process of its own: what keeps the
 * files inside here is the code alone. Beside the folder lies one that links from
 * inside would reach; it must stay empty. What lies in the folder is counted: it is no
 * more than the limit, and no device but a harmless one. */

#include "lib/archive/extract.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/device.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/disk/tree.h"
#include "tests/fuzz/tar_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t made;

static int count(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)path;
	(void)kind;
	if (S_ISBLK(st->st_mode)) abort();
	if (S_ISCHR(st->st_mode) && !device_is_harmless(st->st_mode, st->st_rdev)) abort();
	made += at->level > 1;		/* below "inside" and "outside" */
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	static const struct unpack_limits limits = { .bytes = 4 << 20, .entries = 200 };
	struct source from = { .pull.next = source_next, .n = n };
	struct unpack_report r = { 0 };
	struct err e = { 0 };
	char memory[] = "/dev/shm/jlmkr-fuzz.XXXXXX", disk[] = "/tmp/jlmkr-fuzz.XXXXXX";
	char *path = mkdtemp(memory) ? memory : mkdtemp(disk);
	AUTOCLOSE int here = open(".", O_PATH | O_CLOEXEC), top = -1;
	struct stat st;

	from.data = seal(&m, data, n);
	if (!path) abort();
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top, "inside", 0700) < 0 || mkdirat(top, "outside", 0700) < 0) abort();
	if (extract(&from.pull, openat(top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	            &limits, NULL, &r, &e) < 0 && !e.kind)
		abort();
	if (r.entries > limits.entries) abort();
	if (fchdir(here) < 0) abort();
	made = 0;
	if (nftw(path, count, 8, FTW_PHYS) < 0 || made > limits.entries) abort();
	if (unlinkat(top, "outside", AT_REMOVEDIR) < 0) abort();
	if (fstat(top, &st) < 0 || st.st_nlink != 3) abort();
	if (tree_remove(AT_FDCWD, path, &e) < 0) {
		puts(e.text);
		abort();
	}
	return 0;
}
