/* List the uppermost directories of the tree, level by level, until there are enough. Those
 * that contain others of the list stay; the rest are removed by several threads, each taking
 * the next one. No two threads work in the same directory. */

#include "lib/disk/tree_impl.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"
#include "lib/disk/tree.h"

/* Each directory needs a descriptor. More threads would only wait for each other in the file
 * system. */
enum { DIRECTORIES = 256, THREADS = 8 };

struct directory {
	int fd, above;		/* descriptors of it and of its parent */
	const char *name;
	bool stays;
};

struct tops {
	struct arena m;
	struct directory v[DIRECTORIES];
	size_t n;
	atomic_size_t next;	/* the next one to remove */
};

static bool add_directory(struct tops *t, int above, const char *name)
{
	int fd = tree_open(above, name);

	if (fd < 0) return false;
	t->v[t->n++] = (struct directory){ .fd = fd, .above = above,
	                                   .name = arena_strdup(&t->m, name) };
	return true;
}

/* Add the directories in `fd` to the list. Returns whether there were any. */
static bool list_directories(struct tops *t, int fd)
{
	AUTODIR DIR *d = dir_names(fd);
	struct dirent *entry;
	bool any = false;

	while (d && t->n < DIRECTORIES && (entry = readdir(d)))
		if (entry->d_type == DT_DIR && !is_dots(entry->d_name))
			any |= add_directory(t, fd, entry->d_name);
	return any;
}

static void *remove_some(void *arg)
{
	struct tops *t = arg;
	size_t i;

	while ((i = atomic_fetch_add(&t->next, 1)) < t->n && check_signal(NULL) == 0)
		if (!t->v[i].stays)
			tree_remove_open(t->v[i].above, t->v[i].name, NULL,
			                 take_fd(&t->v[i].fd), NULL);
	return NULL;
}

static void remove_all(struct tops *t)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN), begun = 0;
	pthread_t thread[THREADS];

	while (begun < cores - 1 && begun < THREADS &&
	       pthread_create(&thread[begun], NULL, remove_some, t) == 0)
		begun++;
	remove_some(t);
	while (begun--)
		pthread_join(thread[begun], NULL);
}

void tree_thin_out(int top)
{
	struct tops t = { .n = 0 };

	list_directories(&t, top);
	for (size_t i = 0; i < t.n && t.n < DIRECTORIES; i++)
		t.v[i].stays = list_directories(&t, t.v[i].fd);
	if (t.n > 1) remove_all(&t);
	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].fd >= 0) close(t.v[i].fd);
	arena_free(&t.m);
}
