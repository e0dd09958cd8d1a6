/* amqp_message.c - assembles messages from their frames and reads their headers. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/amqp/amqp_private.h"

/* A pool of the library's owns the cloned table, and frees it as a whole. */
struct message_headers {
	amqp_pool_t pool;
	amqp_table_t table;
};

/* ---- headers ---- */

static bool
bytes_equal(amqp_bytes_t b, const char *name)
{
	return b.len == strlen(name) && memcmp(b.bytes, name, b.len) == 0;
}

/* Headers that describe one journey of a message: read here, but not copied when it is sent on
 * another. CC and BCC name further queues: a dead letter that kept them would be sent there again,
 * perhaps back to where it came from. */
static bool
is_journey(amqp_bytes_t key)
{
	static const char *const names[] = { "x-reason", "x-dead-at", "x-delivery-count", "x-death",
		"x-first-death-reason", "x-first-death-queue", "x-first-death-exchange",
		"x-last-death-reason", "x-last-death-queue", "x-last-death-exchange", "CC", "BCC" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (bytes_equal(key, names[i]))
			return true;
	return false;
}

/* CloudEvents in binary mode: its AMQP 1.0 binding, and what libraries for 0-9-1 use. */
/* NOLINTBEGIN(bugprone-macro-parentheses): literals are joined */
#define ATTRIBUTE(prefix, name, not_text)                                                          \
	{ prefix #name, offsetof(struct message, event_##name), not_text,                          \
		"two headers give the CloudEvents " #name " different values" }
/* NOLINTEND(bugprone-macro-parentheses) */
#define ATTRIBUTES(name, not_text)                                                                 \
	ATTRIBUTE("cloudEvents:", name, not_text), ATTRIBUTE("cloudEvents_", name, not_text),      \
		ATTRIBUTE("ce-", name, not_text), ATTRIBUTE("ce_", name, not_text)

/* Headers with text, and the members of struct message that they become. `not_text` and `differ`
 * are the faults of an event. */
static const struct text_header {
	const char *name;
	size_t member;
	const char *not_text, *differ;
} text_headers[] = {
	{ "x-reason", offsetof(struct message, reason), NULL, NULL },
	{ "x-dead-at", offsetof(struct message, dead_at), NULL, NULL },
	{ "x-first-death-reason", offsetof(struct message, death), NULL, NULL },
	{ "x-purse-mac", offsetof(struct message, mac), NULL, NULL },
	ATTRIBUTES(type, "the header with the CloudEvents type must be text"),
	ATTRIBUTES(id, "the header with the CloudEvents id must be text"),
	ATTRIBUTES(source, "the header with the CloudEvents source must be text"),
	ATTRIBUTES(time, NULL), /* can also be AMQP's own kind of time */
};

/* NULL: not one that we read. */
static const struct text_header *
text_header_of(amqp_bytes_t key)
{
	for (size_t i = 0; i < sizeof(text_headers) / sizeof(text_headers[0]); i++)
		if (bytes_equal(key, text_headers[i].name))
			return &text_headers[i];
	return NULL;
}

static int64_t
number_of(const amqp_field_value_t *v)
{
	switch (v->kind) {
	case AMQP_FIELD_KIND_I8:
		return v->value.i8;
	case AMQP_FIELD_KIND_I16:
		return v->value.i16;
	case AMQP_FIELD_KIND_I32:
		return v->value.i32;
	case AMQP_FIELD_KIND_I64:
		return v->value.i64;
	default: /* an octet, not an enum: the wire can hold any value */
		return 0;
	}
}

static bool
is_text(const amqp_field_value_t *v)
{
	return v->kind == AMQP_FIELD_KIND_UTF8;
}

const amqp_table_t *
message_table(const struct message *m)
{
	return m->headers == NULL ? NULL : &m->headers->table;
}

/* Keeps a copy of the sender's own headers for when the message is copied. */
static bool
keep_headers(struct message *m, const amqp_table_t *headers)
{
	amqp_table_entry_t *kept = calloc((size_t)headers->num_entries + 1, sizeof(*kept));
	amqp_table_t foreign = { 0, kept };
	bool done = kept != NULL;

	for (int i = 0; done && i < headers->num_entries; i++)
		if (!is_journey(headers->entries[i].key))
			kept[foreign.num_entries++] = headers->entries[i];
	if (done && foreign.num_entries > 0) {
		m->headers = calloc(1, sizeof(*m->headers));
		done = m->headers != NULL;
		if (done) {
			init_amqp_pool(&m->headers->pool, 1024);
			done = amqp_table_clone(&foreign, &m->headers->table,
				       &m->headers->pool) == AMQP_STATUS_OK;
		}
	}
	free(kept);
	return done;
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	if (m->headers != NULL) {
		empty_amqp_pool(&m->headers->pool);
		free(m->headers);
	}
	free(m);
}

/* ---- assembly ---- */

void
assembly_clear(struct assembly *s)
{
	message_free(s->message);
	s->message = NULL;
	s->what = ASSEMBLE_NOTHING;
}

/* Never cuts in practice: AMQP's short strings have at most 255 bytes. */
static void
name_copy(char out[AMQP_NAME_MAX], amqp_bytes_t b)
{
	size_t n = b.len < AMQP_NAME_MAX - 1 ? b.len : AMQP_NAME_MAX - 1;

	memcpy(out, b.bytes, n);
	out[n] = '\0';
}

void
assembly_begin(struct assembly *s, const amqp_method_t *method)
{
	assembly_clear(s);
	s->from_get = false;
	s->waiting = 0;
	if (method->id == AMQP_BASIC_RETURN_METHOD) {
		const amqp_basic_return_t *r = method->decoded;
		s->what = ASSEMBLE_RETURN;
		name_copy(s->exchange, r->exchange);
		name_copy(s->key, r->routing_key);
	} else if (method->id == AMQP_BASIC_DELIVER_METHOD) {
		const amqp_basic_deliver_t *d = method->decoded;
		s->what = ASSEMBLE_MESSAGE;
		s->tag = d->delivery_tag;
		s->redelivered = d->redelivered;
		name_copy(s->exchange, d->exchange);
		name_copy(s->key, d->routing_key);
	} else {
		const amqp_basic_get_ok_t *g = method->decoded;
		s->what = ASSEMBLE_MESSAGE;
		s->from_get = true;
		s->tag = g->delivery_tag;
		s->redelivered = g->redelivered;
		s->waiting = g->message_count;
		name_copy(s->exchange, g->exchange);
		name_copy(s->key, g->routing_key);
	}
}

/* One block holds a message and all its text; *room moves past each copied text. */
static const char *
copy_text(char **room, amqp_bytes_t b)
{
	char *text = *room;

	if (b.len > 0)
		memcpy(text, b.bytes, b.len);
	text[b.len] = '\0';
	*room += b.len + 1;
	return text;
}

static const char *
copy_text_if(char **room, const amqp_basic_properties_t *p, amqp_flags_t flag, amqp_bytes_t b)
{
	return (p->_flags & flag) != 0 ? copy_text(room, b) : NULL;
}

/* The room that message_new() needs for text; both must count the same texts. */
static size_t
text_bytes(const struct assembly *s, const amqp_basic_properties_t *p)
{
	size_t n = strlen(s->exchange) + 1 + strlen(s->key) + 1;

	/* A property without its flag is not even initialised. */
	n += (p->_flags & AMQP_BASIC_CONTENT_TYPE_FLAG) != 0 ? p->content_type.len + 1 : 0;
	n += (p->_flags & AMQP_BASIC_CONTENT_ENCODING_FLAG) != 0 ? p->content_encoding.len + 1 : 0;
	n += (p->_flags & AMQP_BASIC_CORRELATION_ID_FLAG) != 0 ? p->correlation_id.len + 1 : 0;
	n += (p->_flags & AMQP_BASIC_REPLY_TO_FLAG) != 0 ? p->reply_to.len + 1 : 0;
	n += (p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0 ? p->message_id.len + 1 : 0;
	n += (p->_flags & AMQP_BASIC_TYPE_FLAG) != 0 ? p->type.len + 1 : 0;
	n += (p->_flags & AMQP_BASIC_APP_ID_FLAG) != 0 ? p->app_id.len + 1 : 0;
	if ((p->_flags & AMQP_BASIC_HEADERS_FLAG) != 0)
		for (int i = 0; i < p->headers.num_entries; i++)
			if (is_text(&p->headers.entries[i].value) &&
				text_header_of(p->headers.entries[i].key) != NULL)
				n += p->headers.entries[i].value.value.bytes.len + 1;
	return n;
}

static void
text_set(struct message *m, const struct text_header *known, const char **text, const char *value)
{
	if (*text != NULL && strcmp(*text, value) != 0 && known->differ != NULL)
		m->event_fault = known->differ;
	*text = value;
}

static void
read_headers(struct message *m, const amqp_table_t *headers, char **room)
{
	for (int i = 0; i < headers->num_entries; i++) {
		const amqp_table_entry_t *h = &headers->entries[i];
		const struct text_header *known = text_header_of(h->key);
		const char **text;

		if (bytes_equal(h->key, "x-delivery-count"))
			m->deliveries = number_of(&h->value);
		if (known == NULL)
			continue;
		if (is_text(&h->value)) {
			text = (const char **)(void *)((char *)m + known->member);
			text_set(m, known, text, copy_text(room, h->value.value.bytes));
		} else if (known->not_text != NULL) {
			m->event_fault = known->not_text;
		}
	}
}

static struct message *
message_new(const struct assembly *s, const amqp_basic_properties_t *p, size_t bytes)
{
	struct message *m = calloc(1, sizeof(*m) + text_bytes(s, p) + bytes + 1);
	char *room;

	if (m == NULL)
		return NULL;
	room = (char *)(m + 1);
	m->body = room; /* first, at a known offset, for assembly_body() to fill */
	m->bytes = bytes;
	room += bytes + 1;
	m->tag = s->tag;
	m->redelivered = s->redelivered;
	m->waiting = s->waiting;
	m->exchange = copy_text(&room, amqp_cstring_bytes(s->exchange));
	m->key = copy_text(&room, amqp_cstring_bytes(s->key));
	m->content_type = copy_text_if(&room, p, AMQP_BASIC_CONTENT_TYPE_FLAG, p->content_type);
	m->content_encoding = copy_text_if(&room, p, AMQP_BASIC_CONTENT_ENCODING_FLAG,
		p->content_encoding);
	m->correlation_id = copy_text_if(&room, p, AMQP_BASIC_CORRELATION_ID_FLAG,
		p->correlation_id);
	m->reply_to = copy_text_if(&room, p, AMQP_BASIC_REPLY_TO_FLAG, p->reply_to);
	m->message_id = copy_text_if(&room, p, AMQP_BASIC_MESSAGE_ID_FLAG, p->message_id);
	m->type = copy_text_if(&room, p, AMQP_BASIC_TYPE_FLAG, p->type);
	m->app_id = copy_text_if(&room, p, AMQP_BASIC_APP_ID_FLAG, p->app_id);
	m->timestamp = (p->_flags & AMQP_BASIC_TIMESTAMP_FLAG) != 0 ? p->timestamp : 0;
	if ((p->_flags & AMQP_BASIC_HEADERS_FLAG) != 0) {
		read_headers(m, &p->headers, &room);
		if (!keep_headers(m, &p->headers)) {
			message_free(m);
			return NULL;
		}
	}
	return m;
}

/* All frames have arrived. */
static enum assembled
complete(const struct assembly *s)
{
	switch (s->what) {
	case ASSEMBLE_NOTHING:
		return ASSEMBLED_NOTHING;
	case ASSEMBLE_MESSAGE:
	case ASSEMBLE_TOO_LARGE:
		return ASSEMBLED_MESSAGE;
	case ASSEMBLE_RETURN:
		break;
	}
	return ASSEMBLED_RETURN;
}

enum assembled
assembly_header(struct assembly *s, const amqp_frame_t *frame)
{
	const amqp_basic_properties_t *p = frame->payload.properties.decoded;

	s->expected = frame->payload.properties.body_size;
	s->received = 0;
	/* basic.get has no limit: an operator must be able to see any dead letter, and drop it. */
	if (s->what == ASSEMBLE_MESSAGE && !s->from_get && s->expected > AMQP_BODY_MAX)
		s->what = ASSEMBLE_TOO_LARGE;
	if (s->what == ASSEMBLE_MESSAGE || s->what == ASSEMBLE_TOO_LARGE) {
		bool fits = s->what == ASSEMBLE_MESSAGE;

		if ((s->message = message_new(s, p, fits ? (size_t)s->expected : 0)) == NULL)
			return ASSEMBLED_NO_MEMORY;
		s->message->too_large = fits ? 0 : s->expected;
	}
	return s->expected == 0 ? complete(s) : ASSEMBLED_INCOMPLETE;
}

/* The header announced the size, and the block was allocated for it: more would not fit. */
enum assembled
assembly_body(struct assembly *s, const amqp_frame_t *frame)
{
	const amqp_bytes_t part = frame->payload.body_fragment;

	if (part.len > s->expected - s->received)
		return ASSEMBLED_INVALID;
	if (s->what == ASSEMBLE_MESSAGE)
		memcpy((char *)(s->message + 1) + s->received, part.bytes, part.len);
	s->received += part.len;
	return s->received == s->expected ? complete(s) : ASSEMBLED_INCOMPLETE;
}
