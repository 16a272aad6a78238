/* Properties whose value is a name of a set, or several of them. They are sent as the kernel's
 * numbers. */

#include "lib/systemd/props/impl.h"

#include <string.h>
#include <strings.h>

#include "lib/systemd/props/props.h"

/* A name, or a number up to `max`; with -1 only names. */
static int add_named(struct prop_in *in, const struct name_value *table, int64_t max)
{
	int64_t v = name_lookup(table, in->text);
	uint32_t n;

	if (v < 0 && text_u32(in->text, &n) && n <= max) v = n;
	if (v < 0) return prop_refuse(in);
	prop_i32(in->w, in->name, (int32_t)v);
	return 0;
}

int add_level(struct prop_in *in)
{
	static const struct name_value levels[] = {
		{ "emerg", 0 }, { "alert", 1 }, { "crit", 2 }, { "err", 3 }, { "warning", 4 },
		{ "notice", 5 }, { "info", 6 }, { "debug", 7 }, { NULL, 0 },
	};

	return add_named(in, levels, 7);
}

int add_facility(struct prop_in *in)
{
	static const struct name_value facilities[] = {
		{ "kern", 0 }, { "user", 1 }, { "mail", 2 }, { "daemon", 3 }, { "auth", 4 },
		{ "syslog", 5 }, { "lpr", 6 }, { "news", 7 }, { "uucp", 8 }, { "cron", 9 },
		{ "authpriv", 10 }, { "ftp", 11 }, { "local0", 16 }, { "local1", 17 },
		{ "local2", 18 }, { "local3", 19 }, { "local4", 20 }, { "local5", 21 },
		{ "local6", 22 }, { "local7", 23 }, { NULL, 0 },
	};

	return add_named(in, facilities, 127);
}

int add_cpu_policy(struct prop_in *in)
{
	static const struct name_value policies[] = {
		{ "other", 0 }, { "fifo", 1 }, { "rr", 2 }, { "batch", 3 }, { "idle", 5 },
		{ NULL, 0 },
	};

	return add_named(in, policies, INT32_MAX);
}

int add_io_class(struct prop_in *in)
{
	static const struct name_value classes[] = {
		{ "none", 0 }, { "realtime", 1 }, { "best-effort", 2 }, { "idle", 3 },
		{ NULL, 0 },
	};

	return add_named(in, classes, 8);
}

int add_numa_policy(struct prop_in *in)
{
	static const struct name_value policies[] = {
		{ "default", 0 }, { "preferred", 1 }, { "bind", 2 }, { "interleave", 3 },
		{ "local", 4 }, { NULL, 0 },
	};

	return add_named(in, policies, -1);
}

int add_signal(struct prop_in *in)
{
	int sig = signal_number(in->text);

	if (sig < 0) return prop_refuse(in);
	prop_i32(in->w, in->name, sig);
	return 0;
}

int add_syscall_errno(struct prop_in *in)
{
	enum { KILL = INT32_MAX - 1, ERRNO_LAST = 4095 };
	int32_t v = str_eq(in->text, "kill") ? KILL : errno_number(in->text);

	if (v < 0 && (!text_i32(in->text, &v) || v < 0 || v > ERRNO_LAST))
		return prop_refuse(in);
	prop_i32(in->w, in->name, v);
	return 0;
}

int add_mount_flags(struct prop_in *in)
{
	static const struct name_value flags[] = {
		{ "", 0 }, { "private", 1 << 18 }, { "slave", 1 << 19 }, { "shared", 1 << 20 },
		{ NULL, 0 },
	};
	int64_t v = name_lookup(flags, in->text);

	if (v < 0) return prop_refuse(in);
	prop_u64(in->w, in->name, (uint64_t)v);
	return 0;
}

int add_coredump_filter(struct prop_in *in)
{
	enum { DEFAULT = 0x33 };
	static const struct name_value kinds[] = {
		{ "private-anonymous", 1 }, { "shared-anonymous", 2 },
		{ "private-file-backed", 4 }, { "shared-file-backed", 8 },
		{ "elf-headers", 16 }, { "private-huge", 32 }, { "shared-huge", 64 },
		{ "private-dax", 128 }, { "shared-dax", 256 }, { "default", DEFAULT },
		{ NULL, 0 },
	};
	const char *p = in->text;
	uint64_t sum = 0, number;
	char *word;
	int got;

	while ((got = word_next(in->w->m, &p, &word, BLANKS, 0)) > 0) {
		int64_t v = name_lookup(kinds, word);

		if (str_eq(word, "all"))
			sum = UINT32_MAX;
		else if (v >= 0)
			sum |= (uint64_t)v;
		else if (text_u64_base(word, 16, &number))
			sum |= number;
		else
			return prop_refuse_part(in, word);
	}
	if (got < 0) return prop_refuse(in);
	prop_u64(in->w, in->name, sum);
	return 0;
}

