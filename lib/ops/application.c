#include "lib/ops/application.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/jail/conf.h"
#include "lib/jail/init.h"
#include "lib/text/oci.h"
#include "lib/text/split.h"

char **application_command(struct arena *m, const struct oci_image *image)
{
	struct words w = { .m = m };

	words_add_all(&w, image->config.entrypoint);
	words_add_all(&w, image->config.cmd);
	return words_list(&w);
}

static bool is_called(const char *path, char *const names[])
{
	const char *slash = strrchr(path, '/');

	return words_have(names, slash ? slash + 1 : path);
}

enum application_init application_init(char *const *command)
{
	static char *const inits[] = { "init", "systemd", NULL };
	static char *const shells[] = { "sh", "ash", "bash", "dash", "zsh", NULL };

	if (*command && **command == '/' && !str_eq(*command, "/init") &&
	    is_called(*command, inits))
		return APPLICATION_INIT;
	return !*command || (!command[1] && is_called(*command, shells))
	       ? APPLICATION_IF_IT_CAN : APPLICATION_NONE;
}

bool application_boots(struct arena *m, const struct oci_image *image, int rootfs)
{
	enum application_init init = application_init(application_command(m, image));
	bool sound;

	return init == APPLICATION_INIT ||
	       (init == APPLICATION_IF_IT_CAN && !init_fault(m, rootfs, &sound));
}

static const char *one_a_line(struct arena *m, char *const *words)
{
	struct str s = { .m = m };

	for (; *words; words++) {
		if (s.len) str_addc(&s, '\n');
		word_quote(&s, *words);
	}
	return str_text(&s);
}

const char *application_config(struct arena *m, const struct oci_image *image, bool runs,
                               const char *reference, const char *text, struct err *e)
{
	const struct oci_config *c = &image->config;
	const struct { bool set; const char *key, *value; } keys[] = {
		{ runs, "init_command", words_quoted(m, application_command(m, image)) },
		{ runs, "init_env", one_a_line(m, c->env) },
		{ runs, "init_user", c->user },
		{ runs, "init_directory", c->directory },
		{ runs, "stop_signal", c->stop_signal },
		{ reference, "image", reference },
		{ reference && image->digest, "image_digest", image->digest },
		{ true, "image_volumes", one_a_line(m, c->volumes) },
	};

	for (size_t i = 0; text && i < sizeof keys / sizeof *keys; i++)
		if (keys[i].set && *keys[i].value)
			text = conf_set(m, text, keys[i].key, keys[i].value, e);
	if (!text) fail_in(e, "the config of the image");
	return text;
}

/* -- in the root file system -- */

/* Each that is missing on the way, as Docker does. */
static int make_directory(int rootfs, const char *path, struct err *e)
{
	if (!*path || !path[1]) return 0;
	if (mkdirs_above_in_root(rootfs, path, 0755, e) < 0) return -1;
	return mkdir_in_root(rootfs, path, 0755, e);
}

/* What the config runs. */
static int read_command(struct arena *m, const char *text, struct conf *c,
                        struct split *command, struct err *e)
{
	return conf_parse(m, text, c, e) < 0 ? -1 : conf_words(m, &c->init_command, command, e);
}

/* These do the work of an init, and insist on being the first process. */
int application_must_be_first(struct arena *m, const char *text, int rootfs, struct err *e)
{
	static char *const names[] = { "tini", "dumb-init", "catatonit", NULL };
	AUTOCLOSE int s6 = place_in_root(rootfs, "/package/admin/s6-overlay", 0, NULL);
	struct split command;
	struct conf c;

	if (read_command(m, text, &c, &command, e) < 0) return -1;
	return command.n && (s6 >= 0 || is_called(command.v[0], names));
}

int application_prepare(struct arena *m, const struct oci_image *image, int rootfs,
                        const char *text, struct err *e)
{
	char **v = image->config.volumes;
	struct split command;
	struct conf c;

	if (make_directory(rootfs, image->config.directory, e) < 0) return -1;
	for (; *v; v++)
		if (make_directory(rootfs, *v, e) < 0) return -1;
	if (read_command(m, text, &c, &command, e) < 0) return -1;
	out_note("It runs %s%s%s", words_quoted(m, command.v),
	         *c.init_user.text ? ", as the user " : "", c.init_user.text);
	if (image->config.ports[0])
		out_note("It listens on %s", words_join(m, image->config.ports, ", "));
	return 0;
}
