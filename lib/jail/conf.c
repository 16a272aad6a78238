/* The table below is all there is to know about a key: where it goes, what it is
 * when absent, and what the default config says about it. */

#include "lib/jail/conf.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/nearest.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/jail/keep.h"
#include "lib/nspawn/options.h"
#include "lib/text/bool.h"
#include "lib/text/utf8.h"

enum kind { SWITCH, TEXT, ARGS, PATHS, KEEP, SIZE };

struct key {
	const char *name;
	enum kind kind;
	enum conf_use use;
	size_t offset;		/* into struct conf */
	const char *fallback;	/* words of ARGS and PATHS stand on lines of their own */
	const char *about;	/* comment lines in front of it */
};

#define AT(field) offsetof(struct conf, field)

static const struct key keys[] = {
	{ "startup", SWITCH, CONF_AT_STARTUP, AT(startup), "0",
	  "# Switches are 1 or 0. startup=1: 'jlmkr startup' starts this jail\n" },
	{ "gpu_passthrough_intel", SWITCH, CONF_AT_START, AT(gpu_intel), "0",
	  "# 1 passes Intel and AMD GPUs through: /dev/dri and /dev/kfd\n" },
	{ "gpu_passthrough_nvidia", SWITCH, CONF_AT_START, AT(gpu_nvidia), "0",
	  "# 1 passes NVIDIA GPUs through, with the host's driver\n" },
	{ "seccomp", SWITCH, CONF_AT_START, AT(seccomp), "1",
	  "# 0 lets the jail make every system call: somewhat faster, much less safe\n" },
	{ "hostname", TEXT, CONF_AT_START, AT(hostname), "",
	  "# The host name of the jail, if it is to differ from the jail's name\n" },
	{ "systemd_nspawn_user_args", ARGS, CONF_AT_START, AT(user_args), "",
	  "\n# Your own flags for systemd-nspawn: one or more a line, lines indented,\n"
	  "# quoted as in a shell. For example:\n"
	  "#     --bind='/mnt/tank/my media:/media' --bind-ro=/etc/certificates\n"
	  "#     --network-bridge=br1 --resolv-conf=bind-host\n"
	  "#     --network-macvlan=eno1 --resolv-conf=bind-host\n"
	  "#     --system-call-filter='add_key keyctl bpf'    (Docker needs these calls)\n" },
	{ "systemd_run_user_args", ARGS, CONF_AT_START, AT(run_user_args), "",
	  "\n# Your own options for the jail's unit, in words of systemd-run, added to\n"
	  "# systemd_run_default_args. For example:\n"
	  "#     --property=MemoryMax=4G --property=CPUQuota=200%\n" },
	{ "pre_start_hook", TEXT, CONF_AT_START, AT(pre_start_hook), "",
	  "\n# Run on the HOST before the jail starts: one command in the syntax of\n"
	  "# systemd's ExecStartPre=, or a script that begins with #! and goes on in\n"
	  "# indented lines:\n"
	  "# pre_start_hook=#!/bin/sh\n"
	  "#     modprobe br_netfilter\n"
	  "#     echo 1 >/proc/sys/net/ipv4/ip_forward\n" },
	{ "post_start_hook", TEXT, CONF_AT_START, AT(post_start_hook), "",
	  "\n# The same, after the jail has started. For example, to join a second bridge,\n"
	  "# with --network-veth-extra=ve-web-1:vee-1 among the flags for systemd-nspawn:\n"
	  "# post_start_hook=#!/bin/sh\n"
	  "#     ip link set dev ve-web-1 master br2 up\n" },
	{ "post_stop_hook", TEXT, CONF_AT_START, AT(post_stop_hook), "",
	  "\n# The same, after the jail has stopped\n" },
	{ "distro", TEXT, CONF_AT_CREATE, AT(distro), "debian",
	  "\n# The image that the jail is made from; without effect later\n" },
	{ "release", TEXT, CONF_AT_CREATE, AT(release), "bookworm", "" },
	{ "initial_setup", TEXT, CONF_AT_SETUP, AT(initial_setup), "",
	  "\n# Run IN THE JAIL when it has started for the first time and its network is\n"
	  "# up: a command for /bin/sh, or a script that begins with #!\n"
	  "# initial_setup=apt-get update && apt-get -y install curl\n" },
	{ "auto_snapshot", SWITCH, CONF_AT_ONCE, AT(auto_snapshot), "0",
	  "\n# 1 makes a snapshot before 'config', 'edit' or 'setup' changes the jail\n" },
	{ "snapshot_keep", KEEP, CONF_AT_ONCE, AT(snapshot_keep), "",
	  "# What 'jlmkr snapshot --all --prune' makes and keeps, such as 7d 4w 6m\n" },
	{ "quota", SIZE, CONF_AT_ONCE, AT(quota), "",
	  "# The most that the files of the jail may take, such as 20G\n" },
	{ "init_command", ARGS, CONF_AT_START, AT(init_command), "",
	  "\n# A jail that runs one command instead of an init, as images of a registry\n"
	  "# do: the command, its variables (NAME=VALUE, one a line), USER[:GROUP], its\n"
	  "# working directory, the signal that ends it, and whether it is the first\n"
	  "# process of the jail itself (1), as s6-overlay wants\n" },
	{ "init_env", ARGS, CONF_AT_START, AT(init_env), "", "" },
	{ "init_user", TEXT, CONF_AT_START, AT(init_user), "", "" },
	{ "init_directory", TEXT, CONF_AT_START, AT(init_directory), "", "" },
	{ "stop_signal", TEXT, CONF_AT_START, AT(stop_signal), "", "" },
	{ "init_pid1", SWITCH, CONF_AT_START, AT(init_pid1), "0", "" },
	{ "image", TEXT, CONF_AT_UPDATE, AT(image), "",
	  "# Where its image comes from, which one it is, and the directories that 'jlmkr\n"
	  "# update' keeps, one a line\n" },
	{ "image_digest", TEXT, CONF_AT_UPDATE, AT(image_digest), "", "" },
	{ "image_volumes", PATHS, CONF_AT_UPDATE, AT(image_volumes), "", "" },
	{ "systemd_run_default_args", ARGS, CONF_AT_START, AT(run_args),
	  "--collect\n"
	  "--property=Delegate=yes\n"
	  "--property=RestartForceExitStatus=133\n"
	  "--property=SuccessExitStatus=133\n"
	  "--property=TasksMax=infinity\n"
	  "--property=Type=notify\n"
	  "--setenv=SYSTEMD_NSPAWN_LOCK=0\n"
	  "--property=KillMode=mixed",
	  "\n# How the jail's unit is made, in words of systemd-run. Rarely to be changed\n" },
	{ "systemd_nspawn_default_args", ARGS, CONF_AT_START, AT(nspawn_args),
	  "--bind-ro=/sys/module\n"
	  "--boot\n"
	  "--inaccessible=/sys/module/apparmor\n"
	  "--quiet\n"
	  "--keep-unit",
	  "\n# How systemd-nspawn is called, before your own flags. Rarely to be changed\n" },
};

