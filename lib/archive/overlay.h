/* Attributes of overlayfs and Samba in the export of a jail
 *
 * Docker and others keep their layers as trees in a jail, where trusted.overlay.opaque and the
 * like say what is deleted or moved (the kernel's overlayfs.rst). A domain controller has its
 * ACLs in security.NTACL. To set them takes CAP_SYS_ADMIN, which the child that unpacks has
 * not. So it notes them, and its parent sets them when it has ended.
 *
 * The notes are as hostile as the archive. No matter what they say, attributes of these names
 * alone are set, on directories and regular files in the new tree, which no link leads to: what
 * the root of a jail can do by itself.
 */
#ifndef ARCHIVE_OVERLAY_H
#define ARCHIVE_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attr;
struct err;

/* In memory that the two share. */
struct overlay_notes {
	size_t n;
	char text[8 << 20];	/* of each: the size of the value in two bytes, the path and the
				 * name, ended by NULs, the value */
};

/* Empty ones; NULL on failure. overlay_free is safe on NULL. */
struct overlay_notes *overlay_new(struct err *e);
void overlay_free(struct overlay_notes *o);

bool overlay_is_attr(const char *name);

/* False: there is no room for it. */
bool overlay_note(struct overlay_notes *o, const char *path, const struct attr *a);

/* Set what was noted, below the open directory `dir`. Returns how many could not be set. The
 * child must have ended. */
uint64_t overlay_set(const struct overlay_notes *o, int dir);

#endif
