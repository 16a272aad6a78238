#include "lib/gpu/nvidia.h"

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static const char *joined(struct arena *m, char *const *words)
{
	return *words ? words_join(m, words, "\n") : "";
}

TEST(only_clean_paths_count_and_each_once)
{
	AUTOFREE struct arena m = { 0 };
	size_t odd;

	CHECK_STR(joined(&m, nvidia_paths(&m, "/a/b\n\n/a/b\n/c\n", &odd)), "/a/b\n/c");
	CHECK_INT(odd, 0);
	CHECK_STR(joined(&m, nvidia_paths(&m, "a\n/\n/a/../b\n/a/./b\n/a//b\n/a b\n/a:b\n/a,b\n"
	                                      "/a\\b\n/a/\n"
	                                      "/a\"b\n/ok", &odd)), "/ok");
	CHECK_INT(odd, 11);
}

static const struct nvidia_file files[] = {
	{ .path = "/usr/lib/x/libcuda.so.1.2", .type = NVIDIA_FILE, .library = true,
	  .soname = "libcuda.so.1" },
	{ .path = "/usr/lib/x/libc.so.6", .type = NVIDIA_FILE, .library = true,
	  .soname = "libc.so.6" },
	{ .path = "/usr/lib/x/evil.so", .type = NVIDIA_FILE, .library = true,
	  .soname = "../../etc/x" },
	{ .path = "/usr/lib/i/libcuda.so.1.2", .type = NVIDIA_FILE, .library = true,
	  .is_32 = true, .soname = "libc.so.6" },
	{ .path = "/usr/lib/x/gone.so", .type = NVIDIA_ABSENT, .library = true },
	{ .path = "/dev/nvidia0", .type = NVIDIA_DEVICE },
	{ .path = "/usr/bin/nvidia-smi", .type = NVIDIA_FILE },
	{ .path = "/usr/lib", .type = NVIDIA_FOLDER },
	{ .path = "/dev/shm", .type = NVIDIA_FOLDER },
};

TEST(each_library_is_bound_alone_and_the_c_library_never)
{
	AUTOFREE struct arena m = { 0 };
	struct nvidia nv;

	nvidia_make(&m, files, sizeof files / sizeof *files, &nv);
	CHECK_STR(joined(&m, nvidia_bind_words(&m, &nv.binds)), arena_printf(&m,
	          "--bind=/dev/nvidia0\n"
	          "--bind-ro=/usr/bin/nvidia-smi\n"
	          "--bind-ro=/usr/lib/x/libcuda.so.1.2:/run/jlmkr-nvidia/lib64/libcuda.so.1.2\n"
	          "--bind-ro=/usr/lib/x/evil.so:/run/jlmkr-nvidia/lib64/evil.so\n"
	          "--bind-ro=/usr/lib/i/libcuda.so.1.2:/run/jlmkr-nvidia/lib32/libcuda.so.1.2\n"
	          "--bind-ro=%s:/run/jlmkr-nvidia", nv.farm));
	CHECK_STR(joined(&m, words_list(&nv.places)), "/usr/bin/nvidia-smi");
	CHECK_INT(nv.entry_count, 4);
	CHECK_STR(nv.entries[3].name, "libcuda.so.1");
	CHECK_STR(nv.entries[3].target, "libcuda.so.1.2");
}
