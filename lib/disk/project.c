#include "lib/disk/project.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/size.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs.h"

enum {
	PROJECTS = 2,			/* a type of quota, beside USRQUOTA and GRPQUOTA */
	QUOTACTL_FD = 443,		/* quotactl_fd(2), Linux 5.14 */
	UNIT = 1024,			/* of a limit in quotactl(2) */
	DEPTH_MAX = 256,
	ZFS_MAGIC = 0x2fc12fc1,
};

static bool is_on_zfs(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && fs.f_type == ZFS_MAGIC;
}

/* The bit by which new files inherit the number. OpenZFS takes that of FS_IOC_GETFLAGS here. */
static uint32_t inherit_bit(bool on_zfs)
{
	return on_zfs ? FS_PROJINHERIT_FL : FS_XFLAG_PROJINHERIT;
}

/* Its number: far above those that people choose. Inodes of XFS differ in their high bits. */
static int project_id(int dir, uint32_t *id)
{
	struct stat st;

	if (fstat(dir, &st) < 0) return -1;
	*id = (uint32_t)(((uint64_t)st.st_ino * UINT64_C(0x9e3779b97f4a7c15)) >> 34) |
	      UINT32_C(1) << 30;
	return 0;
}

static bool is_in_own(int dir, uint32_t *id)
{
	struct fsxattr now;

	return project_id(dir, id) == 0 && ioctl(dir, FS_IOC_FSGETXATTR, &now) == 0 &&
	       now.fsx_projid == *id;
}

/* -- limits of the kernel's quota -- */

static int quota_call(int dir, int command, uint32_t id, void *data)
{
	return (int)syscall(QUOTACTL_FD, dir, QCMD(command, PROJECTS), id, data);
}

/* They may be counted, but not enforced. */
static bool has_enforced_limits(int dir)
{
	struct fs_quota_stat state = { 0 };

	return quota_call(dir, Q_XGETQSTAT, 0, &state) == 0 &&
	       state.qs_flags & FS_QUOTA_PDQ_ENFD;
}

/* XFS knows no number that has neither files nor a limit. */
static int read_kernel(int dir, uint32_t id, struct project *p)
{
	struct dqblk q = { 0 };

	*p = (struct project){ 0 };
	if (quota_call(dir, Q_GETQUOTA, id, &q) < 0) return errno == ENOENT ? 0 : -1;
	p->limit = q.dqb_bhardlimit * UNIT;
	p->used = q.dqb_curspace;
	return 0;
}

static uint64_t to_units(uint64_t bytes)
{
	return bytes / UNIT + (bytes % UNIT != 0);
}

static int set_kernel(int dir, uint32_t id, uint64_t bytes, struct err *e)
{
	struct dqblk q = { .dqb_valid = QIF_BLIMITS, .dqb_bhardlimit = to_units(bytes) };
	char shown[SIZE_ROOM];
	struct project now;

	if (read_kernel(dir, id, &now) < 0) return fail_sys(e, "quotactl");
	if (bytes && now.used > bytes)
		return fail(e, ERR_HOST, "its files take %s already; set a larger quota",
		            size_text(now.used, shown));
	return quota_call(dir, Q_SETQUOTA, id, &q) < 0 ? fail_sys(e, "quotactl") : 0;
}

/* -- limits of ZFS -- */

/* A directory with a limit has the size of that; the one above it has the dataset's. */
static int read_zfs(int dir, struct project *p)
{
	AUTOCLOSE int above = openat(dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statvfs all, own;

	*p = (struct project){ 0 };
	if (above < 0 || fstatvfs(above, &all) < 0 || fstatvfs(dir, &own) < 0) return -1;
	if (own.f_blocks == all.f_blocks) return 0;
	p->limit = (uint64_t)own.f_blocks * own.f_frsize;
	p->used = (uint64_t)(own.f_blocks - own.f_bfree) * own.f_frsize;
	return 0;
}

static int set_zfs(int dir, uint32_t id, uint64_t bytes, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const struct mount *mnt;
	struct mounts t;

	if (mounts_read(&m, &t, e) < 0 || !(mnt = mount_of(&t, dir, e))) return -1;
	return zfs_set_project_quota(mnt->source, id, bytes, e);
}

/* -- the files of a project -- */

struct tagging {
	uint32_t id, inherit;
};

static int tag(const struct tagging *t, int fd, const char *name, uint32_t inherit,
               struct err *e)
{
	struct fsxattr x;

	if (ioctl(fd, FS_IOC_FSGETXATTR, &x) < 0)
		return fail_sys(e, "read the project of %s", name);
	if (x.fsx_projid == t->id && (x.fsx_xflags & inherit) == inherit) return 0;
	x.fsx_projid = t->id;
	x.fsx_xflags |= inherit;
	if (ioctl(fd, FS_IOC_FSSETXATTR, &x) == 0) return 0;
	return fail_sys(e, "add %s to the project of the quota", name);
}

static int tag_tree(const struct tagging *t, int dir, const char *name, int depth,
                    struct err *e);

/* What is in use may be gone by now, and what is mounted there is not part of the tree. Only
 * what is known to be a file or a directory is opened. */
static int tag_name(const struct tagging *t, int dir, const char *name, int depth,
                    struct err *e)
{
	AUTOCLOSE int place = place_in_root(dir, name, O_NOFOLLOW, NULL);
	AUTOCLOSE int fd = -1;
	struct stat st;

	if (place < 0 && (errno == ENOENT || errno == EXDEV)) return 0;
	if (place < 0 || fstat(place, &st) < 0) return fail_sys(e, "open %s", name);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) return 0;
	fd = reopen(place, O_RDONLY | O_NONBLOCK);
	if (fd < 0) return fail_sys(e, "open %s", name);
	if (S_ISDIR(st.st_mode)) return tag_tree(t, fd, name, depth, e);
	return tag(t, fd, name, 0, e);
}

