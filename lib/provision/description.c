#include "lib/provision/description.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/image/metadata.h"
#include "lib/image/pick.h"
#include "lib/provision/cloud.h"

enum { TEMPLATE_MAX = 64 * 1024 };

static char *read_plain(struct arena *m, int dir, const char *path, size_t max, size_t *n,
                        struct err *e)
{
	AUTOCLOSE int place = place_in_root(dir, path, O_NOFOLLOW, e), fd = -1;
	char *text;

	if (place < 0 || (fd = reopen_file(place, path, e)) < 0) return NULL;
	if (!(text = read_all(m, fd, max, n, e))) fail_in(e, "%s", path);
	return text;
}

static bool is_made_elsewhere(const char *target)
{
	return str_eq(target, "/etc/hostname") || str_eq(target, "/etc/hosts") ||
	       str_starts(target, CLOUD_SEED "/");
}

static int read_texts(struct arena *m, int dir, struct image_metadata *d, struct err *e)
{
	for (size_t i = 0; i < d->templates_n; i++) {
		struct image_template *t = &d->templates[i];
		const char *path = arena_printf(m, "templates/%s", t->file);
		size_t n;

		if (!t->when_created || is_made_elsewhere(t->target)) continue;
		t->text = read_plain(m, dir, path, TEMPLATE_MAX, &n, e);
		if (!t->text) return fail_in(e, "metadata.yaml: template %s", t->target);
		if (strlen(t->text) != n)
			return fail(e, ERR_INPUT, "template %s is not a text", t->file);
	}
	return 0;
}

int description_read(struct arena *m, int dir, struct image_metadata *out, struct err *e)
{
	struct err why = { 0 };
	size_t n;
	char *text = read_plain(m, dir, "metadata.yaml", METADATA_MAX, &n, &why);

	if (!text)
		return fail(e, why.sys == ENOENT ? ERR_MISSING : why.kind, "%s", why.text);
	if (image_metadata_parse(m, text, n, out, e) < 0) return -1;
	return read_texts(m, dir, out, e);
}

int description_check(const struct image_metadata *d, struct err *e)
{
	if (image_arch_runs(d->arch)) return 0;
	return fail(e, ERR_INPUT, "it is an image for %s, and this machine is %s", d->arch,
	            image_arch());
}

/* -- templates -- */

/* Behind the words "{{ container.name }}" at `s`, or NULL. */
static const char *behind_name(const char *s)
{
	s += 2 + strspn(s + 2, " ");
	if (!str_starts(s, "container.name") && !str_starts(s, "instance.name")) return NULL;
	s = strchr(s, '.') + strlen(".name");
	s += strspn(s, " ");
	return str_starts(s, "}}") ? s + 2 : NULL;
}

/* NULL: it has other words in braces. */
static const char *fill_names(struct arena *m, const char *text, const char *name)
{
	struct str out = { .m = m };

	for (; *text; text++) {
		if (*text != '{' || !strchr("{%#", text[1]) || !text[1]) {
			str_addc(&out, *text);
			continue;
		}
		if (text[1] != '{' || !(text = behind_name(text))) return NULL;
		str_add(&out, name);
		text--;
	}
	return str_text(&out);
}

/* A file that exists keeps its owner and its mode. */
static int write_template(const struct image_template *t, int root,
                          const char *text, struct err *e)
{
	AUTOCLOSE int old = place_in_root(root, t->target, O_NOFOLLOW, NULL), now = -1;
	struct stat st = { .st_uid = t->uid, .st_gid = t->gid, .st_mode = t->mode };

	if (old >= 0 && t->create_only) return 0;
	if (old >= 0 && (fstat(old, &st) < 0 || S_ISLNK(st.st_mode)))
		st = (struct stat){ .st_mode = 0644 };
	if (mkdirs_above_in_root(root, t->target, 0755, e) < 0 ||
	    write_in_root(root, t->target, text, 0600, e) < 0)
		return -1;
	now = open_in_root(root, t->target, O_RDONLY | O_NOFOLLOW, 0, e);
	if (now < 0) return -1;
	return fchown(now, st.st_uid, st.st_gid) < 0 || fchmod(now, st.st_mode & 07777) < 0
	       ? fail_sys(e, "%s", t->target) : 0;
}

int description_apply(const struct image_metadata *d, int rootfs, const char *name,
                      struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	for (size_t i = 0; i < d->templates_n; i++) {
		const struct image_template *t = &d->templates[i];
		const char *text = t->text ? fill_names(&m, t->text, name) : NULL;

		if (!t->text) continue;
		if (!text)
			out_note("The template of %s is left out: it has more than the name "
			         "in braces", t->target);
		else if (write_template(t, rootfs, text, e) < 0)
			return fail_in(e, "template");
	}
	return 0;
}
