#include "lib/provision/identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "tests/unit/root_world.h"

#define ID "0123456789abcdef0123456789abcdef\n"

static void make_dirs(struct world *w, const char *const *dirs)
{
	for (; *dirs; dirs++)
		CHECK_INT(mkdirat(w->root, *dirs, 0755), 0);
}

static const char *const usual[] = {
	"etc", "etc/ssh", "etc/systemd", "etc/systemd/network", "etc/network", "var", "var/lib",
	"var/lib/dbus", "var/lib/systemd", NULL
};

TEST(a_machine_gets_another_identity)
{
	struct world w;
	struct err e = { 0 };
	const char *id;

	world_make(&w);
	make_dirs(&w, usual);
	put(&w, "/etc/hostname", "web\n");
	put(&w, "/etc/machine-id", ID);
	put(&w, "/var/lib/dbus/machine-id", ID);
	put(&w, "/var/lib/systemd/random-seed", "seed");
	CHECK_INT(identity_renew(w.root, "web", "two", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "two\n");
	id = get(&w, "/etc/machine-id");
	CHECK_INT(strlen(id), 33);
	CHECK_INT(strspn(id, "0123456789abcdef"), 32);
	CHECK(strcmp(id, ID));
	CHECK_STR(get(&w, "/var/lib/dbus/machine-id"), id);
	CHECK_STR(get(&w, "/var/lib/systemd/random-seed"), "(none)");
	world_drop(&w);
}

/* One that has never booted makes its own id; a link to the id stays one. */
TEST(what_is_not_there_is_not_made)
{
	struct world w;
	struct err e = { 0 };
	struct stat st;

	world_make(&w);
	make_dirs(&w, usual);
	symlinkat("/etc/machine-id", w.root, "var/lib/dbus/machine-id");
	CHECK_INT(identity_renew(w.root, "web", "two", &e), 0);
	CHECK_STR(get(&w, "/etc/machine-id"), "(none)");
	put(&w, "/etc/machine-id", ID);
	CHECK_INT(identity_renew(w.root, "web", "two", &e), 0);
	CHECK_INT(fstatat(w.root, "var/lib/dbus/machine-id", &st, AT_SYMLINK_NOFOLLOW), 0);
	CHECK(S_ISLNK(st.st_mode));
	CHECK(strcmp(get(&w, "/var/lib/dbus/machine-id"), ID));
	world_drop(&w);
}

TEST(what_both_have_is_found)
{
	struct world w;
	struct words found;

	world_make(&w);
	found = (struct words){ .m = &w.m };
	CHECK(!identity_has_ssh_keys(w.root));
	make_dirs(&w, usual);
	CHECK(!identity_has_ssh_keys(w.root));
	identity_addresses(&w.m, w.root, &found);
	CHECK_INT(found.n, 0);
	put(&w, "/etc/ssh/ssh_host_rsa_key", "");
	put(&w, "/etc/network/interfaces", "iface host0 inet static\n\taddress 192.0.2.7\n");
	put(&w, "/etc/systemd/network/a.network", "[Network]\nAddress=192.0.2.8/24\n");
	put(&w, "/etc/systemd/network/a.netdev", "Address=192.0.2.9/24\n");
	CHECK(identity_has_ssh_keys(w.root));
	identity_addresses(&w.m, w.root, &found);
	CHECK_INT(found.n, 2);
	CHECK_STR(found.v[0], "/etc/network/interfaces: address 192.0.2.7");
	CHECK_STR(found.v[1], "/etc/systemd/network/a.network: Address=192.0.2.8/24");
	world_drop(&w);
}
