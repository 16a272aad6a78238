/* Logins for registries, from the files that docker and podman write (containers-auth.json(5)).
 * The first file that has one for the registry counts. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/image/impl.h"
#include "lib/text/json.h"

enum { FILE_BYTES = 1 << 20, VALUES = 10000, BASIC_MAX = 8192 };

/* The key without a scheme and the version of the API: "https://index.docker.io/v1/" is
 * index.docker.io. */
static const char *plain_key(struct arena *m, const char *key)
{
	const char *host = str_starts(key, "https://") ? key + 8 : key;
	size_t n = strlen(host);

	while (n && host[n - 1] == '/')
		n--;
	if (n > 3 && (!strncmp(host + n - 3, "/v1", 3) || !strncmp(host + n - 3, "/v2", 3)))
		n -= 3;
	return arena_strndup(m, host, n);
}

static const struct json *find_key(struct arena *m, const struct json *auths, const char *want)
{
	const struct json *v = json_first(auths);

	while (v && !str_eq(plain_key(m, json_key(v)), want))
		v = json_next(v);
	return v;
}

/* The entry for the repository, for what is above it, or for the host. */
static const struct json *find_entry(struct arena *m, const struct json *auths,
                                     const char *host, const char *name)
{
	char *want = arena_printf(m, "%s/%s", host, name), *slash;
	const struct json *v;

	while (!(v = find_key(m, auths, want)) && (slash = strrchr(want, '/')))
		*slash = 0;
	return v || !str_eq(host, "docker.io") ? v : find_key(m, auths, "index.docker.io");
}

static bool is_basic(const char *s)
{
	size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                     "0123456789+/=");

	return n && n < BASIC_MAX && !s[n];
}

static void read_entry(struct arena *m, const struct json *root, const char *host,
                       const char *name, struct login *l)
{
	const struct json *v = find_entry(m, json_get(root, "auths"), host, name);
	const char *auth = json_text(json_get(v, "auth"));

	if (auth && is_basic(auth)) l->basic = arena_printf(m, "Basic %s", auth);
	else l->helper = v || json_text(json_get(root, "credsStore")) ||
	                 find_entry(m, json_get(root, "credHelpers"), host, name);
}

/* A file that does not exist has no login. */
static int read_login_file(struct arena *m, const char *path, const char *host,
                           const char *name, struct login *l, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	AUTOJSON struct json *root = NULL;
	AUTOCLOSE int fd = -1;
	const char *text;
	size_t n;

	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR)) return 0;
	if ((fd = open_file(AT_FDCWD, path, path, e)) < 0) return -1;
	text = read_all(&scratch, fd, FILE_BYTES, &n, e);
	if (!text || !(root = json_open_within(text, n, VALUES, e)))
		return fail_in(e, "%s", path);
	read_entry(m, root, host, name, l);
	if (l->basic || l->helper) l->file = path;
	return 0;
}

/* `rest` below the folder that the variable names, else below the other one. */
static void add_place(struct words *to, const char *variable, const char *otherwise,
                      const char *rest)
{
	const char *dir = getenv(variable);

	words_addf(to, "%s%s", dir && *dir ? dir : otherwise, rest);
}

static char **login_places(struct arena *m)
{
	const char *home = getenv("HOME"), *file = getenv("REGISTRY_AUTH_FILE");
	struct words places = { .m = m };

	if (!home || !*home) home = "/root";
	if (file && *file) {
		words_add(&places, file);
		return words_list(&places);
	}
	add_place(&places, "XDG_RUNTIME_DIR", "/run", "/containers/auth.json");
	words_addf(&places, "/run/containers/%u/auth.json", (unsigned)getuid());
	add_place(&places, "XDG_CONFIG_HOME", arena_printf(m, "%s/.config", home),
	          "/containers/auth.json");
	add_place(&places, "DOCKER_CONFIG", arena_printf(m, "%s/.docker", home),
	          "/config.json");
	return words_list(&places);
}

int login_find(struct arena *m, const char *host, const char *name, struct login *l,
               struct err *e)
{
	*l = (struct login){ 0 };
	for (char **path = login_places(m); *path && !l->basic; path++)
		if (read_login_file(m, *path, host, name, l, e) < 0) return -1;
	return 0;
}
