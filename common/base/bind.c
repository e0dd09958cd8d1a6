/* bind.c - reads declared members from JSON or a query and collects every fault; see bind.h. */
#include "common/base/bind.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/visible.h"

/* Bounds the response to a body that consists of faults. */
#define FAULTS_MAX 32

/* If memory runs out, the description is lost, but the refusal is not: the
 * returned error stands. */
enum error
faults_add(struct faults *f, const char *pointer, const char *fmt, ...)
{
	char detail[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	if (f->list == NULL)
		f->list = json_array();
	if (json_array_size(f->list) < FAULTS_MAX)
		json_array_append_new(f->list,
			json_pack("{s:s, s:s}", "pointer", pointer, "detail", detail));
	return ERR_INVALID_REQUEST;
}

enum error
faults_join(enum error first, enum error second)
{
	return first == OK || (first == ERR_INVALID_REQUEST && second != OK) ? second : first;
}

#define POINTER_MAX 160

/* Where a fault would be reported. The pointer is built only if there is one. */
struct place {
	const char *prefix, *name;
	struct faults *faults;
};

/* Pointers are bounded: declared names are short, but an unknown member can be long and is cut. */
static const char *
place_pointer(const struct place *p, char pointer[POINTER_MAX])
{
	size_t n = (size_t)snprintf(pointer, POINTER_MAX, "%.60s/", p->prefix);
	const char *name = p->name;

	/* RFC 6901: '~' and '/' in a name are written ~0 and ~1. */
	for (; *name != '\0' && n < POINTER_MAX - 3; name++) {
		if (*name == '~' || *name == '/') {
			pointer[n++] = '~';
			pointer[n++] = *name == '~' ? '0' : '1';
		} else {
			pointer[n++] = *name;
		}
	}
	/* Never cut inside a UTF-8 sequence: the response would not be valid JSON. */
	if (*name != '\0')
		while (n > 0 && ((unsigned char)pointer[n - 1] & 0x80) != 0)
			n--;
	pointer[n] = '\0';
	return pointer;
}

#define FAULT(place, ...) \
	faults_add((place)->faults, place_pointer(place, (char[POINTER_MAX]){ 0 }), __VA_ARGS__)

/* Counts Unicode code points; the text is valid UTF-8 (checked by jansson or utf8_is_valid()). */
static int64_t
characters(const char *s)
{
	int64_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static enum error
bind_string(const char *s, const struct field *field, struct place *p)
{
	int64_t n = characters(s), most = field->max > 0 ? field->max : 255;

	if (text_has_controls(s))
		return FAULT(p, "must not contain control characters");
	if (!field->is_secret && text_deceives(s))
		return FAULT(p, "must not contain direction overrides or noncharacters");
	if (n < field->min || n > most)
		return FAULT(p, "must be %" PRId64 " to %" PRId64 " characters long", field->min,
			most);
	if (n > 0 && *text_visible(s) == '\0')
		return FAULT(p, "must contain a visible character");
	*field->text = s;
	return OK;
}

static enum error
bind_choice(const char *s, const struct field *field, struct place *p)
{
	char list[200] = "";

	for (int64_t i = 0; field->choices[i] != NULL; i++) {
		size_t n = strlen(list);

		if (strcmp(field->choices[i], s) == 0) {
			*field->number = i;
			return OK;
		}
		snprintf(list + n, sizeof list - n, "%s%s", i > 0 ? ", " : "", field->choices[i]);
	}
	return FAULT(p, "must be one of %s", list);
}

static enum error
bind_integer(int64_t v, const struct field *field, struct place *p)
{
	if (field->type == FIELD_AMOUNT) {
		if (v < 1 || v > MONEY_MAX)
			return FAULT(p,
				"must be an integer from 1 to %" PRId64 ", in the minor unit",
				MONEY_MAX);
		field->amount->minor = v;
		return OK;
	}
	if (v < field->min || v > field->max)
		return FAULT(p, "must be from %" PRId64 " to %" PRId64, field->min, field->max);
	*field->number = v;
	return OK;
}

static enum error
bind_textual(const char *s, const struct field *field, struct place *p)
{
	switch (field->type) {
	case FIELD_TEXT:
		return bind_string(s, field, p);
	case FIELD_CHOICE:
		return bind_choice(s, field, p);
	case FIELD_CURRENCY:
		if (currency_exponent(s) < 0)
			return FAULT(p, "must be an ISO 4217 currency code, such as EUR");
		*field->text = s;
		return OK;
	case FIELD_UUID:
		return uuid_parse(s, field->uuid) ? OK : FAULT(p, "must be a UUID");
	case FIELD_INSTANT:
		if (instant_parse(s, field->instant))
			return OK;
		return FAULT(p, "must be an RFC 3339 time from 1970 on, such as "
				"2026-01-31T12:00:00Z");
	case FIELD_FROM:
	case FIELD_TO:
		if (moment_parse(s, field->type == FIELD_TO, field->instant))
			return OK;
		return FAULT(p, "must be a date from 1970 on, such as 2026-01-31, or an RFC 3339 "
				"time such as 2026-01-31T12:00:00Z");
	case FIELD_AMOUNT:
	case FIELD_NUMBER:
	case FIELD_BOOL:
	case FIELD_OBJECT:
	case FIELD_PAIRS:
	case FIELD_ARRAY:
		break;
	}
	return FAULT(p, "must not be a string");
}

/* Completes the sentence "must be …" for a value of the wrong JSON type. */
static const char *
type_description(enum field_type type)
{
	switch (type) {
	case FIELD_AMOUNT:
		return "an integer from 1 to 9007199254740991, in the minor unit";
	case FIELD_NUMBER:
		return "an integer";
	case FIELD_BOOL:
		return "true or false";
	case FIELD_OBJECT:
		return "an object";
	case FIELD_ARRAY:
		return "an array";
	case FIELD_TEXT:
	case FIELD_UUID:
	case FIELD_CURRENCY:
	case FIELD_CHOICE:
	case FIELD_INSTANT:
	case FIELD_FROM:
	case FIELD_TO:
	case FIELD_PAIRS:
		break;
	}
	return "a string";
}

/* A number with a fraction or exponent is a double to jansson, even 12.0 and 1E2: no floating point
 * touches an amount, so they are refused. */
static enum error
bind_value(json_t *v, const struct field *field, struct place *p)
{
	bool number = field->type == FIELD_AMOUNT || field->type == FIELD_NUMBER;

	if (number && json_is_integer(v))
		return bind_integer(json_integer_value(v), field, p);
	if (field->type == FIELD_BOOL && json_is_boolean(v)) {
		*field->boolean = json_is_true(v);
		return OK;
	}
	if ((field->type == FIELD_OBJECT && json_is_object(v)) ||
		(field->type == FIELD_ARRAY && json_is_array(v))) {
		*field->object = v;
		return OK;
	}
	if (number || field->type == FIELD_BOOL || field->type == FIELD_OBJECT ||
		field->type == FIELD_ARRAY || !json_is_string(v))
		return FAULT(p, "must be %s%s", type_description(field->type),
			number && json_is_real(v) ? ", in digits without a point or exponent" : "");
	return bind_textual(json_string_value(v), field, p);
}

static const struct field *
field_find(const struct field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

enum error
bind_object(const json_t *object, const struct field *fields, size_t count, const char *prefix,
	struct faults *f)
{
	/* jansson's iterators are not const-correct */
	json_t *target = (json_t *)(uintptr_t)object;
	enum error e = OK;
	const char *name;
	json_t *v;

	json_object_foreach(target, name, v) {
		const struct field *field = field_find(fields, count, name);
		struct place p = { prefix, name, f };

		if (field == NULL)
			e = FAULT(&p, "is not a known member");
		else if (!json_is_null(v) && bind_value(v, field, &p) != OK)
			e = ERR_INVALID_REQUEST;
	}
	/* A second pass, because the first one never meets a member that is missing. */
	for (size_t i = 0; i < count; i++) {
		bool there = json_object_get(target, fields[i].name) != NULL &&
			     !json_is_null(json_object_get(target, fields[i].name));
		struct place p = { prefix, fields[i].name, f };

		if (fields[i].present != NULL)
			*fields[i].present = there;
		if (!there && fields[i].required)
			e = FAULT(&p, "is missing");
	}
	return e;
}

bool
number_parse(const char *s, int64_t *v)
{
	char *end;

	if (*s != '-' && (*s < '0' || *s > '9'))
		return false;
	if (strlen(s) > 18) /* 18 digits always fit, so strtoll() cannot overflow */
		return false;
	*v = strtoll(s, &end, 10);
	return *end == '\0' && end > s && end[-1] != '-';
}

#define INSTANT_ROOM 48

/* A '+' in a query means a space unless it is escaped, which clients forget: "…T00:00:00 01:00" is
 * read as +01:00. */
static void
offset_repair(const char *value, char out[INSTANT_ROOM])
{
	size_t n = (size_t)snprintf(out, INSTANT_ROOM, "%s", value);

	if (n >= 25 && n < INSTANT_ROOM && out[n - 6] == ' ')
		out[n - 6] = '+';
}

static bool
is_time(enum field_type type)
{
	return type == FIELD_INSTANT || type == FIELD_FROM || type == FIELD_TO;
}

/* A query has no types: the field decides how its text is read. */
enum error
bind_text(const char *value, const struct field *field, struct faults *f)
{
	struct place p = { "", field->name, f };
	char instant[INSTANT_ROOM];
	int64_t v;

	if (is_time(field->type)) {
		offset_repair(value, instant);
		return bind_textual(instant, field, &p);
	}

	if (field->type == FIELD_AMOUNT || field->type == FIELD_NUMBER)
		return number_parse(value, &v) ? bind_integer(v, field, &p)
					       : FAULT(&p, "must be an integer");
	if (field->type != FIELD_BOOL)
		return bind_textual(value, field, &p);
	if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
		return FAULT(&p, "must be true or false");
	*field->boolean = *value == 't';
	return OK;
}

bool
key_is_valid(const char *key)
{
	size_t n = 0;

	for (; key[n] != '\0'; n++)
		if (key[n] < '!' || key[n] > '~')
			return false;
	return n >= 1 && n <= KEY_MAX;
}
