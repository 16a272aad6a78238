#include "lib/net/url.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

static void reads(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct url u;
	const char *is = url_parse(&m, text, &u, &e) < 0 ? e.text : url_text(&m, &u);

	CHECK_STR(is, want);
}

static void refuses(const char *text)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct url u;

	if (!url_parse(&m, text, &u, &e)) CHECK_STR(text, "refused");
	CHECK_INT(e.kind, ERR_INPUT);
}

TEST(what_is_read)
{
	reads("https://Host.Example", "https://host.example/");
	reads("HTTPS://host.example:443/a?b#c", "https://host.example/a?b");
	reads("http://host.example:8080?q=1", "http://host.example:8080/?q=1");
	reads("https://host.example.:8443/x:y/%3A", "https://host.example:8443/x:y/%3A");
	reads("https://[2001:DB8:0::1]:8443/", "https://[2001:db8::1]:8443/");
	reads("https://[::1]", "https://[::1]/");
	reads("https://192.0.2.1/", "https://192.0.2.1/");
	reads("https://h/\xc3\xa4\"<>", "https://h/%C3%A4%22%3C%3E");
	reads("https://u:p@h/", "https://h/");
	reads("ftp://h/", "'ftp://h/' is not a URL: it must begin with https://");
	reads("https://h/a b", "'https://h/a b' is not a URL: it contains a space");
}

TEST(sentences_hide_what_is_secret)
{
	reads("ftp://me:secret@h/?key",
	      "'ftp://me:***@h/?...' is not a URL: it must begin with "
	      "https://");
	reads("me:secret@h", "'me:***@h' is not a URL: it must begin with https://");
	reads("https://me:sec ret@h/?key",
	      "'https://me:***@h/?...' is not a URL: it contains a space");
	reads("https://h/x?key=%zz", "'/x?...' has a '%' without two hexadecimal digits");
	reads("https://me:sec/ret@h/",
	      "the user or password in the URL is not escaped correctly");
	reads("https://me:secret@h:x/",
	      "the port in the URL is not a number from 1 to 65535");
	reads("https://me:secret@h,x/", "'h,x' is not a host name");
	reads("https://me:sec", "the port in the URL is not a number from 1 to 65535");
	reads("https://[::1]secret/", "the port in the URL is not a number from 1 to 65535");
}

TEST(a_name_for_sentences)
{
	AUTOFREE struct arena m = { 0 };
	struct url u;

	CHECK(!url_parse(&m, "https://me:secret@H:8443/x?key#f", &u, NULL));
	CHECK_STR(url_text(&m, &u), "https://h:8443/x?key");
	CHECK_STR(url_name(&m, &u), "https://h:8443/x?...");
}

TEST(what_is_refused)
{
	static const char *const bad[] = {
		"", "https://", "https:///x", "https://:80/", "https://h:/", "https://h:0/",
		"https://h:65536/", "https://h:99999999999999/", "https://h:8x/",
		"https://h:-1/",
		"https://a b/", "https://h/\r\nX: y", "https://h/\x7f", "https://h\\x/",
		"https://h/%", "https://h/%g0", "https://h/%1", "https://.h/", "https://a..b/",
		"https://-h/", "https://[::1/", "https://[::1]x/", "https://[fe80::1%25eth0]/",
		"https://[1.2.3.4]/", "https://1.2.3/", "https://0x7f000001/",
		"https://2130706433/",
		"https://h\xc3\xa4/", "https://u%00:p@h/", "https://u%:p@h/", "https://h,i/",
	};
	char longer[URL_MAX + 20] = "https://h/";
	size_t i;

	for (i = 0; i < sizeof bad / sizeof *bad; i++)
		refuses(bad[i]);
	memset(longer + 10, 'a', URL_MAX);
	refuses(longer);
}

TEST(user_and_password_are_unescaped)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct url u;

	CHECK(!url_parse(&m, "http://us%20er:p%40s:s@proxy:3128", &u, &e));
	CHECK_STR(u.user, "us er");
	CHECK_STR(u.password, "p@s:s");
	CHECK_STR(u.host, "proxy");
	CHECK_INT(u.port, 3128);
	CHECK(!u.tls && !u.is_ip);
	CHECK(!url_parse(&m, "http://a@b@proxy", &u, &e));
	CHECK_STR(u.user, "a@b");
	CHECK_STR(u.password, "");
}

static void resolves(const char *from, const char *reference, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct url base, u;

	CHECK(!url_parse(&m, from, &base, &e));
	CHECK_STR(url_resolve(&m, &base, reference, &u, &e) < 0 ? e.text : url_text(&m, &u),
	          want);
}

/* RFC 3986, 5.4 */
TEST(references)
{
	static const char *const cases[][2] = {
		{ "g", "https://a/b/c/g" }, { "./g", "https://a/b/c/g" },
		{ "g/", "https://a/b/c/g/" },
		{ "/g", "https://a/g" }, { "//g", "https://g/" }, { "?y", "https://a/b/c/d?y" },
		{ "g?y", "https://a/b/c/g?y" }, { "#s", "https://a/b/c/d?q" },
		{ "", "https://a/b/c/d?q" }, { ".", "https://a/b/c/" },
		{ "./", "https://a/b/c/" }, { "..", "https://a/b/" },
		{ "../g", "https://a/b/g" }, { "../..", "https://a/" },
		{ "../../../../g", "https://a/g" }, { "/./g", "https://a/g" },
		{ "/../g", "https://a/g" }, { "g.", "https://a/b/c/g." },
		{ "g?y/../x", "https://a/b/c/g?y/../x" }, { "g;x=1/../y", "https://a/b/c/y" },
		{ "http://o/x", "http://o/x" }, { "https://o:1/x", "https://o:1/x" },
		{ "g h", "'g h' is not a URL: it contains a space" },
		{ "ftp://o/x", "'ftp://o/x' is not a URL: it must begin with https://" },
		{ "g?key h", "'g?...' is not a URL: it contains a space" },
		{ "https://me:sec ret@o/x",
		  "'https://me:***@o/x' is not a URL: it contains a space" },
	};
	size_t i;

	for (i = 0; i < sizeof cases / sizeof *cases; i++)
		resolves("https://a/b/c/d?q", cases[i][0], cases[i][1]);
}

TEST(a_redirect_takes_no_password_along)
{
	AUTOFREE struct arena m = { 0 };
	struct url base, u;

	CHECK(!url_parse(&m, "https://me:secret@a/b", &base, NULL));
	CHECK(!url_resolve(&m, &base, "c", &u, NULL));
	CHECK(!u.user && !u.password);
}

static void lies_beneath(const char *base, const char *path, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct url b, u;

	CHECK(!url_parse(&m, base, &b, NULL));
	url_beneath(&m, &b, path, &u);
	CHECK_STR(url_text(&m, &u), want);
}

TEST(files_of_a_mirror)
{
	lies_beneath("https://m", "a/b", "https://m/a/b");
	lies_beneath("https://m/", "a/b", "https://m/a/b");
	lies_beneath("https://m/lxc-images//", "a", "https://m/lxc-images/a");
	lies_beneath("https://m/p?q", "2026_05:24/x y", "https://m/p/2026_05:24/x%20y");
	lies_beneath("https://m/p", "100%?#", "https://m/p/100%25%3F%23");
}
