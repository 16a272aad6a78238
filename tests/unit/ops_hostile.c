/* What the commands do in a root file system that changes under them
 *
 * A racer swaps directories for links that lead out, and files for fifos, devices, links and
 * huge files, as fast as it can, while all that create, start, setup and list do in a rootfs is
 * done again and again. Whatever they return: nothing outside may change, nothing that is no
 * file is opened, and nobody waits for ever. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/gpu/ldconfig.h"
#include "lib/gpu/mountpoints.h"
#include "lib/gpu/nvidia.h"
#include "lib/jail/conf.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/rootfs.h"
#include "lib/ops/setup.h"
#include "lib/provision/customize.h"
#include "tests/unit/exchange.h"
#include "tests/unit/test.h"

enum { TURNS = 2000, TIMEOUT = 120, JAIL_ROOT = 131072 };

struct world {
	char path[64];
	int top, jail, root, etc, usr;
	struct arena m;
	struct host host;
	struct engine en;
	struct conf conf;
	struct nvidia nv;
	pid_t racer;
	unsigned worked;		/* calls that succeeded */
};

/* A jail "web", and outside/ with all that it has by the same names. */
static const char script[] =
	"mkdir -p jails/web/rootfs outside; umask 022; "
	"for d in jails/web/rootfs outside; do ("
	"cd $d; mkdir -p etc/systemd/network etc/ld.so.conf.d usr/lib/systemd/network usr/bin "
	"usr/share/nvidia sbin; cd etc; "
	"for f in hostname hosts machine-id resolv.conf securetty "
	"ld.so.conf.d/jlmkr-nvidia.conf "
	"systemd/network/80-container-host0.network; do echo LXC_NAME > $f; done; "
	"echo ID=some > os-release; ln -s ../usr/bin/systemd ../sbin/init; : > "
	"../usr/bin/systemd; "
	"cp os-release ../usr/lib; : > ../usr/share/nvidia/conf); done; "
	"rm -r jails/web/rootfs/usr/share/nvidia; cd outside; chmod 700 usr/share/nvidia; "
	"cp -r etc/. .; mkdir nvidia; chmod 700 nvidia; echo secret > secret; "
	"truncate -s 1T sparse; mkfifo fifo; mknod device c 1 3 2> /dev/null; "
	"for f in hostname hosts machine-id jlmkr-initial-setup; do echo keep > $f; done";

static int shell(const struct world *w, const char *command)
{
	return system(arena_printf((struct arena *)&w->m, "cd %s && { %s; }", w->path,
	                           command));
}

static int open_dir(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	CHECK(fd >= 0);
	return fd;
}

static void world_make(struct world *w)
{
	struct err e = { 0 };

	/* In memory it is a race, on a disk mostly waiting. */
	*w = (struct world){ 0 };
	snprintf(w->path, sizeof w->path, "%s/jlmkr-unit.XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	CHECK(mkdtemp(w->path));
	CHECK_INT(shell(w, script), 0);
	w->top = open_dir(AT_FDCWD, w->path);
	w->jail = open_dir(w->top, "jails/web");
	w->root = open_dir(w->jail, "rootfs");
	w->etc = open_dir(w->root, "etc");
	w->usr = open_dir(w->root, "usr");
	w->host = (struct host){ .m = &w->m, .dir = w->path };
	engine_init(&w->en, &w->host, &w->m);
	CHECK_INT(conf_parse(&w->m, "initial_setup=echo hello\n", &w->conf, &e), 0);
	w->nv = (struct nvidia){ .conf = "/run/jlmkr-nvidia/lib64\n", .entry_count = 1 };
	w->nv.places.m = w->nv.folders.m = w->nv.binds.m = &w->m;
	words_add(&w->nv.places, "/usr/bin/nvidia-smi");
	words_add(&w->nv.places, "/usr/share/nvidia/profile");
	words_add(&w->nv.folders, "/usr/share/nvidia/folder");
	words_add(&w->nv.folders, "/etc/nvidia");
	alarm(TIMEOUT);
}

static void world_drop(struct world *w)
{
	const int fds[] = { w->top, w->jail, w->root, w->etc, w->usr };

	alarm(0);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		close(fds[i]);
	CHECK_INT(shell(w, arena_printf(&w->m, "rm -rf %s", w->path)), 0);
	arena_free(&w->m);
}

/* -- the racer -- */

static void race(struct world *w, void (*turn)(struct world *w, unsigned i))
{
	fflush(stdout);
	if ((w->racer = fork()) == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned i = 0;; i++) {
			turn(w, i);
			/* Not so often that nothing else is ever seen. */
			if (i % 4 == 3) usleep(i * 7 % 90);
		}
	}
	CHECK(w->racer > 0);
}