enum { KEYS = sizeof keys / sizeof *keys };

/* Keys of releases long ago; today's tools pass over them. */
static const char *const retired[] = { "docker_compatible", "gpu_passthrough", NULL };

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (!strcasecmp(keys[i].name, name)) return &keys[i];
	return NULL;
}

static const char *nearest_key(const char *name)
{
	struct nearest near = { .word = name };

	for (size_t i = 0; i < KEYS; i++)
		nearest_offer(&near, keys[i].name);
	return near.best;
}

static void fill_value(struct conf *c, const struct key *k, const char *value, unsigned line,
                       struct faults *faults)
{
	void *at = (char *)c + k->offset;
	struct conf_switch *s = at;
	struct conf_text *t = at;

	if (!value) value = "";
	if (k->kind != SWITCH) {
		*t = (struct conf_text){ k->name, value, line };
		return;
	}
	s->line = line;
	if (!bool_read(value, &s->on))
		fault_add(faults, &(struct fault){ .line = line, .kind = "bad switch",
		                                   .subject = k->name,
		          .fix = strchr(value, '#') ? FAULT_COMMENT_FIX : NULL },
		          "%s must be 1 or 0, not '%s'", k->name, value);
}

static bool is_retired(const char *name)
{
	for (const char *const *r = retired; *r; r++)
		if (str_eq(*r, name)) return true;
	return false;
}

