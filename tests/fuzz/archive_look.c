/* Looks at archives of both formats, without the walls of a process of its own: nothing is
 * made, and the texts have an end. */

#include "lib/archive/look.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/extract.h"
#include "lib/archive/squashfs.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "tests/fuzz/tar_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int look_at_squashfs(const uint8_t *data, size_t n, int dir,
                            const struct unpack_limits *limits, struct looking *l,
                            struct err *e)
{
	AUTOCLOSE int image = memfd_create("image", MFD_CLOEXEC);
	struct unpack_report r = { 0 };

	if (image < 0 || write_all(image, data, n, e) < 0) abort();
	return squashfs_extract(image, dir, limits, l, &r, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct unpack_limits limits = { .bytes = 4 << 20, .entries = 200 };
	static struct archive_found found;
	struct looking l = { .found = &found };
	struct source from = { { source_next }, data, n };
	struct unpack_report r = { 0 };
	struct err e = { 0 };
	char path[] = "/dev/shm/jlmkr-fuzz.XXXXXX";
	int dir, rc;

	if (!mkdtemp(path)) abort();
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	memset(&found, 0, sizeof found);
	rc = squashfs_begins(data, n) ? look_at_squashfs(data, n, dir, &limits, &l, &e) :
	     extract(&from.pull, dir, &limits, &l, &r, &e);
	if (rc < 0 && !e.kind) abort();
	if (found.metadata_n >= sizeof found.metadata) abort();
	if (found.metadata[sizeof found.metadata - 1]) abort();
	for (int i = 0; i < FOUND_PLACES; i++) {
		const struct found_root *f = &found.roots[i];

		if (f->init[sizeof f->init - 1] ||
		    f->os_release[sizeof f->os_release - 1])
			abort();
	}
	if (rmdir(path) < 0) abort();
	return 0;
}
