#include "lib/ops/gpu.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/ops/farm.h"
#include "lib/text/elf.h"

enum {
	PRINTED_MAX = 256 * 1024,
	PROGRAM_MS = 30 * 1000,
	BOOT_WAIT = 90,
};

/* The last line of a conf after which ldconfig was run. */
static const char is_known[] = "# ldconfig was run\n";

static char *run_driver(struct arena *m, struct err *e, const char *program, const char *a,
                        const char *b)
{
	char *argv[] = { (char *)program, (char *)a, (char *)b, NULL };

	return run_strange(m, argv, PRINTED_MAX, deadline_in(PROGRAM_MS), e);
}

/* By either of its names: Debian's packages have one of their own. */
static void load_driver(struct arena *m)
{
	struct err e = { 0 };

	if (run_driver(m, NULL, "modprobe", "nvidia-current-uvm", NULL)) return;
	if (!run_driver(m, &e, "modprobe", "nvidia-uvm", NULL)) out_verbose("%s", e.text);
}

static bool read_library(void *arg, uint64_t at, void *buf, size_t n)
{
	const int *fd = arg;

	return at <= INT64_MAX && pread(*fd, buf, n, (off_t)at) == (ssize_t)n;
}

static void look_inside(struct arena *m, struct nvidia_file *f)
{
	AUTOCLOSE int fd = open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct elf_name name;

	if (fd < 0 || !elf_name(read_library, &fd, &name)) return;
	f->is_32 = name.is_32;
	f->soname = arena_strdup(m, name.soname);
}

static bool is_library(const char *path)
{
	const char *so = strstr(strrchr(path, '/'), ".so");

	return so && (!so[3] || so[3] == '.');
}

static void look_at(struct arena *m, const char *path, bool library, struct nvidia_file *f)
{
	struct stat st;

	*f = (struct nvidia_file){ .path = path, .library = library };
	if (stat(path, &st) < 0) return;
	if (S_ISDIR(st.st_mode)) f->type = NVIDIA_FOLDER;
	else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) f->type = NVIDIA_DEVICE;
	else if (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)) f->type = NVIDIA_FILE;
	if (library && f->type == NVIDIA_FILE) look_inside(m, f);
}

static bool has_word(char *const *list, const char *word)
{
	for (; *list; list++)
		if (str_eq(*list, word)) return true;
	return false;
}

static int list_files(struct arena *m, struct nvidia *nv, struct err *e)
{
	struct words all = { .m = m };
	char **libraries, *text, *library_text;
	struct nvidia_file *files;
	size_t odd, odd_too;

	if (!(text = run_driver(m, e, "nvidia-container-cli", "list", NULL))) return -1;
	library_text = run_driver(m, e, "nvidia-container-cli", "list", "--libraries");
	if (!library_text) return -1;
	words_add_all(&all, nvidia_paths(m, text, &odd));
	libraries = nvidia_paths(m, library_text, &odd_too);
	for (char **p = libraries; *p; p++)
		if (!has_word(words_list(&all), *p)) words_add(&all, *p);
	if (!has_word(words_list(&all), "/usr/bin/nvidia-smi")) words_add(&all, "/usr/bin/nvidia-smi");
	if (odd + odd_too)
		out_warn("nvidia-container-cli names paths that are none, or too many: %zu are left out",
		         odd > odd_too ? odd : odd_too);
	files = arena_array(m, all.n, sizeof *files);
	for (size_t i = 0; i < all.n; i++)
		look_at(m, all.v[i], has_word(libraries, all.v[i]) || is_library(all.v[i]), &files[i]);
	nvidia_make(m, files, all.n, nv);
	return 0;
}

void gpu_look(struct engine *en, const char *name, bool wanted, bool dry, struct gpu *g)
{
	struct err e = { 0 };

	*g = (struct gpu){ .wanted = wanted };
	if (!wanted) return;
	if (dry && access("/dev/nvidiactl", F_OK) < 0) {
		out_note("the NVIDIA driver is not loaded: a start tries to, and binds what it finds then");
		return;
	}
	if (!dry) load_driver(en->m);
	if ((!dry && !run_driver(en->m, &e, "nvidia-smi", "-f", "/dev/null")) ||
	    list_files(en->m, &g->nv, &e) < 0) {
		out_warn("%s starts without the NVIDIA GPU: %s", name, e.text);
		return;
	}
	g->works = true;
}

/* -- mount points in the rootfs -- */

static bool is_there(int root, const char *path)
{
	AUTOCLOSE int fd = open_in_root(root, path, O_PATH, 0, NULL);

	return fd >= 0;
}

/* What is missing of a path, from the top. */
static void add_missing(struct words *list, int root, const char *path)
{
	size_t n = 0;

	while (path[n]) {
		const char *part;

		n += 1 + strcspn(path + n + 1, "/");
		part = arena_printf(list->m, "%.*s", (int)n, path);
		if (!is_there(root, part) && !has_word(words_list(list), part)) words_add(list, part);
	}
}