/* Once for each section, however many keys it has. */
static void note_section(struct faults *notes, const struct ini *ini,
                         const struct ini_entry *entry)
{
	size_t n = 0;

	for (const struct ini_entry *at = ini->v; at < ini->v + ini->n; at++) {
		if (!str_eq(at->section, entry->section)) continue;
		if (at < entry) return;
		n++;
	}
	fault_add(notes, &(struct fault){
		.line = entry->line, .severity = FAULT_WARNING, .kind = "section",
			.subject = entry->section,
		.fix = arena_printf(notes->m, "remove the line [%s]", entry->section),
	}, "'%s' is not read%s: it stands under [%s]", entry->key,
	   n > 1 ? arena_printf(notes->m, ", nor what follows it (%zu keys)", n - 1) : "",
	   entry->section);
}

static void note_unknown(struct faults *notes, const struct ini_entry *entry)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	struct fault what = { .line = entry->line, .severity = FAULT_WARNING,
	                      .subject = entry->key };
	const char *key = entry->key, *near = nearest_key(key);

	if (*key == '-') {
		what.kind = "not indented";
		what.fix = "indent the line";
		fault_add(notes, &what,
		          "'%s' is not indented, so it is not part of the value above", key);
	} else if (str_starts(key, byte_order_mark)) {
		what.kind = "byte order mark";
		fault_add(notes, &what, "'%s' is not read: a byte order mark is before it",
		          key + strlen(byte_order_mark));
	} else {
		what.kind = "unknown key";
		what.fix = near ? NULL : "'jlmkr help config' lists the keys";
		fault_add(notes, &what, "unknown key '%s'%s", key,
		          near ? arena_printf(notes->m, ", did you mean '%s'?", near) : "");
	}
}

static void note_key(struct faults *notes, const struct ini *ini, const struct ini_entry *entry)
{
	const char *key = entry->key;

	if (*entry->section && !str_eq(entry->section, "DEFAULT"))
		note_section(notes, ini, entry);
	else if (is_retired(key))
		fault_add(notes, &(struct fault){ .line = entry->line, .severity = FAULT_HINT,
		          .kind = "retired key", .subject = key },
		          "'%s' no longer does anything", key);
	else if (!find_key(key))
		note_unknown(notes, entry);
}

static void read_text(struct arena *m, const char *text, struct conf *c, struct ini *ini)
{
	*c = (struct conf){ .notes = { .m = m } };
	ini_parse(m, text, strlen(text), ini);
	for (size_t i = 0; i < KEYS; i++) {
		const struct ini_entry *entry = ini_find(ini, keys[i].name);

		if (entry)
			fill_value(c, &keys[i], entry->value, entry->line, &ini->faults);
		else
			fill_value(c, &keys[i], keys[i].fallback, 0, &ini->faults);
	}
	for (size_t i = 0; i < ini->n; i++)
		note_key(&c->notes, ini, &ini->v[i]);
}

int conf_parse(struct arena *m, const char *text, struct conf *c, struct err *e)
{
	struct ini ini;

	read_text(m, text, c, &ini);
	return faults_fail(&ini.faults, e);
}

bool conf_read_all(struct arena *m, const char *text, struct conf *c, struct faults *found)
{
	struct ini ini;

	read_text(m, text, c, &ini);
	faults_add_all(found, &ini.faults);
	faults_add_all(found, &c->notes);
	return !ini.faults.n;
}

