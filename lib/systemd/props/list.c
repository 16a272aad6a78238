/* Properties that say what a unit may use: processors and memory nodes, devices, addresses,
 * ports, packet filters. */

#include "lib/systemd/props/impl.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <string.h>
#include <strings.h>

#include "lib/systemd/props/props.h"

enum { CPUS_MAX = 8192 };

/* A bitmap in words of 8 bytes, lowest number first. */
struct cpus {
	unsigned char bits[CPUS_MAX / 8];
	size_t len;
};

/* The largest 32-bit number is ignored, because systemd-run overlooks it. */
static bool cpus_put(struct cpus *c, uint32_t from, uint32_t to)
{
	if (from == UINT32_MAX && to == UINT32_MAX) return true;
	if (from <= to && to >= CPUS_MAX) return false;
	if (!c->len) c->len = 8;
	for (uint32_t i = from; i <= to; i++)
		c->bits[i / 8] |= (unsigned char)(1 << i % 8);
	if (from <= to && c->len < to / 64 * 8 + 8) c->len = to / 64 * 8 + 8;
	return true;
}

static bool range_take(struct arena *m, const char *text, uint32_t *from, uint32_t *to)
{
	char *first;

	if (word_next(m, &text, &first, "-", WORD_EACH_SEP) != 1) return false;
	if (!text_u32(first, from)) return false;
	*to = *from;
	return !text || (*text && text_u32(text, to));
}

static bool cpus_take(struct arena *m, const char *text, struct cpus *c)
{
	uint32_t from, to;
	char *word;
	int got;

	while ((got = word_next(m, &text, &word, BLANKS ",", WORD_QUOTES)) > 0)
		if (!range_take(m, word, &from, &to) || !cpus_put(c, from, to)) return false;
	return got == 0;
}

int add_cpus(struct prop_in *in)
{
	struct cpus c = { 0 };

	if (!cpus_take(in->w->m, in->text, &c)) return prop_refuse(in);
	prop_bytes(in->w, in->name, c.bits, c.len);
	return 0;
}

int add_cpu_affinity(struct prop_in *in)
{
	if (!str_eq(in->text, "numa")) return add_cpus(in);
	prop_bool(in->w, "CPUAffinityFromNUMA", true);
	return 0;
}

/* "all" means the nodes from 0 to the last one of the host. */
int add_numa_mask(struct prop_in *in)
{
	struct cpus c = { 0 };
	uint32_t last = 0, n;
	struct dirent *d;
	DIR *nodes;

	if (!str_eq(in->text, "all")) return add_cpus(in);
	if (!(nodes = opendir("/sys/devices/system/node")))
		return prop_refuse_because(in,
		                           "cannot be used: the kernel lists no memory nodes");
	while ((d = readdir(nodes)))
		if (str_starts(d->d_name, "node") && text_u32(d->d_name + 4, &n) && n > last)
			last = n;
	closedir(nodes);
	if (!cpus_put(&c, 0, last)) return prop_refuse(in);
	prop_bytes(in->w, in->name, c.bits, c.len);
	return 0;
}

