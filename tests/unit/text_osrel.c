#include "lib/text/osrel.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "tests/unit/test.h"

static const char *show(const char *value)
{
	return value ? value : "(none)";
}

static void reads(const char *text, const char *id, const char *version, const char *name)
{
	AUTOFREE struct arena m = { 0 };
	struct osrel o;

	osrel_parse(&m, text, strlen(text), &o);
	CHECK_STR(show(o.id), id);
	CHECK_STR(show(o.version_id), version);
	CHECK_STR(show(o.pretty_name), name);
}

TEST(a_usual_one)
{
	AUTOFREE struct arena m = { 0 };
	const char *text = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"
			   "NAME=\"Debian GNU/Linux\"\n"
			   "VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";
	struct osrel o;

	osrel_parse(&m, text, strlen(text), &o);
	CHECK_STR(o.id, "debian");
	CHECK_STR(o.version_id, "12");
	CHECK_STR(o.version_codename, "bookworm");
	CHECK_STR(o.pretty_name, "Debian GNU/Linux 12 (bookworm)");
}

TEST(quoting_of_a_shell)
{
	reads("ID='a\\b'\nVERSION_ID=\"1\\$2\\\"\\\\3\\4\"\n", "a\\b", "1$2\"\\3\\4", "(none)");
	reads("ID=a\\ b\nPRETTY_NAME='it'\"'\"'s'", "a b", "(none)", "it's");
	reads("  ID=x  \r\n\n# ID=y\n #ID=z\nID\n=\nIDX=1\nXID=2\nID =3\n", "x", "(none)",
	      "(none)");
	reads("ID=a\nID=b\n", "b", "(none)", "(none)");
	reads("ID=\nVERSION_ID=\"\"\nPRETTY_NAME=\"open", "(none)", "(none)", "open");
}

TEST(a_hostile_one_says_nothing)
{
	char text[2000];

	reads("ID=a\x1b[31m\nPRETTY_NAME=\"x\x7f\"\nVERSION_ID=\xff\n", "(none)", "(none)",
	      "(none)");
	reads("ID=a\xc2\x9b" "31m\nPRETTY_NAME=x\xe2\x80\xaey\nVERSION_ID=\xe2\x80\xa8\n",
	      "(none)", "(none)", "(none)");
	memset(text, 'x', sizeof text);
	memcpy(text, "ID=", 3);
	text[sizeof text - 1] = 0;
	reads(text, "(none)", "(none)", "(none)");
	text[3 + OSREL_MAX + 1] = 0;
	reads(text, "(none)", "(none)", "(none)");
}

TEST(nul_bytes_are_no_text)
{
	AUTOFREE struct arena m = { 0 };
	struct osrel o;

	osrel_parse(&m, "ID=a\0b\nVERSION_ID=1", 19, &o);
	CHECK(!o.id);
	CHECK_STR(o.version_id, "1");
}
