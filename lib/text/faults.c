#include "lib/text/faults.h"

#include <stdarg.h>
#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

void fault_add(struct faults *f, unsigned line, const char *fmt, ...)
{
	va_list ap;

	if (f->n == FAULTS_MAX) return;
	if (!f->v) f->v = arena_array(f->m, FAULTS_MAX, sizeof *f->v);
	va_start(ap, fmt);
	f->v[f->n].line = line;
	f->v[f->n++].text = arena_vprintf(f->m, fmt, ap);
	va_end(ap);
}

void faults_add_all(struct faults *to, const struct faults *from)
{
	for (size_t i = 0; i < from->n; i++)
		fault_add(to, from->v[i].line, "%s", from->v[i].text);
}

static bool has_fault(const struct faults *f, const char *text)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->v[i].text, text)) return true;
	return false;
}

struct faults faults_new(const struct faults *found, const struct faults *old)
{
	struct faults news = { .m = found->m };

	for (size_t i = 0; i < found->n; i++)
		if (!has_fault(old, found->v[i].text))
			fault_add(&news, found->v[i].line, "%s", found->v[i].text);
	return news;
}

int faults_fail(const struct faults *f, struct err *e)
{
	const struct fault *first = f->v;

	if (!f->n) return 0;
	for (size_t i = 1; i < f->n; i++)
		if (f->v[i].line < first->line) first = &f->v[i];
	return fail(e, ERR_INPUT, "line %u: %s", first->line, first->text);
}