/* Unknown names are ignored, as systemd-run does. */
int add_secure_bits(struct prop_in *in)
{
	static const struct name_value bits[] = {
		{ "noroot", 1 }, { "noroot-locked", 2 }, { "no-setuid-fixup", 4 },
		{ "no-setuid-fixup-locked", 8 }, { "keep-caps", 16 },
		{ "keep-caps-locked", 32 }, { NULL, 0 },
	};
	const char *p = in->text;
	int32_t sum = 0;
	char *word;

	while (word_next(in->w->m, &p, &word, BLANKS, WORD_QUOTES) > 0) {
		int64_t v = name_lookup(bits, word);

		if (v > 0) sum |= (int32_t)v;
	}
	prop_i32(in->w, in->name, sum);
	return 0;
}

/* Their order is their number in linux/capability.h. */
static const char *const capabilities[] = {
	"cap_chown", "cap_dac_override", "cap_dac_read_search", "cap_fowner", "cap_fsetid",
	"cap_kill", "cap_setgid", "cap_setuid", "cap_setpcap", "cap_linux_immutable",
	"cap_net_bind_service", "cap_net_broadcast", "cap_net_admin", "cap_net_raw",
	"cap_ipc_lock", "cap_ipc_owner", "cap_sys_module", "cap_sys_rawio", "cap_sys_chroot",
	"cap_sys_ptrace", "cap_sys_pacct", "cap_sys_admin", "cap_sys_boot", "cap_sys_nice",
	"cap_sys_resource", "cap_sys_time", "cap_sys_tty_config", "cap_mknod", "cap_lease",
	"cap_audit_write", "cap_audit_control", "cap_setfcap", "cap_mac_override",
	"cap_mac_admin", "cap_syslog", "cap_wake_alarm", "cap_block_suspend",
	"cap_audit_read", "cap_perfmon", "cap_bpf", "cap_checkpoint_restore",
};

static int capability_number(const char *name)
{
	int32_t n;

	if (text_i32(name, &n)) return n >= 0 && n < 64 ? n : -1;
	for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0]; i++)
		if (!strcasecmp(name, capabilities[i])) return (int)i;
	return -1;
}

/* Unknown names are ignored here, too. */
int add_capabilities(struct prop_in *in)
{
	bool invert = *in->text == '~';
	const char *p = in->text + invert;
	uint64_t sum = 0;
	char *word;

	while (word_next(in->w->m, &p, &word, BLANKS, WORD_QUOTES) > 0) {
		int n = capability_number(word);

		if (n >= 0) sum |= (uint64_t)1 << n;
	}
	prop_u64(in->w, in->name, invert ? ~sum : sum);
	return 0;
}

enum { ALL_NAMESPACES = 0x7e020000 };

/* The CLONE_NEW flags of a list; -1 with the fault for an unknown name. */
static int64_t namespaces_take(struct prop_in *in, const char *p)
{
	static const struct name_value kinds[] = {
		{ "cgroup", 0x02000000 }, { "ipc", 0x08000000 }, { "net", 0x40000000 },
		{ "mnt", 0x00020000 }, { "pid", 0x20000000 }, { "user", 0x10000000 },
		{ "uts", 0x04000000 }, { "time", 0x80 }, { NULL, 0 },
	};
	int64_t sum = 0;
	char *word;
	int got;

	while ((got = word_next(in->w->m, &p, &word, BLANKS, WORD_QUOTES)) > 0) {
		int64_t v = name_lookup(kinds, word);

		if (v < 0) return prop_refuse_part(in, word);
		sum |= v;
	}
	return got < 0 ? prop_refuse(in) : sum;
}

/* The value is what stays allowed; 0 restricts all. */
int add_namespaces(struct prop_in *in)
{
	bool invert = *in->text == '~', restricted;
	int64_t allowed;

	if (text_bool(in->text, &restricted))
		allowed = restricted ? 0 : ALL_NAMESPACES;
	else if ((allowed = namespaces_take(in, in->text + invert)) < 0)
		return -1;
	else if (invert)
		allowed = ~allowed & ALL_NAMESPACES;
	prop_u64(in->w, in->name, (uint64_t)allowed);
	return 0;
}

struct statuses {
	int32_t *v;
	size_t n;
};

static void put_statuses(struct wire *w, const struct statuses *s)
{
	wire_open_array(w, "i");
	for (size_t i = 0; i < s->n; i++)
		wire_i32(w, s->v[i]);
	wire_close_array(w);
}

/* A number is an exit status, even if it is also the number of a signal. */
int add_exit_statuses(struct prop_in *in)
{
	size_t room = strlen(in->text) / 2 + 1;
	struct statuses exits = { arena_array(in->w->m, room, sizeof(int32_t)), 0 };
	struct statuses signals = { arena_array(in->w->m, room, sizeof(int32_t)), 0 };
	const char *p = in->text;
	char *word;
	int got;

	while ((got = word_next(in->w->m, &p, &word, BLANKS, WORD_QUOTES)) > 0) {
		int status = exit_status_number(word), sig = signal_number(word);

		if (status >= 0)
			exits.v[exits.n++] = status;
		else if (sig >= 0)
			signals.v[signals.n++] = sig;
		else
			return prop_refuse_part(in, word);
	}
	if (got < 0) return prop_refuse(in);
	prop_open(in->w, in->name, "(aiai)");
	wire_open_struct(in->w);
	put_statuses(in->w, &exits);
	put_statuses(in->w, &signals);
	wire_close_struct(in->w);
	prop_close(in->w);
	return 0;
}
