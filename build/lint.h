/* For clang-tidy only, put in front of each file: what a reader knows of
 * fail(), and an analyzer that sees one file at a time does not. */
#include "lib/base/err.h"

#define fail(...) (fail(__VA_ARGS__), -1)
#define fail_sys(...) (fail_sys(__VA_ARGS__), -1)
#define fail_in(...) (fail_in(__VA_ARGS__), -1)
