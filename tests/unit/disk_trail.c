#include "lib/disk/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "tests/unit/folder_world.h"
#include "tests/unit/test.h"

static void make(struct world *w)
{
	world_make(w);
	CHECK_INT(mkdirat(w->fd, "jails", 0755), 0);
	CHECK_INT(mkdirat(w->fd, "far", 0755), 0);
	CHECK_INT(mkdirat(w->fd, "far/web", 0755), 0);
}

/* The link jails/x: does it lead to far/web? */
static bool leads_there(struct world *w, const char *target, struct err *e)
{
	AUTOCLOSE int jails = openat(w->fd, "jails", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTOCLOSE int fd = -1;
	struct stat there, got;

	unlinkat(jails, "x", 0);
	CHECK_INT(symlinkat(target, jails, "x"), 0);
	fd = trail_open(jails, "x", e);
	return fd >= 0 && fstat(fd, &got) == 0 && fstatat(w->fd, "far/web", &there, 0) == 0 &&
	       got.st_ino == there.st_ino && got.st_dev == there.st_dev;
}

TEST(links_of_all_kinds_lead_to_a_directory)
{
	struct err e = { 0 };
	struct world w;

	make(&w);
	CHECK_INT(symlinkat("far", w.fd, "up"), 0);
	CHECK_INT(symlinkat(arena_printf(&w.m, "%s/up/web/", w.path), w.fd, "again"), 0);
	CHECK(leads_there(&w, "../far/web", &e));
	CHECK(leads_there(&w, ".././far//web/.", &e));
	CHECK(leads_there(&w, arena_printf(&w.m, "%s/far/web", w.path), &e));
	CHECK(leads_there(&w, "../up/web", &e));
	CHECK(leads_there(&w, "../again", &e));
	world_drop(&w);
}

TEST(what_leads_to_no_directory_is_told_with_the_link)
{
	struct err e = { 0 };
	struct world w;

	make(&w);
	CHECK(!leads_there(&w, "../far/gone/deep", &e));
	CHECK_STR(e.text, "x is a link to ../far/gone/deep: 'gone': No such file or directory");
	CHECK_INT(e.sys, ENOENT);
	CHECK(!leads_there(&w, "x", &e));
	CHECK_INT(e.sys, ELOOP);
	CHECK_INT(mknodat(w.fd, "far/file", S_IFREG | 0600, 0), 0);
	CHECK(!leads_there(&w, "../far/file", &e));
	CHECK_INT(e.sys, ENOTDIR);
	CHECK(!leads_there(&w, "/proc/self", &e));
	CHECK(strstr(e.text,
	             "is a file system of type proc, which is not on the disks") != NULL);
	world_drop(&w);
}

TEST(root_follows_no_link_of_another_user)
{
	struct err e = { 0 };
	struct world w;

	if (geteuid() != 0) return;
	make(&w);
	CHECK_INT(symlinkat("far/web", w.fd, "bobs"), 0);
	CHECK_INT(fchownat(w.fd, "bobs", 4711, 4711, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(!leads_there(&w, "../bobs", &e));
	CHECK_INT(e.kind, ERR_UNTRUSTED);
	CHECK(strstr(e.text,
	             "x is a link to ../bobs: the link 'bobs' belongs to the user "
	             "4711") != NULL);
	world_drop(&w);
}

TEST(who_can_rename_what_is_on_the_way_is_found)
{
	AUTOCLOSE int jails = -1;
	struct err e = { 0 };
	struct world w;

	if (geteuid() != 0) return;
	make(&w);
	jails = openat(w.fd, "jails", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(fchmod(w.fd, 0755), 0);
	CHECK(leads_there(&w, "../far/web", &e));
	CHECK(!trail_doubt(&w.m, jails, "x"));
	CHECK_INT(fchmodat(w.fd, "far", 0777, 0), 0);
	CHECK(strstr(trail_doubt(&w.m, jails, "x"),
	             "others than root may rename the files in") != NULL);
	CHECK_INT(fchmodat(w.fd, "far", 0755, 0), 0);
	/* Where a link on the way lies, although the way leads out of there. */
	CHECK_INT(mkdirat(w.fd, "open", 0755), 0);
	CHECK_INT(fchmodat(w.fd, "open", 0777, 0), 0);
	CHECK_INT(symlinkat("../far/web", w.fd, "open/next"), 0);
	CHECK(leads_there(&w, "../open/next", &e));
	CHECK(trail_doubt(&w.m, jails, "x") != NULL);
	world_drop(&w);
}
