#include "lib/ops/points.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/jail/layout.h"
#include "lib/jail/nvidia.h"

enum { NOTED_MAX = 256 * 1024 };

/* The folder that holds the path; `*name` is what comes behind it. */
static int open_folder(struct arena *m, int root, const char *path, const char **name)
{
	*name = strrchr(path, '/') + 1;
	return open_in_root(root, arena_printf(m, "%.*s", (int)(*name - path), path), O_PATH | O_DIRECTORY,
	                    0, NULL);
}

enum state { THERE, MISSING, IN_THE_WAY };

static enum state look(struct arena *m, int root, const char *path, bool folder)
{
	AUTOCLOSE int fd = open_in_root(root, path, O_PATH, 0, NULL), above = -1;
	const char *name;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0) return S_ISDIR(st.st_mode) == folder ? THERE : IN_THE_WAY;
	if ((above = open_folder(m, root, path, &name)) < 0) return MISSING;
	/* A link that leads nowhere: what it names would be made. */
	return fstatat(above, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? IN_THE_WAY : MISSING;
}

/* What is missing of a path, from the top. False when it cannot be made. */
static bool add_missing(struct words *files, struct words *folders, int root, const char *path,
                        bool folder)
{
	struct words above = { .m = folders->m };
	enum state s;

	for (size_t n = 1 + strcspn(path + 1, "/"); path[n]; n += 1 + strcspn(path + n + 1, "/")) {
		const char *part = arena_printf(folders->m, "%.*s", (int)n, path);

		if ((s = look(folders->m, root, part, true)) == IN_THE_WAY) return false;
		if (s == MISSING && !words_have(words_list(folders), part)) words_add(&above, part);
	}
	if ((s = look(folders->m, root, path, folder)) == IN_THE_WAY) return false;
	words_add_all(folders, words_list(&above));
	if (s == MISSING) words_add(folder ? folders : files, path);
	return true;
}

static int make(struct arena *m, int root, const char *path, bool folder, struct err *e)
{
	const char *name;
	AUTOCLOSE int above = open_folder(m, root, path, &name), fd = -1;

	if (above < 0) return fail_sys(e, "%s", path);
	if (folder && mkdirat(above, name, 0755) < 0 && errno != EEXIST) return fail_sys(e, "%s", path);
	fd = openat(above, name, folder ? O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
	                                : O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	/* Whatever the umask. */
	if (fd < 0 || fchmod(fd, folder ? 0755 : 0644) < 0) return fail_sys(e, "%s", path);
	return 0;
}

static int make_all(struct arena *m, int root, const struct words *list, bool folder, struct err *e)
{
	for (size_t i = 0; i < list->n; i++)
		if (make(m, root, list->v[i], folder, e) < 0) return -1;
	return 0;
}

/* Noted first, so that nothing stays behind whatever happens. */
static int note(int jail, const struct words *folders, const struct words *files, struct err *e)
{
	struct str text = { .m = folders->m };

	for (size_t i = 0; i < folders->n; i++)
		str_addf(&text, "%s\n", folders->v[i]);
	for (size_t i = 0; i < files->n; i++)
		str_addf(&text, "%s\n", files->v[i]);
	return replace_file(jail, LAYOUT_NVIDIA, str_text(&text), text.len, 0600, e);
}

int points_make(struct arena *m, int jail, int root, const struct nvidia *nv, struct words *unfit,
                struct err *e)
{
	struct words files = { .m = m }, folders = { .m = m };

	for (size_t i = 0; i < nv->places.n; i++)
		if (!add_missing(&files, &folders, root, nv->places.v[i], false))
			words_add(unfit, nv->places.v[i]);
	for (size_t i = 0; i < nv->folders.n; i++)
		if (!add_missing(&files, &folders, root, nv->folders.v[i], true))
			words_add(unfit, nv->folders.v[i]);
	if (!files.n && !folders.n) return 0;
	if (note(jail, &folders, &files, e) < 0) return -1;
	return make_all(m, root, &folders, true, e) < 0 ? -1 : make_all(m, root, &files, false, e);
}

/* Only what is empty: what has contents is the jail's by now. */
static void remove_point(struct arena *m, int root, const char *path)
{
	const char *name;
	AUTOCLOSE int above = open_folder(m, root, path, &name);
	struct stat st;

	if (above < 0 || fstatat(above, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return;
	if (S_ISDIR(st.st_mode)) unlinkat(above, name, AT_REMOVEDIR);
	else if (S_ISREG(st.st_mode) && st.st_size == 0) unlinkat(above, name, 0);
}

void points_remove(struct arena *m, int jail, int root)
{
	char *text = read_file(m, jail, LAYOUT_NVIDIA, NOTED_MAX, NULL, NULL), *line;
	struct words points = { .m = m };

	if (!text) return;
	while ((line = strsep(&text, "\n")))
		if (*line == '/') words_add(&points, line);
	while (points.n-- > 0)
		remove_point(m, root, points.v[points.n]);
	unlinkat(jail, LAYOUT_NVIDIA, 0);
}
