#include "lib/provision/customize.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "tests/unit/root_world.h"

TEST(a_debian_image)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	mkdirat(w.root, "etc/systemd", 0755);
	mkdirat(w.root, "etc/systemd/network", 0755);
	mkdirat(w.root, "usr", 0755);
	mkdirat(w.root, "usr/lib", 0755);
	mkdirat(w.root, "usr/lib/systemd", 0755);
	mkdirat(w.root, "usr/lib/systemd/network", 0755);
	symlinkat("usr/lib", w.root, "lib");
	put(&w, "/etc/machine-id", "0123\n");
	put(&w, "/etc/hostname", "LXC_NAME\n");
	put(&w, "/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 LXC_NAME LXC_NAME.local\n");
	put(&w, "/usr/lib/systemd/network/80-container-host0.network",
	    "[Network]\nDHCP=yes\nLinkLocalAddressing=yes\n");
	symlinkat("../run/resolv.conf", w.root, "etc/resolv.conf");

	CHECK_INT(customize(w.root, "web", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "web\n");
	CHECK_STR(get(&w, "/etc/hosts"), "127.0.0.1 localhost\n127.0.1.1 web web.local\n");
	CHECK_STR(get(&w, "/etc/machine-id"), "(none)");
	CHECK(faccessat(w.root, "etc/resolv.conf", F_OK, AT_SYMLINK_NOFOLLOW) < 0);
	CHECK(!strncmp(get(&w, "/etc/securetty"), "pts/0\npts/1\n", 12));
	CHECK(strstr(get(&w, "/etc/securetty"), "pts/10\n"));
	CHECK_STR(get(&w, "/etc/systemd/network/80-container-host0.network"),
	          "[Network]\nDHCP=yes\nLinkLocalAddressing=ipv6\n");
	CHECK(strstr(get(&w, "/etc/systemd/network/mv-dhcp.network"), "Name=mv-*\n"));
	CHECK(strstr(get(&w, "/etc/systemd/network/vee-dhcp.network"), "Name=vee-*\n"));
	CHECK_STR(get(&w, "/etc/systemd/system-preset/00-jailmaker.preset"),
	          "enable systemd-networkd.service\n");
	world_drop(&w);
}

TEST(an_image_without_networkd_or_etc)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	CHECK_INT(customize(w.root, "web", &e), 0);
	mkdirat(w.root, "etc", 0755);
	CHECK_INT(customize(w.root, "web", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "web\n");
	CHECK_STR(get(&w, "/etc/hosts"), "(none)");
	CHECK_STR(get(&w, "/etc/systemd/network/mv-dhcp.network"), "(none)");
	world_drop(&w);
}

/* Every file and folder that customize touches is a link to outside. */
TEST(hostile_links_change_nothing_outside)
{
	static const char *const files[] = { "machine-id", "resolv.conf", "hostname", "hosts",
	                                     "securetty" };
	struct world w;
	struct err e = { 0 };
	char target[128], name[64];

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		CHECK_INT(replace_file(w.outside, files[i], "LXC_NAME keep\n", 14, 0600, &e),
		          0);
		snprintf(target, sizeof target, "%s/outside/%s", w.path, files[i]);
		snprintf(name, sizeof name, "etc/%s", files[i]);
		CHECK_INT(symlinkat(target, w.root, name), 0);
	}
	snprintf(target, sizeof target, "%s/outside", w.path);
	CHECK_INT(symlinkat(target, w.root, "etc/systemd"), 0);
	customize(w.root, "web", &e);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		CHECK_STR(read_file(&w.m, w.outside, files[i], 100, NULL, &e),
		          "LXC_NAME keep\n");
	}
	CHECK_STR(get(&w, "/etc/hostname"), "web\n");
	CHECK(faccessat(w.outside, "network", F_OK, 0) < 0);
	CHECK(faccessat(w.outside, "system-preset", F_OK, 0) < 0);
	world_drop(&w);
}

static const char *link_of(struct world *w, const char *path)
{
	char text[200] = "(none)";

	if (readlinkat(w->root, path, text, sizeof text - 1) < 0) return "(none)";
	return arena_strdup(&w->m, text);
}

