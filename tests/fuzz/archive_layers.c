/* Applies the halves of a tar as layers, one onto the other, without the walls of a process of
 * its own: what keeps the files inside here is the code alone. Beside the folder lies one with
 * a file in it, which must stay. */

#include "lib/archive/extract.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/disk/tree.h"
#include "tests/fuzz/tar_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int open_inside(int top)
{
	return openat(top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void apply(int top, const uint8_t *data, size_t n)
{
	static const struct unpack_limits limits = { .bytes = 4 << 20, .entries = 200,
		                                     .is_layer = true };
	struct source from = { { source_next }, data, n };
	struct unpack_report r = { 0 };
	struct err e = { 0 };

	if (extract_whiteouts(&from.pull, open_inside(top), &limits, &e) == 0) {
		from = (struct source){ { source_next }, data, n };
		if (extract(&from.pull, open_inside(top), &limits, NULL, &r, &e) == 0) return;
	}
	if (!e.kind) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	char memory[] = "/dev/shm/jlmkr-fuzz.XXXXXX", disk[] = "/tmp/jlmkr-fuzz.XXXXXX";
	const char *path = mkdtemp(memory) ? memory : mkdtemp(disk);
	AUTOCLOSE int here = open(".", O_PATH | O_CLOEXEC), top = -1, kept = -1;
	const uint8_t *sealed = seal(&m, data, n);
	size_t half = n / 1024 * 512;
	struct err e = { 0 };
	struct stat st;

	if (!path) abort();
	top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(top, "inside", 0700) < 0 || mkdirat(top, "outside", 0700) < 0) abort();
	if ((kept = openat(top, "outside/kept", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) < 0)
		abort();
	apply(top, sealed, half);
	apply(top, sealed + half, n - half);
	if (fchdir(here) < 0) abort();
	if (fstat(kept, &st) < 0 || st.st_nlink != 1 || st.st_size || st.st_mode != 0100600)
		abort();
	if (unlinkat(top, "outside/kept", 0) < 0 ||
	    unlinkat(top, "outside", AT_REMOVEDIR) < 0)
		abort();
	if (fstat(top, &st) < 0 || st.st_nlink != 3) abort();
	if (tree_remove(AT_FDCWD, path, &e) < 0) {
		puts(e.text);
		abort();
	}
	return 0;
}
