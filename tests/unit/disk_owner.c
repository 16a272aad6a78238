#include "lib/disk/owner.h"

#include <sys/xattr.h>

#include "tests/unit/disk_world.h"

enum { BOB = 4711 };

/* `top` is a stranger's way in, as long as it is not closed. */
static void make(struct world *w)
{
	world_make(w);
	if (geteuid() != 0) SKIP("only root has something to lose");
	CHECK_INT(fchmod(w->top, 0755), 0);
	CHECK_INT(fchown(w->inside, 0, BOB), 0);
	CHECK_INT(replace_file(w->inside, "file", "x", 1, 0600, &w->e), 0);
	CHECK_INT(fchownat(w->inside, "file", 0, BOB, 0), 0);
}

static int directory(struct world *w)
{
	return owner_check(w->inside, "DIR", &w->e);
}

static int file(struct world *w, int dir)
{
	int fd = openat(w->inside, "file", O_PATH | O_CLOEXEC);
	int rc = owner_check_file(fd, dir, "FILE", &w->e);

	close(fd);
	return rc;
}

TEST(what_is_roots_alone)
{
	struct world w;

	make(&w);
	CHECK_INT(directory(&w), 0);
	CHECK_INT(file(&w, w.inside), 0);
	CHECK_INT(file(&w, -1), 0);
	world_drop(&w);
}

TEST(what_is_anothers_wherever_it_lies)
{
	struct world w;

	make(&w);
	CHECK_INT(fchown(w.inside, BOB, 0), 0);
	CHECK_INT(fchownat(w.inside, "file", BOB, 0, 0), 0);
	CHECK_INT(fchmod(w.top, 0700), 0);
	CHECK_INT(directory(&w), -1);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	CHECK_STR(w.e.text, "DIR belongs to the user 4711, but only root may own it, because "
	                    "root runs it; if you trust it, run chown root 'DIR'");
	CHECK_INT(file(&w, w.inside), -1);
	CHECK(strstr(w.e.text, "FILE belongs to the user 4711") != NULL);
	CHECK_INT(fchownat(w.inside, "file", 1, 0, 0), 0);
	CHECK_INT(file(&w, w.inside), -1);
	CHECK(strstr(w.e.text, "FILE belongs to daemon (uid 1)") != NULL);
	world_drop(&w);
}

TEST(what_others_may_write_to_if_they_get_there)
{
	static const mode_t modes[] = { 0777, 0775, 01777, 0757 };
	struct world w;

	make(&w);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		CHECK_INT(fchmod(w.top, 0755), 0);
		CHECK_INT(fchmod(w.inside, modes[i]), 0);
		CHECK_INT(fchmodat(w.inside, "file", modes[i] & 0666, 0), 0);
		CHECK_INT(directory(&w), -1);
		CHECK_INT(w.e.kind, ERR_UNTRUSTED);
		CHECK_INT(file(&w, w.inside), -1);
		CHECK_INT(fchmod(w.top, 0700), 0);
		CHECK_INT(directory(&w), 0);
		CHECK_INT(file(&w, w.inside), 0);
		CHECK_INT(file(&w, -1), -1);	/* behind a link */
	}
	/* Closed by another user is not closed for that one. */
	CHECK_INT(fchown(w.top, BOB, 0), 0);
	CHECK_INT(directory(&w), -1);
	CHECK_STR(w.e.text, "others than root may write to DIR (mode 0757), but root runs it; "
	                    "if you trust it, run chmod go-w 'DIR'");
	world_drop(&w);
}

TEST(the_group_root_is_root_but_for_an_acl)
{
	/* user::rwx, user:4711:rwx, group::r-x, mask::rwx, other::--- */
	static const unsigned char acl[] = {
		2, 0, 0, 0, 1, 0, 7, 0, 255, 255, 255, 255, 2, 0, 7, 0, 0x67, 0x12, 0, 0,
		4, 0, 5, 0, 255, 255, 255, 255, 16, 0, 7, 0, 255, 255, 255, 255, 32, 0, 0, 0,
			255, 255, 255, 255,
	};
	struct world w;
	int rc;

	make(&w);
	CHECK_INT(fchown(w.inside, 0, 0), 0);
	CHECK_INT(fchmod(w.inside, 0770), 0);
	CHECK_INT(directory(&w), 0);
	CHECK_INT(fchmod(w.inside, 0773), 0);
	CHECK_INT(directory(&w), -1);
	CHECK_INT(fchmod(w.inside, 0770), 0);
	rc = fsetxattr(w.inside, "system.posix_acl_access", acl, sizeof acl, 0);
	if (rc == 0) CHECK_INT(directory(&w), -1);
	world_drop(&w);
	if (rc < 0) SKIP("/tmp has no ACLs");
}

TEST(who_may_put_another_in_its_place)
{
	struct world w;
	char path[128];
	const char *who;

	make(&w);
	snprintf(path, sizeof path, "%s/inside", w.path);
	CHECK(!owner_above(&w.m, path));
	CHECK_INT(fchmod(w.top, 0777), 0);
	CHECK_STR(owner_above(&w.m, path),
	          arena_printf(&w.m, "others than root may rename the files in %s (mode 0777); "
	                             "run chmod +t '%s'", w.path, w.path));
	CHECK_INT(fchmod(w.top, 01777), 0);
	CHECK(!owner_above(&w.m, path));
	CHECK_INT(fchown(w.top, BOB, 0), 0);
	CHECK((who = owner_above(&w.m, path)) &&
	      strstr(who, "the user 4711 may rename the files in /tmp/"));
	CHECK_INT(fchown(w.top, 0, 0), 0);
	CHECK_INT(fchown(w.inside, BOB, 0), 0);
	CHECK(owner_above(&w.m, path) != NULL);
	CHECK_INT(fchmod(w.top, 0700), 0);
	CHECK(!owner_above(&w.m, path));
	world_drop(&w);
}
