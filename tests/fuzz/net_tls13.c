/* What a server may send to our TLS 1.3 client, with the keys that both know: the input says
 * which steps of an honest server come, what is changed in their messages, and which messages,
 * records and bytes come in between. Only a server that has signed the transcript may get as
 * far as data. */

#include "tests/unit/tls13_server.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { ACTIONS_MAX = 64 };

struct script {
	const uint8_t *p;
	size_t n;
	bool is_changed;		/* the message of this step */
	bool has_signed;
	unsigned step;
};

static struct script *script;		/* for change, which has no argument of its own */

static void demand(bool truth)
{
	if (!truth) abort();
}

static unsigned next(void)
{
	if (!script->n) return 0;
	script->n--;
	return *script->p++;
}

static struct octets next_bytes(void)
{
	size_t n = next() << 8;
	struct octets b = { script->p, 0, false };

	n |= next();
	b.p = script->p;
	b.n = n < script->n ? n : script->n;
	script->p += b.n;
	script->n -= b.n;
	return b;
}

/* Change up to three bytes of a message, or its length. */
static void change(struct server *s, struct server_message *m)
{
	const struct server_message *before = arena_memdup(&s->m, m, sizeof *m);
	unsigned edits = next() % 4;
	size_t at;

	for (; edits; edits--) {
		at = next();
		if (at == 255) at += next();
		if (at < m->n) m->p[at] = (unsigned char)next();
		else if (at % 2 && m->n > MESSAGE_HEAD) m->p[3]--, m->n--;
		else m->p[3]++, m->p[m->n++] = (unsigned char)next();
	}
	script->is_changed = m->n != before->n || memcmp(m->p, before->p, m->n);
}

/* The next step of an honest server. */
static void step(struct server *s)
{
	script->is_changed = false;
	switch (script->step++) {
	case 0:
		if (s->retry_group || s->cookie) server_retry(s);
		break;
	case 1: server_hello(s); break;
	case 2: server_ccs(s); break;
	case 3: server_extensions(s); break;
	case 4:
		if (s->asks) server_request(s);
		break;
	case 5: server_chain(s); break;
	case 6:
		server_verify(s);
		script->has_signed = !script->is_changed;
		break;
	case 7: server_finished(s); break;
	}
}

static void send_raw(struct server *s, bool is_message)
{
	unsigned type = next();
	struct octets b = next_bytes();
	struct octets_out out;

	if (!is_message) {
		server_record(s, (int)type, b.p, b.n < PLAIN_MAX ? b.n : PLAIN_MAX);
		return;
	}
	out = server_begin(s, (enum message_type)type);
	octets_put_bytes(&out, b.p, b.n);
	server_end(s, &out);
}

static void act(struct server *s)
{
	struct octets b;

	switch (next() % 12) {
	default:
		step(s);
		break;
	case 6: send_raw(s, true); break;
	case 7: send_raw(s, false); break;
	case 8:
		b = next_bytes();
		server_give(s, b.p, b.n);
		break;
	case 9:
		if (tls13_state(s->client) & BR_SSL_SENDAPP)
			tls13_write(s->client, (const unsigned char *)"question", 8);
		break;
	case 10:
		if (s->out.suite) record_keys_update(&s->out);
		break;
	case 11: tls13_close(s->client); break;
	}
}

static void check_end(struct server *s)
{
	struct err e = { 0 };

	server_hear(s);
	if (tls13_has_failed(s->client)) {
		demand(tls13_state(s->client) == BR_SSL_CLOSED);
		demand(tls13_fail(s->client, &e) == -1 && e.kind && *e.text);
	}
	if (tls13_state(s->client) & BR_SSL_SENDAPP || s->got_len)
		demand(script->has_signed && s->trust->n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const int groups[] = { 0, 0, GROUP_P256, GROUP_P384 };
	static const size_t steps[] = { SIZE_MAX, 1, 7, 2000 };
	struct script input = { .p = data, .n = n };
	unsigned how, i;
	struct server *s;

	script = &input;
	how = next();
	s = server_open(how & 128 ? "192.0.2.7" : "host.example", 0x1301 + how % 3);
	s->retry_group = groups[how >> 2 & 3];
	s->cookie = how & 16 ? "cookie" : NULL;
	s->asks = how & 32;
	how = next();
	s->step = steps[how & 3];
	s->fragment = steps[how >> 2 & 3];
	if (how & 16) SERVER_CHAIN(s, below_cert);
	else SERVER_CHAIN(s, leaf_cert);
	if (how & 32) SERVER_CHAIN(s, exchange_cert);
	SERVER_CHAIN(s, middle_cert);
	s->twist = change;
	s->is_deaf = true;
	server_hear(s);
	for (i = 0; i < ACTIONS_MAX && input.n; i++)
		act(s);
	check_end(s);
	server_close(s);
	return 0;
}
