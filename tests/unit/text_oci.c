#include "lib/text/oci.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

#define A "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define D "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

#define OCI "application/vnd.oci.image."
#define DOCKER "application/vnd.docker."

/* -- references -- */

static void reads_reference(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_reference r;
	struct err e = { 0 };

	CHECK_INT(oci_reference_parse(&m, text, &r, &e), 0);
	CHECK_STR(e.text, "");
	CHECK_STR(oci_reference_text(&m, &r), want);
}

TEST(references)
{
	reads_reference("docker://alpine", "docker://docker.io/library/alpine:latest");
	reads_reference("docker://alpine:3.20", "docker://docker.io/library/alpine:3.20");
	reads_reference("docker://docker.io/alpine",
	                "docker://docker.io/library/alpine:latest");
	reads_reference("docker://index.docker.io/a/b", "docker://docker.io/a/b:latest");
	reads_reference("docker://grafana/grafana",
	                "docker://docker.io/grafana/grafana:latest");
	reads_reference("docker://GHCR.io/a/b_c/d__e:T.1", "docker://ghcr.io/a/b_c/d__e:T.1");
	reads_reference("docker://localhost/a", "docker://localhost/a:latest");
	reads_reference("docker://r:5000/a--b.c:x", "docker://r:5000/a--b.c:x");
	reads_reference("docker://[::1]:5000/a", "docker://[::1]:5000/a:latest");
	reads_reference("docker://a.b/c@" A, "docker://a.b/c@" A);
	reads_reference("docker://a.b/c:t@" A, "docker://a.b/c:t@" A);
}

TEST(what_is_not_a_reference)
{
	static const char *const bad[] = {
		"alpine",
		"docker://",
		"docker://a/",
		"docker:///a",
		"docker://a//b",
		"docker://Alpine",
		"docker://a:",
		"docker://a:.t",
		"docker://a:t:u",
		"docker://a@sha256:12",
		"docker://a@" A "0",
		"docker://a@sha512:" A,
		"docker://a-",
		"docker://-a",
		"docker://a..b",
		"docker://a___b",
		"docker://../a",
		"docker://a.b/../c",
		"docker://a b",
		"docker://a?b",
		"docker://u@h.x/a",
		"docker://h.x#/a",
		"docker://h.x%2f/a",
		"docker://a/b\n",
		"docker://"
		"a@sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTOFREE struct arena m = { 0 };
		struct oci_reference r;
		struct err e = { 0 };

		CHECK_INT(oci_reference_parse(&m, bad[i], &r, &e), -1);
		CHECK_INT(e.kind, ERR_USAGE);
	}
}

/* -- index and manifest -- */

static struct err fault;

static int parse(struct arena *m, const char *text, const char *arch, struct oci_blob *next,
                 struct oci_manifest *out)
{
	fault = (struct err){ 0 };
	return oci_manifest_parse(m, text, strlen(text), arch, next, out, &fault);
}

#define ENTRY(digest, platform) "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"" \
	digest "\",\"size\":655,\"platform\":{" platform "}}"
#define LINUX(arch) "\"os\":\"linux\",\"architecture\":\"" arch "\""
#define INDEX(entries) "{\"schemaVersion\":2,\"manifests\":[" entries "]}"

static void picks(const char *index, const char *arch, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_manifest out;
	struct oci_blob next;

	CHECK_INT(parse(&m, index, arch, &next, &out), 1);
	CHECK_STR(fault.text, "");
	if (fault.kind) return;
	CHECK_STR(next.digest, want);
	CHECK_INT(next.size, 655);
}

static void refuses(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_manifest out;
	struct oci_blob next;

	CHECK_INT(parse(&m, text, "amd64", &next, &out), -1);
	CHECK_STR(fault.text, want);
}

TEST(the_architecture_of_an_index)
{
	const char *index = INDEX(
		ENTRY(D, "\"os\":\"unknown\",\"architecture\":\"unknown\"") ","
		ENTRY(C, "\"os\":\"windows\",\"architecture\":\"amd64\"") ","
		ENTRY(A, LINUX("amd64")) "," ENTRY(B, LINUX("arm64") ",\"variant\":\"v8\""));

	picks(index, "amd64", A);
	picks(index, "arm64", B);
	picks(INDEX(ENTRY(A, LINUX("386"))), "i386", A);
	picks(INDEX(ENTRY(A, LINUX("ppc64le"))), "ppc64el", A);
	picks(INDEX(ENTRY(A, LINUX("s390x"))), "s390x", A);
}

