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
#include "lib/image/metadata.h"
#include "lib/image/pick.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/rootfs.h"
#include "lib/jail/name.h"
#include "lib/ops/application.h"
#include "lib/ops/config.h"
#include "lib/provision/archive_input.h"
#include "lib/provision/cloud.h"
#include "lib/provision/customize.h"
#include "lib/provision/description.h"
#include "lib/provision/identity.h"
#include "lib/provision/install_archive.h"
#include "lib/provision/install_image.h"
#include "lib/provision/layers.h"
#include "lib/provision/registry_image.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

/* The config as it will be written, and what it says. */
struct wanted {
	const char *text;
	struct conf conf;
	const struct create_how *how;
	struct image_want image;
	struct cloud_seed cloud;
	const struct image_metadata *found;	/* what the image says of itself, or NULL */
	const struct oci_image *layers;		/* an image in layers, or NULL */
	const char *reference;			/* to it, if it is from a registry */
	bool startable, boots;
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
	if (w->reference) return w->reference;
	return arena_printf(m, "the archive %s", word_shown(m, w->how->archive));
}

/* An archive may be one, whatever the config calls it. */
static bool is_nixos(struct arena *m, int rootfs, const struct conf *c)
{
	struct osrel os;

	if (str_eq(c->distro.text, "nixos")) return true;
	return rootfs_os(m, rootfs, &os, NULL) == 0 && os.id && str_eq(os.id, "nixos");
}

/* What the image runs, unless the user says something else. */
static int set_command(struct arena *m, int rootfs, struct wanted *w, struct err *e)
{
	const bool runs = !*w->conf.init_command.text;
	int first;

	w->startable = true;
	w->text = application_config(m, w->layers, runs, w->reference, w->text, e);
	if (!w->text || !runs) return w->text ? 0 : -1;
	if (application_prepare(m, w->layers, rootfs, w->text, e) < 0 ||
	    (first = application_must_be_first(m, w->text, rootfs, e)) < 0)
		return -1;
	if (first) w->text = conf_set(m, w->text, "init_pid1", "1", e);
	return w->text ? 0 : -1;
}

static bool has_command(struct arena *m, int rootfs, const struct wanted *w)
{
	if (*w->conf.init_command.text) return true;
	return application_command(m, w->layers)[0] && !application_boots(m, w->layers, rootfs);
}

/* nspawn can boot other inits, but the rest of this tool needs systemd in the jail.
 * NixOS makes its init at the first boot. */
static int check_init(struct arena *m, int rootfs, struct wanted *w, struct err *e)
{
	struct err why = { 0 };
	const char *init, *what;

	if (w->how->exported && *w->conf.init_command.text) return w->startable = true, 0;
	if (w->layers && has_command(m, rootfs, w)) return set_command(m, rootfs, w, e);
	if (w->layers && !(w->text = application_config(m, w->layers, false, w->reference,
	                                                w->text, e)))
		return -1;
	init = rootfs_init(m, rootfs, &why);
	if (!init && why.kind == ERR_BUSY) return fail(e, ERR_BUSY, "%s", why.text);
	w->startable = is_nixos(m, rootfs, &w->conf) || (init && str_eq(init, "systemd"));
	w->boots = w->startable;
	if (w->startable) return 0;
	what = image_shown(m, w);
	if (init)
		out_warn("the init of %s is %s, not systemd: it may not work as a jail", what,
		         init);
	else
		out_warn("%s has no init (/sbin/init): it cannot boot as a jail", what);
	/* The config of an export stays as it was. */
	if (!w->how->exported) w->text = conf_set(m, w->text, "startup", "0", e);
	return w->text ? 0 : -1;
}

/* What a jail of an archive is. */
static void tell_system(struct arena *m, int rootfs, const struct wanted *w)
{
	struct osrel os;

	if (rootfs_os(m, rootfs, &os, NULL) == 0 && (os.pretty_name || os.id))
		out_note("It is %s%s", os.pretty_name ? os.pretty_name : os.id,
		         w->boots ? ", with systemd" : "");
	else
		out_note("What system it is, it does not say: it has no os-release");
}

