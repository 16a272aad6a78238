#include "lib/net/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/net/url.h"

/* Split "name:port" or "[address]:port"; without a port *port is 0. */
static void split_port(char *word, char **name, unsigned *port)
{
	char *colon = strrchr(word, ':'), *close = strchr(word, ']');

	*name = word;
	*port = 0;
	if (*word == '[' && close) {
		*name = word + 1;
		*close = 0;
		if (close[1] == ':') *port = (unsigned)atoi(close + 2);
	} else if (colon && strchr(word, ':') == colon) {
		*colon = 0;
		*port = (unsigned)atoi(colon + 1);
	}
}

static bool same_address(const char *name, const struct url *to)
{
	unsigned char a[16], b[16];
	int family = to->is_ip6 ? AF_INET6 : AF_INET;

	return inet_pton(family, name, a) == 1 && inet_pton(family, to->host, b) == 1 &&
	       !memcmp(a, b, to->is_ip6 ? 16 : 4);
}

static bool word_spares(char *word, const struct url *to)
{
	size_t n = strlen(to->host), k;
	unsigned port;
	char *name;

	if (str_eq(word, "*")) return true;
	split_port(word, &name, &port);
	if (port && port != to->port) return false;
	if (to->is_ip) return same_address(name, to);
	if (!strncmp(name, "*.", 2)) name++;
	if (*name == '.') name++;
	k = strlen(name);
	if (!k || k > n || strcasecmp(to->host + n - k, name)) return false;
	return k == n || to->host[n - k - 1] == '.';
}

bool proxy_spares(const char *list, const struct url *to)
{
	char word[300];
	size_t n;

	for (; list && *list; list += n) {
		list += strspn(list, ", \t");
		n = strcspn(list, ", \t");
		if (!n || n >= sizeof word) continue;
		snprintf(word, sizeof word, "%.*s", (int)n, list);
		if (word_spares(word, to)) return true;
	}
	return false;
}

static void base64_add(struct str *out, const char *s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                             "0123456789+/";
	const unsigned char *p = (const unsigned char *)s;
	size_t n = strlen(s);

	for (; n; p += n < 3 ? n : 3, n -= n < 3 ? n : 3) {
		unsigned v = (unsigned)p[0] << 16;

		if (n > 1) v |= (unsigned)p[1] << 8;
		if (n > 2) v |= p[2];
		str_addc(out, digits[v >> 18]);
		str_addc(out, digits[v >> 12 & 63]);
		str_addc(out, n > 1 ? digits[v >> 6 & 63] : '=');
		str_addc(out, n > 2 ? digits[v & 63] : '=');
	}
}

const char *basic_credentials(struct arena *m, const struct url *u)
{
	struct str out = { .m = m };

	if (!u->user) return NULL;
	str_add(&out, "Basic ");
	base64_add(&out, arena_printf(m, "%s:%s", u->user, u->password));
	return str_text(&out);
}

const char *proxy_request(struct arena *m, const struct url *proxy, const struct url *to,
                          const char *agent)
{
	const char *credentials = basic_credentials(m, proxy);
	const char *at = arena_printf(m, "%s%s%s:%u", to->is_ip6 ? "[" : "", to->host,
	                              to->is_ip6 ? "]" : "", to->port);

	return arena_printf(m,
	                    "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n%s%s%s\r\n",
	                    at, at, agent, credentials ? "Proxy-Authorization: " : "",
	                    credentials ? credentials : "", credentials ? "\r\n" : "");
}