/* The newest variant that every machine of the architecture runs. */
TEST(the_variant_of_an_index)
{
	const char *arms = INDEX(
		ENTRY(A, LINUX("arm") ",\"variant\":\"v5\"") ","
		ENTRY(B, LINUX("arm") ",\"variant\":\"v7\"") ","
		ENTRY(C, LINUX("arm") ",\"variant\":\"v6\"") ","
		ENTRY(D, LINUX("arm") ",\"variant\":\"v9\""));

	picks(arms, "armhf", B);
	picks(INDEX(ENTRY(A, LINUX("amd64") ",\"variant\":\"v3\"") ","
	            ENTRY(B, LINUX("amd64"))), "amd64", B);
	picks(INDEX(ENTRY(A, LINUX("amd64")) "," ENTRY(B, LINUX("amd64"))), "amd64", A);
}

TEST(an_index_without_a_fitting_entry)
{
	refuses(INDEX(ENTRY(A, LINUX("arm64") ",\"variant\":\"v8\"") ","
	              ENTRY(B, "\"os\":\"unknown\",\"architecture\":\"unknown\"")),
	        "it has no image for amd64, only linux/arm64/v8");
	refuses(INDEX(""), "it has no image for amd64, only other things");
	CHECK_INT(fault.kind, ERR_MISSING);
	refuses(INDEX("{\"mediaType\":\"text/html\",\"digest\":\"" A "\",\"size\":1}"),
	        "it has no image for amd64, only other things");
}

#define CONFIG "\"config\":{\"mediaType\":\"" OCI "config.v1+json\",\"digest\":\"" A \
	"\",\"size\":899}"
#define LAYER(type, digest) "{\"mediaType\":\"" type "\",\"digest\":\"" digest \
	"\",\"size\":17666}"
#define MANIFEST(layers) "{\"schemaVersion\":2," CONFIG ",\"layers\":[" layers "]}"

TEST(manifests)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_manifest out;
	struct oci_blob next;

	CHECK_INT(parse(&m, MANIFEST(LAYER(OCI "layer.v1.tar+gzip", B) ","
	                             LAYER(OCI "layer.v1.tar+zstd", C) ","
	                             LAYER(OCI "layer.v1.tar", D)), "amd64", &next, &out), 0);
	CHECK_STR(out.config.digest, A);
	CHECK_INT(out.config.size, 899);
	CHECK_INT(out.layers_n, 3);
	CHECK_STR(out.layers[0].blob.digest, B);
	CHECK_STR(out.layers[2].blob.digest, D);
	CHECK_INT(parse(&m,
	                "{\"config\":{\"mediaType\":\"" DOCKER "container.image.v1+json\","
	                "\"digest\":\"" A "\",\"size\":1},\"layers\":[" LAYER(
	                        DOCKER "image.rootfs.diff.tar.gzip", B) "]}",
	                "amd64", &next, &out),
	          0);
	CHECK_INT(out.layers_n, 1);
}

TEST(manifests_that_are_refused)
{
	refuses(MANIFEST(LAYER(DOCKER "image.rootfs.foreign.diff.tar.gzip", B)),
	        "it has a foreign layer, which no registry has");
	refuses(MANIFEST(LAYER("text/plain", B)),
	        "it has a layer of the unknown type 'text/plain'");
	refuses(MANIFEST(""), "it has no layers");
	refuses(MANIFEST(LAYER(OCI "layer.v1.tar", "sha512:12")),
	        "a layer has no digest in SHA-256: 'sha512:12'");
	refuses(MANIFEST("{\"mediaType\":\"" OCI "layer.v1.tar\",\"digest\":\"" B
	                 "\",\"size\":99999999999}"),
	        "a layer sha256:bbbbbbbbbbbb... has no size that is possible");
	refuses("{\"schemaVersion\":1,\"fsLayers\":[]}",
	        "a manifest of schema 1, which is too old");
	refuses("{\"config\":{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\"},"
	        "\"layers\":[]}", "not an image of a root file system, but "
	        "'application/vnd.cncf.helm.config.v1+json'");
	refuses("{\"config\":{\"digest\":\"" A "\",\"size\":5000000},\"layers\":[]}",
	        "the config sha256:aaaaaaaaaaaa... has more than 4194304 bytes");
	/* Two programs could read two images in it. */
	refuses("{\"manifests\":[],\"layers\":[]}",
	        "neither an index nor a manifest of an image");
	refuses("[]", "neither an index nor a manifest of an image");
	refuses("x", "the manifest: not JSON from byte 0 on");
}

