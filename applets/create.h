/* The options of create, shared with the questions that complete them */
#ifndef APPLETS_CREATE_H
#define APPLETS_CREATE_H

#include <stdbool.h>

#include "lib/base/str.h"

struct arena;
struct opt;

/* NULL: the option was not given. */
struct create_args {
	const char *distro, *release, *variant, *arch, *build;
	const char *cacert, *image, *sha256;
	struct words servers, sets;
	const char *template;
	const char *max_size;
	long max_files;
	const char *allow_devices;
	const char *hostname;
	const char *startup, *seccomp, *config, *gpu_intel, *gpu_nvidia;
	const char *config_text;	/* the text of `config`, once it has been read */
	bool start, offline, no_clone, require_signature, dry_run;
};

/* Returns the option of create that `word` is, if systemd-nspawn does not have it or cannot use
 * it for a jail; else NULL. */
const struct opt *create_own_option(struct arena *m, const char *word);

#endif