/* The perms are for PID 1 to judge, "" means all of them. */
int add_device(struct prop_in *in)
{
	const char *space = strchr(in->text, ' ');
	size_t len = space ? (size_t)(space - in->text) : strlen(in->text);

	prop_open_array(in->w, in->name, "a(ss)");
	if (*in->text) {
		wire_open_struct(in->w);
		prop_put(in->w, arena_strndup(in->w->m, in->text, len));
		prop_put(in->w, space ? space + 1 : "");
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

static int add_device_value(struct prop_in *in, const char *name,
                            bool (*read)(const char *, uint64_t *))
{
	const char *space = strchr(in->text, ' ');
	uint64_t v = 0;

	if (*in->text && (!space || !read(space + 1, &v))) return prop_refuse(in);
	prop_open_array(in->w, name, "a(st)");
	if (space) {
		wire_open_struct(in->w);
		prop_put(in->w, arena_strndup(in->w->m, in->text, (size_t)(space - in->text)));
		wire_u64(in->w, v);
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

static bool rate(const char *s, uint64_t *v)
{
	*v = UINT64_MAX;
	return str_eq(s, "infinity") || text_size(s, 1000, v);
}

int add_device_rate(struct prop_in *in)
{
	return add_device_value(in, in->name, rate);
}

int add_device_weight(struct prop_in *in)
{
	return add_device_value(in, in->name, text_u64);
}

int add_device_latency(struct prop_in *in)
{
	return add_device_value(in, "IODeviceLatencyTargetUSec", text_sec);
}

/* Without a colon the second half is sent empty. */
int add_bpf(struct prop_in *in)
{
	const char *p = in->text;
	char *type;

	if (word_next(in->w->m, &p, &type, ":", 0) < 0) return prop_refuse(in);
	prop_open_array(in->w, in->name, "a(ss)");
	if (*in->text) {
		wire_open_struct(in->w);
		prop_put(in->w, type ? type : "");
		prop_put(in->w, p ? p : "");
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

enum { V4 = 2, V6 = 10 };	/* AF_INET, AF_INET6 of the kernel */

struct net {
	int family;
	unsigned char addr[16];
	uint32_t bits;
};

static bool net_take(char *word, struct net *n)
{
	char *slash = strchr(word, '/');
	uint8_t bits = 0;

	if (slash) *slash = 0;
	n->family = inet_pton(AF_INET, word, n->addr) == 1 ? V4 : V6;
	if (n->family == V6 && inet_pton(AF_INET6, word, n->addr) != 1) return false;
	n->bits = n->family == V4 ? 32 : 128;
	if (!slash) return true;
	if (!text_u8(slash + 1, &bits) || bits > n->bits) return false;
	n->bits = bits;
	return true;
}

static bool is_localhost(const char *s)
{
	static const char *const ends[] = {
		".localhost", ".localhost.",
		".localhost.localdomain", ".localhost.localdomain.",
	};
	size_t len = strlen(s);

	for (size_t i = 0; i < 4; i++) {
		size_t n = strlen(ends[i]);

		if (len == n - 1 && !strcasecmp(s, ends[i] + 1)) return true;
		if (len >= n && !strcasecmp(s + len - n, ends[i])) return true;
	}
	return false;
}

static const char *known_nets(const char *s)
{
	if (str_eq(s, "any")) return "0.0.0.0/0 ::/0";
	if (is_localhost(s)) return "127.0.0.0/8 ::1/128";
	if (str_eq(s, "link-local")) return "169.254.0.0/16 fe80::/64";
	if (str_eq(s, "multicast")) return "224.0.0.0/4 ff00::/8";
	return s;
}

int add_addresses(struct prop_in *in)
{
	const char *p = known_nets(in->text);
	char *word;
	int got;

	prop_open_array(in->w, in->name, "a(iayu)");
	while ((got = word_next(in->w->m, &p, &word, BLANKS, 0)) > 0) {
		const char *given = arena_strdup(in->w->m, word);
		struct net n;

		if (!net_take(word, &n)) return prop_refuse_part(in, given);
		wire_open_struct(in->w);
		wire_i32(in->w, n.family);
		wire_bytes(in->w, n.addr, n.family == V4 ? 4 : 16);
		wire_u32(in->w, n.bits);
		wire_close_struct(in->w);
	}
	if (got < 0) return prop_refuse(in);
	prop_close_array(in->w);
	return 0;
}

struct ports {
	int family, protocol;
	uint16_t n, min;
};

static bool ports_family(struct arena *m, const char *s, struct ports *p)
{
	(void)m;
	p->family = str_eq(s, "ipv4") ? V4 : str_eq(s, "ipv6") ? V6 : 0;
	return p->family;
}

static bool ports_protocol(struct arena *m, const char *s, struct ports *p)
{
	(void)m;
	p->protocol = str_eq(s, "tcp") ? 6 : str_eq(s, "udp") ? 17 : 0;
	return p->protocol;
}

static bool ports_range(struct arena *m, const char *s, struct ports *p)
{
	uint32_t from, to;

	if (str_eq(s, "any")) return true;
	if (!range_take(m, s, &from, &to) || !from || to > 65535 || from > to) return false;
	p->n = (uint16_t)(to - from + 1);
	p->min = (uint16_t)from;
	return true;
}

/* Each part may be missing, but their order is fixed. */
static bool ports_take(struct arena *m, const char *text, struct ports *p)
{
	static bool (*const parts[])(struct arena *, const char *, struct ports *) = {
		ports_family, ports_protocol, ports_range,
	};
	size_t next = 0;
	char *word;
	int got;

	while ((got = word_next(m, &text, &word, ":", WORD_EACH_SEP)) > 0) {
		bool taken = false;

		while (*word && !taken && next < 3)
			taken = parts[next++](m, word, p);
		if (!taken) return false;
	}
	return got == 0;
}

int add_socket_bind(struct prop_in *in)
{
	struct ports p = { 0 };

	if (*in->text && !ports_take(in->w->m, in->text, &p)) return prop_refuse(in);
	prop_open_array(in->w, in->name, "a(iiqq)");
	if (*in->text) {
		wire_open_struct(in->w);
		wire_i32(in->w, p.family);
		wire_i32(in->w, p.protocol);
		wire_u16(in->w, p.n);
		wire_u16(in->w, p.min);
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

/* The first character is a letter; digits and / \ _ . may follow. */
static bool nft_name(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	enum { NFT_NAME_MAX = 31 };
	size_t first = strspn(s, letters), len = strlen(s);

	if (!first || len > NFT_NAME_MAX) return false;
	while (*(s += strspn(s, letters)) && strchr("0123456789/\\_.", *s))
		s++;
	return !*s;
}

int add_nft_set(struct prop_in *in)
{
	static const struct name_value sources[] = {
		{ "cgroup", 3 }, { "user", 4 }, { "group", 5 }, { NULL, 0 },
	};
	static const struct name_value families[] = {
		{ "arp", 3 }, { "bridge", 7 }, { "inet", 1 }, { "ip", 2 }, { "ip6", 10 },
		{ "netdev", 5 }, { NULL, 0 },
	};
	struct arena *m = in->w->m;
	const char *p = in->text;
	char *tuple, *part[4];
	int got;

	prop_open_array(in->w, in->name, "a(iiss)");
	while ((got = word_next(m, &p, &tuple, BLANKS, WORD_QUOTES | WORD_KEEP_ESCAPES)) > 0) {
		const char *q = tuple;

		if (words_take(m, &q, ":", WORD_ESCAPES, part, 4) != 4 || (q && *q) ||
		    name_lookup(sources, part[0]) < 0 || name_lookup(families, part[1]) < 0 ||
		    !nft_name(part[2]) || !nft_name(part[3]))
			return prop_refuse_part(in, tuple);
		wire_open_struct(in->w);
		wire_i32(in->w, (int32_t)name_lookup(sources, part[0]));
		wire_i32(in->w, (int32_t)name_lookup(families, part[1]));
		prop_put(in->w, part[2]);
		prop_put(in->w, part[3]);
		wire_close_struct(in->w);
	}
	if (got < 0) return prop_refuse(in);
	prop_close_array(in->w);
	return 0;
}
