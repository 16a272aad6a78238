/* libarchive only parses the tar: we check its data about an entry, copy them into a
 * struct entry, and create the file with code of our own. Its warnings (ARCHIVE_WARN) are
 * faults here, except for names that are not ASCII: in the C locale it cannot convert
 * them and returns the bytes in the archive, which is what we want.
 *
 * A small archive must not become a large tree. The limits count also what is created and
 * not named: directories on the way to a file, attributes, which some file systems keep as
 * files, and a disk block for each piece of a sparse file. */

#include "lib/archive/extract.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/archive/acl.h"
#include "lib/archive/check.h"
#include "lib/archive/decode.h"
#include "lib/archive/device.h"
#include "lib/archive/entry.h"
#include "lib/archive/found.h"
#include "lib/archive/layer.h"
#include "lib/archive/overlay.h"
#include "lib/archive/have.h"
#include "lib/archive/pack.h"
#include "lib/archive/pull.h"
#include "lib/archive/same.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"

enum { BLOCK = 512, ATTRS_MAX = 256, LATE_BYTES = 16 << 20,
       SKIPPED_MAX = 1000, USERS_MAX = 4 << 20 };

/* An ACL with names instead of numbers: etc/passwd, which has the numbers, may come later. */
struct late {
	struct late *next;
	const char *path, *attr;
	struct acl_line *lines;
	size_t n;
};

/* A device that was skipped. Hard links to it are skipped too. */
struct skipped {
	struct skipped *next;
	const char *path;
};

struct extract {
	struct arena m, of_entry;
	struct archive *tar;
	struct pull *bytes;		/* of the tar */
	const struct unpack_limits *max;
	struct quota unpacked, files;	/* bytes, names */
	struct unpack_report *report;
	size_t zeros;			/* at the end of the bytes so far, at most a block */
	bool over;
	struct err cause;		/* why reading failed, if it did */
	struct path_walk trail;
	struct entry entry;
	struct late *late;
	size_t late_bytes;
	struct skipped *skipped;
	size_t skipped_n;
	struct sha256 hash;		/* of a layer's tar */
	bool taking;			/* only what the layer takes away from those below */
	struct check *check;		/* of an export of which some files are known */
	size_t index;			/* of the entry */
	bool unfinished;		/* ... which gets something at the end of the archive */
};

static void count_zeros(struct extract *x, const uint8_t *data, size_t n)
{
	size_t k = 0;

	while (k < n && k < BLOCK && !data[n - 1 - k]) k++;
	x->zeros = k < n ? k : x->zeros + k;
}

static ssize_t read_bytes(struct extract *x, const void **data, struct err *e)
{
	ssize_t n = x->over ? 0 : x->bytes->next(x->bytes, data, e);

	if (n <= 0) {
		x->over = true;
		return n;
	}
	if (quota_take_bytes(&x->unpacked, (size_t)n, e) < 0) return -1;
	count_zeros(x, *data, (size_t)n);
	if (x->max->is_layer && !x->taking) sha256_add(&x->hash, *data, (size_t)n);
	return n;
}

