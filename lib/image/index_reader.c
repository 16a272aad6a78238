/* Splits a list of images into products as it arrives. Only brackets, commas and strings are
 * looked at here; each product is then read as JSON of its own. */

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/image/impl.h"
#include "lib/image/index.h"
#include "lib/text/json.h"

enum { PRODUCT_MAX = 2 << 20, PRODUCT_VALUES_MAX = 200000, KEY_MAX = 16 };

#define LIST "the list of images"

struct index_reader {
	struct arena *m;
	struct index_images all;
	struct str product;		/* the bytes of the current one, with its key */
	const char *run;		/* those that are not copied yet; NULL: none */
	uint64_t done;			/* bytes before this one */
	unsigned depth;			/* brackets that are open */
	uint64_t curly;			/* which of them are braces; lowest bit: the last */
	bool quoted, escaped;
	char key[KEY_MAX];		/* the last string in the outermost object */
	size_t key_n;
	bool inside, found;		/* in the object "products"; there was one */
	bool begun;
};

struct index_reader *image_index_begin(struct arena *m)
{
	struct index_reader *r = arena_alloc(m, sizeof *r);

	r->m = r->product.m = m;
	return r;
}

static int fail_here(const struct index_reader *r, struct err *e)
{
	return fail(e, ERR_NETWORK, LIST ": not JSON from byte %llu on",
	            (unsigned long long)r->done);
}

/* Copy the bytes of the product up to `end`. */
static int end_run(struct index_reader *r, const char *end, struct err *e)
{
	size_t n = r->run ? (size_t)(end - r->run) : 0;

	if (n > PRODUCT_MAX - r->product.len)
		return fail(e, ERR_NETWORK, LIST ": a product of more than %d bytes",
		            PRODUCT_MAX);
	str_addn(&r->product, r->run, n);
	r->run = NULL;
	return 0;
}

static int end_product(struct index_reader *r, const char *end, struct err *e)
{
	struct json *root;
	size_t n;

	if (end_run(r, end, e) < 0) return -1;
	n = r->product.len;
	if (n == 1 || 1 + strspn(r->product.s + 1, " \t\r\n") == n) return 0;
	str_addc(&r->product, '}');
	root = json_open_within(r->product.s, r->product.len, PRODUCT_VALUES_MAX, e);
	if (!root) {
		if (e) e->kind = ERR_NETWORK;
		return fail_in(e, LIST ", the product that ends at byte %llu",
		               (unsigned long long)r->done);
	}
	index_add(r->m, &r->all, json_first(root));
	json_close(root);
	return 0;
}

static void begin_product(struct index_reader *r, const char *at)
{
	r->product.len = 0;
	str_addc(&r->product, '{');
	r->run = at;
}

static void quoted_byte(struct index_reader *r, char c)
{
	if (r->escaped) r->escaped = false;
	else if (c == '\\') r->escaped = true;
	else if (c == '"') r->quoted = false;
	if (r->depth == 1 && r->quoted && r->key_n < KEY_MAX) r->key[r->key_n++] = c;
}

static bool is_products(const struct index_reader *r)
{
	return r->key_n == strlen("products") && !memcmp(r->key, "products", r->key_n);
}

static int open_bracket(struct index_reader *r, const char *p, struct err *e)
{
	bool in_object = r->depth == 1 && r->curly & 1;

	if (r->depth == JSON_DEPTH_MAX)
		return fail(e, ERR_NETWORK, LIST ": JSON of more than %d levels",
		            JSON_DEPTH_MAX);
	r->curly = r->curly << 1 | (*p == '{');
	r->depth++;
	if (!in_object || *p != '{' || !is_products(r)) return 0;
	r->inside = r->found = true;
	begin_product(r, p + 1);
	return 0;
}

static int close_bracket(struct index_reader *r, const char *p, struct err *e)
{
	if (!r->depth || (r->curly & 1) != (*p == '}')) return fail_here(r, e);
	r->curly >>= 1;
	if (r->depth-- != 2 || !r->inside) return 0;
	r->inside = false;
	return end_product(r, p, e);
}

static int end_if_comma(struct index_reader *r, const char *p, struct err *e)
{
	if (*p != ',' || r->depth != 2 || !r->inside) return 0;
	if (end_product(r, p, e) < 0) return -1;
	begin_product(r, p + 1);
	return 0;
}

static int plain_byte(struct index_reader *r, const char *p, struct err *e)
{
	bool blank = *p == ' ' || *p == '\t' || *p == '\r' || *p == '\n';

	if (!r->depth && !blank && (r->begun || (*p != '{' && *p != '[')))
		return fail_here(r, e);
	r->begun |= !blank;
	if (*p == '{' || *p == '[') return open_bracket(r, p, e);
	if (*p == '}' || *p == ']') return close_bracket(r, p, e);
	if (*p != '"') return end_if_comma(r, p, e);
	r->quoted = true;
	if (r->depth == 1) r->key_n = 0;
	return 0;
}

int image_index_feed(struct index_reader *r, const char *data, size_t n, struct err *e)
{
	const char *end = data + n;

	if (n > IMAGE_INDEX_MAX - r->done)
		return fail(e, ERR_NETWORK, "larger than %llu bytes",
		            (unsigned long long)IMAGE_INDEX_MAX);
	r->run = r->inside ? data : NULL;
	for (const char *p = data; p < end; p++, r->done++) {
		if (r->quoted) quoted_byte(r, *p);
		else if (plain_byte(r, p, e) < 0) return -1;
	}
	return end_run(r, end, e);
}

int image_index_end(struct index_reader *r, struct image_index *x, struct err *e)
{
	bool whole = r->begun && !r->depth && !r->quoted, found = r->found;
	const int rc = whole ? 0 : fail_here(r, e);

	*x = r->all.x;
	r->product.len = 0;
	*r = (struct index_reader){ .m = r->m, .all = r->all, .product = r->product };
	if (rc < 0) return -1;
	if (!found) return fail(e, ERR_NETWORK, LIST " has no products");
	image_index_sort(x);
	return 0;
}

int image_index_parse(struct arena *m, const char *text, size_t n, struct image_index *x,
                      struct err *e)
{
	struct index_reader *r = image_index_begin(m);
	int rc = image_index_feed(r, text, n, e);

	*x = (struct image_index){ 0 };
	return rc < 0 ? -1 : image_index_end(r, x, e);
}
