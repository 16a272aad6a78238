/* A line of mountinfo has six fields, any number of optional ones, a single "-" and
 * three more. Fields are cut at spaces first and then unescaped in place, which can only
 * make them shorter. */

#include "lib/disk/mount.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"

enum { TABLE_MAX = 64 << 20 };

static int is_octal(const char *s)
{
	return s[0] >= '0' && s[0] <= '3' && s[1] >= '0' && s[1] <= '7' && s[2] >= '0' &&
	       s[2] <= '7';
}

/* A backslash without a valid escape is kept; so is an escaped NUL. */
static char *unescape_field(char *field)
{
	char *from = field, *to = field;

	while (*from) {
		int c = *from == '\\' && is_octal(from + 1)
			? (from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0') : 0;

		*to++ = (char)(c ? c : *from);
		from += c ? 4 : 1;
	}
	*to = 0;
	return field;
}

static int read_mount_number(const char *s, char end, uint64_t max, uint64_t *out,
                             const char **rest)
{
	char *stop;

	if (!isdigit((unsigned char)*s)) return -1;
	errno = 0;
	*out = strtoull(s, &stop, 10);
	if (errno || *stop != end || *out > max) return -1;
	if (rest) *rest = stop + 1;
	return 0;
}

static int read_device(const char *s, struct mount *t)
{
	uint64_t major, minor;

	if (read_mount_number(s, ':', UINT32_MAX, &major, &s) < 0) return -1;
	if (read_mount_number(s, 0, UINT32_MAX, &minor, NULL) < 0) return -1;
	t->major = (unsigned)major;
	t->minor = (unsigned)minor;
	return 0;
}

/* The next field: cut off at its space, `*rest` moved behind it. NULL: no more. */
static char *next_field(char **rest)
{
	char *field = *rest, *space;

	if (!field) return NULL;
	if ((space = strchr(field, ' '))) *space++ = 0;
	*rest = space;
	return field;
}

static int parse_line(char *line, struct mount *t)
{
	char *field[6], *after[3], *f;
	size_t i;

	for (i = 0; i < 6; i++)
		if (!(field[i] = next_field(&line))) return -1;
	do {
		if (!(f = next_field(&line))) return -1;
	} while (strcmp(f, "-"));
	for (i = 0; i < 3; i++)
		if (!(after[i] = next_field(&line))) return -1;

	if (read_mount_number(field[0], 0, INT64_MAX, &t->id, NULL) < 0) return -1;
	if (read_mount_number(field[1], 0, INT64_MAX, &t->parent, NULL) < 0) return -1;
	if (read_device(field[2], t) < 0) return -1;
	t->root = unescape_field(field[3]);
	t->point = unescape_field(field[4]);
	t->options = field[5];
	t->type = unescape_field(after[0]);
	t->source = unescape_field(after[1]);
	t->super = unescape_field(after[2]);
	return t->point[0] == '/' ? 0 : -1;
}

int mounts_parse(struct arena *m, const char *text, struct mounts *t, struct err *e)
{
	char *line, *next, *copy = arena_strdup(m, text);

	t->n = 0;
	t->v = arena_array(m, str_count(text, '\n') + 1, sizeof *t->v);
	for (line = copy; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next) *next++ = 0;
		if (parse_line(line, &t->v[t->n]) < 0)
			return fail(e, ERR_HOST,
			            "the list of mounts has a line of unknown format");
		t->n++;
	}
	return 0;
}

int mounts_read(struct arena *m, struct mounts *t, struct err *e)
{
	static const char path[] = "/proc/self/mountinfo";
	char *text = read_file(m, AT_FDCWD, path, TABLE_MAX, NULL, e);

	if (!text) return -1;
	if (mounts_parse(m, text, t, e) < 0) return fail_in(e, "%s", path);
	return 0;
}

/* The fdinfo of a descriptor has the number of its mount: "mnt_id:\t27". */
static int read_mount_id(int fd, uint64_t *id, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *path = arena_printf(&m, "/proc/self/fdinfo/%d", fd);
	const char *text = read_file(&m, AT_FDCWD, path, 1 << 20, NULL, e);
	const char *line = text ? strstr(text, "mnt_id:") : NULL;

	if (!text) return -1;
	if (!line || sscanf(line, "mnt_id: %" SCNu64, id) != 1)
		return fail(e, ERR_HOST, "%s does not show the mount", path);
	return 0;
}

const struct mount *mount_of(const struct mounts *t, int fd, struct err *e)
{
	uint64_t id;
	size_t i;

	if (read_mount_id(fd, &id, e) < 0) return NULL;
	for (i = 0; i < t->n; i++)
		if (t->v[i].id == id) return &t->v[i];
	fail(e, ERR_HOST, "mount %" PRIu64 " is not in the list of mounts", id);
	return NULL;
}

const struct mount *mount_at(const struct mounts *t, const char *point)
{
	const struct mount *found = NULL;
	size_t i;

	for (i = 0; i < t->n; i++)
		if (str_eq(t->v[i].point, point)) found = &t->v[i];
	return found;
}

int mount_path_in(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/') n--;
	return !strncmp(path, dir, n) && (path[n] == 0 || path[n] == '/');
}

const struct mount *mount_beneath(const struct mounts *t, const char *dir,
                                  const struct mount *after)
{
	const struct mount *c;

	for (c = after ? after + 1 : t->v; c < t->v + t->n; c++)
		if (mount_path_in(c->point, dir)) return c;
	return NULL;
}

bool mount_keeps_files(const struct mount *c)
{
	static char *const types[] = {
		"zfs", "ext2", "ext3", "ext4", "xfs", "btrfs", "bcachefs", "f2fs", "overlay",
		"tmpfs", "ramfs", "squashfs", "erofs", "iso9660", "vfat", "exfat",
		NULL,
	};

	return words_have(types, c->type);
}

const char *mount_fd_path(struct arena *m, int fd, struct err *e)
{
	const char *link = arena_printf(m, "/proc/self/fd/%d", fd);
	size_t room = 64 << 10;		/* the kernel returns at most one page */
	char *path = arena_alloc(m, room);
	ssize_t n = readlink(link, path, room - 1);
	struct stat st;

	if (n < 0) return fail_sys(e, "%s", link), NULL;
	if (fstat(fd, &st) < 0) return fail_sys(e, "fstat"), NULL;
	if (path[0] != '/' || st.st_nlink == 0)
		return fail(e, ERR_MISSING, "%s was deleted meanwhile", path), NULL;
	return path;
}
