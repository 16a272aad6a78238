#include "lib/net/anchors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/net/base64.h"
#include "lib/net/cert.h"
#include "lib/net/impl.h"
#include "lib/text/packed.h"

enum { BUNDLE_MAX = 16 << 20, DIRECTORY_FILES_MAX = 4096, ANCHORS_MAX = 16384 };

/* builtin_ca.S puts them into the binary. */
extern const char builtin_ca[], builtin_ca_end[];

static const char *const known_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",		/* Debian, TrueNAS SCALE, Arch */
	"/etc/pki/tls/certs/ca-bundle.crt",		/* Fedora and its kin */
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
	"/etc/ssl/ca-bundle.pem",			/* SUSE */
	"/etc/ssl/cert.pem",				/* Alpine */
};

static struct anchor *anchors_add(struct arena *m, struct anchors *a)
{
	a->list = arena_grow(m, a->list, a->n, &a->room, sizeof *a->list);
	return &a->list[a->n++];
}

/* BearSSL declares all its pointers as writable, but changes nothing. */
static unsigned char *writable(const unsigned char *p)
{
	return (unsigned char *)(uintptr_t)p;
}

static bool key_of(const struct cert *c, br_x509_trust_anchor *t)
{
	if (c->key == CERT_KEY_RSA) {
		t->pkey.key_type = BR_KEYTYPE_RSA;
		t->pkey.key.rsa.n = writable(c->modulus.p);
		t->pkey.key.rsa.nlen = c->modulus.n;
		t->pkey.key.rsa.e = writable(c->exponent.p);
		t->pkey.key.rsa.elen = c->exponent.n;
		return c->modulus.n >= RSA_MIN_BYTES && c->modulus.n <= BR_X509_BUFSIZE_SIG &&
		       c->exponent.n;
	}
	if (c->key == CERT_KEY_EC) {
		t->pkey.key_type = BR_KEYTYPE_EC;
		t->pkey.key.ec.curve = c->curve;
		t->pkey.key.ec.q = writable(c->point.p);
		t->pkey.key.ec.qlen = c->point.n;
		return c->point.n <= 133;
	}
	return false;
}

/* An old root certificate without extensions cannot state that it is an authority: if it
 * signed itself, it counts as one. */
static bool is_authority(const struct cert *c)
{
	return c->is_ca || (c->bare && der_same(c->issuer, c->subject));
}

static bool add_der(struct arena *m, struct anchors *a, const unsigned char *der, size_t n)
{
	struct anchor t = { 0 };

	if (a->n >= ANCHORS_MAX || !cert_read(der, n, &t.cert) || t.cert.flaw ||
	    !key_of(&t.cert, &t.bear))
		return false;
	t.bear.dn.data = writable(t.cert.subject.p);
	t.bear.dn.len = t.cert.subject.n;
	t.bear.flags = is_authority(&t.cert) ? BR_X509_TA_CA : 0;
	*anchors_add(m, a) = t;
	return true;
}

static bool add_pem_entry(struct arena *m, struct anchors *a, const char *text, size_t n)
{
	unsigned char *der = arena_alloc(m, n / 4 * 3 + 3);
	ssize_t len = base64_decode(text, n, der);

	return len >= 0 && add_der(m, a, der, (size_t)len);
}

static const char *find_text(const char *text, const char *end, const char *word)
{
	return memmem(text, (size_t)(end - text), word, strlen(word));
}

/* Concatenated certificates, as the built-in ones are: DER is a third smaller than PEM. */
static void parse_der(struct arena *m, struct anchors *a, const unsigned char *p, size_t n)
{
	size_t k;

	for (; (k = der_size(p, n)); p += k, n -= k)
		if (!add_der(m, a, p, k)) a->skipped++;
	if (n) a->skipped++;
}

/* Everything but plain certificates is skipped, also OpenSSL's "BEGIN TRUSTED CERTIFICATE",
 * which has a list of purposes behind the certificate. */
