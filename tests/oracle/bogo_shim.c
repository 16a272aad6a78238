/* Our client as BoringSSL's tests of TLS drive one: the `shim` of its runner.
 *
 * The runner is a server that does one thing wrong, or something rare. This program connects to
 * it, answers each byte with its complement, and says on stderr what was wrong. It ends with 89
 * if the test is for something that our client does not have: an option that is not known here,
 * or a server that chooses TLS 1.2. That takes a second connection (lib/net/tls.h), and a run
 * with BOGO_TLS=1.2 in the environment is one.
 *
 * The runner's certificates are for nobody and long expired, so they are not judged: each is
 * its own anchor. */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/net/tls12.h"
#include "lib/net/tls13/impl.h"

enum { UNKNOWN = 89, GROUPS = 3, DAYS_TO_1970 = 719528 };

/* -- the judge -- */

struct judge {
	struct trust trust;		/* the first, as its vtable is what is called */
	br_x509_decoder_context decoder;
	br_x509_trust_anchor itself;
	unsigned char name[4096];
	unsigned name_len;
	bool has_leaf;
	size_t leaf_len;
	unsigned char leaf[64 * 1024];
};

static struct judge judge;

static void add_name(void *arg, const void *p, size_t n)
{
	(void)arg;
	if (n > sizeof judge.name - judge.name_len) abort();
	memcpy(judge.name + judge.name_len, p, n);
	judge.name_len += (unsigned)n;
}

static void start_chain(const br_x509_class **x, const char *name)
{
	(void)x;
	(void)name;
	judge.has_leaf = false;
	judge.leaf_len = judge.name_len = 0;
}

static void start_cert(const br_x509_class **x, uint32_t n)
{
	(void)x;
	(void)n;
}

static void append_cert(const br_x509_class **x, const unsigned char *p, size_t n)
{
	(void)x;
	if (judge.has_leaf) return;
	if (n > sizeof judge.leaf - judge.leaf_len) abort();
	memcpy(judge.leaf + judge.leaf_len, p, n);
	judge.leaf_len += n;
}

static void end_cert(const br_x509_class **x)
{
	(void)x;
	judge.has_leaf = true;
}

/* The leaf, whose usages BearSSL reads, with itself as the anchor. */
static unsigned end_chain(const br_x509_class **x)
{
	br_x509_minimal_context *m = &judge.trust.minimal;
	const br_x509_class **inner = &m->vtable;
	const br_x509_pkey *key;
	struct cert c;

	(void)x;
	br_x509_decoder_init(&judge.decoder, add_name, NULL);
	br_x509_decoder_push(&judge.decoder, judge.leaf, judge.leaf_len);
	if (!(key = br_x509_decoder_get_pkey(&judge.decoder))) return BR_ERR_X509_UNSUPPORTED;
	judge.itself = (br_x509_trust_anchor){
		.dn = { judge.name, judge.name_len }, .pkey = *key,
	};
	br_x509_minimal_init_full(m, &judge.itself, 1);
	cert_read(judge.leaf, judge.leaf_len, &c);
	br_x509_minimal_set_time(m, (uint32_t)(c.not_before / 86400 + DAYS_TO_1970),
	                         (uint32_t)(c.not_before % 86400));
	(*inner)->start_chain(inner, NULL);
	(*inner)->start_cert(inner, (uint32_t)judge.leaf_len);
	(*inner)->append(inner, judge.leaf, judge.leaf_len);
	(*inner)->end_cert(inner);
	return (*inner)->end_chain(inner);
}

static const br_x509_pkey *get_pkey(const br_x509_class *const *x, unsigned *usages)
{
	(void)x;
	return judge.trust.minimal.vtable->get_pkey(&judge.trust.minimal.vtable, usages);
}

static const br_x509_class judge_class = {
	sizeof judge, start_chain, start_cert, append_cert, end_cert, end_chain, get_pkey,
};

/* -- the connection -- */

static int fd;
static struct tls13 *ours;		/* NULL: BearSSL's engine */
static br_ssl_engine_context *bear;

