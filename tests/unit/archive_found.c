/* What is found in an archive that is only looked at. */

#include "lib/archive/found.h"

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"
#include "tests/unit/archive_tar.h"
#include "tests/unit/disk_world.h"

static void begin(struct world *w, struct str *tar)
{
	if (geteuid() != 0) SKIP("only root may unpack");
	world_make(w);
	signals_catch();
	*tar = (struct str){ .m = &w->m };
}

static const char *kind;	/* of the last one */

static int look(struct world *w, const void *data, size_t n, const struct unpack_limits *limits,
                struct unpack_report *r, struct archive_found **out)
{
	AUTOCLOSE int fd = openat(w->top, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	CHECK(*out = found_new(&w->e));	/* left to the end of the program */
	memset(&w->e, 0, sizeof w->e);
	CHECK_INT(write_all(fd, data, n, &w->e), 0);
	kind = unpack_kind(fd);
	return unpack_look(fd, limits, r, *out, &w->e);
}

static struct archive_found *find(struct world *w, struct str *tar, struct unpack_report *r)
{
	struct archive_found *f;

	tar_end(tar);
	if (look(w, tar->s, tar->len, NULL, r, &f) < 0) CHECK_STR(w->e.text, "");
	CHECK_INT(dir_is_empty(w->inside), 1);
	return f;
}

TEST(a_root_file_system)
{
	struct world w;
	struct str tar;
	struct unpack_report r;
	struct archive_found *f;

	begin(&w, &tar);
	tar_add(&tar, TAR_LINK, "./sbin/init", "/lib/systemd/systemd", 0777);
	tar_file(&tar, "./usr/lib/os-release", "ID=debian\n", 0644);
	tar_add(&tar, TAR_LINK, "./etc/os-release", "../usr/lib/os-release", 0777);
	tar_file(&tar, "./lib/systemd/systemd", "#!", 0755);
	tar_file(&tar, "./etc/cloud/cloud.cfg", "x", 0644);
	tar_add(&tar, TAR_CHAR, "./dev/null", "", 0666);
	f = find(&w, &tar, &r);
	CHECK_STR(kind, "tar");
	CHECK_INT(f->roots[FOUND_TOP].bits,
	          FOUND_ROOT | FOUND_SYSTEMD | FOUND_CLOUD_INIT | FOUND_INIT);
	CHECK_STR(f->roots[FOUND_TOP].init, "/lib/systemd/systemd");
	CHECK_STR(f->roots[FOUND_TOP].os_release, "ID=debian\n");
	CHECK_INT(f->roots[FOUND_ROOTFS].bits, 0);
	CHECK_INT(f->metadata_n, 0);
	CHECK_INT((long)r.entries, 6);
	world_drop(&w);
}

TEST(an_image_of_incus_and_a_backup)
{
	struct world w;
	struct str tar;
	struct archive_found *f;

	begin(&w, &tar);
	tar_file(&tar, "rootfs/etc/os-release", "ID=own\n", 0644);
	tar_file(&tar, "metadata.yaml", "architecture: x86_64\n", 0644);
	tar_file(&tar, "rootfs.img", "QFI", 0644);
	tar_add(&tar, TAR_DIR, "backup/container/rootfs/usr", "", 0755);
	f = find(&w, &tar, NULL);
	CHECK_INT(f->roots[FOUND_TOP].bits, 0);
	CHECK_INT(f->roots[FOUND_ROOTFS].bits, FOUND_ROOT);
	CHECK_INT(f->roots[FOUND_BACKUP].bits, FOUND_ROOT);
	CHECK_STR(f->roots[FOUND_ROOTFS].os_release, "ID=own\n");
	CHECK_STR(f->metadata, "architecture: x86_64\n");
	CHECK_INT(f->metadata_n, strlen("architecture: x86_64\n"));
	CHECK_INT(f->bits, FOUND_DISK);
	world_drop(&w);
}

TEST(texts_have_an_end)
{
	struct world w;
	struct str tar, text;
	struct archive_found *f;

	begin(&w, &tar);
	text = (struct str){ .m = &w.m };
	for (int i = 0; i < 100000; i++) str_addc(&text, 'x');
	tar_file(&tar, "metadata.yaml", str_text(&text), 0644);
	tar_file(&tar, "etc/os-release", str_text(&text), 0644);
	f = find(&w, &tar, NULL);
	CHECK_INT(f->metadata_n, FOUND_METADATA_MAX - 1);
	CHECK_INT(strlen(f->roots[FOUND_TOP].os_release), FOUND_OS_MAX - 1);
	world_drop(&w);
}

TEST(a_squashfs_image)
{
	struct world w;
	struct str tar;
	struct archive_found *f;
	struct unpack_report r;
	size_t n;
	char *data;

	begin(&w, &tar);
	data = read_file(&w.m, AT_FDCWD, "tests/data/squashfs/zstd.sqfs", 1 << 20, &n, &w.e);
	CHECK(data);
	CHECK_INT(look(&w, data, n, NULL, &r, &f), 0);
	CHECK_STR(kind, "squashfs image");
	CHECK(r.entries > 10);
	CHECK_INT(dir_is_empty(w.inside), 1);
	world_drop(&w);
}

static void refuses(struct world *w, const void *data, size_t n,
                    const struct unpack_limits *limits, const char *want)
{
	struct archive_found *f;

	CHECK_INT(look(w, data, n, limits, NULL, &f), -1);
	CHECK_STR(w->e.text, want);
}

/* What its child has found. */
static struct check_front *front_of(struct world *w, const struct str *tar)
{
	struct archive_found *f = found_new(&w->e);	/* left to the end of the program */
	struct unpack u;
	int rc;

