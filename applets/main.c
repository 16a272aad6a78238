/* From the program's name and words to a command, and from its fault to an exit
 * status. Nothing else in the program ends the process. */

#include "lib/cli/applet.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/nearest.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/cli/self_install.h"
#include "lib/cli/synonyms.h"
#include "lib/engine/inside.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/template.h"
#include "lib/text/split.h"

enum { CALL_SHOWN = 300 };

#define APPLET(name) extern const struct applet name##_applet;
#include "applets/all.h"
#undef APPLET

#define APPLET(name) &name##_applet,
const struct applet *const applets[] = {
#include "applets/all.h"
	NULL
};
#undef APPLET

const struct applet *applet_find(const char *name)
{
	for (const struct applet *const *a = applets; *a; a++)
		if (str_eq((*a)->name, name)) return *a;
	return NULL;
}

int applet_unknown(const char *name, struct err *e)
{
	struct nearest near = { .word = name };
	const char *means = synonym_find(name);

	if (means)
		return fail(e, ERR_USAGE, "unknown command '%s'; use 'jlmkr %s'", name, means);
	if (template_find(name, NULL))
		return fail(e, ERR_USAGE, "unknown command '%s'; 'jlmkr create --template %s' "
		            "creates a jail for it, 'jlmkr help %s' explains that", name, name,
		            name);
	for (const struct applet *const *a = applets; *a; a++)
		nearest_offer(&near, (*a)->name);
	if (near.best)
		return fail(e, ERR_USAGE, "unknown command '%s'; did you mean '%s'?", name,
		            near.best);
	return fail(e, ERR_USAGE, "unknown command '%s'; 'jlmkr help' lists them", name);
}

/* How we were called. */
static struct {
	char *const *argv;		/* all of it */
	bool by_name;			/* as jlmkr-COMMAND */
} call;

/* Scripts read these: always the tool, the command, the sentence. */
static const char *command;

void print_error(const struct err *e)
{
	if (e->kind == ERR_UNREAD) return;
	out_fault("jlmkr%s%s: %s", command ? " " : "", command ? command : "", e->text);
}

/* As a set-user-ID program this would take PATH, HOME and files from anybody. Root has nobody
 * to take them from, whatever else makes the kernel careful. */
static int check_caller(struct err *e)
{
	if (getuid() == geteuid() && getgid() == getegid() &&
	    (getuid() == 0 || !getauxval(AT_SECURE)))
		return 0;
	return fail(e, ERR_UNTRUSTED, "this program is not made to be set-user-ID or to have "
	            "capabilities: chmod ug-s it, and call it by sudo");
}

/* Whoever can write to the binary that root runs is root. A copy that came with too many
 * rights, as from a share, is put right. */
static int check_owner(const char *self, struct err *e)
{
	struct stat st;

	if (geteuid() != 0 || stat("/proc/self/exe", &st) < 0) return 0;
	if (st.st_uid != 0)
		return fail(e, ERR_UNTRUSTED, "%s must belong to root: chown root: '%s'", self,
		            self);
	if (!(st.st_mode & (S_IWGRP | S_IWOTH))) return 0;
	if (chmod("/proc/self/exe", st.st_mode & 07777 & ~(mode_t)(S_IWGRP | S_IWOTH)) < 0)
		return fail(e, ERR_UNTRUSTED,
		            "%s must not be writable by others: chmod go-w '%s'", self, self);
	out_note("%s was writable by others (mode %04o): only root can write to it now", self,
	         (unsigned)st.st_mode & 07777);
	return 0;
}

static const char *own_path(struct arena *m, const char *argv0)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);

	return n > 0 && n < (ssize_t)sizeof path ? arena_strndup(m, path, (size_t)n) : argv0;
}

static void host_init(struct host *h, const char *argv0)
{
	const char *bus = getenv("DBUS_SYSTEM_BUS_ADDRESS");

	h->self = own_path(h->m, argv0);
	h->bus_address = bus && *bus ? bus : "unix:path=/run/dbus/system_bus_socket";
}

