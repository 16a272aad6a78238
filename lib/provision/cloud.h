/* cloud-init in an image: a seed, or off
 *
 * cloud-init looks for a data source at the first boot, and without one that takes minutes. So
 * an image that has it gets either a seed of the data source NoCloud, with what the user gave,
 * or the file that turns it off. The network is not left to it in either case: customize.h
 * writes what a jail needs.
 *
 * https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
 */
#ifndef PROVISION_CLOUD_H
#define PROVISION_CLOUD_H

#include <stdbool.h>

struct err;
struct host;

#define CLOUD_SEED "/var/lib/cloud/seed/nocloud-net"

/* What the user gave; zeroed: nothing. */
struct cloud_seed {
	const char *user_data;	/* NULL: none */
	char *const *keys;	/* lines of an authorized_keys file; NULL-ended, or NULL */
};

/* Read the user-data, a file or an https URL (NULL: none), and files of public SSH keys
 * (NULL-ended, or NULL). Texts live in h->m. ERR_INPUT for what cloud-init would not read. */
int cloud_load(struct host *h, const char *user_data, char *const *key_files,
               struct cloud_seed *out, struct err *e);

/* ERR_INPUT: a seed is wanted, but the image has no cloud-init. */
int cloud_fail_absent(struct err *e);

bool cloud_is_wanted(const struct cloud_seed *c);

/* Seed it or turn it off, in a root file system that nobody else uses. `*has_it`: the image has
 * cloud-init; if not, but a seed is wanted, this is ERR_INPUT. `e` must not be NULL. */
int cloud_apply(const struct cloud_seed *c, int rootfs, const char *name, bool *has_it,
                struct err *e);

#endif
