/* event.c - reads and writes event envelopes. */
#include "common/base/event.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/json_text.h"
#include "common/base/text.h"

static struct json_text
text_of_body(const struct event *e)
{
	return (struct json_text){ e->text, e->text + e->bytes };
}

bool
event_number(const struct event *e, const char *const *path, char *out, size_t room)
{
	struct json_text value = text_of_body(e);

	for (; *path != NULL; path++)
		value = json_text_member(value, *path);
	return json_text_number(value, out, room);
}

const char *
event_data_text(const struct event *e, size_t *bytes)
{
	struct json_text body = text_of_body(e), data;

	data = e->enveloped ? json_text_member(body, "data") : json_text_value(body);
	*bytes = (size_t)(data.end - data.at);
	return data.at;
}

/* ---- reading ---- */

static enum error __attribute__((format(printf, 3, 4)))
reason_set(char reason[EVENT_REASON], enum error e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(reason, EVENT_REASON, fmt, ap);
	va_end(ap);
	return e;
}

/* A string member, or NULL. */
static const char *
text_of(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* Bare bodies, ours and the original system's, have neither `specversion` nor `data`, so they are
 * never mistaken for an envelope. */
static bool
is_envelope(const json_t *root)
{
	return json_object_get(root, "specversion") != NULL ||
	       (json_object_get(root, "data") != NULL &&
		       (json_object_get(root, "type") != NULL ||
			       json_object_get(root, "pattern") != NULL));
}

/* NestJS also sends {"cmd":"…"} as the pattern. */
static const char *
pattern_of(const json_t *root)
{
	const json_t *pattern = json_object_get(root, "pattern");

	return json_is_object(pattern) ? text_of(pattern, "cmd") : json_string_value(pattern);
}

bool
event_is_json(const char *media_type)
{
	size_t n = strcspn(media_type, "; \t");
	const char *charset = strcasestr(media_type + n, "charset=");

	if (charset != NULL) {
		charset += strlen("charset=");
		charset += *charset == '"';
		if (strncasecmp(charset, "utf-8", 5) != 0 &&
			strncasecmp(charset, "us-ascii", 8) != 0)
			return false;
	}
	return (n == 16 && strncasecmp(media_type, "application/json", n) == 0) ||
	       (n == 9 && strncasecmp(media_type, "text/json", n) == 0) ||
	       (n > 5 && strncasecmp(media_type + n - 5, "+json", 5) == 0);
}

/* An attribute that is null is absent. */
static enum error
attribute_read(const json_t *root, const char *name, bool required, const char **text,
	char reason[EVENT_REASON])
{
	const json_t *value = json_object_get(root, name);
	const char *what = NULL;

	*text = json_string_value(value);
	if (value == NULL || json_is_null(value))
		what = required ? "is required in a CloudEvents event" : NULL;
	else if (*text == NULL)
		what = "must be a string";
	else if ((*text)[0] == '\0')
		what = "must not be empty";
	if (what == NULL)
		return OK;
	return reason_set(reason, ERR_INVALID_REQUEST, "/%s %s", name, what);
}

/* What CloudEvents 1.0 demands of an event, as far as we read it. */
static enum error
attributes_read(struct event *e, const json_t *version, char reason[EVENT_REASON])
{
	const char *time, *type;
	const struct {
		const char *name, **text;
		bool required;
	} attributes[] = { { "id", &e->id, true }, { "source", &e->source, true },
		{ "type", &e->type, true }, { "subject", &e->subject, false },
		{ "time", &time, false }, { "datacontenttype", &type, false } };
	const json_t *base64 = json_object_get(e->root, "data_base64");
	enum error error;

	if (!json_is_string(version) || strncmp(json_string_value(version), "1.", 2) != 0)
		return reason_set(reason, ERR_INVALID_REQUEST, "/specversion must be \"1.0\"");
	for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
		if ((error = attribute_read(e->root, attributes[i].name, attributes[i].required,
			     attributes[i].text, reason)) != OK)
			return error;
	if (time != NULL && !instant_is_valid(time))
		return reason_set(reason, ERR_INVALID_REQUEST,
			"/time must be an RFC 3339 time, such as 2026-11-23T09:15:20Z");
	if (type != NULL && !event_is_json(type))
		return reason_set(reason, ERR_INVALID_REQUEST,
			"/datacontenttype must be application/json, not %.100s", type);
	if (base64 != NULL && !json_is_null(base64))
		return reason_set(reason, ERR_INVALID_REQUEST,
			"/data_base64 is not read: send an object as /data");
	return OK;
}

static enum error
open_envelope(struct event *e, char reason[EVENT_REASON])
{
	const json_t *version = json_object_get(e->root, "specversion");
	const char *pattern = pattern_of(e->root);
	enum error error;

	e->enveloped = true;
	e->type = text_of(e->root, "type");
	e->data = json_object_get(e->root, "data");
	if (version != NULL && (error = attributes_read(e, version, reason)) != OK)
		return error;
	/* An event that names two types is refused: readers of either form must agree on it. */
	if (e->type == NULL)
		e->type = pattern;
	else if (pattern != NULL && strcmp(pattern, e->type) != 0)
		return reason_set(reason, ERR_INVALID_REQUEST, "/type and /pattern differ");
	if (e->type == NULL)
		return reason_set(reason, ERR_INVALID_REQUEST, "/type or /pattern is missing");
	if (!json_is_object(e->data))
		return reason_set(reason, ERR_INVALID_REQUEST, "/data must be an object");
	return OK;
}

/* On an error nothing is left to free. */
enum error
event_read(const char *body, size_t bytes, struct event *e, char reason[EVENT_REASON])
{
	char why[JSON_REASON];
	enum error error;

	*e = (struct event){ .text = body, .bytes = bytes };
	reason[0] = '\0';
	if (bytes == 0)
		return reason_set(reason, ERR_MALFORMED_JSON, "the body is empty");
	if ((error = json_read(body, bytes, &e->root, why)) != OK)
		return reason_set(reason, error, "%s", why);
	e->data = e->root;
	if (!json_is_object(e->root))
		error = reason_set(reason, ERR_INVALID_REQUEST, "the body must be an object");
	else if (is_envelope(e->root))
		error = open_envelope(e, reason);
	if (error != OK)
		event_free(e);
	return error;
}

void
event_free(struct event *e)
{
	json_decref(e->root);
	*e = (struct event){ 0 };
}

/* ---- writing ---- */

/* The head has a few fixed members. Written as text: building them with jansson took most of the
 * relay's time. */
char *
event_wrap(const struct event_head *head, const char *data, size_t data_bytes, size_t *bytes)
{
	struct text t = { 0 };
	char time[INSTANT_TEXT];

	instant_format(head->time, time);
	TEXT_LITERAL(&t, "{\"specversion\":\"1.0\"");
	TEXT_MEMBER(&t, "id", head->id);
	TEXT_MEMBER(&t, "source", head->source);
	TEXT_MEMBER(&t, "type", head->type);
	TEXT_MEMBER(&t, "pattern", head->type);
	TEXT_MEMBER(&t, "time", time);
	TEXT_MEMBER(&t, "datacontenttype", "application/json");
	if (head->subject != NULL)
		TEXT_MEMBER(&t, "subject", head->subject);
	TEXT_LITERAL(&t, ",\"data\":");
	text_add(&t, data, data_bytes);
	TEXT_LITERAL(&t, "}");
	if (text_end(&t) == NULL)
		text_free(&t);
	*bytes = t.bytes;
	return t.data;
}

/* The data are freed here in any case, so callers can pass json_pack()'s result directly. */
char *
event_write(const struct event_head *head, json_t *data, size_t *bytes)
{
	TEXT(t);
	char *body = NULL;

	text_add_value(&t, data);
	if (text_end(&t) != NULL)
		body = event_wrap(head, t.data, t.bytes, bytes);
	json_decref(data);
	return body;
}