static void race_ends(struct world *w)
{
	kill(w->racer, SIGKILL);
	CHECK_INT(waitpid(w->racer, NULL, 0), w->racer);
}

/* NAME and NAME.x change places. */
static void swap(int dir, const char *name)
{
	char other[64];

	snprintf(other, sizeof other, "%s.x", name);
	exchange(dir, name, dir, other);
}

static void swap_directories(struct world *w, unsigned i)
{
	switch (i % 8) {
	case 0: case 1: return swap(w->root, "etc");
	case 2: return swap(w->root, "usr");
	case 3: return swap(w->etc, "systemd");
	case 4: return swap(w->etc, "ld.so.conf.d");
	case 5: case 6: return swap(w->usr, "share");
	default: return swap(w->usr, "bin");
	}
}

static const char directory_links[] =
	"r=jails/web/rootfs; ln -s $PWD/outside/etc $r/etc.x; ln -s ../../../outside/usr "
	"$r/usr.x; "
	"ln -s ../../../../outside $r/etc/systemd.x; ln -s $PWD/outside $r/etc/ld.so.conf.d.x; "
	"ln -s $PWD/outside/usr/share $r/usr/share.x; ln -s ../../../../outside $r/usr/bin.x";

static int make_kind(struct world *w, int dir, unsigned kind)
{
	static const char *const hard[] = { "secret", "fifo", "device", "sparse" };

	switch (kind) {
	case 0: case 1: case 2: case 3:
		return linkat(w->top, arena_printf(&w->m, "outside/%s", hard[kind]), dir,
		              ".turn", 0);
	case 4: return symlinkat(arena_printf(&w->m, "%s/outside/secret", w->path), dir,
	                         ".turn");
	case 5: return mkdirat(dir, ".turn", 0755);
	case 6: return symlinkat("../../../../outside/fifo", dir, ".turn");
	default: return symlinkat(arena_printf(&w->m, "%s/outside/device", w->path), dir,
	                          ".turn");
	}
}

static void swap_files(struct world *w, unsigned i)
{
	static const char *const names[] = {
		"etc/hostname", "etc/resolv.conf", "etc/machine-id", "etc/os-release",
		"etc/securetty",
		"etc/ld.so.conf.d/jlmkr-nvidia.conf", "etc/systemd/network/mv-dhcp.network",
		"etc/hosts",
		"jlmkr-initial-setup", "usr/bin/nvidia-smi", "usr/share/nvidia/profile",
		"usr/share/nvidia/folder", "etc/systemd/network/80-container-host0.network",
		"jlmkr-initial-setup", "usr/lib/systemd/network/80-container-host0.network",
	};
	enum { NAMES = sizeof names / sizeof *names };
	const char *name = names[i % NAMES], *slash = strrchr(name, '/');
	const char *folder = slash ? arena_strndup(&w->m, name, (size_t)(slash - name)) : ".";
	AUTOCLOSE int dir = openat(w->root, folder, O_PATH | O_DIRECTORY);

	if (dir < 0 || make_kind(w, dir, i / NAMES % 8) < 0) return;
	name = slash ? slash + 1 : name;
	if (exchange(dir, ".turn", dir, name) < 0)
		renameat(dir, ".turn", dir, name);
	if (unlinkat(dir, ".turn", 0) < 0) unlinkat(dir, ".turn", AT_REMOVEDIR);
	arena_free(&w->m);
}

/* -- who is raced against -- */

static void count(struct world *w, int rc)
{
	w->worked += rc == 0;
}

