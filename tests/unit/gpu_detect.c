#include "lib/gpu/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/test.h"

static void put(const char *root, const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof full, "%s/%s", root, path);
	CHECK((f = fopen(full, "w")) != NULL);
	fputs(text, f);
	fclose(f);
}

static void make_dirs(const char *root)
{
	static const char *const dirs[] = {
		"dev", "sys", "sys/bus", "sys/bus/pci", "sys/bus/pci/devices",
		"sys/bus/pci/devices/a", "sys/bus/pci/devices/b",
	};
	char full[256];

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		snprintf(full, sizeof full, "%s/%s", root, dirs[i]);
		CHECK_INT(mkdir(full, 0700), 0);
	}
}

TEST(graphics_are_seen_by_their_nodes_or_on_the_bus)
{
	char root[] = "/tmp/hardware-XXXXXX", gone[300];

	CHECK(mkdtemp(root) != NULL);
	CHECK(!gpu_has_dri(root) && !gpu_has_nvidia(root));
	make_dirs(root);
	CHECK(!gpu_has_dri(root) && !gpu_has_nvidia(root));
	put(root, "sys/bus/pci/devices/a/vendor", "0x10de\n");
	put(root, "sys/bus/pci/devices/a/class", "0x040300\n");	/* its sound */
	put(root, "sys/bus/pci/devices/b/vendor", "0x8086\n");
	put(root, "sys/bus/pci/devices/b/class", "0x030000\n");
	CHECK(!gpu_has_nvidia(root));
	put(root, "sys/bus/pci/devices/b/vendor", "0x10de\n");
	CHECK(gpu_has_nvidia(root));
	put(root, "sys/bus/pci/devices/b/class", "");
	CHECK(!gpu_has_nvidia(root));
	put(root, "dev/nvidia0", "");
	CHECK(gpu_has_nvidia(root) && !gpu_has_dri(root));
	put(root, "dev/dri", "");
	CHECK(gpu_has_dri(root));
	snprintf(gone, sizeof gone, "rm -r %s", root);
	CHECK_INT(system(gone), 0);
}
