#include "lib/provision/customize.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/jail/look.h"

enum { TEXT_MAX = 256 * 1024 };

/* Images have one of these words where the name of the container belongs: tars LXC_NAME, other
 * forms of the same builds the builder's own name. */
static const char *const placeholders[] = { "LXC_NAME", "distrobuilder" };

/* Matches the interfaces that --network-macvlan= and --network-veth-extra= create. IPv4
 * link-local addresses are off, because they would hide that DHCP got no answer. */
#define DHCP_NETWORK(interface) \
	"[Match]\nVirtualization=container\nName=" interface "\n\n" \
	"[Network]\nDHCP=yes\nLinkLocalAddressing=ipv6\n\n" \
	"[DHCPv4]\nUseDNS=yes\nUseTimezone=yes\n"

static const char *replace_all(struct arena *m, const char *text, const char *from,
                               const char *to)
{
	struct str out = { .m = m };
	const char *hit;

	for (; (hit = strstr(text, from)); text = hit + strlen(from)) {
		str_addn(&out, text, (size_t)(hit - text));
		str_add(&out, to);
	}
	str_add(&out, text);
	return str_text(&out);
}

static bool has_directory(int root, const char *path)
{
	AUTOCLOSE int fd = place_in_root(root, path, O_DIRECTORY, NULL);

	return fd >= 0;
}

static int write_names(struct arena *m, int root, const char *hostname, struct err *e)
{
	const char *hosts, *named;

	if (write_in_root(root, "/etc/hostname", arena_printf(m, "%s\n", hostname), 0644,
	                  e) < 0)
		return -1;
	if (!(hosts = look_read(m, root, "/etc/hosts", TEXT_MAX, e)))
		return e->sys == ENOENT ? 0 : -1;
	named = hosts;
	for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
		named = replace_all(m, named, placeholders[i], hostname);
	return str_eq(named, hosts) ? 0 : write_in_root(root, "/etc/hosts", named, 0644, e);
}

static bool is_in_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

/* "web" in "web.local", but not in "web2" or "my.web". */
static bool is_first_word(const char *text, const char *hit, size_t n)
{
	if (hit > text && (is_in_word(hit[-1]) || hit[-1] == '.')) return false;
	return !is_in_word(hit[n]);
}

static const char *replace_words(struct arena *m, const char *text, const char *from,
                                 const char *to)
{
	const char *at = text, *hit;
	struct str out = { .m = m };
	size_t n = strlen(from);

	for (; (hit = strstr(at, from)); at = hit + n) {
		str_addn(&out, at, (size_t)(hit - at));
		str_add(&out, is_first_word(text, hit, n) ? to : from);
	}
	str_add(&out, at);
	return str_text(&out);
}

static int rename_in_hosts(struct arena *m, int root, const char *from, const char *to,
                           struct err *e)
{
	const char *now, *hosts = look_read(m, root, "/etc/hosts", TEXT_MAX, e);

	if (!hosts) return e->sys == ENOENT ? 0 : -1;
	now = replace_words(m, hosts, from, to);
	return str_eq(now, hosts) ? 0 : write_in_root(root, "/etc/hosts", now, 0644, e);
}

int customize_hostname(int rootfs, const char *from, const char *to, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *name = look_read(&m, rootfs, "/etc/hostname", TEXT_MAX, e);

	if (!name && e->sys != ENOENT) return -1;
	if (name) name[strcspn(name, " \t\r\n")] = 0;
	if (name && str_eq(name, from) &&
	    write_in_root(rootfs, "/etc/hostname", arena_printf(&m, "%s\n", to), 0644, e) < 0)
		return -1;
	return rename_in_hosts(&m, rootfs, from, to, e);
}

/* pam_securetty refuses root logins on terminals that are not listed. */
static int allow_terminals(struct arena *m, int root, struct err *e)
{
	struct str list = { .m = m };

	for (int i = 0; i <= 10; i++)
		str_addf(&list, "pts/%d\n", i);
	return write_in_root(root, "/etc/securetty", str_text(&list), 0644, e);
}

static const char *host0_network(struct arena *m, int root)
{
	const char *text;

	text = look_read(m, root, "/lib/systemd/network/80-container-host0.network", TEXT_MAX,
	                 NULL);
	if (!text)
		text = look_read(m, root, "/usr/lib/systemd/network/80-container-host0.network",
		                 TEXT_MAX, NULL);
	if (!text) return NULL;
	return replace_all(m, text, "LinkLocalAddressing=yes", "LinkLocalAddressing=ipv6");
}

