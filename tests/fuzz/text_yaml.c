#include "lib/text/yaml.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t count(const struct yaml *v, int depth)
{
	size_t total = 1;

	if (depth > YAML_DEPTH_MAX || (v->text && v->first)) abort();
	for (const struct yaml *c = v->first; c; c = c->next) {
		if (!c->key != !v->is_map || (c->key && yaml_get(v, c->key) != c)) abort();
		total += count(c, depth + 1);
	}
	return total;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct yaml *v = yaml_parse(&m, (const char *)data, n, &e);

	if (!v != (e.kind == ERR_INPUT) || (v && count(v, 0) > YAML_VALUES_MAX)) abort();
	return 0;
}
