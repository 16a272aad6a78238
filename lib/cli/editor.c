#include "lib/cli/editor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/wait.h"

/* The value may contain arguments. A program that does not exist is skipped with a warning. */
static const char *named_by(struct arena *m, const char *variable)
{
	const char *value = getenv(variable);
	size_t n;

	if (!value || !*(value += strspn(value, " "))) return NULL;
	n = strcspn(value, " ");
	/* A value with shell syntax is left to the shell. */
	if (value[strcspn(value, "'\"\\$~=;(`\t")] ||
	    run_find(m, arena_strndup(m, value, n), NULL))
		return value;
	out_warn("%s names %.*s, which does not exist", variable, (int)n, value);
	return NULL;
}

/* The order of programs is Debian's. */
static const char *find_editor(struct arena *m)
{
	static const char *const programs[] = { "editor", "/usr/bin/editor", "nano", "vi",
	                                        NULL };
	const char *editor = named_by(m, "VISUAL");

	if (!editor) editor = named_by(m, "EDITOR");
	for (const char *const *p = programs; !editor && *p; p++)
		if (run_find(m, *p, NULL)) editor = *p;
	return editor;
}

int editor_run(struct arena *m, const char *path, struct err *e)
{
	const char *editor = find_editor(m);
	int status;

	if (!editor) return fail(e, ERR_MISSING, "no editor found: set EDITOR to one");
	/* Processes that it leaves in the background become our children. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	status = run_wait((char *[]){ "/bin/sh", "-c", arena_printf(m, "%s \"$1\"", editor),
	                              "sh", (char *)path, NULL }, e);
	signal_forget();	/* ^C in the editor was meant for the editor */
	if (status > 0)
		return fail(e, ERR_HOST, "%s ended with status %d; nothing was changed", editor,
		            status);
	return status;
}

bool editor_is_open(void)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		;
	return pid == 0;
}

int editor_await(struct err *e)
{
	enum { PAUSE_MS = 100 };

	while (editor_is_open())
		if (wait_fds(NULL, 0, deadline_in(PAUSE_MS), e) < 0) return -1;
	return 0;
}
