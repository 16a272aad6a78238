/* Values for every property, made up: what its reader may know, at its borders and past them
 *
 * A value is one to four pieces with something between; most pieces are of the reader's own
 * kind, some of another's. The dice are the caller's.
 */
#ifndef PROPS_ORACLE_VALUES_H
#define PROPS_ORACLE_VALUES_H

#include "lib/systemd/props/table.c"

static size_t dice(size_t n);

static const char *const numbers[] = {
	"0", "1", "-1", "+1", "00", "010", "0x10", "0X1f", "0b11", "0o17", "08", " 5", "5 ", "\t5",
	"2", "7", "8", "10", "19", "20", "-20", "-21", "40", "41", "64", "65", "127", "128", "255",
	"256", "1000", "1001", "4095", "4096", "8191", "8192", "10000", "10001", "65535", "65536",
	"262144", "262145", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295",
	"4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551615",
	"18446744073709551616", "1e3", "1.5", ".5", "5.", "0.000001", "1.99999999999", "0777", "7777",
	"10000000", "infinity", "Infinity", "max", "min", "", "NaN", "idle", "1_000", "1,000",
};
static const char *const sizes[] = {
	"1K", "1M", "1G", "1T", "1P", "1E", "15E", "16E", "17E", "1B", "1k", "1KB", "1KiB", "1 M",
	"1.5G", "0.1K", "1G512M", "1G 512M", "512M 1G", "1G1G", "1K 1", "1M 1B", "infinity", "-1K",
	"0x1K", "1.", "1.K", ".5K", "1.0000000000000000001K", "99999999999999999999K", "1 K 1 B", "K",
};
static const char *const times[] = {
	"1s", "1 s", "5min", "1h 30min", "1h30", "2d", "1w", "1month", "1M", "1m", "1y", "1year",
	"1ms", "1us", "1µs", "1μs", "1ns", "1.5s", "0.5ms", ".5s", "5.s", "1min 1min", "10 20",
	"infinity", " infinity", "infinity ", "-1s", "-0", "584542y", "584543y", "999999999999d",
	"18446744073709.551615", "18446744073710", "1 hr", "3hours", "1sec2sec", "1S", "1e3s", "0", "",
	"1.0000001s", "1.9999999s", "1usec", "2 seconds", "1minute", "1 weeks", "1.5month", "0x10",
};
static const char *const percents[] = {
	"0%", "1%", "50%", "100%", "100.00%", "100.01%", "101%", "99.99%", "99.999%", "0.5%", "0.05%",
	".5%", "5.%", "-1%", "+1%", " 1%", "1 %", "1000%", "21474836%", "21474837%", "500‰",
	"1000‰", "1001‰", "33.3‰", "33.33‰", "10000‱", "10001‱", "1‱", "1.1‱", "%", "1%%",
	"0x10%", "010%", "214748364.7%",
};
static const char *const names[] = {
	"yes", "No", "TRUE", "off", "y", "t", "1", "maybe", "TERM", "SIGTERM", "sigterm", "RTMIN",
	"SIGRTMIN+4", "RTMIN+30", "RTMIN+31", "RTMAX-1", "RTMAX-30", "RTMAX-31", "RTMIN+", "RTMIN-1",
	"SIGRTMAX+0", "IOT", "POLL", "CLD", "SIG", "SIG9", "EXEC", "SUCCESS", "NOTRUNNING",
	"KEYRING", "EXCEPTION", "BUS", "exec", "SIGBUS", "EPERM", "EWOULDBLOCK", "EAGAIN", "ENOTSUP",
	"EDEADLOCK", "kill", "emerg", "Debug", "err", "error", "warn", "warning", "daemon", "local7",
	"local8", "fifo", "idle", "other", "best-effort", "be", "realtime", "none", "default", "bind",
	"interleave", "local", "preferred", "numa", "all", "shared", "slave", "private", "rshared",
	"private-anonymous", "elf-headers", "shared-dax", "keep-caps", "noroot-locked", "CAP_SYS_ADMIN",
	"cap_net_raw", "CAP_0", "63", "64", "mnt", "cgroup", "net", "user", "uts", "ipc", "pid", "time",
	"any", "localhost", "link-local", "multicast", "auto", "strict", "ipv4", "ipv6", "tcp", "udp",
	"rbind", "norbind", "root", "usr", "verity", "esp", "AF_UNIX", "@system-service", "memory",
	"ingress", "inet_egress",
};
static const char *const lists[] = {
	"0-3", "3-0", "0,2", "0 2", "0-", "-3", "0--3", "1-1", "8191", "8192", "0-8191", "0,,1", ",",
	"1.2.3.4", "1.2.3.4/8", "1.2.3.4/33", "1.2.3.4/", "1.2.3", "01.2.3.4", "::1", "::/0", "::1/129",
	"fe80::1%lo", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8/64", "1.2.3.4/0x8", "1.2.3.4/+8", "10/8",
	"80", "80-90", "90-80", "0", "65535", "1-65535", "0-5", "tcp:80", "ipv4:tcp:80", "ipv6:any",
	"ipv4:", "udp:", "tcp:ipv4:1", ":80", "ipv4:udp:1-2",
};
static const char *const paths[] = {
	"/", "/dev/null", "/dev/null rw", "/dev/null 10M", "/dev/null infinity", "/dev/null 5ms",
	"char-pts rwm", "/a", "/a/b", "//a//b/", "/a/./b", "/a/../b", "rel/path", "~", "-/a", "-", "--/a",
	"+/a", "/a:/b", "/a:/b:rbind", "/a:/b:norbind", "/a:/b:ro", "-/a:/b", "/a:/b:/c:d", "/a\\:b:/c",
	"'/a b':/c", "'/a:b'", "\"/a b:/c d\"", "/a:", ":/a", ":", "::", "fd:x", "fd:", "fd", "file:/a",
	"append:/a", "truncate:rel", "file:", "id:text", "id:", ":text", "id", "id:\\x41\\n", "id:aGVsbG8=",
	"id:aGVsbG8", "aGVsbG8=", "a GVs\nbG8=", "base64:aGVsbG8=", "base64:", "base64:!", "inherit", "tty",
	"socket", "00112233445566778899aabbccddeeff", "00112233445566778899AABBCCDDEEFF",
	"00112233445566778899aabbccddee", "0011223344556677889", "%n", "%%", "/run/%i", "$HOME", "${X}",
	"FIELD=x", "A=1", "A=1 B=2", "A='x y'", "\"A=x y\"", "A=\\x41", "1A=x", "A", "a=", "=x",
	"x.service", "a@b.service", "bind:/sys/fs/bpf/x", "ingress:/x", "ro,noatime", "root:ro", "home:rw,x",
	"/img:/dst:root:ro", "/img:/dst:ro:rw", "/img:root:ro home:rw",
};
static const char *const commands[] = {
	"/bin/true", "-/bin/true", "@/bin/sh zero -c x", "@/bin/sh", ":/bin/echo $X", "+/bin/true",
	"!/bin/true", "!!/bin/true", "!!!/bin/true", "-@:/bin/true a", "--/bin/true", "-+!/bin/true",
	"+-/bin/true", "::/bin/true", "- /bin/true", "true", "/bin/true ;", "/bin/true ; /bin/false",
	"/bin/sh -c 'a b' \"c d\"", "/bin/a\\x20b", "/bin/echo \\101 \\u00e4 \\U0001F600 \\s \\e", "\"\"",
	"/bin/echo ''", "/bin/echo 'open", "/bin/echo \\", "/bin/echo \\q", "/bin/echo a\\tb", "|", "!", "|!x",
	"!|x", "||x", "!!x", "| !x", "\\x00", "/bin/echo \\x0", "/bin/echo \\400", "/bin/echo \\000",
};

