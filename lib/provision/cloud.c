#include "lib/provision/cloud.h"

#include <fcntl.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/image/fetch.h"
#include "lib/text/json.h"

enum { USER_DATA_MAX = 1 << 20, KEYS_MAX = 64 * 1024 };

#define DISABLED "/etc/cloud/cloud-init.disabled"
#define SETTINGS "/etc/cloud/cloud.cfg.d"

/* -- what the user gave -- */

static char *fetch_text(struct host *h, const char *url, struct err *e)
{
	struct image_source s = { 0 };
	char *text;

	if (image_source_open(h->m, url, h->cacert, &s, e) < 0) return NULL;
	text = image_fetch_text(&s, h->m, USER_DATA_MAX, e);
	image_source_close(&s);
	return text;
}

/* The first lines that cloud-init knows; of others it only warns, at the first boot. */
static bool is_user_data(const char *text)
{
	return *text == '#' || str_starts(text, "Content-Type:") ||
	       str_starts(text, "MIME-Version:") || str_starts(text, "From ");
}

static const char *load_user_data(struct host *h, const char *from, struct err *e)
{
	const char *text = is_url(from) ? fetch_text(h, from, e) :
			   read_file(h->m, AT_FDCWD, from, USER_DATA_MAX, NULL, e);

	if (!text) return NULL;
	if (is_user_data(text)) return text;
	fail(e, ERR_INPUT, "%s: not user-data of cloud-init: it begins with #cloud-config, #! "
	     "or the like", word_shown(h->m, from));
	return NULL;
}

static bool is_key_type(const char *word)
{
	return str_starts(word, "ssh-") || str_starts(word, "ecdsa-sha2-") ||
	       str_starts(word, "sk-");
}

/* Options may be in front of the type. */
static bool is_public_key(const char *line)
{
	for (const char *p = line; p; p = strchr(p, ' ')) {
		p += strspn(p, " ");
		if (is_key_type(p) && strchr(p, ' ')) return true;
	}
	return false;
}

static int add_keys(struct arena *m, const char *path, struct words *keys, struct err *e)
{
	char *text = read_file(m, AT_FDCWD, path, KEYS_MAX, NULL, e), *line;
	size_t before = keys->n;

	if (!text) return -1;
	if (strstr(text, "PRIVATE KEY"))
		return fail(e, ERR_INPUT, "%s: a private key; give the public one, whose name "
		            "usually ends in .pub", path);
	while ((line = strsep(&text, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, "\r")] = 0;
		if (!*line || *line == '#') continue;
		if (!is_public_key(line))
			return fail(e, ERR_INPUT, "%s: not public SSH keys", path);
		words_add(keys, line);
	}
	return keys->n > before ? 0 : fail(e, ERR_INPUT, "%s: no key in it", path);
}

int cloud_load(struct host *h, const char *user_data, char *const *key_files,
               struct cloud_seed *out, struct err *e)
{
	struct words keys = { .m = h->m };

	*out = (struct cloud_seed){ 0 };
	if (user_data && !(out->user_data = load_user_data(h, user_data, e)))
		return fail_in(e, "--cloud-init");
	for (; key_files && *key_files; key_files++)
		if (add_keys(h->m, *key_files, &keys, e) < 0) return fail_in(e, "--ssh-key");
	if (keys.n) out->keys = words_list(&keys);
	return 0;
}

bool cloud_is_wanted(const struct cloud_seed *c)
{
	return c->user_data || c->keys;
}

/* -- the root file system -- */

static bool has_cloud_init(int root)
{
	static const char *const signs[] = {
		"/etc/cloud/cloud.cfg", "/usr/bin/cloud-init", NULL
	};

	for (const char *const *sign = signs; *sign; sign++) {
		AUTOCLOSE int fd = place_in_root(root, *sign, 0, NULL);

		if (fd >= 0) return true;
	}
	return false;
}

int cloud_fail_absent(struct err *e)
{
	return fail(e, ERR_INPUT, "it has no cloud-init, which --cloud-init and --ssh-key "
	            "need; --variant=cloud may have it");
}

/* JSON is YAML, too, and its strings need no care. */
static const char *meta_data(struct arena *m, const struct cloud_seed *c, const char *name)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_object(&o, NULL);
	json_add_text(&o, "instance-id", name);
	json_add_text(&o, "local-hostname", name);
	if (c->keys) {
		json_array(&o, "public-keys");
		for (char *const *key = c->keys; *key; key++)
			json_add_text(&o, NULL, *key);
		json_end(&o, ']');
	}
	json_end(&o, '}');
	str_addc(&text, '\n');
	return str_text(&text);
}

static int write_seed(const struct cloud_seed *c, int root, const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	static const char none[] = "#cloud-config\n{}\n";
	const struct { const char *path, *text; } files[] = {
		{ CLOUD_SEED "/meta-data", meta_data(&m, c, name) },
		{ CLOUD_SEED "/user-data", c->user_data ? c->user_data : none },
		{ CLOUD_SEED "/vendor-data", none },
		{ SETTINGS "/99-jlmkr.cfg", "datasource_list: [ NoCloud, None ]\n"
					    "network: { config: disabled }\n" },
	};

	if (mkdirs_above_in_root(root, CLOUD_SEED, 0755, e) < 0 ||
	    mkdir_in_root(root, CLOUD_SEED, 0700, e) < 0 ||
	    mkdirs_above_in_root(root, SETTINGS "/", 0755, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (write_in_root(root, files[i].path, files[i].text, 0600, e) < 0) return -1;
	return unlink_in_root(root, DISABLED, e);
}

int cloud_apply(const struct cloud_seed *c, int rootfs, const char *name, bool *has_it,
                struct err *e)
{
	*has_it = has_cloud_init(rootfs);
	if (!*has_it && !cloud_is_wanted(c)) return 0;
	if (!*has_it) return cloud_fail_absent(e);
	if (cloud_is_wanted(c)) return write_seed(c, rootfs, name, e);
	if (mkdirs_above_in_root(rootfs, DISABLED, 0755, e) < 0) return -1;
	return touch_in_root(rootfs, DISABLED, 0644, e);
}
