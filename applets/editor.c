#include "applets/editor.h"

#include <stdlib.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/run.h"
#include "lib/base/wait.h"

/* Debian's order. */
static const char *find_editor(struct arena *m)
{
	static const char *const programs[] = { "editor", "/usr/bin/editor", "nano", "vi", NULL };
	const char *env = getenv("VISUAL");

	if (!env || !*env) env = getenv("EDITOR");
	if (env && *env) return env;
	for (const char *const *p = programs; *p; p++)
		if (run_find(m, *p, NULL)) return *p;
	return NULL;
}

int editor_run(struct arena *m, const char *path, struct err *e)
{
	const char *editor = find_editor(m);
	int status;

	if (!editor) return fail(e, ERR_MISSING, "no editor found: set EDITOR to one");
	status = run_wait((char *[]){ "/bin/sh", "-c", arena_printf(m, "%s \"$1\"", editor), "sh",
	                              (char *)path, NULL }, e);
	signal_forget();	/* ^C in the editor was meant for the editor */
	if (status > 0)
		return fail(e, ERR_HOST, "%s ended with status %d, nothing was changed", editor, status);
	return status;
}
