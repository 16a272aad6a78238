#include "applets/create_found.h"

#include <time.h>

#include "lib/base/arena.h"
#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/image/metadata.h"
#include "lib/ops/application.h"
#include "lib/ops/create.h"
#include "lib/text/oci.h"
#include "lib/text/split.h"

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

static const char *joined(struct arena *m, char *const *words)
{
	return *words ? words_join(m, words, ", ") : "none";
}

static void show_sizes(struct arena *m, const struct oci_image *image)
{
	struct str sizes = { .m = m };
	char size[SIZE_ROOM];

	for (size_t i = 0; i < image->layers_n; i++)
		str_addf(&sizes, "%s%s", i ? ", " : "",
		         size_text(image->layers[i].blob.size, size));
	out_line("# layers: %zu, of %s", image->layers_n, str_text(&sizes));
}

static void show_command(struct arena *m, const struct oci_config *c, char *const *command)
{
	const char *words = *command ? words_quoted(m, command) : "nothing";

	if (application_init(command) == APPLICATION_INIT)
		out_line("# runs: its init, %s", words);
	else if (application_init(command) == APPLICATION_IF_IT_CAN)
		out_line("# runs: its init, if it has one that boots, else %s", words);
	else
		out_line("# runs: %s", words);
	out_line("# as: %s, in %s", *c->user ? c->user : "root",
	         *c->directory ? c->directory : "/");
}

static void show_layers(struct arena *m, const struct oci_image *image)
{
	const struct oci_config *c = &image->config;

	out_line("# architecture: %s", c->arch);
	show_sizes(m, image);
	show_command(m, c, application_command(m, image));
	out_line("# ports: %s", joined(m, c->ports));
	out_line("# volumes: %s", joined(m, c->volumes));
}

void create_show_found(struct arena *m, const struct create_plan *p)
{
	const struct archive_look *l = &p->found;
	const struct image_metadata *d = l->metadata;
	char size[SIZE_ROOM];

	if (l->kind && l->image) out_line("# found: %s, %s", l->kind, l->layout);
	if (l->image) show_layers(m, l->image);
	if (!l->kind || l->image) return;
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
