/* Which graphics hardware this machine has, as far as that is visible without a driver
 *
 * This is for questions and advice. It does not decide what a jail gets, because a card may
 * have no driver.
 */
#ifndef GPU_DETECT_H
#define GPU_DETECT_H

#include <stdbool.h>

/* `root` is prepended to /dev and /sys: "" for this machine. */
bool gpu_has_dri(const char *root);	/* Intel, AMD: /dev/dri */
bool gpu_has_nvidia(const char *root);	/* /dev/nvidia*, or a display on the PCI bus */

#endif
