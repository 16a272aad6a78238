#include "lib/ops/update.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/command.h"
#include "lib/jail/conf_options.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/ops/application.h"
#include "lib/ops/copy.h"
#include "lib/ops/inuse.h"
#include "lib/ops/snapshot.h"
#include "lib/ops/start.h"
#include "lib/ops/update_config.h"
#include "lib/provision/customize.h"
#include "lib/provision/layers.h"
#include "lib/store/rollback.h"

/* -- what there is -- */

/* What brings up to date a jail that is a whole system: a command, or NULL. */
static const char *own_command(struct arena *m, const struct jail *j, const struct conf *c)
{
	static const struct { const char *distro, *command; } tools[] = {
		{ "debian", "sh -c 'apt update && apt upgrade'" },
		{ "ubuntu", "sh -c 'apt update && apt upgrade'" },
		{ "fedora", "dnf upgrade" }, { "centos", "dnf upgrade" },
		{ "rockylinux", "dnf upgrade" }, { "almalinux", "dnf upgrade" },
		{ "archlinux", "pacman -Syu" }, { "opensuse", "zypper update" },
		{ "nixos", "nixos-rebuild switch --upgrade" },
	};

	for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
		if (str_eq(c->distro.text, tools[i].distro))
			return arena_printf(m, "jlmkr exec %s %s", j->name, tools[i].command);
	return NULL;
}

static int fail_own(struct arena *m, const struct jail *j, const struct conf *c, struct err *e)
{
	const char *command = own_command(m, j, c);

	if (*c->init_command.text)
		return fail(e, ERR_INPUT, "%s was not made from a registry; "
		            "image=docker://... in its config names one to ask", j->name);
	return fail(e, ERR_INPUT, "%s is not of an image of a registry: the tools of its own "
	            "system bring it up to date%s%s", j->name, command ? ", such as " : "",
	            command ? command : "");
}

int op_update_look(struct engine *en, struct jail *j, struct update *u, struct err *e)
{
	struct conf c;

	if (jail_conf_own(en->m, j, &c, e) < 0 || op_check_not_standby(en->m, j, e) < 0)
		return -1;
	if (!*c.image.text) return fail_own(en->m, j, &c, e);
	if (registry_image_open(en->host, c.image.text, false, &u->image, e) < 0) return -1;
	u->asked = c.image.text;
	u->reference = u->image.reference;
	u->now = c.image_digest.text;
	u->newest = u->image.image.digest;
	return str_eq(u->now, u->newest);
}

void op_update_close(struct update *u)
{
	registry_image_close(&u->image);
	registry_image_close(&u->old);
}

/* What the jail was made from, to know what of the config the user has changed. */
static const struct oci_image *find_old(struct engine *en, const struct jail *j,
                                        struct update *u)
{
	struct oci_reference to = u->image.to;
	struct err why = { 0 };
	const char *text;

	to.tag = NULL;
	to.digest = u->now;
	text = oci_reference_text(en->m, &to);
	/* Usually it is in the cache still. */
	for (int online = 0; online < 2 && oci_is_digest(u->now); online++) {
		if (registry_image_open(en->host, text, !online, &u->old, &why) == 0)
			return &u->old.image;
		registry_image_close(&u->old);
	}
	out_note("The image that %s was made from cannot be fetched any more%s%s: its config "
	         "stays as it is", j->name, *why.text ? ": " : "", why.text);
	return NULL;
}

/* What was fetched is for the config that op_update_look has read. */
static int check_same(struct arena *m, const struct update *u, struct err *e)
{
	struct conf c;

	if (conf_parse(m, u->before, &c, e) < 0) return -1;
	if (str_eq(c.image.text, u->asked) && str_eq(c.image_digest.text, u->now)) return 0;
	return fail(e, ERR_BUSY, "image or image_digest was changed by another command "
	            "meanwhile; try again");
}

static int plan_config(struct engine *en, struct jail *j, struct update *u,
                       const struct oci_image *old, struct err *e)
{
	if (!(u->before = jail_conf_own_text(en->m, j, e))) return -1;
	if (check_same(en->m, u, e) < 0) return fail_in(e, "%s", jail_config_path(en->m, j));
	u->config = update_config(en->m, u->before, old, &u->image.image, e);
	return u->config ? 0 : fail_in(e, "%s", jail_config_path(en->m, j));
}

int op_update_plan(struct engine *en, struct jail *j, struct update *u, struct err *e)
{
	return plan_config(en, j, u, find_old(en, j, u), e);
}

/* -- an update under way -- */

struct updating {
	struct engine *en;
	struct jail *jail;
	struct update *u;
	const struct update_how *how;
	struct snapshots of;
	struct oci_image image;		/* with its layers open */
	const struct oci_image *old;	/* or NULL */
	int *layers;
	bool runs, stopped;
};

static void close_layers(struct updating *x)
{
	for (size_t i = 0; x->layers && i < x->image.layers_n; i++)
		if (x->layers[i] >= 0) close(x->layers[i]);
}

static int take_layer(void *arg, size_t i, struct err *e)
{
	struct updating *x = arg;

	(void)e;
	return take_fd(&x->layers[i]);
}

/* Before the jail is stopped. */
static int fetch_layers(struct updating *x, struct err *e)
{
	const struct oci_image *from = &x->u->image.image;
	size_t n = from->layers_n;

	x->layers = arena_array(x->en->m, n + 1, sizeof *x->layers);
	x->image = *from;
	for (size_t i = 0; i < n; i++)
		x->layers[i] = -1;
	for (size_t i = 0; i < n; i++)
		if ((x->layers[i] = from->open_layer(from->arg, i, e)) < 0) return -1;
	x->image.open_layer = take_layer;
	x->image.arg = x;
	return 0;
}

