/* Feed a fuzz target without a fuzzer: every file of its corpus, cut short at
 * many places, and with bytes changed, the same ones in each run. It finds what
 * was found before and what is near it; `make fuzz` looks for what is new.
 *
 *	replay-program FILE INPUT...	FILE: where the current input is kept, so
 *					that a crash leaves it behind
 */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1 << 20, CUTS = 64, CHANGES = 256 };

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* The kernel keeps what is in `keep`, whatever becomes of this process. The
 * copy that the target sees has no byte behind it, so that ASan sees it look. */
static void feed(int keep, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy || pwrite(keep, data, size, 0) != (ssize_t)size ||
	    ftruncate(keep, (off_t)size) < 0)
		abort();
	memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void feed_file(int keep, const char *name)
{
	static uint8_t data[INPUT_MAX];
	uint32_t state = 2463534242u;
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, data, sizeof data);
	size_t size = n < 0 ? 0 : (size_t)n;

	if (n < 0) {
		perror(name);
		exit(2);
	}
	close(fd);
	feed(keep, data, size);
	for (size_t i = 0; i < CUTS && i < size; i++)
		feed(keep, data, size < CUTS ? i : next_random(&state) % size);
	for (size_t i = 0; i < CHANGES && size; i++) {
		size_t at = next_random(&state) % size;
		uint8_t was = data[at];

		data[at] = (uint8_t)next_random(&state);
		feed(keep, data, size);
		data[at] = was;
	}
}

int main(int argc, char **argv)
{
	int keep = argc < 2 ? -1 : open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (keep < 0) {
		fprintf(stderr, "usage: %s FILE INPUT...\n", argv[0]);
		return 2;
	}
	feed(keep, (const uint8_t *)"", 0);
	for (int i = 2; i < argc; i++) feed_file(keep, argv[i]);
	unlink(argv[1]);
	return 0;
}
