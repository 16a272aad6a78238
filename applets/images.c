/* Lists the images of the server, by default those for this machine. */

#include "lib/cli/applet.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/image/cache.h"
#include "lib/image/index.h"
#include "lib/image/pick.h"
#include "lib/provision/install_image.h"
#include "lib/store/image_store.h"
#include "lib/text/json.h"

struct images_args {
	bool all, json, cached, prune, require_signature;
	const char *arch, *variant, *cacert;
	struct words servers;
};

#define OPT_INTO images_args
static const struct opt images_opts[] = {
	OPT_FLAG('a', "all", all, "list all architectures and unsuitable images"),
	OPT_TEXT(0, "arch", arch, "NAME", "list this architecture: amd64, arm64, ..."),
	OPT_TEXT(0, "variant", variant, "NAME", "list this variant only: default, cloud, ..."),
	OPT_LIST(0, "server", servers, "URL",
	         "use this server, not images.linuxcontainers.org"),
	OPT_TEXT(0, "cacert", cacert, "FILE",
	         "trust these authorities instead of the system's"),
	OPT_FLAG(0, "require-signature", require_signature,
	         "refuse a list of images that is not signed"),
	OPT_FLAG(0, "json", json, "print JSON, with all builds"),
	OPT_FLAG(0, "cached", cached, "list the images that create has kept"),
	OPT_FLAG(0, "prune", prune, "delete the images that create has kept"),
	OPT_END
};

static const char *const columns[] = { "DIST", "RELEASE", "ARCH", "VARIANT", "BUILD", NULL };

/* A pattern must match the whole name, a word any part of it. */
static bool word_fits(const char *word, const char *name)
{
	if (strpbrk(word, "*?[")) return fnmatch(word, name, FNM_CASEFOLD) == 0;
	return strcasestr(name, word);
}

/* Every word must match something: 'debian 12', 'ubuntu cloud'. */
static bool is_asked_for(const struct image *img, char *const *words)
{
	for (; *words; words++) {
		bool any = word_fits(*words, img->distro) || word_fits(*words, img->release) ||
		           word_fits(*words, img->variant);

		for (char *const *alias = img->aliases; !any && *alias; alias++)
			any = word_fits(*words, *alias);
		if (!any) return false;
	}
	return true;
}

static bool is_shown(const struct images_args *a, const struct image *img, char *const *words)
{
	const char *arch = a->arch ? a->arch : image_arch();

	if (!a->all && !image_is_recommended(img->distro) && !*words) return false;
	if ((a->arch || !a->all) && strcmp(img->arch, arch)) return false;
	return (!a->variant || str_eq(img->variant, a->variant)) && is_asked_for(img, words);
}

static void add_builds(struct json_out *o, const struct image *img)
{
	json_array(o, "builds");
	for (size_t i = 0; i < img->n_builds; i++) {
		const struct image_build *b = &img->builds[i];

		json_object(o, NULL);
		json_add_text(o, "serial", b->serial);
		json_add_text(o, "path", b->path);
		json_add_text(o, "sha256", b->sha256);
		json_add_int(o, "size", (int64_t)b->size);
		json_end(o, '}');
	}
	json_end(o, ']');
}

static void add_image_object(struct json_out *o, const struct image *img)
{
	json_object(o, NULL);
	json_add_text(o, "distro", img->distro);
	json_add_text(o, "release", img->release);
	json_add_text(o, "arch", img->arch);
	json_add_text(o, "variant", img->variant);
	json_array(o, "aliases");
	for (char *const *alias = img->aliases; *alias; alias++)
		json_add_text(o, NULL, *alias);
	json_end(o, ']');
	add_builds(o, img);
	json_end(o, '}');
}

static int print_images_json(struct arena *m, const struct image_index *x, struct err *e)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_array(&o, NULL);
	for (size_t i = 0; i < x->n; i++)
		add_image_object(&o, &x->images[i]);
	json_end(&o, ']');
	puts(str_text(&text));
	return out_flush(e);
}

static int print_images_table(struct arena *m, const struct image_index *x, struct err *e)
{
	struct table t = { .m = m, .columns = columns };

	for (const struct image *img = x->images; img < x->images + x->n; img++)
		table_add(&t, (const char *const[]){ img->distro, img->release, img->arch,
		                                     img->variant, img->builds[0].serial });
	return table_print(&t, e);
}