const char *conf_key(size_t i)
{
	return i < KEYS ? keys[i].name : NULL;
}

bool conf_has_key(const char *key)
{
	return find_key(key);
}

bool conf_is_switch(const char *key)
{
	const struct key *k = find_key(key);

	return k && k->kind == SWITCH;
}

enum conf_use conf_use(const char *key)
{
	const struct key *k = find_key(key);

	return k ? k->use : CONF_AT_CREATE;
}

static int unknown_key(const char *key, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *near = nearest_key(key);
	struct words all = { .m = &m };

	if (near) return fail(e, ERR_USAGE, "unknown key '%s', did you mean '%s'?", key, near);
	for (size_t i = 0; i < KEYS; i++)
		words_add(&all, keys[i].name);
	return fail(e, ERR_USAGE, "unknown key '%s'; the keys are %s", key,
	            words_join(&m, words_list(&all), ", "));
}

const char *conf_value(const struct conf *c, const char *key, struct err *e)
{
	const struct key *k = find_key(key);
	const void *at;

	if (!k) return unknown_key(key, e), NULL;
	at = (const char *)c + k->offset;
	if (k->kind == SWITCH) return ((const struct conf_switch *)at)->on ? "1" : "0";
	return ((const struct conf_text *)at)->text;
}

int conf_words(struct arena *m, const struct conf_text *t, struct split *out,
               struct err *e)
{
	if (word_split(m, t->text, t->line, SPLIT_COMMENTS, out, e) < 0)
		return fail_in(e, "%s", t->key);
	return 0;
}

static void add_default(struct str *out, const struct key *k)
{
	str_addf(out, "%s%s=", k->about, k->name);
	for (const char *p = k->fallback; *p; p++) {
		str_addc(out, *p);
		if (*p == '\n') str_add(out, "    ");
	}
	str_addc(out, '\n');
}

char *conf_default_text(struct arena *m)
{
	struct str out = { .m = m };

	for (size_t i = 0; i < KEYS; i++)
		add_default(&out, &keys[i]);
	return out.s;
}

/* Comments become text, and what they are about is indented. */
char *conf_help(struct arena *m)
{
	struct str out = { .m = m };

	for (size_t i = 0; i < KEYS; i++) {
		for (const char *line = keys[i].about; *line; line += strcspn(line, "\n") + 1) {
			const char *text = line + (str_starts(line, "# ") ? 2 : *line == '#');

			str_addn(&out, text, strcspn(text, "\n"));
			str_addc(&out, '\n');
		}
		str_addf(&out, "  %s=", keys[i].name);
		for (const char *p = keys[i].fallback; *p; p++) {
			str_addc(&out, *p);
			if (*p == '\n') str_add(&out, "      ");
		}
		str_addc(&out, '\n');
	}
	return out.s;
}

static bool has_words(const struct key *k)
{
	return k->kind == ARGS || k->kind == PATHS;
}

/* A path below "/" that is written in one way only. */
static bool is_clean(const char *path)
{
	const char *p = path;

	do {
		size_t n = *p == '/' ? strcspn(++p, "/") : 0;

		if (!n || (n <= 2 && !strncmp(p, "..", n))) return false;
		p += n;
	} while (*p);
	return !strchr(path, '\n');
}

static int check_paths(const char *value, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct split words;

	if (word_split(&m, value, 1, SPLIT_COMMENTS, &words, e) < 0) return -1;
	for (size_t i = 0; i < words.n; i++)
		if (!is_clean(words.v[i]))
			return fail(e, ERR_INPUT, "'%s' is not an absolute path without '.', "
			            "'..', double slashes and a slash at the end", words.v[i]);
	return 0;
}

static int check_kind(enum kind kind, const char *value, struct err *e)
{
	struct keep keep;
	uint64_t bytes;

	if (kind == KEEP) return keep_parse(value, &keep, e);
	if (kind == PATHS) return check_paths(value, e);
	return kind == SIZE && *value ? size_parse(value, &bytes, e) : 0;
}

