// main.ts - what a TypeScript program does with the types that openapi-typescript makes of web/openapi.yaml, and
// openapi-fetch. Type-checked with tsc --strict, then run: BASE_URL and EMAIL come from the environment.
// Prints the closing balance.
import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

declare const process: { env: Record<string, string | undefined> };

type New = components['schemas']['NewTransaction'];

const { BASE_URL: baseUrl, EMAIL: email = '' } = process.env;
const password = 'a long enough phrase';

// The data of an answer; a problem document ends the program.
function expect<T>({ data, error }: { data?: T; error?: unknown }): T {
	if (data === undefined)
		throw new Error(JSON.stringify(error));
	return data;
}

function same(got: unknown, wanted: unknown): void {
	if (got !== wanted)
		throw new Error(`${String(wanted)} was expected, not ${String(got)}`);
}

const nobody = createClient<paths>({ baseUrl });
const user = expect(await nobody.POST('/v1/auth/sign-up', { body: { email, password, name: 'Ada' } }));
const tokens = expect(await nobody.POST('/v1/auth/sign-in', { body: { email, password, use_cookie: false } }));
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${tokens.access_token}` } });

const wallet = expect(await client.POST('/v1/wallets', { body: { currency: 'EUR', name: 'Everyday' } }));
same(wallet.owner_id, user.id);

const send = (body: New, key: string) =>
	client.POST('/v1/transactions', { params: { header: { 'Idempotency-Key': key } }, body });
const post = async (body: New, key: string) => expect(await send(body, key));

same((await post({ kind: 'deposit', amount: 10000, wallet_id: wallet.id }, 'deposit-1')).balance_after, 10000);
const bought: New = { kind: 'purchase', amount: 2500, merchant: 'Corner Shop', metadata: { till: 3 } };
const purchase = await post(bought, 'order-4711');
const again = await send(bought, 'order-4711');
same(again.response.headers.get('Idempotent-Replayed'), 'true');
same(expect(again).id, purchase.id);

const hold = await post({ kind: 'hold', amount: 5000 }, 'hold-1');
same(typeof hold.expires_at, 'string');
await post({ kind: 'capture', reference_id: hold.id, amount: 2000, final: false }, 'capture-1');
await post({ kind: 'capture', reference_id: hold.id, final: true }, 'capture-2');
same((await post({ kind: 'cancellation', reference_id: purchase.id }, 'undo-1')).balance_after, 5000);

const transactions: components['schemas']['BatchTransaction'][] = [
	{ kind: 'deposit', amount: 700, idempotency_key: 'batch-1' },
	{ kind: 'hold', amount: 100 },
];
const { results } = expect(await client.POST('/v1/transactions/batch', { body: { mode: 'atomic', transactions } }));
const version = results[1]?.transaction?.version ?? 0;

const page = expect(await client.GET('/v1/transactions', { params: { query: { wallet_id: wallet.id } } }));
same(page.data.length, version);
const today = new Date().toISOString().slice(0, 10);
const query = { wallet_id: wallet.id, from: today, to: today, min_version: version };
const statement = expect(await client.GET('/v1/statements', { params: { query } }));
if (typeof statement === 'string' || !('lines' in statement))
	throw new Error('neither CSV nor a job was asked for');
same(statement.version, version);
same(statement.lines.reduce((sum, line) => sum + line.amount, statement.opening_balance), statement.closing_balance);
console.log(statement.closing_balance);

// Member rules are the compiler's business: none of these may be written. They are never sent.
export const refused: New[] = [
	// @ts-expect-error a deposit needs its amount
	{ kind: 'deposit' },
	// @ts-expect-error only a capture can keep the rest
	{ kind: 'purchase', amount: 1, final: true },
	// @ts-expect-error a transfer needs its receiver
	{ kind: 'transfer', amount: 1 },
	// @ts-expect-error what undoes names its original
	{ kind: 'cancellation', amount: 1 },
];
