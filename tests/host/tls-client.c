/* Get a file with our HTTPS client, alone: tls-client [-n TIMES] CA URL [ADDRESS]
 *
 * Prints for each time: milliseconds until the head of the answer was there, milliseconds of
 * processor time of all, bytes, and on stderr what lib/net says with --verbose. With ADDRESS that
 * is who is asked, not the host of the URL. */

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/net/anchors.h"
#include "lib/net/http.h"
#include "lib/net/url.h"

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int dial_address(void *arg, const char *host, uint16_t port, int64_t deadline,
                        struct err *e)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	(void)host;
	(void)deadline;
	inet_pton(AF_INET, arg, &to.sin_addr);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);	/* as dial.c */
	if (!connect(fd, (struct sockaddr *)&to, sizeof to)) return fd;
	close(fd);
	return fail_sys(e, "connect to %s", (char *)arg);
}

static int get(const struct http_options *o, const char *url, struct err *e)
{
	static char buf[256 * 1024];
	AUTOFREE struct arena m = { 0 };
	double begin = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID), head;
	struct http *h = http_open(&m, o);
	struct http_request q = { 0 };
	struct http_reply r;
	struct url u;
	ssize_t k;

	q.url = &u;
	if (url_parse(&m, url, &u, e) < 0 || http_get(h, &m, &q, &r, e) < 0) return -1;
	head = now(CLOCK_MONOTONIC) - begin;
	while ((k = stream_read(r.body, buf, sizeof buf, e)) > 0)
		;
	http_close(h);
	printf("%.2f %.2f %llu\n", head, now(CLOCK_PROCESS_CPUTIME_ID) - cpu,
	       (unsigned long long)r.body->count);
	return k < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	AUTOFREE struct arena m = { 0 };
	struct http_options o = { 0 };
	struct err e = { 0 };
	int opt, times = 1;

	while ((opt = getopt(argc, argv, "n:")) > 0)
		if (opt == 'n') times = atoi(optarg);
	if (argc - optind < 2) return 2;
	out_init(OUT_VERBOSE);
	if (!(o.anchors = anchors_load(&m, argv[optind], &e))) times = -1;
	if (argc - optind > 2) {
		o.dial = dial_address;
		o.dial_arg = argv[optind + 2];
	}
	while (times-- > 0)
		if (get(&o, argv[optind + 1], &e) < 0) break;
	if (!e.kind) return 0;
	fprintf(stderr, "tls-client: %s\n", e.text);
	return err_exit_status(e.kind);
}