static int set_release(struct arena *m, struct wanted *w, const char *release, struct err *e)
{
	if (w->image.release) return 0;
	out_note("No release of %s was asked for: %s is the newest; --release takes another",
	         w->image.distro, release);
	w->text = conf_set(m, w->text, "release", release, e);
	return w->text ? 0 : -1;
}

/* The config says what the image is, unless the user or a template does. */
static int set_names(struct arena *m, struct wanted *w, struct err *e)
{
	const struct image_metadata *d = w->found;
	const struct { const char *key, *value, *given; } names[] = {
		{ "distro", d ? d->distro : NULL, w->how->distro },
		{ "release", d ? d->release : NULL, w->how->release },
	};

	if (w->how->template_text) return 0;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!names[i].value || names[i].given) continue;
		w->text = conf_set(m, w->text, names[i].key, names[i].value, e);
		if (!w->text) return -1;
	}
	return 0;
}

static struct unpack_limits limits_of(const struct create_how *how)
{
	return (struct unpack_limits){
		.bytes = how->max_size,
		.entries = how->max_files,
		.no_devices = how->no_devices,
	};
}

/* The archive that the caller has opened, or else `own`, opened here. */
static int take_source(struct host *h, const struct create_how *how, struct archive_input *own,
                       struct install_source *out, struct err *e)
{
	*out = (struct install_source){
		.in = how->input ? how->input : own,
		.sha256 = how->sha256,
		.metadata = how->metadata,
	};
	if (how->input || archive_input_open(h->m, how->archive, own, e) == 0) return 0;
	return fail_in(e, "image %s", word_shown(h->m, how->archive));
}

/* What is kept of the image when it is closed. */
static void keep_image(struct arena *m, const struct registry_image *r, struct wanted *w)
{
	w->reference = r->reference;
	w->layers = arena_memdup(m, &r->image, sizeof r->image);
}

static int install_from_registry(struct host *h, struct wanted *w, struct staging *work,
                                 const struct unpack_limits *limits, struct err *e)
{
	AUTOREGISTRY r = { 0 };

	if (registry_image_open(h, w->how->archive, w->how->offline, &r, e) < 0) return -1;
	keep_image(h->m, &r, w);
	if (staging_own(work, NULL, e) == 0 &&
	    layers_install(&r.image, limits, work->dir, e) == 0)
		return 0;
	return fail_in(e, "image %s", r.reference);
}

static int install_from_archive(struct host *h, struct wanted *w, struct staging *work,
                                struct err *e)
{
	const struct unpack_limits limits = limits_of(w->how);
	AUTOARCHIVE own = NO_ARCHIVE;
	struct install_source source;
	struct install_found found;

	if (oci_is_reference(w->how->archive))
		return install_from_registry(h, w, work, &limits, e);
	if (take_source(h, w->how, &own, &source, e) < 0 ||
	    install_archive(h, &source, &limits, work, &found, e) < 0)
		return -1;
	w->found = found.metadata;
	w->layers = found.image;
	return set_names(h->m, w, e);
}

static int install_rootfs(struct host *h, struct wanted *w, struct staging *work,
                          struct err *e)
{
	const char *release;
	const struct install_how how = {
		.offline = w->how->offline,
		.no_clone = w->how->no_clone,
		.limits = limits_of(w->how),
	};

	if (w->how->archive) return install_from_archive(h, w, work, e);
	if (install_image(h, &w->image, &how, work, &release, &w->found, e) < 0) return -1;
	return set_release(h->m, w, release, e);
}

/* Tell of cloud-init what its owner would wait for. */
static int seed_cloud(int rootfs, struct wanted *w, const char *name, struct err *e)
{
	bool has_it;

	if (cloud_apply(&w->cloud, rootfs, name, &has_it, e) < 0) return -1;
	if (has_it)
		out_note("cloud-init is in the image: %s", cloud_is_wanted(&w->cloud) ?
		         "it gets what you gave at the first start" :
		         "it is turned off; --cloud-init or --ssh-key turns it on");
	return 0;
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
	const char *hostname = *w->conf.hostname.text ? w->conf.hostname.text : work->name;

	if (w->how->exported) return adapt_export(rootfs, work, w, m, e);
	if (customize(rootfs, hostname, e) < 0) return -1;
	if (w->found && description_apply(w->found, rootfs, hostname, e) < 0) return -1;
	return seed_cloud(rootfs, w, hostname, e);
}

