/* digest.c - BLAKE2b over a list of parts; see digest.h. */
#include "common/base/digest.h"

#include <stdint.h>
#include <string.h>

void
digest_begin(struct digest *d, size_t bytes)
{
	d->bytes = bytes;
	crypto_generichash_init(&d->state, NULL, 0, bytes);
}

void
digest_add_raw(struct digest *d, const void *bytes, size_t count)
{
	crypto_generichash_update(&d->state, bytes, count);
}

/* A length that no part has marks NULL, so it differs from an empty part. */
void
digest_add(struct digest *d, const void *part, size_t bytes)
{
	uint64_t length = part != NULL ? bytes : UINT64_MAX;

	digest_add_raw(d, &length, sizeof length);
	if (part != NULL)
		digest_add_raw(d, part, bytes);
}

void
digest_add_text(struct digest *d, const char *text)
{
	digest_add(d, text, text != NULL ? strlen(text) : 0);
}

void
digest_end(struct digest *d, unsigned char *out)
{
	crypto_generichash_final(&d->state, out, d->bytes);
}
