/* A ring of pieces. The caller fills the next one while threads compress earlier ones; when the
 * ring is full, it waits for the oldest and writes it. */

#include "lib/archive/squeeze.h"

#include <errno.h>
#include <lzma.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive/squeeze_impl.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

enum { THREADS_MAX = SQUEEZE_SLOTS - 2 };

enum stage { STAGE_FREE, STAGE_FULL, STAGE_BUSY, STAGE_DONE };

struct piece {
	enum stage stage;
	unsigned char *in, *out;
	size_t in_n, out_n;
	lzma_vli unpadded;		/* of xz */
	bool failed;
};

struct worker {
	struct squeeze *q;
	struct packer packer;
	pthread_t thread;
};

struct squeeze {
	struct arena *m;
	enum squeeze_kind kind;
	int fd;
	struct squeeze_hooks hooks;
	size_t size;			/* of a piece */
	struct sha256 hash;
	uint64_t written;
	lzma_index *index;		/* of xz */
	pthread_mutex_t lock;
	pthread_cond_t work, done, full;
	struct piece pieces[SQUEEZE_SLOTS];
	unsigned pieces_n;
	/* pieces so far; the ring is between `filled` and `emptied` */
	uint64_t filled, begun, hooked, emptied;
	bool over, has_hooker;
	pthread_t hooker;
	struct worker workers[THREADS_MAX];
	unsigned workers_n, workers_max;
};

/* -- writing -- */

static int fail_write(struct err *e)
{
	if (errno == EPIPE) return fail(e, ERR_UNREAD, "nobody reads the archive");
	return fail_sys(e, "write the archive");
}

