/* All jails at a glance. What runs is asked of machined, the rest is read from
 * configs and root file systems: two round trips however many jails there are. */

#include "applets/applet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/out.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

static const char *const columns[] = {
	"NAME", "RUNNING", "STARTUP", "GPU_INTEL", "GPU_NVIDIA", "OS", "VERSION", "ADDRESSES", NULL
};

struct listing {
	struct host *host;
	struct machine *machines;	/* NULL: what runs is not known */
	size_t n;
};

static int by_name(const void *name, const void *machine)
{
	return strcmp(name, ((const struct machine *)machine)->name);
}

static const struct machine *running(const struct listing *l, const char *name)
{
	return l->n ? bsearch(name, l->machines, l->n, sizeof *l->machines, by_name) : NULL;
}

static const char *truth(bool is)
{
	return is ? "True" : "False";
}

static const char *addresses(struct arena *m, const struct machine *up)
{
	if (!up || !up->addresses[0]) return NULL;
	return up->addresses[1] ? arena_printf(m, "%s…", up->addresses[0]) : up->addresses[0];
}

static void read_os(const struct listing *l, const char *name, const char **os,
                    const char **version)
{
	AUTOCLOSE int jail = jail_open(l->host->dir, name, NULL);
	AUTOCLOSE int rootfs = jail < 0 ? -1 : jail_open_rootfs(jail, NULL);
	struct osrel rel;

	if (rootfs < 0 || jail_os(l->host->m, rootfs, &rel, NULL) < 0) return;
	*os = rel.id;
	*version = rel.version_id ? rel.version_id : rel.version_codename;
}

/* Reads the config; what is wrong with the jail is a warning beside the table. */
static bool read_conf(const struct listing *l, const struct jail *j, struct conf *c)
{
	struct err why = { 0 };

	if (j->broken) {
		out_warn("%s is no whole jail: %s", j->name, j->broken);
		return false;
	}
	if (jail_conf(l->host->m, l->host->dir, j->name, c, &why) == 0) return true;
	out_warn("%s", why.text);
	return false;
}

static void add_row(struct table *t, const struct listing *l, const struct jail *j)
{
	const struct machine *up = running(l, j->name);
	const char *os = up ? up->os : "", *version = up ? up->version : "";
	struct conf c;
	bool known = read_conf(l, j, &c);

	if (!*os) read_os(l, j->name, &os, &version);
	table_add(t, (const char *const[]){
		j->name,
		l->machines ? truth(up) : NULL,
		known ? truth(c.startup.on) : NULL,
		known ? truth(c.gpu_intel.on) : NULL,
		known ? truth(c.gpu_nvidia.on) : NULL,
		os,
		version,
		addresses(l->host->m, up),
	});
}

static int list_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	struct table t = { .m = h->m, .columns = columns };
	struct listing l = { .host = h };
	AUTOENGINE struct engine en;
	struct jail *jails;
	size_t n;

	(void)args;
	(void)operands;
	engine_init(&en, h, h->m);
	if (!(jails = jail_find_all(h->m, h->dir, &n, e))) return -1;
	if (!n) {
		puts("No jails.");
		return out_flush(e);
	}
	if (!(l.machines = engine_list(&en, &l.n, e)))
		out_warn("what runs is not known: %s", e->text);
	for (size_t i = 0; i < n; i++)
		add_row(&t, &l, &jails[i]);
	return table_print(&t, e);
}

const struct applet list_applet = {
	.name = "list",
	.brief = "show all jails",
	.operands = "",
	.text = "- stands for what is not known, … behind an address for more of them.\n",
	.max = 0,
	.needs = NEEDS_DIR,
	.run = list_run,
};
