/* A new file may inherit an ACL from its directory, which its mode of 0600 masks. The ACL
 * is removed or replaced before the mode lets anybody in. An NFSv4 ACL determines the
 * mode, and chmod may change such an ACL, so chmod comes last and only if it is needed. */

#include "lib/base/attrs.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static const char posix_acl[] = "system.posix_acl_access", nfs4_acl[] = "system.nfs4_acl_xdr";

/* Returns the size of the attribute; -1 with errno, ENODATA if the file does not have it. */
static ssize_t read_attr(struct arena *m, int fd, const char *name, void **value)
{
	ssize_t n = fgetxattr(fd, name, NULL, 0);

	if (n <= 0) return n;
	*value = arena_alloc(m, (size_t)n);
	return fgetxattr(fd, name, *value, (size_t)n);
}

static bool is_attr_absent(void)
{
	return errno == ENODATA || errno == EOPNOTSUPP;
}

static int copy_attr(int from, int to, const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	void *value = NULL, *old = NULL;
	ssize_t n = read_attr(&m, from, name, &value);

	if (n < 0) return is_attr_absent() ? 0 : fail_sys(e, "read its attribute %s", name);
	if (read_attr(&m, to, name, &old) == n && (!n || !memcmp(old, value, (size_t)n)))
		return 0;
	return fsetxattr(to, name, value, (size_t)n, 0) < 0
	       ? fail_sys(e, "keep its attribute %s", name) : 0;
}

static int copy_user_attrs(int from, int to, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	ssize_t n = flistxattr(from, NULL, 0);
	char *names;

	if (n <= 0) return n < 0 && !is_attr_absent() ? fail_sys(e, "list its attributes") : 0;
	names = arena_alloc(&m, (size_t)n);
	if ((n = flistxattr(from, names, (size_t)n)) < 0)
		return fail_sys(e, "list its attributes");
	for (const char *name = names; name < names + n; name += strlen(name) + 1)
		if (str_starts(name, "user.") && copy_attr(from, to, name, e) < 0) return -1;
	return 0;
}

static int copy_acl(int from, int to, struct err *e)
{
	if (fgetxattr(from, posix_acl, NULL, 0) < 0 && fremovexattr(to, posix_acl) < 0 &&
	    !is_attr_absent())
		return fail_sys(e, "remove the ACL of its directory");
	if (copy_attr(from, to, posix_acl, e) < 0) return -1;
	return copy_attr(from, to, nfs4_acl, e);
}

int attrs_copy(int from, int to, struct err *e)
{
	struct stat want, is;

	if (fstat(from, &want) < 0 || fstat(to, &is) < 0) return fail_sys(e, "stat");
	if ((is.st_uid != want.st_uid || is.st_gid != want.st_gid) &&
	    fchown(to, want.st_uid, want.st_gid) < 0)
		return fail_sys(e, "keep its owner");
	if (copy_user_attrs(from, to, e) < 0 || copy_acl(from, to, e) < 0) return -1;
	if (fstat(to, &is) < 0) return fail_sys(e, "stat");
	if ((is.st_mode ^ want.st_mode) & 07777 && fchmod(to, want.st_mode & 07777) < 0)
		return fail_sys(e, "keep its mode");
	return 0;
}
