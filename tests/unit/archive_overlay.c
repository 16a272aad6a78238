/* Attributes of overlayfs that a child has noted, which may be a hostile one. */

#include "lib/archive/overlay.h"

#include <sys/xattr.h>

#include "lib/archive/entry.h"
#include "tests/unit/disk_world.h"

static struct overlay_notes *begin(struct world *w)
{
	struct overlay_notes *o;

	if (geteuid() != 0) SKIP("only root has attributes in trusted.");
	world_make(w);
	CHECK(o = overlay_new(&w->e));
	CHECK_INT(world_shell(w, "mkdir -p inside/a/b && echo x > inside/a/file &&"
	                         "ln -s ../outside inside/out && ln -s a inside/way &&"
	                         "ln -s file inside/a/link && mkfifo inside/fifo"), 0);
	return o;
}

static void note(struct overlay_notes *o, const char *path, const char *name)
{
	const struct attr a = { name, "y", 1 };

	CHECK(overlay_note(o, path, &a));
}

/* The attribute of a file in the folder; "" if it has none. */
static const char *attr_of(const struct world *w, const char *path, const char *name)
{
	static char value[8];
	char whole[128];
	ssize_t n;

	snprintf(whole, sizeof whole, "%s/%s", w->path, path);
	n = lgetxattr(whole, name, value, sizeof value - 1);
	value[n < 0 ? 0 : n] = 0;
	return value;
}

static const char opaque[] = "trusted.overlay.opaque";

TEST(they_are_set_on_what_they_are_of)
{
	struct world w;
	struct overlay_notes *o = begin(&w);

	note(o, "", opaque);
	note(o, "a/b", opaque);
	note(o, "a/file", "trusted.overlay.origin");
	CHECK_INT(overlay_set(o, w.inside), 0);
	CHECK_STR(attr_of(&w, "inside", opaque), "y");
	CHECK_STR(attr_of(&w, "inside/a/b", opaque), "y");
	CHECK_STR(attr_of(&w, "inside/a/file", "trusted.overlay.origin"), "y");
	CHECK_STR(attr_of(&w, "inside/a", opaque), "");
	overlay_free(o);
	world_drop(&w);
}

TEST(nothing_else_is_set_whatever_the_notes_say)
{
	static const char *const paths[] = { "../outside", "out", "out/kept", "/etc", "way/b",
					     "a/link", "fifo", "missing" };
	struct world w;
	struct overlay_notes *o = begin(&w);

	for (size_t i = 0; i < 8; i++) note(o, paths[i], opaque);
	note(o, "a", "trusted.jlmkr");
	note(o, "a", "security.capability");
	note(o, "a", "user.x");
	CHECK_INT(overlay_set(o, w.inside), 11);
	CHECK_STR(attr_of(&w, "outside", opaque), "");
	CHECK_STR(attr_of(&w, "outside/kept", opaque), "");
	CHECK_STR(attr_of(&w, "inside/a/b", opaque), "");
	CHECK_STR(attr_of(&w, "inside/a/file", opaque), "");
	CHECK_STR(attr_of(&w, "inside/a", "trusted.jlmkr"), "");
	CHECK_STR(attr_of(&w, "inside/a", "user.x"), "");
	overlay_free(o);
	world_drop(&w);
}

/* Each cut of a note, and sizes that lie. */
TEST(notes_that_are_damaged_end_there)
{
	struct world w;
	struct overlay_notes *o = begin(&w);
	size_t whole;

	note(o, "a/b", opaque);
	whole = o->n;
	for (size_t n = 0; n < whole; n++) {
		o->n = n;
		CHECK_INT(overlay_set(o, w.inside), 0);
	}
	CHECK_STR(attr_of(&w, "inside/a/b", opaque), "");
	o->n = whole;
	memset(o->text, 0xff, 2);
	CHECK_INT(overlay_set(o, w.inside), 0);
	o->n = SIZE_MAX;
	memset(o->text, 'x', sizeof o->text);
	CHECK_INT(overlay_set(o, w.inside), 0);
	overlay_free(o);
	world_drop(&w);
}

TEST(there_is_no_room_for_more)
{
	static char value[60000];
	const struct attr a = { opaque, value, sizeof value };
	struct world w;
	struct overlay_notes *o = begin(&w);
	int n = 0;

	while (overlay_note(o, "a", &a)) n++;
	CHECK_INT(n, (int)(sizeof o->text / (sizeof value + 2 + 2 + sizeof opaque)));
	CHECK(o->n <= sizeof o->text);
	overlay_free(o);
	world_drop(&w);
}
