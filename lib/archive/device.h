/* Device files that an archive may bring
 *
 * Those that every container has: they reach no disk and no hardware. A jail gets a
 * /dev of its own when it starts; these are for what has one more in its files, like
 * the chroot of a mail server.
 */
#ifndef ARCHIVE_DEVICE_H
#define ARCHIVE_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

struct device {
	unsigned major, minor;
};

/* Character devices, all of them. */
enum { DEVICES = 9 };
extern const struct device devices[DEVICES];

/* Whether `mode` and `dev`, as for mknod, are one of them. */
bool device_is_harmless(mode_t mode, dev_t dev);

#endif