TEST(too_many_layers)
{
	AUTOFREE struct arena m = { 0 };
	struct str text = { .m = &m };

	str_add(&text, "{" CONFIG ",\"layers\":[");
	for (int i = 0; i <= OCI_LAYERS_MAX; i++)
		str_addf(&text, "%s%s", i ? "," : "", LAYER(OCI "layer.v1.tar", B));
	str_add(&text, "]}");
	refuses(str_text(&text), "it has more than 500 layers");
}

/* -- archives -- */

#define NAMED(digest, notes) "{\"mediaType\":\"" OCI "manifest.v1+json\",\"digest\":\"" \
	digest "\",\"size\":655,\"annotations\":{" notes "}}"
#define TAG(tag) "\"org.opencontainers.image.ref.name\":\"" tag "\""
#define NAME(name) "\"io.containerd.image.name\":\"" name "\""

static int parse_layout(struct arena *m, const char *text, const char *tag, const char **digest)
{
	struct oci_blob next = { 0 };
	int rc;

	fault = (struct err){ 0 };
	rc = oci_layout_parse(m, text, strlen(text), tag, "amd64", &next, &fault);
	*digest = rc < 0 ? fault.text : next.digest;
	return rc;
}

static void finds(const char *text, const char *tag, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	const char *digest;

	parse_layout(&m, text, tag, &digest);
	CHECK_STR(digest, want);
}

TEST(the_index_of_a_layout)
{
	const char *one = INDEX(NAMED(A, NAME("docker.io/my/img:tag") "," TAG("tag")));
	const char *two = INDEX(NAMED(A, TAG("a")) "," NAMED(B, NAME("docker.io/my/img:b")
	                                                     "," TAG("b")));

	finds(one, NULL, A);
	finds(one, "tag", A);
	finds(one, "docker.io/my/img:tag", A);
	finds(one, "other", "the archive has no image 'other'");
	finds(two, "a", A);
	finds(two, "b", B);
	finds(two, NULL, "the archive has several images: a, docker.io/my/img:b; save one "
	                 "alone");
	finds(INDEX(""), NULL, "the archive has no image");
	/* One image, an entry for each architecture. */
	finds(INDEX(ENTRY(A, LINUX("arm64")) "," ENTRY(B, LINUX("amd64"))), NULL, B);
	finds(INDEX(ENTRY(A, LINUX("arm64"))), NULL,
	      "it has no image for amd64, only linux/arm64");
}

static int parse_saved(struct arena *m, const char *text, const char *tag,
                       struct oci_manifest *out)
{
	fault = (struct err){ 0 };
	return oci_archive_parse(m, text, strlen(text), tag, out, &fault);
}

TEST(the_manifest_of_docker_save)
{
	const char *text = "[{\"Config\":\"c.json\",\"RepoTags\":[\"docker.io/my/img:tag\"],"
	                   "\"Layers\":[\"a.tar\",\"blobs/./sha256//b\"]},"
	                   "{\"Config\":\"d.json\",\"RepoTags\":null,\"Layers\":[\"c.tar\"]}]";
	AUTOFREE struct arena m = { 0 };
	struct oci_manifest out;

	CHECK_INT(parse_saved(&m, text, "tag", &out), 0);
	CHECK_STR(out.config_path, "c.json");
	CHECK_INT(out.layers_n, 2);
	CHECK_STR(out.layers[1].path, "blobs/sha256/b");
	CHECK(!out.layers[0].blob.digest);
	CHECK_INT(parse_saved(&m, text, NULL, &out), -1);
	CHECK_STR(fault.text, "the archive has several images: docker.io/my/img:tag, d.json; "
	                      "save one alone");
	CHECK_INT(parse_saved(&m, "[]", NULL, &out), -1);
	CHECK_STR(fault.text, "the archive has no image");
}

TEST(paths_that_leave_the_archive)
{
	static const char *const bad[] = { "../a", "/etc/passwd", "a/../../b",
	                                   "",     ".",           "a\\u0001" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTOFREE struct arena m = { 0 };
		struct oci_manifest out;

		CHECK_INT(
		        parse_saved(&m,
		                    arena_printf(&m, "[{\"Config\":\"c\",\"Layers\":[\"%s\"]}]",
		                                 bad[i]),
		                    NULL, &out),
		        -1);
		CHECK_INT(
		        parse_saved(&m,
		                    arena_printf(&m, "[{\"Config\":\"%s\",\"Layers\":[\"a\"]}]",
		                                 bad[i]),
		                    NULL, &out),
		        -1);
	}
}

