#include "lib/image/pick.h"

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/image/index.h"
#include "tests/unit/test.h"

static char *no_aliases[] = { NULL };
static char *bookworm[] = { "debian/bookworm/default", "debian/12/default", "debian/bookworm",
                            "debian/12", NULL };
static char *bookworm_cloud[] = { "debian/bookworm/cloud", "debian/12/cloud", NULL };
static char *jammy[] = { "ubuntu/jammy", "ubuntu/22.04", NULL };
static char *noble[] = { "ubuntu/noble", "ubuntu/24.04", NULL };
static char *arch_linux[] = { "archlinux/current/default", "archlinux/current", "archlinux",
	                      NULL };
static struct image_build builds[] = { { .serial = "3" }, { .serial = "2" } };

#define IMAGE(d, r, a, v, names) \
	{ .distro = d, .release = r, .arch = a, .variant = v, .aliases = names, \
	  .builds = builds, .n_builds = 2 }

static struct image images[] = {
	IMAGE("archlinux", "current", "amd64", "default", arch_linux),
	IMAGE("debian", "bookworm", "amd64", "cloud", bookworm_cloud),
	IMAGE("debian", "bookworm", "amd64", "default", bookworm),
	IMAGE("debian", "bookworm", "arm64", "default", bookworm),
	IMAGE("debian", "forky", "amd64", "default", no_aliases),
	IMAGE("fedora", "42", "amd64", "default", no_aliases),
	IMAGE("fedora", "43", "amd64", "default", no_aliases),
	IMAGE("fedora", "9", "amd64", "default", no_aliases),
	IMAGE("fedora", "44", "arm64", "default", no_aliases),
	IMAGE("fedora", "rawhide", "amd64", "default", no_aliases),
	IMAGE("gentoo", "current", "amd64", "openrc", no_aliases),
	IMAGE("gentoo", "current", "amd64", "systemd", no_aliases),
	IMAGE("kali", "one", "amd64", "default", no_aliases),
	IMAGE("kali", "two", "amd64", "default", no_aliases),
	IMAGE("mint", "wilma", "amd64", "default", no_aliases),
	IMAGE("ubuntu", "jammy", "amd64", "default", jammy),
	IMAGE("ubuntu", "noble", "amd64", "default", noble),
	IMAGE("voidlinux", "current", "arm64", "musl", no_aliases),
};

static const struct image_index offer = { .images = images,
	                                  .n = sizeof images / sizeof *images };

/* "distro release arch variant serial", or the sentence. */
static void picks(struct image_want w, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct image_pick p;
	struct err e = { 0 };

	if (!w.arch) w.arch = "amd64";
	if (image_pick(&offer, &w, &p, &e) < 0) {
		CHECK_STR(e.text, want);
		CHECK_INT(e.kind, ERR_MISSING);
		return;
	}
	CHECK_STR(arena_printf(&m, "%s %s %s %s %s", p.image->distro, p.image->release,
	                       p.image->arch, p.image->variant, p.build->serial), want);
}

#define WANT(d, ...) (struct image_want){ .distro = d, __VA_ARGS__ }

TEST(names_of_releases)
{
	picks(WANT("debian", .release = "bookworm"), "debian bookworm amd64 default 3");
	picks(WANT("debian", .release = "12"), "debian bookworm amd64 default 3");
	picks(WANT("debian", .release = "12", .variant = "cloud"),
	      "debian bookworm amd64 cloud 3");
	picks(WANT("debian", .release = "12", .arch = "arm64"),
	      "debian bookworm arm64 default 3");
	picks(WANT("archlinux", .release = NULL), "archlinux current amd64 default 3");
	picks(WANT("archlinux", .release = ""), "archlinux current amd64 default 3");
}

TEST(without_a_release_the_newest)
{
	picks(WANT("fedora", .release = NULL), "fedora 43 amd64 default 3");
	picks(WANT("fedora", .release = ""), "fedora 43 amd64 default 3");
	picks(WANT("fedora", .release = NULL, .arch = "arm64"), "fedora 44 arm64 default 3");
	picks(WANT("ubuntu", .release = NULL), "ubuntu noble amd64 default 3");
	picks(WANT("debian", .release = NULL), "debian bookworm amd64 default 3");
	picks(WANT("mint", .release = NULL), "mint wilma amd64 default 3");
	picks(WANT("gentoo", .release = NULL), "gentoo current amd64 systemd 3");
}

TEST(variants_and_builds)
{
	picks(WANT("gentoo", .release = "current"), "gentoo current amd64 systemd 3");
	picks(WANT("gentoo", .release = "current", .variant = "openrc"),
	      "gentoo current amd64 openrc 3");
	picks(WANT("debian", .release = "12", .serial = "2"),
	      "debian bookworm amd64 default 2");
	picks(WANT("debian", .release = "12", .serial = "9"),
	      "the server has no build '9' of debian bookworm; it has: 3, 2");
}

TEST(misses_name_what_there_is)
{
	picks(WANT("debain", .release = "12"),
	      "the server has no images of 'debain'; is 'debian' meant?");
	picks(WANT("solaris", .release = "11"),
	      "the server has no images of 'solaris'; 'jlmkr images' lists those it has");
	picks(WANT("debian", .release = "bokworm"),
	      "the server has no release 'bokworm' of debian; it has: "
	      "bookworm (12), forky");
	picks(WANT("kali", .release = NULL), "which release of kali? The server has: one, two");
	picks(WANT("debian", .release = "12", .arch = "riscv64"),
	      "the server has debian 12, but not for "
	      "riscv64; only for: amd64, arm64");
	picks(WANT("debian", .release = "12", .variant = "desktop"),
	      "the server has no variant 'desktop' of debian 12 "
	      "for amd64; it has: cloud, default");
	picks(WANT("voidlinux", .release = "x"),
	      "the server has no images of voidlinux for amd64");
}

TEST(what_looks_like_an_alias)
{
	picks(WANT("debian", .release = "12/default"),
	      "the server has no release '12/default' of debian; it "
	      "has: bookworm (12), forky");
	picks(WANT("debian", .release = "debian/12"),
	      "the server has no release 'debian/12' of debian; it "
	      "has: bookworm (12), forky");
}

TEST(this_machine)
{
	CHECK(image_arch() && *image_arch());
	CHECK(image_arch_runs(image_arch()));
	CHECK(!image_arch_runs("s390x") || str_eq(image_arch(), "s390x"));
}
