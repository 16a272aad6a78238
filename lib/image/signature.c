/* Who vouches for a list of images: the key of its server, and the date in the signature.
 *
 * The server has the signature beside the list, under the same name with .gpg. Mirrors may lack
 * it, and whoever can change the list on its way can take the signature away as well. So a
 * missing one is a fault only if it is required, but a wrong one always is. On a server whose
 * key is not known, a signature by an unknown key counts as none.
 *
 *	DIR/images/.signed-KEY		when the newest list was signed that this key has
 *					signed and an image was created from: a line, in seconds
 *
 * Without the key somebody can still send an old list with its old signature, to have an image
 * installed whose security holes are known by now. That is why the date is kept. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/mark.h"
#include "lib/image/impl.h"
#include "lib/net/http.h"
#include "lib/net/openpgp.h"
#include "lib/net/url.h"

#define SIGNATURE ".gpg"
#define SEEN ".signed-"
#define OFFICIAL "images.linuxcontainers.org"

enum { SIGNATURE_MAX = 64 * 1024, KEYS_MAX = 256 * 1024, DAY = 24 * 3600, FORBIDDEN = 403 };

/* "LXC pre-built images", 4096 bits, of 2014-01-11, without the signature on its name, which
 * is made with SHA-1: gpg --show-keys reads it. */
const char image_server_key[] =
	"-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
	"\n"
	"mQINBFLQvwwBEADNVxfLfsKibZbF5v2Tct9N0gxdFViOzVd/IRDrJ6pTEAcMlWdS\n"
	"h3VM3lV0qd1WtMlqCTgcbbk6zUAYnPQ2RsagCpOlaIZqbZ8Cv4390PuVAhG2QQvt\n"
	"9YrED00unJBomsC3QuF+xg0SBpHChmFUgJxomsFuAjowdMoh8XExM2v4TEe+vm9Z\n"
	"7ohBCxkw7C5cV9cQHeC1XiGBCccRe1Ib1U7+GmPUxAtGzHUsQQ4MjE/j830dmPJw\n"
	"w/ZNauKyNqSzpBsMnEiX+8RwqYEeYtqBAw9pnA3BMSshfA5L5ORw3zYecowUWt+l\n"
	"r5lhzBq2v3LLjzjwsb4wel8L7HZnUD+1bQe0QQkxWDKlHOIsB02DCwmz3fc9bvBI\n"
	"KZwRQZ8al7HicpWc4zJPBb7U0BSHE+YwTdOffFFL7YfbRS+4yfn0JBSmtyfTPaOp\n"
	"FvHV8MES52Mam3vyXWCKXC//3EXcWhhX4ZHfkcWJtEkDf1FwupptV6HEgx2d6UTZ\n"
	"0vEK20Dx+Hzlg0mpR10SS/ltch8w1Zl2co467oTMspdnPosTrxG0p2G+s/gUA/+E\n"
	"LY8fB/heXfNSb5IB3JJ8OTI+cwqN1Aw9X4aKPQcvPGvfQ5Mz8FZ4gkV38QzzMHsr\n"
	"6eeZGUPcCctP6FVfCHO0Mzxwv2VOnTbH+k72Acni2piTwn0APd9LKilXOwARAQAB\n"
	"-----END PGP PUBLIC KEY BLOCK-----\n";

/* -- keys -- */

/* The file in a word of image_key, if the word is about this host. A file without a host is not
 * for OFFICIAL, so that its key cannot sign for that one. */
static const char *key_file_of(const char *word, const char *host)
{
	const char *path = strchr(word, '/');
	size_t n = (size_t)(path - word);

	if (!n) return str_eq(host, OFFICIAL) ? NULL : path;
	return strlen(host) == n - 1 && !strncasecmp(word, host, n - 1) ? path : NULL;
}

/* `*file`: NULL if none is named. What is named for the host counts more. */
static int find_key_file(const struct image_source *s, struct arena *m, const char **file,
                         struct err *e)
{
	char *next = arena_strdup(m, s->keys ? s->keys : ""), *word;
	const char *path;