static int print_images(struct arena *m, const struct images_args *a, struct image_index *x,
                        char *const *words, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < x->n; i++)
		if (is_shown(a, &x->images[i], words)) x->images[n++] = x->images[i];
	x->n = n;
	if (a->json) return print_images_json(m, x, e);
	if (n) return print_images_table(m, x, e);
	if (a->cached) return fail(e, ERR_MISSING, "the cache has no such image");
	return fail(e, ERR_MISSING,
	            "the server has no such image; 'jlmkr images' shows all for %s",
	            image_arch());
}

/* Images of others, and images that jails need, stay; that is not a failure. */
static int prune_kept_images(struct host *h, const struct image_cache *c, struct err *e)
{
	struct image_pruned p = { 0 };
	char size[SIZE_ROOM];

	if (applet_need(h, "images --prune", NEEDS_ROOT, e) < 0) return -1;
	image_cache_tell(c);
	image_store_tell(h->m, h->dir);
	if (image_cache_prune(c, &p, e) < 0 || image_store_prune(h->m, h->dir, &p, e) < 0)
		return -1;
	if (p.clones)
		out_note("%u unpacked %s: jails are clones of %s", p.clones,
		         p.clones == 1 ? "image stays" : "images stay",
		         p.clones == 1 ? "it" : "them");
	out_note("%s freed", size_text(p.bytes, size));
	return p.failed ?
	       fail(e, ERR_HOST, "%u of the kept images could not be deleted", p.failed) : 0;
}

static int show_cached(struct host *h, const struct image_cache *c, const struct images_args *a,
                       char *const *words, struct err *e)
{
	struct image_index x;
	unsigned told = 0;

	if (geteuid() == 0) {
		image_cache_tell(c);
		image_cache_tell_halves(c);
		told = image_cache_tell_references(c);
		image_store_tell(h->m, h->dir);
	}
	if (image_cache_index(c, h->m, &x, e) < 0) return -1;
	return told && !x.n && !*words && !a->json ? 0 : print_images(h->m, a, &x, words, e);
}

static int use_cache(struct host *h, const struct images_args *a, char *const *words,
                     struct err *e)
{
	struct image_cache c;
	int rc;

	if (!h->dir)
		return fail(e, ERR_USAGE, "no jailmaker directory found; name it with --dir");
	if (image_cache_open(h->m, h->dir, false, &c, e) < 0) return -1;
	rc = a->prune ? prune_kept_images(h, &c, e) : show_cached(h, &c, a, words, e);
	image_cache_close(&c);
	return rc;
}

static int images_run(struct host *h, const void *args, char *const *words, struct err *e)
{
	const struct images_args *a = args;
	struct image_index x;

	if (a->servers.n) h->image_server = words_join(h->m, a->servers.v, " ");
	if (a->cacert) h->cacert = a->cacert;
	h->require_signature |= a->require_signature;
	if (a->prune && *words)
		return fail(e, ERR_USAGE, "--prune takes no WORD; it deletes all kept images");
	if (a->cached || a->prune) return use_cache(h, a, words, e);
	return install_server_index(h, h->m, &x, e) < 0 ? -1 :
	       print_images(h->m, a, &x, words, e);
}

const struct applet images_applet = {
	.name = "images",
	.brief = "show what can be installed",
	.operands = "[WORD]...",
	.text =
	"The images for this machine's architecture on images.linuxcontainers.org, or on\n"
	"the server set by --server, by JLMKR_IMAGE_SERVER in the environment, or by a\n"
	"line image_server=URL in ~/.local/share/jailmaker.conf. If several are given\n"
	"(--server more than once, or spaces between the URLs) and one fails, the next is\n"
	"tried. A server can be any that Incus or LXD take images from, and the cloud\n"
	"images of Ubuntu: https://cloud-images.ubuntu.com/releases.\n"
	"\n"
	"Each WORD must be part of the distribution, release, variant or an alias, or\n"
	"match one as a pattern: 'jlmkr images debian', \"jlmkr images 'ubuntu/2*'\".\n"
	"Distributions that are known not to work as jails are listed only on request.\n"
	"\n"
	"create keeps the images that it fetches in the folder images of the jailmaker\n"
	"directory: the newest build of each, and builds that were asked for. They are\n"
	"marked, and nothing else in that folder is ever deleted: --cached and --prune\n"
	"name anything that only looks like an image. Images that jails are clones of\n"
	"also stay. --prune fails if it could not delete another one, for example because\n"
	"a snapshot is held.\n",
	.opts = images_opts,
	.args_size = sizeof(struct images_args),
	.max = -1,
	.needs = MAY_USE_DIR | NEEDS_SERVER,
	.run = images_run,
};
