/* Who runs a system from the files of a jail under another name: the jail itself, whose
 * directory was renamed while it ran, or another jail whose link leads to the same root file
 * system.
 *
 * systemd writes a transient unit down before it runs, so its files tell of every jail that
 * runs or is about to. Where a jail is, its main process knows by its working directory, which
 * stays the same directory when that is renamed; until machined knows that process, what the
 * unit says counts. */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/name.h"

#define TRANSIENT "/run/systemd/transient"

enum { UNIT_BYTES = 256 * 1024 };

/* As systemd writes it: a percent sign is doubled. */
static const char *written_folder(struct arena *m, const char *unit)
{
	const char *path = arena_printf(m, TRANSIENT "/%s", unit), *at;
	const char *text = read_file(m, AT_FDCWD, path, UNIT_BYTES, NULL, NULL);
	struct str folder = { .m = m };

	at = text ? strstr(text, "\nWorkingDirectory=") : NULL;
	if (!at) return NULL;
	for (at = strchr(at, '=') + 1; *at && *at != '\n'; at++) {
		if (at[0] == '%' && at[1] == '%') at++;
		str_addc(&folder, *at);
	}
	return str_text(&folder);
}

/* Does the unit, of a jail called so, run from that root file system? */
static bool runs_from(const char *unit, const char *name, const struct stat *rootfs)
{
	AUTOFREE struct arena m = { 0 };
	const char *folder;
	pid_t leader, keeper;
	struct stat st;

	engine_registered(&m, name, &leader, &keeper);
	folder = keeper ? arena_printf(&m, "/proc/%d/cwd", (int)keeper)
	                : written_folder(&m, unit);
	return folder && stat(arena_printf(&m, "%s/" LAYOUT_ROOTFS, folder), &st) == 0 &&
	       same_file(&st, rootfs);
}

/* A unit that has failed is written down, too. */
static int check_over(struct engine *en, const char *unit, const char *name, struct err *e)
{
	struct unit_state s;

	if (engine_open(en, e) < 0 || unit_get(en->bus, unit, en->m, &s, e) < 0) return -1;
	if (!unit_is_loaded(&s) || unit_is_over(&s)) return 0;
	return fail(e, ERR_BUSY, "its files are in use by machine %s, which runs; "
	            "'systemctl stop %s' ends it", name, unit);
}

int engine_check_alone(struct engine *en, struct jail *j, struct err *e)
{
	AUTODIR DIR *d = opendir(TRANSIENT);
	const char *own = name_unit(en->m, j->name), *name;
	struct dirent *entry;
	struct stat rootfs;

	if (!d) return 0;
	if (jail_rootfs(j, e) < 0) return -1;
	if (fstat(j->rootfs, &rootfs) < 0) return fail_sys(e, "fstat");
	while ((entry = readdir(d))) {
		const char *unit = entry->d_name;

		if (str_eq(unit, own) || !(name = name_of_unit(en->m, unit))) continue;
		if (runs_from(unit, name, &rootfs) && check_over(en, unit, name, e) < 0)
			return -1;
	}
	return 0;
}
