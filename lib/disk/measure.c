#include "lib/disk/measure.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"
#include "lib/disk/tree.h"

enum { DEPTH_MAX = 256, DISK_UNIT = 512 };

static uint64_t measure_file(const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size, stored = (uint64_t)st->st_blocks * DISK_UNIT;

	return !S_ISREG(st->st_mode) ? 0 : stored < size ? stored : size;
}

static uint64_t measure(int dir, int depth)
{
	AUTODIR DIR *d = dir_names(dir);
	struct dirent *entry;
	uint64_t sum = 0;
	struct stat st;

	while (d && (entry = readdir(d)) && check_signal(NULL) == 0) {
		if (is_dots(entry->d_name) ||
		    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			AUTOCLOSE int sub = tree_open(dir, entry->d_name);

			if (sub >= 0) sum += measure(sub, depth + 1);
		}
		sum += measure_file(&st);
	}
	return sum;
}

uint64_t measure_tree(int dir)
{
	return measure(dir, 0);
}
