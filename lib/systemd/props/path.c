/* Properties of the file system that a unit sees: binds, images, directories. Their tuples are
 * split at colons; what quotes and backslashes protect differs from property to property. */

#include "lib/systemd/props/impl.h"

#include <string.h>

#include "lib/systemd/props/props.h"

#define COLON_BLANKS ":" BLANKS

struct bind {
	char *source, *dest;
	bool may_lack;
	uint64_t flags;
};

static bool ended_by_colon(const char *p)
{
	return p && p[-1] == ':';
}

/* Read the rest of a bind after its SOURCE. */
static bool bind_rest(struct arena *m, const char **p, struct bind *b)
{
	enum { RECURSIVE = 16384 };	/* MS_REC */
	const unsigned how = WORD_QUOTES | WORD_EACH_SEP;
	char *option = NULL;

	b->flags = RECURSIVE;
	b->dest = b->source;
	if (!ended_by_colon(*p)) return true;
	if (word_next(m, p, &b->dest, COLON_BLANKS, how) != 1) return false;
	if (!ended_by_colon(*p)) return true;
	if (word_next(m, p, &option, BLANKS, WORD_QUOTES) < 0) return false;
	if (!option || !*option || str_eq(option, "rbind")) return true;
	b->flags = 0;
	return str_eq(option, "norbind");
}

int add_bind_paths(struct prop_in *in)
{
	struct arena *m = in->w->m;
	const unsigned how = WORD_QUOTES | WORD_EACH_SEP;
	const char *p = in->text;
	struct bind b;
	int got;

	prop_open_array(in->w, in->name, "a(ssbt)");
	while ((got = word_next(m, &p, &b.source, COLON_BLANKS, how)) > 0) {
		b.may_lack = *b.source == '-';
		b.source += b.may_lack;
		if (!bind_rest(m, &p, &b)) return prop_refuse(in);
		wire_open_struct(in->w);
		prop_put(in->w, b.source);
		prop_put(in->w, b.dest);
		wire_bool(in->w, b.may_lack);
		wire_u64(in->w, b.flags);
		wire_close_struct(in->w);
	}
	if (got < 0) return prop_refuse(in);
	prop_close_array(in->w);
	return 0;
}

static void put_pair(struct wire *w, const char *a, const char *b)
{
	wire_open_struct(w);
	prop_put(w, a);
	prop_put(w, b);
	wire_close_struct(w);
}

int add_tmpfs(struct prop_in *in)
{
	struct arena *m = in->w->m;
	const char *p = in->text;
	char *word, *path;
	int got;

	prop_open_array(in->w, in->name, "a(ss)");
	while ((got = word_next(m, &p, &word, BLANKS, WORD_QUOTES)) > 0) {
		const char *options = word;

		if (word_next(m, &options, &path, ":", WORD_EACH_SEP) != 1)
			return prop_refuse_part(in, word);
		put_pair(in->w, path, options ? options : "");
	}
	if (got < 0) return prop_refuse(in);
	prop_close_array(in->w);
	return 0;
}

int add_root_hash(struct prop_in *in)
{
	enum { HASH_MIN = 16 };
	void *hash;
	size_t n;

	if (*in->text == '/') {
		prop_str(in->w, "RootHashPath", in->text);
		return 0;
	}
	if (!(hash = text_hex(in->w->m, in->text, &n)) || n < HASH_MIN) return prop_refuse(in);
	prop_bytes(in->w, in->name, hash, n);
	return 0;
}

int add_root_signature(struct prop_in *in)
{
	void *signature;
	size_t n;

	if (*in->text == '/') {
		prop_str(in->w, "RootHashSignaturePath", in->text);
		return 0;
	}
	if (!str_starts(in->text, "base64:")) return prop_refuse(in);
	signature = text_base64(in->w->m, in->text + strlen("base64:"), &n);
	if (!signature) return prop_refuse(in);
	prop_bytes(in->w, in->name, signature, n);
	return 0;
}

enum {
	TUPLE = WORD_QUOTES | WORD_KEEP_ESCAPES,
	TUPLE_PART = WORD_ESCAPES | WORD_SAVE_SEPS,
};

int add_root_options(struct prop_in *in)
{
	struct arena *m = in->w->m;
	const char *p = in->text;
	char *tuple, *part[2];
	int got;

	prop_open_array(in->w, in->name, "a(ss)");
	while ((got = word_next(m, &p, &tuple, BLANKS, TUPLE)) > 0) {
		const char *q = tuple;
		int n = words_take(m, &q, ":", TUPLE_PART, part, 2);
		bool both = n == 2 && *part[1];

		if (n < 0 || (q && *q)) return prop_refuse_part(in, tuple);
		if (n > 0) put_pair(in->w, both ? part[0] : "root", part[both]);
	}
	if (got < 0) return prop_refuse(in);
	prop_close_array(in->w);
	return 0;
}

/* PARTITION:OPTIONS pairs to the end. A single last word has the options of the root
 * partition. */
static bool put_mount_options(struct wire *w, const char *q)
{
	char *part[2];
	int n;

	wire_open_array(w, "(ss)");
	while ((n = words_take(w->m, &q, ":", TUPLE_PART, part, 2)) == 2)
		put_pair(w, part[0], part[1]);
	if (n == 1) put_pair(w, "root", part[0]);
	wire_close_array(w);
	return n >= 0;
}

