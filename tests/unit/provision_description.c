#include "lib/provision/description.h"

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/image/metadata.h"
#include "lib/image/pick.h"
#include "tests/unit/root_world.h"

static const char yaml[] =
	"architecture: x86_64\nproperties: {os: Debian, release: bookworm}\ntemplates:\n"
	"  /etc/hostname: {when: [create], template: name.tpl}\n"
	"  /etc/app/deep/conf: {when: [create], template: app.tpl, mode: '0600'}\n"
	"  /etc/old: {when: [create, start], template: app.tpl, mode: '0600'}\n"
	"  /etc/kept: {when: [create], template: app.tpl, create_only: true}\n"
	"  /etc/later: {when: [start], template: missing.tpl}\n"
	"  /etc/odd: {when: [create], template: odd.tpl}\n"
	"  /var/lib/cloud/seed/nocloud-net/meta-data: {when: [create], template: no.tpl}\n";

static void make_image(struct world *w)
{
	world_make(w);
	mkdirat(w->root, "templates", 0755);
	mkdirat(w->root, "etc", 0755);
	put(w, "/metadata.yaml", yaml);
	put(w, "/templates/name.tpl", "{{ container.name }}\n");
	put(w, "/templates/app.tpl", "a={{ container.name }} b={{instance.name}} {c}\n");
	put(w, "/templates/odd.tpl", "{% if a == b %}x{% endif %}\n");
	put(w, "/etc/old", "old\n");
	CHECK_INT(fchmodat(w->root, "etc/old", 0640, 0), 0);
	put(w, "/etc/kept", "old\n");
}

TEST(templates)
{
	struct world w;
	struct err e = { 0 };
	struct image_metadata d;
	struct stat st;

	make_image(&w);
	CHECK_INT(description_read(&w.m, w.root, &d, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(d.distro, "debian");
	CHECK_INT(description_apply(&d, w.root, "web", &e), 0);
	CHECK_STR(get(&w, "/etc/hostname"), "(none)");
	CHECK_STR(get(&w, "/etc/app/deep/conf"), "a=web b=web {c}\n");
	CHECK_STR(get(&w, "/etc/old"), "a=web b=web {c}\n");
	CHECK_STR(get(&w, "/etc/kept"), "old\n");
	CHECK_STR(get(&w, "/etc/later"), "(none)");
	CHECK_STR(get(&w, "/etc/odd"), "(none)");
	CHECK(faccessat(w.root, "var", F_OK, 0) < 0);
	CHECK_INT(fstatat(w.root, "etc/app/deep/conf", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0600);
	CHECK_INT(fstatat(w.root, "etc/app/deep", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0755);
	CHECK_INT(fstatat(w.root, "etc/old", &st, 0), 0);
	CHECK_INT(st.st_mode & 07777, 0640);
	world_drop(&w);
}

TEST(a_template_through_a_link_stays_inside)
{
	struct world w;
	struct err e = { 0 };
	struct image_metadata d;
	char target[200];

	make_image(&w);
	snprintf(target, sizeof target, "%s/outside", w.path);
	CHECK_INT(symlinkat(target, w.root, "etc/app"), 0);
	unlinkat(w.root, "etc/old", 0);
	snprintf(target, sizeof target, "%s/outside/bait", w.path);
	CHECK_INT(symlinkat(target, w.root, "etc/old"), 0);
	CHECK_INT(description_read(&w.m, w.root, &d, &e), 0);
	CHECK(description_apply(&d, w.root, "web", &e) < 0);
	CHECK_INT(dir_is_empty(w.outside), 1);
	CHECK_INT(unlinkat(w.root, "etc/app", 0), 0);
	CHECK_INT(description_apply(&d, w.root, "web", &e), 0);
	CHECK_INT(dir_is_empty(w.outside), 1);
	CHECK_STR(get(&w, "/etc/old"), "a=web b=web {c}\n");
	world_drop(&w);
}

static void refuses(void (*spoil)(struct world *w), const char *want, int kind)
{
	struct world w;
	struct err e = { 0 };
	struct image_metadata d;

	make_image(&w);
	spoil(&w);
	CHECK(description_read(&w.m, w.root, &d, &e) < 0);
	CHECK_STR(e.text, want);
	CHECK_INT(e.kind, kind);
	world_drop(&w);
}

static void lose_yaml(struct world *w)
{
	unlinkat(w->root, "metadata.yaml", 0);
}

static void link_yaml(struct world *w)
{
	lose_yaml(w);
	CHECK_INT(symlinkat("templates/name.tpl", w->root, "metadata.yaml"), 0);
}

static void link_template(struct world *w)
{
	unlinkat(w->root, "templates/app.tpl", 0);
	CHECK_INT(symlinkat("/etc/passwd", w->root, "templates/app.tpl"), 0);
}

static void lose_template(struct world *w)
{
	unlinkat(w->root, "templates/app.tpl", 0);
}

TEST(what_is_refused)
{
	refuses(lose_yaml, "metadata.yaml: No such file or directory", ERR_MISSING);
	refuses(link_yaml, "metadata.yaml is not a regular file", ERR_INPUT);
	refuses(link_template,
	        "metadata.yaml: template /etc/app/deep/conf: templates/app.tpl is not a "
	        "regular file", ERR_INPUT);
	refuses(lose_template,
	        "metadata.yaml: template /etc/app/deep/conf: templates/app.tpl: No such file "
	        "or directory", ERR_HOST);
}

TEST(what_runs_here)
{
	struct err e = { 0 };

	CHECK_INT(description_check(&(struct image_metadata){ .arch = image_arch() }, &e), 0);
	CHECK(description_check(&(struct image_metadata){ .arch = "s390y" }, &e) < 0);
	CHECK(strstr(e.text, "it is an image for s390y, and this machine is "));
}
