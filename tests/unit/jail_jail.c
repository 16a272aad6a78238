#include "lib/jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/jail/rootfs.h"
#include "tests/unit/folder_world.h"
#include "tests/unit/test.h"

static void dir(struct world *w, const char *name)
{
	CHECK_INT(mkdirat(w->fd, name, 0755), 0);
}

static void file(struct world *w, const char *name, const char *text)
{
	AUTOCLOSE int fd = openat(w->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK_INT(write(fd, text, strlen(text)), (long)strlen(text));
}

static void link_to(struct world *w, const char *name, const char *target)
{
	CHECK_INT(symlinkat(target, w->fd, name), 0);
}

/* Jails of all sorts. */
static void fill(struct world *w)
{
	dir(w, "jails");
	dir(w, "jails/web");
	dir(w, "jails/web/rootfs");
	file(w, "jails/web/config", "startup=1\n");
	dir(w, "jails/Db");
	file(w, "jails/Db/config", "");
	dir(w, "jails/half");
	dir(w, "jails/half/rootfs");
	dir(w, "jails/lost+found");
	dir(w, "jails/empty");
	file(w, "jails/empty/photo", "");
	link_to(w, "jails/to-file", "stray");
	dir(w, "jails/odd");
	file(w, "jails/odd/config", "");
	link_to(w, "jails/odd/rootfs", "../web/rootfs");
	dir(w, "jails/.create-new");
	file(w, "jails/stray", "");
	link_to(w, "jails/moved", "web");
	link_to(w, "jails/gone", "nowhere");
}

TEST(all_jails_sorted_the_broken_ones_with_a_reason)
{
	static const char *const want[][2] = {
		{ "Db", "it has no rootfs" },
		{ "gone", "gone is a link to nowhere: 'nowhere': No such file or directory" },
		{ "half", "it has no config" },
		{ "moved", "" },
		{ "odd", "" },
		{ "web", "" },
	};
	struct jail *all;
	struct world w;
	size_t n;

	world_make(&w);
	fill(&w);
	CHECK((all = jail_find_all(&w.m, w.path, &n, NULL)));
	CHECK_INT(n, 6);
	for (size_t i = 0; i < n && i < 6; i++) {
		CHECK_STR(all[i].name, want[i][0]);
		CHECK_STR(all[i].broken ? all[i].broken : "", want[i][1]);
	}
	CHECK_STR(all[5].path, arena_printf(&w.m, "%s/jails/web", w.path));
	CHECK_STR(all[3].path, arena_printf(&w.m, "%s/jails/moved", w.path));
	CHECK(all[3].is_link && all[3].ino == all[5].ino && !all[4].is_link &&
	      all[4].has_linked_rootfs);
	world_drop(&w);
}

TEST(no_jails_yet)
{
	struct err e = { 0 };
	struct world w;
	AUTOJAIL j = NO_JAIL;
	size_t n = 9;

	world_make(&w);
	CHECK(jail_find_all(&w.m, w.path, &n, &e) != NULL);
	CHECK_INT(n, 0);
	CHECK_INT(jail_open(&w.m, w.path, "web", &j, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	file(&w, "jails", "");
	CHECK(!jail_find_all(&w.m, w.path, &n, &e));
	world_drop(&w);
}

TEST(one_jail_or_the_name_that_was_meant)
{
	static const char *const never[] = { "stray", ".create-new", "lost+found", "", ".",
	                                     "..",
	                                     "web/", "web/rootfs", "/web", "../jails/web" };
	struct err e = { 0 };
	struct world w;
	struct jail j;

	world_make(&w);
	fill(&w);
	CHECK_INT(jail_open(&w.m, w.path, "web", &j, &e), 0);
	CHECK_STR(j.name, "web");
	CHECK(!j.broken);
	jail_close(&j);
	CHECK_INT(jail_open(&w.m, w.path, "half", &j, &e), 0);
	CHECK_STR(j.broken, "it has no config");
	jail_close(&j);
	CHECK_INT(jail_open(&w.m, w.path, "empty", &j, &e), 0);
	CHECK_STR(j.broken, "it has neither a config nor a rootfs");
	jail_close(&j);
	CHECK_INT(jail_open(&w.m, w.path, "lost+found", &j, &e), -1);
	CHECK_STR(e.text,
	          "'lost+found' cannot be the name of a jail: it may only have letters, "
	          "digits, "
	          "'.' and '-'");
	jail_close(&j);
	CHECK_INT(jail_open(&w.m, w.path, "wbe", &j, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_STR(e.text, "no jail named 'wbe'; did you mean 'web'?");
	jail_close(&j);
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		CHECK_INT(jail_open(&w.m, w.path, never[i], &j, &e), -1);
		CHECK_INT(e.kind, ERR_MISSING);
		jail_close(&j);
	}
	world_drop(&w);
}

TEST(links_of_roots_are_followed)
{
	struct err e = { 0 };
	struct world w;
	struct stat web;
	struct conf c;

	world_make(&w);
	fill(&w);
	CHECK_INT(fstatat(w.fd, "jails/web", &web, 0), 0);
	{
		AUTOJAIL odd = NO_JAIL;
		AUTOJAIL moved = NO_JAIL;
		AUTOCLOSE int real = -1;

		CHECK_INT(jail_open(&w.m, w.path, "odd", &odd, &e), 0);
		CHECK(jail_dir(&odd, &e) >= 0 && jail_rootfs(&odd, &e) >= 0);
		CHECK_INT(jail_open(&w.m, w.path, "moved", &moved, &e), 0);
		CHECK(jail_is(&moved, &web));
		CHECK_INT(jail_conf(&w.m, &moved, &c, &e), 0);
		CHECK(c.startup.on);
		/* Those who make jails never follow one. */
		real = jail_dir(&odd, &e);
		CHECK_INT(jail_open_rootfs(real, &e), -1);
		CHECK_STR(e.text, "rootfs is a link, not a directory");
		take_fd(&real);
	}
	world_drop(&w);
}

TEST(a_link_that_leads_elsewhere_by_now_is_followed_anew)
{
	struct err e = { 0 };
	struct stat other;
	struct world w;

	world_make(&w);
	fill(&w);
	{
		AUTOJAIL j = NO_JAIL;

		CHECK_INT(jail_open(&w.m, w.path, "moved", &j, &e), 0);
		CHECK_INT(unlinkat(w.fd, "jails/moved", 0), 0);
		link_to(&w, "jails/moved", arena_printf(&w.m, "%s/jails/odd", w.path));
		CHECK_INT(fstatat(w.fd, "jails/odd", &other, 0), 0);
		CHECK_INT(jail_refresh(&j, &e), 0);
		CHECK(jail_is(&j, &other));
		CHECK_INT(unlinkat(w.fd, "jails/moved", 0), 0);
		CHECK_INT(jail_refresh(&j, &e), -1);
		CHECK_INT(e.kind, ERR_MISSING);
	}
	world_drop(&w);
}

/* What was opened first is what everything is read from, until it is refreshed. */
TEST(a_handle_stays_with_its_directory)
{
	struct err e = { 0 };
	struct stat first, other;
	struct world w;
	struct conf c;

	world_make(&w);
	fill(&w);
	{
		AUTOJAIL j = NO_JAIL;

		CHECK_INT(fstatat(w.fd, "jails/web", &first, 0), 0);
		CHECK_INT(jail_open(&w.m, w.path, "web", &j, &e), 0);
		CHECK(jail_is(&j, &first));
		CHECK_INT(renameat(w.fd, "jails/web", w.fd, "jails/away"), 0);
		dir(&w, "jails/web");
		file(&w, "jails/web/config", "startup=0\n");
		CHECK_INT(fstatat(w.fd, "jails/web", &other, 0), 0);
		CHECK_INT(jail_conf(&w.m, &j, &c, &e), 0);
		CHECK(c.startup.on);
		CHECK_INT(jail_refresh(&j, &e), 0);
		CHECK(jail_is(&j, &other) && !jail_is(&j, &first));
		CHECK_INT(jail_conf(&w.m, &j, &c, &e), 0);
		CHECK(!c.startup.on);
		CHECK_INT(renameat(w.fd, "jails/web", w.fd, "jails/far"), 0);
		CHECK_INT(jail_refresh(&j, &e), -1);
		CHECK_INT(e.kind, ERR_MISSING);
	}
	world_drop(&w);
}

/* The lock is the name's: who has waited for it finds the jail that has the name now. */
TEST(a_lock_finds_the_jail_of_now)
{
	struct err e = { 0 };
	struct stat other;
	struct world w;

	world_make(&w);
	fill(&w);
	{
		AUTOJAIL j = NO_JAIL;

		CHECK_INT(jail_open(&w.m, w.path, "web", &j, &e), 0);
		CHECK_INT(renameat(w.fd, "jails/web", w.fd, "jails/away"), 0);
		CHECK_INT(jail_lock(&j, &e), -1);
		CHECK_INT(e.kind, ERR_MISSING);
		CHECK_INT(j.lock, -1);
		dir(&w, "jails/web");
		CHECK_INT(fstatat(w.fd, "jails/web", &other, 0), 0);
		CHECK_INT(jail_lock(&j, &e), 0);
		CHECK(jail_is(&j, &other));
		jail_leave(&j);
		CHECK_INT(j.fd, -1);
		jail_unlock(&j);
	}
	world_drop(&w);
}

TEST(the_config_of_a_jail_names_its_file)
{
	struct err e = { 0 };
	struct world w;
	struct conf c;

	world_make(&w);
	fill(&w);
	{
		AUTOJAIL j = NO_JAIL;

		CHECK_INT(jail_open(&w.m, w.path, "web", &j, &e), 0);
		CHECK_INT(jail_conf(&w.m, &j, &c, &e), 0);
		CHECK(c.startup.on);
		file(&w, "jails/web/config", "startup=1\nstartup=1\n");
		CHECK_INT(jail_conf(&w.m, &j, &c, &e), -1);
		CHECK_STR(e.text,
		          arena_printf(&w.m, "%s/jails/web/config: line 2: 'startup' was given "
		                               "before, in line 1", w.path));
	}
	world_drop(&w);
}

static const char *os_id(struct world *w)
{
	AUTOCLOSE int root = openat(w->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };
	struct osrel os;

	if (rootfs_os(&w->m, root, &os, &e) == 0) return os.id;
	return e.kind == ERR_MISSING ? "(missing)" : arena_strdup(&w->m, e.text);
}

TEST(os_release_is_read_inside_the_root)
{
	struct world w;

	world_make(&w);
	dir(&w, "root");
	dir(&w, "root/etc");
	dir(&w, "root/usr");
	dir(&w, "root/usr/lib");
	file(&w, "outside", "ID=outside\n");
	CHECK_STR(os_id(&w), "(missing)");
	file(&w, "root/usr/lib/os-release", "ID=usr\n");
	CHECK_STR(os_id(&w), "usr");
	link_to(&w, "root/etc/os-release", "/usr/lib/os-release");
	CHECK_STR(os_id(&w), "usr");
	unlinkat(w.fd, "root/etc/os-release", 0);
	link_to(&w, "root/etc/os-release", "../../outside");
	CHECK_STR(os_id(&w), "usr");
	unlinkat(w.fd, "root/etc/os-release", 0);
	file(&w, "root/etc/os-release", "ID=etc\n");
	CHECK_STR(os_id(&w), "etc");
	world_drop(&w);
}

/* What a jail put in its place is not opened, or not read to its end. */
TEST(os_release_is_something_else)
{
	AUTOCLOSE int sparse = -1;
	struct world w;

	world_make(&w);
	dir(&w, "root");
	dir(&w, "root/etc");
	alarm(5);
	CHECK_INT(mkfifoat(w.fd, "root/etc/os-release", 0644), 0);
	CHECK_STR(os_id(&w), "(missing)");
	unlinkat(w.fd, "root/etc/os-release", 0);
	link_to(&w, "root/etc/os-release", "os-release");
	CHECK_STR(os_id(&w), "(missing)");
	unlinkat(w.fd, "root/etc/os-release", 0);
	dir(&w, "root/etc/os-release");
	CHECK_STR(os_id(&w), "(missing)");
	unlinkat(w.fd, "root/etc/os-release", AT_REMOVEDIR);
	if (mknodat(w.fd, "root/etc/os-release", S_IFCHR | 0644, makedev(1, 5)) == 0) {
		CHECK_STR(os_id(&w), "(missing)");
		unlinkat(w.fd, "root/etc/os-release", 0);
	}
	dir(&w, "root/usr");
	dir(&w, "root/usr/lib");
	sparse = openat(w.fd, "root/usr/lib/os-release", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	CHECK_INT(ftruncate(sparse, 10LL << 30), 0);
	CHECK_STR(os_id(&w), "/usr/lib/os-release: larger than 65536 bytes");
	alarm(0);
	world_drop(&w);
}

static const char *init_of(struct world *w)
{
	AUTOCLOSE int root = openat(w->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };
	const char *init = rootfs_init(&w->m, root, &e);

	if (init) return init;
	return e.kind == ERR_MISSING ? "(missing)" : arena_strdup(&w->m, e.text);
}

TEST(init_is_what_its_links_come_to)
{
	struct world w;

	world_make(&w);
	dir(&w, "root");
	dir(&w, "root/usr");
	dir(&w, "root/usr/sbin");
	dir(&w, "root/usr/lib");
	dir(&w, "root/usr/lib/systemd");
	CHECK_STR(init_of(&w), "(missing)");
	link_to(&w, "root/sbin", "/usr/sbin");
	link_to(&w, "root/lib", "usr/lib");
	link_to(&w, "root/usr/sbin/init", "/lib/systemd/systemd");
	CHECK_STR(init_of(&w), "(missing)");
	file(&w, "root/usr/lib/systemd/systemd", "");
	CHECK_STR(init_of(&w), "systemd");
	unlinkat(w.fd, "root/usr/sbin/init", 0);
	link_to(&w, "root/usr/sbin/init", "../../../../../../usr/sbin/openrc");
	file(&w, "root/usr/sbin/openrc", "");
	CHECK_STR(init_of(&w), "openrc");
	unlinkat(w.fd, "root/usr/sbin/init", 0);
	link_to(&w, "root/usr/sbin/init", "init");
	CHECK(strstr(init_of(&w), strerror(ELOOP)) != NULL);
	world_drop(&w);
}
