/* Read metadata.yaml, the description that Incus and LXD put into an image
 *
 * Hostile, like all of an image: read by lib/text/yaml.h. Of it are used the architecture, the
 * time of the build, the names in `properties`, and the templates, which are files to be
 * written into the root file system. See Incus' doc/reference/image_format.md.
 */
#ifndef IMAGE_METADATA_H
#define IMAGE_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct arena;
struct err;

enum { METADATA_MAX = 64 * 1024 };

struct image_template {
	const char *target;	/* an absolute path in the root file system */
	const char *file;	/* where its text is: a plain name in the folder templates/ */
	const char *text;	/* for who reads that file */
	bool when_created;	/* it is used when a container is made */
	bool create_only;	/* a file that exists already stays as it is */
	uid_t uid;		/* of a new file, with the group and the mode */
	gid_t gid;
	mode_t mode;
};

/* NULL or 0: it does not say, or not in words that are names. */
struct image_metadata {
	const char *arch;	/* as a server of images calls it: "amd64" */
	const char *distro;	/* in lower case, as of a server */
	const char *release, *variant;
	uint64_t created;	/* seconds since 1970 */
	struct image_template *templates;
	size_t templates_n;
};

/* Everything is copied into the arena. ERR_INPUT if it is no such text, or has no architecture;
 * ERR_UNTRUSTED for a template that could be meant to lead elsewhere. */
int image_metadata_parse(struct arena *m, const char *text, size_t n,
                         struct image_metadata *out, struct err *e);

#endif
