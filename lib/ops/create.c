#include "lib/ops/create.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/archive/unpack.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/engine/engine.h"
#include "lib/image/index.h"
#include "lib/image/pick.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/rootfs.h"
#include "lib/jail/name.h"
#include "lib/ops/config.h"
#include "lib/provision/archive_input.h"
#include "lib/provision/customize.h"
#include "lib/provision/identity.h"
#include "lib/provision/install_archive.h"
#include "lib/provision/install_image.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

/* The config as it will be written, and what it says. */
struct wanted {
	const char *text;
	struct conf conf;
	const struct create_how *how;
	struct image_want image;
	bool startable;
};

/* The release in the template, or in the default config, belongs to the distribution there. If
 * another distribution was asked for, no release is known. */
static bool is_release_known(struct arena *m, const struct create_how *how, const char *distro)
{
	const char *text = how->template_text;
	struct conf usual, c;

	if (how->release) return true;
	if (conf_parse(m, conf_default_text(m), &usual, NULL) < 0) return true;
	if (!text || conf_parse(m, text, &c, NULL) < 0 || !c.release.line) c = usual;
	return str_eq(c.distro.text, distro);
}

static int render_config(struct arena *m, const struct create_how *how, struct wanted *w,
                         struct err *e)
{
	const struct conf_override overrides[] = {
		{ "distro", how->distro },
		{ "release", how->release },
		{ "hostname", how->hostname },
		{ "startup", how->startup },
		{ "seccomp", how->seccomp },
		{ "gpu_passthrough_intel", how->gpu_intel },
		{ "gpu_passthrough_nvidia", how->gpu_nvidia },
		{ NULL, NULL },
	};
	struct conf_options options;
	struct conf_check check;

	w->text = conf_render(m, how->template_text, overrides, how->nspawn_args, e);
	if (!w->text || conf_usable(m, w->text, &w->conf, &options, e) < 0)
		return how->template_name ? fail_in(e, "%s", how->template_name) : -1;
	if (*w->conf.hostname.text && conf_check_hostname(w->conf.hostname.text, e) < 0)
		return -1;
	w->image = (struct image_want){
		.distro = w->conf.distro.text,
		.release = is_release_known(m, how, w->conf.distro.text) ?
		           w->conf.release.text : NULL,
		.variant = how->variant,
		.arch = how->arch,
		.serial = how->serial,
	};
	/* What is missing now may be there when it is started. */
	conf_check(m, w->text, &check);
	op_config_tell(&check.found, LAYOUT_CONFIG);
	return 0;
}

/* An update of the appliance keeps the pools and nothing else. */
static void warn_if_not_on_pool(struct arena *m, int dir)
{
	const struct mount *mnt;
	struct mounts t;

	if (mounts_read(m, &t, NULL) < 0 || !(mnt = mount_of(&t, dir, NULL))) return;
	if (!str_starts(mnt->point, "/mnt/"))
		out_warn("the jailmaker directory is not on a pool (mounted under /mnt): an "
		         "update of TrueNAS would erase it");
}

static const char *image_shown(struct arena *m, const struct wanted *w)
{
	if (!w->how->archive) return w->conf.distro.text;
	if (str_eq(w->how->archive, "-")) return "the archive on standard input";
	return arena_printf(m, "the archive %s", word_shown(m, w->how->archive));
}

/* nspawn can boot other inits, but the rest of this tool needs systemd in the jail.
 * NixOS makes its init at the first boot. */
static int check_init(struct arena *m, int rootfs, struct wanted *w, struct err *e)
{
	struct err why = { 0 };
	const char *init = rootfs_init(m, rootfs, &why), *what;

	if (!init && why.kind == ERR_BUSY) return fail(e, ERR_BUSY, "%s", why.text);
	w->startable =
		str_eq(w->conf.distro.text, "nixos") || (init && str_eq(init, "systemd"));
	if (w->startable) return 0;
	what = image_shown(m, w);
	if (init)
		out_warn("the init of %s is %s, not systemd: it may not work as a jail", what,
		         init);
	else
		out_warn("%s has no init (/sbin/init): it cannot boot as a jail", what);
	w->text = conf_set(m, w->text, "startup", "0", e);
	return w->text ? 0 : -1;
}

static int set_release(struct arena *m, struct wanted *w, const char *release, struct err *e)
{
	if (w->image.release) return 0;
	out_note("No release of %s was asked for: %s is the newest; --release takes another",
	         w->image.distro, release);
	w->text = conf_set(m, w->text, "release", release, e);
	return w->text ? 0 : -1;
}

static int install_from_archive(struct host *h, const struct create_how *how,
                                const struct unpack_limits *limits, struct staging *work,
                                struct err *e)
{
	AUTOARCHIVE in = NO_ARCHIVE;

	if (how->input) return install_archive(h, how->input, how->sha256, limits, work, e);
	if (archive_input_open(h->m, how->archive, &in, e) < 0)
		return fail_in(e, "image %s", word_shown(h->m, how->archive));
	return install_archive(h, &in, how->sha256, limits, work, e);
}

static int install_rootfs(struct host *h, struct wanted *w, struct staging *work,
                          struct err *e)
{
	const char *release;
	const struct install_how how = {
		.offline = w->how->offline,
		.no_clone = w->how->no_clone,
		.limits = {
			.bytes = w->how->max_size,
			.entries = w->how->max_files,
			.no_devices = w->how->no_devices,
		},
	};

	if (w->how->archive)
		return install_from_archive(h, w->how, &how.limits, work, e);
	if (install_image(h, &w->image, &how, work, &release, e) < 0) return -1;
	return set_release(h->m, w, release, e);
}

/* An export under another name is another machine. */
static int adapt_export(int rootfs, const struct staging *work, struct wanted *w,
                        struct arena *m, struct err *e)
{
	const char *before = w->how->exported;

