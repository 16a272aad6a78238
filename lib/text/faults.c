#include "lib/text/faults.h"

#include <stdarg.h>
#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

/* The list is full: an error takes the place of the last one that is none. */
static struct fault *fault_to_replace(const struct faults *f)
{
	for (size_t i = f->n; i--;)
		if (f->v[i].severity != FAULT_ERROR) return &f->v[i];
	return NULL;
}

static struct fault *fault_room(struct faults *f, enum severity severity)
{
	if (f->n == FAULTS_MAX) return severity == FAULT_ERROR ? fault_to_replace(f) : NULL;
	if (!f->v) f->v = arena_array(f->m, FAULTS_MAX, sizeof *f->v);
	return &f->v[f->n++];
}

void fault_add(struct faults *f, const struct fault *what, const char *fmt, ...)
{
	struct fault *new = fault_room(f, what->severity);
	va_list ap;

	if (!new) return;
	*new = *what;
	new->subject = arena_strdup(f->m, what->subject);
	if (what->fix) new->fix = arena_strdup(f->m, what->fix);
	va_start(ap, fmt);
	new->text = arena_vprintf(f->m, fmt, ap);
	va_end(ap);
}

static void fault_copy(struct faults *to, const struct fault *f)
{
	fault_add(to, f, "%s", f->text);
}

void faults_add_all(struct faults *to, const struct faults *from)
{
	for (size_t i = 0; i < from->n; i++)
		fault_copy(to, &from->v[i]);
}

/* How many of the first `n` are of its kind and about the same. */
static size_t count_alike(const struct faults *f, size_t n, const struct fault *one)
{
	size_t alike = 0;

	for (size_t i = 0; i < n; i++)
		alike += str_eq(f->v[i].kind, one->kind) &&
			 str_eq(f->v[i].subject, one->subject);
	return alike;
}

struct faults faults_new(const struct faults *found, const struct faults *old)
{
	struct faults news = { .m = found->m };

	for (size_t i = 0; i < found->n; i++)
		if (count_alike(found, i, &found->v[i]) >= count_alike(old, old->n,
		                                                       &found->v[i]))
			fault_copy(&news, &found->v[i]);
	return news;
}

void faults_sort(struct faults *f)
{
	for (size_t i = 1; i < f->n; i++) {
		struct fault moved = f->v[i];
		size_t at = i;

		for (; at && f->v[at - 1].line > moved.line; at--)
			f->v[at] = f->v[at - 1];
		f->v[at] = moved;
	}
}

const struct fault *faults_first_error(const struct faults *f)
{
	const struct fault *first = NULL;

	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].severity != FAULT_ERROR) continue;
		if (!first || f->v[i].line < first->line) first = &f->v[i];
	}
	return first;
}

const char *fault_sentence(struct arena *m, const struct fault *f)
{
	return arena_printf(m, "line %u: %s%s%s", f->line, f->text, f->fix ? "; " : "",
	                    f->fix ? f->fix : "");
}

int faults_fail(const struct faults *f, struct err *e)
{
	const struct fault *first = faults_first_error(f);

	return first ? fail(e, ERR_INPUT, "%s", fault_sentence(f->m, first)) : 0;
}
