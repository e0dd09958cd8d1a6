/* queries.c - query parameters that several endpoints read; see queries.h. */
#include "handlers/wallet/queries.h"

#include "handlers/wallet/service.h"

enum error
id_page_read(struct request *r, struct page *page, struct uuid *place, const struct uuid **after)
{
	const struct field fields[] = { PAGE_FIELDS(page) };
	enum error e = request_bind_query(r, fields, sizeof fields / sizeof fields[0]);

	*after = NULL;
	if (page->cursor == NULL)
		return e;
	*after = place;
	return faults_join(e, page_cursor_uuid(r, page->cursor, place));
}
