/* refusal.c - the sentence that explains a refusal; see refusal.h. */
#include "domain/ledger/refusal.h"

/* post() does not tell which of them is missing: another owner's wallet must look like none. */
static const char *
missing_detail(const struct operation *op, struct arena *arena)
{
	char wallet[UUID_TEXT], reference[UUID_TEXT], counterpart[UUID_TEXT];
	int named = op->has_wallet + op->has_reference + op->has_counterpart;

	if (named == 0)
		return "You have no wallet yet: open one with POST /v1/wallets.";
	uuid_format(&op->wallet, wallet);
	uuid_format(&op->reference, reference);
	uuid_format(&op->counterpart, counterpart);
	return arena_printf(arena,
		"%s not exist, or you cannot use it:%s%s%s%s%s%s. GET /v1/wallets and"
		" GET /v1/transactions list yours.",
		named == 1 ? "This does" : "One of these does",
		op->has_wallet ? " wallet_id " : "", op->has_wallet ? wallet : "",
		op->has_reference ? " reference_id " : "", op->has_reference ? reference : "",
		op->has_counterpart ? " to_wallet_id " : "",
		op->has_counterpart ? counterpart : "");
}

const char *
refusal_detail(const struct operation *op, const struct outcome *out, struct arena *arena)
{
	if (out->error == ERR_INSUFFICIENT_FUNDS)
		return arena_printf(arena, "%lld is available, %lld is needed.",
			(long long)out->available.minor, (long long)out->required.minor);
	if (out->error == ERR_UNAVAILABLE)
		return "A limit has just begun to apply to this wallet, and what it has used is "
		       "still being added up.";
	return out->error == ERR_NOT_FOUND && op != NULL ? missing_detail(op, arena) : NULL;
}

const char *
refusal_detail_event(const struct operation *op, const struct outcome *out, struct arena *arena)
{
	char wallet[UUID_TEXT], owner[UUID_TEXT], reference[UUID_TEXT], counterpart[UUID_TEXT];
	bool more = op->has_reference || op->has_counterpart;

	if (out->error != ERR_NOT_FOUND)
		return NULL;
	uuid_format(&op->wallet, wallet);
	uuid_format(&op->owner, owner);
	uuid_format(&op->reference, reference);
	uuid_format(&op->counterpart, counterpart);
	if (!more && !op->has_owner)
		return arena_printf(arena, "wallet_id %s does not exist", wallet);
	if (!more && !op->has_wallet)
		return arena_printf(arena, "user_id %s has no wallet", owner);
	if (!more)
		return arena_printf(arena,
			"wallet_id %s does not exist, or is not a wallet of user_id %s", wallet,
			owner);
	return arena_printf(arena,
		"One of these does not exist, or they do not belong together:%s%s%s%s%s%s%s%s",
		op->has_wallet ? " wallet_id " : "", op->has_wallet ? wallet : "",
		op->has_owner ? " user_id " : "", op->has_owner ? owner : "",
		op->has_reference ? " reference_id " : "", op->has_reference ? reference : "",
		op->has_counterpart ? " to_wallet_id " : "",
		op->has_counterpart ? counterpart : "");
}