	*file = NULL;
	while ((word = strtok_r(next, " \t\n", &next))) {
		path = strchr(word, '/');
		if (!path || (path > word && path[-1] != '='))
			return fail(e, ERR_INPUT,
			            "image_key: '%s' is neither /FILE nor HOST=/FILE", word);
		path = key_file_of(word, s->base->host);
		if (path && (!*file || path > word)) *file = path;
	}
	return 0;
}

static int read_key_file(struct arena *m, const char *file, struct openpgp_keys *keys,
                         struct err *e)
{
	AUTOCLOSE int fd = open_file(AT_FDCWD, file, file, e);
	char *text;
	size_t n;

	if (fd < 0) return fail_in(e, "image_key");
	text = read_all(m, fd, KEYS_MAX, &n, e);
	if (!text || openpgp_read_keys(m, text, n, keys, e) < 0)
		return fail_in(e, "image_key: %s", file);
	return 0;
}

/* -- the newest list that was seen -- */

static const char *seen_name(struct arena *m, const char *key)
{
	return arena_printf(m, SEEN "%s", key);
}

/* What stands in the mark of its file. */
static const char *seen_mark(struct arena *m, const char *key)
{
	return arena_printf(m, "%0*d%s", MARK_DIGITS - OPENPGP_FINGERPRINT, 0,
	                    lower_case(m, key));
}

/* 0: not known. A damaged file, or one of somebody else, says nothing. */
static int64_t read_seen(const struct image_cache *c, struct arena *m, const char *key)
{
	AUTOCLOSE int fd = c->dir ? mark_open(cache_fd(c), seen_name(m, key), O_RDONLY) : -1;
	char text[32] = "", *end;
	long long date;

	if (fd < 0 || !mark_is_of(cache_fd(c), fd, seen_mark(m, key)) ||
	    read(fd, text, sizeof text - 1) <= 0)
		return 0;
	date = strtoll(text, &end, 10);
	return *end == '\n' && date > 0 && date <= time(NULL) + DAY ? date : 0;
}

/* The same size each time, so that a write replaces all of it at once. */
static void write_seen(const struct image_cache *c, struct arena *m, const char *key,
                       int64_t date)
{
	const int new_file = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	const char *name = seen_name(m, key), *mark = seen_mark(m, key);
	AUTOCLOSE int fd = mark_open(cache_fd(c), name, O_RDWR);
	struct stat st;
	char text[32];
	int n;

	if (fd < 0 && errno == ENOENT)
		fd = openat(cache_fd(c), name, new_file, 0600);
	if (fd < 0 || fstat(fd, &st) < 0) return;
	if (!mark_is_of(cache_fd(c), fd, mark) &&
	    (!cache_is_blank(&st) || cache_mark(c, fd, mark, NULL) < 0))
		return;
	n = snprintf(text, sizeof text, "%020lld\n", (long long)date);
	if (pwrite(fd, text, (size_t)n, 0) != n) ftruncate(fd, 0);
}

void list_remember(const struct image_source *s)
{
	AUTOFREE struct arena m = { 0 };

	if (s->signer && s->cache.dir && s->signed_at > read_seen(&s->cache, &m, s->signer))
		write_seen(&s->cache, &m, s->signer, s->signed_at);
}

/* -- one list -- */

struct check {
	struct image_source *source;
	struct arena *m;
	const char *server;
	struct openpgp_keys keys;
	bool assigned;			/* it is known whose signature the list must have */
	const char *text;		/* of the signature */
	size_t len;
	struct openpgp_signature by;
};

