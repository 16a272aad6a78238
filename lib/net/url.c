#include "lib/net/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* unreserved / sub-delims / ":" / "@" */
static bool is_path_char(unsigned char c)
{
	return is_alnum(c) || (c && strchr("-._~!$&'()*+,;=:@/", c));
}

/* Replace %XX. NULL if an escape is invalid or stands for a control character. */
static char *unescape_part(struct arena *m, const char *s, size_t n)
{
	char *out = arena_alloc(m, n + 1);
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		int hi, lo;

		out[k] = s[i];
		if (s[i] == '%') {
			if (n - i < 3 || (hi = hex_value(s[i + 1])) < 0 ||
			    (lo = hex_value(s[i + 2])) < 0)
				return NULL;
			out[k] = (char)(hi << 4 | lo);
			i += 2;
		}
		if ((unsigned char)out[k++] < 0x20) return NULL;
	}
	return out;
}

static void escape_into(struct str *out, const char *s, bool keep_escapes)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (is_path_char(c) || (keep_escapes && (c == '%' || c == '?')))
			str_addc(out, *s);
		else
			str_addf(out, "%%%02X", c);
	}
}

/* Escape plain text as a path: '/' and the characters that a segment may have (':' too) stay,
 * all others become %XX. */
static const char *url_escape(struct arena *m, const char *path)
{
	struct str out = { .m = m };

	escape_into(&out, path, false);
	return arena_strdup(m, str_text(&out));
}

static int check_characters(struct arena *m, const char *text, struct err *e)
{
	const char *p;

	if (strnlen(text, URL_MAX + 1) > URL_MAX)
		return fail(e, ERR_INPUT, "the URL has more than %d characters", URL_MAX);
	for (p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == '\\')
			return fail(e, ERR_INPUT, "'%s' is not a URL: it contains a %s",
			            url_shown(m, text), *p == ' ' ? "space" :
			            *p == '\\' ? "backslash" : "control character");
	return 0;
}

static int fail_userinfo(struct err *e)
{
	return fail(e, ERR_INPUT, "the user or password in the URL is not escaped correctly");
}

static int parse_userinfo(struct arena *m, const char *s, size_t n, struct url *u,
                          struct err *e)
{
	const char *colon = memchr(s, ':', n);
	size_t user = colon ? (size_t)(colon - s) : n;

	u->user = unescape_part(m, s, user);
	u->password = colon ? unescape_part(m, colon + 1, n - user - 1) : "";
	return u->user && u->password ? 0 : fail_userinfo(e);
}

/* The message does not quote the port: it may be the begin of a password. */
static int fail_port(struct err *e)
{
	return fail(e, ERR_INPUT, "the port in the URL is not a number from 1 to 65535");
}

static int parse_port(const char *s, size_t n, struct url *u, struct err *e)
{
	unsigned long port = 0;
	size_t i;

	for (i = 0; i < n && s[i] >= '0' && s[i] <= '9' && port < 65536; i++)
		port = port * 10 + (unsigned long)(s[i] - '0');
	if (i < n || !port || port > 65535)
		return fail_port(e);
	u->port = (uint16_t)port;
	return 0;
}

/* Whether the last label is a number. Some resolvers read such a name as an IPv4 address in one
 * of its old notations. */
static bool looks_numeric(const char *host)
{
	const char *last = strrchr(host, '.');

	last = last ? last + 1 : host;
	return strspn(last, "0123456789") == strlen(last) || !strncmp(last, "0x", 2);
}

static int parse_host_name(struct arena *m, const char *s, size_t n, struct url *u,
                           struct err *e)
{
	unsigned char addr[16];
	char *host = arena_strndup(m, s, n), *p;

	if (n && host[n - 1] == '.') host[--n] = 0;
	for (p = host; *p; p++) {
		if (!is_alnum((unsigned char)*p) && !strchr("-._", *p))
			return fail(e, ERR_INPUT, "'%s' is not a host name", host);
		if (*p >= 'A' && *p <= 'Z') *p |= 0x20;
	}
	u->host = host;
	u->is_ip = inet_pton(AF_INET, host, addr) == 1;
	if (!n || n > 253 || *host == '.' || *host == '-' || strstr(host, "..") ||
	    (!u->is_ip && looks_numeric(host)))
		return fail(e, ERR_INPUT, "'%s' is not a host name", host);
	return 0;
}

static int parse_ip6(struct arena *m, const char *s, size_t n, struct url *u, struct err *e)
{
	unsigned char addr[16];
	char text[INET6_ADDRSTRLEN];
	char *host = arena_strndup(m, s, n);

	if (inet_pton(AF_INET6, host, addr) != 1 ||
	    !inet_ntop(AF_INET6, addr, text, sizeof text))
		return fail(e, ERR_INPUT, "'[%s]' is not an IPv6 address", host);
	u->host = arena_strdup(m, text);
	u->is_ip = u->is_ip6 = true;
	return 0;
}

/* [user[:password]@]host[:port] */
static int parse_authority(struct arena *m, const char *s, size_t n, struct url *u,
                           struct err *e)
{
	const char *end = s + n, *at = memrchr(s, '@', n), *colon, *close;

