#include "lib/ops/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mount.h"
#include "lib/engine/engine.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/ops/copy.h"
#include "lib/ops/quota.h"
#include "lib/ops/snapshot.h"
#include "lib/store/snapshot.h"

enum { LOCK_WAIT_MS = 10000 };

static void warn_of_fault(struct arena *m, const struct fault *f, const char *what)
{
	out_warn("%s%s%s", what ? what : "", what ? ": " : "", fault_sentence(m, f));
}

void op_config_tell(const struct faults *found, const char *what)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->v[i].severity != FAULT_HINT)
			warn_of_fault(found->m, &found->v[i], what);
}

void op_config_hints(const struct faults *found, const char *what)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->v[i].severity == FAULT_HINT)
			out_note("%s%s%s", what ? what : "", what ? ": " : "",
			         fault_sentence(found->m, &found->v[i]));
}

int op_config_heed(const struct conf_check *k, const char *what, const char *path,
                   struct err *e)
{
	const struct fault *first = faults_first_error(&k->found);

	for (size_t i = 0; i < k->found.n; i++)
		if (k->found.v[i].severity != FAULT_HINT && &k->found.v[i] != first)
			warn_of_fault(k->found.m, &k->found.v[i], what);
	return conf_check_fail(k, path, e);
}

/* -- where it lies -- */

/* Where a jail's config lies: in its directory, usually, else where its link leads. */
struct place {
	struct jail *jail;
	int dir, held;			/* the config's directory and the lock of that */
	const char *name, *folder;	/* of the config in `dir`; path of that */
};

static void close_place(struct place *p)
{
	if (p->dir >= 0) close(p->dir);
	if (p->held >= 0) close(p->held);
	jail_unlock(p->jail);
}

#define AUTOPLACE __attribute__((cleanup(close_place))) struct place

static int open_folder(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", path) : fd;
}

static int fail_dangling(const struct place *p, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(p->jail->fd, LAYOUT_CONFIG, target, sizeof target - 1);

	if (n < 0) return fail_sys(e, "read the link " LAYOUT_CONFIG);
	target[n] = 0;
	return fail(e, ERR_INPUT, LAYOUT_CONFIG " is a link to %s, which does not exist",
	            target);
}

static int follow_link(struct arena *m, struct place *p, struct err *e)
{
	AUTOCLOSE int fd = openat(p->jail->fd, LAYOUT_CONFIG, O_PATH | O_CLOEXEC);
	const char *path, *slash;

	if (fd < 0 && errno == ENOENT) return fail_dangling(p, e);
	if (fd < 0) return fail_sys(e, "open " LAYOUT_CONFIG);
	if (!(path = mount_fd_path(m, fd, e))) return -1;
	slash = strrchr(path, '/');
	p->name = slash + 1;
	p->folder = slash == path ? "/" : arena_strndup(m, path, (size_t)(slash - path));
	return p->dir = open_folder(p->folder, e);
}

