#include "lib/disk/zfs_items.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_impl.h"

static const char properties[] = "guid,createtxg,mounted,canmount,origin,mountpoint,readonly,"
				 "userrefs," ZFS_KIND;

enum { WORD_MAX = 60000 };	/* the kernel accepts arguments of 128 KiB */

/* -- reading -- */

/* A record begins with "NAME TAB PROPERTY TAB". A mountpoint may contain a newline; the line
 * behind it does not begin so. */
static bool begins_record(const char *line)
{
	const char *tab = line + strcspn(line, "\t\n"), *end, *at;
	size_t n;

	if (*tab != '\t') return false;
	tab++;
	end = tab + strcspn(tab, "\t\n");
	n = (size_t)(end - tab);
	if (*end != '\t' || !n) return false;
	for (at = properties; *at; at += strcspn(at, ","), at += *at == ',')
		if (!strncmp(at, tab, n) && (!at[n] || at[n] == ',')) return true;
	return false;
}

static char *next_record(char **text)
{
	char *record = *text, *end = record;

	if (!record || !*record) return NULL;
	while ((end = strchr(end, '\n')) && end[1] && !begins_record(end + 1))
		end++;
	if (end) *end++ = 0;
	*text = end;
	return record;
}

static bool is_mountpoint_fixed(const char *source, const char *root)
{
	static const char from[] = "inherited from ";

	if (str_starts(source, "local") || str_starts(source, "received")) return true;
	return str_starts(source, from) && zfs_is_within(source + strlen(from), root);
}

static void read_item_property(struct zfs_item *item, const char *property, const char *value,
                          const char *source, const char *root)
{
	if (str_eq(property, "guid")) item->guid = strtoull(value, NULL, 10);
	else if (str_eq(property, "createtxg")) item->txg = strtoull(value, NULL, 10);
	else if (str_eq(property, "mounted")) item->mounted = str_eq(value, "yes");
	else if (str_eq(property, "origin")) item->origin = value;
	else if (str_eq(property, "readonly")) item->readonly = str_eq(value, "on");
	else if (str_eq(property, "userrefs"))
		item->held = strcmp(value, "0") && strcmp(value, "-");
	else if (str_eq(property, ZFS_KIND))
		item->kind = str_eq(source, "local") ? value : NULL;
	else if (str_eq(property, "canmount") && str_eq(value, "off"))
		item->mountpoint = "none";
	else if (str_eq(property, "mountpoint")) {
		if (!item->mountpoint) item->mountpoint = value;
		item->stays = is_mountpoint_fixed(source, root);
	}
}

static int take_record(char *record, const char *root, struct zfs_items *items, struct err *e)
{
	const char *name = zfs_column(&record), *property = zfs_column(&record);
	char *source = record ? strrchr(record, '\t') : NULL;
	struct zfs_item *item = items->v + items->n;

	if (!source)
		return fail(e, ERR_HOST,
		            "zfs: the list of properties has a line of unknown format");
	*source++ = 0;
	if (strchr(name, '#')) return 0;	/* bookmarks do not matter */
	if (items->n && str_eq(item[-1].name, name)) {
		item--;
	} else {
		*item = (struct zfs_item){ .name = name };
		items->n++;
	}
	read_item_property(item, property, record, source, root);
	return 0;
}

int zfs_items_parse(struct arena *m, char *text, const char *root, struct zfs_items *items,
                    struct err *e)
{
	char *record;

	*items = (struct zfs_items){ 0 };
	items->v = arena_array(m, str_count(text, '\n') + 1, sizeof *items->v);
	while ((record = next_record(&text)))
		if (take_record(record, root, items, e) < 0) return -1;
	for (size_t i = 0; i < items->n; i++) {
		const struct zfs_item *item = &items->v[i];

		if (!item->guid || !item->txg || !item->origin || !item->mountpoint)
			return fail(e, ERR_HOST, "zfs: %s lacks a property", item->name);
	}
	if (!items->n || strcmp(items->v[0].name, root))
		return fail(e, ERR_HOST, "zfs: the list of properties lacks %s", root);
	return 0;
}

int zfs_items_read(struct arena *m, const char *root, struct zfs_items *items, struct err *e)
{
	char *argv[] = { "zfs", "get", "-H", "-p", "-r", "-o", "name,property,value,source",
		         (char *)properties, (char *)root, NULL };
	char *text = zfs_ask(m, argv, e);

	return text ? zfs_items_parse(m, text, root, items, e) : -1;
}

