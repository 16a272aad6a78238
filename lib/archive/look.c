#include "lib/archive/look.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/archive/entry.h"
#include "lib/base/str.h"

static const char *const places[FOUND_PLACES] = { "", "rootfs/", "backup/container/rootfs/" };

static bool is_one_of(const char *path, const char *const *list)
{
	for (; *list; list++)
		if (str_eq(*list, path)) return true;
	return false;
}

/* A root file system contains some of these. */
static bool is_sign_of_root(const char *path)
{
	static const char *const signs[] = { "usr", "etc", "bin", "sbin", "nix", NULL };
	char first[8] = "";
	size_t n = strcspn(path, "/");

	if (n >= sizeof first) return false;
	memcpy(first, path, n);
	return is_one_of(first, signs);
}

static uint32_t bits_of(const char *path)
{
	static const char *const inits[] = { "sbin/init", "usr/sbin/init", NULL };
	static const char *const systemd[] = { "lib/systemd/systemd",
					       "usr/lib/systemd/systemd", NULL };
	static const char *const cloud[] = { "etc/cloud/cloud.cfg", "usr/bin/cloud-init",
					     NULL };

	return (is_sign_of_root(path) ? (uint32_t)FOUND_ROOT : 0) |
	       (is_one_of(path, inits) ? (uint32_t)FOUND_INIT : 0) |
	       (is_one_of(path, systemd) ? (uint32_t)FOUND_SYSTEMD : 0) |
	       (is_one_of(path, cloud) ? (uint32_t)FOUND_CLOUD_INIT : 0);
}

static void note_root(struct found_root *r, const char *path, const struct entry *n)
{
	uint32_t bits = bits_of(path);

	r->bits |= bits;
	if (bits & FOUND_INIT && S_ISLNK(n->mode) && n->link &&
	    strlen(n->link) < sizeof r->init)
		memcpy(r->init, n->link, strlen(n->link) + 1);
}

void look_note(struct looking *l, const struct entry *n)
{
	for (int i = 0; i < FOUND_PLACES; i++)
		if (str_starts(n->path, places[i]))
			note_root(&l->found->roots[i], n->path + strlen(places[i]), n);
	if (str_eq(n->path, "rootfs.img")) l->found->bits |= FOUND_DISK;
	if (str_eq(n->path, "oci-layout") || str_eq(n->path, "manifest.json"))
		l->found->bits |= FOUND_LAYERS;
}

/* The room for the contents of a file that is to be kept. */
static char *find_room(struct archive_found *f, const char *path, size_t *room)
{
	static const char *const os[] = { "etc/os-release", "usr/lib/os-release", NULL };

	if (str_eq(path, "metadata.yaml")) {
		*room = sizeof f->metadata - 1;
		return f->metadata;
	}
	*room = FOUND_OS_MAX - 1;
	for (int i = 0; i < FOUND_PLACES; i++)
		if (str_starts(path, places[i]) && is_one_of(path + strlen(places[i]), os))
			return f->roots[i].os_release;
	return NULL;
}

void look_open(struct looking *l, const struct entry *n)
{
	look_note(l, n);
	l->into = find_room(l->found, n->path, &l->room);
	if (!l->into) return;
	memset(l->into, 0, l->room + 1);
	if (l->into == l->found->metadata) l->found->metadata_n = 0;
}

void look_write(struct looking *l, const void *data, size_t n, uint64_t place)
{
	if (!l->into || place > l->room) return;
	if (n > l->room - place) n = l->room - (size_t)place;
	memcpy(l->into + place, data, n);
	if (l->into == l->found->metadata) l->found->metadata_n = (size_t)place + n;
}
