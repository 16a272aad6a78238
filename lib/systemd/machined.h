/* systemd-machined over a bus: which machines run, and their terminals
 *
 * Faults: ERR_MISSING, there is no such machine, or no process in it any more. If machined
 * itself is not available (masked, not installed), errno in the fault is ENOSYS: the caller may
 * know another way. Else the fault has the peer's own words.
 *
 * The jail itself reports its addresses: do not trust them. Interface:
 * org.freedesktop.machine1(5).
 */
#ifndef SYSTEMD_MACHINED_H
#define SYSTEMD_MACHINED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct bus;
struct err;

struct machine_row {
	const char *name;
	const char *class;		/* container, vm, host */
	const char *service;		/* what created it: systemd-nspawn, libvirt-qemu, ... */
	const char **addresses;		/* ends with NULL; NULL: not asked for, or refused */
	bool shares_network;		/* with the host: it has no own addresses */
};

/* The running machines, sorted by name, without the host itself. With `details` also the
 * addresses of those that `service` created (NULL: of all), in one more round trip for all of
 * them. A machine that stops meanwhile has no addresses. On failure returns NULL, and `*n` is
 * 0. */
struct machine_row *machine_list(struct bus *b, const char *service, bool details,
                                 struct arena *m, size_t *n, struct err *e);

/* Make machined forget a machine that ended without telling it. */
int machine_unregister(struct bus *b, const char *name, struct err *e);

/* Open a new terminal in the machine. Returns its master, which the caller closes; `path` is
 * its name in the machine. */
int machine_open_pty(struct bus *b, const char *name, struct arena *m, const char **path,
                     struct err *e);

#endif
