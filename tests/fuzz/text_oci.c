#include "lib/text/oci.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

static void check_blob(const struct oci_blob *b, uint64_t max)
{
	demand(oci_is_digest(b->digest) && strlen(b->digest) == OCI_DIGEST);
	demand(b->size && b->size <= max);
}

static void check_path(const char *path, int absolute)
{
	demand((*path == '/') == absolute && !strstr(path, "//") && strcmp(path, ".."));
	demand(strncmp(path, "../", 3) && !strstr(path, "/../") && !str_ends(path, "/.."));
}

/* What is read of a reference is what its full text says. */
static void check_reference(struct arena *m, const char *text)
{
	struct oci_reference r, again;
	const char *full;

	if (oci_reference_parse(m, text, &r, NULL) < 0) return;
	demand(strlen(r.name) <= 264 && !strstr(r.name, "..") && !strstr(r.name, "//"));
	demand(!strpbrk(r.host, "/@?#% \n") && (r.tag || r.digest));
	full = oci_reference_text(m, &r);
	demand(oci_reference_parse(m, full, &again, NULL) == 0);
	demand(str_eq(oci_reference_text(m, &again), full));
}

static void check_config(struct arena *m, const struct oci_config *c)
{
	char **v;

	for (v = c->volumes; *v; v++) {
		check_path(*v, 1);
		demand((*v)[1] != 0);
	}
	for (v = c->env; *v; v++)
		demand(strchr(*v, '=') > *v);
	for (v = c->ports; *v; v++)
		demand(shown(m, *v) == *v);
	if (*c->directory) check_path(c->directory, 1);
	demand(shown(m, c->user) == c->user && shown(m, c->stop_signal) == c->stop_signal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	const char *text = arena_strndup(&m, (const char *)data, n);
	struct oci_manifest out = { 0 };
	struct oci_blob next;
	struct oci_config c;
	int rc;

	if (n > 100000) return 0;
	check_reference(&m, text);
	rc = oci_manifest_parse(&m, text, n, "amd64", &next, &out, NULL);
	if (rc == 1) check_blob(&next, OCI_TEXT_MAX);
	if (rc == 0) {
		demand(out.layers_n && out.layers_n <= OCI_LAYERS_MAX);
		check_blob(&out.config, OCI_TEXT_MAX);
		for (size_t i = 0; i < out.layers_n; i++)
			check_blob(&out.layers[i].blob, OCI_LAYER_MAX);
	}
	if (oci_layout_parse(&m, text, n, NULL, "arm64", &next, NULL) == 0)
		check_blob(&next, OCI_TEXT_MAX);
	if (oci_archive_parse(&m, text, n, NULL, &out, NULL) == 0) {
		demand(out.layers_n && out.layers_n <= OCI_LAYERS_MAX);
		check_path(out.config_path, 0);
		for (size_t i = 0; i < out.layers_n; i++)
			check_path(out.layers[i].path, 0);
	}
	out.layers_n = 0;
	if (oci_config_parse(&m, text, n, &out, &c, NULL) == 0) check_config(&m, &c);
	return 0;
}
