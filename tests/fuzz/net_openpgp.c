/* The bytes as a signature over a file, by keys that are good. */

#include "lib/net/openpgp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

static const struct openpgp_keys *good_keys(void)
{
	static struct openpgp_keys keys;
	static struct arena m;
	char *text;
	size_t n;

	if (keys.n) return &keys;
	text = read_file(&m, AT_FDCWD, "tests/data/openpgp/both.asc", 1 << 16, &n, NULL);
	demand(text && openpgp_read_keys(&m, text, n, &keys, NULL) == 0);
	return &keys;
}

/* Nobody finds a signature over another file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char list[] = "{\"products\": {}}\n", other[] = "{\"products\": [] }\n";
	struct openpgp_signature out;
	int rc = openpgp_verify(good_keys(), list, sizeof list - 1, data, n, 1780315200, &out,
	                        NULL);

	demand(rc != 1 || (out.key && out.made > out.key->created));
	demand(rc || strlen(out.stranger) <= OPENPGP_FINGERPRINT);
	demand(openpgp_verify(good_keys(), other, sizeof other - 1, data, n, 1780315200, &out,
	                      NULL) != 1);
	return 0;
}
