#include "lib/disk/zfs_replica.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static void tell(struct str *s, const char *name, int txg, const char *kind, const char *from)
{
	bool snap = strchr(name, '@') != NULL;

	str_addf(s, "%s\tguid\t%d\t-\n%s\tcreatetxg\t%d\t-\n", name, 7000 + txg, name, txg);
	str_addf(s, "%s\treferenced\t%d\t-\n%s\twritten\t%d\t-\n", name, txg * 100, name, txg);
	str_addf(s, "%s\treadonly\t%s\t-\n", name, snap ? "-" : "on");
	str_addf(s, "%s\tuserrefs\t%s\t-\n", name, !snap ? "-" : txg % 2 ? "1" : "0");
	str_addf(s, "%s\tjlmkr:kind\t%s\t%s\n", name, kind, from);
}

TEST(what_both_sides_have)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct zfs_replica r;
	struct err e = { 0 };

	tell(&s, "p/web", 3, "standby", "local");
	str_addf(&s, "p/web\treceive_resume_token\t1-ab-c\t-\n");
	str_addf(&s, "p/web\tencryptionroot\tp/web\t-\np/web\tkeystatus\tunavailable\t-\n");
	str_addf(&s, "p/web\tencryption\taes-256-gcm\t-\np/web@a\tencryption\toff\t-\n");
	tell(&s, "p/web@b c", 8, "standby", "inherited from p/web");
	tell(&s, "p/web@a", 5, "snapshot:copy", "local");
	CHECK_INT(zfs_replica_parse(&m, arena_strdup(&m, str_text(&s)), "p/web", &r, &e), 0);
	CHECK(r.readonly && r.is_encrypted && r.has_own_key && r.is_locked);
	CHECK_STR(r.kind, "standby");
	CHECK_STR(r.token, "1-ab-c");
	CHECK(!r.child);
	CHECK_INT(r.referenced, 300);
	CHECK_INT(r.n, 2);
	CHECK_STR(r.v[0].label, "a");
	CHECK_STR(r.v[0].kind, "snapshot:copy");
	CHECK(r.v[0].held);
	CHECK_INT(r.v[0].guid, 7005);
	CHECK_INT(r.v[0].written, 5);
	CHECK_STR(r.v[1].label, "b c");
	CHECK(!r.v[1].kind && !r.v[1].held);
	CHECK(zfs_replica_find(&r, 7008) == &r.v[1]);
	CHECK(!zfs_replica_find(&r, 7009));
}

TEST(a_dataset_below_it_and_others_are_not_its_own)
{
	AUTOFREE struct arena m = { 0 };
	struct str s = { .m = &m };
	struct zfs_replica r;
	struct err e = { 0 };

	tell(&s, "p/web", 3, "-", "-");
	tell(&s, "p/web/data", 4, "standby", "local");
	tell(&s, "p/webby@x", 4, "-", "-");
	str_addf(&s, "p/web\tencryption\toff\tdefault\np/web\tkeystatus\t-\t-\n");
	str_addf(&s, "p/web\tencryptionroot\tp\t-\n");
	str_addf(&s, "p/web\tjlmkr:kind\ttwo\nlines\tlocal\n");
	CHECK_INT(zfs_replica_parse(&m, arena_strdup(&m, str_text(&s)), "p/web", &r, &e), 0);
	CHECK_STR(r.child, "p/web/data");
	CHECK_INT(r.n, 0);
	CHECK(!r.token && !r.kind && !r.is_encrypted && !r.has_own_key && !r.is_locked);
}

TEST(a_snapshot_without_a_number_is_a_fault)
{
	AUTOFREE struct arena m = { 0 };
	struct zfs_replica r;
	struct err e = { 0 };
	char text[] = "p/web@a\tcreatetxg\t5\t-\n";

	CHECK_INT(zfs_replica_parse(&m, text, "p/web", &r, &e), -1);
	CHECK_INT(e.kind, ERR_HOST);
}

/* As OpenZFS 2.1 prints it. */
#define TOKEN "resume token contents:\nnvlist version: 0\n\tobject = 0x6\n" \
	"\toffset = 0x200000\n\tbytes = 0x2fd3b8\n\ttoguid = 0xcfc3d3d1ac3d3ac5\n" \
	"\ttoname = near/secret@s\n" \
	"\tcompressok = 1\nfull\tnear/secret@s\t8423480\nsize\t8423480\n"

TEST(a_token_is_of_one_snapshot)
{
	const uint64_t guid = 0xcfc3d3d1ac3d3ac5;
	uint64_t size;

	CHECK(zfs_token_text_is_of(TOKEN, guid, 0, false, &size));
	CHECK_INT(size, 8423480);
	CHECK(!zfs_token_text_is_of(TOKEN, guid, 5, false, &size));
	CHECK(!zfs_token_text_is_of(TOKEN, 5, 0, false, &size));
	CHECK(!zfs_token_text_is_of("", 0, 0, false, &size));
	CHECK(!zfs_token_text_is_of("cannot resume send: 'x' no longer exists\n",
	                            guid, 0, false, &size));
	CHECK(zfs_token_text_is_of("\tfromguid = 0x10\n\ttoguid = 0x20\n", 32, 16, false,
	                           &size));
	CHECK(!zfs_token_text_is_of("\tfromguid = 0x10\n\ttoguid = 0x20\n", 32, 0, false,
	                            &size));
}