static unsigned state(void)
{
	return ours ? tls13_state(ours) : br_ssl_engine_current_state(bear);
}

static bool has_failed(void)
{
	return ours ? tls13_has_failed(ours) : br_ssl_engine_last_error(bear) != 0;
}

/* What cannot be sent any more is no fault: the runner may have heard enough. */
static void send_all(void)
{
	const unsigned char *p;
	ssize_t k;
	size_t n;

	while (state() & BR_SSL_SENDREC) {
		p = ours ? tls13_send_buf(ours, &n) : br_ssl_engine_sendrec_buf(bear, &n);
		k = send(fd, p, n, MSG_NOSIGNAL);
		if (k > 0) n = (size_t)k;
		if (ours) tls13_sent(ours, n);
		else br_ssl_engine_sendrec_ack(bear, n);
	}
}

/* A reset would take our alert with it. */
static void drain(void)
{
	char rest[4096];

	send_all();
	shutdown(fd, SHUT_WR);
	while (recv(fd, rest, sizeof rest, 0) > 0)
		;
}

static void die(const char *why)
{
	struct err e = { 0 };

	drain();
	if (has_failed() && ours) tls13_fail(ours, &e);
	else if (has_failed()) tls12_fail(bear, &judge.trust, &e);
	if (strstr(e.text, "nothing newer than TLS 1.1") ||
	    strstr(e.text, "neither TLS 1.2 nor TLS 1.3"))
		exit(UNKNOWN);
	fprintf(stderr, "%s\n", *e.text ? e.text : why);
	exit(1);
}

static void receive_some(void)
{
	unsigned char *p;
	ssize_t k;
	size_t n;

	p = ours ? tls13_receive_buf(ours, &n) : br_ssl_engine_recvrec_buf(bear, &n);
	if ((k = recv(fd, p, n, 0)) <= 0) die("an end without an announcement");
	if (ours) tls13_received(ours, (size_t)k);
	else br_ssl_engine_recvrec_ack(bear, (size_t)k);
}

/* Returns false when the server has announced the end. */
static bool pump(unsigned wanted)
{
	for (;;) {
		send_all();
		if (has_failed()) die("");
		if (ours && tls13_is_older(ours)) exit(UNKNOWN);
		if (state() & BR_SSL_CLOSED) return false;
		if (state() & wanted) return true;
		if (!(state() & BR_SSL_RECVREC)) die("data at a wrong time");
		receive_some();
	}
}

static size_t encrypt(const unsigned char *p, size_t n)
{
	unsigned char *room;
	size_t most;

	if (ours) return tls13_write(ours, p, n);
	room = br_ssl_engine_sendapp_buf(bear, &most);
	if (n > most) n = most;
	memcpy(room, p, n);
	br_ssl_engine_sendapp_ack(bear, n);
	br_ssl_engine_flush(bear, 0);
	return n;
}

static void say(const unsigned char *p, size_t n)
{
	size_t k;

	for (; n; p += k, n -= k) {
		if (!pump(BR_SSL_SENDAPP)) die("closed");
		k = encrypt(p, n);
	}
	send_all();
}

static void echo(void)
{
	const unsigned char *p;
	unsigned char answer[512];
	size_t n, i;

	while (pump(BR_SSL_RECVAPP)) {
		p = ours ? tls13_data(ours, &n) : br_ssl_engine_recvapp_buf(bear, &n);
		if (n > sizeof answer) n = sizeof answer;
		for (i = 0; i < n; i++)
			answer[i] = p[i] ^ 0xff;
		if (ours) tls13_consumed(ours, n);
		else br_ssl_engine_recvapp_ack(bear, n);
		say(answer, n);
	}
}

/* -- the runner's options -- */

struct options {
	uint16_t port;
	const char *host;
	int groups;			/* so many are to be offered; 0: any */
	int group;			/* is to be agreed on; 0: any */
	bool speaks_first, shuts_down, awaits_end;
};

