/* What a jail of an image in layers runs, and what its config says of it
 *
 * Most of these images are made to run one program, and have no init (jail/command.h); some are
 * whole systems. The image's own command tells: if that is an init, or only a shell or nothing,
 * which would end at once, the jail boots the init of its root file system, if there is one.
 */
#ifndef OPS_APPLICATION_H
#define OPS_APPLICATION_H

#include <stdbool.h>

struct arena;
struct err;
struct oci_image;

/* Entrypoint and Cmd as one list, which ends in NULL. */
char **application_command(struct arena *m, const struct oci_image *image);

/* How sure it is that the jail boots: that can need a look into the root file system. */
enum application_init { APPLICATION_NONE, APPLICATION_IF_IT_CAN, APPLICATION_INIT };
enum application_init application_init(char *const *command);

/* Whether its jail boots the init of its open root file system. */
bool application_boots(struct arena *m, const struct oci_image *image, int rootfs);

/* The config `text` with what the image says. `runs`: it runs the image's command. `reference`
 * names the image in a registry; NULL: it is from a file. NULL on failure. */
const char *application_config(struct arena *m, const struct oci_image *image, bool runs,
                               const char *reference, const char *text, struct err *e);

/* Make the directories that the image names, and tell the user what the config `text` runs. */
int application_prepare(struct arena *m, const struct oci_image *image, int rootfs,
                        const char *text, struct err *e);

/* Whether the command of the config `text` has to be the first process, which the root file
 * system shows: 1, or 0. */
int application_must_be_first(struct arena *m, const char *text, int rootfs, struct err *e);

#endif