TEST(a_token_is_of_a_raw_stream_or_not)
{
	static const char raw[] = "\ttoguid = 0x20\n\trawok = 1\n";
	uint64_t size;

	CHECK(zfs_token_text_is_of(raw, 32, 0, true, &size));
	CHECK(!zfs_token_text_is_of(raw, 32, 0, false, &size));
	CHECK(!zfs_token_text_is_of("\ttoguid = 0x20\n", 32, 0, true, &size));
}

TEST(a_name_with_newlines_cannot_be_another_snapshot)
{
	uint64_t size;

	CHECK(!zfs_token_text_is_of("\ttoguid = 0x20\n\ttoname = p/x@y\n\ttoguid = 0x7\n", 7, 0,
	                            false, &size));
	CHECK(!zfs_token_text_is_of("\ttoname = p/x@y\n\ttoguid = 0x7\n\ttoguid = 0x20\n", 7, 0,
	                            false, &size));
}

/* -- the first record of a stream -- */

static void put(unsigned char *p, uint64_t value, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (unsigned char)(value >> 8 * i);
}

static void begin(unsigned char b[ZFS_BEGIN], uint64_t version, uint64_t type, uint64_t flags)
{
	memset(b, 0, ZFS_BEGIN);
	put(b + 8, 0x2F5bacbac, 8);
	put(b + 16, version, 8);
	put(b + 32, type, 4);
	put(b + 36, flags, 4);
	put(b + 40, 77, 8);
	put(b + 48, 66, 8);
}

static int read_begin(const unsigned char *b, size_t n, struct zfs_begin *out)
{
	struct err e = { 0 };
	int rc = zfs_begin_read(b, n, out, &e);

	CHECK_INT(e.kind, rc < 0 ? ERR_UNTRUSTED : ERR_NONE);
	return rc;
}

TEST(the_stream_of_one_snapshot)
{
	unsigned char b[ZFS_BEGIN];
	struct zfs_begin got;

	begin(b, 1 | 1 << 22, 2, 4);
	CHECK_INT(read_begin(b, sizeof b, &got), 0);
	CHECK_INT(got.guid, 77);
	CHECK_INT(got.from, 66);
	CHECK(!got.raw);
	CHECK_STR(got.name, "");
	memset(b + 56, 'n', ZFS_BEGIN - 56);
	CHECK_INT(read_begin(b, sizeof b, &got), 0);
	CHECK_INT(strlen(got.name), ZFS_BEGIN - 56);
	put(b + 16, 1 | (1 << 22 | 1 << 24) << 2, 8);
	CHECK_INT(read_begin(b, sizeof b, &got), 0);
	CHECK(got.raw);
	CHECK(zfs_is_stream(b, sizeof b));
	CHECK(!zfs_is_stream(b, sizeof b - 1));
	CHECK_INT(read_begin(b, sizeof b - 1, &got), -1);
}

TEST(the_last_record_of_a_stream)
{
	unsigned char b[ZFS_BEGIN] = { 5 };

	CHECK(zfs_is_end(b));
	b[4] = 1;
	CHECK(!zfs_is_end(b));
	begin(b, 1, 2, 0);
	CHECK(!zfs_is_end(b));
}

TEST(packages_clones_volumes_and_other_bytes_are_refused)
{
	unsigned char b[ZFS_BEGIN];
	struct zfs_begin got;

	begin(b, 2, 2, 0);
	CHECK_INT(read_begin(b, sizeof b, &got), -1);
	begin(b, 1, 3, 0);
	CHECK_INT(read_begin(b, sizeof b, &got), -1);
	begin(b, 1, 2, 1);
	CHECK_INT(read_begin(b, sizeof b, &got), -1);
	begin(b, 1, 2, 0);
	put(b, 1, 4);
	CHECK_INT(read_begin(b, sizeof b, &got), -1);
	memset(b, 'x', sizeof b);
	CHECK_INT(read_begin(b, sizeof b, &got), -1);
}

TEST(marks_of_standbys)
{
	CHECK(zfs_kind_is_standby("standby"));
	CHECK(zfs_kind_is_standby("handed:1:nas2:web"));
	CHECK(!zfs_kind_is_standby("standbys"));
	CHECK(!zfs_kind_is_standby("jail:0123"));
	CHECK(!zfs_kind_is_standby(NULL));
}

TEST(marks_of_standbys_whose_removal_was_killed)
{
	struct arena m = { 0 };
	struct zfs_replica r;
	char text[] = "p/web\tjlmkr:kind\ttrash:01=2 handed:1:nas2:web\tlocal\n";

	CHECK(zfs_kind_is_standby("trash:0123=ab standby"));
	CHECK(!zfs_kind_is_standby("trash:0123=ab") && !zfs_kind_is_standby("jail:0 standby"));
	CHECK_STR(zfs_kind_before("trash:0123=ab"), "trash:0123=ab");
	CHECK_STR(zfs_kind_before("standby"), "standby");
	CHECK(!zfs_kind_before(NULL));
	CHECK_INT(zfs_replica_parse(&m, text, "p/web", &r, NULL), 0);
	CHECK_STR(r.kind, "handed:1:nas2:web");
	arena_free(&m);
}