static la_ssize_t give_tar(struct archive *tar, void *arg, const void **data)
{
	struct extract *x = arg;
	ssize_t n = read_bytes(x, data, &x->cause);

	(void)tar;
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int fail_tar(struct extract *x, struct err *e)
{
	const char *why = archive_error_string(x->tar);

	if (x->cause.kind) {
		*e = x->cause;
		return -1;
	}
	if (x->over) return fail(e, ERR_INPUT, "the archive ends too early");
	return fail(e, ERR_INPUT, "the archive is damaged or not a tar: %s",
	            why ? why : "unknown");
}

static int add_attr(struct extract *x, const char *name, const void *value, size_t size,
                    struct err *e)
{
	struct entry *n = &x->entry;

	if (entry_keeps(name) && quota_take(&x->files, e) < 0) return -1;
	n->attrs[n->attrs_n++] = (struct attr){ name, value, size };
	return 0;
}

static enum acl_tag acl_tag(int tag)
{
	switch (tag) {
	case ARCHIVE_ENTRY_ACL_USER: return ACL_USER;
	case ARCHIVE_ENTRY_ACL_GROUP: return ACL_GROUP;
	case ARCHIVE_ENTRY_ACL_USER_OBJ: return ACL_OWNER;
	case ARCHIVE_ENTRY_ACL_GROUP_OBJ: return ACL_OWNING_GROUP;
	case ARCHIVE_ENTRY_ACL_MASK: return ACL_MASK;
	default: return ACL_OTHER;
	}
}

/* Read the lines of one ACL; `*named`: some have a name but no number. */
static size_t read_acl(struct extract *x, struct archive_entry *from, int want, size_t room,
                       struct acl_line **lines, bool *named)
{
	int type, perm, tag, id;
	const char *name;
	size_t n = 0;

	*lines = arena_array(&x->of_entry, room + 1, sizeof **lines);
	while (n < room && archive_entry_acl_next(from, want, &type, &perm, &tag, &id, &name) ==
	       ARCHIVE_OK) {
		struct acl_line *l = &(*lines)[n++];

		*l = (struct acl_line){ .tag = acl_tag(tag), .perm = (unsigned)perm & 7 };
		l->id = id < 0 ? ACL_NO_ID : (uint32_t)id;
		l->name = arena_strdup(&x->of_entry, name ? name : "");
		if (id < 0 && (l->tag == ACL_USER || l->tag == ACL_GROUP)) *named = true;
	}
	return n;
}

/* Keep the lines until the end of the archive. False: they need too much memory. */
static bool keep_acl_for_later(struct extract *x, const char *attr,
                               const struct acl_line *lines, size_t n)
{
	size_t size = sizeof(struct late) + strlen(x->entry.path) + n * sizeof *lines;
	struct late *l;

	for (size_t i = 0; i < n; i++) size += strlen(lines[i].name);
	if (size > LATE_BYTES - x->late_bytes) return false;
	x->late_bytes += size;
	l = arena_alloc(&x->m, sizeof *l);
	*l = (struct late){ x->late, arena_strdup(&x->m, x->entry.path), attr,
			    arena_memdup(&x->m, lines, n * sizeof *lines), n };
	for (size_t i = 0; i < n; i++) l->lines[i].name = arena_strdup(&x->m, lines[i].name);
	x->late = l;
	return true;
}

static int read_entry_acl(struct extract *x, struct archive_entry *from, int want,
                          const char *attr, bool *bare, struct err *e)
{
	int room = archive_entry_acl_reset(from, want);
	struct acl_line *lines;
	bool named = false;
	size_t n, size;
	void *value;

	if (room <= 0) return 0;
	n = read_acl(x, from, want, (size_t)room, &lines, &named);
	if (named) {
		x->unfinished = true;
		if (!keep_acl_for_later(x, attr, lines, n)) *bare = true;
		return 0;
	}
	if (!(value = acl_pack(&x->of_entry, lines, n, &size, e))) return -1;
	return add_attr(x, attr, value, size, e);
}

static int read_attrs(struct extract *x, struct archive_entry *from, bool *bare, struct err *e)
{
	int n = archive_entry_xattr_reset(from);
	const char *name;
	const void *value;
	size_t size;

	arena_free(&x->of_entry);
	x->entry.attrs_n = 0;
	x->unfinished = false;
	if (!n && !archive_entry_acl_types(from)) return 0;
	if (n > ATTRS_MAX) return fail(e, ERR_INPUT, "it has too many attributes");
	x->entry.attrs = arena_array(&x->of_entry, (size_t)n + 2, sizeof *x->entry.attrs);
	if (read_entry_acl(x, from, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, "system.posix_acl_access",
	                   bare, e) < 0)
		return -1;
	if (read_entry_acl(x, from, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, "system.posix_acl_default",
	                   bare, e) < 0)
		return -1;
	if (archive_entry_acl_types(from) & ARCHIVE_ENTRY_ACL_TYPE_NFS4) *bare = true;
	while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK) {
		const struct attr a = { name, value, size };

		if (name && x->max->overlay && overlay_is_attr(name)) {
			x->unfinished = true;
			*bare |= !overlay_note(x->max->overlay, x->entry.path, &a);
		} else if (name && add_attr(x, name, value, size, e) < 0) {
			return -1;
		}
	}
	return 0;
}

