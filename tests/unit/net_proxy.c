#include "lib/net/proxy.h"

#include <stddef.h>

#include "lib/base/auto.h"
#include "lib/net/url.h"
#include "tests/unit/test.h"

static bool spares(const char *list, const char *url)
{
	AUTOFREE struct arena m = { 0 };
	struct url u;

	CHECK(!url_parse(&m, url, &u, NULL));
	return proxy_spares(list, &u);
}

TEST(names)
{
	CHECK(!spares(NULL, "https://a.example/") && !spares("", "https://a.example/"));
	CHECK(spares("*", "https://a.example/"));
	CHECK(spares("x, A.example", "https://a.example/"));
	CHECK(spares("example", "https://a.example/"));
	CHECK(spares(".example", "https://a.example/"));
	CHECK(spares("*.example", "https://a.example/"));
	CHECK(!spares("ample", "https://a.example/"));
	CHECK(!spares("b.a.example", "https://a.example/"));
	CHECK(!spares(".", "https://a.example/"));
}

TEST(ports)
{
	CHECK(spares("a.example:443", "https://a.example/"));
	CHECK(!spares("a.example:8443", "https://a.example/"));
	CHECK(spares("a.example:8443", "https://a.example:8443/"));
	CHECK(spares("[2001:db8::1]:443", "https://[2001:db8::1]/"));
	CHECK(!spares("[2001:db8::1]:80", "https://[2001:db8::1]/"));
}

TEST(addresses)
{
	CHECK(spares("192.0.2.1", "https://192.0.2.1/"));
	CHECK(spares("2001:DB8:0::1", "https://[2001:db8::1]/"));
	CHECK(spares("[2001:db8::1]", "https://[2001:db8::1]/"));
	CHECK(!spares("0.2.1", "https://192.0.2.1/"));
	CHECK(!spares("2.1", "https://192.0.2.1/"));
}

TEST(credentials)
{
	AUTOFREE struct arena m = { 0 };
	struct url u;

	CHECK(!url_parse(&m, "http://Aladdin:open%20sesame@p/", &u, NULL));
	CHECK_STR(basic_credentials(&m, &u), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	CHECK(!url_parse(&m, "http://a:b1@p/", &u, NULL));
	CHECK_STR(basic_credentials(&m, &u), "Basic YTpiMQ==");
	CHECK(!url_parse(&m, "http://a:b@p/", &u, NULL));
	CHECK_STR(basic_credentials(&m, &u), "Basic YTpi");
	CHECK(!url_parse(&m, "http://p/", &u, NULL));
	CHECK(!basic_credentials(&m, &u));
}

TEST(a_way_to_an_ipv6_host)
{
	AUTOFREE struct arena m = { 0 };
	struct url p, u;

	CHECK(!url_parse(&m, "http://p/", &p, NULL));
	CHECK(!url_parse(&m, "https://[2001:db8::1]/", &u, NULL));
	CHECK_STR(proxy_request(&m, &p, &u, "x/1"), "CONNECT [2001:db8::1]:443 HTTP/1.1\r\n"
	          "Host: [2001:db8::1]:443\r\nUser-Agent: x/1\r\n\r\n");
}
