/* password_text.h - passwords as RFC 8265 wants them (OpaqueString), so that all keyboards write
 * the same bytes. */
#ifndef DOMAIN_IDENTITY_PASSWORD_TEXT_H
#define DOMAIN_IDENTITY_PASSWORD_TEXT_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/error.h"

/* Spaces of every kind become U+0020, and the text NFC. The text is valid UTF-8. Returns the same
 * pointer if nothing changes, else a copy in the arena, or NULL if that is full. */
const char *password_prepare(struct arena *arena, const char *password);

/* Whether the password has the other, which is prepared, as its prepared form. */
bool password_same(struct arena *arena, const char *password, const char *prepared) MUST_CHECK;

/* NULL if a new password can have all these characters (the FreeformClass of RFC 8264), else what
 * is wrong with it ("must …"). Takes a prepared password. */
const char *password_text_fault(const char *password);

#endif