static const struct pool {
	const char *const *list;
	size_t n;
} pools[] = {
#define POOL(list) { list, sizeof(list) / sizeof(list)[0] }
	POOL(numbers), POOL(sizes), POOL(times), POOL(percents), POOL(names), POOL(lists), POOL(paths),
	POOL(commands),
};

enum { POOLS = sizeof pools / sizeof pools[0] };

/* Which pools, by number, suit the reader best. */
static const char *suits(const struct prop_kind *k)
{
	static const struct {
		int (*add)(struct prop_in *in);
		const char *pools;
	} table[] = {
		{ add_memory, "0133" }, { add_memory_low, "0133" }, { add_tasks, "0033" },
		{ add_scale, "3" }, { add_quota, "3" }, { add_sec, "22220" }, { add_sec_or_never, "2220" },
		{ add_start_stop_sec, "2" }, { add_nsec, "220" }, { add_limit, "0012" }, { add_exec, "7" },
		{ add_condition, "76" }, { add_cpus, "5" }, { add_cpu_affinity, "5554" },
		{ add_numa_mask, "554" }, { add_addresses, "5554" }, { add_socket_bind, "5554" },
		{ add_device, "6" }, { add_device_rate, "6" }, { add_device_weight, "6" },
		{ add_device_latency, "6" }, { add_bpf, "6" }, { add_env_file, "6" }, { add_credential, "6" },
		{ add_sealed_credential, "6" }, { add_credential_path, "6" }, { add_log_field, "6" },
		{ add_stdio, "6" }, { add_input_text, "67" }, { add_input_data, "6" }, { add_label, "6" },
		{ add_filter, "46" }, { add_bind_paths, "6" }, { add_tmpfs, "6" }, { add_root_hash, "6" },
		{ add_root_signature, "6" }, { add_root_options, "6" }, { add_mount_images, "6" },
		{ add_extension_images, "6" }, { add_directory, "6" }, { add_words, "647" },
		{ add_words_c, "67" }, { add_string, "4670" }, { add_whole_word, "67" }, { add_bool, "40" },
		{ add_delegate, "4" }, { add_level, "04" }, { add_facility, "04" }, { add_cpu_policy, "04" },
		{ add_io_class, "04" }, { add_numa_policy, "04" }, { add_signal, "044" },
		{ add_syscall_errno, "04" }, { add_mount_flags, "4" }, { add_coredump_filter, "04" },
		{ add_secure_bits, "4" }, { add_capabilities, "4" }, { add_namespaces, "4" },
		{ add_exit_statuses, "04" },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (table[i].add == k->add) return table[i].pools;
	return "0";
}

static const char *piece(const struct prop_kind *k)
{
	const char *best = suits(k);
	size_t at = dice(8) ? (size_t)(best[dice(strlen(best))] - '0') : dice(POOLS);

	return pools[at].list[dice(pools[at].n)];
}

static const char *any_name(const struct prop_kind *k, struct arena *m)
{
	size_t n, count = 0;

	for (const char *at = next_name(k->names, &n); n; at = next_name(at + n, &n))
		count++;
	count = dice(count);
	for (const char *at = next_name(k->names, &n); n; at = next_name(at + n, &n))
		if (!count--) return arena_strndup(m, at, n);
	return "";
}

/* The i-th kind's turn: an assignment. */
static const char *invention(struct arena *m, size_t i)
{
	static const char *const between[] = { " ", " ", " ", ":", ",", "  ", "\t", "\n", "", "-" };
	static const char *const before[] = { "~", "-", "!", "|", "+", "@", " ", "\"", "'" };
	const struct prop_kind *k = &kinds[i % KINDS];
	struct str out = { .m = m };

	str_addf(&out, "%s=", any_name(k, m));
	if (!dice(30)) return str_text(&out);
	if (!dice(6)) str_add(&out, before[dice(sizeof before / sizeof before[0])]);
	str_add(&out, piece(k));
	for (size_t more = dice(3) ? 0 : 1 + dice(3); more; more--) {
		str_add(&out, between[dice(sizeof between / sizeof between[0])]);
		str_add(&out, piece(k));
	}
	if (!dice(12)) str_add(&out, dice(2) ? " " : "\"");
	return str_text(&out);
}

#endif
