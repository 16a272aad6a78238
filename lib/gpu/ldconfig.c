#include "lib/gpu/ldconfig.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/gpu/nvidia.h"
#include "lib/jail/jail.h"
#include "lib/jail/look.h"

enum { CONF_BYTES = 256 * 1024, BOOT_WAIT = 90 };

/* The last line of the file after ldconfig has run. */
static const char is_known[] = "# ldconfig was run\n";

/* Their names on the host, and the directory in the jail that they are bound to: /run is not in
 * the root file system. */
#define UNIT "ldconfig.service"
#define WISH "ldconfig.conf"
#define UNITS "/run/systemd/system"

static const char unit[] =
	"[Unit]\n"
	"Description=Tell the linker of the NVIDIA driver's libraries\n"
	"DefaultDependencies=no\n"
	"After=local-fs.target\n"
	"Before=sysinit.target\n"
	"[Service]\n"
	"Type=oneshot\n"
	"ExecStart=-/sbin/ldconfig\n";

static const char wish[] = "[Unit]\nWants=jlmkr-ldconfig.service\n";

static int add_unit(struct nvidia_binds *binds, struct err *e)
{
	AUTOCLOSE int dir = open(NVIDIA_FARMS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0) return fail_sys(e, NVIDIA_FARMS);
	if (replace_file(dir, UNIT, unit, strlen(unit), 0644, e) < 0) return -1;
	if (replace_file(dir, WISH, wish, strlen(wish), 0644, e) < 0) return -1;
	nvidia_bind(binds, NVIDIA_FARMS "/" UNIT, UNITS "/jlmkr-ldconfig.service", false);
	nvidia_bind(binds, NVIDIA_FARMS "/" WISH, UNITS "/sysinit.target.d/jlmkr-ldconfig.conf",
	            false);
	return 0;
}

static const char *known_text(struct engine *en, const struct nvidia *nv)
{
	return arena_printf(en->m, "%s%s", nv->conf, is_known);
}

static bool is_learned(struct engine *en, int root, const struct nvidia *nv)
{
	const char *old = look_read(en->m, root, NVIDIA_CONF, CONF_BYTES, NULL);

	return old && str_eq(old, known_text(en, nv));
}

int ldconfig_prepare(struct engine *en, int root, const struct nvidia *nv, bool with_unit,
                     struct nvidia_binds *binds, bool *news, struct err *e)
{
	*news = nv->entry_count && !is_learned(en, root, nv);
	if (!*news) return 0;
	if (write_in_root(root, NVIDIA_CONF, nv->conf, 0644, e) < 0) return -1;
	return with_unit ? add_unit(binds, e) : 0;
}

static int run_ldconfig(struct engine *en, const struct jail *j, struct err *e)
{
	const struct script_how how = {
		.path = "ldconfig",
		.what = "ldconfig",
		.output = STDERR_FILENO,
		.boot_wait = BOOT_WAIT,
	};
	int status;

	out_step("Running ldconfig in %s for the NVIDIA driver", j->name);
	status = engine_script(en, j, &how, e);
	return status > 0 ?
	       fail(e, ERR_HOST, "ldconfig in %s ended with status %d", j->name, status) :
	                    status;
}

int ldconfig_learn(struct engine *en, struct jail *j, const struct nvidia *nv, struct err *e)
{
	int root = jail_rootfs(j, e);

	if (root < 0 || run_ldconfig(en, j, e) < 0) return -1;
	return write_in_root(root, NVIDIA_CONF, known_text(en, nv), 0644, e);
}

int ldconfig_forget(struct engine *en, struct jail *j, struct err *e)
{
	AUTOCLOSE int fd = -1;
	struct stat st;
	int rc, root = jail_rootfs(j, e);

	if (root < 0) return -1;
	fd = place_in_root(root, NVIDIA_CONF, O_NOFOLLOW, NULL);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) return 0;
	if (write_in_root(root, NVIDIA_CONF, "", 0644, e) < 0) return -1;
	if ((rc = run_ldconfig(en, j, e)) < 0 && e->kind == ERR_INTERRUPTED) return -1;
	return unlink_in_root(root, NVIDIA_CONF, rc < 0 ? NULL : e) < 0 ? -1 : rc;
}