/* -- config -- */

static int parse_config(struct arena *m, const char *config, struct oci_config *c)
{
	struct oci_layer layers[2] = { 0 };
	struct oci_manifest manifest = { .layers = layers, .layers_n = 2 };
	const char *text = arena_printf(m, "{\"architecture\":\"arm\",\"os\":\"linux\","
	                                "\"config\":%s,\"rootfs\":{\"diff_ids\":[\"" A "\",\""
	                                B "\"]}}", config);
	int rc;

	fault = (struct err){ 0 };
	rc = oci_config_parse(m, text, strlen(text), &manifest, c, &fault);
	if (rc == 0) CHECK_STR(layers[1].diff_id, B);
	return rc;
}

TEST(configs)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_config c;

	CHECK_INT(parse_config(
	                  &m,
	                  "{\"User\":\"1000:1000\",\"ExposedPorts\":{\"80/tcp\":{},"
	                  "\"53/udp\":{},\"x\":{}},\"Env\":[\"FOO=a b\",\"BAR\",\"=x\","
	                  "\"PATH=/bin\"],\"Entrypoint\":[\"/bin/sh\"],\"Cmd\":[\"-c\","
	                  "\"echo hi\\nexit\"],\"Volumes\":{\"/data\":{},\"/data/\":{},"
	                  "\"/b//c/.\":{}},\"WorkingDir\":\"srv/\",\"StopSignal\":\"sigquit\""
	                  "}",
	                  &c),
	          0);
	CHECK_STR(fault.text, "");
	CHECK_STR(c.arch, "armhf");
	CHECK_STR(c.user, "1000:1000");
	CHECK_STR(words_join(&m, c.ports, " "), "80/tcp 53/udp");
	CHECK_STR(words_join(&m, c.env, "|"), "FOO=a b|PATH=/bin");
	CHECK_STR(words_join(&m, c.entrypoint, "|"), "/bin/sh");
	CHECK_STR(words_join(&m, c.cmd, "|"), "-c|echo hi\nexit");
	CHECK_STR(words_join(&m, c.volumes, "|"), "/data|/b/c");
	CHECK_STR(c.directory, "/srv");
	CHECK_STR(c.stop_signal, "SIGQUIT");
}

TEST(an_empty_config)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_config c;

	CHECK_INT(parse_config(&m, "{\"Cmd\":null}", &c), 0);
	CHECK(!*c.cmd && !*c.entrypoint && !*c.env && !*c.volumes && !*c.ports);
	CHECK_STR(c.user, "");
	CHECK_STR(c.directory, "");
	CHECK_STR(c.stop_signal, "");
}

TEST(configs_that_are_refused)
{
	static const char *const bad[] = {
		"{\"User\":\"a b\"}", "{\"User\":\"a\\nb\"}", "{\"WorkingDir\":\"/a/../..\"}",
		"{\"WorkingDir\":\"/\\u001b[2J\"}", "{\"Volumes\":{\"/\":{}}}",
		"{\"Volumes\":{\"data\":{}}}", "{\"Volumes\":{\"/a/../b\":{}}}",
		"{\"StopSignal\":\"TERM KILL\"}", "{\"Env\":[1]}", "{\"Cmd\":[[\"a\"]]}",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		AUTOFREE struct arena m = { 0 };
		struct oci_config c;

		CHECK_INT(parse_config(&m, bad[i], &c), -1);
		CHECK(str_starts(fault.text, "the config of the image has an invalid "));
	}
}

TEST(configs_that_do_not_fit)
{
	static const char *const bad[] = {
		"{\"os\":\"windows\"}", "the image is for 'windows', not for Linux",
		"{}", "the image is for '', not for Linux",
		"{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"" A "\"]}}",
		"the image has 0 layers, but its config 1",
		"{\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"md5:1\"]}}",
		"the config of the image has an invalid diff_id: 'md5:1'",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i += 2) {
		AUTOFREE struct arena m = { 0 };
		struct oci_manifest manifest = { 0 };
		struct oci_config c;
		struct err e = { 0 };

		CHECK_INT(oci_config_parse(&m, bad[i], strlen(bad[i]), &manifest, &c, &e), -1);
		CHECK_STR(e.text, bad[i + 1]);
	}
}
