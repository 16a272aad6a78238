#include "lib/disk/volume.h"

#include <linux/btrfs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>

/* The inode number of the top directory of every subvolume; on other file systems any file may
 * have it. */
enum { TOP = 256 };

static bool has_top_inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_ino == TOP;
}

bool volume_fs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == BTRFS_SUPER_MAGIC;
}

bool volume_is(int fd, uint64_t *id)
{
	struct btrfs_ioctl_get_subvol_info_args info;

	memset(&info, 0, sizeof info);
	if (!has_top_inode(fd) || ioctl(fd, BTRFS_IOC_GET_SUBVOL_INFO, &info) < 0) return false;
	*id = info.treeid;
	return true;
}

static bool read_flags(int fd, uint64_t *flags)
{
	return has_top_inode(fd) && ioctl(fd, BTRFS_IOC_SUBVOL_GETFLAGS, flags) == 0;
}

bool volume_is_fixed(int fd)
{
	uint64_t flags;

	return read_flags(fd, &flags) && flags & BTRFS_SUBVOL_RDONLY;
}

void volume_unlock(int fd)
{
	uint64_t flags;

	if (!read_flags(fd, &flags) || !(flags & BTRFS_SUBVOL_RDONLY)) return;
	flags &= ~BTRFS_SUBVOL_RDONLY;
	ioctl(fd, BTRFS_IOC_SUBVOL_SETFLAGS, &flags);
}