/* -- the new files -- */

static int adapt_first(struct updating *x, int rootfs, struct err *e)
{
	struct arena *m = x->en->m;
	AUTOCLOSE int old = jail_open_rootfs(x->of.dir, e);
	int was = old < 0 ? -1 : application_must_be_first(m, x->u->before, old, e);
	int is = was < 0 ? -1 : application_must_be_first(m, x->u->config, rootfs, e);

	if (is < 0) return -1;
	x->u->config = update_first(m, x->u->config, was, is, e);
	return x->u->config ? 0 : -1;
}

/* As create does; and whether it could start. */
static int adapt(struct updating *x, int rootfs, struct conf *c, struct err *e)
{
	struct arena *m = x->en->m;
	struct conf_options o;
	struct command command;

	if (customize(rootfs, *c->hostname.text ? c->hostname.text : x->jail->name, e) < 0)
		return -1;
	if (!*c->init_command.text) return 0;
	if (application_prepare(m, &x->image, rootfs, x->u->config, e) < 0 ||
	    adapt_first(x, rootfs, e) < 0 || conf_usable(m, x->u->config, c, &o, e) < 0)
		return -1;
	if (command_find(m, c, &o, rootfs, &command, e) == 0) return 0;
	return fail_in(e, "the new image");
}

static int make_files(void *arg, int work, struct err *e)
{
	struct updating *x = arg;
	AUTOCLOSE int rootfs = -1;
	const char *config;
	struct conf c;

	if (conf_parse(x->en->m, x->u->config, &c, e) < 0) return -1;
	if (layers_install(&x->image, &x->how->limits, work, e) < 0) return -1;
	if ((rootfs = jail_open_rootfs(work, e)) < 0 || adapt(x, rootfs, &c, e) < 0) return -1;
	config = x->u->config;
	return create_file(work, LAYOUT_CONFIG, config, strlen(config), 0600, e);
}

/* -- all of it -- */

static int check_free(struct updating *x, struct err *e)
{
	x->runs = jail_runs(engine_state(x->en, x->jail, NULL, NULL));
	if (!x->runs || x->how->stop || x->how->restart) return 0;
	return fail(e, ERR_BUSY, "it runs; --restart stops it, and starts it again afterwards");
}

/* It would stay as it is. */
static int check_config_file(const struct updating *x, struct err *e)
{
	const char *path = jail_config_path(x->en->m, x->jail);
	struct stat st;

	if (fstatat(x->jail->fd, LAYOUT_CONFIG, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail_sys(e, "stat %s", path);
	if (!S_ISLNK(st.st_mode)) return 0;
	return fail(e, ERR_INPUT, "%s is a link, which an update cannot replace; put the file "
	            "itself there", path);
}

static int stop_if_told(struct updating *x, struct err *e)
{
	const struct stop_how how = { .timeout = x->how->timeout };

	if (check_free(x, e) < 0) return -1;
	if (!x->runs) return 0;
	if (engine_stop(x->en, x->jail, &how, e) < 0) return -1;
	x->stopped = true;
	return 0;
}

/* Those of the config that the jail will have. */
static int read_volumes(struct updating *x, struct rollback *r, struct err *e)
{
	struct split all;
	struct conf c;

	if (conf_parse(x->en->m, x->u->config, &c, e) < 0 ||
	    conf_text_check(&c.image_volumes, e) < 0 ||
	    conf_words(x->en->m, &c.image_volumes, &all, e) < 0)
		return -1;
	r->keep = all.v;
	return 0;
}

static int update_locked(struct updating *x, struct rollback *r, struct err *e)
{
	if (op_snapshots_lock(x->en, x->jail, &x->of, e) < 0) return -1;
	if (plan_config(x->en, x->jail, x->u, x->old, e) < 0 || read_volumes(x, r, e) < 0 ||
	    rollback_check(&x->of, r, e) < 0)
		return -1;
	if (stop_if_told(x, e) < 0 || inuse_check_stopped(x->en->m, x->jail, e) < 0) return -1;
	return rollback_jail(&x->of, r, e);
}

int op_update(struct engine *en, struct jail *j, struct update *u, const struct update_how *how,
              const char **kept, struct err *e)
{
	__attribute__((cleanup(close_layers))) struct updating x = {
		.en = en, .jail = j, .u = u, .how = how,
	};
	struct rollback r = { .fill = make_files, .arg = &x };
	const char *name = j->name;
	struct err why = { 0 };
	int rc;

	if (check_config_file(&x, e) < 0 || check_free(&x, e) < 0) return -1;
	/* All that the network is needed for, before the jail's lock is taken; and the old one
	 * first, which the cache drops when it has the new one. */
	x.old = find_old(en, j, u);
	if (fetch_layers(&x, e) < 0) return -1;
	rc = update_locked(&x, &r, e);
	jail_close(j);
	*kept = r.kept;
	if (!x.stopped || !how->restart)
		return rc < 0 && x.stopped ? fail_in(e, "it was stopped, and not updated") : rc;
	if (op_start_named(en, name, &why) >= 0) return rc;
	if (rc == 0) return fail(e, why.kind, "it is updated, but does not run: %s", why.text);
	return fail(e, e->kind, "%s; and it does not run: %s", e->text, why.text);
}
