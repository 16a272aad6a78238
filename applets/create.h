/* What the options of create say; shared with those who ask for what they do not say
 */
#ifndef APPLETS_CREATE_H
#define APPLETS_CREATE_H

#include <stdbool.h>

#include "lib/base/str.h"

/* NULL: not given. */
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
	const char *config_text;	/* of `config`, when it was read already */
	bool start, offline, no_clone, dry_run;
};

#endif