static void use_rootfs(struct world *w)
{
	struct nvidia_binds binds = { .m = &w->m };
	struct words unfit = { .m = &w->m };
	struct setup_state state;
	struct err e = { 0 };
	AUTOJAIL j = NO_JAIL;
	struct osrel os;
	bool news;

	CHECK_INT(jail_open(&w->m, w->path, "web", &j, &e), 0);
	mountpoints_remove(&w->m, w->jail, w->root);
	count(w, customize(w->root, "web", &e));
	count(w, setup_look(&w->en, &j, &w->conf, &state, &e));
	count(w, setup_write(&w->en, &j, &w->conf, &e));
	count(w, ldconfig_prepare(&w->en, w->root, &w->nv, false, &binds, &news, &e));
	count(w, mountpoints_make(&w->m, w->jail, w->root, &w->nv, &unfit, &e));
	count(w, rootfs_os(&w->m, w->root, &os, &e));
	count(w, rootfs_init(&w->m, w->root, &e) ? 0 : -1);
	count(w, unlink_in_root(w->root, LAYOUT_SETUP, &e));
}

static const char *run(struct world *w, const char *command)
{
	FILE *f = popen(arena_printf(&w->m, "cd %s && { %s; }", w->path, command), "r");
	struct str text = { .m = &w->m };
	char line[512];

	CHECK(f != NULL);
	while (fgets(line, sizeof line, f))
		str_add(&text, line);
	CHECK_INT(pclose(f), 0);
	return arena_strdup(&w->m, str_text(&text));
}

/* What is outside; `also`: of what find(1) can print. */
static const char *outside(struct world *w, const char *also)
{
	return run(w, arena_printf(&w->m, "cd outside; find . -printf '%%P %%y %%m %%U:%%G %%i "
	                                  "%%s %%T@ %s "
	                           "%%l\\n' | sort; find . -type f -size -1000 -exec sha256sum "
	                           "{} + | "
	                           "sort", also));
}

/* Tells the first line that is another one. */
static void check_same(struct world *w, const char *now, const char *before)
{
	while (*now && *before) {
		size_t n = strcspn(now, "\n"), k = strcspn(before, "\n");

		CHECK_STR(arena_strndup(&w->m, now, n), arena_strndup(&w->m, before, k));
		now += n + (now[n] == '\n');
		before += k + (before[k] == '\n');
	}
	CHECK_STR(now, before);
}

static void race_against(struct world *w, void (*turn)(struct world *w, unsigned i))
{
	struct arena calls = { 0 }, kept = w->m;

	race(w, turn);
	for (int i = 0; i < TURNS; i++) {
		w->m = calls;
		use_rootfs(w);
		arena_free(&w->m);
		w->m = kept;
	}
	race_ends(w);
	CHECK(w->worked > TURNS / 4);
	CHECK(w->worked < 9 * TURNS);
}

TEST(directories_that_become_links)
{
	struct world w;
	const char *before;

	world_make(&w);
	CHECK_INT(shell(&w, directory_links), 0);
	before = outside(&w, "%C@ %n");
	race_against(&w, swap_directories);
	check_same(&w, outside(&w, "%C@ %n"), before);
	world_drop(&w);
}

/* The jail has users of its own, where that can be: what is made for it is given to its
 * root. */
TEST(files_that_become_something_else)
{
	int seen = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char event[4096];
	struct world w;
	const char *before;

	world_make(&w);
	if (geteuid() == 0) fchown(w.root, JAIL_ROOT, JAIL_ROOT);
	before = outside(&w, "");
	CHECK(inotify_add_watch(seen, arena_printf(&w.m, "%s/outside/fifo", w.path),
	                        IN_OPEN) >= 0);
	inotify_add_watch(seen, arena_printf(&w.m, "%s/outside/device", w.path), IN_OPEN);
	race_against(&w, swap_files);
	CHECK_INT(read(seen, event, sizeof event), -1);
	check_same(&w, outside(&w, ""), before);
	close(seen);
	world_drop(&w);
}

/* -- file systems that the user has mounted in the rootfs, on the host -- */

