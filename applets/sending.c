#include "applets/sending.h"

#include "lib/base/out.h"
#include "lib/cli/applet.h"
#include "lib/ops/copy.h"

int sending_read(struct arena *m, const struct sending *s, const char *target,
                 struct copy_how *how, struct err *e)
{
	how->dry_run = s->dry_run;
	how->peer.program = s->path;
	how->peer.dir = s->dir;
	how->peer.send_binary = s->send_binary;
	if (opts_size("limit", s->limit, &how->limit, e) < 0) return -1;
	return op_copy_target(m, target, how, e);
}

int sending_tell(const struct copy_how *how, const struct copy_told *told, const char *from,
                 const char *done, struct err *e)
{
	for (size_t i = 0; how->dry_run && i < told->steps.n; i++)
		out_line("%s", told->steps.v[i]);
	if (!how->dry_run) out_done("%s %s to %s", from, done, told->to);
	return out_flush(e);
}
