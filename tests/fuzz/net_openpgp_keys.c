/* The bytes as a file of public keys, and then as a signature by them. */

#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/net/openpgp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct openpgp_signature out;
	struct openpgp_keys keys;

	if (openpgp_read_keys(&m, data, n, &keys, NULL) < 0) return 0;
	demand(keys.n && keys.n <= OPENPGP_KEYS_MAX);
	for (size_t i = 0; i < keys.n; i++) {
		const struct openpgp_key *k = &keys.list[i];

		demand(strlen(k->fingerprint) == OPENPGP_FINGERPRINT && k->exponent_len > 0);
		demand(k->modulus_len >= 256 && k->modulus_len <= 512 && *k->modulus);
	}
	openpgp_verify(&keys, "x", 1, data, n, 1780315200, &out, NULL);
	return 0;
}
