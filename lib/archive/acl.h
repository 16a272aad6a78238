/* POSIX ACLs in the kernel's format
 *
 * An ACL is the extended attribute system.posix_acl_access or _default: a version,
 * then eight bytes for each entry, little-endian, in a fixed order
 * (include/uapi/linux/posix_acl_xattr.h). Writing it needs no library.
 */
#ifndef ARCHIVE_ACL_H
#define ARCHIVE_ACL_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

enum acl_tag {
	ACL_OWNER = 0x01,
	ACL_USER = 0x02,
	ACL_OWNING_GROUP = 0x04,
	ACL_GROUP = 0x08,
	ACL_MASK = 0x10,
	ACL_OTHER = 0x20,
};

struct acl_line {
	enum acl_tag tag;
	unsigned perm;		/* as in a mode: 4 read, 2 write, 1 execute */
	uint32_t id;		/* of ACL_USER and ACL_GROUP; ACL_NO_ID: only `name` is known */
	const char *name;
};

#define ACL_NO_ID UINT32_MAX

/* Return the attribute's value for these lines, in `m`. Adds a mask if the kernel requires
 * one. NULL on failure. */
void *acl_pack(struct arena *m, struct acl_line *lines, size_t n, size_t *size,
               struct err *e);

/* The attribute's value as text, "user::rw-,user:1000:r--,...", in `m`: what tars have. NULL if
 * it is no such value. */
const char *acl_text(struct arena *m, const void *value, size_t size);

/* The number of `name` in the text of a passwd or group file, which is the third field of its
 * line. ACL_NO_ID if there is none. */
uint32_t acl_find_id(const char *text, const char *name);

#endif