/* Only what is empty: what has contents is the jail's by now. */
static void remove_point(struct arena *m, int root, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	const char *folder = arena_printf(m, "%.*s", (int)(name - path), path);
	AUTOCLOSE int dir = open_in_root(root, folder, O_PATH | O_DIRECTORY, 0, NULL);
	struct stat st;

	if (dir < 0 || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return;
	if (S_ISDIR(st.st_mode)) unlinkat(dir, name, AT_REMOVEDIR);
	else if (S_ISREG(st.st_mode) && st.st_size == 0) unlinkat(dir, name, 0);
}

static void remove_points(struct arena *m, int jail, int root)
{
	char *text = read_file(m, jail, LAYOUT_NVIDIA, PRINTED_MAX, NULL, NULL), **points;
	size_t n = 0, odd;

	if (!text) return;
	points = nvidia_paths(m, text, &odd);
	while (points[n])
		n++;
	while (n-- > 0)
		remove_point(m, root, points[n]);
	unlinkat(jail, LAYOUT_NVIDIA, 0);
}

static int note_points(struct arena *m, int jail, int root, const struct words *places,
                       struct err *e)
{
	struct words missing = { .m = m };
	struct str text = { .m = m };

	for (size_t i = 0; i < places->n; i++)
		add_missing(&missing, root, places->v[i]);
	if (!missing.n) return 0;
	for (size_t i = 0; i < missing.n; i++)
		str_addf(&text, "%s\n", missing.v[i]);
	return replace_file(jail, LAYOUT_NVIDIA, str_text(&text), text.len, 0600, e);
}

int gpu_prepare(struct engine *en, const char *name, struct gpu *g, struct err *e)
{
	AUTOCLOSE int jail = jail_open(en->host->dir, name, e), root = -1;
	struct err why = { 0 };
	int runs;

	if (jail < 0 || (root = jail_open_rootfs(jail, e)) < 0) return -1;
	/* To remove what a running jail has mounted something on would unmount it there. */
	if (faccessat(jail, LAYOUT_NVIDIA, F_OK, 0) == 0) {
		if ((runs = engine_runs(en, name, e)) != 0) return runs < 0 ? -1 : 0;
		remove_points(en->m, jail, root);
	}
	if (!g->works) return 0;
	if (note_points(en->m, jail, root, &g->nv.places, &why) == 0 &&
	    farm_make(en->m, &g->nv, &why) == 0)
		return 0;
	g->works = false;
	out_warn("%s starts without the NVIDIA GPU: %s", name, why.text);
	return 0;
}

/* -- what the jail's linker knows -- */

static int run_ldconfig(struct engine *en, const char *name, struct err *e)
{
	const struct script_how how = {
		.path = "ldconfig",
		.what = "ldconfig",
		.output = STDERR_FILENO,
		.boot_wait = BOOT_WAIT,
	};
	int status;

	out_step("Telling %s which libraries of the NVIDIA driver there are", name);
	status = engine_script(en, name, &how, e);
	return status > 0 ? fail(e, ERR_HOST, "ldconfig in %s ended with status %d", name, status) :
	                    status;
}

/* The file is complete only when ldconfig was run with it: one that was interrupted is
 * done again by the next start. */
static int make_known(struct engine *en, const char *name, int root, const char *conf,
                      struct err *e)
{
	const char *old = read_in_root(en->m, root, NVIDIA_CONF, PRINTED_MAX, NULL);
	const char *full = arena_printf(en->m, "%s%s", conf, is_known);

	if (old && str_eq(old, full)) return 0;
	if (write_in_root(root, NVIDIA_CONF, conf, 0644, e) < 0 || run_ldconfig(en, name, e) < 0)
		return -1;
	return write_in_root(root, NVIDIA_CONF, full, 0644, e);
}

static int make_unknown(struct engine *en, const char *name, int root, struct err *e)
{
	int rc;

	if (!is_there(root, NVIDIA_CONF)) return 0;
	if (write_in_root(root, NVIDIA_CONF, "", 0644, e) < 0) return -1;
	if ((rc = run_ldconfig(en, name, e)) < 0 && e->kind == ERR_INTERRUPTED) return -1;
	return unlink_in_root(root, NVIDIA_CONF, rc < 0 ? NULL : e) < 0 ? -1 : rc;
}

int gpu_finish(struct engine *en, const char *name, const struct gpu *g, struct err *e)
{
	AUTOCLOSE int jail = jail_open(en->host->dir, name, e), root = -1;
	struct err why = { 0 };
	int rc = 0;

	if (jail < 0 || (root = jail_open_rootfs(jail, e)) < 0) return -1;
	if (!g->wanted) rc = make_unknown(en, name, root, &why);
	else if (g->works && g->nv.entry_count) rc = make_known(en, name, root, g->nv.conf, &why);
	if (rc == 0) return 0;
	if (why.kind == ERR_INTERRUPTED) {
		if (e) *e = why;
		return -1;
	}
	out_warn("%s may not find the libraries of the NVIDIA driver in " NVIDIA_LIBRARIES ": %s",
	         name, why.text);
	return 0;
}
