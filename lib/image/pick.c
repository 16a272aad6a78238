#include "lib/image/pick.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"
#include "lib/image/index.h"

enum { NAMES_SHOWN = 12 };

bool image_is_recommended(const char *distro)
{
	static const char *const others[] = {
		"alpine", "amazonlinux", "busybox", "devuan", "funtoo", "openwrt", "plamo",
		"voidlinux", NULL
	};

	for (const char *const *d = others; *d; d++)
		if (str_eq(*d, distro)) return false;
	return true;
}

static const struct { const char *kernel, *server; } archs[] = {
	{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "riscv64", "riscv64" },
	{ "armv7l", "armhf" }, { "armv8l", "armhf" }, { "i686", "i386" },
	{ "ppc64le", "ppc64el" }, { "s390x", "s390x" },
};

static const char *find_arch(const char *kernel)
{
	for (size_t i = 0; i < sizeof archs / sizeof *archs; i++)
		if (str_eq(kernel, archs[i].kernel)) return archs[i].server;
	return NULL;
}

const char *image_arch_of(const char *name)
{
	const char *known = find_arch(name);

	return known ? known : name;
}

const char *image_arch(void)
{
	struct utsname u;
	const char *known = uname(&u) < 0 ? NULL : find_arch(u.machine);

	return known ? known : "unknown";
}

bool image_arch_runs(const char *arch)
{
	const char *own = image_arch();

	return str_eq(arch, own) || (str_eq(own, "amd64") && str_eq(arch, "i386")) ||
	       (str_eq(own, "arm64") && str_eq(arch, "armhf"));
}

/* Whether one of the image's aliases is these words, joined by slashes; the last ones may be
 * NULL. */
static bool has_alias(const struct image *image, const char *a, const char *b, const char *c)
{
	char want[256];
	char **alias;

	snprintf(want, sizeof want, "%s%s%s%s%s", a, b ? "/" : "", b ? b : "", c ? "/" : "",
	         c ? c : "");
	for (alias = image->aliases; *alias; alias++)
		if (str_eq(*alias, want)) return true;
	return false;
}

static bool is_release(const struct image *image, const char *release)
{
	if (!release || !*release)
		return str_eq(image->release, "current") ||
		       has_alias(image, image->distro, NULL, NULL);
	if (strchr(release, '/')) return false;
	return str_eq(image->release, release) ||
	       has_alias(image, image->distro, release, NULL) ||
	       has_alias(image, image->distro, release, image->variant);
}

/* How far an image matches the request. The message about a miss is for the best match. */
enum match { MATCH_NONE, MATCH_DISTRO, MATCH_RELEASE, MATCH_ARCH, MATCH_VARIANT };

static enum match match_of(const struct image *image, const struct image_want *want)
{
	if (!str_eq(image->distro, want->distro)) return MATCH_NONE;
	if (!is_release(image, want->release)) return MATCH_DISTRO;
	if (!str_eq(image->arch, want->arch)) return MATCH_RELEASE;
	return str_eq(image->variant, want->variant) ? MATCH_VARIANT : MATCH_ARCH;
}

static const struct image *find_match(const struct image_index *x,
                                      const struct image_want *want, enum match *best)
{
	size_t i;

	*best = MATCH_NONE;
	for (i = 0; i < x->n; i++) {
		enum match match = match_of(&x->images[i], want);

		if (match > *best) *best = match;
		if (match == MATCH_VARIANT) return &x->images[i];
	}
	return NULL;
}

/* A list of different words for a message. */
struct names {
	struct words w;
	size_t more;
};

static void names_add(struct names *l, const char *word)
{
	char **w;

	for (w = words_list(&l->w); *w; w++)
		if (str_eq(*w, word)) return;
	if (l->w.n < NAMES_SHOWN) words_add(&l->w, word);
	else l->more++;
}

static const char *names_text(const struct names *l)
{
	struct str s = { .m = l->w.m };
	char **w = words_list(&l->w);

	for (; *w; w++)
		str_addf(&s, "%s%s", s.len ? ", " : "", *w);
	if (l->more) str_add(&s, " and more");
	return str_text(&s);
}

const char *image_release_alias(struct arena *m, const struct image *image)
{
	size_t n = strlen(image->distro), k;
	char **alias;

	for (alias = image->aliases; *alias; alias++) {
		const char *name = *alias + n + 1;

		if (strncmp(*alias, image->distro, n) || (*alias)[n] != '/') continue;
		k = strcspn(name, "/");
		if (strncmp(image->release, name, k) || image->release[k])
			return arena_strndup(m, name, k);
	}
	return NULL;
}

/* A release with its alias: "bookworm (12)". */
static const char *release_text(struct arena *m, const struct image *image)
{
	const char *alias = image_release_alias(m, image);

	return alias ? arena_printf(m, "%s (%s)", image->release, alias) : image->release;
}

