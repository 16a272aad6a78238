/* Make a jail from an image. */

#include "applets/applet.h"

#include <fcntl.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/ops/create.h"
#include "lib/ops/start.h"

enum { TEMPLATE_MAX = 1024 * 1024 };

struct create_args {
	const char *distro, *release, *variant, *arch, *build, *server, *cacert, *image, *sha256, *startup, *seccomp, *config, *gpu_intel, *gpu_nvidia;
	bool start, offline;
};

#define OPT_INTO create_args
static const struct opt create_opts[] = {
	OPT_TEXT(0, "distro", distro, "NAME", "the distribution (debian)"),
	OPT_TEXT(0, "release", release, "NAME", "its release (bookworm)"),
	OPT_TEXT(0, "variant", variant, "NAME", "the variant of its image (default)"),
	OPT_TEXT(0, "build", build, "SERIAL", "this build of it instead of the newest"),
	OPT_TEXT(0, "arch", arch, "NAME", "the architecture (this machine's)"),
	OPT_TEXT(0, "image", image, "FILE|URL|-", "a root archive instead: tar, plain or in xz, zstd, gzip"),
	OPT_TEXT(0, "sha256", sha256, "HEX", "what --image must hash to"),
	OPT_TEXT(0, "server", server, "URL", "of the images, instead of images.linuxcontainers.org"),
	OPT_TEXT(0, "cacert", cacert, "FILE", "the authorities to trust, instead of the system's"),
	OPT_FLAG(0, "offline", offline, "take its image from the cache, asking no server"),
	OPT_FLAG(0, "start", start, "start the jail when it is made"),
	OPT_SWITCH(NULL, "startup", startup, "start it when 'startup' runs (0)"),
	OPT_SWITCH(NULL, "seccomp", seccomp, "filter its system calls (1)"),
	OPT_TEXT('c', "config", config, "FILE", "begin with this config; - is standard input"),
	OPT_SWITCH("gi", "gpu_passthrough_intel", gpu_intel, "pass Intel and AMD GPUs through (0)"),
	OPT_SWITCH("gn", "gpu_passthrough_nvidia", gpu_nvidia, "pass NVIDIA GPUs through (0)"),
	OPT_END
};

static int read_template(struct arena *m, const char *path, struct create_how *how, struct err *e)
{
	size_t len;

	if (str_eq(path, "-")) {
		how->template_name = "standard input";
		how->template_text = read_all(m, STDIN_FILENO, TEMPLATE_MAX, &len, e);
	} else {
		how->template_name = path;
		how->template_text = read_file(m, AT_FDCWD, path, TEMPLATE_MAX, &len, e);
	}
	return how->template_text ? 0 : fail_in(e, "config");
}

static int check_image(const struct create_args *a, struct err *e)
{
	if (a->sha256 && !a->image) return fail(e, ERR_USAGE, "--sha256 belongs to --image");
	if (a->image && (a->offline || a->build || a->variant || a->arch))
		return fail(e, ERR_USAGE, "--image excludes --offline, --build, --variant and --arch");
	if (a->image && a->config && str_eq(a->image, "-") && str_eq(a->config, "-"))
		return fail(e, ERR_USAGE, "config and image cannot both be standard input");
	return 0;
}

static int start_new(struct engine *en, const char *name, bool startable, struct err *e)
{
	if (!startable) {
		out_warn("%s was not started", name);
		return 0;
	}
	if (op_start(en, name, e) < 0) return -1;
	out_note("%s runs", name);
	return 0;
}

static int create_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct create_args *a = args;
	struct create_how how = {
		.name = operands[0],
		.distro = a->distro,
		.release = a->release,
		.variant = a->variant,
		.arch = a->arch,
		.serial = a->build,
		.offline = a->offline,
		.archive = a->image,
		.sha256 = a->sha256,
		.startup = a->startup,
		.seccomp = a->seccomp,
		.gpu_intel = a->gpu_intel,
		.gpu_nvidia = a->gpu_nvidia,
		.nspawn_args = operands + 1,
	};
	AUTOENGINE struct engine en;
	bool startable;

	engine_init(&en, h, h->m);
	if (check_image(a, e) < 0) return -1;
	if (a->server) h->image_server = a->server;
	if (a->cacert) h->cacert = a->cacert;
	if (a->config && read_template(h->m, a->config, &how, e) < 0) return -1;
	if (op_create(&en, &how, &startable, e) < 0) return -1;
	out_note("%s is made", how.name);
	return a->start ? start_new(&en, how.name, startable, e) : 0;
}

const struct applet create_applet = {
	.name = "create",
	.brief = "make a jail",
	.operands = "JAIL [NSPAWN-ARGUMENT]...",
	.text = "The options override the keys of the config. What stands behind the name of the\n"
		"jail goes to systemd-nspawn whenever it starts, and replaces the config's\n"
		"systemd_nspawn_user_args: 'jlmkr create web --bind=/mnt/tank/www'.\n",
	.opts = create_opts,
	.args_size = sizeof(struct create_args),
	.min = 1,
	.max = -1,
	.rest = true,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_SERVER,
	.run = create_run,
};