	if (at) {
		if (parse_userinfo(m, s, (size_t)(at - s), u, e) < 0) return -1;
		s = at + 1;
	}
	if (s < end && *s == '[') {
		if (!(close = memchr(s, ']', (size_t)(end - s))))
			return fail(e, ERR_INPUT, "the URL's '[' has no ']'");
		if (parse_ip6(m, s + 1, (size_t)(close - s - 1), u, e) < 0) return -1;
		s = close + 1;
		if (s == end) return 0;
		if (*s != ':')
			return fail_port(e);
		return parse_port(s + 1, (size_t)(end - s - 1), u, e);
	}
	colon = memchr(s, ':', (size_t)(end - s));
	if (colon && parse_port(colon + 1, (size_t)(end - colon - 1), u, e) < 0) return -1;
	return parse_host_name(m, s, (size_t)((colon ? colon : end) - s), u, e);
}

/* Every '%' must begin an escape, else the server may read another path than we do. */
static int check_escapes(struct arena *m, const char *path, struct err *e)
{
	const char *p;

	for (p = path; (p = strchr(p, '%')); p++)
		if (hex_value(p[1]) < 0 || hex_value(p[2]) < 0)
			return fail(e, ERR_INPUT,
			            "'%s' has a '%%' without two hexadecimal digits",
			            url_shown(m, path));
	return 0;
}

static const char *clean_path(struct arena *m, const char *path)
{
	struct str out = { .m = m };
	size_t n = strcspn(path, "#");

	if (*path != '/') str_addc(&out, '/');
	escape_into(&out, arena_strndup(m, path, n), true);
	return arena_strdup(m, str_text(&out));
}

int url_parse(struct arena *m, const char *text, struct url *u, struct err *e)
{
	size_t n;

	*u = (struct url){ 0 };
	if (check_characters(m, text, e) < 0) return -1;
	if (!strncasecmp(text, "https://", 8)) {
		u->tls = true;
		u->port = 443;
		text += 8;
	} else if (!strncasecmp(text, "http://", 7)) {
		u->port = 80;
		text += 7;
	} else {
		return fail(e, ERR_INPUT, "'%s' is not a URL: it must begin with https://",
		            url_shown(m, text));
	}
	n = strcspn(text, "/?#");
	/* An invalid port or host may be the begin of a password with a '/' in it. */
	if (parse_authority(m, text, n, u, e) < 0)
		return strchr(text + n, '@') ? fail_userinfo(e) : -1;
	if (check_escapes(m, text + n, e) < 0) return -1;
	u->path = clean_path(m, text + n);
	return 0;
}

/* RFC 3986, 5.2.4, on a path that begins with '/' */
static const char *remove_dots(struct arena *m, const char *path)
{
	size_t query = strcspn(path, "?"), k = 0, i = 0;
	char *out = arena_alloc(m, strlen(path) + 2);

	while (i < query) {
		size_t n = 1 + strcspn(path + i + 1, "/?");
		bool last = i + n >= query;
		bool up = n == 3 && !memcmp(path + i, "/..", 3);

		if (up)
			while (k && out[--k] != '/')
				;
		if (up || (n == 2 && path[i + 1] == '.')) {
			if (last) out[k++] = '/';
		} else {
			memcpy(out + k, path + i, n);
			k += n;
		}
		i += n;
	}
	strcpy(out + k, path + query);
	return out;
}

int url_resolve(struct arena *m, const struct url *base, const char *reference,
                struct url *out, struct err *e)
{
	size_t scheme = strspn(reference, LETTERS);
	size_t query = strcspn(base->path, "?");
	const char *path, *slash;

	if (!strncmp(reference, "//", 2))
		reference = arena_printf(m, "%s:%s", base->tls ? "https" : "http", reference);
	else if (!scheme || reference[scheme] != ':') {
		if (check_characters(m, reference, e) < 0 ||
		    check_escapes(m, reference, e) < 0)
			return -1;
		slash = memrchr(base->path, '/', query);
		if (*reference == '/')
			path = reference;
		else if (!*reference || *reference == '#')
			path = base->path;
		else if (*reference == '?')
			path = arena_printf(m, "%.*s%s", (int)query, base->path, reference);
		else
			path = arena_printf(m, "%.*s%s", (int)(slash - base->path + 1),
			                    base->path, reference);
		*out = *base;
		out->user = out->password = NULL;
		out->path = remove_dots(m, clean_path(m, path));
		return 0;
	}
	if (url_parse(m, reference, out, e) < 0) return -1;
	out->user = out->password = NULL;
	out->path = remove_dots(m, out->path);
	return 0;
}

void url_beneath(struct arena *m, const struct url *base, const char *path, struct url *out)
{
	size_t n = strcspn(base->path, "?");

	while (n && base->path[n - 1] == '/')
		n--;
	*out = *base;
	out->path = arena_printf(m, "%.*s/%s", (int)n, base->path, url_escape(m, path));
}

const char *url_authority(struct arena *m, const struct url *u)
{
	const char *host = u->is_ip6 ? arena_printf(m, "[%s]", u->host) : u->host;

	if (u->port == (u->tls ? 443 : 80)) return host;
	return arena_printf(m, "%s:%u", host, u->port);
}

const char *url_text(struct arena *m, const struct url *u)
{
	return arena_printf(m, "%s://%s%s", u->tls ? "https" : "http", url_authority(m, u),
	                    u->path);
}

const char *url_name(struct arena *m, const struct url *u)
{
	return url_shown(m, url_text(m, u));
}