bool zfs_item_is_snapshot(const struct zfs_item *item)
{
	return strchr(item->name, '@') != NULL;
}

static bool is_same_item(const struct zfs_item *a, const struct zfs_item *b)
{
	return a->guid == b->guid && a->txg == b->txg;
}

static bool has_item(const struct zfs_items *items, const struct zfs_item *item)
{
	for (size_t i = 0; i < items->n; i++)
		if (is_same_item(&items->v[i], item)) return true;
	return false;
}

const struct zfs_item *zfs_items_new(const struct zfs_items *before,
                                     const struct zfs_items *now)
{
	for (size_t i = 0; i < now->n; i++) {
		/* In most cases nothing has changed. */
		if (i < before->n && is_same_item(&before->v[i], &now->v[i])) continue;
		if (!has_item(before, &now->v[i])) return &now->v[i];
	}
	return NULL;
}

/* The finalizer of splitmix64: each bit of the input changes half of the bits of the output. */
static uint64_t hash_number(uint64_t n)
{
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9;
	n = (n ^ n >> 27) * 0x94d049bb133111eb;
	return n ^ n >> 31;
}

uint64_t zfs_items_sum(const struct zfs_items *items)
{
	uint64_t sum = items->n;

	for (size_t i = 0; i < items->n; i++)
		sum += hash_number(hash_number(items->v[i].guid) + items->v[i].txg);
	return sum;
}

/* -- the order of destruction -- */

static bool is_snapshot_of(const char *name, const char *dataset)
{
	size_t n = strlen(dataset);

	return !strncmp(name, dataset, n) && name[n] == '@';
}

/* What prevents the destruction of a dataset: another one below it, or a clone of one of its
 * snapshots. NULL: nothing. `done`: those that are destroyed already. */
static const struct zfs_item *what_keeps(const struct zfs_items *items, const bool *done,
                                         const struct zfs_item *dataset)
{
	for (size_t i = 0; i < items->n; i++) {
		const struct zfs_item *other = &items->v[i];

		if (done[i] || other == dataset || zfs_item_is_snapshot(other)) continue;
		if (zfs_is_within(other->name, dataset->name)) return other;
		if (is_snapshot_of(other->origin, dataset->name)) return other;
	}
	return NULL;
}

/* The last dataset that can be destroyed now; else one that cannot, with `*keeper`; NULL: all
 * are destroyed. */
static const struct zfs_item *next_dataset(const struct zfs_items *items, const bool *done,
                                           const struct zfs_item **keeper)
{
	const struct zfs_item *stuck = NULL;

	*keeper = NULL;
	for (size_t i = items->n; i-- > 0;) {
		const struct zfs_item *item = &items->v[i], *by;

		if (done[i] || zfs_item_is_snapshot(item)) continue;
		if (!(by = what_keeps(items, done, item))) return *keeper = NULL, item;
		if (!stuck || is_snapshot_of(by->origin, item->name))
			stuck = item, *keeper = by;
	}
	return stuck;
}

static int fail_stuck(const struct zfs_item *item, const struct zfs_item *keeper, struct err *e)
{
	return fail(e, ERR_BUSY,
	            "%s cannot be destroyed before %s, which is a clone of a part of it; "
	            "first run zfs promote '%s'", item->name, keeper->name, keeper->name);
}

int zfs_items_check_order(const struct zfs_items *items, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	bool *done = arena_array(&m, items->n + 1, sizeof *done);
	const struct zfs_item *item, *keeper;

	while ((item = next_dataset(items, done, &keeper))) {
		if (keeper) return fail_stuck(item, keeper, e);
		done[item - items->v] = true;
	}
	return 0;
}

static bool has_snapshots(const struct zfs_items *items)
{
	for (size_t i = 0; i < items->n; i++)
		if (zfs_item_is_snapshot(&items->v[i])) return true;
	return false;
}

