#include "applets/create_found.h"

#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/image/metadata.h"
#include "lib/ops/create.h"

static const char *day_text(struct arena *m, uint64_t seconds)
{
	const time_t t = (time_t)seconds;
	char date[40] = "";
	struct tm tm;

	if (!seconds || !gmtime_r(&t, &tm) ||
	    !strftime(date, sizeof date, ", of %Y-%m-%d", &tm))
		return "";
	return arena_strdup(m, date);
}

static const char *init_text(struct arena *m, const struct archive_look *l)
{
	if (l->is_nixos) return "it makes its init at the first boot";
	if (!l->init) return "it has no init, so it cannot boot";
	if (str_eq(l->init, "systemd")) return "its init is systemd";
	return arena_printf(m, "its init is %s, not systemd: it may not work as a jail",
	                    l->init);
}

static const char *known(const char *text, const char *otherwise)
{
	return text ? text : otherwise;
}

void create_show_found(struct arena *m, const struct create_plan *p)
{
	const struct archive_look *l = &p->found;
	const struct image_metadata *d = l->metadata;
	char size[SIZE_ROOM];

	if (!l->kind) return;
	out_line("# found: %s, %s; %llu files and directories, %s", l->kind, l->layout,
	         (unsigned long long)l->report.entries, size_text(l->report.bytes, size));
	if (d)
		out_line("# described as: %s %s %s, for %s%s", known(d->distro, "unknown"),
		         known(d->release, "unknown"), known(d->variant, "default"), d->arch,
		         day_text(m, d->created));
	out_line("# system: %s; %s", known(l->system, "unknown, it has no os-release"),
	         init_text(m, l));
	if (l->has_cloud_init)
		out_line("# cloud-init: %s", p->seeded ? "gets what you gave" : "turned off");
}
