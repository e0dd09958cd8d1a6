/* purse_seal.c - `purse seal export`: seals everything, signs the head, and prints it, to be kept
 * where no one who can change the database can change it too; reading it back for verify. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/json.h"
#include "common/db/db.h"
#include "domain/ledger/seal.h"
#include "tools/purse.h"
#include "tools/verify.h"

#define FILE_MAX 4096

static const struct db_statement head_sql = { "seal_head",
	"SELECT number, encode(head, 'hex') AS head, signed_at,"
	" encode(signature, 'hex') AS signature, encode(signer, 'hex') AS signer"
	" FROM seal WHERE signature IS NOT NULL ORDER BY number DESC LIMIT 1",
	DB_IDEMPOTENT };

static enum error
head_print(struct db *db)
{
	char at[INSTANT_TEXT];
	DB_ROWS(rows);
	enum error e = db_execute(db, &head_sql, DB_NO_VALUES, &rows);

	if (e != OK)
		return e;
	if (rows_count(rows) == 0) {
		fprintf(stderr, "There is nothing to seal yet.\n");
		return ERR_NOT_FOUND;
	}
	instant_format(rows_instant(rows, 0, 2), at);
	printf("{\"number\": %" PRId64
	       ", \"head\": \"%s\", \"signed_at\": \"%s\", \"signature\": \"%s\","
	       " \"signer\": \"%s\"}\n",
		rows_number(rows, 0, 0), rows_text(rows, 0, 1), at, rows_text(rows, 0, 3),
		rows_text(rows, 0, 4));
	return OK;
}

static const struct db_statement signed_sql = { "seal_signed",
	"SELECT EXISTS (SELECT FROM seal WHERE signature IS NOT NULL)", DB_IDEMPOTENT };

/* The relay's key may be on another machine. A new one here would contradict it. */
static enum error
head_sign(struct db *db)
{
	struct seal_key key;
	DB_ROWS(rows);
	enum error e = db_execute(db, &signed_sql, DB_NO_VALUES, &rows);

	if (e != OK)
		return e;
	if (rows_bool(rows, 0, 0) ? !seal_key_read(&key) : !seal_key_prepare(&key)) {
		fprintf(stderr, "The key that signs is not in KEY_DIR, so this is the last head"
				" that the relay signed.\n");
		return OK;
	}
	e = seal_sign(db, &key);
	seal_key_wipe(&key);
	return e;
}

int
seal_export(int argc, char **argv)
{
	struct db *db;
	enum error e = ERR_INTERNAL;

	(void)argv;
	if (argc != 0)
		return MISUSED;
	if (!config_require(OPT_WALLET_DATABASE_URL))
		return FAILED;
	if ((db = db_new(config_text(OPT_WALLET_DATABASE_URL))) != NULL &&
	    (e = seal_all(db)) == OK && (e = head_sign(db)) == OK)
		e = head_print(db);
	db_free(db);
	return e == OK ? DONE : FAILED;
}

/* ---- reading it back ---- */

static bool
hex_read(const json_t *file, const char *name, unsigned char *out, size_t bytes)
{
	const char *text = json_string_value(json_object_get(file, name));
	size_t n = 0;

	return text != NULL &&
	       sodium_hex2bin(out, bytes, text, strlen(text), NULL, &n, NULL) == 0 && n == bytes;
}

static bool
head_parse(const char *text, size_t bytes, struct seal_head *h)
{
	char reason[JSON_REASON];
	json_t *file;
	const char *at;
	bool good;

	if (json_read(text, bytes, &file, reason) != OK)
		return false;
	h->number = json_integer_value(json_object_get(file, "number"));
	at = json_string_value(json_object_get(file, "signed_at"));
	good = at != NULL && instant_parse(at, &h->at) &&
	       hex_read(file, "head", h->head, sizeof h->head) &&
	       hex_read(file, "signature", h->signature, sizeof h->signature) &&
	       hex_read(file, "signer", h->signer, sizeof h->signer) && seal_head_valid(h);
	json_decref(file);
	return good;
}

bool
seal_head_load(const char *path, struct seal_head *h)
{
	char text[FILE_MAX];
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL) {
		perror(path);
		return false;
	}
	n = fread(text, 1, sizeof text, f);
	fclose(f);
	*h = (struct seal_head){ 0 };
	if (head_parse(text, n, h))
		return true;
	fprintf(stderr, "%s is not a head that `purse seal export` wrote, or it was changed.\n",
		path);
	return false;
}
