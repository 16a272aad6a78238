/* Which graphics hardware this machine has, as far as one can see without a driver
 *
 * For asking and advising, not for deciding what a jail gets: a card that is here may
 * still have no driver.
 */
#ifndef GPU_DETECT_H
#define GPU_DETECT_H

#include <stdbool.h>

/* `root` is put in front of /dev and /sys: "" for this machine. */
bool gpu_has_dri(const char *root);	/* Intel, AMD: /dev/dri */
bool gpu_has_nvidia(const char *root);	/* /dev/nvidia*, or a display on the PCI bus */

#endif
