/* What the files of the TLS 1.3 client share
 *
 * All but client.c are functions of their arguments. Section numbers are those of RFC 8446.
 */
#ifndef NET_TLS13_IMPL_H
#define NET_TLS13_IMPL_H

#include "lib/net/tls13/client.h"

enum record_type { RECORD_CCS = 20, RECORD_ALERT, RECORD_HANDSHAKE, RECORD_DATA };

enum message_type {
	CLIENT_HELLO = 1, SERVER_HELLO = 2, NEW_SESSION_TICKET = 4, ENCRYPTED_EXTENSIONS = 8,
	CERTIFICATE = 11, CERTIFICATE_REQUEST = 13, CERTIFICATE_VERIFY = 15, FINISHED = 20,
	KEY_UPDATE = 24, MESSAGE_HASH = 254,
};

enum extension {
	EXT_SERVER_NAME = 0, EXT_GROUPS = 10, EXT_POINT_FORMATS = 11, EXT_ALGORITHMS = 13,
	EXT_ALPN = 16, EXT_PADDING = 21, EXT_VERSIONS = 43, EXT_COOKIE = 44, EXT_KEY_SHARE = 51,
};

enum alert {
	ALERT_CLOSE = 0, ALERT_UNEXPECTED = 10, ALERT_BAD_MAC = 20, ALERT_OVERFLOW = 22,
	ALERT_HANDSHAKE = 40, ALERT_BAD_CERTIFICATE = 42, ALERT_UNSUPPORTED_CERTIFICATE = 43,
	ALERT_EXPIRED = 45, ALERT_ILLEGAL = 47, ALERT_UNKNOWN_CA = 48, ALERT_DECODE = 50,
	ALERT_DECRYPT = 51, ALERT_VERSION = 70, ALERT_SECURITY = 71, ALERT_CANCELED = 90,
	ALERT_MISSING = 109, ALERT_EXTENSION = 110, ALERT_NAME = 112,
	ALERT_CERTIFICATE_REQUIRED = 116, ALERT_ALPN = 120,
};

enum {
	HASH_MAX = 48, SHARED_MAX = 48, POINT_MAX = 97, TAG = 16, RECORD_HEAD = 5,
	MESSAGE_HEAD = 4, PLAIN_MAX = 16384, SEALED_MAX = PLAIN_MAX + 256,
	RECORD_MAX = RECORD_HEAD + SEALED_MAX, COOKIE_MAX = 4096,
	HELLO_MAX = COOKIE_MAX + 1024,
};

/* -- faults.c: what the server did wrong -- */

enum breach_kind {
	BREACH_RULES,		/* the protocol; `what` says which rule */
	BREACH_CHANGED,		/* somebody changed the bytes */
	BREACH_NOT_TLS,
	BREACH_OLD,		/* TLS 1.1 or less */
	BREACH_DOWNGRADE,	/* see tls_fail_downgrade */
	BREACH_KEYLESS,		/* the signature is not of the certificate's key */
	BREACH_USAGE,		/* the certificate is not for signatures */
	BREACH_CHAIN,		/* trust_fail has the sentence for `code` */
	BREACH_ALERT,		/* the server sent the alert `code` */
};

struct breach {
	enum breach_kind kind;
	int alert;		/* for the server; -1: none */
	int code;
	const char *what;
};

/* All return -1. */
int breach(struct breach *b, enum breach_kind kind, int alert);
int breach_rule(struct breach *b, int alert, const char *what);
int breach_lengths(struct breach *b);

int breach_fail(const struct breach *b, const struct trust *t, struct err *e);

/* -- wire.c: numbers and vectors -- */

/* Bytes that are being read. Reading more than there is gives 0 or nothing, and sets `bad`. */
struct octets {
	const unsigned char *p;
	size_t n;
	bool bad;
};

unsigned octets_number(struct octets *in, unsigned bytes);

struct octets octets_bytes(struct octets *in, size_t n);

/* A vector: its length in so many bytes, then its contents. */
struct octets octets_vector(struct octets *in, unsigned bytes);

/* Whether all was read, and no more. */
bool octets_is_done(const struct octets *in);

/* Take the next extension of a list. Returns false at the end, and after a fault. */
bool octets_extension(struct octets *list, unsigned *type, struct octets *body);

/* Bytes that are being written; the caller provides room for all of them. */
struct octets_out {
	unsigned char *p;
	size_t n;
};

void octets_put(struct octets_out *out, unsigned value, unsigned bytes);
void octets_put_bytes(struct octets_out *out, const void *p, size_t n);

/* What is written between the two becomes a vector, its length in so many bytes. */
size_t octets_begin(struct octets_out *out, unsigned bytes);
void octets_end(struct octets_out *out, size_t begin, unsigned bytes);

/* -- keys.c: suites and the key schedule (7.1) -- */

struct suite {
	uint16_t id;
	unsigned char hash_id;		/* br_sha256_ID or br_sha384_ID */
	unsigned char hash_len, key_len;
	bool is_chacha;
	char name[29];
};