static const char *const without_meaning[] = {
	"-async", "-implicit-handshake", "-expect-no-session", "-expect-no-session-id",
	"-use-old-client-cert-callback", "-verify-peer", "-use-custom-verify-callback",
	"-expect-hrr", "-expect-no-hrr", "-no-tls1", "-no-tls11", "-no-ssl3",
	"-renegotiate-freely", "-renegotiate-ignore", "-renegotiate-once",
	"-renegotiate-explicit", "-forbid-renegotiation-after-handshake", "-peek-then-read",
	NULL,
};

/* Which of the two connections of a server that has no TLS 1.3 this is. */
static int newest(void)
{
	const char *version = getenv("BOGO_TLS");

	return version && !strcmp(version, "1.2") ? 0x0303 : 0x0304;
}

static bool is_flag(const char *word, struct options *o)
{
	int i;

	for (i = 0; without_meaning[i]; i++)
		if (!strcmp(word, without_meaning[i])) return true;
	if (!strcmp(word, "-shim-writes-first")) o->speaks_first = true;
	else if (!strcmp(word, "-shim-shuts-down")) o->shuts_down = true;
	else if (!strcmp(word, "-check-close-notify")) o->awaits_end = true;
	else return newest() == 0x0303 && !strcmp(word, "-no-tls13");
	return true;
}

static bool is_group(const char *number)
{
	return share_knows((unsigned)atoi(number));
}

static bool takes_value(const char *word, const char *value, struct options *o)
{
	if (!strcmp(word, "-port")) o->port = (uint16_t)atoi(value);
	else if (!strcmp(word, "-host-name")) o->host = value;
	else if (!strcmp(word, "-expect-curve-id")) o->group = atoi(value);
	else if (!strcmp(word, "-curves")) o->groups += is_group(value) ? 1 : 99;
	else if (!strcmp(word, "-min-version")) return atoi(value) <= 0x0303;
	else if (!strcmp(word, "-max-version")) return atoi(value) == newest();
	else return !strcmp(word, "-trust-cert") ||
		    (!strcmp(word, "-expect-version") && atoi(value) == newest());
	return true;
}

static void read_options(char **words, struct options *o)
{
	for (; *words; words++) {
		if (!strcmp(*words, "-is-handshaker-supported")) {
			puts("No");
			exit(0);
		}
		if (is_flag(*words, o)) continue;
		if (!words[1] || !takes_value(*words, words[1], o)) exit(UNKNOWN);
		words++;
	}
	if (o->groups && o->groups != GROUPS) exit(UNKNOWN);
	if (o->group && !share_knows((unsigned)o->group)) exit(UNKNOWN);
}

static int dial(uint16_t port)
{
	struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_port = htons(port),
		.sin6_addr = in6addr_loopback,
	};
	struct sockaddr_in four = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int sock = socket(AF_INET6, SOCK_STREAM, 0);

	if (sock >= 0 && !connect(sock, (struct sockaddr *)&six, sizeof six)) return sock;
	sock = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(sock, (struct sockaddr *)&four, sizeof four) < 0) {
		perror("connect");
		exit(1);
	}
	return sock;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct tls13_chance chance;
	static struct arena m;

	(void)argc;
	read_options(argv + 1, &o);
	fd = dial(o.port);
	judge.trust.vtable = &judge_class;
	judge.trust.host = o.host ? o.host : "the server";
	judge.trust.ip_len = o.host ? 0 : 4;		/* no name is sent */
	if (getrandom(&chance, sizeof chance, 0) != sizeof chance) return 1;
	if (newest() == 0x0304) ours = tls13_open(&m, &judge.trust, &chance);
	else bear = tls12_open(&m, &judge.trust, chance.random);
	if (!pump(BR_SSL_SENDAPP)) die("closed during the handshake");
	if (o.group && o.group != (ours ? tls13_group(ours) : bear->ecdhe_curve))
		die("another group");
	if (o.speaks_first) say((const unsigned char *)"hello", 5);
	if (!o.shuts_down) echo();
	if (ours) tls13_close(ours);
	else br_ssl_engine_close(bear);
	send_all();
	if (o.shuts_down && o.awaits_end && pump(BR_SSL_RECVAPP)) die("data behind the end");
	drain();
	return 0;
}