static int put_bytes(struct squeeze *q, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	sha256_add(&q->hash, data, n);
	q->written += n;
	while (n) {
		ssize_t k = write(q->fd, p, n);

		if (k < 0 && errno == EAGAIN && wait_fd(q->fd, POLLOUT, NO_DEADLINE, e) < 0)
			return -1;
		if (k < 0 && errno != EINTR && errno != EAGAIN) return fail_write(e);
		if (check_signal(e) < 0) return -1;
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
	return 0;
}

/* -- threads -- */

static struct piece *piece_at(struct squeeze *q, uint64_t number)
{
	return &q->pieces[number % q->pieces_n];
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	struct squeeze *q = w->q;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		struct piece *p;

		while (q->begun == q->filled && !q->over) pthread_cond_wait(&q->work, &q->lock);
		if (q->over) break;
		p = piece_at(q, q->begun++);
		p->stage = STAGE_BUSY;
		pthread_mutex_unlock(&q->lock);
		p->failed = packer_pack(&w->packer, p->in, p->in_n, p->out, &p->out_n) < 0;
		p->unpadded = w->packer.unpadded;
		pthread_mutex_lock(&q->lock);
		p->stage = STAGE_DONE;
		pthread_cond_signal(&q->done);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static void *hooker_run(void *arg)
{
	struct squeeze *q = arg;

	pthread_mutex_lock(&q->lock);
	for (;;) {
		while (q->hooked == q->filled && !q->over)
			pthread_cond_wait(&q->full, &q->lock);
		if (q->over) break;
		pthread_mutex_unlock(&q->lock);
		q->hooks.full(q->hooks.arg, (unsigned)(q->hooked % q->pieces_n),
		              piece_at(q, q->hooked)->in);
		pthread_mutex_lock(&q->lock);
		q->hooked++;
		pthread_cond_signal(&q->done);
	}
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static int start_hooker(struct squeeze *q, struct err *e)
{
	if (!q->hooks.full || q->has_hooker) return 0;
	if ((errno = pthread_create(&q->hooker, NULL, hooker_run, q)))
		return fail_sys(e, "start a thread");
	q->has_hooker = true;
	return 0;
}

static int start_worker(struct squeeze *q, struct err *e)
{
	struct worker *w = &q->workers[q->workers_n];

	*w = (struct worker){ .q = q, .packer.kind = q->kind };
	if ((errno = pthread_create(&w->thread, NULL, worker_run, w)))
		return fail_sys(e, "start a thread");
	q->workers_n++;
	return 0;
}

struct squeeze *squeeze_open(struct arena *m, enum squeeze_kind kind, int fd,
                             const struct squeeze_hooks *hooks)
{
	struct squeeze *q = arena_alloc(m, sizeof *q);
	uint32_t cores = lzma_cputhreads();

	q->m = m;
	q->kind = kind;
	q->fd = fd;
	if (hooks) q->hooks = *hooks;
	q->size = packer_piece(kind);
	q->workers_max = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : cores;
	q->pieces_n = kind == SQUEEZE_NONE ? 1 : q->workers_max + 2;
	sha256_begin(&q->hash);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->work, NULL);
	pthread_cond_init(&q->done, NULL);
	pthread_cond_init(&q->full, NULL);
	return q;
}

void squeeze_close(struct squeeze *q)
{
	if (!q) return;
	pthread_mutex_lock(&q->lock);
	q->over = true;
	pthread_cond_broadcast(&q->work);
	pthread_cond_broadcast(&q->full);
	pthread_mutex_unlock(&q->lock);
	for (unsigned i = 0; i < q->workers_n; i++) {
		pthread_join(q->workers[i].thread, NULL);
		packer_free(&q->workers[i].packer);
	}
	if (q->has_hooker) pthread_join(q->hooker, NULL);
	lzma_index_end(q->index, NULL);
	pthread_cond_destroy(&q->work);
	pthread_cond_destroy(&q->done);
	pthread_cond_destroy(&q->full);
	pthread_mutex_destroy(&q->lock);
}

/* -- pieces -- */

static int begin_file(struct squeeze *q, struct err *e)
{
	unsigned char head[LZMA_STREAM_HEADER_SIZE];

	if (q->kind != SQUEEZE_XZ || q->written) return 0;
	if (!(q->index = lzma_index_init(NULL)) ||
	    lzma_stream_header_encode(&packer_xz_flags, head) != LZMA_OK)
		return fail(e, ERR_HOST, "no memory");
	return put_bytes(q, head, sizeof head, e);
}

static int tell_written(struct squeeze *q, uint64_t number, struct err *e)
{
	if (!q->hooks.written) return 0;
	return q->hooks.written(q->hooks.arg, (unsigned)(number % q->pieces_n), e);
}

static bool is_done(const struct squeeze *q, const struct piece *p)
{
	return p->stage == STAGE_DONE && (!q->hooks.full || q->hooked > q->emptied);
}

/* Wait for the oldest piece in the ring, and write it. */
static int empty_oldest(struct squeeze *q, struct err *e)
{
	struct piece *p = piece_at(q, q->emptied);

	pthread_mutex_lock(&q->lock);
	while (!is_done(q, p)) pthread_cond_wait(&q->done, &q->lock);
	pthread_mutex_unlock(&q->lock);
	p->stage = STAGE_FREE;
	if (tell_written(q, q->emptied++, e) < 0) return -1;
	if (p->failed) return fail(e, ERR_HOST, "no memory to compress");
	if (begin_file(q, e) < 0) return -1;
	if (q->index && lzma_index_append(q->index, NULL, p->unpadded, p->in_n) != LZMA_OK)
		return fail(e, ERR_HOST, "no memory");
	return put_bytes(q, p->out, p->out_n, e);
}

/* Without compression nothing is done aside. */
static int put_plain(struct squeeze *q, struct piece *p, struct err *e)
{
	size_t n = p->in_n;

	p->in_n = 0;
	if (q->hooks.full) q->hooks.full(q->hooks.arg, 0, p->in);
	return put_bytes(q, p->in, n, e) < 0 ? -1 : tell_written(q, 0, e);
}

static int hand_over(struct squeeze *q, struct err *e)
{
	struct piece *p = piece_at(q, q->filled);

	if (q->kind == SQUEEZE_NONE) return put_plain(q, p, e);
	if (start_hooker(q, e) < 0) return -1;
	pthread_mutex_lock(&q->lock);
	p->stage = STAGE_FULL;
	q->filled++;
	pthread_cond_signal(&q->work);
	pthread_cond_signal(&q->full);
	pthread_mutex_unlock(&q->lock);
	if (q->workers_n < q->workers_max && start_worker(q, e) < 0) {
		q->workers_max = q->workers_n;
		if (!q->workers_n) return -1;
	}
	return 0;
}

/* The piece that is being filled. */
static struct piece *current(struct squeeze *q, struct err *e)
{
	struct piece *p;

	if (q->filled - q->emptied == q->pieces_n && empty_oldest(q, e) < 0) return NULL;
	p = piece_at(q, q->filled);
	if (!p->in) {
		p->in = arena_alloc(q->m, q->size);
		if (q->kind != SQUEEZE_NONE)
			p->out = arena_alloc(q->m, packer_bound(q->kind, q->size));
	}
	if (p->stage == STAGE_FREE && q->kind != SQUEEZE_NONE) {
		p->stage = STAGE_FULL;
		p->in_n = 0;
	}
	return p;
}

void *squeeze_room(struct squeeze *q, size_t *room, struct err *e)
{
	struct piece *p = current(q, e);

	if (p && p->in_n == q->size) p = hand_over(q, e) < 0 ? NULL : current(q, e);
	if (!p) return NULL;
	*room = q->size - p->in_n;
	return p->in + p->in_n;
}

void squeeze_took(struct squeeze *q, size_t n)
{
	piece_at(q, q->filled)->in_n += n;
}

unsigned squeeze_slot(const struct squeeze *q, size_t *n)
{
	unsigned slot = (unsigned)(q->filled % q->pieces_n);

	*n = q->pieces[slot].in_n;
	return slot;
}

int squeeze_add(struct squeeze *q, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n) {
		size_t room;
		void *to = squeeze_room(q, &room, e);

		if (!to) return -1;
		if (room > n) room = n;
		memcpy(to, p, room);
		squeeze_took(q, room);
		p += room;
		n -= room;
	}
	return 0;
}

/* -- the end -- */

static int end_xz(struct squeeze *q, struct err *e)
{
	size_t n = (size_t)lzma_index_size(q->index), used = 0;
	unsigned char *index = arena_alloc(q->m, n), foot[LZMA_STREAM_HEADER_SIZE];
	lzma_stream_flags flags = packer_xz_flags;

	flags.backward_size = n;
	if (lzma_index_buffer_encode(q->index, index, &used, n) != LZMA_OK ||
	    lzma_stream_footer_encode(&flags, foot) != LZMA_OK)
		return fail(e, ERR_HOST, "no memory");
	return put_bytes(q, index, n, e) < 0 ? -1 : put_bytes(q, foot, sizeof foot, e);
}

static int put_seal(struct squeeze *q, struct err *e)
{
	const struct squeeze_seal *seal = squeeze_seal(q->kind);
	unsigned char digest[SHA256_SIZE];

	if (!seal) return q->kind == SQUEEZE_XZ ? end_xz(q, e) : 0;
	sha256_digest(&q->hash, digest);
	if (put_bytes(q, seal->head, seal->head_n, e) < 0 ||
	    put_bytes(q, digest, sizeof digest, e) < 0)
		return -1;
	return put_bytes(q, seal->tail, seal->tail_n, e);
}

int squeeze_flush(struct squeeze *q, struct err *e)
{
	struct piece *p = current(q, e);

	if (!p || (p->in_n && hand_over(q, e) < 0)) return -1;
	while (q->emptied < q->filled)
		if (empty_oldest(q, e) < 0) return -1;
	return 0;
}

int squeeze_end(struct squeeze *q, char hex[SHA256_HEX + 1], struct err *e)
{
	if (squeeze_flush(q, e) < 0) return -1;
	if (begin_file(q, e) < 0 || put_seal(q, e) < 0) return -1;
	sha256_end(&q->hash, hex);
	return 0;
}