int zfs_items_check_clones(struct arena *m, const struct zfs_items *items, struct err *e)
{
	const char *root = items->v[0].name;
	const struct zfs_dataset *d;
	size_t n;

	if (!has_snapshots(items)) return 0;
	if (!(d = zfs_list(m, arena_strndup(m, root, strcspn(root, "/")), -1, &n, e)))
		return -1;
	for (; n; n--, d++)
		if (zfs_is_within(d->origin, root) && !zfs_is_within(d->name, root))
			return fail(e, ERR_BUSY,
			            "%s is a clone of %s and needs it; first run zfs promote "
			            "'%s', or destroy it", d->name, d->origin, d->name);
	return 0;
}

/* -- destruction -- */

/* Drop the advice of zfs(8) to destroy more: the line "use '-r' to destroy the following
 * datasets:", and all lines behind it. */
static int fail_without_advice(const struct err *why, struct err *e)
{
	const char *advice = strstr(why->text, "; use '-");
	int n = (int)(advice ? (size_t)(advice - why->text) : strlen(why->text));

	fail(e, why->kind, "%.*s", n, why->text);
	if (e) e->sys = why->sys;
	return -1;
}

static int run_destroy(const char *name, struct err *e)
{
	char *argv[] = { "zfs", "destroy", (char *)name, NULL };

	return zfs_insist(name, argv, NULL, e);
}

/* If the pool was exported meanwhile, zfs(8) reports that its datasets do not exist. */
static int check_pool(const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *pool = arena_strndup(&m, name, strcspn(name, "/@"));

	if (zfs_exists(pool)) return 0;
	return fail(e, ERR_HOST, "%s cannot be destroyed: its pool %s is not available", name,
	            pool);
}

int zfs_destroy_one(const char *name, struct err *e)
{
	struct err why = { 0 };

	if (run_destroy(name, &why) == 0) return 0;
	/* Another process may have destroyed it meanwhile. */
	if (zfs_says_none(&why)) return check_pool(name, e);
	return fail_without_advice(&why, e);
}

static int destroy_one(const char *name, struct words *gone, struct err *e)
{
	if (zfs_destroy_one(name, e) < 0) return -1;
	words_add(gone, name);
	return 0;
}

/* zfs-fuse does not support lists: it takes one for the name of a dataset, perhaps for one that
 * is too long. Another process may have destroyed one of them. */
static bool wants_single_names(const struct err *why)
{
	return strstr(why->text, "invalid") || strstr(why->text, "could not find") ||
	       strstr(why->text, "cannot open '") || zfs_says_none(why);
}

/* ZFS destroys all or none of a list "DATASET@A,B". */
static int destroy_listed(const char *list, const struct words *names, struct words *gone,
                          struct err *e)
{
	struct err why = { 0 };

	if (run_destroy(list, &why) == 0) {
		words_add_all(gone, words_list(names));
		return 0;
	}
	if (!wants_single_names(&why)) return fail_without_advice(&why, e);
	for (size_t i = 0; i < names->n; i++)
		if (destroy_one(names->v[i], gone, e) < 0) return -1;
	return 0;
}

/* Destroy as many snapshots as fit into one argument, from `*at` on. */
static int destroy_snapshots(const struct zfs_items *items, const char *dataset, size_t *at,
                        struct words *gone, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct str list = { .m = &m };
	struct words names = { .m = &m };

	str_addf(&list, "%s@", dataset);
	for (; *at < items->n && list.len < WORD_MAX; ++*at) {
		const char *name = items->v[*at].name;

		if (!is_snapshot_of(name, dataset)) continue;
		str_addf(&list, "%s%s", names.n ? "," : "", strchr(name, '@') + 1);
		words_add(&names, name);
	}
	if (!names.n) return 0;
	if (names.n == 1) return destroy_one(names.v[0], gone, e);
	return destroy_listed(str_text(&list), &names, gone, e);
}

static int destroy_with_snapshots(const struct zfs_items *items, const char *name,
                                  struct words *gone, struct err *e)
{
	for (size_t at = 0; at < items->n;)
		if (destroy_snapshots(items, name, &at, gone, e) < 0) return -1;
	return destroy_one(name, gone, e);
}

int zfs_items_destroy(const struct zfs_items *items, struct words *gone, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	bool *done = arena_array(&m, items->n + 1, sizeof *done);
	const struct zfs_item *item, *keeper;

	while ((item = next_dataset(items, done, &keeper))) {
		if (keeper) return fail_stuck(item, keeper, e);
		if (destroy_with_snapshots(items, item->name, gone, e) < 0) return -1;
		done[item - items->v] = true;
	}
	return 0;
}
