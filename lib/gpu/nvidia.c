#include "lib/gpu/nvidia.h"

#include <stdint.h>
#include <string.h>

/* No characters that nspawn, systemd or the linker treat specially: blanks, and what has a
 * meaning in nspawn's --bind=. */
static bool is_plain_text(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || strchr(":\\,\"'", s[i])) return false;
	return n > 0;
}

static bool is_clean_path(const char *path, size_t n)
{
	size_t part = 0;

	if (n < 2 || n > 1024 || *path != '/' || path[n - 1] == '/' || !is_plain_text(path, n))
		return false;
	for (size_t i = 1; i <= n; i++) {
		if (i < n && path[i] != '/') {
			part++;
			continue;
		}
		if (!part || (part == 1 && path[i - 1] == '.')) return false;
		if (part == 2 && path[i - 1] == '.' && path[i - 2] == '.') return false;
		part = 0;
	}
	return true;
}

static bool is_listed_path(const struct words *list, const char *s, size_t n)
{
	for (size_t i = 0; i < list->n; i++)
		if (strlen(list->v[i]) == n && !memcmp(list->v[i], s, n)) return true;
	return false;
}

char **nvidia_paths(struct arena *m, const char *text, size_t *odd)
{
	struct words out = { .m = m };
	size_t n;

	*odd = 0;
	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (!n || is_listed_path(&out, text, n)) continue;
		if (out.n < NVIDIA_MAX && is_clean_path(text, n))
			words_add(&out, arena_strndup(m, text, n));
		else
			++*odd;
	}
	return words_list(&out);
}

/* Libraries that the jail must have from its own system, even if a list names them. */
static bool is_of_the_system(const char *name)
{
	static const char *const own[] = {
		"ld-", "ld.so", "libc.", "libc-", "libm.", "libm-", "libmvec", "libdl",
		"libpthread",
		"librt", "libresolv", "libnss_", "libnsl", "libutil", "libanl", "libcrypt",
		"libgcc_s", "libstdc++", "libthread_db", "libselinux", "libsystemd", "libpam",
	};

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (str_starts(name, own[i])) return true;
	return false;
}

static const char *base_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool is_taken(const struct nvidia *nv, const char *folder, const char *name)
{
	for (size_t i = 0; i < nv->entry_count; i++)
		if (str_eq(nv->entries[i].folder, folder) && str_eq(nv->entries[i].name, name))
			return true;
	return false;
}

static void add_farm_entry(struct nvidia *nv, const char *folder, const char *name,
                           const char *target)
{
	nv->entries[nv->entry_count++] = (struct nvidia_entry){ folder, name, target };
}

void nvidia_bind(struct nvidia_binds *b, const char *source, const char *place, bool writable)
{
	if (b->n == b->room) {
		size_t room = b->room ? b->room * 2 : 64;
		struct nvidia_bind *v = arena_array(b->m, room, sizeof *v);

		if (b->n) memcpy(v, b->v, b->n * sizeof *v);
		b->v = v;
		b->room = room;
	}
	b->v[b->n++] = (struct nvidia_bind){ source, place, writable };
}

char **nvidia_bind_words(struct arena *m, const struct nvidia_binds *b)
{
	struct words w = { .m = m };

	for (const struct nvidia_bind *x = b->v; x < b->v + b->n; x++)
		words_addf(&w, "--bind%s=%s%s%s", x->writable ? "" : "-ro", x->source,
		           x->place ? ":" : "", x->place ? x->place : "");
	return words_list(&w);
}

/* If two have the same name, the first counts: they are builds for different CPUs. */
static void add_library(struct nvidia *nv, const struct nvidia_file *f)
{
	const char *folder = f->is_32 ? NVIDIA_LIB32 : NVIDIA_LIB64, *name = base_of(f->path);

	if (f->type != NVIDIA_FILE || is_of_the_system(name) || is_taken(nv, folder, name))
		return;
	add_farm_entry(nv, folder, name, NULL);
	nvidia_bind(&nv->binds, f->path,
	            arena_printf(nv->binds.m, NVIDIA_LIBRARIES "/%s/%s", folder, name), false);
	if (f->is_32) nv->has_32 = true;
	else nv->has_64 = true;
}

