/* What an authority may vouch for. More of it, next to OpenSSL: tests/oracle/chains.py. */

#include "lib/net/names.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/net/cert.h"
#include "tests/unit/test.h"

#define DER(text) ((struct der){ (const unsigned char *)(text), sizeof(text) - 1 })

/* One subtree with one name; its length goes in front of that of the name. */
#define ONLY(n2, n1, tag, n, name) DER("\xa0" n2 "\x30" n1 tag n name)
#define NOT(n2, n1, tag, n, name) DER("\xa1" n2 "\x30" n1 tag n name)

#define ONLY_EXAMPLE ONLY("\x0b", "\x09", "\x82", "\x07", "example")
#define NOT_EXAMPLE NOT("\x0b", "\x09", "\x82", "\x07", "example")

/* SEQUENCE { SET { SEQUENCE { O, UTF8String "Org" } } } */
#define OWNER(name) "\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a\x0c\x03" name

static void judges(struct der constraints, struct der alt_names, const char *subject,
                   enum names_verdict want, const char *which)
{
	struct cert c = { .alt_names = alt_names,
	                  .subject = { (const unsigned char *)subject,
	                               2 + (size_t)(unsigned char)subject[1] } };
	char got[100];

	CHECK_INT(names_judge(constraints, &c, got, sizeof got), want);
	if (want) CHECK_STR(got, which);
}

TEST(hosts)
{
	judges(ONLY_EXAMPLE, DER("\x82\x07" "example"), "\x30\0", NAMES_WITHIN, "");
	judges(ONLY_EXAMPLE, DER("\x82\x09" "a.eXample"), "\x30\0", NAMES_WITHIN, "");
	judges(ONLY_EXAMPLE, DER("\x82\x08" "xexample"), "\x30\0", NAMES_OUTSIDE, "xexample");
	judges(ONLY_EXAMPLE, DER("\x82\x07" "example\x82\x01" "b"), "\x30\0", NAMES_OUTSIDE,
	       "b");
	judges(ONLY_EXAMPLE, DER("\x82\x0a" "example\0.b"), "\x30\0", NAMES_OUTSIDE,
	       "example?.b");
	judges(NOT_EXAMPLE, DER("\x82\x09" "*.EXAMPLE"), "\x30\0", NAMES_OUTSIDE, "*.EXAMPLE");
	judges(NOT_EXAMPLE, DER("\x82\x08" "xexample"), "\x30\0", NAMES_WITHIN, "");
	CHECK_INT(names_judge_host(ONLY_EXAMPLE, "a.example"), NAMES_WITHIN);
	CHECK_INT(names_judge_host(NOT_EXAMPLE, "a.example"), NAMES_OUTSIDE);
	CHECK_INT(names_judge_host(DER(""), "a.example"), NAMES_WITHIN);
}

TEST(addresses)
{
	struct der net = ONLY("\x0c", "\x0a", "\x87", "\x08", "\xc0\0\2\0\xff\xff\xff\0");

	judges(net, DER("\x87\x04\xc0\0\2\7"), "\x30\0", NAMES_WITHIN, "");
	judges(net, DER("\x87\x04\xc0\0\3\7"), "\x30\0", NAMES_OUTSIDE, "192.0.3.7");
	judges(net, DER("\x87\x03\xc0\0\3"), "\x30\0", NAMES_UNKNOWN, "?");
	judges(net, DER("\x82\x01" "a"), "\x30\0", NAMES_WITHIN, "");
}

TEST(owners)
{
	struct der org = ONLY("\x14", "\x12", "\xa4", "\x10", OWNER("Org"));

	judges(org, DER(""), OWNER("Org"), NAMES_WITHIN, "");
	judges(org, DER(""), OWNER("oRG"), NAMES_WITHIN, "");
	judges(org, DER(""), OWNER("Ort"), NAMES_OUTSIDE, "Ort");
	judges(org, DER(""), OWNER("Or\xff"), NAMES_UNKNOWN, "Or?");
	judges(org, DER(""), "\x30\0", NAMES_WITHIN, "");
	judges(org, DER("\xa4\x10" OWNER("Ort")), "\x30\0", NAMES_OUTSIDE, "Ort");
}

/* A kind of name that is not known matters only where there is one. */
TEST(what_cannot_be_judged)
{
	struct der email = ONLY("\x05", "\x03", "\x81", "\x01", "b");
	struct der distance = DER("\xa0\x08\x30\x06\x82\x01" "b\x80\x01\x01");

	judges(email, DER("\x82\x01" "b"), "\x30\0", NAMES_WITHIN, "");
	judges(email, DER("\x81\x03" "a@b"), "\x30\0", NAMES_UNKNOWN, "a@b");
	judges(distance, DER("\x82\x01" "b"), "\x30\0", NAMES_UNKNOWN, "b");
	judges(distance, DER("\x81\x03" "a@b"), "\x30\0", NAMES_WITHIN, "");
	judges(DER("\xa0\x05"), DER("\x82\x01" "b"), "\x30\0", NAMES_UNKNOWN, "b");
	judges(DER("\xa2\0"), DER("\x82\x01" "b"), "\x30\0", NAMES_UNKNOWN, "b");
	judges(NOT("\x07", "\x05", "\x82", "\x03", "*.b"), DER("\x82\x01" "c"), "\x30\0",
	       NAMES_UNKNOWN, "c");
}
