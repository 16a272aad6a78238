#include "lib/disk/zfs_space.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/zfs_impl.h"

static const struct {
	const char *name;
	size_t at;
} properties[] = {
	{ "used", offsetof(struct zfs_space, used) },
	{ "referenced", offsetof(struct zfs_space, referenced) },
	{ "usedbysnapshots", offsetof(struct zfs_space, snapshots) },
	{ "quota", offsetof(struct zfs_space, quota) },
	{ "refquota", offsetof(struct zfs_space, refquota) },
	{ "available", offsetof(struct zfs_space, available) },
};

enum { PROPERTIES = sizeof properties / sizeof *properties };

/* -1: not a number. */
static int64_t read_number(const char *value)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	return end == value || *end || errno || number < 0 ? -1 : number;
}

static int64_t *field(struct zfs_space *s, size_t i)
{
	return (int64_t *)(void *)((char *)s + properties[i].at);
}

/* A line "NAME TAB PROPERTY TAB VALUE". */
static void take_property(char *line, const char *const *names, size_t n, struct zfs_space *out)
{
	const char *name = zfs_column(&line), *property = zfs_column(&line);

	if (!line) return;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; str_eq(name, names[i]) && k < PROPERTIES; k++)
			if (str_eq(property, properties[k].name))
				*field(&out[i], k) = read_number(line);
}

int zfs_space_parse(char *text, const char *const *names, size_t n, struct zfs_space *out,
                    struct err *e)
{
	char *line;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < PROPERTIES; k++)
			*field(&out[i], k) = -1;
	while ((line = strsep(&text, "\n")))
		take_property(line, names, n, out);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < PROPERTIES; k++)
			if (*field(&out[i], k) < 0)
				return fail(e, ERR_HOST, "zfs: %s lacks the property %s",
				            names[i], properties[k].name);
	return 0;
}

int zfs_space_read(struct arena *m, const char *const *names, size_t n, struct zfs_space *out,
                   struct err *e)
{
	struct words argv = { .m = m };
	char *text;

	words_add_all(&argv, (char *[]){ "zfs", "get", "-H", "-p", "-o", "name,property,value",
	              "used,referenced,usedbysnapshots,quota,refquota,available", NULL });
	for (size_t i = 0; i < n; i++)
		words_add(&argv, names[i]);
	return (text = zfs_ask(m, words_list(&argv), e)) ?
	       zfs_space_parse(text, names, n, out, e) : -1;
}
