/* Device files that an archive may contain
 *
 * Those that every container has: they give access to no disk and no hardware. A jail
 * gets its own /dev when it starts; these are for further device files in its tree, as
 * in the chroot of a mail server.
 */
#ifndef ARCHIVE_DEVICE_H
#define ARCHIVE_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

struct device {
	unsigned major, minor;
};

/* Character devices, all of them. */
enum { DEVICES = 10 };
extern const struct device devices[DEVICES];

/* Whether `mode` and `dev`, as for mknod, are one of them. */
bool device_is_harmless(mode_t mode, dev_t dev);

#endif