	CHECK_INT(unpack_begin_front(&u, f, &w->e), 0);
	if (!(rc = unpack_feed(&u, tar->s, tar->len, &w->e)))
		rc = unpack_end(&u, NULL, &w->e);
	if (rc < 0) CHECK_STR(w->e.text, "");
	unpack_abort(&u);
	return &f->front;
}

TEST(the_front_of_an_export_and_of_another_archive)
{
	struct world w;
	struct str tar;
	struct check_front *front;

	begin(&w, &tar);
	tar_file(&tar, "jlmkr-export", "some words\n", 0644);
	tar_file(&tar, "config", "startup=0\n", 0644);
	tar_file(&tar, "rootfs/etc/os-release", "ID=own\n", 0644);
	front = front_of(&w, &tar);
	CHECK(front->is_export);
	CHECK_STR(arena_strndup(&w.m, front->head, front->head_n), "some words\n");
	CHECK_STR(arena_strndup(&w.m, front->config, front->config_n), "startup=0\n");
	tar.len = 0;
	tar_file(&tar, "etc/os-release", "ID=own\n", 0644);
	CHECK(!front_of(&w, &tar)->is_export);
	tar.len = 0;
	str_add(&tar, "no archive at all");
	CHECK(!front_of(&w, &tar)->is_export);
	world_drop(&w);
}

static int texts_of(struct world *w, struct str *tar)
{
	AUTOCLOSE int fd = openat(w->top, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	tar_end(tar);
	memset(&w->e, 0, sizeof w->e);
	CHECK_INT(write_all(fd, tar->s, tar->len, &w->e), 0);
	return unpack_texts(fd, &w->e);
}

TEST(of_an_image_in_layers_only_the_texts_are_kept)
{
	struct world w;
	struct str tar, large;
	struct stat st;
	int dir;

	begin(&w, &tar);
	large = (struct str){ .m = &w.m };
	for (int i = 0; i <= 4 << 20; i++) str_addc(&large, '[');
	tar_file(&tar, "manifest.json", "[{}]", 0644);
	tar_file(&tar, "a/layer.tar", "no text", 0644);
	tar_file(&tar, "empty", "", 0644);
	tar_file(&tar, "large", str_text(&large), 0644);
	dir = texts_of(&w, &tar);
	CHECK_STR(w.e.text, "");
	CHECK_STR(read_file(&w.m, dir, "manifest.json", 100, NULL, NULL), "[{}]");
	CHECK_INT(fstatat(dir, "a/layer.tar", &st, 0), 0);
	CHECK_INT(st.st_size, 7);
	CHECK_INT(st.st_blocks, 0);
	CHECK_INT(fstatat(dir, "large", &st, 0), 0);
	CHECK_INT(st.st_size, (4 << 20) + 1);
	CHECK_INT(st.st_blocks, 0);
	close(dir);
	world_drop(&w);
}

TEST(texts_take_a_limited_part_of_the_memory)
{
	struct world w;
	struct str tar, text;

	begin(&w, &tar);
	text = (struct str){ .m = &w.m };
	for (int i = 0; i < 4 << 20; i++) str_addc(&text, '[');
	for (int i = 0; i < 9; i++)
		tar_file(&tar, arena_printf(&w.m, "%d", i), str_text(&text), 0644);
	CHECK_INT(texts_of(&w, &tar), -1);
	CHECK(strstr(w.e.text, "No space left"));
	world_drop(&w);
}

TEST(what_is_refused)
{
	static const struct unpack_limits few = { .entries = 1 };
	static const char gzip[] =
		"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x18\0\xe7\xff"
		"\x1f\x8b\x08\0\0\0\0\0\0\x03"
		"\x01\x01\0\xfe\xff\x78"
		"\x83\x16\xdc\x8c\x01\0\0\0"
		"\xf9\xb5\xb5\xab\x18\0\0\0";
	struct world w;
	struct str tar;

	begin(&w, &tar);
	refuses(&w, "QFI\xfb....", 8, NULL,
	        "it is the disk of a virtual machine (qcow2), not of a container");
	refuses(&w, "\x04\x22\x4d\x18....", 8, NULL,
	        "the archive is compressed with lz4, which jlmkr does not support; it supports "
	        "xz, zstd and gzip");
	refuses(&w, "\x5d\0\0\x80....", 8, NULL,
	        "the archive is compressed with lzma, which jlmkr does not support; it "
	        "supports xz, zstd and gzip");
	refuses(&w, "\x1f\x8b\x08\xff\0\0\0\0\0\x03....", 14, NULL,
	        "the archive cannot be decoded: gzip with a damaged header");
	refuses(&w, gzip, sizeof gzip - 1, NULL,
	        "the archive cannot be decoded: gzip with more of it inside");
	tar_file(&tar, "../x", "y", 0644);
	tar_end(&tar);
	refuses(&w, tar.s, tar.len, NULL,
	        "archive entry ../x: the name contains .. and could lead outside");
	tar.len = 0;
	tar_file(&tar, "a", "y", 0644);
	tar_file(&tar, "b", "y", 0644);
	tar_end(&tar);
	refuses(&w, tar.s, tar.len, &few,
	        "the archive has more than 1 files; --max-files sets the limit");
	world_drop(&w);
}