static int write_preset(int root, struct err *e)
{
	if (mkdir_in_root(root, "/etc/systemd/system-preset", 0755, e) < 0) return -1;
	return write_in_root(root, "/etc/systemd/system-preset/00-jailmaker.preset",
	                     "enable systemd-networkd.service\n", 0644, e);
}

static int write_network(int root, const char *name, const char *text, struct err *e)
{
	char path[100];

	snprintf(path, sizeof path, "/etc/systemd/network/%s.network", name);
	return write_in_root(root, path, text, 0644, e);
}

static int write_networks(struct arena *m, int root, struct err *e)
{
	const char *host0 = host0_network(m, root);

	if (!has_directory(root, "/etc/systemd/network")) return 0;
	if (host0 && write_network(root, "80-container-host0", host0, e) < 0) return -1;
	if (write_network(root, "mv-dhcp", DHCP_NETWORK("mv-*"), e) < 0 ||
	    write_network(root, "vee-dhcp", DHCP_NETWORK("vee-*"), e) < 0)
		return -1;
	return write_preset(root, e);
}

/* NixOS runs systemd-networkd, but looks in /etc only, where its image has eth0 alone. It makes
 * its own files beside these at the first boot. */
static int write_nixos_networks(int root, struct err *e)
{
	if (mkdir_in_root(root, "/etc/systemd", 0755, e) < 0 ||
	    mkdir_in_root(root, "/etc/systemd/network", 0755, e) < 0)
		return -1;
	if (write_network(root, "80-container-host0", DHCP_NETWORK("host0"), e) < 0 ||
	    write_network(root, "mv-dhcp", DHCP_NETWORK("mv-*"), e) < 0)
		return -1;
	return write_network(root, "vee-dhcp", DHCP_NETWORK("vee-*"), e);
}

static bool exists_in(int root, const char *path)
{
	AUTOCLOSE int fd = place_in_root(root, path, 0, NULL);

	return fd >= 0;
}

/* The directory of the system that /sbin/init leads to, if it leads into a system with an
 * os-release of its own. */
static const char *find_system(struct arena *m, int root)
{
	AUTOCLOSE int sbin = place_in_root(root, "/sbin", O_DIRECTORY, NULL);
	char to[PATH_MAX];
	ssize_t n = sbin < 0 ? -1 : readlinkat(sbin, "init", to, sizeof to - 1);
	char *slash;

	if (n <= 0 || *to != '/') return NULL;
	to[n] = 0;
	slash = strrchr(to, '/');
	*slash = 0;
	return *to && exists_in(root, arena_printf(m, "%s/etc/os-release", to))
	       ? arena_strdup(m, to) : NULL;
}

/* NixOS makes /etc at the first boot, but systemd-nspawn boots only what has an os-release. */
static int show_system(struct arena *m, int root, const char *system, struct err *e)
{
	AUTOCLOSE int etc = -1;

	if (mkdir_in_root(root, "/etc", 0755, e) < 0) return -1;
	if (exists_in(root, "/etc/os-release") || exists_in(root, "/usr/lib/os-release"))
		return 0;
	if ((etc = place_in_root(root, "/etc", O_DIRECTORY, e)) < 0) return -1;
	system = arena_printf(m, "%s/etc/os-release", system);
	return symlinkat(system, etc, "os-release") == 0 || errno == EEXIST
	       ? 0 : fail_sys(e, "create /etc/os-release");
}

int customize(int rootfs, const char *hostname, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *system = find_system(&m, rootfs);

	if (system && show_system(&m, rootfs, system, e) < 0) return -1;
	if (!has_directory(rootfs, "/etc")) return 0;
	/* Without a machine-id systemd recognizes the first boot and creates one; it would take
	 * that of D-Bus, which an archive shares with the system that it was made from. */
	if (unlink_in_root(rootfs, "/etc/machine-id", e) < 0) return -1;
	if (unlink_in_root(rootfs, "/var/lib/dbus/machine-id", e) < 0) return -1;
	if (unlink_in_root(rootfs, "/etc/resolv.conf", e) < 0) return -1;
	if (allow_terminals(&m, rootfs, e) < 0 || write_names(&m, rootfs, hostname, e) < 0)
		return -1;
	return system ? write_nixos_networks(rootfs, e) : write_networks(&m, rootfs, e);
}
