#include "lib/nspawn/traits.h"

#include <string.h>
#include <strings.h>

#include "lib/base/str.h"
#include "lib/nspawn/impl.h"
#include "lib/nspawn/options.h"

/* "all", "CAP_SYS_ADMIN,CAP_NET_ADMIN" */
static bool rules_network(const char *capabilities)
{
	for (size_t n; *capabilities; capabilities += n + (capabilities[n] == ',')) {
		n = strcspn(capabilities, ",");
		if ((n == 3 && !strncasecmp(capabilities, "all", n)) ||
		    (n == 13 && !strncasecmp(capabilities, "CAP_NET_ADMIN", n)))
			return true;
	}
	return false;
}

/* "add_key keyctl bpf" allows these calls; "~bpf" forbids one. */
static bool allows_bpf(const char *calls)
{
	if (*calls == '~') return false;
	for (size_t n; *calls; calls += n) {
		calls += strspn(calls, " \t\n");
		n = strcspn(calls, " \t\n");
		if (n == 3 && !strncmp(calls, "bpf", n)) return true;
	}
	return false;
}

/* The words that systemd's parse_boolean() takes for no. */
static bool is_no(const char *value)
{
	static const char *const words[] = { "0", "no", "n", "false", "f", "off" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcasecmp(words[i], value)) return true;
	return false;
}

static void add_option_traits(struct nspawn_traits *t, const struct nspawn_option *o)
{
	const char *value = o->value ? o->value : "";

	t->root_forgets |= str_eq(o->name, "ephemeral") || str_eq(o->name, "read-only") ||
	                   (str_eq(o->name, "volatile") && !is_no(value));
	t->own_network |= str_starts(o->name, "network-") || str_eq(o->name, "private-network");
	t->own_users |= o->row->letter == 'U' ||
	                (str_eq(o->name, "private-users") && !is_no(value));
	t->changes_firewall |= str_eq(o->name, "capability") && rules_network(value);
	t->changes_firewall |= str_eq(o->name, "system-call-filter") && allows_bpf(value);
}

void nspawn_traits_add(struct nspawn_traits *t, const struct nspawn_options *o)
{
	for (size_t i = 0; i < o->n; i++)
		add_option_traits(t, &o->v[i]);
}
