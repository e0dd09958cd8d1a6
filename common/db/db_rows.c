/* db_rows.c - parameter values to PostgreSQL, and rows from it. */
#include <arpa/inet.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/invariant.h"
#include "common/base/log.h"
#include "common/db/db_private.h"

/* ---- values ---- */

struct db_value
db_null(void)
{
	return (struct db_value){ .kind = DB_KIND_NULL };
}

struct db_value
db_text(const char *s)
{
	return (struct db_value){ .kind = s != NULL ? DB_KIND_TEXT : DB_KIND_NULL, .data = s };
}

struct db_value
db_number(int64_t n)
{
	return (struct db_value){ .kind = DB_KIND_NUMBER, .number = n };
}

struct db_value
db_bool(bool b)
{
	return db_text(b ? "t" : "f");
}

struct db_value
db_bytes(const void *p, size_t n)
{
	return (struct db_value){
		.kind = p != NULL ? DB_KIND_BINARY : DB_KIND_NULL, .data = p, .bytes = n
	};
}

struct db_value
db_uuid(const struct uuid *u)
{
	return db_bytes(u != NULL ? u->bytes : NULL, sizeof u->bytes);
}

struct db_value
db_instant(instant_us t, char buffer[INSTANT_TEXT])
{
	instant_format(t, buffer);
	return db_text(buffer);
}

/* ---- arrays ----
 *
 * PostgreSQL's binary form (array_recv): dimensions, null flag, element type, length, lower bound,
 * then each element as its length and bytes. */

#define ARRAY_HEADER 20 /* of one dimension: 5 integers of 4 bytes */

/* Leaves space for the header before the first element, since the header needs the count. */
static unsigned char *
array_room(struct db_array *a, size_t bytes)
{
	size_t used = a->bytes == 0 ? ARRAY_HEADER : a->bytes;

	INVARIANT(a->count < INT32_MAX && used <= a->room + ARRAY_HEADER,
		"an array of %d elements in %zu of %zu bytes", (int)a->count, used, a->room);
	if (a->failed)
		return NULL;
	if (used + bytes > a->room) {
		size_t room = (used + bytes) * 2;
		unsigned char *data = realloc(a->data, room);

		if (data == NULL) {
			a->failed = true;
			return NULL;
		}
		a->data = data;
		a->room = room;
	}
	a->bytes = used + bytes;
	a->count++;
	return a->data + used;
}

static void
put32(unsigned char *p, uint32_t v)
{
	v = htonl(v);
	memcpy(p, &v, sizeof v);
}

void
db_array_clear(struct db_array *a)
{
	a->bytes = 0;
	a->count = 0;
	a->has_null = a->failed = false;
}

void
db_array_free(struct db_array *a)
{
	free(a->data);
	a->data = NULL;
	a->room = 0;
	db_array_clear(a);
}

/* A NULL element has the length -1 and no bytes. */
void
db_array_add_null(struct db_array *a)
{
	unsigned char *p = array_room(a, 4);

	a->has_null = true;
	if (p != NULL)
		put32(p, UINT32_MAX);
}

static void
element_add(struct db_array *a, const void *bytes, size_t n)
{
	unsigned char *p;

	if (bytes == NULL) {
		db_array_add_null(a);
		return;
	}
	if ((p = array_room(a, 4 + n)) == NULL)
		return;
	put32(p, (uint32_t)n);
	memcpy(p + 4, bytes, n);
}

/* The server would misread a value in an array of another type. */
static void
element_add_as(struct db_array *a, enum db_element element, const void *bytes, size_t n)
{
	INVARIANT(a->element == element, "type %d is added to an array of type %d", (int)element,
		(int)a->element);
	element_add(a, bytes, n);
}

void
db_array_add_bytes(struct db_array *a, const void *bytes, size_t n)
{
	element_add_as(a, DB_BYTEA_ARRAY, bytes, n);
}

void
db_array_add_text(struct db_array *a, const char *s)
{
	element_add_as(a, DB_TEXT_ARRAY, s, s != NULL ? strlen(s) : 0);
}

void
db_array_add_uuid(struct db_array *a, const struct uuid *u)
{
	element_add_as(a, DB_UUID_ARRAY, u != NULL ? u->bytes : NULL, sizeof u->bytes);
}

/* Integers are sent in network byte order. */
void
db_array_add_number(struct db_array *a, int64_t n)
{
	uint64_t wide = htobe64((uint64_t)n);
	uint32_t narrow = htonl((uint32_t)n);

	if (a->element == DB_INT4_ARRAY)
		element_add(a, &narrow, sizeof narrow);
	else
		element_add_as(a, DB_INT8_ARRAY, &wide, sizeof wide);
}

