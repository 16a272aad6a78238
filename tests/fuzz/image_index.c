#include "lib/image/index.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

static void check_name(const char *s)
{
	demand(*s && *s != '.' && *s != '-' && strlen(s) <= 64 && !strpbrk(s, " /\\\x1b\n%?#"));
}

static void check_path(const char *path)
{
	demand(*path && *path != '/' && !strpbrk(path, " \\\x1b\n%?#"));
	demand(strncmp(path, "../", 3) && !strstr(path, "/../") && strcmp(path, ".."));
	demand(!strstr(path, "//") || !strncmp(path, "https://", 8));
}

static void check_build(const struct image_build *b)
{
	check_name(b->serial);
	check_path(b->path);
	demand(strlen(b->sha256) == 64 && b->size && b->size <= IMAGE_SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct words paths = { .m = &m };
	struct image_index x;
	size_t i, k;

	if (image_streams_parse((const char *)data, n, &paths, NULL) == 0)
		for (i = 0; i < paths.n; i++)
			check_path(paths.v[i]);
	if (image_index_parse(&m, (const char *)data, n, &x, NULL) < 0) return 0;
	for (i = 0; i < x.n; i++) {
		const struct image *image = &x.images[i];

		check_name(image->distro);
		check_name(image->release);
		check_name(image->arch);
		check_name(image->variant);
		demand(image->n_builds > 0 &&
		       (!i || strcmp(image[-1].distro, image->distro) <= 0));
		for (k = 0; k < image->n_builds; k++)
			check_build(&image->builds[k]);
		for (k = 1; k < image->n_builds; k++)
			demand(strcmp(image->builds[k - 1].serial, image->builds[k].serial) >=
			       0);
	}
	return 0;
}