static const char *setting(void)
{
	const char *env = getenv("JAILMAKER_DIR");

	return env && *env ? "JAILMAKER_DIR" : LAYOUT_HOME_CONF;
}

static void tell_dir(const struct layout_found *found, const char *self)
{
	if (found->rule == LAYOUT_ANY)
		out_note("no jailmaker directory is set: looking in %s, where %s is",
		         found->dir, self);
	else if (found->other && found->rule == LAYOUT_CALLED)
		out_warn("using %s, where this program was called, and not %s, which %s names; "
		         "--dir takes another one", found->dir, found->other, setting());
	else if (found->other)
		out_warn("using %s, which %s names, and not %s, where this program is and "
		         "jails are, too; --dir takes another one", found->dir, setting(),
		         found->other);
}

static int find_dir(struct host *h, unsigned needs, struct err *e)
{
	const struct layout_inputs in = {
		.option = h->dir_option,
		.env = getenv("JAILMAKER_DIR"),
		.home = layout_home(h->m),
		.self = h->self,
		.called = call.argv[0],
		.any = needs & PROGRAM_DIR_WILL_DO,
	};
	struct layout_found found = { 0 };

	if (layout_search(h->m, &in, &found, e) < 0) return -1;
	h->dir = found.dir;
	if (needs & NEEDS_DIR) tell_dir(&found, h->self);
	return 0;
}

/* The environment overrides the file. */
static const char *server_setting(struct host *h, const char *env, const char *key,
                                  struct err *e)
{
	const char *value = getenv(env);

	return value && *value ? value : layout_home_value(h->m, layout_home(h->m), key, e);
}

static int find_server(struct host *h, struct err *e)
{
	const char *signature;

	h->image_server = server_setting(h, "JLMKR_IMAGE_SERVER", "image_server", e);
	if (!h->image_server) return -1;
	if (!*h->image_server) h->image_server = "https://images.linuxcontainers.org";
	h->image_keys = server_setting(h, "JLMKR_IMAGE_KEY", "image_key", e);
	if (!h->image_keys) return -1;
	signature = layout_home_value(h->m, layout_home(h->m), "image_signature", e);
	if (!signature) return -1;
	h->require_signature = str_eq(signature, "require");
	if (!*signature || h->require_signature) return 0;
	return fail(e, ERR_INPUT, "image_signature in ~/" LAYOUT_HOME_CONF
	            ": '%s' is not 'require'", signature);
}

static int check_dir(struct host *h, struct err *e)
{
	const char *doubt;

	if (jail_check_place(h->m, h->dir, &doubt, e) < 0) return -1;
	if (doubt)
		out_warn("%s. Until then they can exchange the jails in %s, which root starts",
		         doubt, h->dir);
	return 0;
}

/* The same call as root: sudo finds no program that is not in its own PATH, and drops the
 * environment. */
static const char *call_by_sudo(const struct host *h)
{
	struct words w = { .m = h->m };
	const char *dir = getenv("JAILMAKER_DIR");

	words_add(&w, "sudo");
	words_add(&w, h->self);
	if (dir && *dir && !h->dir_option) words_addf(&w, "--dir=%s", dir);
	if (call.by_name) words_add(&w, command);
	words_add_all(&w, call.argv + 1);
	return words_quoted(h->m, words_list(&w));
}

static int fail_not_root(const struct host *h, const char *what, struct err *e)
{
	const char *again = call_by_sudo(h);

	if (strlen(again) > CALL_SHOWN) again = arena_printf(h->m, "sudo %s %s", h->self, what);
	return fail(e, ERR_HOST, "only root can do this: %s", again);
}

int applet_need(struct host *h, const char *what, unsigned needs, struct err *e)
{
	if (needs & NEEDS_ROOT && geteuid() != 0) return fail_not_root(h, what, e);
	if (needs & NEEDS_DIR && !h->dir && find_dir(h, needs, e) < 0) return -1;
	if (needs & MAY_USE_DIR) find_dir(h, needs, NULL);
	if (needs & NEEDS_OWN_DIR && check_dir(h, e) < 0) return -1;
	return needs & NEEDS_SERVER ? find_server(h, e) : 0;
}

