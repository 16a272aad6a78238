#include "lib/base/sha256.h"

#include <string.h>
#include <strings.h>

enum { BLOCK = 64 };

static const uint32_t k256[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

static bool cpu_hashes(void)
{
	unsigned a, b, c, d, b7;

	if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d) || !__get_cpuid(1, &a, &b, &c, &d))
		return false;
	return (b7 & bit_SHA) && (c & bit_SSSE3) && (c & bit_SSE4_1);
}

/* The instructions keep the eight words as (a b e f) and (c d g h). */
__attribute__((target("sha,sse4.1,ssse3")))
static void hash_fast(uint32_t state[8], const unsigned char *p, size_t blocks)
{
	const __m128i bytes = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i abcd = _mm_loadu_si128((const __m128i *)(const void *)state);
	__m128i efgh = _mm_loadu_si128((const __m128i *)(const void *)state + 1);
	__m128i badc = _mm_shuffle_epi32(abcd, 0xb1), hgfe = _mm_shuffle_epi32(efgh, 0x1b);
	__m128i abef = _mm_alignr_epi8(badc, hgfe, 8);
	__m128i cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);

	for (; blocks; blocks--, p += 64) {
		__m128i w[4], old_abef = abef, old_cdgh = cdgh;
		int i;

#pragma GCC unroll 16
		for (i = 0; i < 16; i++) {
			__m128i *now = &w[i & 3], last = w[(i + 3) & 3], sum;

			if (i < 4) {
				*now = _mm_loadu_si128((const __m128i *)p + i);
				*now = _mm_shuffle_epi8(*now, bytes);
			} else {
				*now = _mm_sha256msg1_epu32(*now, w[(i + 1) & 3]);
				*now = _mm_add_epi32(*now,
				                     _mm_alignr_epi8(last, w[(i + 2) & 3], 4));
				*now = _mm_sha256msg2_epu32(*now, last);
			}
			sum = _mm_add_epi32(*now, _mm_load_si128((const __m128i *)k256 + i));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
		}
		abef = _mm_add_epi32(abef, old_abef);
		cdgh = _mm_add_epi32(cdgh, old_cdgh);
	}
	badc = _mm_shuffle_epi32(abef, 0x1b);
	hgfe = _mm_shuffle_epi32(cdgh, 0xb1);
	abcd = _mm_blend_epi16(badc, hgfe, 0xf0);
	efgh = _mm_alignr_epi8(hgfe, badc, 8);
	_mm_storeu_si128((__m128i *)(void *)state, abcd);
	_mm_storeu_si128((__m128i *)(void *)state + 1, efgh);
}
#else
static bool cpu_hashes(void)
{
	return false;
}

static void hash_fast(uint32_t state[8], const unsigned char *p, size_t blocks)
{
	(void)state, (void)p, (void)blocks;
}
#endif

static uint32_t turn(uint32_t v, int n)
{
	return v >> n | v << (32 - n);
}

static uint32_t get32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* Sixteen rounds; then the next sixteen words. The eight words of the state change their places
 * instead of being moved: unrolled, all indices are constants. */
static inline void hash_rounds(uint32_t v[8], uint32_t w[16], const uint32_t *k)
{
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		uint32_t a = v[-i & 7], b = v[(1 - i) & 7], c = v[(2 - i) & 7];
		uint32_t e = v[(4 - i) & 7], f = v[(5 - i) & 7], g = v[(6 - i) & 7];
		uint32_t *h = &v[(7 - i) & 7];

		*h += (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + k[i] +
		      w[i];
		v[(3 - i) & 7] += *h;
		*h += (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)));
	}
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		uint32_t early = w[(i + 1) & 15], late = w[(i + 14) & 15];

		w[i] += (turn(early, 7) ^ turn(early, 18) ^ early >> 3) + w[(i + 9) & 15] +
			(turn(late, 17) ^ turn(late, 19) ^ late >> 10);
	}
}

static void hash_block(uint32_t state[8], const unsigned char *p)
{
	uint32_t w[16], v[8];

	memcpy(v, state, sizeof v);
	for (int i = 0; i < 16; i++) w[i] = get32(p + 4 * i);
	for (int i = 0; i < 64; i += 16) hash_rounds(v, w, k256 + i);
	for (int i = 0; i < 8; i++) state[i] += v[i];
}

static void hash_blocks(struct sha256 *h, const unsigned char *p, size_t blocks)
{
	if (h->fast) hash_fast(h->state, p, blocks);
	else for (; blocks; blocks--, p += BLOCK) hash_block(h->state, p);
}

void sha256_begin(struct sha256 *h)
{
	*h = (struct sha256){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
			   0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
		.fast = cpu_hashes(),
	};
}

void sha256_add(struct sha256 *h, const void *data, size_t n)
{
	const unsigned char *p = data;
	size_t part = h->length % BLOCK, lead = part ? BLOCK - part : 0;

	h->length += n;
	if (lead > n) lead = n;
	if (lead) memcpy(h->part + part, p, lead);
	if (lead && part + lead == BLOCK) hash_blocks(h, h->part, 1);
	p += lead;
	n -= lead;
	hash_blocks(h, p, n / BLOCK);
	if (n % BLOCK) memcpy(h->part, p + n - n % BLOCK, n % BLOCK);
}

void sha256_digest(const struct sha256 *h, unsigned char digest[SHA256_SIZE])
{
	static const unsigned char end[BLOCK] = { 0x80 };
	struct sha256 last = *h;
	unsigned char length[8];

	put32(length, (uint32_t)(h->length >> 29));
	put32(length + 4, (uint32_t)(h->length << 3));
	sha256_add(&last, end, 1 + (BLOCK + 55 - h->length % BLOCK) % BLOCK);
	sha256_add(&last, length, sizeof length);
	for (int i = 0; i < 8; i++) put32(digest + 4 * i, last.state[i]);
}

void sha256_end(const struct sha256 *h, char hex[SHA256_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[SHA256_SIZE];

	sha256_digest(h, digest);
	for (size_t i = 0; i < sizeof digest; i++) {
		hex[2 * i] = digits[digest[i] >> 4];
		hex[2 * i + 1] = digits[digest[i] & 15];
	}
	hex[SHA256_HEX] = 0;
}

bool sha256_is_hex(const char *s)
{
	return strspn(s, "0123456789abcdefABCDEF") == SHA256_HEX && !s[SHA256_HEX];
}

bool sha256_same(const char *a, const char *b)
{
	return sha256_is_hex(a) && !strcasecmp(a, b);
}
