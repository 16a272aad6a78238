/* Threads that decode blocks. The caller asks for blocks ahead of the one that it waits for. A
 * thread reads a block of the image into memory of its own, and decodes it into that of the
 * block. */

#include <errno.h>
#include <lzma.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive/squashfs_impl.h"
#include "lib/base/err.h"

enum { THREADS_MAX = 16, BLOCKS_MIN = 8, BLOCKS_MAX = 64, BLOCKS_BYTES = 24 << 20,
       PLAIN = 1 << 24 };

struct worker {
	struct pool *pool;
	struct unpacker *unpacker;
	uint8_t *packed;
	pthread_t thread;
};

struct pool {
	struct arena *m;
	const struct squashfs *s;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct block blocks[BLOCKS_MAX], *queue[BLOCKS_MAX];
	unsigned blocks_n, first, waiting;	/* `waiting` in the queue, from `first` on */
	bool over;
	struct worker workers[THREADS_MAX];
	unsigned workers_n, workers_max, asked;	/* asked: blocks so far */
};

uint32_t block_stored_size(uint32_t word)
{
	return word & ~(uint32_t)PLAIN;
}

int block_check(const struct squashfs *s, uint64_t at, uint32_t word, struct err *e)
{
	uint32_t n = block_stored_size(word);

	if (n == 0 || n > s->block_size)
		return squashfs_fail(e, "the size of a block is wrong");
	if (at < HEADER_SIZE || at > s->inode_table || n > s->inode_table - at)
		return squashfs_fail(e, "the place of a block is wrong");
	return 0;
}

/* Returns false with b->sys or b->why. */
static bool read_block(const struct pool *p, struct block *b, uint8_t *to, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t k = pread(p->s->fd, to + done, n - done, (off_t)(b->at + done));

		if (k < 0 && errno == EINTR) continue;
		if (k < 0) b->sys = errno;
		if (k == 0) b->why = "the file ends before it";
		if (k <= 0) return false;
		done += (size_t)k;
	}
	return true;
}

static void decode_block(struct worker *w, struct block *b)
{
	size_t n = block_stored_size(b->word);
	ssize_t k;

	if (b->word & PLAIN) {
		if (n > b->room) b->why = "it is longer than its file";
		else if (read_block(w->pool, b, b->data, n)) b->n = (uint32_t)n;
		return;
	}
	if (!read_block(w->pool, b, w->packed, n)) return;
	k = unpacker_decode(w->unpacker, w->packed, n, b->data, b->room, &b->why);
	b->n = k < 0 ? 0 : (uint32_t)k;
}

static struct block *next_block(struct pool *p)
{
	struct block *b;

	while (!p->waiting && !p->over) pthread_cond_wait(&p->work, &p->lock);
	if (p->over) return NULL;
	b = p->queue[p->first];
	p->first = (p->first + 1) % BLOCKS_MAX;
	p->waiting--;
	return b;
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct pool *p = w->pool;
	struct block *b;

	pthread_mutex_lock(&p->lock);
	while ((b = next_block(p))) {
		pthread_mutex_unlock(&p->lock);
		decode_block(w, b);
		pthread_mutex_lock(&p->lock);
		b->done = true;
		pthread_cond_signal(&p->done);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Sets errno on failure. */
static int start_worker(struct pool *p)
{
	struct worker *w = &p->workers[p->workers_n];

	w->pool = p;
	w->packed = arena_alloc(p->m, p->s->block_size);
	w->unpacker = unpacker_open(p->m, p->s->packing, p->s->block_size);
	if ((errno = pthread_create(&w->thread, NULL, worker_run, w))) return -1;
	p->workers_n++;
	return 0;
}

struct pool *pool_open(struct arena *m, const struct squashfs *s, struct err *e)
{
	struct pool *p = arena_alloc(m, sizeof *p);
	size_t n = BLOCKS_BYTES / s->block_size;
	uint32_t cores = lzma_cputhreads();

	p->m = m;
	p->s = s;
	p->blocks_n = n < BLOCKS_MIN ? BLOCKS_MIN : n > BLOCKS_MAX ? BLOCKS_MAX : (unsigned)n;
	p->workers_max = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : cores;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->done, NULL);
	if (start_worker(p) == 0) return p;
	fail_sys(e, "start a thread");
	pool_close(p);
	return NULL;
}

void pool_close(struct pool *p)
{
	if (!p) return;
	pthread_mutex_lock(&p->lock);
	p->over = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->workers_n; i++) {
		pthread_join(p->workers[i].thread, NULL);
		unpacker_close(p->workers[i].unpacker);
	}
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
}

static struct block *free_block(struct pool *p)
{
	for (unsigned i = 0; i < p->blocks_n; i++)
		if (!p->blocks[i].users) return &p->blocks[i];
	return NULL;
}

struct block *pool_ask(struct pool *p, uint64_t at, uint32_t word, uint32_t room)
{
	struct block *b = free_block(p);

	if (!b) return NULL;
	if (!b->data) b->data = arena_alloc(p->m, p->s->block_size);
	*b = (struct block){ .at = at, .word = word, .room = room, .users = 1,
			     .data = b->data };
	pthread_mutex_lock(&p->lock);
	p->queue[(p->first + p->waiting++) % BLOCKS_MAX] = b;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	p->asked++;
	if (p->asked > p->workers_n && p->workers_n < p->workers_max && start_worker(p) < 0)
		p->workers_max = p->workers_n;
	return b;
}

int pool_wait(struct pool *p, struct block *b, struct err *e)
{
	pthread_mutex_lock(&p->lock);
	while (!b->done) pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
	if (b->sys) {
		errno = b->sys;
		return fail_sys(e, "read the archive");
	}
	return b->why ? fail(e, ERR_INPUT, "the squashfs image is damaged: a block: %s", b->why)
		      : 0;
}