static int find_place(struct arena *m, struct place *p, struct err *e)
{
	struct jail *j = p->jail;
	struct stat st;

	if (jail_check_own(j, e) < 0) return -1;
	p->name = LAYOUT_CONFIG;
	p->folder = j->path;
	if (fstatat(j->fd, LAYOUT_CONFIG, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISLNK(st.st_mode))
		return p->dir = fcntl(j->fd, F_DUPFD_CLOEXEC, 3);
	return follow_link(m, p, e) < 0 ? fail_in(e, "%s", j->path) : 0;
}

/* Jails whose configs are links to one file have a lock each, the file has this one. Its inode
 * is another one with each change, that of its directory stays. */
static int lock_place(struct arena *m, struct place *p, struct err *e)
{
	struct stat st;

	if (fstat(p->dir, &st) < 0) return fail_sys(e, "stat %s", p->folder);
	p->held = lock_named(arena_printf(m, "config:%jx:%jx", (uintmax_t)st.st_dev,
	                                  (uintmax_t)st.st_ino), deadline_in(LOCK_WAIT_MS),
	                     arena_printf(m, "%s/%s", p->folder, p->name), e);
	return p->held < 0 ? -1 : 0;
}

static int take_place(struct arena *m, struct place *p, struct err *e)
{
	if (jail_lock(p->jail, e) < 0) return -1;
	if (find_place(m, p, e) < 0 || lock_place(m, p, e) < 0) return -1;
	sweep_replaced(p->dir, p->name);
	sweep_replaced(p->jail->fd, LAYOUT_BEFORE);
	return 0;
}

/* One of another user may be read and changed, and stays his: only what runs it refuses. */
static char *read_place(struct arena *m, const struct place *p, struct err *e)
{
	const char *path = arena_printf(m, "%s/%s", p->folder, p->name);
	struct err why = { 0 };
	AUTOCLOSE int own = conf_open_own(p->dir, p->name, path, &why);

	if (own < 0 && why.kind == ERR_UNTRUSTED) out_note("%s", why.text);
	return conf_read_file(m, p->dir, p->name, path, e);
}

/* A link that leads nowhere is no missing config. */
static bool has_config(const struct jail *j)
{
	return faccessat(j->fd, LAYOUT_CONFIG, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	       errno != ENOENT;
}

/* What the config says; of a jail that has none, what a new one would say. */
static char *read_or_default(struct arena *m, const struct place *p, struct err *e)
{
	return has_config(p->jail) ? read_place(m, p, e) : conf_default_text(m);
}

/* The kernel's word for both is "Operation not permitted", even for root. */
static int check_flags(struct arena *m, int fd, const char *path, struct err *e)
{
	char *const word[] = { (char *)path, NULL };
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 ||
	    !(flags & (FS_IMMUTABLE_FL | FS_APPEND_FL)))
		return 0;
	return fail(e, ERR_HOST, "%s is %s; 'chattr -%c %s' ends that", path,
	            flags & FS_IMMUTABLE_FL ? "immutable" : "append-only",
	            flags & FS_IMMUTABLE_FL ? 'i' : 'a', words_quoted(m, word));
}

static int open_old(const struct place *p, struct err *e)
{
	int fd = openat(p->dir, p->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s/%s", p->folder, p->name) : fd;
}

/* `old` < 0: there is no config yet. */
static int check_writable(struct arena *m, const struct place *p, int old, struct err *e)
{
	struct statvfs fs;

	if (fstatvfs(p->dir, &fs) == 0 && fs.f_flag & ST_RDONLY)
		return fail(e, ERR_HOST, "%s/%s is on a read-only file system", p->folder,
		            p->name);
	if (old >= 0 && check_flags(m, old, arena_printf(m, "%s/%s", p->folder, p->name),
	                            e) < 0) return -1;
	if (check_flags(m, p->dir, p->folder, e) < 0) return -1;
	if (op_check_not_standby(m, p->jail, e) < 0) return -1;
	return check_flags(m, p->jail->fd, p->jail->path, e);
}

static int create_config(struct arena *m, const struct place *p, const char *text,
                         struct err *e)
{
	if (check_writable(m, p, -1, e) < 0) return -1;
	if (replace_file(p->dir, p->name, text, strlen(text), 0600, e) < 0)
		return fail_in(e, "%s", p->folder);
	return 0;
}

/* What the file said is kept in the jail's directory, wherever the config lies. */
static int write_config(struct arena *m, const struct place *p, const char *before,
                          const char *text, struct err *e)
{
	AUTOCLOSE int old = -1;
	struct stat st;

	if (strlen(text) > CONF_MAX)
		return fail(e, ERR_INPUT, "%s/%s would be larger than %d bytes", p->folder,
		            p->name, CONF_MAX);
	if (!has_config(p->jail)) return create_config(m, p, text, e);
	if ((old = open_old(p, e)) < 0) return -1;
	if (fstat(old, &st) < 0) return fail_sys(e, "stat %s/%s", p->folder, p->name);
	if (check_writable(m, p, old, e) < 0) return -1;
	if (replace_file(p->jail->fd, LAYOUT_BEFORE, before, strlen(before), 0600, e) < 0)
		return fail_in(e, "%s", p->jail->path);
	if (replace_file_like(p->dir, p->name, text, strlen(text), old, e) < 0)
		return fail_in(e, "%s", p->folder);
	if (st.st_nlink > 1)
		out_warn("%s/%s had %ju hard links: the others still say what it said before",
		         p->folder, p->name, (uintmax_t)st.st_nlink);
	return 0;
}

/* auto_snapshot has to be on in both: where no snapshot can be made, it can be turned off. */
static int make_before(struct arena *m, struct jail *j, const struct conf *old,
                       const struct conf *new, const char *why, struct err *e)
{
	if (!why || !old->auto_snapshot.on || !new->auto_snapshot.on) return 0;
	return op_snapshot_before(m, j, why, e);
}

/* `why`: of the snapshot that auto_snapshot=1 asks for; NULL: none. */
static int replace_config(struct arena *m, const struct place *p, const char *before,
                          const char *text, const char *why, struct err *e)
{
	struct faults ignored = { .m = m };
	struct conf old, new;

	conf_read_all(m, before, &old, &ignored);
	conf_read_all(m, text, &new, &ignored);
	if (make_before(m, p->jail, &old, &new, why, e) < 0) return -1;
	if (op_quota_change(m, p->jail, &old, &new, e) < 0) return -1;
	if (write_config(m, p, before, text, e) == 0) return 0;
	op_quota_change(m, p->jail, &new, &old, NULL);
	return -1;
}

char *op_config_read(struct arena *m, struct jail *j, bool *is_new, struct err *e)
{
	AUTOPLACE p = { .jail = j, .dir = -1, .held = -1 };
	AUTOCLOSE int old = -1;
	char *text;

	if (find_place(m, &p, e) < 0 || !(text = read_or_default(m, &p, e))) return NULL;
	*is_new = !has_config(j);
	if (!*is_new && (old = open_old(&p, e)) < 0) return NULL;
	return check_writable(m, &p, old, e) < 0 ? NULL : text;
}

static struct faults find_news(struct arena *m, const char *before, const char *now)
{
	struct conf_check old, new;

	conf_check(m, before, &old);
	conf_check(m, now, &new);
	return faults_new(&new.found, &old.found);
}

static char *change_text(struct arena *m, const char *text, const struct config_change *change,
                         struct err *e)
{
	return change->add ? conf_add(m, text, change->key, change->value, e)
	                   : conf_set(m, text, change->key, change->value, e);
}

int op_config_change(struct arena *m, struct jail *j, const struct config_change *changes,
                     size_t n, bool by_user, struct config_changed *changed, struct err *e)
{
	AUTOPLACE p = { .jail = j, .dir = -1, .held = -1 };
	const char *before;
	char *text;

	if (take_place(m, &p, e) < 0 || !(before = read_or_default(m, &p, e))) return -1;
	text = arena_strdup(m, before);
	for (size_t i = 0; text && i < n; i++)
		text = change_text(m, text, &changes[i], e);
	if (!text) return -1;
	*changed = (struct config_changed){ before, text, find_news(m, before, text) };
	if (str_eq(text, before)) return 0;
	return replace_config(m, &p, before, text, by_user ? SNAPSHOT_CONFIG : NULL, e) < 0 ?
	       -1 : 1;
}

int op_config_replace(struct arena *m, struct jail *j, const char *before,
                      const char *text, struct err *e)
{
	AUTOPLACE p = { .jail = j, .dir = -1, .held = -1 };
	const char *now;

	if (take_place(m, &p, e) < 0 || !(now = read_or_default(m, &p, e))) return -1;
	if (!str_eq(now, before)) return fail(e, ERR_BUSY, "the config was changed meanwhile");
	return replace_config(m, &p, now, text, SNAPSHOT_EDIT, e);
}

/* -- what a change means -- */

/* The keys of that use whose values differ, as far as the texts can be read. */
static size_t find_changed(struct arena *m, const char *before, const char *now,
                           enum conf_use use, struct words *keys)
{
	struct faults ignored = { .m = m };
	struct conf old, new;
	const char *key;

	conf_read_all(m, before, &old, &ignored);
	conf_read_all(m, now, &new, &ignored);
	for (size_t i = 0; (key = conf_key(i)); i++)
		if (conf_use(key) == use && !str_eq(conf_value(&old, key, NULL),
		                                    conf_value(&new, key, NULL)))
			words_add(keys, key);
	return keys->n;
}

void op_config_tell_use(struct engine *en, const struct jail *j, const char *before,
                        const char *now)
{
	struct words start = { .m = en->m }, setup = start, never = start;
	const char *list;

	if (find_changed(en->m, before, now, CONF_AT_CREATE, &never)) {
		list = words_join(en->m, words_list(&never), " and ");
		out_note("%s %s read only when a jail is created: %s stays what it is.", list,
		         never.n > 1 ? "are" : "is", j->name);
	}
	if (find_changed(en->m, before, now, CONF_AT_SETUP, &setup))
		out_note("'jlmkr setup %s' runs the new initial_setup.", j->name);
	if (find_changed(en->m, before, now, CONF_AT_START, &start) &&
	    jail_runs(engine_state(en, j, NULL, NULL)))
		out_note("%s runs with its old config until 'jlmkr restart %s'.", j->name,
		         j->name);
}