static void own_mounts(void)
{
	if (geteuid() != 0) SKIP("only root may mount");
	if (unshare(CLONE_NEWNS) < 0) SKIP("no mount namespaces here");
	CHECK_INT(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

static void bind(struct world *w, const char *from, const char *to)
{
	CHECK_INT(mount(arena_printf(&w->m, "%s/%s", w->path, from),
	                arena_printf(&w->m, "%s/%s", w->path, to), NULL, MS_BIND, NULL), 0);
}

static void unbind(struct world *w, const char *at)
{
	CHECK_INT(umount2(arena_printf(&w->m, "%s/%s", w->path, at), MNT_DETACH), 0);
}

TEST(what_is_mounted_in_a_rootfs_is_read_and_not_written)
{
	struct world w;
	const char *before;
	struct err e = { 0 };
	struct osrel os;

	own_mounts();
	world_make(&w);
	CHECK_INT(shell(&w, "rm outside/usr/bin/*; echo ID=there > outside/etc/os-release; "
	                "cd jails/web/rootfs; mkdir data; rm -r etc usr; ln -s data/etc etc; "
	                "ln -s data/usr usr"), 0);
	bind(&w, "outside", "jails/web/rootfs/data");
	before = outside(&w, "%C@ %n");
	for (int i = 0; i < 3; i++)
		use_rootfs(&w);
	check_same(&w, outside(&w, "%C@ %n"), before);
	CHECK_INT(rootfs_os(&w.m, w.root, &os, &e), 0);
	CHECK_STR(os.id, "there");
	CHECK_INT(write_in_root(w.root, "/etc/hostname", "web\n", 0644, &e), -1);
	CHECK_INT(e.sys, EXDEV);
	CHECK_STR(e.text, "/etc/: another file system is mounted there");
	unbind(&w, "jails/web/rootfs/data");
	world_drop(&w);
}

/* usr/share is a directory of its own, and again one that has a mount in it. */
static void swap_share(struct world *w, unsigned i)
{
	(void)i;
	swap(w->usr, "share");
}

TEST(a_mount_that_takes_the_place_of_a_folder_is_left)
{
	struct world w;
	const char *before;

	own_mounts();
	world_make(&w);
	CHECK_INT(shell(&w, "cd jails/web/rootfs; mkdir -p mnt/nvidia; ln -s /mnt usr/share.x"),
	          0);
	bind(&w, "outside/nvidia", "jails/web/rootfs/mnt/nvidia");
	before = outside(&w, "%C@ %n");
	race_against(&w, swap_share);
	check_same(&w, outside(&w, "%C@ %n"), before);
	unbind(&w, "jails/web/rootfs/mnt/nvidia");
	world_drop(&w);
}

/* -- one that does not answer -- */

static int mount_silent(struct world *w, const char *at)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd < 0 || mount("silent", arena_printf(&w->m, "%s/%s", w->path, at), "fuse", 0,
	                    arena_printf(&w->m, "fd=%d,rootmode=40000,user_id=0,group_id=0",
	                                 fd)) < 0)
		SKIP("no FUSE here");
	return fd;
}

/* Whether all of it is done in time; what waits is freed by the end of the file system. */
static bool ends(struct world *w, int fuse)
{
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		close(fuse);
		use_rootfs(w);
		_exit(0);
	}
	for (int i = 0; i < 100 && waitpid(pid, &status, WNOHANG) == 0; i++)
		usleep(100 * 1000);
	close(fuse);
	if (status == -1) waitpid(pid, NULL, 0);
	return status == 0;
}

TEST(a_file_system_that_does_not_answer_holds_nobody)
{
	struct world w;
	int fuse;

	own_mounts();
	world_make(&w);
	CHECK_INT(shell(&w, "cd jails/web/rootfs; mkdir mnt; for f in os-release hosts "
	                    "machine-id; do "
	                "ln -sf /mnt/$f etc/$f; done; mv sbin sbin.x; ln -s mnt/sbin sbin; "
	                "rm -r usr/share; ln -s ../mnt usr/share; ln -sf /mnt/x "
	                "usr/lib/os-release; "
	                "echo /mnt > ../.nvidia"), 0);
	words_add(&w.nv.folders, "/mnt");
	fuse = mount_silent(&w, "jails/web/rootfs/mnt");
	CHECK(ends(&w, fuse));
	unbind(&w, "jails/web/rootfs/mnt");
	world_drop(&w);
}