/* One image, with a source and, if `paths` is 2, a destination. */
static int put_image(struct prop_in *in, const char *tuple, int paths)
{
	const char *q = tuple;
	char *path[2];
	int n = words_take(in->w->m, &q, ":", TUPLE_PART, path, paths);
	bool may_lack = n > 0 && *path[0] == '-';

	if (n == 0) return 0;
	if (n < paths || (paths == 2 && !*path[1])) return prop_refuse_part(in, tuple);
	wire_open_struct(in->w);
	prop_put(in->w, path[0] + may_lack);
	if (paths == 2) prop_put(in->w, path[1]);
	wire_bool(in->w, may_lack);
	if (!put_mount_options(in->w, q)) return prop_refuse_part(in, tuple);
	wire_close_struct(in->w);
	return 0;
}

static int add_images(struct prop_in *in, const char *sig, int paths)
{
	const char *p = in->text;
	char *tuple;
	int got;

	prop_open_array(in->w, in->name, sig);
	while ((got = word_next(in->w->m, &p, &tuple, BLANKS, TUPLE)) > 0)
		if (put_image(in, tuple, paths) < 0) return -1;
	if (got < 0) return prop_refuse(in);
	prop_close_array(in->w);
	return 0;
}

int add_mount_images(struct prop_in *in)
{
	return add_images(in, "a(ssba(ss))", 2);
}

int add_extension_images(struct prop_in *in)
{
	return add_images(in, "a(sba(ss))", 1);
}

/* Directories with a link or a flag are sent under a name of their own. The flag is new in 257;
 * any other text after the link is ignored, as in 252. */
struct directories {
	struct words plain, sources, links;
	uint64_t *flags;
};

static int directory_take(struct prop_in *in, const char *tuple, struct directories *d)
{
	const char *t = tuple;
	char *part[3];
	int n = words_take(in->w->m, &t, ":", WORD_QUOTES | WORD_EACH_SEP, part, 3);
	bool read_only = n == 3 && !t && str_eq(part[2], "ro");

	if (n < 1) return prop_refuse_part(in, tuple);
	path_simplify(part[0]);
	if (!read_only && (n < 2 || !*part[1])) {
		words_add(&d->plain, part[0]);
		return 0;
	}
	d->flags[d->sources.n] = read_only;
	words_add(&d->sources, part[0]);
	words_add(&d->links, path_simplify(part[1]));
	return 0;
}

int add_directory(struct prop_in *in)
{
	struct arena *m = in->w->m;
	struct directories d = { { .m = m }, { .m = m }, { .m = m }, NULL };
	const char *p = in->text;
	char *tuple;
	int got;

	d.flags = arena_array(m, strlen(p) / 2 + 1, sizeof *d.flags);
	while ((got = word_next(m, &p, &tuple, BLANKS, WORD_QUOTES)) > 0)
		if (directory_take(in, tuple, &d) < 0) return -1;
	if (got < 0) return prop_refuse(in);
	if (d.plain.n) prop_words(in->w, in->name, words_list(&d.plain));
	if (!d.sources.n) return 0;
	prop_open_array(in->w, prop_renamed(in, 0, "Symlink"), "a(sst)");
	for (size_t i = 0; i < d.sources.n; i++) {
		wire_open_struct(in->w);
		prop_put(in->w, d.sources.v[i]);
		prop_put(in->w, d.links.v[i]);
		wire_u64(in->w, d.flags[i]);
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

enum { OPEN_READ_ONLY = 1, OPEN_APPEND = 2, OPEN_TRUNCATE = 4, OPEN_GRACEFUL = 8 };

/* -1 for an unknown or repeated option, and for two that exclude each other. */
static int open_flags(struct arena *m, const char *options)
{
	static const struct name_value names[] = {
		{ "read-only", OPEN_READ_ONLY }, { "append", OPEN_APPEND },
		{ "truncate", OPEN_TRUNCATE }, { "graceful", OPEN_GRACEFUL }, { NULL, 0 },
	};
	int64_t sum = 0, modes;
	char *word;
	int got;

	while ((got = word_next(m, &options, &word, ",", 0)) > 0) {
		int64_t flag = name_lookup(names, word);

		if (flag < 0 || flag & sum) return -1;
		sum |= flag;
	}
	modes = sum & ~OPEN_GRACEFUL;
	return got < 0 || modes & (modes - 1) ? -1 : (int)sum;
}

/* The name of a descriptor: printable ASCII without a colon. */
static bool fd_name_is_valid(const char *s)
{
	enum { FD_NAME_MAX = 255 };

	if (!*s || strlen(s) > FD_NAME_MAX) return false;
	for (; *s; s++)
		if (*s < ' ' || *s >= 127 || *s == ':') return false;
	return true;
}

static const char *file_name(struct arena *m, const char *path)
{
	return strrchr(path_simplify(arena_strdup(m, path)), '/') + 1;
}

int add_open_file(struct prop_in *in)
{
	const char *p = in->text, *name;
	char *part[3];
	int n = words_take(in->w->m, &p, ":", WORD_ESCAPES | WORD_EACH_SEP, part, 3);
	int flags = n == 3 ? open_flags(in->w->m, part[2]) : 0;

	if (n < 1 || (p && *p) || flags < 0 || *part[0] != '/') return prop_refuse(in);
	name = n > 1 && *part[1] ? part[1] : file_name(in->w->m, part[0]);
	if (!fd_name_is_valid(name)) return prop_refuse(in);
	prop_open_array(in->w, in->name, "a(sst)");
	wire_open_struct(in->w);
	prop_put(in->w, part[0]);
	prop_put(in->w, name);
	wire_u64(in->w, (uint64_t)flags);
	wire_close_struct(in->w);
	prop_close_array(in->w);
	return 0;
}
