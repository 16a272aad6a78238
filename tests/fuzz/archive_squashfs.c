/* Unpacks squashfs images as archive_extract does tars: without the walls of a process of its
 * own, beside a folder that must stay empty, and what lies in the folder is counted. */

#include "lib/archive/squashfs.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/device.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/disk/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint64_t made, bytes;

static int count(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)path;
	(void)kind;
	if (S_ISBLK(st->st_mode) || S_ISSOCK(st->st_mode)) abort();
	if (S_ISCHR(st->st_mode) && !device_is_harmless(st->st_mode, st->st_rdev)) abort();
	made += at->level > 1;		/* below "inside" and "outside" */
	if (S_ISREG(st->st_mode)) bytes += (uint64_t)st->st_blocks * 512 / st->st_nlink;
	return 0;
}

static void check_what_is_there(const char *path, int top, const struct unpack_limits *limits)
{
	struct stat st;

	made = bytes = 0;
	if (nftw(path, count, 8, FTW_PHYS) < 0 || made > limits->entries) abort();
	if (bytes > limits->bytes + made * 8192) abort();
	if (unlinkat(top, "outside", AT_REMOVEDIR) < 0) abort();
	if (fstat(top, &st) < 0 || st.st_nlink != 3) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct unpack_limits limits = { .bytes = 4 << 20, .entries = 500 };
	struct unpack_report r = { 0 };
	struct err e = { 0 };
	char memory[] = "/dev/shm/jlmkr-fuzz.XXXXXX", disk[] = "/tmp/jlmkr-fuzz.XXXXXX";
	char *path = mkdtemp(memory) ? memory : mkdtemp(disk);
	AUTOCLOSE int here = open(".", O_PATH | O_CLOEXEC), top = -1;
	AUTOCLOSE int image = memfd_create("image", MFD_CLOEXEC);

	if (!path || image < 0 || write_all(image, data, n, &e) < 0) abort();
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top, "inside", 0700) < 0 || mkdirat(top, "outside", 0700) < 0) abort();
	if (squashfs_extract(image, openat(top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	                     &limits, NULL, &r, &e) < 0 && !e.kind)
		abort();
	if (r.entries > limits.entries || fchdir(here) < 0) abort();
	check_what_is_there(path, top, &limits);
	if (tree_remove(AT_FDCWD, path, &e) < 0) {
		puts(e.text);
		abort();
	}
	return 0;
}
