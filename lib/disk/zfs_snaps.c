#include "lib/disk/zfs_snaps.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_impl.h"

static const char properties[] = "creation,createtxg,used,referenced,userrefs," ZFS_KIND;

/* -- reading -- */

static struct zfs_snap *find_snap(struct zfs_snap *all, size_t n, const char *label)
{
	/* In most cases it is the one of the line before. */
	while (n--)
		if (str_eq(all[n].label, label)) return &all[n];
	return NULL;
}

/* Sizes and holds are those of all datasets, the rest is the root's. */
static void read_snap_property(struct zfs_snap *snap, bool is_root, const char *property,
                               const char *value, const char *source)
{
	uint64_t number = strtoull(value, NULL, 10);

	if (str_eq(property, "used")) snap->used += number;
	else if (str_eq(property, "referenced")) snap->referenced += number;
	else if (str_eq(property, "userrefs")) snap->holds += number;
	else if (!is_root) return;
	else if (str_eq(property, "creation")) snap->made = (int64_t)number;
	else if (str_eq(property, "createtxg")) snap->txg = number;
	else if (str_eq(property, ZFS_KIND) && str_eq(source, "local")) snap->kind = value;
}

/* A line "NAME TAB PROPERTY TAB VALUE TAB SOURCE". A mark of somebody else may contain a
 * newline; the line behind it is not one. */
static void take_line(struct arena *m, char *line, const char *dataset, struct zfs_snap *all,
                      size_t *n)
{
	char *name = zfs_column(&line), *property = zfs_column(&line);
	char *value = zfs_column(&line), *source = zfs_column(&line), *label;
	struct zfs_snap *snap;

	if (!source || !(label = strchr(name, '@')) || !zfs_is_within(name, dataset)) return;
	*label++ = 0;
	if (!(snap = find_snap(all, *n, label))) {
		snap = &all[(*n)++];
		*snap = (struct zfs_snap){ .label = label, .clones.m = m };
	}
	read_snap_property(snap, str_eq(name, dataset), property, value, source);
}

static int by_age(const void *a, const void *b)
{
	const struct zfs_snap *x = a, *y = b;

	return x->txg < y->txg ? -1 : x->txg > y->txg;
}

struct zfs_snap *zfs_snaps_parse(struct arena *m, char *text, const char *dataset, size_t *n,
                                 struct err *e)
{
	struct zfs_snap *all = arena_array(m, str_count(text, '\n') + 1, sizeof *all);
	size_t found = 0;
	char *line;

	*n = 0;
	while ((line = strsep(&text, "\n")))
		take_line(m, line, dataset, all, &found);
	for (size_t i = 0; i < found; i++) {
		if (!all[i].txg) continue;
		if (!all[i].made)
			return fail(e, ERR_HOST, "zfs: %s@%s lacks a property", dataset,
			            all[i].label), NULL;
		all[(*n)++] = all[i];
	}
	qsort(all, *n, sizeof *all, by_age);
	return all;
}

/* The snapshot in `origin` is of the dataset or of one below it. */
static void add_clone(struct zfs_snap *all, size_t n, const char *dataset,
                      const struct zfs_dataset *clone)
{
	const char *at = strchr(clone->origin, '@');
	struct zfs_snap *snap;

	if (!at || !zfs_is_within(clone->origin, dataset)) return;
	if ((snap = find_snap(all, n, at + 1))) words_add(&snap->clones, clone->name);
}

static int find_clones(struct arena *m, const char *dataset, struct zfs_snap *all, size_t n,
                       struct err *e)
{
	const char *pool = arena_strndup(m, dataset, strcspn(dataset, "/"));
	const struct zfs_dataset *d;
	size_t count;

	if (!(d = zfs_list(m, pool, -1, &count, e))) return -1;
	for (; count; count--, d++)
		add_clone(all, n, dataset, d);
	return 0;
}

struct zfs_snap *zfs_snaps_read(struct arena *m, const char *dataset, size_t *n, struct err *e)
{
	char *argv[] = { "zfs", "get", "-H", "-p", "-r", "-o", "name,property,value,source",
		         (char *)properties, (char *)dataset, NULL };
	char *text = zfs_ask(m, argv, e);
	struct zfs_snap *all = text ? zfs_snaps_parse(m, text, dataset, n, e) : NULL;

	if (!all || (*n && find_clones(m, dataset, all, *n, e) < 0)) return NULL;
	return all;
}

/* -- changes -- */

int zfs_snaps_make(const char *dataset, const char *label, const char *kind, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "snapshot", "-r", "-o",
		         arena_printf(&m, ZFS_KIND "=%s", kind),
		         arena_printf(&m, "%s@%s", dataset, label), NULL };
	struct err why = { 0 };

	if (zfs_change(&m, argv, &why) == 0) return 0;
	return fail(e, strstr(why.text, "already exists") ? ERR_EXISTS : why.kind, "%s",
	            why.text);
}

int zfs_snaps_destroy(const char *dataset, const char *label, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *name = arena_printf(&m, "%s@%s", dataset, label);
	char *argv[] = { "zfs", "destroy", "-r", (char *)name, NULL };
	struct err why = { 0 };

	/* The zfs(8) of a command that was killed, or a task of the host, may be at it, too. */
	if (zfs_insist(name, argv, NULL, &why) == 0 || zfs_is_gone(name)) return 0;
	return fail_as(e, &why);
}
