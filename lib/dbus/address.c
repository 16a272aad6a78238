#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/dbus/link.h"

enum { RETRY_MS = 10 };

/* Replace the %xx of a value of `n` bytes. Returns the length; -1 if it is malformed or does
 * not fit. */
static int unescape_value(const char *s, size_t n, char *out, size_t room)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			if (n - i < 3 || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0)
				return -1;
			c = hex_value(s[i + 1]) * 16 + hex_value(s[i + 2]);
			i += 2;
		}
		if (len == room) return -1;
		out[len++] = (char)c;
	}
	return (int)len;
}

/* The escaped value of a key in the list `k=v,k=v`; NULL if the key is absent. */
static const char *find_address_key(const char *s, size_t n, const char *key, size_t *len)
{
	size_t key_len = strlen(key);

	while (n) {
		size_t one = strcspn(s, ",;");

		if (one > n) one = n;
		if (one > key_len && !memcmp(s, key, key_len) && s[key_len] == '=') {
			*len = one - key_len - 1;
			return s + key_len + 1;
		}
		n -= one < n ? one + 1 : one;
		s += one + 1;
	}
	return NULL;
}

/* Convert one address of `n` bytes for the kernel. Returns its size, or -1. */
static int parse_address(const char *s, size_t n, struct sockaddr_un *sa)
{
	const size_t start = offsetof(struct sockaddr_un, sun_path);
	const char *value;
	size_t len;
	int used;

	memset(sa, 0, sizeof *sa);
	sa->sun_family = AF_UNIX;
	if (n < 5 || memcmp(s, "unix:", 5) != 0) return -1;
	if ((value = find_address_key(s + 5, n - 5, "path", &len))) {
		used = unescape_value(value, len, sa->sun_path, sizeof sa->sun_path - 1);
		return used > 0 ? (int)start + used + 1 : -1;
	}
	if (!(value = find_address_key(s + 5, n - 5, "abstract", &len))) return -1;
	used = unescape_value(value, len, sa->sun_path + 1, sizeof sa->sun_path - 1);
	return used > 0 ? (int)start + 1 + used : -1;
}

/* EAGAIN: the queue of connections that the peer has not accepted yet is full. No descriptor
 * becomes ready when that changes, so try again after a pause. */
static int connect_address(const struct sockaddr_un *sa, int size, int64_t deadline,
                           struct err *e)
{
	AUTOCLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) return fail_sys(e, "socket");
	while (connect(fd, (const struct sockaddr *)sa, (socklen_t)size) < 0) {
		if (errno != EAGAIN && errno != EINTR) return fail_sys(e, "connect");
		if (!deadline_left(deadline)) return fail_sys(e, "connect");
		if (wait_fds(NULL, 0, deadline_in(RETRY_MS), e) < 0) return -1;
	}
	return take_fd(&fd);
}

int link_connect(const char *addresses, int64_t deadline, struct err *e)
{
	const char *s = addresses;
	struct sockaddr_un sa;
	int fd = -1;

	fail(e, ERR_HOST, "the address is empty");
	while (*s && fd < 0) {
		size_t n = strcspn(s, ";");
		int size = parse_address(s, n, &sa);

		if (size >= 0) fd = connect_address(&sa, size, deadline, e);
		else if (n)
			fail(e, ERR_HOST, "only unix:path= and unix:abstract= are supported");
		s += n + (s[n] == ';');
	}
	return fd < 0 ? fail_in(e, "D-Bus at %s", addresses) : fd;
}
