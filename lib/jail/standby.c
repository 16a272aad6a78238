#include "lib/jail/standby.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/jail/layout.h"

enum { TEXT_MAX = 1000 };

/* NULL: there is none, or it is nothing of ours. */
static char *read_mark(struct arena *m, int dir, const char *name)
{
	AUTOCLOSE int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), fd = -1;
	struct stat st;
	char *text;

	if (place < 0 || fstat(place, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != 0)
		return NULL;
	fd = reopen(place, O_RDONLY);
	text = fd < 0 ? NULL : read_all(m, fd, TEXT_MAX, NULL, NULL);
	return text ? text : arena_strdup(m, "");
}

static const char *mark_line(char **text)
{
	char *line = strsep(text, "\n");

	return line ? line : "";
}

bool standby_read(struct arena *m, int dir, struct standby *s)
{
	char *text = read_mark(m, dir, LAYOUT_STANDBY);

	if (!text) return false;
	s->kind = mark_line(&text);
	s->id = mark_line(&text);
	s->from = mark_line(&text);
	s->of = mark_line(&text);
	s->machine = mark_line(&text);
	if (!str_starts(s->kind, "handed:")) s->kind = "standby";
	return true;
}

int standby_set(int dir, const struct standby *s, struct err *e)
{
	char text[TEXT_MAX];
	int n = snprintf(text, sizeof text, "%s\n%s\n%s\n%s\n%s\n", s->kind, s->id, s->from,
	                 s->of, s->machine);

	if (n < 0 || (size_t)n >= sizeof text)
		return fail(e, ERR_INPUT, "the name of the other machine is too long");
	sweep_replaced(dir, LAYOUT_STANDBY);
	return replace_file(dir, LAYOUT_STANDBY, text, (size_t)n, 0600, e);
}

static int move(int dir, const char *from, const char *to, struct err *e)
{
	if (renameat(dir, from, dir, to) < 0 || fsync(dir) < 0)
		return fail_sys(e, "rename %s", from);
	return 0;
}

int standby_end(int dir, bool keep, struct err *e)
{
	sweep_replaced(dir, LAYOUT_STANDBY);
	if (keep) return move(dir, LAYOUT_STANDBY, LAYOUT_TAKEN, e);
	if (unlinkat(dir, LAYOUT_STANDBY, 0) < 0 && errno != ENOENT)
		return fail_sys(e, "remove " LAYOUT_STANDBY);
	return fsync(dir) < 0 ? fail_sys(e, "fsync") : 0;
}

int standby_return(int dir, struct err *e)
{
	return move(dir, LAYOUT_TAKEN, LAYOUT_STANDBY, e);
}

const char *standby_taken(struct arena *m, int dir)
{
	char *text = read_mark(m, dir, LAYOUT_TAKEN);

	if (!text) return NULL;
	mark_line(&text);
	return mark_line(&text);
}

void standby_forget(int dir)
{
	unlinkat(dir, LAYOUT_TAKEN, 0);
}
