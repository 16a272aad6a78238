#include "lib/disk/zfs_replica.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_impl.h"

static const char properties[] = "guid,createtxg,referenced,userrefs,readonly," ZFS_KIND;
static const char newer[] = ",written,receive_resume_token,encryption,encryptionroot,keystatus";

bool zfs_is_open(struct arena *m, int dir)
{
	const struct mount *mnt;
	struct mounts t;

	return mounts_read(m, &t, NULL) == 0 && (mnt = mount_of(&t, dir, NULL)) &&
	       str_eq(mnt->type, "zfs");
}

/* -- reading -- */

static struct zfs_replica_snap *snap_of(struct zfs_replica *r, const char *label)
{
	/* In most cases it is the one of the line before. */
	for (size_t i = r->n; i-- > 0;)
		if (str_eq(r->v[i].label, label)) return &r->v[i];
	r->v[r->n] = (struct zfs_replica_snap){ .label = label };
	return &r->v[r->n++];
}

static void read_snap(struct zfs_replica_snap *s, const char *property, const char *value,
                      const char *source)
{
	uint64_t number = strtoull(value, NULL, 10);

	if (str_eq(property, "guid")) s->guid = number;
	else if (str_eq(property, "createtxg")) s->txg = number;
	else if (str_eq(property, "referenced")) s->referenced = number;
	else if (str_eq(property, "written")) s->written = number;
	else if (str_eq(property, "userrefs")) s->held = number > 0;
	else if (str_eq(property, ZFS_KIND) && str_eq(source, "local")) s->kind = value;
}

/* Those that have none, as volumes of pools without that feature, say "-". */
static bool is_encryption(const char *value)
{
	return *value && strcmp(value, "off") && strcmp(value, "-");
}

static void read_own(struct zfs_replica *r, const char *dataset, const char *property,
                     const char *value, const char *source)
{
	if (str_eq(property, "readonly")) r->readonly = str_eq(value, "on");
	else if (str_eq(property, "referenced")) r->referenced = strtoull(value, NULL, 10);
	else if (str_eq(property, "written")) r->written = strtoull(value, NULL, 10);
	else if (str_eq(property, ZFS_KIND) && str_eq(source, "local"))
		r->kind = zfs_kind_before(value);
	else if (str_eq(property, "encryption")) r->is_encrypted = is_encryption(value);
	else if (str_eq(property, "encryptionroot")) r->has_own_key = str_eq(value, dataset);
	else if (str_eq(property, "keystatus")) r->is_locked = str_eq(value, "unavailable");
	else if (str_eq(property, "receive_resume_token") && strcmp(value, "-"))
		r->token = value;
}

/* A line "NAME TAB PROPERTY TAB VALUE TAB SOURCE". A mark of somebody else may contain a
 * newline; the line behind it is not one. */
static void take_value(char *line, const char *dataset, struct zfs_replica *r)
{
	char *name = zfs_column(&line), *property = zfs_column(&line);
	char *value = zfs_column(&line), *source = zfs_column(&line);
	char *label = source ? strchr(name, '@') : NULL;

	if (!source || !zfs_is_within(name, dataset)) return;
	if (label) *label++ = 0;
	if (strcmp(name, dataset)) r->child = r->child ? r->child : name;
	else if (label) read_snap(snap_of(r, label), property, value, source);
	else read_own(r, dataset, property, value, source);
}

static int by_txg(const void *a, const void *b)
{
	const struct zfs_replica_snap *x = a, *y = b;

	return x->txg < y->txg ? -1 : x->txg > y->txg;
}

int zfs_replica_parse(struct arena *m, char *text, const char *dataset, struct zfs_replica *r,
                      struct err *e)
{
	char *line;

	*r = (struct zfs_replica){
		.v = arena_array(m, str_count(text, '\n') + 1, sizeof *r->v),
	};
	while ((line = strsep(&text, "\n")))
		take_value(line, dataset, r);
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i].guid || !r->v[i].txg)
			return fail(e, ERR_HOST, "zfs: %s@%s lacks a property", dataset,
			            r->v[i].label);
	qsort(r->v, r->n, sizeof *r->v, by_txg);
	return 0;
}