/* The suites in the order of preference, SUITES_13 of them. */
enum { SUITES_13 = 3 };
void suites_list(uint16_t list[SUITES_13]);
const struct suite *suite_find(unsigned id);	/* NULL: not ours */

/* HKDF-Expand-Label; `n` is at most one hash long. */
void hkdf_expand(const struct suite *s, const unsigned char *secret, const char *label,
                 const unsigned char *context, size_t context_len, unsigned char *out,
                 size_t n);

/* The handshake secret from the shared secret, the master secret from the handshake's, and the
 * secret of one direction from one of these and the hash of the transcript. */
void schedule_handshake(const struct suite *s, const unsigned char *shared, size_t n,
                        unsigned char *out);
void schedule_master(const struct suite *s, const unsigned char *handshake, unsigned char *out);
void schedule_traffic(const struct suite *s, const unsigned char *secret, const char *label,
                      const unsigned char *transcript, unsigned char *out);

/* What Finished has to contain. */
void schedule_finished(const struct suite *s, const unsigned char *traffic,
                       const unsigned char *transcript, unsigned char *out);

/* Whether secret bytes are equal, in the same time whether or not. */
bool secret_same(const unsigned char *a, const unsigned char *b, size_t n);

/* -- share.c: (EC)DHE (4.2.8) -- */

enum { GROUP_P256 = 23, GROUP_P384 = 24, GROUP_X25519 = 29 };

struct share {
	int group;
	unsigned char key[48], point[POINT_MAX];
	size_t key_len, point_len;
};

bool share_knows(unsigned group);
void share_make(struct share *s, int group, const unsigned char chance[48]);

/* Returns the length of the shared secret, 0 if the server's point is not valid. */
size_t share_agree(const struct share *s, const unsigned char *point, size_t n,
                   unsigned char out[SHARED_MAX]);

/* -- record.c: records and their protection (5) -- */

struct record_keys {
	const struct suite *suite;	/* NULL: not encrypted */
	unsigned char secret[HASH_MAX], key[32], iv[12];
	uint64_t count;
	br_aes_gen_ctr_keys aes;	/* this and the next two for AES-GCM */
	br_ghash ghash;
	unsigned char ghash_key[16];
};

/* Begin with the keys of a traffic secret. */
void record_keys_set(struct record_keys *k, const struct suite *s, const unsigned char *secret);
void record_keys_update(struct record_keys *k);

/* Make a record of the `n` bytes at `record` + RECORD_HEAD. Returns its whole length, at most
 * TAG + 1 bytes more than its parts. `version` is for one that is not encrypted. */
size_t record_seal(struct record_keys *k, enum record_type type, unsigned version,
                   unsigned char *record, size_t n);

/* The whole length of the record that begins with these RECORD_HEAD bytes; 0 after a breach. */
size_t record_size(const struct record_keys *k, const unsigned char *head, bool is_first,
                   struct breach *b);

/* Open a whole record in place. Returns its type and content; -1 after a breach. */
int record_open(struct record_keys *k, unsigned char *record, size_t size,
                struct octets *content, struct breach *b);

/* -- hello.c: what is offered and what is chosen (4.1, 4.2) -- */

struct hello {
	const char *name;		/* NULL: the host is an address */
	unsigned char random[32], session[32];
	struct share share;
	unsigned char cookie[COOKIE_MAX];
	size_t cookie_len;
	bool is_retry;			/* the server has asked for this second one */
};

/* Returns the length of the whole message, at most HELLO_MAX. */
size_t hello_write(const struct hello *h, unsigned char *out);

struct server_hello {
	bool is_older, is_retry;	/* older: the server chose TLS 1.2 */
	const struct suite *suite;
	int group;			/* 0: none */
	struct octets point, cookie;
};

/* Each reads the body of a message, and returns -1 after a breach. */
int hello_read(const struct hello *h, struct octets body, struct server_hello *s,
               struct breach *b);
int extensions_read(const struct hello *h, struct octets body, struct breach *b);
int request_read(struct octets body, struct breach *b);
int ticket_read(struct octets body, struct breach *b);

/* -- authentication.c: whom we speak with (4.4) -- */

/* Read the server's certificates and have them judged. */
int chain_read(struct octets body, struct trust *t, struct breach *b);

/* Check the signature of the judged certificate's key over the transcript. */
int verify_read(struct octets body, const struct trust *t, const unsigned char *transcript,
                size_t n, struct breach *b);

/* -- signature.c -- */

/* The algorithms that we accept in TLS 1.3. */
enum { ALGORITHMS_13 = 6 };
uint16_t algorithm_at(int i);

/* Verify a signature of `data`. Returns 1, 0 if it is wrong, -1 if the algorithm is not ours or
 * not for this kind of key. */
int signature_check(const br_x509_pkey *key, unsigned algorithm, const void *data, size_t n,
                    const unsigned char *signature, size_t len);

#endif
