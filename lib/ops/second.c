#include "lib/ops/second.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/provision/identity.h"

/* A host name that is not the name of the jail is the user's, and stays. */
static int renew_config(struct arena *m, int dir, const struct second *s, struct err *e)
{
	const char *text = conf_read_file(m, dir, LAYOUT_CONFIG, LAYOUT_CONFIG, e);
	struct conf conf;

	if (!text || conf_parse(m, text, &conf, NULL) < 0) return text ? 0 : -1;
	if (!*conf.hostname.text) return 0;
	if (strcmp(conf.hostname.text, s->from)) {
		out_warn("%s and %s have the same hostname= in their configs: %s", s->shown,
		         s->to, conf.hostname.text);
		return 0;
	}
	if (!(text = conf_set(m, text, "hostname", s->to, e))) return -1;
	return replace_file(dir, LAYOUT_CONFIG, text, strlen(text), 0600, e);
}

static void tell_same(struct arena *m, int rootfs, const struct second *s)
{
	struct words addresses = { .m = m };

	identity_addresses(m, rootfs, &addresses);
	for (size_t i = 0; i < addresses.n; i++)
		out_warn("%s and %s have the same static address: %s", s->shown, s->to,
		         addresses.v[i]);
	if (identity_has_ssh_keys(rootfs))
		out_note("%s has the SSH host keys of %s; for others, delete "
		         "/etc/ssh/ssh_host_* in it and run ssh-keygen -A", s->to, s->shown);
}

void second_sweep(int dir)
{
	AUTOCLOSE int rootfs = jail_open_rootfs(dir, NULL);

	sweep_replaced(dir, LAYOUT_CONFIG);
	if (rootfs >= 0) identity_sweep(rootfs);
}

int second_renew(struct arena *m, int dir, const struct second *s, struct err *e)
{
	AUTOCLOSE int rootfs = jail_open_rootfs(dir, e);

	if (rootfs < 0 || renew_config(m, dir, s, e) < 0) return -1;
	if (identity_renew(rootfs, s->from, s->to, e) < 0)
		return fail_in(e, "the identity of %s", s->to);
	tell_same(m, rootfs, s);
	return 0;
}