static int fill_staging(struct engine *en, struct staging *work, struct wanted *w,
                        struct err *e)
{
	AUTOCLOSE int rootfs = -1;

	if (install_rootfs(en->host, w, work, e) < 0) return -1;
	if ((rootfs = jail_open_rootfs(work->dir, e)) < 0) return -1;
	if (adapt(en->m, rootfs, work, w, e) < 0) return -1;
	if (check_init(en->m, rootfs, w, e) < 0) return -1;
	if (w->how->archive && !w->how->exported) tell_system(en->m, rootfs, w);
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
	store_foresee(h->m, h->dir, &jails);
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !store_is_left_point(&jails, name))
		return fail(e, ERR_EXISTS, "there is a jail %s already", name);
	return store_check_name(&jails, name, e);
}

/* If it runs a command, the root file system need not be seen to know it. */
static int plan_layers(struct arena *m, struct wanted *w, struct err *e)
{
	const bool runs = !*w->conf.init_command.text &&
			  application_init(application_command(m, w->layers)) ==
			  APPLICATION_NONE;

	w->text = application_config(m, w->layers, runs, w->reference, w->text, e);
	return w->text ? 0 : -1;
}

static int plan_registry(struct host *h, struct wanted *w, struct create_plan *out,
                         struct err *e)
{
	AUTOREGISTRY r = { 0 };

	if (registry_image_open(h, w->how->archive, w->how->offline, &r, e) < 0) return -1;
	keep_image(h->m, &r, w);
	out->found.image = w->layers;
	return plan_layers(h->m, w, e);
}

static int plan_archive(struct engine *en, struct wanted *w, struct create_plan *out,
                        struct err *e)
{
	const struct unpack_limits limits = limits_of(w->how);
	AUTOARCHIVE own = NO_ARCHIVE;
	struct install_source source;
	struct err why = { 0 };

	if (oci_is_reference(w->how->archive)) return plan_registry(en->host, w, out, e);
	if (take_source(en->host, w->how, &own, &source, e) < 0) return -1;
	if (archive_look(en->host, &source, &limits, &out->found, &why) < 0) {
		if (why.kind == ERR_NETWORK) {
			out_warn("what is in it is not known: %s", why.text);
			return 0;
		}
		return fail_as(e, &why);
	}
	w->found = out->found.metadata;
	w->layers = out->found.image;
	if (w->layers) return plan_layers(en->m, w, e);
	if (out->seeded && !out->found.has_cloud_init) return cloud_fail_absent(e);
	return set_names(en->m, w, e);
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
	if (cloud_load(en->host, how->cloud_init, how->ssh_keys, &w.cloud, e) < 0) return -1;
	if (store_check(en->m, en->host->dir, e) < 0) return -1;
	store_foresee(en->m, en->host->dir, &jails);
	*out = (struct create_plan){
		.path = layout_jail(en->m, en->host->dir, how->name),
		.dataset = store_dataset(&jails, how->name),
		.seeded = cloud_is_wanted(&w.cloud),
	};
	warn_if_not_on_pool(en->m, dir);
	if (op_create_check(en->host, how->name, e) < 0)
		return fail_in(e, "creating %s", how->name);
	if (!how->exported && (how->archive ? plan_archive(en, &w, out, e) < 0 :
	                       plan_image(en, &w, out, e) < 0))
		return -1;
	out->config = w.text;
	return 0;
}

int op_create(struct engine *en, const struct create_how *how, bool *startable, struct err *e)
{
	struct wanted w = { .how = how };
	AUTOSTORE jails = { .fd = -1 };

	if (name_check(how->name, e) < 0 || render_config(en->m, how, &w, e) < 0) return -1;
	if (cloud_load(en->host, how->cloud_init, how->ssh_keys, &w.cloud, e) < 0) return -1;
	if (store_open(en->m, en->host->dir, &jails, e) < 0) return -1;
	warn_if_not_on_pool(en->m, jails.fd);
	if (staging_sweep(&jails, e) < 0 || make_jail(en, &jails, how->name, &w, e) < 0)
		return fail_in(e, "creating %s", how->name);
	*startable = w.startable;
	return 0;
}
