#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/sha256.h"
#include "lib/base/str.h"
#include "lib/text/oci.h"

#define SCHEME "docker://"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER DIGITS "_"

enum { NAME_MAX_LENGTH = 255, HOST_MAX = 260, TAG_MAX = 128 };

bool oci_is_digest(const char *s)
{
	return str_starts(s, "sha256:") && sha256_is_hex(s + 7) &&
	       strspn(s + 7, DIGITS "abcdef") == SHA256_HEX;
}

/* Parts of lower-case letters and digits, joined by one of . _ __ - or more hyphens. */
static bool is_component(const char *s, size_t n)
{
	size_t k;

	for (;;) {
		k = strspn(s, LOWER DIGITS);
		if (!k || k >= n) return k && k == n;
		s += k;
		n -= k;
		k = *s == '-' ? strspn(s, "-") : str_starts(s, "__") ? 2 : 1;
		if (!strchr("._-", *s) || k >= n) return false;
		s += k;
		n -= k;
	}
}

static bool is_name(const char *s)
{
	size_t n;

	if (strlen(s) > NAME_MAX_LENGTH) return false;
	for (;; s += n + 1) {
		n = strcspn(s, "/");
		if (!is_component(s, n)) return false;
		if (!s[n]) return true;
	}
}

static bool is_tag(const char *s)
{
	size_t n = strspn(s, WORD ".-");

	return n && n <= TAG_MAX && !s[n] && *s != '.' && *s != '-';
}

static bool is_host(const char *s)
{
	return strlen(s) <= HOST_MAX && strspn(s, WORD "[") && !s[strspn(s, WORD ".-:[]")];
}

/* Docker's rule: without a dot, a colon or the word localhost, the first part is no host. */
static char *cut_host(struct arena *m, char **rest)
{
	char *slash = strchr(*rest, '/'), *host = *rest;

	if (slash) *slash = 0;
	if (slash && (strpbrk(host, ".:") || str_eq(host, "localhost"))) {
		*rest = slash + 1;
		for (char *c = host; *c; c++)
			if (*c >= 'A' && *c <= 'Z') *c += 'a' - 'A';
		return host;
	}
	if (slash) *slash = '/';
	return arena_strdup(m, "docker.io");
}

static int fail_reference(struct err *e, const char *text, const char *why)
{
	return fail(e, ERR_USAGE, "'%s': %s; expected " SCHEME
	            "[HOST[:PORT]/]NAME[:TAG][@sha256:DIGEST]", text, why);
}

static int read_tail(const char *text, char *rest, struct oci_reference *r, struct err *e)
{
	char *at = strchr(rest, '@'), *colon;

	if (at) {
		*at = 0;
		r->digest = at + 1;
		if (!oci_is_digest(r->digest))
			return fail_reference(e, text, "invalid digest");
	}
	colon = strchr(rest, ':');
	if (colon) {
		*colon = 0;
		r->tag = colon + 1;
		if (!is_tag(r->tag)) return fail_reference(e, text, "invalid tag");
	}
	return 0;
}

bool oci_is_reference(const char *text)
{
	return str_starts(text, SCHEME);
}

int oci_reference_parse(struct arena *m, const char *text, struct oci_reference *r,
                        struct err *e)
{
	char *rest;

	*r = (struct oci_reference){ 0 };
	if (!oci_is_reference(text)) return fail_reference(e, text, "not a reference");
	rest = arena_strdup(m, text + strlen(SCHEME));
	r->host = cut_host(m, &rest);
	if (!is_host(r->host)) return fail_reference(e, text, "invalid host");
	if (read_tail(text, rest, r, e) < 0) return -1;
	if (!is_name(rest))
		return fail_reference(e, text, "invalid name (lower-case letters, digits, and "
		                               "._-/ between them)");
	if (str_eq(r->host, "index.docker.io") || str_eq(r->host, "registry-1.docker.io"))
		r->host = "docker.io";
	r->name = str_eq(r->host, "docker.io") && !strchr(rest, '/') ?
	          arena_printf(m, "library/%s", rest) : rest;
	if (!r->tag && !r->digest) r->tag = "latest";
	return 0;
}

const char *oci_reference_text(struct arena *m, const struct oci_reference *r)
{
	return arena_printf(m, SCHEME "%s/%s%s%s%s%s", r->host, r->name, r->tag ? ":" : "",
	                    r->tag ? r->tag : "", r->digest ? "@" : "",
	                    r->digest ? r->digest : "");
}