/* JLMKR_BUILT: what it was built from, a line each. */
static int print_version(bool verbose, struct err *e)
{
	puts("jlmkr " JLMKR_VERSION);
	if (verbose) fputs(JLMKR_BUILT, stdout);
	return out_flush(e);
}

/* What root alone may read is what a command needs root for, whatever it is. */
static int tell_denied(const struct host *h, const char *what, struct err *e)
{
	return geteuid() == 0 || e->sys != EACCES ? -1 : fail_not_root(h, what, e);
}

static int run_applet(struct host *h, const struct applet *a, char *const *argv,
                      struct common_args *common, struct err *e)
{
	void *args = arena_alloc(h->m, a->args_size);
	const char *what = arena_printf(h->m, "%s ...", a->name);
	char **operands = opts_parse(h->m, a, argv, args, common, e);
	int rc;

	if (common->help) {
		help_print_applet(a);
		return out_flush(e);
	}
	if (common->version) return print_version(common->verbose, e);
	if (!operands) return -1;
	h->dir_option = common->dir;
	out_init(common->quiet ? OUT_QUIET : common->verbose ? OUT_VERBOSE : OUT_NORMAL);
	if (applet_need(h, what, a->needs & NEEDS_ROOT, e) < 0 || check_owner(h->self, e) < 0)
		return -1;
	if (applet_need(h, a->name, a->needs & ~(unsigned)NEEDS_ROOT, e) < 0)
		return tell_denied(h, what, e);
	signals_catch();
	rc = a->run(h, args, operands, e);
	return rc < 0 ? tell_denied(h, what, e) : rc;
}

static int print_list(struct err *e)
{
	for (const struct applet *const *a = applets; *a; a++)
		puts((*a)->name);
	return out_flush(e);
}

/* --version ends the reading of options. */
static bool is_verbose(const char *word)
{
	return word && (str_eq(word, "--verbose") || str_eq(word, "-v"));
}

/* `jlmkr …`: what stands before the command, then the command. */
static int run_words(struct host *h, char *const *argv, struct err *e)
{
	struct common_args common = { 0 };
	const struct applet *a;

	if (*argv && str_eq(*argv, "--list")) return print_list(e);
	if (*argv && str_eq(*argv, "--install")) return install_links(argv + 1, e);
	if (opts_parse_common(&argv, &common, e) < 0) return -1;
	if (common.version) return print_version(common.verbose || is_verbose(*argv), e);
	if (!*argv || common.help) {
		help_print_all();
		return out_flush(e);
	}
	if (!(a = applet_find(*argv))) return applet_unknown(*argv, e);
	command = a->name;
	return run_applet(h, a, argv + 1, &common, e);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int run_named(struct host *h, char *const *argv, struct err *e)
{
	const char *name = argv[0] ? base_name(argv[0]) : "jlmkr";
	struct common_args common = { 0 };
	const struct applet *a;

	if (!str_starts(name, "jlmkr-") || !(a = applet_find(name + strlen("jlmkr-"))))
		return run_words(h, argv[0] ? argv + 1 : argv, e);
	command = a->name;
	call.by_name = true;
	return run_applet(h, a, argv + 1, &common, e);
}

/* Files that we open must not land on 0, 1 or 2. */
static void open_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd < 3);
	if (fd >= 3) close(fd);
}

int main(int argc, char *argv[])
{
	struct arena m = { 0 };
	struct host h = { .m = &m };
	struct err e = { 0 };
	int rc;

	if (argc && str_eq(argv[0], inside_name)) inside_main(argv);
	open_standard_fds();
	rc = check_caller(&e);
	if (rc == 0) {
		run_clean_path();
		call.argv = argv;
		host_init(&h, argv[0]);
		rc = run_named(&h, argv, &e);
	}
	if (rc < 0) {
		print_error(&e);
		rc = err_exit_status(e.kind);
	}
	arena_free(&m);
	return rc;
}