/* List the values that the images which match up to `match` have instead. */
static const char *list_offers(struct arena *m, const struct image_index *x,
                          const struct image_want *want, enum match match)
{
	struct names l = { .w = { .m = m } };
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct image *image = &x->images[i];

		if (match_of(image, want) != match) continue;
		if (match == MATCH_RELEASE) names_add(&l, image->arch);
		else if (match == MATCH_ARCH) names_add(&l, image->variant);
		else if (str_eq(image->arch, want->arch)) names_add(&l, release_text(m, image));
	}
	return names_text(&l);
}

static int fail_distro(const struct image_index *x, const struct image_want *want,
                       struct err *e)
{
	struct nearest near = { .word = want->distro };
	size_t i;

	for (i = 0; i < x->n; i++)
		nearest_offer(&near, x->images[i].distro);
	if (near.best)
		return fail(e, ERR_MISSING, "the server has no images of '%s'; is '%s' meant?",
		            want->distro, near.best);
	return fail(e, ERR_MISSING,
	            "the server has no images of '%s'; 'jlmkr images' lists those it has",
	            want->distro);
}

static int fail_match(const struct image_index *x, const struct image_want *want,
                      enum match match, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	bool named = want->release && *want->release;
	const char *what;

	if (match == MATCH_NONE) return fail_distro(x, want, e);
	what = list_offers(&m, x, want, match);
	if (match == MATCH_DISTRO && !*what)
		return fail(e, ERR_MISSING, "the server has no images of %s for %s",
		            want->distro, want->arch);
	if (match == MATCH_DISTRO)
		return fail(e, ERR_MISSING, named ? "the server has no release '%s' of %s; it "
		            "has: %s" : "which release%s of %s? The server has: %s",
		            named ? want->release : "", want->distro, what);
	if (match == MATCH_RELEASE)
		return fail(e, ERR_MISSING,
		            "the server has %s %s, but not for %s; only for: %s", want->distro,
		            named ? want->release : "", want->arch, what);
	return fail(e, ERR_MISSING,
	            "the server has no variant '%s' of %s %s for %s; it has: %s", want->variant,
	            want->distro, named ? want->release : "", want->arch, what);
}

static int pick_build(const struct image *image, const char *serial, struct image_pick *out,
                      struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct names l = { .w = { .m = &m } };
	size_t i;

	out->image = image;
	out->build = image->builds;
	if (!serial) return 0;
	for (i = 0; i < image->n_builds; i++) {
		out->build = &image->builds[i];
		if (str_eq(out->build->serial, serial)) return 0;
		names_add(&l, out->build->serial);
	}
	return fail(e, ERR_MISSING, "the server has no build '%s' of %s %s; it has: %s", serial,
	            image->distro, image->release, names_text(&l));
}

/* Its name or its alias, if one begins with a digit. */
static const char *release_number(struct arena *m, const struct image *image)
{
	const char *alias = image_release_alias(m, image);

	if (isdigit((unsigned char)*image->release)) return image->release;
	return alias && isdigit((unsigned char)*alias) ? alias : NULL;
}

/* The release with the highest number, or the only one. NULL: there are several without a
 * number. It belongs to the index. */
static const char *newest_release(const struct image_index *x, const struct image_want *want)
{
	AUTOFREE struct arena m = { 0 };
	const char *best = NULL, *highest = NULL, *only = NULL;
	bool several = false;

	for (size_t i = 0; i < x->n; i++) {
		const struct image *image = &x->images[i];
		const char *number;

		if (!str_eq(image->distro, want->distro) || !str_eq(image->arch, want->arch) ||
		    !str_eq(image->variant, want->variant)) continue;
		several |= only && !str_eq(only, image->release);
		only = image->release;
		number = release_number(&m, image);
		if (number && (!highest || strverscmp(number, highest) > 0))
			highest = number, best = image->release;
	}
	return best ? best : several ? NULL : only;
}

/* For a distribution that calls no release current. */
static const struct image *find_newest(const struct image_index *x, struct image_want *w,
                                       enum match *match)
{
	enum match other;
	const char *release;

	if (*match != MATCH_DISTRO || (w->release && *w->release)) return NULL;
	if (!(release = newest_release(x, w))) return NULL;
	w->release = release;
	return find_match(x, w, &other);
}

int image_pick(const struct image_index *x, const struct image_want *want,
               struct image_pick *out, struct err *e)
{
	struct image_want w = *want;
	const struct image *image;
	enum match match, other;

	if (!w.arch) w.arch = image_arch();
	if (!w.variant) w.variant = "default";
	image = find_match(x, &w, &match);
	if (!image) image = find_newest(x, &w, &match);
	if (!image && match == MATCH_ARCH && !want->variant) {
		w.variant = "systemd";		/* Gentoo has no "default" */
		image = find_match(x, &w, &other);
		w.variant = "default";
	}
	return image ? pick_build(image, w.serial, out, e) : fail_match(x, &w, match, e);
}
