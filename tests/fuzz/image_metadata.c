#include "lib/image/metadata.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_template(const struct image_template *t)
{
	if (*t->target != '/' || strstr(t->target, "/../") || strstr(t->target, "//")) abort();
	if (!*t->file || *t->file == '.' || strchr(t->file, '/')) abort();
	if (t->mode > 07777 || t->uid == UINT32_MAX || t->gid == UINT32_MAX) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct image_metadata x;
	struct err e = { 0 };

	if (image_metadata_parse(&m, (const char *)data, n, &x, &e) < 0) {
		if (!e.kind) abort();
		return 0;
	}
	if (!*x.arch || strpbrk(x.arch, " /\n\x1b")) abort();
	if (x.distro && strpbrk(x.distro, " /\n\x1b")) abort();
	for (size_t i = 0; i < x.templates_n; i++)
		check_template(&x.templates[i]);
	return 0;
}