static void add_link(struct nvidia *nv, const struct nvidia_file *f)
{
	const char *folder = f->is_32 ? NVIDIA_LIB32 : NVIDIA_LIB64, *name = base_of(f->path);

	if (!is_plain_text(f->soname, strlen(f->soname)) || strchr(f->soname, '/') ||
	    *f->soname == '.')
		return;
	if (is_of_the_system(f->soname) || is_taken(nv, folder, f->soname)) return;
	if (is_taken(nv, folder, name)) add_farm_entry(nv, folder, f->soname, name);
}

/* These are file systems in memory in the jail: they need no mount point in the root file
 * system. */
static bool is_in_memory(const char *path)
{
	static const char *const places[] = { "/dev/", "/run/", "/proc/", "/sys/" };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (str_starts(path, places[i])) return true;
	return false;
}

static void add_other(struct nvidia *nv, const struct nvidia_file *f)
{
	bool device = f->type == NVIDIA_DEVICE;

	if (f->type == NVIDIA_ABSENT || device != str_starts(f->path, "/dev/")) return;
	/* Any other folder could hide a folder of the jail. */
	if (f->type == NVIDIA_FOLDER && !str_starts(base_of(f->path), "nvidia")) return;
	nvidia_bind(&nv->binds, f->path, NULL, device);
	if (!is_in_memory(f->path))
		words_add(f->type == NVIDIA_FOLDER ? &nv->folders : &nv->places, f->path);
}

static const char *farm_path(struct arena *m, const struct nvidia *nv)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < nv->entry_count; i++) {
		const struct nvidia_entry *x = &nv->entries[i];
		const char *line = arena_printf(m, "%s/%s %s\n", x->folder, x->name,
		                                x->target ? x->target : "");

		for (; *line; line++)
			sum = (sum ^ (unsigned char)*line) * 0x100000001b3;
	}
	return arena_printf(m, NVIDIA_FARMS "/nvidia-%016llx", (unsigned long long)sum);
}

/* The text differs for each driver, because the names of the libraries contain its version. */
static const char *conf_text(struct arena *m, const struct nvidia *nv)
{
	struct str text = { .m = m };

	str_add(&text,
	        "# Made by jlmkr while gpu_passthrough_nvidia is on, and removed after.\n");
	if (nv->has_64) str_add(&text, NVIDIA_LIBRARIES "/" NVIDIA_LIB64 "\n");
	if (nv->has_32) str_add(&text, NVIDIA_LIBRARIES "/" NVIDIA_LIB32 "\n");
	for (size_t i = 0; i < nv->entry_count; i++)
		str_addf(&text, "# %s/%s\n", nv->entries[i].folder, nv->entries[i].name);
	return str_text(&text);
}

void nvidia_make(struct arena *m, const struct nvidia_file *files, size_t n, struct nvidia *out)
{
	*out = (struct nvidia){
		.binds.m = m,
		.places.m = m,
		.folders.m = m,
		.entries = arena_array(m, 2 * n + 1, sizeof *out->entries),
	};
	for (size_t i = 0; i < n; i++)
		if (!files[i].library) add_other(out, &files[i]);
	for (size_t i = 0; i < n; i++)
		if (files[i].library) add_library(out, &files[i]);
	for (size_t i = 0; i < n; i++)
		if (files[i].library && files[i].type == NVIDIA_FILE && files[i].soname)
			add_link(out, &files[i]);
	out->farm = farm_path(m, out);
	out->conf = conf_text(m, out);
	if (out->entry_count) nvidia_bind(&out->binds, out->farm, NVIDIA_LIBRARIES, false);
}