int conf_text_check(const struct conf_text *t, struct err *e)
{
	return check_kind(find_key(t->key)->kind, t->text, e) < 0 ? fail_in(e, "%s", t->key) :
	       0;
}

/* In a file of our own making. */
static int conf_check_value(const char *key, const char *value, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const struct key *k = find_key(key);
	struct split words;
	bool on;

	if (!k) return unknown_key(key, e);
	if (k->kind == SWITCH && !bool_read(value ? value : "", &on))
		return fail(e, ERR_INPUT, "%s must be 1 or 0, not '%s'", key, value);
	if (k->kind == ARGS && word_split(&m, value, 1, SPLIT_COMMENTS, &words, e) < 0)
		return fail_in(e, "%s", key);
	return check_kind(k->kind, value, e) < 0 ? fail_in(e, "%s", key) : 0;
}

char *conf_set(struct arena *m, const char *text, const char *key, const char *value,
               struct err *e)
{
	const struct key *k = find_key(key);
	char *changed;

	if (value && conf_check_value(key, value, e) < 0) return NULL;
	if (value) return ini_set(m, text, strlen(text), k->name, value, e);
	changed = ini_unset(m, text, strlen(text), k ? k->name : key, e);
	if (!k && changed && !strcmp(changed, text)) return unknown_key(key, e), NULL;
	return changed;
}

char *conf_add(struct arena *m, const char *text, const char *key, const char *value,
               struct err *e)
{
	const struct key *k = find_key(key);
	const struct conf_text *now;
	struct conf c;

	if (!k) return unknown_key(key, e), NULL;
	if (!has_words(k))
		return fail(e, ERR_USAGE, "%s holds one value; set it with %s=%s", k->name,
		            k->name, value), NULL;
	if (conf_parse(m, text, &c, e) < 0) return NULL;
	now = (const struct conf_text *)(const void *)((const char *)&c + k->offset);
	return conf_set(m, text, k->name, *now->text ?
	                arena_printf(m, "%s\n%s", now->text, value) : value, e);
}

/* Written for the config by whoever typed it, as the Python tool needed it: "--x='a b'" with
 * quotes, or several long options in one argument. A value may hold what looks like an option:
 * then it is none that nspawn has. */
static bool is_written_already(struct arena *m, const char *arg, struct split *s)
{
	struct nspawn_options o;

	if (!strpbrk(arg, " \t") || strchr(arg, '\n')) return false;
	if (word_split(m, arg, 1, SPLIT_COMMENTS, s, NULL) < 0) return false;
	if (s->n == 1) return strpbrk(s->v[0], " \t");
	for (size_t i = 0; i < s->n; i++)
		if (!str_starts(s->v[i], "--")) return false;
	nspawn_options_parse(&o, m, s);
	return s->n && !o.faults.n;
}

static void add_arg(struct str *out, const char *arg)
{
	struct split s = { 0 };

	if (is_written_already(out->m, arg, &s))
		str_add(out, words_quoted(out->m, s.v));
	else
		word_quote(out, arg);
}

static char *args_value(struct arena *m, char *const *args)
{
	struct str out = { .m = m };

	str_add(&out, "");
	for (; *args; args++) {
		if (!**args) continue;
		if (out.len) str_addc(&out, '\n');
		add_arg(&out, *args);
	}
	return out.s;
}

char *conf_render(struct arena *m, const char *template_text,
                  const struct conf_override *overrides, char *const *user_args,
                  struct err *e)
{
	const char *args = "systemd_nspawn_user_args";
	char *text = template_text ? arena_strdup(m, template_text) : conf_default_text(m);

	for (; text && overrides->key; overrides++)
		if (overrides->value)
			text = conf_set(m, text, overrides->key, overrides->value, e);
	if (text && user_args && *user_args)
		text = conf_set(m, text, args, args_value(m, user_args), e);
	return text;
}
