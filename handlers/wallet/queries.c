/* queries.c - query parameters that several endpoints read; see queries.h. */
#include "handlers/wallet/queries.h"

#include "handlers/wallet/service.h"

enum error
id_page_read(struct request *r, struct page *page, struct uuid *place, const struct uuid **after)
{
	const struct field fields[] = { PAGE_FIELDS(page) };
	char *text;
	enum error e = request_bind_query(r, fields, sizeof fields / sizeof fields[0]);

	*after = NULL;
	if (e != OK || page->cursor == NULL)
		return e;
	if ((e = page_cursor_decode(r, page->cursor, &text)) != OK)
		return e;
	if (!uuid_parse(text, place))
		return request_fault(r, "/cursor", "is not a valid cursor");
	*after = place;
	return OK;
}

enum error
currency_read(struct request *r, const char **currency)
{
	const struct field fields[] = {
		{ "currency", FIELD_TEXT, .required = true, .min = 3, .max = 3,
			.text = currency },
	};
	enum error e;

	*currency = "";
	e = request_bind_query(r, fields, 1);
	if (e == OK && currency_exponent(*currency) < 0)
		return request_fault(r, "/currency",
			"must be an ISO 4217 currency code, such as EUR");
	return e;
}
