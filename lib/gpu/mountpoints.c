#include "lib/gpu/mountpoints.h"

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
#include "lib/gpu/nvidia.h"
#include "lib/jail/layout.h"
#include "lib/jail/look.h"

enum { NOTED_MAX = 256 * 1024 };

/* Open the folder that contains the path; `*name` is the rest. */
static int open_folder_above(struct arena *m, int root, const char *path, const char **name,
                             struct err *e)
{
	*name = strrchr(path, '/') + 1;
	return place_in_root(root, arena_printf(m, "%.*s", (int)(*name - path), path),
	                     O_DIRECTORY, e);
}

enum state { THERE, MISSING, IN_THE_WAY };

/* Nothing can be created there: it is another file system, or the kernel could not tell. */
static bool is_closed(const struct err *why)
{
	return why->sys == EXDEV || why->sys == EAGAIN;
}

static enum state look_at_point(struct arena *m, int root, const char *path, bool folder)
{
	struct err why = { 0 };
	AUTOCLOSE int fd = look_at(root, path, 0, &why), above = -1, link = -1;
	const char *name;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0)
		return S_ISDIR(st.st_mode) == folder ? THERE : IN_THE_WAY;
	if (is_closed(&why)) return IN_THE_WAY;
	if ((above = open_folder_above(m, root, path, &name, &why)) < 0)
		return is_closed(&why) ? IN_THE_WAY : MISSING;
	/* A dangling link: nspawn would create its target. */
	link = place_in_root(above, name, O_NOFOLLOW, NULL);
	return link >= 0 ? IN_THE_WAY : MISSING;
}

/* Add the missing parts of a path, from the top. False: they cannot be created. */
static bool add_missing(struct words *files, struct words *folders, int root, const char *path,
                        bool folder)
{
	struct words above = { .m = folders->m };
	enum state s;

	for (size_t n = 1 + strcspn(path + 1, "/"); path[n];
	     n += 1 + strcspn(path + n + 1, "/")) {
		const char *part = arena_printf(folders->m, "%.*s", (int)n, path);

		if ((s = look_at_point(folders->m, root, part, true)) == IN_THE_WAY)
			return false;
		if (s == MISSING && !words_have(words_list(folders), part))
			words_add(&above, part);
	}
	if ((s = look_at_point(folders->m, root, path, folder)) == IN_THE_WAY) return false;
	words_add_all(folders, words_list(&above));
	if (s == MISSING) words_add(folder ? folders : files, path);
	return true;
}

static int make_all(int root, const struct words *folders, const struct words *files,
                    struct err *e)
{
	for (size_t i = 0; i < folders->n; i++)
		if (mkdir_in_root(root, folders->v[i], 0755, e) < 0) return -1;
	for (size_t i = 0; i < files->n; i++)
		if (touch_in_root(root, files->v[i], 0644, e) < 0) return -1;
	return 0;
}

/* Written before they are created, so that all of them can be deleted later. */
static int note_points(int jail, const struct words *folders, const struct words *files,
                       struct err *e)
{
	struct str text = { .m = folders->m };

	for (size_t i = 0; i < folders->n; i++)
		str_addf(&text, "%s\n", folders->v[i]);
	for (size_t i = 0; i < files->n; i++)
		str_addf(&text, "%s\n", files->v[i]);
	return replace_file(jail, LAYOUT_NVIDIA, str_text(&text), text.len, 0600, e);
}

int mountpoints_make(struct arena *m, int jail, int root, const struct nvidia *nv,
                     struct words *unfit, struct err *e)
{
	struct words files = { .m = m }, folders = { .m = m };

	for (size_t i = 0; i < nv->places.n; i++)
		if (!add_missing(&files, &folders, root, nv->places.v[i], false))
			words_add(unfit, nv->places.v[i]);
	for (size_t i = 0; i < nv->folders.n; i++)
		if (!add_missing(&files, &folders, root, nv->folders.v[i], true))
			words_add(unfit, nv->folders.v[i]);
	if (!files.n && !folders.n) return 0;
	return note_points(jail, &folders, &files, e) < 0 ? -1 :
	       make_all(root, &folders, &files, e);
}

/* Deletes it only if it is empty: otherwise the jail uses it. */
static void remove_point(struct arena *m, int root, const char *path)
{
	const char *name;
	AUTOCLOSE int above = open_folder_above(m, root, path, &name, NULL);
	AUTOCLOSE int fd = above < 0 ? -1 : place_in_root(above, name, O_NOFOLLOW, NULL);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) return;
	if (S_ISDIR(st.st_mode)) unlinkat(above, name, AT_REMOVEDIR);
	else if (S_ISREG(st.st_mode) && st.st_size == 0) unlinkat(above, name, 0);
}

void mountpoints_remove(struct arena *m, int jail, int root)
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
