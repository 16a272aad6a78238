#include "lib/ops/setup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/log_tee.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/lock.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/look.h"
#include "lib/jail/rootfs.h"
#include "lib/ops/copy.h"
#include "lib/ops/snapshot.h"
#include "lib/ops/start.h"
#include "lib/store/snapshot.h"

enum { LOG_MAX = 16 * 1024 * 1024, BOOT_WAIT = 90 };

/* What cannot be looked at, because of what is mounted there, is not known to be missing. */
static bool has(int root, const char *path)
{
	struct err why = { 0 };
	AUTOCLOSE int fd = look_at(root, path, O_NOFOLLOW, &why);

	return fd >= 0 || why.sys == EXDEV || why.sys == EAGAIN;
}

/* nspawn looks for systemd before it takes /sbin/init. NixOS makes its init at the first
 * boot. */
static bool may_be_systemd(struct arena *m, int root, const struct conf *c)
{
	const char *init = rootfs_init(m, root, NULL);

	return !init || str_eq(init, "systemd") || str_eq(c->distro.text, "nixos") ||
	       has(root, "/usr/lib/systemd/systemd") || has(root, "/lib/systemd/systemd");
}

int setup_look(struct engine *en, struct jail *j, const struct conf *c, struct setup_state *s,
               struct err *e)
{
	int root = jail_rootfs(j, e);

	if (root < 0) return -1;
	s->wanted = *c->initial_setup.text;
	s->first_start = !has(root, "/etc/machine-id");
	s->begun = has(root, LAYOUT_SETUP);
	s->possible = !*c->init_command.text && may_be_systemd(en->m, root, c);
	return 0;
}

int setup_write(struct engine *en, struct jail *j, const struct conf *c, struct err *e)
{
	int root = jail_rootfs(j, e);
	const char *text = c->initial_setup.text;

	if (root < 0) return -1;
	text = arena_printf(en->m, "%s%s\n", str_starts(text, "#!") ? "" : "#!/bin/sh\n", text);
	if (write_in_root(root, LAYOUT_SETUP, text, 0700, e) < 0)
		return fail_in(e, "initial_setup of %s", j->name);
	return 0;
}

/* By one command at a time: the lock of who runs it. */
static int lock_setup(struct engine *en, const char *name, struct err *e)
{
	return lock_named(arena_printf(en->m, "setup:%s", name), 0,
	                  arena_printf(en->m, "the initial_setup of %s", name), e);
}

/* The log of the last time goes as late as that: by whoever runs it now. A copy of the jail
 * that was made of hard links keeps its own. */
static int open_log(struct jail *j, struct err *e)
{
	struct stat st;
	int fd;

	if (jail_check_own(j, e) < 0) return -1;
	if (fstatat(j->fd, LAYOUT_SETUP_LOG, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(st.st_mode))
		return fail(e, ERR_INPUT, LAYOUT_SETUP_LOG " of %s is not a regular file",
		            j->name);
	sweep_replaced(j->fd, LAYOUT_SETUP_LOG);
	fd = open_replacement(j->fd, LAYOUT_SETUP_LOG, e);
	return fd < 0 ? fail_in(e, "%s", j->name) : fd;
}

static int run_logged(struct engine *en, const struct jail *j, int log, long network_wait,
                      struct err *e)
{
	AUTOTEE struct log_tee relay;
	struct script_how how = {
		.path = LAYOUT_SETUP,
		.what = "initial_setup",
		.network_wait = network_wait,
		.boot_wait = BOOT_WAIT,
	};

	if (log_tee_begin(&relay, log, LOG_MAX, e) < 0) return -1;
	how.output = relay.in;
	return engine_script(en, j, &how, e);
}

static int not_done(struct engine *en, const struct jail *j, int status, struct err *e)
{
	const char *log = arena_printf(en->m, "%s/" LAYOUT_SETUP_LOG, j->path), *name = j->name;
	struct err why;

	if (status > 0)
		return fail(e, ERR_HOST,
		            "the initial_setup of %s ended with status %d. %s runs, and has "
		            "the script as " LAYOUT_SETUP
		            "; what it printed is in %s. 'jlmkr setup %s' "
		            "runs it again, as the config has it then",
		            name, status, name, log, name);
	if (!e) return -1;
	why = *e;
	return fail(e, why.kind, "the initial_setup of %s: %s. 'jlmkr setup %s' runs it again, "
	            "from the beginning", name, why.text, name);
}

int setup_run(struct engine *en, struct jail *j, long network_wait, struct err *e)
{
	AUTOCLOSE int log = -1, lock = lock_setup(en, j->name, e);
	int status, root;

	if (lock < 0 || (log = open_log(j, e)) < 0) return -1;
	out_step("Running the initial_setup of %s", j->name);
	if ((status = run_logged(en, j, log, network_wait, e)) != 0)
		return not_done(en, j, status, e);
	if ((root = jail_rootfs(j, e)) < 0) return -1;
	return unlink_in_root(root, LAYOUT_SETUP, e);
}

/* The config wants none any more. */
static int forget(struct jail *j, struct err *e)
{
	int root = jail_rootfs(j, e);

	if (root < 0 || unlink_in_root(root, LAYOUT_SETUP, e) < 0) return -1;
	return fail(e, ERR_INPUT, "the config of %s has no initial_setup", j->name);
}

static int make_before(struct engine *en, struct jail *j, const struct conf *c, struct err *e)
{
	int rc;

	if (!c->auto_snapshot.on) return 0;
	rc = jail_lock(j, e) < 0 || jail_check_own(j, e) < 0 ||
	     op_snapshot_before(en->m, j, SNAPSHOT_SETUP, e) < 0 ? -1 : 0;
	jail_unlock(j);
	jail_leave(j);
	return rc;
}

int op_setup(struct engine *en, struct jail *j, long network_wait, struct err *e)
{
	struct setup_state s;
	struct conf conf;

	if (jail_conf_own(en->m, j, &conf, e) < 0 || op_check_not_standby(en->m, j, e) < 0)
		return -1;
	if (!*conf.initial_setup.text) return forget(j, e);
	if (setup_look(en, j, &conf, &s, e) < 0) return -1;
	if (!s.possible)
		return fail(e, ERR_HOST,
		            "the init of %s is not systemd, which runs the initial_setup",
		            j->name);
	if (make_before(en, j, &conf, e) < 0 || op_start_booted(en, j, e) < 0) return -1;
	if (setup_write(en, j, &conf, e) < 0) return -1;
	return setup_run(en, j, network_wait, e);
}