/* timestamptz in binary: microseconds since 2000-01-01 UTC. */
void
db_array_add_instant(struct db_array *a, instant_us t)
{
	uint64_t wide = htobe64((uint64_t)(t - INT64_C(946684800) * US_PER_S));

	element_add_as(a, DB_INSTANT_ARRAY, &wide, sizeof wide);
}

void
db_array_add_bool(struct db_array *a, bool b)
{
	unsigned char byte = b;

	element_add_as(a, DB_BOOL_ARRAY, &byte, 1);
}

/* Writes the header last, when the count is known. An empty array has no dimensions, so its header
 * ends after the type. */
struct db_value
db_array(struct db_array *a)
{
	if (a->count == 0 && array_room(a, 0) != NULL) {
		a->count = 0;
		a->bytes = 12;
	}
	if (a->failed || a->data == NULL)
		return (struct db_value){ .kind = DB_KIND_BINARY };
	put32(a->data, a->count > 0);
	put32(a->data + 4, a->has_null);
	put32(a->data + 8, a->element);
	if (a->count > 0) {
		put32(a->data + 12, (uint32_t)a->count);
		put32(a->data + 16, 1);
	}
	return db_bytes(a->data, a->bytes);
}

/* ---- rows ---- */

/* A result and its column maps, in one allocation. */
struct rows_memory {
	struct db_rows rows;
	struct db_map maps[DB_MAPS];
};

/* Frees what `rows` held before, so a retry can use the same variable. */
enum error
rows_make(PGresult *result, struct db_rows **rows)
{
	struct rows_memory *r;

	if (rows == NULL) {
		PQclear(result);
		return OK;
	}
	if ((r = malloc(sizeof *r)) == NULL) {
		PQclear(result);
		return ERR_INTERNAL; /* not ERR_OVERLOADED: the statement has run */
	}
	rows_free(*rows);
	for (size_t i = 0; i < DB_MAPS; i++)
		r->maps[i].columns = NULL;
	r->rows = (struct db_rows){ .result = result, .maps = r->maps };
	*rows = &r->rows;
	return OK;
}

void
rows_free(struct db_rows *rows)
{
	if (rows == NULL)
		return;
	PQclear(rows->result);
	free(rows);
}

size_t
rows_count(const struct db_rows *rows)
{
	return (size_t)PQntuples(rows->result);
}

bool
rows_null(const struct db_rows *rows, size_t row, size_t column)
{
	return PQgetisnull(rows->result, (int)row, (int)column) != 0;
}

const char *
rows_text(const struct db_rows *rows, size_t row, size_t column)
{
	return rows_null(rows, row, column) ? NULL
					    : PQgetvalue(rows->result, (int)row, (int)column);
}

/* libpq returns "" for NULL, which reads as 0. */
int64_t
rows_number(const struct db_rows *rows, size_t row, size_t column)
{
	return strtoll(PQgetvalue(rows->result, (int)row, (int)column), NULL, 10);
}

bool
rows_bool(const struct db_rows *rows, size_t row, size_t column)
{
	return PQgetvalue(rows->result, (int)row, (int)column)[0] == 't';
}

struct uuid
rows_uuid(const struct db_rows *rows, size_t row, size_t column)
{
	struct uuid u = { { 0 } };
	const char *text = rows_text(rows, row, column);

	if (text != NULL && !uuid_parse(text, &u))
		log_error("column %zu of a result is not a UUID", column);
	return u;
}

/* "2026-11-23 05:08:36.123456+00" is RFC 3339 except for the offset's minutes. The offset is always
 * +00: the connection's time zone is UTC. */
instant_us
rows_instant(const struct db_rows *rows, size_t row, size_t column)
{
	const char *text = rows_text(rows, row, column);
	char rfc3339[40];
	size_t n;
	instant_us t = 0;

	if (text == NULL)
		return 0;
	n = strcspn(text, "+");
	if (n > sizeof rfc3339 - 2)
		n = sizeof rfc3339 - 2;
	memcpy(rfc3339, text, n);
	memcpy(rfc3339 + n, "Z", 2);
	if (!instant_parse(rfc3339, &t))
		log_error("column %zu of a result is not a timestamp: %s", column, text);
	return t;
}

/* bytea comes as text, in hexadecimal; libpq undoes that. */
size_t
rows_bytes(const struct db_rows *rows, size_t row, size_t column, void *out, size_t bytes)
{
	const char *text = rows_text(rows, row, column);
	unsigned char *raw;
	size_t n;

	if (text == NULL || (raw = PQunescapeBytea((const unsigned char *)text, &n)) == NULL)
		return 0;
	memcpy(out, raw, n < bytes ? n : bytes);
	PQfreemem(raw);
	return n;
}

int64_t
rows_touched(const struct db_rows *rows)
{
	return strtoll(PQcmdTuples(rows->result), NULL, 10);
}
