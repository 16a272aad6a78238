#include "lib/disk/project.h"

#include "tests/unit/disk_world.h"

/* What real projects do is shown on the appliance, whose kernel has them. */
TEST(a_directory_in_no_project_has_no_limit)
{
	struct project p;
	struct world w;

	world_make(&w);
	CHECK(!project_read(w.inside, &p));
	CHECK(!project_has_limit(w.inside, 0));
	CHECK_INT(project_lift(w.inside, &w.e), 0);
	world_drop(&w);
}

/* Nothing of the tree is changed then. */
TEST(a_file_system_without_projects_is_named)
{
	struct world w;

	world_make(&w);
	CHECK_INT(project_limit(w.inside, "/jails/web/rootfs", 1 << 20, &w.e), -1);
	CHECK_INT(w.e.kind, ERR_HOST);
	CHECK(strstr(w.e.text, "/jails/web/rootfs is not a ZFS dataset"));
	CHECK(strstr(w.e.text, "no project quotas"));
	world_drop(&w);
}
