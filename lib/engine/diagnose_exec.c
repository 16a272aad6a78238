/* Why the jail's systemd did not run a command, by the status that it says (systemd.exec(5),
 * "Process Exit Codes"). A program that ends at once with such a status of its own is taken for
 * one that was not run, when systemd hears of its end before it hears of its beginning. So the
 * jail is looked into: what would have to be missing there, and is not, was no obstacle. */

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/engine/impl.h"
#include "lib/text/passwd.h"

enum {
	FIRST_STATUS = 200,
	LAST_STATUS = 245,
	CHDIR_FAILED = 200,
	EXEC_FAILED = 203,
	GROUP_FAILED = 216,
	CANNOT_RUN = 126,	/* what a shell says for it */
	NOT_FOUND = 127,
	HEAD = 256,		/* what the kernel reads of a script's first line */
	LOOK_MS = 5000,
};

bool diagnose_exec_status(int status)
{
	return status >= FIRST_STATUS && status <= LAST_STATUS;
}

static const char *find_program(const struct jail_unit *in)
{
	static const char *const folders[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
		"/usr/bin", "/sbin", "/bin" };
	const char *path = in->program;

	if (strchr(path, '/')) return nsenter_has(&in->in, path, S_IFREG, 0111) ? path : NULL;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		path = arena_printf(in->m, "%s/%s", folders[i], in->program);
		if (nsenter_has(&in->in, path, S_IFREG, 0111)) return path;
	}
	return NULL;
}

/* What the kernel does not know how to run, or not to its end: the status that a shell has for
 * it, and why; 0 when nothing is wrong. */
static int find_fault(const struct jail_unit *in, const char *program, const char **why)
{
	char *head = nsenter_read(&in->in, program, HEAD, deadline_in(LOOK_MS), in->m, NULL);
	char *name = head ? head + 2 : NULL;

	if (!head || !strncmp(head, "\177ELF", 4)) return 0;
	if (strncmp(head, "#!", 2)) {
		*why = "is neither a program nor a script that says what runs it";
		return CANNOT_RUN;
	}
	name += strspn(name, " \t");
	name[strcspn(name, " \t\r\n")] = 0;
	if (nsenter_has(&in->in, name, S_IFREG, 0111)) return 0;
	*why = arena_printf(in->m, "cannot be run: its interpreter %s does not exist", name);
	return NOT_FOUND;
}

static bool is_shell_builtin(const char *program)
{
	static char *const names[] = {
		".",    "alias",   "bg",     "cd",    "exec",  "exit", "export",
		"fg",   "history", "jobs",   "popd",  "pushd", "set",  "source",
		"trap", "type",    "ulimit", "umask", "unset", NULL,
	};

	return words_have(names, program);
}

int diagnose_no_command(const struct jail_unit *in, const char *program)
{
	const char *hint = "";

	if (str_eq(program, "cd"))
		hint = arena_printf(
			in->m,
			"; cd is part of the shell: 'jlmkr exec --cwd=DIR %s COMMAND' runs "
			"COMMAND in DIR",
			in->jail);
	else if (is_shell_builtin(program))
		hint = arena_printf(
			in->m,
			"; %s is part of the shell: 'jlmkr exec %s sh -c \"%s ...\"' runs it",
			program, in->jail, program);
	else if (strchr(program, ' '))
		hint = "; the quotes make it one word: write it without them";
	else if (strchr(program, '/') && *program != '/')
		hint = "; give its full path";
	out_warn("%s has no such command, or cannot run it: %s%s", in->jail, program, hint);
	return NOT_FOUND;
}

/* Whether the user may run it, and whether all of its libraries are there, is not known
 * here. */
static int tell_exec(const struct jail_unit *in, int status)
{
	const char *program = find_program(in), *why = NULL;
	int fault = program ? find_fault(in, program, &why) : 0;

	if (fault) {
		out_warn("%s in %s %s", program, in->jail, why);
		return fault;
	}
	if (program && in->user)
		out_warn("status %d is the command's own, or %s may not run it", status,
		         in->user);
	if (program) return status;
	return diagnose_no_command(in, in->program);
}

static bool knows_user(const struct jail_unit *in)
{
	struct passwd_line line;

	return passwd_read(in, in->user, &line, NULL) > 0;
}

int diagnose_exec_tell(const struct jail_unit *in, int status, struct err *e)
{
	switch (status) {
	case EXEC_FAILED:
		return tell_exec(in, status);
	case CHDIR_FAILED:
		if (!in->cwd || nsenter_has(&in->in, in->cwd, S_IFDIR, 0)) return status;
		return fail(e, ERR_HOST, "%s has no such folder to run the command in: %s",
		            in->jail, in->cwd);
	case DIAGNOSE_NO_USER: case GROUP_FAILED:
		if (!in->user || knows_user(in)) return status;
		return fail(e, ERR_HOST, "%s has no user %s", in->jail, in->user);
	}
	out_warn("%s: status %d is the command's own, or its systemd could not run it "
	         "(systemd.exec(5))", in->jail, status);
	return status;
}