int zfs_replica_read(struct arena *m, const char *dataset, bool is_open, struct zfs_replica *r,
                     struct err *e)
{
	char *argv[] = { "zfs", "get", "-H", "-p", "-d", "1", "-o",
		         "name,property,value,source",
		         arena_printf(m, "%s%s", properties, is_open ? newer : ""),
		         (char *)dataset, NULL };
	char *text = zfs_ask(m, argv, e);

	if (!text || zfs_replica_parse(m, text, dataset, r, e) < 0) return -1;
	if (!is_open) r->readonly = zfs_kind_is_standby(r->kind);
	return 0;
}

bool zfs_is_encrypted(struct arena *m, const char *dataset)
{
	char *argv[] = { "zfs", "get", "-H", "-o", "value", "encryption", (char *)dataset,
		         NULL };
	char *value = zfs_ask(m, argv, NULL);

	if (value) value[strcspn(value, "\n")] = 0;
	return value && is_encryption(value);
}

const struct zfs_replica_snap *zfs_replica_find(const struct zfs_replica *r, uint64_t guid)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].guid == guid) return &r->v[i];
	return NULL;
}

/* -- streams -- */

int zfs_send_start(struct arena *m, const struct zfs_send *how, struct child *c, struct err *e)
{
	struct words w = { .m = m };
	struct child_how run = { .out = true, .err = true, .strange = true };

	words_add(&w, "zfs");
	words_add(&w, "send");
	if (how->token) {
		words_add(&w, "-t");
		words_add(&w, how->token);
	} else {
		if (how->is_open) words_add(&w, how->raw ? "-w" : "-Lec");
		if (how->from) words_add(&w, "-i");
		if (how->from) words_addf(&w, "%s@%s", how->dataset, how->from);
		words_addf(&w, "%s@%s", how->dataset, how->label);
	}
	run.argv = words_list(&w);
	return child_start(m, &run, c, e);
}

/* The number in the only line that begins with `start`; 0: there is none. A name with newlines
 * in it could make a second one: false. */
static bool only_number(const char *text, const char *start, uint64_t *out)
{
	bool found = false;

	*out = 0;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!str_starts(line, start)) continue;
		if (found) return false;
		found = true;
		*out = strtoull(line + strlen(start), NULL, 0);
	}
	return true;
}

bool zfs_token_text_is_of(const char *text, uint64_t guid, uint64_t from, bool raw,
                          uint64_t *size)
{
	uint64_t to_guid, from_guid, is_raw;

	if (!only_number(text, "size\t", size)) *size = 0;
	return only_number(text, "\ttoguid = ", &to_guid) && to_guid == guid && guid &&
	       only_number(text, "\tfromguid = ", &from_guid) && from_guid == from &&
	       only_number(text, "\trawok = ", &is_raw) && !!is_raw == raw;
}

/* What it is for is printed on stderr by some, on stdout by others. */
bool zfs_token_is_of(struct arena *m, const char *token, uint64_t guid, uint64_t from,
                     bool raw, uint64_t *size)
{
	char *argv[] = { "sh", "-c", "exec zfs send -nvP -t \"$1\" 2>&1", "sh", (char *)token,
		         NULL };
	char *text = zfs_ask(m, argv, NULL);

	return text && zfs_token_text_is_of(text, guid, from, raw, size);
}

int zfs_receive_start(struct arena *m, const struct zfs_receive *how, struct child *c,
                      struct err *e)
{
	struct words w = { .m = m };
	struct child_how run = { .in = true, .err = true, .strange = true };

	words_add(&w, "zfs");
	words_add(&w, "receive");
	if (how->is_open) words_add(&w, how->keeps_part ? "-su" : "-u");
	words_addf(&w, "%s@%s", how->dataset, how->label);
	run.argv = words_list(&w);
	return child_start(m, &run, c, e);
}

int zfs_create_box(const char *name, const char *kind, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "create", "-o", "canmount=off", "-o", "readonly=on", "-o",
		         arena_printf(&m, ZFS_KIND "=%s", kind), (char *)name, NULL };

	return zfs_change(&m, argv, e);
}

