/* machined over a bus: which machines run, and their terminals
 *
 * Faults: ERR_MISSING, no such machine (or no process in it any more). Where
 * machined itself is not to be had (masked, not installed), errno is ENOSYS in the
 * fault: the caller may know another way. Else the peer's own words.
 *
 * The addresses of a jail are the jail's word.
 * Interface: org.freedesktop.machine1(5).
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
	const char *service;		/* who made it: systemd-nspawn, libvirt-qemu, ... */
	const char **addresses;		/* NULL-ended texts; NULL: not asked for, or refused */
	bool shares_network;		/* with the host: it has no addresses of its own */
};

/* The machines that run, sorted by name; not the host itself. With `details` also
 * addresses of those that `service` made (NULL: of all), in one more
 * round trip for all of them. A machine that ends meanwhile has none. NULL with a
 * fault, and `*n` is 0 then. */
struct machine_row *machine_list(struct bus *b, const char *service, bool details,
                                 struct arena *m, size_t *n, struct err *e);

/* Make machined forget a machine that ended without telling it. */
int machine_unregister(struct bus *b, const char *name, struct err *e);

/* A new terminal of the machine's: returns its master, and in `path` its name in
 * there. */
int machine_open_pty(struct bus *b, const char *name, struct arena *m, const char **path,
                     struct err *e);

#endif
