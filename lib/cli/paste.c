#include "lib/cli/paste.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/cli/ask.h"
#include "lib/cli/editor.h"
#include "lib/jail/conf.h"
#include "lib/jail/conf_check.h"

static const char invitation[] =
	"# Paste the template here, save, and leave the editor.\n"
	"# Lines that begin with # are comments: these two may stay.\n";

static bool has_only_comments(const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		size_t blanks = strspn(text, " \t\r");

		if (text[blanks] && !strchr("#\n", text[blanks])) return false;
	}
	return true;
}

enum verdict { UNREADABLE, EMPTY, DOUBTFUL, GOOD };

static enum verdict tell_unreadable(const struct ask *a, const struct err *why)
{
	ask_tell(a, "  %s", why->text);
	return UNREADABLE;
}

/* Read the file into `*text`, and show its faults. */
static enum verdict check_pasted(const struct ask *a, const char *path, const char **text,
                                 struct err *why)
{
	struct conf_check k;
	bool sound = true;

	*text = read_file(a->m, AT_FDCWD, path, CONF_MAX, NULL, why);
	if (!*text) return tell_unreadable(a, why);
	if (has_only_comments(*text)) {
		ask_tell(a, "  Nothing was pasted.");
		return EMPTY;
	}
	conf_check(a->m, *text, &k);
	if (!k.loads && faults_fail(&k.found, why) < 0) return tell_unreadable(a, why);
	for (size_t i = 0; i < k.found.n; i++) {
		if (k.found.v[i].severity == FAULT_HINT) continue;
		ask_tell(a, "  %s", fault_sentence(a->m, &k.found.v[i]));
		sound = false;
	}
	return sound ? GOOD : DOUBTFUL;
}

/* 'e': edit again, 'k': keep the text, 'd': drop it; or -1. */
static int ask_what_now(const struct ask *a, enum verdict v, struct err *e)
{
	int again;

	if (v == DOUBTFUL)
		return ask_letter(a, "Edit again, keep the text as it is, or drop it?", "ekd",
		                  e);
	again = ask_yes(a, "Open the editor again?", true, e);
	return again < 0 ? -1 : again ? 'e' : 'd';
}

static int edit_until_usable(const struct ask *a, const char *path, const char **text,
                             struct err *e)
{
	for (;;) {
		struct err why = { 0 };
		enum verdict v;
		int answer;

		if (editor_run(a->m, path, e) < 0) return -1;
		if ((v = check_pasted(a, path, text, &why)) == GOOD) return 0;
		if ((answer = ask_what_now(a, v, e)) < 0) return -1;
		if (answer == 'k') return 0;
		if (answer == 'e') continue;
		if (v == UNREADABLE)
			return fail(e, ERR_INPUT, "the template cannot be used: %s", why.text);
		if (v == DOUBTFUL) return fail(e, ERR_INPUT, "the template was dropped");
		*text = NULL;
		return 0;
	}
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
		rc = edit_until_usable(a, path, text, e);
	if (fd >= 0) close(fd);
	unlink(path);
	rmdir(folder);
	return rc;
}