int zfs_set_writable(const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "set", "readonly=off", (char *)name, NULL };

	return zfs_change(&m, argv, e);
}

int zfs_receive_forget(const char *dataset, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", "receive", "-A", (char *)dataset, NULL };

	return zfs_change(&m, argv, e);
}

/* -- the first record of a stream, dmu_replay_record in OpenZFS -- */

static uint64_t little_endian(const unsigned char *p, int n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | p[n];
	return value;
}

bool zfs_is_stream(const unsigned char *data, size_t n)
{
	static const uint64_t magic = 0x2F5bacbac;

	return n >= ZFS_BEGIN && !little_endian(data, 4) && little_endian(data + 8, 8) == magic;
}

int zfs_begin_read(const unsigned char *data, size_t n, struct zfs_begin *b, struct err *e)
{
	enum { SUBSTREAM = 1, FILE_SYSTEM = 2, CLONE = 1, NAME = 56, RAW = 1 << 24 };

	if (!zfs_is_stream(data, n))
		return fail(e, ERR_UNTRUSTED, "what came is no stream of ZFS");
	if ((little_endian(data + 16, 8) & 3) != SUBSTREAM ||
	    little_endian(data + 32, 4) != FILE_SYSTEM || little_endian(data + 36, 4) & CLONE)
		return fail(e, ERR_UNTRUSTED,
		            "what came is not the stream of one snapshot of a file system");
	*b = (struct zfs_begin){
		.guid = little_endian(data + 40, 8), .from = little_endian(data + 48, 8),
		.raw = little_endian(data + 16, 8) >> 2 & RAW,
	};
	memcpy(b->name, data + NAME, ZFS_BEGIN - NAME);
	return 0;
}

bool zfs_is_end(const unsigned char *data)
{
	enum { END = 5 };

	return little_endian(data, 8) == END;
}

/* -- standbys -- */

const char *zfs_kind_before(const char *kind)
{
	const char *space = kind && str_starts(kind, "trash:") ? strchr(kind, ' ') : NULL;

	return space ? space + 1 : kind;
}

bool zfs_kind_is_standby(const char *kind)
{
	kind = zfs_kind_before(kind);
	return kind && (str_eq(kind, ZFS_STANDBY) || str_starts(kind, ZFS_HANDED));
}

static int set_readonly(const char *name, bool on, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *argv[] = { "zfs", on ? "set" : "inherit", on ? "readonly=on" : "readonly",
		         (char *)name, NULL };

	return zfs_change(&m, argv, e);
}

/* What is read-only has its mark. */
int zfs_set_standby(const char *name, const char *kind, struct err *e)
{
	return zfs_set_kind(name, kind, e) < 0 ? -1 : set_readonly(name, true, e);
}

int zfs_end_standby(const char *name, struct err *e)
{
	if (set_readonly(name, false, e) < 0) return -1;
	if (zfs_set_kind(name, NULL, e) == 0) return 0;
	signal_forget();
	set_readonly(name, true, NULL);
	return -1;
}

/* zfs-fuse heeds readonly=on, but neither its mounts nor its list tell that. */
static bool says_standby(struct arena *m, const char *dataset)
{
	char *argv[] = { "zfs", "get", "-H", "-o", "value", ZFS_KIND, (char *)dataset, NULL };
	char *text = zfs_ask(m, argv, NULL);

	return text && zfs_kind_is_standby(strsep(&text, "\n"));
}

bool zfs_is_readonly(struct arena *m, int dir)
{
	enum { FUSE = 0x65735546 };	/* FUSE_SUPER_MAGIC in linux/magic.h */
	const struct mount *mnt;
	struct mounts t;
	struct statfs s;

	if (fstatfs(dir, &s) < 0) return false;
	if (s.f_flags & ST_RDONLY) return true;
	if (s.f_type != FUSE || mounts_read(m, &t, NULL) < 0) return false;
	return (mnt = mount_of(&t, dir, NULL)) && zfs_of(mnt) && says_standby(m, zfs_of(mnt));
}
