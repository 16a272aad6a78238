#include "lib/gpu/detect.h"

#include <fcntl.h>
#include <glob.h>
#include <stddef.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"

/* https://www.kernel.org/doc/html/latest/PCI/sysfs-pci.html */
static const char nvidia_vendor[] = "0x10de", display_class[] = "0x03";

static bool glob_finds(struct arena *m, const char *root, const char *pattern, glob_t *found)
{
	return glob(arena_printf(m, "%s%s", root, pattern), GLOB_NOSORT, NULL, found) == 0;
}

bool gpu_has_dri(const char *root)
{
	AUTOFREE struct arena m = { 0 };

	return access(arena_printf(&m, "%s/dev/dri", root), F_OK) == 0;
}

static bool file_starts(struct arena *m, const char *device, const char *file,
                        const char *start)
{
	const char *path = arena_printf(m, "%s/%s", device, file);
	const char *text = read_file(m, AT_FDCWD, path, 64, NULL, NULL);

	return text && str_starts(text, start);
}

static bool is_on_bus(struct arena *m, const char *root)
{
	bool found = false;
	glob_t devices = { 0 };

	if (glob_finds(m, root, "/sys/bus/pci/devices/*", &devices))
		for (size_t i = 0; i < devices.gl_pathc && !found; i++)
			found = file_starts(m, devices.gl_pathv[i], "vendor", nvidia_vendor) &&
			        file_starts(m, devices.gl_pathv[i], "class", display_class);
	globfree(&devices);
	return found;
}

bool gpu_has_nvidia(const char *root)
{
	AUTOFREE struct arena m = { 0 };
	glob_t nodes = { 0 };
	bool found = glob_finds(&m, root, "/dev/nvidia*", &nodes);

	globfree(&nodes);
	return found || is_on_bus(&m, root);
}
