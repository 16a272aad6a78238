#include "lib/net/challenge.h"

#include "lib/base/auto.h"
#include "tests/unit/test.h"

static void has(const char *text, const char *name, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	const char *value = challenge_get(&m, text, name);

	CHECK_STR(value ? value : "none", want);
}

TEST(schemes)
{
	CHECK(challenge_is("Bearer realm=\"a\"", "bearer") && challenge_is("basic", "Basic"));
	CHECK(!challenge_is("Bearerx a=b", "Bearer") && !challenge_is("", "Basic"));
}

TEST(parameters)
{
	const char *text = "Bearer realm=\"https://a/t?x=1,2\", service=s ,scope=x";

	has(text, "realm", "https://a/t?x=1,2");
	has(text, "Service", "s");
	has("Bearer a=\"1\",scope=\"x y\"", "scope", "x y");
	has("Bearer a=\"\\\"1\\\\\",b=2", "a", "\"1\\");
	has("Bearer a=\"\",b=2", "a", "");
	has("Bearer a=1,Basic b=2", "b", "none");
	has("Bearer", "realm", "none");
	has("", "realm", "none");
	has("Bearer realm=\"open", "realm", "open");
	has("Bearer realm=\"open\\", "realm", "open\\");
	has("Bearer =x,realm=y", "realm", "none");
}
