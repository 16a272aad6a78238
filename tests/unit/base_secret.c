#include "lib/base/secret.h"

#include "lib/base/auto.h"
#include "tests/unit/test.h"

static void shows(const char *text, const char *want)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(url_shown(&m, text), want);
}

TEST(passwords)
{
	shows("https://h/x", "https://h/x");
	shows("https://me:secret@h/x", "https://me:***@h/x");
	shows("https://me:@h/x", "https://me:***@h/x");
	shows("https://token@h/x", "https://***@h/x");
	shows("https://me:sec@ret@h/x", "https://me:***@h/x");
	shows("https://me:s:e:c@h:8443/x", "https://me:***@h:8443/x");
	shows("HTTP://me:secret@[::1]:80/", "HTTP://me:***@[::1]:80/");
	shows("ftp+x.1://me:secret@h", "ftp+x.1://me:***@h");
	shows("https://@h/", "https://***@h/");
}

TEST(queries)
{
	shows("https://h/x?", "https://h/x?...");
	shows("https://h/x?X-Amz-Signature=1#2", "https://h/x?...");
	shows("https://h?token=1", "https://h?...");
	shows("https://h/x#token", "https://h/x");
	shows("https://me:secret@h/x?a=b@c", "https://me:***@h/x?...");
	shows("/x?token=1", "/x?...");
}

TEST(bad_ones)
{
	shows("", "");
	shows("https://me:sec/ret@h/x", "https://me:***@h/x");
	shows("https://me:sec?ret@h/x", "https://me:***@h/x");
	shows("https://me:sec#ret@h/x", "https://me:***@h/x");
	shows("https://me@x:sec/ret@h/x", "https://***@h/x");
	shows("https://me:sec ret@h/x", "https://me:***@h/x");
	shows("https://me:sec\\ret@h", "https://me:***@h");
	shows("me:secret@h/x", "me:***@h/x");
	shows("https:/me:secret@h/x", "https:***@h/x");
	shows("1https://me:secret@h/x", "1https:***@h/x");
	shows("p://x:y://z@h", "p://x:***@h");
}

TEST(what_is_no_password)
{
	shows("https://h:8443/a@b", "https://h:8443/a@b");
	shows("https://h/a:b@c", "https://h/a:b@c");
	shows("https://[::1]/a@b", "https://[::1]/a@b");
	shows("https://h:x/a", "https://h:x/a");
}

static void shows_word(const char *word, const char *want)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(word_shown(&m, word), want);
}

TEST(words)
{
	shows_word("web", "web");
	shows_word("/mnt/tank/me:x@y?.tar", "/mnt/tank/me:x@y?.tar");
	shows_word("-", "-");
	shows_word("https://me:secret@h/x?1", "https://me:***@h/x?...");
	shows_word("--server=https://me:secret@h/x?1", "--server=https://me:***@h/x?...");
	shows_word("https://me:sec ret@h/x", "https://me:***@h/x");
	shows_word("https://a:b@c https://d:e@f", "https://a:***@c https://d:***@f");
	shows_word("--x=https://a:b@c\thttps://d/?e ", "--x=https://a:***@c\thttps://d/?... ");
	shows_word("https:/me:secret@h", "https:***@h");
	shows_word("://", "://");
	CHECK(is_url("ftp://h") && is_url("HTTPS:h") && !is_url("/a://b") && !is_url("a"));
	CHECK(!is_url("://h") && !is_url("1a://h") && !is_url("httpsx"));
}