/* NixOS has no /etc before its first boot. */
TEST(an_os_release_is_found_where_the_init_is)
{
	static const char *const folders[] = { "nix", "nix/store", "nix/store/1-system",
	                                       "nix/store/1-system/etc", "sbin" };
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		mkdirat(w.root, folders[i], 0755);
	CHECK_INT(symlinkat("/nix/store/1-system/init", w.root, "sbin/init"), 0);
	CHECK_INT(customize(w.root, "web", &e), 0);
	CHECK(faccessat(w.root, "etc", F_OK, 0) < 0);
	put(&w, "/nix/store/1-system/etc/os-release", "ID=nixos\n");
	CHECK_INT(customize(w.root, "web", &e), 0);
	CHECK_STR(link_of(&w, "etc/os-release"), "/nix/store/1-system/etc/os-release");
	CHECK_STR(get(&w, "/etc/os-release"), "ID=nixos\n");
	CHECK_STR(get(&w, "/etc/hostname"), "web\n");
	CHECK(strstr(get(&w, "/etc/systemd/network/80-container-host0.network"),
	             "Name=host0\n"));
	CHECK(strstr(get(&w, "/etc/systemd/network/mv-dhcp.network"), "Name=mv-*\n"));
	CHECK(strstr(get(&w, "/etc/systemd/network/vee-dhcp.network"), "DHCP=yes\n"));
	CHECK(faccessat(w.root, "etc/systemd/system-preset", F_OK, 0) < 0);
	world_drop(&w);
}

TEST(an_os_release_of_the_image_s_own_stays)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	mkdirat(w.root, "usr", 0755);
	mkdirat(w.root, "usr/lib", 0755);
	mkdirat(w.root, "etc", 0755);
	mkdirat(w.root, "sbin", 0755);
	CHECK_INT(symlinkat("/init", w.root, "sbin/init"), 0);
	put(&w, "/usr/lib/os-release", "ID=debian\n");
	CHECK_INT(customize(w.root, "web", &e), 0);
	CHECK_STR(link_of(&w, "etc/os-release"), "(none)");
	world_drop(&w);
}

TEST(the_builder_s_name_is_replaced_too)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	put(&w, "/etc/hosts", "127.0.1.1 distrobuilder\n");
	CHECK_INT(customize(w.root, "web", &e), 0);
	CHECK_STR(get(&w, "/etc/hosts"), "127.0.1.1 web\n");
	world_drop(&w);
}

TEST(folders_are_for_all_whatever_the_umask)
{
	struct world w;
	struct err e = { 0 };
	struct stat st;
	mode_t mask;

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	mkdirat(w.root, "etc/systemd", 0755);
	mkdirat(w.root, "etc/systemd/network", 0755);
	mask = umask(077);
	CHECK_INT(customize(w.root, "web", &e), 0);
	umask(mask);
	CHECK_INT(fstatat(w.root, "etc/systemd/system-preset", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0755);
	CHECK_INT(fstatat(w.root, "etc/hostname", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0644);
	world_drop(&w);
}

TEST(a_host_name_is_changed_where_it_is_a_word)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	put(&w, "/etc/hostname", "web\n");
	put(&w, "/etc/hosts", "127.0.1.1 web web.lan my.web web2 web-2 a-web\n::1 web");
	CHECK_INT(customize_hostname(w.root, "web", "www", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "www\n");
	CHECK_STR(get(&w, "/etc/hosts"),
	          "127.0.1.1 www www.lan my.web web2 web-2 a-web\n::1 www");
	put(&w, "/etc/hostname", "mail.example\n");
	CHECK_INT(customize_hostname(w.root, "www", "x", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "mail.example\n");
	unlinkat(w.root, "etc/hosts", 0);
	unlinkat(w.root, "etc/hostname", 0);
	CHECK_INT(customize_hostname(w.root, "www", "x", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "(none)");
	world_drop(&w);
}

/* The links of a hostile root end in it. */
TEST(a_host_name_is_changed_in_the_root_only)
{
	struct world w;
	struct err e = { 0 };

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	symlinkat("../../../../../../../../etc/hostname", w.root, "etc/hosts");
	put(&w, "/etc/hostname", "web\n");
	CHECK_INT(customize_hostname(w.root, "web", "www", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "www\n");
	world_drop(&w);
}
