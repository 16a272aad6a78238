#include "lib/gpu/passthrough.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/gpu/driver_libs.h"
#include "lib/gpu/ldconfig.h"
#include "lib/gpu/mountpoints.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/text/elf.h"

enum {
	PRINTED_MAX = 256 * 1024,
	PROGRAM_MS = 30 * 1000,
};

static char *run_driver(struct arena *m, struct err *e, const char *program, const char *a,
                        const char *b)
{
	char *argv[] = { (char *)program, (char *)a, (char *)b, NULL };

	return run_strange(m, argv, PRINTED_MAX, deadline_in(PROGRAM_MS), e);
}

/* The module has two names: Debian's packages use one of their own. */
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

static void look_at_driver_file(struct arena *m, const char *path, bool library,
                                struct nvidia_file *f)
{
	struct stat st;

	*f = (struct nvidia_file){ .path = path, .library = library };
	if (stat(path, &st) < 0) return;
	if (S_ISDIR(st.st_mode)) f->type = NVIDIA_FOLDER;
	else if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) f->type = NVIDIA_DEVICE;
	else if (S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode)) f->type = NVIDIA_FILE;
	if (library && f->type == NVIDIA_FILE) look_inside(m, f);
}

static int list_driver_files(struct arena *m, struct nvidia *nv, struct err *e)
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
		if (!words_have(words_list(&all), *p)) words_add(&all, *p);
	if (!words_have(words_list(&all), "/usr/bin/nvidia-smi"))
		words_add(&all, "/usr/bin/nvidia-smi");
	if (odd + odd_too)
		out_warn("nvidia-container-cli returned %zu invalid or excess paths; they are "
		         "ignored", odd > odd_too ? odd : odd_too);
	files = arena_array(m, all.n, sizeof *files);
	for (size_t i = 0; i < all.n; i++)
		look_at_driver_file(m, all.v[i],
		                    words_have(libraries, all.v[i]) || is_library(all.v[i]),
		                    &files[i]);
	nvidia_make(m, files, all.n, nv);
	return 0;
}

void gpu_look(struct engine *en, const struct jail *j, bool wanted, bool dry, struct gpu *g)
{
	struct err e = { 0 };

	*g = (struct gpu){ .wanted = wanted };
	if (!wanted) return;
	if (dry && access("/dev/nvidiactl", F_OK) < 0) {
		out_note("the NVIDIA driver is not loaded; a start tries to load it, and binds "
		         "what it finds then");
		return;
	}
	if (!dry) load_driver(en->m);
	if ((!dry && !run_driver(en->m, &e, "nvidia-smi", "-f", "/dev/null")) ||
	    list_driver_files(en->m, &g->nv, &e) < 0) {
		if (e.kind != ERR_INTERRUPTED)
			out_warn("%s starts without the NVIDIA GPU: %s", j->name, e.text);
		return;
	}
	if (!g->nv.entry_count)
		out_warn("%s: nvidia-container-cli lists no libraries of the driver", j->name);
	g->works = true;
}

/* -- before the start -- */

/* Drop the binds to these places, with a warning for each. */
static void leave_out(struct gpu *g, const char *name, const struct words *unfit)
{
	struct nvidia_binds left = { .m = g->nv.binds.m };

	for (size_t i = 0; i < g->nv.binds.n; i++) {
		const struct nvidia_bind *b = &g->nv.binds.v[i];

		if (!b->place && words_have(words_list(unfit), b->source))
			out_warn("%s gets no %s of the NVIDIA driver: its rootfs has something "
			         "else there, or another file system", name, b->source);
		else
			nvidia_bind(&left, b->source, b->place, b->writable);
	}
	g->nv.binds = left;
}

static int prepare_places(struct engine *en, const struct jail *j, struct gpu *g, struct err *e)
{
	struct words unfit = { .m = en->m };

	if (mountpoints_make(en->m, j->fd, j->rootfs, &g->nv, &unfit, e) < 0) return -1;
	leave_out(g, j->name, &unfit);
	return driver_libs_make(en->m, &g->nv, e);
}

static void warn_of_linker(const char *name, const struct err *why)
{
	out_warn("%s may not find the libraries of the NVIDIA driver in " NVIDIA_LIBRARIES ": "
	         "%s", name, why->text);
}

int gpu_prepare(struct engine *en, struct jail *j, const struct nspawn_traits *traits,
                bool booted, struct gpu *g, struct err *e)
{
	bool unit = booted && !traits->own_users;
	struct err why = { 0 };
	int state;

	g->forgets = traits->root_forgets;
	if (jail_check_own(j, e) < 0 || jail_rootfs(j, e) < 0) return -1;
	if (faccessat(j->fd, LAYOUT_NVIDIA, F_OK, 0) == 0) {
		if ((state = engine_state(en, j, NULL, e)) < 0) return -1;
		if (jail_runs(state)) return 0;
		mountpoints_remove(en->m, j->fd, j->rootfs);
	}
	if (!g->works) return 0;
	if (prepare_places(en, j, g, &why) < 0) {
		g->works = false;
		out_warn("%s starts without the NVIDIA GPU: %s", j->name, why.text);
	} else if (ldconfig_prepare(en, j->rootfs, &g->nv, unit, &g->nv.binds, &g->news,
	                            &why) < 0) {
		g->news = false;
		warn_of_linker(j->name, &why);
	}
	return 0;
}

int gpu_finish(struct engine *en, struct jail *j, const struct gpu *g, struct err *e)
{
	struct err why = { 0 };
	int rc = 0;

	if (!g->wanted) rc = ldconfig_forget(en, j, &why);
	else if (g->works && g->news && !g->forgets) rc = ldconfig_learn(en, j, &g->nv, &why);
	if (rc == 0) return 0;
	if (engine_state(en, j, NULL, NULL) == JAIL_DEAD)
		return fail(e, ERR_HOST, "%s stopped right after its start; see 'jlmkr log %s'",
		            j->name, j->name);
	if (why.kind == ERR_INTERRUPTED) {
		if (e) *e = why;
		return -1;
	}
	if (g->wanted) warn_of_linker(j->name, &why);
	else out_warn("%s may still look for the NVIDIA driver: %s", j->name, why.text);
	return 0;
}