/* Some tools write the names of a layer with a slash in front: they begin at its root. */
static int clean_name(const struct extract *x, char out[PATH_MAX], const char *name,
                      struct err *e)
{
	return path_walk_clean(out, name + (x->max->is_layer ? strspn(name, "/") : 0), e);
}

/* For chown, (uid_t)-1 means "do not change". */
static int read_owner(struct entry *n, struct archive_entry *from, struct err *e)
{
	la_int64_t uid = archive_entry_uid(from), gid = archive_entry_gid(from);

	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return fail(e, ERR_INPUT, "the number of its owner or group is out of range");
	n->uid = (uid_t)uid;
	n->gid = (gid_t)gid;
	return 0;
}

static int read_kind(struct extract *x, struct archive_entry *from, struct err *e)
{
	struct entry *n = &x->entry;
	const char *target = archive_entry_hardlink(from);
	mode_t type = archive_entry_filetype(from);

	n->target[0] = 0;
	n->link = archive_entry_symlink(from);
	n->mode = type | (archive_entry_perm(from) & 07777);
	n->dev = makedev(archive_entry_rdevmajor(from), archive_entry_rdevminor(from));
	if (target) {
		n->mode = S_IFREG;
		if (clean_name(x, n->target, target, e) < 0)
			return fail_in(e, "hard link to %.200s", target);
		return n->target[0]
		       ? 0 : fail(e, ERR_UNTRUSTED, "it is a hard link to the root");
	}
	if (S_ISLNK(type) && (!n->link || !*n->link))
		return fail(e, ERR_INPUT, "it is a link without a target");
	if (S_ISREG(type) || S_ISDIR(type) || S_ISLNK(type) || S_ISCHR(type) || S_ISBLK(type) ||
	    S_ISFIFO(type))
		return 0;
	return fail(e, ERR_INPUT, "it is of an unknown kind");
}

static int read_entry(struct extract *x, struct archive_entry *from, bool *bare, struct err *e)
{
	struct entry *n = &x->entry;
	long ns = archive_entry_mtime_nsec(from);

	if (read_kind(x, from, e) < 0 || read_owner(n, from, e) < 0) return -1;
	n->mtime.tv_sec = archive_entry_mtime(from);
	n->mtime.tv_nsec = ns >= 0 && ns < 1000000000 ? ns : 0;
	return read_attrs(x, from, bare, e);
}

/* Of `size` bytes, the first of which are these. */
static bool has_use_of(const struct extract *x, const char *data, la_int64_t size)
{
	return !x->max->texts_only || (size <= TEXTS_EACH && (*data == '{' || *data == '['));
}

/* A gap between the pieces, or after the last one, is a hole. */
static int write_contents(struct extract *x, int fd, la_int64_t size, struct err *e)
{
	la_int64_t place, end = 0;
	bool wanted = true;
	const void *data;
	size_t n;
	int rc;

	while ((rc = archive_read_data_block(x->tar, &data, &n, &place)) == ARCHIVE_OK) {
		if (place < end || place > size || (la_int64_t)n > size - place)
			return fail(e, ERR_INPUT, "its contents are out of order or too large");
		if (n == 0) continue;
		if (place > end && quota_take_bytes(&x->unpacked, DISK_BLOCK, e) < 0)
			return -1;
		if (!end) wanted = has_use_of(x, data, size);
		if (wanted && entry_write(&x->trail, fd, data, n, place, e) < 0) return -1;
		end = place + (la_int64_t)n;
		x->report->bytes += n;
	}
	if (rc != ARCHIVE_EOF) return fail_tar(x, e);
	return end < size || !wanted ? entry_extend(&x->trail, fd, size, e) : 0;
}