	if (str_eq(before, work->name)) return 0;
	if (str_eq(w->conf.hostname.text, before) &&
	    !(w->text = conf_set(m, w->text, "hostname", work->name, e)))
		return -1;
	return identity_renew(rootfs, before, work->name, e) < 0
	       ? fail_in(e, "the identity of %s", work->name) : 0;
}

static int adapt(struct arena *m, int rootfs, const struct staging *work, struct wanted *w,
                 struct err *e)
{
	const char *hostname = w->conf.hostname.text;

	if (w->how->exported) return adapt_export(rootfs, work, w, m, e);
	return customize(rootfs, *hostname ? hostname : work->name, e);
}

static int fill_staging(struct engine *en, struct staging *work, struct wanted *w,
                        struct err *e)
{
	AUTOCLOSE int rootfs = -1;

	if (install_rootfs(en->host, w, work, e) < 0) return -1;
	if ((rootfs = jail_open_rootfs(work->dir, e)) < 0) return -1;
	if (check_init(en->m, rootfs, w, e) < 0) return -1;
	if (adapt(en->m, rootfs, work, w, e) < 0) return -1;
	return replace_file(work->dir, LAYOUT_CONFIG, w->text, strlen(w->text), 0600, e);
}

/* If there was no room: adds which file system is full, and what frees space. Must be called
 * while the unfinished jail still takes that space. */
static void explain_full(struct arena *m, const struct store *jails, const char *name,
                         struct err *e)
{
	const struct mount *mnt;
	struct mounts t;
	struct statvfs s;
	const int sys = e->sys;
	const char *quoted;
	bool zfs, inodes;

	if ((sys != ENOSPC && sys != EDQUOT) || mounts_read(m, &t, NULL) < 0) return;
	if (!(mnt = mount_of(&t, jails->fd, NULL)) || fstatvfs(jails->fd, &s) < 0) return;
	zfs = str_ends(mnt->type, "zfs");
	quoted = words_quoted(m, (char *[]){ (char *)(zfs ? mnt->source : mnt->point), NULL });
	inodes = sys == ENOSPC && s.f_files && !s.f_favail;
	fail(e, e->kind, "%s; the file system at %s has no room for %s, so nothing of %s is "
	     "kept; 'jlmkr images --prune' deletes kept images and unfinished downloads, "
	     "'%s %s' shows what is used", e->text, mnt->point, inodes ? "more files" : "it",
	     name, zfs ? "zfs list -o space" : "df -h", quoted);
	e->sys = sys;
}

static int make_jail(struct engine *en, const struct store *jails, const char *name,
                     struct wanted *w, struct err *e)
{
	struct staging work;
	int rc;

	if (staging_begin(jails, name, &work, e) < 0) return -1;
	rc = fill_staging(en, &work, w, e);
	if (rc == 0) out_busy("writing to disk");
	if (rc == 0) rc = staging_finish(&work, e);
	out_progress_end();
	if (rc < 0) explain_full(en->m, jails, name, e);
	if (rc < 0) staging_undo(&work);
	staging_close(&work);
	return rc;
}

int op_create_check(const struct host *h, const char *name, struct err *e)
{
	const char *path = layout_jail(h->m, h->dir, name);
	struct store jails;

	if (name_check(name, e) < 0) return -1;
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return fail(e, ERR_EXISTS, "there is a jail %s already", name);
	store_foresee(h->m, h->dir, &jails);
	return store_check_name(&jails, name, e);
}

static int check_archive(const char *archive, struct err *e)
{
	if (str_eq(archive, "-") || is_url(archive)) return 0;
	return access(archive, R_OK) < 0 ? fail_sys(e, "open %s", archive) : 0;
}

static int plan_image(struct engine *en, struct wanted *w, struct create_plan *out,
                      struct err *e)
{
	if (install_find(en->host, en->m, &w->image, w->how->offline, &out->image, &out->cached,
	                 e) < 0)
		return -1;
	return set_release(en->m, w, out->image.image->release, e);
}

int op_create_plan(struct engine *en, const struct create_how *how, struct create_plan *out,
                   struct err *e)
{
	AUTOCLOSE int dir = open(en->host->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct wanted w = { .how = how };
	struct store jails;

	if (dir < 0) return fail_sys(e, "open %s", en->host->dir);
	if (name_check(how->name, e) < 0 || render_config(en->m, how, &w, e) < 0) return -1;
	if (store_check(en->m, en->host->dir, e) < 0) return -1;
	store_foresee(en->m, en->host->dir, &jails);
	*out = (struct create_plan){
		.path = layout_jail(en->m, en->host->dir, how->name),
		.dataset = store_dataset(&jails, how->name),
	};
	warn_if_not_on_pool(en->m, dir);
	if (op_create_check(en->host, how->name, e) < 0)
		return fail_in(e, "creating %s", how->name);
	if (how->input) return out->config = w.text, 0;
	if (how->archive ? check_archive(how->archive, e) < 0 : plan_image(en, &w, out, e) < 0)
		return -1;
	out->config = w.text;
	return 0;
}

int op_create(struct engine *en, const struct create_how *how, bool *startable, struct err *e)
{
	struct wanted w = { .how = how };
	AUTOSTORE jails = { .fd = -1 };

	if (name_check(how->name, e) < 0 || render_config(en->m, how, &w, e) < 0) return -1;
	if (store_open(en->m, en->host->dir, &jails, e) < 0) return -1;
	warn_if_not_on_pool(en->m, jails.fd);
	if (staging_sweep(&jails, e) < 0 || make_jail(en, &jails, how->name, &w, e) < 0)
		return fail_in(e, "creating %s", how->name);
	*startable = w.startable;
	return 0;
}