static void parse_into(struct arena *m, struct anchors *a, const char *pem, size_t n)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	const char *end = pem + n, *p = pem, *stop, *next;

	while ((p = find_text(p, end, begin))) {
		p += sizeof begin - 1;
		next = find_text(p, end, begin);
		stop = find_text(p, next ? next : end, "-----END CERTIFICATE-----");
		if (!stop || !add_pem_entry(m, a, p, (size_t)(stop - p))) a->skipped++;
	}
}

struct anchors *anchors_parse(struct arena *m, const char *text, size_t n, const char *source)
{
	struct anchors *a = arena_alloc(m, sizeof *a);

	a->source = arena_strdup(m, source);
	if (n && *text == DER_SEQUENCE) parse_der(m, a, (const unsigned char *)text, n);
	else parse_into(m, a, text, n);
	return a;
}

static struct anchors *load_file(struct arena *m, const char *path, struct err *e)
{
	struct anchors *a;
	size_t n;
	char *pem = read_file(m, AT_FDCWD, path, BUNDLE_MAX, &n, e);

	if (!pem) return NULL;
	a = anchors_parse(m, pem, n, path);
	if (!a->n)
		return fail(e, ERR_INPUT, "%s has no readable certificate", path), NULL;
	return a;
}

static bool is_certificate_name(const char *name)
{
	return str_ends(name, ".pem") || str_ends(name, ".crt") || str_ends(name, ".cer");
}

/* "0a1b2c3d.0": OpenSSL finds certificates by these names. */
static bool is_hash_name(const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	return digits == 8 && name[8] == '.' && name[9] >= '0' && name[9] <= '9';
}

/* A file that cannot be read counts as a skipped entry. */
static void load_entry(struct arena *m, struct anchors *a, int dir, const char *name,
                       size_t *budget)
{
	AUTOCLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char *pem;
	size_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    !(pem = read_all(m, fd, *budget, &n, NULL))) {
		a->skipped++;
		return;
	}
	*budget -= n;
	parse_into(m, a, pem, n);
}

static void load_entries(struct arena *m, struct anchors *a, DIR *d,
                         bool (*is_wanted)(const char *name))
{
	size_t budget = BUNDLE_MAX, files = 0;
	struct dirent *entry;

	rewinddir(d);
	while (files < DIRECTORY_FILES_MAX && (entry = readdir(d))) {
		if (!is_wanted(entry->d_name)) continue;
		load_entry(m, a, dirfd(d), entry->d_name, &budget);
		files++;
	}
}

/* Most of OpenSSL's directories have each certificate twice, by its name and by its hash, so
 * hashes are read only if there are no names. */
static struct anchors *load_directory(struct arena *m, const char *path, struct err *e)
{
	struct anchors *a = anchors_parse(m, "", 0, path);
	DIR *d = opendir(path);

	if (!d) return fail_sys(e, "open %s", path), NULL;
	load_entries(m, a, d, is_certificate_name);
	if (!a->n) load_entries(m, a, d, is_hash_name);
	closedir(d);
	if (!a->n)
		return fail(e, ERR_INPUT, "%s has no readable certificate", path), NULL;
	return a;
}

struct anchors *anchors_load(struct arena *m, const char *cacert, struct err *e)
{
	const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
	struct anchors *a;
	const char *ours;
	size_t i, n;

	if (cacert) return load_file(m, cacert, e);
	if (file && *file) {
		if (!(a = load_file(m, file, e))) fail_in(e, "SSL_CERT_FILE");
		return a;
	}
	if (dir && *dir) {
		if (!(a = load_directory(m, dir, e))) fail_in(e, "SSL_CERT_DIR");
		return a;
	}
	for (i = 0; i < sizeof known_files / sizeof *known_files; i++)
		if ((a = load_file(m, known_files[i], NULL))) return a;
	ours = packed_read(m, builtin_ca, builtin_ca_end, &n);
	return anchors_parse(m, ours, n, "the authorities built into jlmkr");
}

size_t anchors_count(const struct anchors *a)
{
	return a->n;
}

size_t anchors_skipped(const struct anchors *a)
{
	return a->skipped;
}

const char *anchors_source(const struct anchors *a)
{
	return a->source;
}
