/* seal.c - fuzzes the file of an exported head (`purse verify --head`): accepted only if its signer
 * signed exactly that. Input: the file; "@" stands for a head that we export. */
#include "tests/fuzz/fuzz.h"
#include "tools/purse_seal.c"

static void
hex_text(char *out, const unsigned char *bytes, size_t n)
{
	sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

/* As head_print() writes it. */
static const char *
head_text(const struct seal_head *h)
{
	static char out[1024];
	char at[INSTANT_TEXT], head[2 * SEAL_HEAD + 1], signature[2 * SEAL_SIGNATURE + 1],
		signer[2 * SEAL_PUBLIC + 1];

	instant_format(h->at, at);
	hex_text(head, h->head, SEAL_HEAD);
	hex_text(signature, h->signature, SEAL_SIGNATURE);
	hex_text(signer, h->signer, SEAL_PUBLIC);
	(void)snprintf(out, sizeof out,
		"{\"number\": %" PRId64 ", \"head\": \"%s\", \"signed_at\": \"%s\","
		" \"signature\": \"%s\", \"signer\": \"%s\"}\n",
		h->number, head, at, signature, signer);
	return out;
}

static const struct seal_head *
our_head(void)
{
	static const unsigned char seed[crypto_sign_SEEDBYTES] = { 1 };
	static struct seal_head h;
	struct seal_key key;

	if (h.number != 0)
		return &h;
	h.number = 41;
	h.at = INT64_C(1795413839000001);
	memset(h.head, 5, sizeof h.head);
	crypto_sign_seed_keypair(key.public, key.secret, seed);
	seal_head_sign(&h, &key);
	return &h;
}

FUZZ_TARGET(seal)
{
	const struct seal_head *ours = our_head();
	size_t bytes;
	const char *text = fuzz_rest(in, &bytes), *at = strchr(text, '@');
	struct seal_head h = { 0 };

	if (at != NULL) {
		text = arena_printf(in->arena, "%.*s%s%s", (int)(at - text), text, head_text(ours),
			at + 1);
		bytes = strlen(text);
	}
	if (!head_parse(text, bytes, &h))
		return;
	CHECK(h.number == ours->number && h.at == ours->at, "%s", text);
	CHECK(memcmp(h.head, ours->head, sizeof h.head) == 0, "%s", text);
	CHECK(memcmp(h.signer, ours->signer, sizeof h.signer) == 0, "%s", text);
}
