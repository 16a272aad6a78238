#include "lib/ops/quota.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/statvfs.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/disk/project.h"
#include "lib/disk/zfs.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/store/snapshot.h"

/* 0: none. */
static int read_quota(const struct conf *c, uint64_t *bytes, struct err *e)
{
	*bytes = 0;
	if (conf_text_check(&c->quota, e) < 0) return -1;
	return *c->quota.text ? size_parse(c->quota.text, bytes, e) : 0;
}

/* A dataset with a quota has its size, unless the pool has less room than that. Saves a zfs. */
static bool has_size(int dir, uint64_t bytes)
{
	struct statvfs fs;

	return fstatvfs(dir, &fs) == 0 && bytes == (uint64_t)fs.f_blocks * fs.f_frsize;
}

/* Its snapshots do not count, either: they are beside its root file system. */
static int set_of_directory(struct arena *m, struct jail *j, const struct snapshots *s,
                            uint64_t bytes, struct err *e)
{
	const char *shown = arena_printf(m, "%s/" LAYOUT_ROOTFS, s->path);
	int rootfs = jail_rootfs(j, e), rc;

	if (rootfs < 0) return -1;
	if (!bytes) return project_lift(rootfs, e);
	if (project_has_limit(rootfs, bytes)) return 0;
	out_busy("setting its quota");
	rc = project_limit(rootfs, shown, bytes, e);
	out_progress_end();
	if (rc == 0 && !project_binds_root(rootfs))
		out_warn("the quota of %s limits only users other than root; on XFS and ZFS "
		         "it limits root of the jail, too", j->name);
	return rc;
}

static int set_quota(struct arena *m, struct jail *j, uint64_t bytes, struct err *e)
{
	struct snapshots s;

	if (snapshots_open(m, j, &s, e) < 0) return -1;
	if (!s.dataset) return set_of_directory(m, j, &s, bytes, e);
	return bytes && has_size(s.dir, bytes) ? 0 : zfs_set_refquota(s.dataset, bytes, e);
}

int op_quota_change(struct arena *m, struct jail *j, const struct conf *before,
                    const struct conf *now, struct err *e)
{
	uint64_t old, new;

	if (str_eq(before->quota.text, now->quota.text)) return 0;
	if (read_quota(now, &new, NULL) < 0) return 0;
	if (read_quota(before, &old, NULL) == 0 && old == new) return 0;
	return set_quota(m, j, new, e) < 0 ? fail_in(e, "quota=%s", now->quota.text) : 0;
}

void op_quota_apply(struct arena *m, struct jail *j, const struct conf *c)
{
	struct err why = { 0 };
	uint64_t bytes;

	if (!*c->quota.text) return;
	if (read_quota(c, &bytes, &why) < 0 || !bytes) return;
	if (set_quota(m, j, bytes, &why) < 0)
		out_warn("%s has no quota of %s: %s", j->name, c->quota.text, why.text);
}