static int extract_file(struct extract *x, la_int64_t size, bool *bare, struct err *e)
{
	AUTOCLOSE int fd = entry_open(&x->trail, &x->entry, e);

	if (fd < 0) return -1;
	if (size > 0 && write_contents(x, fd, size, e) < 0) return -1;
	return entry_finish(&x->trail, &x->entry, fd, bare, e);
}

static bool is_device(const struct entry *n)
{
	return S_ISCHR(n->mode) || S_ISBLK(n->mode);
}

/* Keep the path, because hard links to it are skipped too. Above SKIPPED_MAX such links are a
 * fault. */
static void skip_device(struct extract *x)
{
	struct skipped *s;

	x->report->skipped++;
	if (x->skipped_n++ >= SKIPPED_MAX) return;
	s = arena_alloc(&x->m, sizeof *s);
	*s = (struct skipped){ x->skipped, arena_strdup(&x->m, x->entry.path) };
	x->skipped = s;
}

static bool was_skipped(const struct extract *x, const char *path)
{
	const struct skipped *s = x->skipped;

	while (s && !str_eq(s->path, path)) s = s->next;
	return s;
}

/* The system call filter allows the same devices. */
static int extract_name(struct extract *x, bool *bare, struct err *e)
{
	const struct entry *n = &x->entry;
	int rc = 1;

	if (!is_device(n) || (!x->max->no_devices && device_is_harmless(n->mode, n->dev)))
		rc = entry_make(&x->trail, n, bare, e);
	if (rc < 0 && n->target[0] && e->sys == ENOENT && was_skipped(x, n->target)) rc = 1;
	if (rc > 0) skip_device(x);
	return rc < 0 ? -1 : 0;
}

/* A file that is here already. The parent makes it, in the directory that it gets here. */
static int extract_same(struct extract *x, struct archive_entry *from, const char *path,
                        struct err *e)
{
	struct archive *tar = x->tar;
	unsigned char sum[HAVE_HASH];
	struct step *dir;
	const char *name;

	memmove(x->entry.path, path, strlen(path) + 1);
	path = x->entry.path;
	if (!str_starts(path, PACK_ROOT "/") || archive_entry_size(from) != HAVE_HASH)
		return fail(e, ERR_UNTRUSTED, "it is not the hash of a file");
	if (archive_read_data(tar, sum, HAVE_HASH) != HAVE_HASH) return fail_tar(x, e);
	x->index++;
	if (!(dir = path_walk_go_above(&x->trail, path, &name, e))) return -1;
	dir->changed = true;
	if (same_ask(STDOUT_FILENO, path, sum, e) < 0) return -1;
	have_note(x->max->known->notes, path, sum);
	x->report->entries++;
	return 0;
}

/* It is whole: what the check has counted of it says which one it is. */
static void note_whole(struct extract *x, struct archive_entry *from)
{
	const struct entry *n = &x->entry;
	unsigned char sum[HAVE_HASH];

	if (!x->check || !check_sum_of(x->check, x->index++, sum)) return;
	if (x->unfinished || !S_ISREG(n->mode) || n->target[0]) return;
	if (archive_entry_size(from) > 0 && str_starts(n->path, PACK_ROOT "/"))
		have_note(x->max->known->notes, n->path, sum);
}

static int extract_kind(struct extract *x, struct archive_entry *from, struct err *e)
{
	bool bare = false;
	int rc = read_entry(x, from, &bare, e);

	if (rc == 0 && S_ISREG(x->entry.mode) && !x->entry.target[0])
		rc = extract_file(x, archive_entry_size(from), &bare, e);
	else if (rc == 0)
		rc = extract_name(x, &bare, e);
	if (rc < 0) return -1;
	x->report->entries++;
	x->report->bare += bare;
	note_whole(x, from);
	return 0;
}