/* The directory comes first, so that what is created in it from now on has the number, too. */
static int tag_tree(const struct tagging *t, int dir, const char *name, int depth,
                    struct err *e)
{
	AUTODIR DIR *d = NULL;
	struct dirent *entry;

	if (tag(t, dir, name, t->inherit, e) < 0) return -1;
	if (depth == DEPTH_MAX) return 0;
	if (!(d = dir_names(dir))) return fail_sys(e, "read %s", name);
	while ((entry = readdir(d)))
		if (!is_dots(entry->d_name) &&
		    (check_signal(e) < 0 || tag_name(t, dir, entry->d_name, depth + 1, e) < 0))
			return -1;
	return 0;
}

/* -- all of it -- */

bool project_read(int dir, struct project *p)
{
	uint32_t id;

	if (!is_in_own(dir, &id)) return false;
	return (is_on_zfs(dir) ? read_zfs(dir, p) : read_kernel(dir, id, p)) == 0 && p->limit;
}

bool project_has_limit(int dir, uint64_t bytes)
{
	struct statvfs fs;
	struct project p;

	if (!project_read(dir, &p) || fstatvfs(dir, &fs) < 0) return false;
	if (!is_on_zfs(dir)) return p.limit == to_units(bytes) * UNIT;
	return p.limit == bytes - bytes % fs.f_frsize;
}

static int check_projects(int dir, const char *shown, bool on_zfs, uint32_t id, struct err *e)
{
	struct fsxattr now;

	if ((!on_zfs && !has_enforced_limits(dir)) ||
	    ioctl(dir, FS_IOC_FSGETXATTR, &now) < 0)
		return fail(e, ERR_HOST,
		            "%s is not a ZFS dataset, and its file system has no project "
		            "quotas (OpenZFS has them; ext4 and XFS, if mounted with prjquota)",
		            shown);
	if (!now.fsx_projid || now.fsx_projid == id) return 0;
	return fail(e, ERR_HOST,
	            "%s is in the project %u already, which somebody else made; first take "
	            "its files out of that project", shown, now.fsx_projid);
}

int project_limit(int dir, const char *shown, uint64_t bytes, struct err *e)
{
	bool on_zfs = is_on_zfs(dir);
	struct tagging t = { .inherit = inherit_bit(on_zfs) };

	if (project_id(dir, &t.id) < 0) return fail_sys(e, "stat %s", shown);
	if (check_projects(dir, shown, on_zfs, t.id, e) < 0) return -1;
	if (tag_tree(&t, dir, shown, 0, e) < 0) return -1;
	return (on_zfs ? set_zfs : set_kernel)(dir, t.id, bytes, e);
}

bool project_binds_root(int dir)
{
	struct statfs fs;

	return fstatfs(dir, &fs) == 0 &&
	       (fs.f_type == ZFS_MAGIC || fs.f_type == XFS_SUPER_MAGIC);
}

int project_lift(int dir, struct err *e)
{
	struct project p;
	uint32_t id;

	if (!project_read(dir, &p) || project_id(dir, &id) < 0) return 0;
	return (is_on_zfs(dir) ? set_zfs : set_kernel)(dir, id, 0, e);
}

void project_lift_at(int dir, const char *name)
{
	AUTOCLOSE int fd = tree_open(dir, name);

	if (fd >= 0) project_lift(fd, NULL);
}
