/* batch_replies.c - replies to a batch; see batch_replies.h. */
#include "handlers/wallet/batch_replies.h"

#include "handlers/wallet/replies.h"

static json_t *
place_problem(struct request *r, const struct batch *b, size_t i)
{
	json_t *faults = place_faults(b, i);

	if (faults != NULL)
		return problem_json(r, ERR_INVALID_REQUEST, NULL, faults);
	return refusal_problem(r, &b->places[i].operation, &b->places[i].outcome);
}

/* A problem is a tree of its own; it is written at once, so a large batch never holds
 * all of them. */
static void
problem_write(struct text *t, json_t *problem)
{
	char *dump = json_dumps(problem, JSON_COMPACT);

	TEXT_LITERAL(t, "{\"status\":");
	text_add_number(t, json_integer_value(json_object_get(problem, "status")));
	TEXT_LITERAL(t, ",\"problem\":");
	if (dump != NULL)
		text_add_string(t, dump);
	t->failed = t->failed || dump == NULL; /* the request is out of memory */
	json_decref(problem);
}

static void
place_write(struct text *t, struct request *r, const struct batch *b, size_t i)
{
	const struct place *place = &b->places[i];

	if (place->faults != NULL || place->outcome.error != OK) {
		problem_write(t, place_problem(r, b, i));
	} else {
		TEXT_LITERAL(t, "{\"status\":201,\"transaction\":");
		transaction_write(t, &place->outcome.transaction, false);
	}
	TEXT_LITERAL(t, "}");
}

struct reply *
reply_results(struct request *r, int status, const struct batch *b)
{
	TEXT(text);

	text.max = (size_t)config_number(OPT_REQUEST_MEMORY);
	TEXT_LITERAL(&text, "{\"mode\":");
	text_add_json(&text, batch_modes[b->atomic]);
	TEXT_LITERAL(&text, ",\"results\":[");
	for (size_t i = 0; i < b->count; i++) {
		if (i > 0)
			TEXT_LITERAL(&text, ",");
		place_write(&text, r, b, i);
	}
	TEXT_LITERAL(&text, "]}");
	return reply_json_text(r, status, &text);
}

struct reply *
reply_first_refusal(struct request *r, const struct batch *b)
{
	const struct place *refused = batch_first_refusal(b);
	size_t i = (size_t)(refused - b->places);

	request_explain(r, "index", json_integer((json_int_t)i));
	if (refused->outcome.error == ERR_INVALID_REQUEST)
		r->faults.list = place_faults(b, i);
	return reply_refusal(r, &refused->operation, &refused->outcome);
}
