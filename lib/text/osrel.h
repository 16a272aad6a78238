/* os-release: the distribution of a root file system
 *
 * The text comes from inside a jail and is hostile. A value counts as absent if it is not
 * UTF-8, if it contains characters that base/shown.h escapes, or if it is longer than
 * OSREL_MAX bytes. Lines that are not assignments are skipped; the last assignment of a
 * name counts.
 *
 * https://www.freedesktop.org/software/systemd/man/os-release.html
 */
#ifndef TEXT_OSREL_H
#define TEXT_OSREL_H

#include <stddef.h>

struct arena;

enum { OSREL_MAX = 256 };

/* NULL: absent. */
struct osrel {
	const char *id, *version_id, *version_codename, *pretty_name;
};

void osrel_parse(struct arena *m, const char *text, size_t len, struct osrel *out);

#endif
