#include "lib/provision/cloud.h"

#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/str.h"
#include "tests/unit/root_world.h"

/* What the images of a server have: cloud-init, turned off in a tar and not in a squashfs. */
static void make_image(struct world *w)
{
	static const char *const folders[] = { "etc", "etc/cloud", "var", "var/lib" };

	world_make(w);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		mkdirat(w->root, folders[i], 0755);
	put(w, "/etc/cloud/cloud.cfg", "users: [default]\n");
}

TEST(without_a_seed_it_is_off)
{
	struct world w;
	struct err e = { 0 };
	bool has_it;

	make_image(&w);
	CHECK_INT(cloud_apply(&(struct cloud_seed){ 0 }, w.root, "web", &has_it, &e), 0);
	CHECK(has_it);
	CHECK_STR(get(&w, "/etc/cloud/cloud-init.disabled"), "");
	CHECK_STR(get(&w, CLOUD_SEED "/meta-data"), "(none)");
	CHECK(faccessat(w.root, "var/lib/cloud", F_OK, 0) < 0);
	world_drop(&w);
}

TEST(a_seed)
{
	char *keys[] = { "ssh-ed25519 AAAA me@\"home\"", "ssh-rsa BBBB", NULL };
	const struct cloud_seed c = { "#cloud-config\npackages: [git]\n", keys };
	struct world w;
	struct err e = { 0 };
	struct stat st;
	bool has_it;

	make_image(&w);
	put(&w, "/etc/cloud/cloud-init.disabled", "");
	CHECK_INT(cloud_apply(&c, w.root, "web", &has_it, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(get(&w, "/etc/cloud/cloud-init.disabled"), "(none)");
	CHECK_STR(get(&w, CLOUD_SEED "/user-data"), "#cloud-config\npackages: [git]\n");
	CHECK_STR(get(&w, CLOUD_SEED "/vendor-data"), "#cloud-config\n{}\n");
	CHECK_STR(get(&w, CLOUD_SEED "/meta-data"),
	          "{\"instance-id\":\"web\",\"local-hostname\":\"web\",\"public-keys\":["
	          "\"ssh-ed25519 AAAA me@\\\"home\\\"\",\"ssh-rsa BBBB\"]}\n");
	CHECK_STR(get(&w, "/etc/cloud/cloud.cfg.d/99-jlmkr.cfg"),
	          "datasource_list: [ NoCloud, None ]\nnetwork: { config: disabled }\n");
	CHECK_INT(fstatat(w.root, "var/lib/cloud/seed/nocloud-net/user-data", &st, 0), 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	world_drop(&w);
}

TEST(keys_alone)
{
	char *keys[] = { "ssh-rsa BBBB", NULL };
	struct world w;
	struct err e = { 0 };
	bool has_it;

	make_image(&w);
	CHECK_INT(cloud_apply(&(struct cloud_seed){ NULL, keys }, w.root, "web", &has_it, &e),
	          0);
	CHECK_STR(get(&w, CLOUD_SEED "/user-data"), "#cloud-config\n{}\n");
	world_drop(&w);
}

TEST(an_image_without_cloud_init)
{
	struct world w;
	struct err e = { 0 };
	bool has_it;

	world_make(&w);
	mkdirat(w.root, "etc", 0755);
	CHECK_INT(cloud_apply(&(struct cloud_seed){ 0 }, w.root, "web", &has_it, &e), 0);
	CHECK(!has_it);
	CHECK(faccessat(w.root, "etc/cloud", F_OK, 0) < 0);
	CHECK(cloud_apply(&(struct cloud_seed){ "#x", NULL }, w.root, "web", &has_it, &e) < 0);
	CHECK_STR(e.text, "it has no cloud-init, which --cloud-init and --ssh-key need; "
	          "--variant=cloud may have it");
	world_drop(&w);
}

/* Links of the image lead nowhere else. */
TEST(a_hostile_image)
{
	const struct cloud_seed c = { "#cloud-config\n", NULL };
	struct world w;
	struct err e = { 0 };
	char target[200];
	bool has_it;

	make_image(&w);
	snprintf(target, sizeof target, "%s/outside", w.path);
	mkdirat(w.root, "var/lib/cloud", 0755);
	CHECK_INT(symlinkat(target, w.root, "var/lib/cloud/seed"), 0);
	CHECK_INT(symlinkat(target, w.root, "etc/cloud/cloud.cfg.d"), 0);
	CHECK(cloud_apply(&c, w.root, "web", &has_it, &e) < 0);
	CHECK_INT(dir_is_empty(w.outside), 1);
	world_drop(&w);
}

static void loads(const char *user_data, const char *keys, const char *want)
{
	struct world w;
	struct err e = { 0 };
	struct cloud_seed c;
	char data[200], key[200], *files[] = { key, NULL };
	struct host h = { .m = &w.m };
	int rc;

	world_make(&w);
	snprintf(data, sizeof data, "%s/inside/data", w.path);
	snprintf(key, sizeof key, "%s/inside/key", w.path);
	put(&w, "/data", user_data ? user_data : "");
	put(&w, "/key", keys ? keys : "");
	rc = cloud_load(&h, user_data ? data : NULL, keys ? files : NULL, &c, &e);
	if (rc < 0)
		CHECK(strstr(e.text, want));
	else
		CHECK_STR(arena_printf(&w.m, "%s|%s", c.user_data ? c.user_data : "",
		                       c.keys ? words_join(&w.m, c.keys, ",") : ""), want);
	world_drop(&w);
}

TEST(what_the_user_gives)
{
	loads(NULL, NULL, "|");
	loads("#!/bin/sh\n", NULL, "#!/bin/sh\n|");
	loads("Content-Type: multipart/mixed\n", NULL, "Content-Type: multipart/mixed\n|");
	loads("packages: [git]\n", NULL, "data: not user-data of cloud-init: it begins with");
	loads(NULL, "# mine\n\nssh-ed25519 AAAA me\r\nfrom=\"10.0.0.1\" ssh-rsa BBBB\n",
	      "|ssh-ed25519 AAAA me,from=\"10.0.0.1\" ssh-rsa BBBB");
	loads(NULL, "-----BEGIN OPENSSH PRIVATE KEY-----\n",
	      "key: a private key; give the public");
	loads(NULL, "hello world\n", "key: not public SSH keys");
	loads(NULL, "# nothing\n", "key: no key in it");
}
