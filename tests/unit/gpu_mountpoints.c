#include "lib/gpu/mountpoints.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/gpu/nvidia.h"
#include "lib/jail/layout.h"
#include "tests/unit/test.h"

/* A jail's directory with a rootfs, and a folder outside of it. */
struct world {
	char path[64];
	int top, jail, root;
	struct arena m;
	struct nvidia nv;
	struct words unfit;
	struct err e;
};

static void world_make(struct world *w)
{
	*w = (struct world){ .path = "/tmp/jlmkr-unit.XXXXXX" };
	w->nv.places.m = w->nv.folders.m = w->unfit.m = &w->m;
	CHECK(mkdtemp(w->path));
	w->top = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(w->top, "outside", 0755);
	mkdirat(w->top, "jail", 0755);
	mkdirat(w->top, "jail/rootfs", 0755);
	mkdirat(w->top, "jail/rootfs/usr", 0755);
	w->jail = openat(w->top, "jail", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->root = openat(w->top, "jail/rootfs", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void world_drop(struct world *w)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", w->path);
	CHECK_INT(system(command), 0);
	close(w->root);
	close(w->jail);
	close(w->top);
	arena_free(&w->m);
}

static int make(struct world *w)
{
	return mountpoints_make(&w->m, w->jail, w->root, &w->nv, &w->unfit, &w->e);
}

/* The kind of what is there: 'd', 'f', 'l', '-'. */
static char kind(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return '-';
	return S_ISDIR(st.st_mode) ? 'd' : S_ISREG(st.st_mode) ? 'f' : S_ISLNK(st.st_mode)
	       ? 'l' : '?';
}

TEST(what_is_missing_is_made_and_goes_again)
{
	struct world w;

	world_make(&w);
	words_add(&w.nv.places, "/usr/bin/nvidia-smi");
	words_add(&w.nv.places, "/usr/bin/nvidia-other");
	words_add(&w.nv.folders, "/usr/share/nvidia");
	CHECK_INT(make(&w), 0);
	CHECK_STR(w.e.text, "");
	CHECK_INT(w.unfit.n, 0);
	CHECK_INT(kind(w.root, "usr/bin/nvidia-smi"), 'f');
	CHECK_INT(kind(w.root, "usr/bin/nvidia-other"), 'f');
	CHECK_INT(kind(w.root, "usr/share/nvidia"), 'd');
	/* By now the jail's own: it stays. */
	CHECK_INT(replace_file(w.root, "usr/bin/nvidia-other", "x", 1, 0755, &w.e), -1);
	CHECK_INT(write_in_root(w.root, "/usr/bin/nvidia-other", "x", 0755, &w.e), 0);
	mountpoints_remove(&w.m, w.jail, w.root);
	CHECK_INT(kind(w.root, "usr/bin/nvidia-smi"), '-');
	CHECK_INT(kind(w.root, "usr/bin/nvidia-other"), 'f');
	CHECK_INT(kind(w.root, "usr/share"), '-');
	CHECK_INT(kind(w.root, "usr"), 'd');
	CHECK_INT(kind(w.jail, LAYOUT_NVIDIA), '-');
	world_drop(&w);
}

TEST(what_was_there_stays)
{
	struct world w;

	world_make(&w);
	mkdirat(w.root, "usr/bin", 0755);
	CHECK_INT(write_in_root(w.root, "/usr/bin/nvidia-smi", "", 0755, &w.e), 0);
	words_add(&w.nv.places, "/usr/bin/nvidia-smi");
	CHECK_INT(make(&w), 0);
	CHECK_INT(kind(w.jail, LAYOUT_NVIDIA), '-');
	mountpoints_remove(&w.m, w.jail, w.root);
	CHECK_INT(kind(w.root, "usr/bin/nvidia-smi"), 'f');
	world_drop(&w);
}

TEST(what_is_in_the_way_is_told_and_left)
{
	struct world w;

	world_make(&w);
	mkdirat(w.root, "usr/bin", 0755);
	mkdirat(w.root, "usr/bin/folder", 0755);
	symlinkat("nowhere", w.root, "usr/bin/dangling");
	symlinkat("/etc/passwd/x", w.root, "usr/bin/through");
	CHECK_INT(write_in_root(w.root, "/usr/file", "x", 0644, &w.e), 0);
	words_add(&w.nv.places, "/usr/bin/folder");
	words_add(&w.nv.places, "/usr/bin/dangling");
	words_add(&w.nv.places, "/usr/bin/through/deep");
	words_add(&w.nv.places, "/usr/file/below");
	words_add(&w.nv.folders, "/usr/file");
	words_add(&w.nv.places, "/usr/bin/fine");
	CHECK_INT(make(&w), 0);
	CHECK_STR(words_join(&w.m, words_list(&w.unfit), " "),
	          "/usr/bin/folder /usr/bin/dangling /usr/bin/through/deep /usr/file/below "
	          "/usr/file");
	CHECK_INT(kind(w.root, "usr/bin/fine"), 'f');
	CHECK_INT(kind(w.root, "usr/bin/dangling"), 'l');
	CHECK_INT(kind(w.root, "usr/bin/nowhere"), '-');
	world_drop(&w);
}

TEST(links_are_followed_inside_only)
{
	struct world w;

	world_make(&w);
	symlinkat("../../../outside", w.root, "usr/lib");
	symlinkat("/outside", w.root, "usr/bin");
	words_add(&w.nv.places, "/usr/lib/x");
	words_add(&w.nv.places, "/usr/bin/x");
	CHECK_INT(make(&w), 0);
	CHECK_INT(w.unfit.n, 2);
	CHECK_INT(kind(w.top, "outside/x"), '-');
	mkdirat(w.root, "outside", 0755);	/* now they mean this one */
	w.unfit.n = 0;
	w.nv.places.n = 1;
	CHECK_INT(make(&w), 0);
	CHECK_INT(w.unfit.n, 0);
	CHECK_INT(kind(w.root, "outside/x"), 'f');
	CHECK_INT(kind(w.top, "outside/x"), '-');
	mountpoints_remove(&w.m, w.jail, w.root);
	CHECK_INT(kind(w.root, "outside/x"), '-');
	CHECK_INT(kind(w.root, "outside"), 'd');
	world_drop(&w);
}

/* The two names are one place: that it is there by then is no fault. */
TEST(one_place_by_two_names)
{
	struct world w;

	world_make(&w);
	mkdirat(w.root, "usr/lib", 0755);
	symlinkat("usr/lib", w.root, "lib");
	words_add(&w.nv.places, "/lib/firmware/gsp.bin");
	words_add(&w.nv.places, "/usr/lib/firmware/gsp.bin");
	CHECK_INT(make(&w), 0);
	CHECK_INT(w.unfit.n, 0);
	CHECK_INT(kind(w.root, "usr/lib/firmware/gsp.bin"), 'f');
	mountpoints_remove(&w.m, w.jail, w.root);
	CHECK_INT(kind(w.root, "usr/lib/firmware"), '-');
	world_drop(&w);
}

TEST(they_are_of_the_owner_of_their_folder)
{
	struct world w;
	struct stat st;

	if (geteuid() != 0) SKIP("only root has other users");
	world_make(&w);
	CHECK_INT(fchownat(w.root, "usr", 131072, 131072, 0), 0);
	words_add(&w.nv.places, "/usr/bin/nvidia-smi");
	CHECK_INT(make(&w), 0);
	CHECK_INT(fstatat(w.root, "usr/bin", &st, 0), 0);
	CHECK_INT(st.st_uid, 131072);
	CHECK_INT(fstatat(w.root, "usr/bin/nvidia-smi", &st, 0), 0);
	CHECK_INT(st.st_uid, 131072);
	CHECK_INT(st.st_gid, 131072);
	world_drop(&w);
}
