#include "lib/provision/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/jail/look.h"
#include "lib/provision/customize.h"

#define MACHINE_ID "/etc/machine-id"
#define DBUS_ID "/var/lib/dbus/machine-id"
#define NETWORKS "/etc/systemd/network"
#define INTERFACES "/etc/network/interfaces"

enum { TEXT_MAX = 256 * 1024, FOUND_MAX = 20, ID_BYTES = 16 };

/* -- the machine id -- */

/* A random UUID (RFC 9562, version 4), as systemd makes it. */
static const char *make_id(struct arena *m, struct err *e)
{
	unsigned char id[ID_BYTES];
	struct str s = { .m = m };

	if (getrandom(id, sizeof id, 0) != sizeof id) return fail_sys(e, "getrandom"), NULL;
	id[6] = (id[6] & 0x0f) | 0x40;
	id[8] = (id[8] & 0x3f) | 0x80;
	for (size_t i = 0; i < sizeof id; i++)
		str_addf(&s, "%02x", id[i]);
	str_addc(&s, '\n');
	return str_text(&s);
}

/* A link to the other one stays: it has the new id, too. */
static bool is_file(int rootfs, const char *path)
{
	AUTOCLOSE int place = place_in_root(rootfs, path, O_NOFOLLOW, NULL);
	struct stat st;

	return place >= 0 && fstat(place, &st) == 0 && S_ISREG(st.st_mode);
}

static int renew_id(struct arena *m, int rootfs, struct err *e)
{
	const char *id = make_id(m, e);

	if (!id) return -1;
	if (is_file(rootfs, MACHINE_ID) &&
	    write_in_root(rootfs, MACHINE_ID, id, 0444, e) < 0)
		return -1;
	return is_file(rootfs, DBUS_ID) ? write_in_root(rootfs, DBUS_ID, id, 0444, e) : 0;
}

/* The seed makes sure that two machines draw other numbers only if it is not the same. */
static int drop_seed(int rootfs, struct err *e)
{
	static const char seed[] = "/var/lib/systemd/random-seed";

	return is_file(rootfs, seed) ? unlink_in_root(rootfs, seed, e) : 0;
}

int identity_renew(int rootfs, const char *from, const char *to, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	if (customize_hostname(rootfs, from, to, e) < 0) return -1;
	return renew_id(&m, rootfs, e) < 0 ? -1 : drop_seed(rootfs, e);
}

void identity_sweep(int rootfs)
{
	static const char *const files[] = {
		"/etc/hostname", "/etc/hosts", MACHINE_ID, DBUS_ID,
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		sweep_replaced_in_root(rootfs, files[i]);
}

/* -- what stays the same -- */

static DIR *open_names(int rootfs, const char *path)
{
	AUTOCLOSE int place = place_in_root(rootfs, path, O_DIRECTORY, NULL), fd = -1;

	if (place < 0 || (fd = reopen(place, O_RDONLY | O_DIRECTORY)) < 0) return NULL;
	return dir_names(fd);
}

bool identity_has_ssh_keys(int rootfs)
{
	AUTODIR DIR *d = open_names(rootfs, "/etc/ssh");
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (str_starts(entry->d_name, "ssh_host_") && str_ends(entry->d_name, "_key"))
			return true;
	return false;
}

/* Lines "Address=192.0.2.7/24" and "address 192.0.2.7". */
static void find_addresses(struct arena *m, int rootfs, const char *path, const char *word,
                           struct words *found)
{
	char *text = look_read(m, rootfs, path, TEXT_MAX, NULL), *line;

	while (text && (line = strsep(&text, "\n")) && found->n < FOUND_MAX) {
		line += strspn(line, " \t");
		if (str_starts(line, word)) words_addf(found, "%s: %s", path, line);
	}
}

void identity_addresses(struct arena *m, int rootfs, struct words *found)
{
	AUTODIR DIR *d = open_names(rootfs, NETWORKS);
	struct dirent *entry;

	find_addresses(m, rootfs, INTERFACES, "address ", found);
	while (d && found->n < FOUND_MAX && (entry = readdir(d)))
		if (str_ends(entry->d_name, ".network"))
			find_addresses(m, rootfs, arena_printf(m, NETWORKS "/%s",
			                                       entry->d_name),
			               "Address=", found);
}
