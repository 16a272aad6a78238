/* os-release: what a root file system says it is
 *
 * The text comes from inside a jail and is hostile: a value that is not UTF-8, that
 * has characters which are not shown as they are (base/shown.h: control characters, marks
 * of direction) or is longer than OSREL_MAX bytes is as good as absent.
 * Lines that are no assignment are skipped; of several the last counts.
 *
 * https://www.freedesktop.org/software/systemd/man/os-release.html
 */
#ifndef TEXT_OSREL_H
#define TEXT_OSREL_H

#include <stddef.h>

struct arena;

enum { OSREL_MAX = 256 };

/* NULL: not told. */
struct osrel {
	const char *id, *version_id, *version_codename, *pretty_name;
};

void osrel_parse(struct arena *m, const char *text, size_t len, struct osrel *out);

#endif
