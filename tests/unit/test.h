/* A test is TEST(name) { ... } with CHECKs in it, nothing to list or register
 *
 * Each file in tests/unit is a program of its own, linked with all of our
 * objects but applets/main.c. It runs its tests in the order they are written,
 * or those that its arguments name, and prints one line for each:
 *
 *	ok NAME
 *	not ok NAME: FILE:LINE: what was wrong
 *	skip NAME: why
 *
 * The first CHECK that does not hold ends its test, from however deep, without
 * running the cleanups on the way. The exit status is 1 when one failed. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

struct test {
	const char *name;
	void (*run)(void);
	struct test *next;
};

void test_add(struct test *t);

#define TEST(name_) \
	static void test_##name_(void); \
	__attribute__((constructor)) static void test_add_##name_(void) \
	{ \
		static struct test t = { .name = #name_, .run = test_##name_ }; \
		test_add(&t); \
	} \
	static void test_##name_(void)

/* Each evaluates its arguments once; what was expected is on the right. */
#define CHECK(cond) \
	((cond) ? (void)0 : test_fail(__FILE__, __LINE__, "not so: %s", #cond))
#define CHECK_INT(is, want) test_int(__FILE__, __LINE__, #is, (is), (want))
#define CHECK_STR(is, want) test_str(__FILE__, __LINE__, #is, (is), (want))

/* Give up on this test for a reason that is no fault of the code. */
#define SKIP(why) test_skip(why)

__attribute__((noreturn, format(printf, 3, 4)))
void test_fail(const char *file, int line, const char *fmt, ...);
__attribute__((noreturn)) void test_skip(const char *why);
void test_int(const char *file, int line, const char *what, long long is, long long want);
void test_str(const char *file, int line, const char *what, const char *is, const char *want);

#endif
