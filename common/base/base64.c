/* base64.c - reads base64url; see base64.h. */
#include "common/base/base64.h"

#include <sodium.h>

static bool
is_digit(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_';
}

/* libsodium 1.0.18 reads some bytes above 0x7f as '_', so the characters are checked first. */
bool
base64_read(const char *text, size_t bytes, void *out, size_t room, size_t *count)
{
	const char *end;

	for (size_t i = 0; i < bytes; i++)
		if (!is_digit(text[i]))
			return false;
	return sodium_base642bin(out, room, text, bytes, NULL, count, &end,
		       sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
	       end == text + bytes;
}
