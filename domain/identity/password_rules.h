/* password_rules.h - which passwords are accepted. */
#ifndef DOMAIN_IDENTITY_PASSWORD_RULES_H
#define DOMAIN_IDENTITY_PASSWORD_RULES_H

#define PASSWORD_MIN 10  /* characters */
#define PASSWORD_MAX 1024 /* characters */
#define PASSWORD_BYTES (4 * PASSWORD_MAX)

/* NULL if the prepared password (password_text.h) is accepted for that address, else what is wrong
 * with it ("must …"). */
const char *password_fault(const char *password, const char *email);

#endif
