#include "applets/paste.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "applets/ask.h"
#include "applets/editor.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/jail/conf.h"

static const char invitation[] =
	"# Paste the template here, save, and leave the editor.\n"
	"# Lines that begin with # are comments: these two may stay.\n";

/* 1 when it is a config, 0 when nothing was added, -1 with the reason. */
static int judge(struct arena *m, const char *path, const char **text, struct err *why)
{
	struct conf c;

	*text = read_file(m, AT_FDCWD, path, CONF_MAX, NULL, why);
	if (!*text) return -1;
	if (!strcmp(*text, invitation) || !(*text)[strspn(*text, " \t\r\n")]) return 0;
	return conf_parse(m, *text, &c, why) < 0 ? -1 : 1;
}

/* Whether to go on without a template is asked only when there is none to lose. */
static int edit_until_good(const struct ask *a, const char *path, const char **text,
                           struct err *e)
{
	for (;;) {
		struct err why = { 0 };
		int good, again;

		if (editor_run(a->m, path, e) < 0) return -1;
		if ((good = judge(a->m, path, text, &why)) > 0) return 0;
		dprintf(a->out, "  %s\n", good < 0 ? why.text : "Nothing was pasted.");
		again = ask_yes(a, "Open the editor again?", true, e);
		if (again < 0) return -1;
		if (!again && good < 0)
			return fail(e, ERR_INPUT, "the template cannot be used: %s", why.text);
		if (!again) break;
	}
	*text = NULL;
	return 0;
}

int paste_template(const struct ask *a, const char **text, struct err *e)
{
	const char *tmp = getenv("TMPDIR"), *path;
	char *folder = arena_printf(a->m, "%s/jlmkr-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	int fd, rc = -1;

	if (!mkdtemp(folder)) return fail_sys(e, "create %s", folder);
	path = arena_printf(a->m, "%s/config", folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_sys(e, "create %s", path);
	else if (write_all(fd, invitation, strlen(invitation), e) == 0)
		rc = edit_until_good(a, path, text, e);
	if (fd >= 0) close(fd);
	unlink(path);
	rmdir(folder);
	return rc;
}
