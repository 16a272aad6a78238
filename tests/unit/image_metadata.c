#include "lib/image/metadata.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

/* What incus publish and image export write. */
static const char published[] =
	"architecture: x86_64\ncreation_date: 1795642396\nexpiry_date: 0\nproperties:\n"
	"  architecture: amd64\n  description: Debian bookworm lab\n  os: Debian\n"
	"  release: bookworm\n  variant: default\ntemplates:\n  /etc/hostname:\n    when:\n"
	"    - create\n    - copy\n    create_only: false\n    template: hostname.tpl\n"
	"    properties: {}\n  /etc/app.conf:\n    when: [start]\n    create_only: true\n"
	"    template: app.tpl\n    uid: 33\n    gid: \"34\"\n    mode: \"0750\"\n";

/* As NixOS writes it. */
static const char nixos[] =
	"{\"architecture\":\"aarch64\",\"creation_date\":1,\"properties\":{\"description\":"
	"\"NixOS 26.05\",\"os\":\"nixos\",\"release\":\"26.05\"},\"templates\":{}}";

TEST(of_incus)
{
	AUTOFREE struct arena m = { 0 };
	struct image_metadata x;
	struct err e = { 0 };

	CHECK_INT(image_metadata_parse(&m, published, strlen(published), &x, &e), 0);
	CHECK_STR(x.arch, "amd64");
	CHECK_STR(x.distro, "debian");
	CHECK_STR(x.release, "bookworm");
	CHECK_STR(x.variant, "default");
	CHECK_INT((long)x.created, 1795642396);
	CHECK_INT(x.templates_n, 2);
	CHECK_STR(x.templates[0].target, "/etc/hostname");
	CHECK_STR(x.templates[0].file, "hostname.tpl");
	CHECK(x.templates[0].when_created && !x.templates[0].create_only);
	CHECK_INT(x.templates[0].mode, 0644);
	CHECK(!x.templates[1].when_created && x.templates[1].create_only);
	CHECK_INT(x.templates[1].uid, 33);
	CHECK_INT(x.templates[1].gid, 34);
	CHECK_INT(x.templates[1].mode, 0750);
}

TEST(of_nixos)
{
	AUTOFREE struct arena m = { 0 };
	struct image_metadata x;
	struct err e = { 0 };

	CHECK_INT(image_metadata_parse(&m, nixos, strlen(nixos), &x, &e), 0);
	CHECK_STR(x.arch, "arm64");
	CHECK_STR(x.distro, "nixos");
	CHECK_STR(x.release, "26.05");
	CHECK(!x.variant && !x.created && !x.templates_n);
}

TEST(names_that_are_none)
{
	AUTOFREE struct arena m = { 0 };
	struct image_metadata x;
	struct err e = { 0 };
	static const char text[] =
		"architecture: pdp11\nproperties:\n  os: a b\n  release: '..'\n"
		"  variant: \"\\e[31m\"\n";

	CHECK_INT(image_metadata_parse(&m, text, strlen(text), &x, &e), 0);
	CHECK_STR(x.arch, "pdp11");
	CHECK(!x.distro && !x.release && !x.variant);
}

static void refuses(const char *text, const char *want, int kind)
{
	AUTOFREE struct arena m = { 0 };
	struct image_metadata x;
	struct err e = { 0 };

	CHECK(image_metadata_parse(&m, text, strlen(text), &x, &e) < 0);
	CHECK_STR(e.text, want);
	CHECK_INT(e.kind, kind);
}

#define TEMPLATE(target, rest) "architecture: x86_64\ntemplates: {\"" target "\": {" rest "}}"

TEST(what_is_refused)
{
	refuses("", "metadata.yaml: it names no architecture", ERR_INPUT);
	refuses("architecture: [x86_64]", "metadata.yaml: it names no architecture", ERR_INPUT);
	refuses("architecture: &a x86_64", "metadata.yaml: line 1: anchors, aliases, tags and "
	        "directives are not read", ERR_INPUT);
	refuses(TEMPLATE("etc/x", "template: f"),
	        "metadata.yaml: template 'etc/x': not a path in the image", ERR_UNTRUSTED);
	refuses(TEMPLATE("/etc/../../x", "template: f"),
	        "metadata.yaml: template '/etc/../../x': not a path in the image",
	        ERR_UNTRUSTED);
	refuses(TEMPLATE("/etc//x", "template: f"),
	        "metadata.yaml: template '/etc//x': not a path in the image", ERR_UNTRUSTED);
	refuses(TEMPLATE("/", "template: f"),
	        "metadata.yaml: template '/': not a path in the image", ERR_UNTRUSTED);
	refuses(TEMPLATE("/etc/x", "template: ../f"),
	        "metadata.yaml: template /etc/x: '../f' is not the name of a file",
	        ERR_UNTRUSTED);
	refuses(TEMPLATE("/etc/x", ""),
	        "metadata.yaml: template /etc/x: '' is not the name of a file", ERR_UNTRUSTED);
	refuses(TEMPLATE("/etc/x", "template: f, uid: 4294967295"),
	        "metadata.yaml: template /etc/x: uid is '4294967295'", ERR_INPUT);
	refuses(TEMPLATE("/etc/x", "template: f, mode: 9"),
	        "metadata.yaml: template /etc/x: mode is '9'", ERR_INPUT);
	refuses(TEMPLATE("/etc/x", "template: f, mode: 17777"),
	        "metadata.yaml: template /etc/x: mode is '17777'", ERR_INPUT);
}