/* Returns 1 with the signature, 0 if the server has none. What is far too long is none. */
static int fetch_signature(struct check *c, const char *path, struct err *e)
{
	const char *beside = arena_printf(c->m, "%s" SIGNATURE, path);
	struct http_reply r;
	struct url u;

	if (list_url(c->source, c->m, beside, &u, e) < 0) return -1;
	if (http_get(c->source->http, c->m, &(struct http_request){ .url = &u }, &r, e) < 0)
		return e->kind == ERR_MISSING || r.status == FORBIDDEN ? 0 : -1;
	if (r.length > SIGNATURE_MAX) return 0;
	c->text = stream_read_all(r.body, c->m, SIGNATURE_MAX, 0, &c->len, e);
	return c->text ? 1 : fail_in(e, "%s", r.url);
}

/* None of the keys has signed it. Of a server with several lists one note is enough. */
static int judge_unsigned(const struct check *c, struct err *e)
{
	const char *what = arena_printf(c->m, "the list of images of %s", c->server);

	if (*c->by.stranger)
		what = arena_printf(c->m, "%s is signed by the key %s", what, c->by.stranger);
	else
		what = arena_printf(c->m, c->text ? "%s has an unreadable signature" :
		                    "%s is not signed", what);
	if (c->text && c->assigned)
		return fail(e, ERR_UNTRUSTED,
		            "%s, but the server's key is %s; if that has changed, set "
		            "image_key in ~/.local/share/jailmaker.conf", what,
		            c->keys.list->fingerprint);
	if (c->source->require_signature)
		return fail(e, ERR_UNTRUSTED, "%s, and a signature by a known key is required",
		            what);
	if (c->source->told != c->source->base)
		out_note("%s: it is trusted because of the server's certificate alone", what);
	c->source->told = c->source->base;
	return 0;
}

static const char *date_text(struct arena *m, int64_t date)
{
	time_t t = (time_t)date;
	char text[32];
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &tm))
		return "?";
	return arena_strdup(m, text);
}

static void tell_signed(const struct check *c)
{
	const char *key = c->by.key->fingerprint, *date = date_text(c->m, c->by.made);
	int64_t seen = read_seen(&c->source->cache, c->m, key);

	out_verbose("the list of images of %s is signed: key %s, %s", c->server, key, date);
	if (c->by.made < seen)
		out_warn("the list of images of %s was signed %s; a newer one, signed %s, was "
		         "used before: the server is behind, or somebody sends an old list to "
		         "have old images installed", c->server, date, date_text(c->m, seen));
}

/* Of several lists of a server the oldest counts, so that none of them is older than what is
 * remembered. */
static void take_signer(const struct check *c)
{
	struct image_source *s = c->source;

	if (s->signer && s->signed_at <= c->by.made) return;
	s->signer = arena_strdup(s->m, c->by.key->fingerprint);
	s->signed_at = c->by.made;
}

static int check_list(struct check *c, const char *path, const struct openpgp_data *list,
                      bool *again, struct err *e)
{
	int rc = fetch_signature(c, path, e);

	if (rc > 0)
		rc = openpgp_verify(&c->keys, list, c->text, c->len, time(NULL), &c->by, e);
	*again = rc < 0;
	if (rc < 0) return c->text ? fail_in(e, "the list of images of %s", c->server) : -1;
	if (!rc) return judge_unsigned(c, e);
	take_signer(c);
	if (c->source->told != c->source->base) tell_signed(c);
	return 0;
}

int list_check(struct image_source *s, const char *path, const struct openpgp_data *list,
               bool *again, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct check c = { .source = s, .m = &m, .server = url_name(&m, s->base) };
	struct err why = { 0 };
	const char *file;
	int rc;

	*again = false;
	if (find_key_file(s, &m, &file, e) < 0) return -1;
	c.assigned = file || str_eq(s->base->host, OFFICIAL);
	rc = file ? read_key_file(&m, file, &c.keys, e) :
	     openpgp_read_keys(&m, image_server_key, sizeof image_server_key - 1, &c.keys, e);
	if (rc < 0) return -1;
	if (check_list(&c, path, list, again, &why) == 0) return 0;
	if (e) *e = why;
	return -1;
}