static int extract_entry(struct extract *x, struct archive_entry *from, struct err *e)
{
	const char *name = archive_entry_pathname(from), *path = x->entry.path;
	int rc;

	if (!name || !*name) return fail(e, ERR_INPUT, "an archive entry has no name");
	if (quota_take(&x->files, e) < 0) return -1;
	rc = clean_name(x, x->entry.path, name, e);
	if (rc == 0 && x->taking)
		rc = layer_white_out(x->trail.step[0].fd, path, e);
	else if (rc == 0 && x->check && str_starts(path, HAVE_SAME))
		rc = extract_same(x, from, path + strlen(HAVE_SAME), e);
	else if (rc == 0 && !(x->max->is_layer && layer_reserves(path)))
		rc = extract_kind(x, from, e);
	return rc < 0 ? fail_in(e, "archive entry %.400s", name) : 0;
}

static bool is_name_notice(struct archive *tar)
{
	const char *why = archive_error_string(tar);

	return why && strstr(why, "can't be converted from");
}

static int extract_entries(struct extract *x, struct err *e)
{
	struct archive_entry *from;
	int rc;

	while ((rc = archive_read_next_header(x->tar, &from)) != ARCHIVE_EOF) {
		if (rc != ARCHIVE_OK && (rc != ARCHIVE_WARN || !is_name_notice(x->tar)))
			return fail_tar(x, e);
		if (extract_entry(x, from, e) < 0) return -1;
	}
	return 0;
}

/* libarchive accepts an end between two entries, but a complete tar ends with blocks of zeros.
 * Reading to the end makes the decoder verify its checksums. */
static int check_end(struct extract *x, struct err *e)
{
	const void *data;
	ssize_t n;

	if (x->over && x->zeros < BLOCK)
		return fail(e, ERR_INPUT, "the archive ends too early");
	while ((n = read_bytes(x, &data, e)) > 0)
		;
	if (n < 0) return -1;
	if (x->report->entries || x->max->is_layer) return 0;
	return fail(e, ERR_INPUT, "the archive has no entries");
}

/* Check the kind before opening, because opening a device may have effects. No other process
 * changes the tree meanwhile. */
static const char *read_users_at(struct extract *x, const char *path)
{
	int root = x->trail.step[0].fd;
	AUTOCLOSE int place = open_in_root(root, path, O_PATH | O_NOFOLLOW, 0, NULL), fd = -1;
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0 || !S_ISREG(st.st_mode)) return NULL;
	fd = open_in_root(root, path, O_RDONLY | O_NOFOLLOW, 0, NULL);
	return fd < 0 ? NULL : read_all(&x->m, fd, USERS_MAX, NULL, NULL);
}

/* The root file system may lie deeper: provision/layout_root.c finds it afterwards. */
static const char *read_users(struct extract *x, const char *name)
{
	static const char *const roots[] = { "", "rootfs/", "backup/container/rootfs/" };
	const char *text = NULL;

	for (size_t i = 0; !text && i < sizeof roots / sizeof *roots; i++)
		text = read_users_at(x, arena_printf(&x->m, "%s%s", roots[i], name));
	return text ? text : "";
}

static int finish_acl(struct extract *x, struct late *l, const char *users, const char *groups,
                      bool *bare, struct err *e)
{
	struct attr a = { .name = l->attr };

	for (size_t i = 0; i < l->n; i++) {
		struct acl_line *line = &l->lines[i];

		if (line->id != ACL_NO_ID || (line->tag != ACL_USER && line->tag != ACL_GROUP))
			continue;
		line->id = acl_find_id(line->tag == ACL_USER ? users : groups, line->name);
		if (line->id == ACL_NO_ID) *bare = true;
	}
	if (*bare) return 0;
	if (!(a.value = acl_pack(&x->m, l->lines, l->n, &a.size, e))) return -1;
	return entry_set_attr(&x->trail, l->path, &a, bare, e);
}

