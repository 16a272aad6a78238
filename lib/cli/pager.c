#include "lib/cli/manual.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/run.h"
#include "lib/base/str.h"
#include "lib/cli/applet.h"
#include "lib/text/markup.h"
#include "lib/text/packed.h"

enum { NARROW = 40, WIDE = 79, LINES_SHOWN = 3 };

static size_t columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col > WIDE) return WIDE;
	return size.ws_col < NARROW ? NARROW : size.ws_col;
}

/* The command line of the pager, NULL for none. */
static const char *find_pager(struct arena *m)
{
	const char *pager = getenv("PAGER"), *term = getenv("TERM");

	if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) return NULL;
	if (!term || !*term || str_eq(term, "dumb")) return NULL;
	if (!pager) pager = "less";
	if (!*pager) return NULL;
	return run_find(m, arena_strndup(m, pager, strcspn(pager, " ")), NULL) ? pager : NULL;
}

/* The pager reads from a file that is nowhere, so that nobody has to feed it, and takes the
 * place of this process. Returns only if that cannot be. */
static void page(struct arena *m, const char *pager, const char *text)
{
	AUTOCLOSE int fd = memfd_create("page", MFD_CLOEXEC);

	if (fd < 0 || write_all(fd, text, strlen(text), NULL) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0 || dup2(fd, STDIN_FILENO) < 0)
		return;
	/* One page needs no pager, attributes are shown, the text stays on the screen. */
	setenv("LESS", "FRX", 0);
	pager = arena_printf(m, "exec %s", pager);
	run_replace((char *[]){ "/bin/sh", "-c", (char *)pager, NULL }, NULL);
}

int manual_show(struct arena *m, const char *markup, struct err *e)
{
	const struct markup_style style = {
		.width = columns(), .attributes = out_has_colour(STDOUT_FILENO),
	};
	struct str text = { .m = m };
	const char *pager = find_pager(m);

	markup_show(&text, markup, &style);
	if (pager) page(m, pager, str_text(&text));
	fputs(str_text(&text), stdout);
	return out_flush(e);
}

/* -- searching -- */

static void print_hits(struct arena *m, const char *text, const char *word)
{
	size_t shown = 0;

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		const char *line;

		n = strcspn(text, "\n");
		line = arena_strndup(m, text, n);
		if (!strcasestr(line, word)) continue;
		if (shown++ < LINES_SHOWN) printf("    %s\n", line + strspn(line, " \t"));
	}
	if (shown > LINES_SHOWN) printf("    (%zu more lines)\n", shown - LINES_SHOWN);
}

static bool search_page(struct arena *m, const char *name, const char *page, const char *word)
{
	static const struct markup_style style = { .width = WIDE - 4 };
	struct str text = { .m = m };

	markup_show(&text, page, &style);
	if (!strcasestr(str_text(&text), word)) return false;
	printf("%s - %s\n", name, markup_brief(m, page));
	print_hits(m, str_text(&text), word);
	return true;
}

size_t manual_search(struct arena *m, const char *word)
{
	size_t found = 0;

	for (const struct applet *const *a = applets; *a; a++)
		found += search_page(m, (*a)->name, manual_page(m, (*a)->name), word);
	for (const struct packed_file *p = manual_topics(m); p->name; p++)
		found += search_page(m, p->name, manual_whole(m, p), word);
	return found;
}