static int finish_acls(struct extract *x, struct err *e)
{
	const char *users, *groups;

	if (!x->late) return 0;
	users = read_users(x, "etc/passwd");
	groups = read_users(x, "etc/group");
	for (struct late *l = x->late; l; l = l->next) {
		bool bare = false;

		if (finish_acl(x, l, users, groups, &bare, e) < 0)
			return fail_in(e, "archive entry %.400s", l->path);
		x->report->bare += bare;
	}
	return 0;
}

static int open_tar(struct extract *x, struct err *e)
{
	if (!(x->tar = archive_read_new())) return fail(e, ERR_HOST, "no memory");
	archive_read_support_format_tar(x->tar);
	return archive_read_open(x->tar, x, NULL, give_tar, NULL) == ARCHIVE_OK
	       ? 0 : fail_tar(x, e);
}

static int extract_tar(struct extract *x, struct err *e)
{
	if (open_tar(x, e) < 0 || extract_entries(x, e) < 0 || check_end(x, e) < 0) return -1;
	return finish_acls(x, e);
}

/* The tar has been decoded and read to its end. */
static int extract_export(struct extract *x, struct pull *decoded,
                          const struct check_seal *seal, struct err *e)
{
	struct check *c = check_open(&x->m, decoded, NULL);

	x->bytes = check_out(c);
	if (x->max->known) check_count_sums(x->check = c);
	if (extract_tar(x, e) < 0 || check_finish(c, e) < 0) return -1;
	return check_seal_finish(seal, e);
}

static int extract_all(struct extract *x, struct pull *from, struct err *e)
{
	struct check_seal *seal = NULL;
	struct decode *d;
	int rc;

	if (x->max->is_export) seal = check_seal_open(&x->m, from);
	if (!(d = decode_open(&x->m, seal ? check_seal_out(seal) : from, e))) return -1;
	x->bytes = decode_out(d);
	rc = seal ? extract_export(x, x->bytes, seal, e) : extract_tar(x, e);
	decode_close(d);
	return rc;
}

static struct quota rest_of(uint64_t max, uint64_t used, bool fixed)
{
	return (struct quota){ max > used ? max - used : 0, max, fixed };
}

static int extract_from(struct extract *x, struct pull *from, int root, struct err *e)
{
	const struct unpack_limits *l = x->max;
	struct looking *looking = x->trail.looking;
	int rc;

	x->unpacked = rest_of(l->bytes, l->used_bytes, l->fixed);
	x->files = rest_of(l->entries, l->used_entries, l->fixed);
	sha256_begin(&x->hash);
	rc = path_walk_begin(&x->trail, root, &x->files, e);
	x->trail.looking = looking;
	x->trail.layered = l->is_layer;
	if (rc == 0) rc = extract_all(x, from, e);
	if (x->tar) archive_read_free(x->tar);
	if (path_walk_end(&x->trail, rc ? NULL : e) < 0) rc = -1;
	arena_free(&x->of_entry);
	arena_free(&x->m);
	return rc;
}

int extract(struct pull *from, int root, const struct unpack_limits *limits,
            struct looking *looking, struct unpack_report *r, struct err *e)
{
	struct extract x = { .report = r, .max = limits, .trail.looking = looking };
	int rc = extract_from(&x, from, root, e);

	r->used_bytes = limits->bytes - x.unpacked.left;
	r->used_entries = limits->entries - x.files.left;
	sha256_end(&x.hash, r->diff_id);
	return rc;
}

int extract_whiteouts(struct pull *from, int root, const struct unpack_limits *limits,
                      struct err *e)
{
	struct unpack_report none = { 0 };
	struct extract x = { .report = &none, .max = limits, .taking = true };

	return extract_from(&x, from, root, e);
}
