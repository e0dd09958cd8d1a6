// live.test.mjs - calls every operation of OpenAPI on the running system, and checks each answer
// against the document: a documented status and code, a body that matches the schema, and the
// promised headers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { before, test } from 'node:test';
import { root } from './lib/defs.mjs';
import { document, follow, operations, place, pointer, validators } from './lib/openapi.mjs';

const base = process.env.BASE_URL;
const skip = !base ? 'BASE_URL is not set' : false;
const check = validators(document);
const table = Object.fromEntries(operations().map((o) => [o.operation.operationId, o]));
const called = new Set();
const password = 'a long enough phrase';
const build = resolve(root, process.env.BUILD ?? 'build');
let token;

// Headers that every response must have if it documents them; the others depend on the request.
const required = ['X-Request-Id', 'WWW-Authenticate', 'Retry-After', 'Location', 'ETag'];

function holds(id, answer, text) {
	const { at, operation } = table[id];
	const name = `${id} answered ${answer.status}: ${text.slice(0, 300)}`;
	const response = follow(document, operation.responses[answer.status]);
	const own = place(operation.responses[answer.status], `${at}/responses/${answer.status}`);

	assert.ok(response, name);
	for (const header of required)
		if (response.headers?.[header] && !(id === 'getStatementJob' && header === 'Retry-After'))
			assert.ok(answer.headers.has(header), `${header} of ${name}`);
	if (!response.content) {
		assert.equal(text, '', name);
		return null;
	}
	const type = answer.headers.get('content-type').split(';')[0];
	const media = response.content[type];
	assert.ok(media, `${type} of ${name}`);
	if (!/json$/.test(type))
		return text;
	const body = JSON.parse(text);
	const schema = place(media.schema, `${own}/content/${type.replace('/', '~1')}/schema`);
	assert.equal(check(schema, body), '', name);
	if (answer.status >= 400)
		assert.ok(Object.values(media.examples).some((e) => follow(document, e).value.code === body.code), `a documented code: ${name}`);
	return body;
}

// Calls an operation, checks the answer against the document, and returns {status, headers, body}.
async function call(id, { path = {}, query = {}, headers = {}, body, raw, as = token } = {}) {
	const { method, path: template } = table[id];
	const url = new URL(template.replace(/\{(\w+)\}/g, (_, name) => path[name]), base);

	for (const [name, value] of Object.entries(query))
		url.searchParams.set(name, value);
	const answer = await fetch(url, {
		method,
		headers: {
			...(as ? { Authorization: `Bearer ${as}` } : {}),
			...(body !== undefined || raw !== undefined ? { 'Content-Type': 'application/json' } : {}),
			...headers,
		},
		body: raw ?? (body === undefined ? undefined : JSON.stringify(body)),
	});
	const text = await answer.text();
	called.add(id);
	return { status: answer.status, headers: answer.headers, body: holds(id, answer, text) };
}

async function expect(status, id, options) {
	const answer = await call(id, options);
	assert.equal(answer.status, status, `${id}: ${JSON.stringify(answer.body)}`);
	return answer;
}

async function refused(code, id, options) {
	const answer = await call(id, options);
	assert.equal(answer.body?.code, code, id);
	return answer;
}

const account = async () => {
	const email = `live-${randomBytes(6).toString('hex')}@example.com`;
	const user = (await expect(201, 'signUp', { as: null, body: { email, password, name: 'Ada' } })).body;
	const tokens = (await expect(200, 'signIn', { as: null, body: { email, password } })).body;
	return { email, user, tokens };
};

// Returns the token of a new operator.
async function operator() {
	const { email, tokens } = await account();
	execFileSync(`${build}/purse`, ['user', 'role', 'add', email, 'operator'], { cwd: root, stdio: 'ignore' });
	return tokens.access_token;
}

const today = () => new Date().toISOString().slice(0, 10);
const example = (id, name) => table[id].operation.requestBody.content['application/json'].examples[name].value;

test('OpenAPI matches the running system', { skip }, async (t) => {
	let me;

	before(async () => {
		me = await account();
		token = me.tokens.access_token;
	});

	await t.test('a URL that is too long', async () => {
		for (const id of Object.keys(table))
			await refused('too_large', id, { path: { id: randomUUID() }, query: { limit: '1'.repeat(5000) } });
		called.clear(); // these calls do not count as tests of their operations
	});

	await t.test('accounts and sessions', async () => {
		assert.deepEqual((await expect(200, 'getMe')).body, me.user);
		assert.equal((await expect(200, 'updateMe', { body: example('updateMe', 'rename') })).body.name, 'Ada');
		await refused('email_taken', 'signUp', { as: null, body: { email: me.email.toUpperCase(), password } });
		await refused('invalid_credentials', 'signIn', { as: null, body: { email: me.email, password: 'something else' } });
		await refused('unauthenticated', 'getMe', { as: null });
		await refused('unauthenticated', 'refresh', { as: null, body: { refresh_token: 'made up' } });
		await refused('malformed_json', 'signIn', { as: null, raw: '{"email":' });
		await refused('unsupported_media_type', 'signIn', { as: null, raw: 'email=x', headers: { 'Content-Type': 'text/plain' } });
		await refused('too_large', 'signIn', { as: null, body: { email: 'x'.repeat(70000), password } });
		await refused('invalid_request', 'signUp', { as: null, body: { email: me.email, password: 'short', colour: 'red' } });
		const renewed = (await expect(200, 'refresh', { as: null, body: { refresh_token: me.tokens.refresh_token } })).body;
		assert.equal(renewed.session_id, me.tokens.session_id);
		token = renewed.access_token;
		const other = (await expect(200, 'signIn', { as: null, body: { email: me.email, password, use_cookie: true } }));
		assert.equal(other.body.refresh_token, undefined);
		const cookie = other.headers.get('set-cookie');
		assert.ok(cookie.startsWith(`${document.components.securitySchemes.refreshCookie.name}=`), cookie);
		await expect(200, 'refresh', { as: null, body: {}, headers: { Cookie: cookie.split(';')[0] } });
		const page = (await expect(200, 'listSessions', { query: { limit: 1 } }));
		assert.ok(page.body.next_cursor && page.headers.get('link').includes('rel="next"'));
		await expect(200, 'listSessions', { query: { limit: 1, cursor: page.body.next_cursor } });
		await expect(204, 'endSession', { path: { id: other.body.session_id } });
		await refused('session_ended', 'getMe', { as: other.body.access_token });
		await refused('not_found', 'endSession', { path: { id: other.body.session_id } });
		await refused('invalid_credentials', 'changePassword', { body: { current_password: 'wrong', new_password: 'an even longer phrase' } });
		await expect(204, 'changePassword', { body: example('changePassword', 'change') });
		await expect(200, 'getKeys', { as: null });
		for (const service of ['healthAuth', 'healthWallet', 'healthStatement', 'liveAuth', 'liveWallet', 'liveStatement', 'alarmsWallet', 'alarmsStatement'])
			await expect(200, service, { as: null });
	});

	await t.test('wallets and transactions, with the examples as they are', async () => {
		await refused('not_found', 'postTransaction', { body: example('postTransaction', 'deposit') });
		const key = randomUUID();
		const wallet = (await expect(201, 'openWallet', { headers: { 'Idempotency-Key': key }, body: example('openWallet', 'everyday') })).body;
		await expect(201, 'openWallet', { body: example('openWallet', 'default') });
		await expect(201, 'postTransaction', { body: example('postTransaction', 'deposit') });
		const purchase = (await expect(201, 'postTransaction', { headers: { 'Idempotency-Key': key }, body: example('postTransaction', 'purchase') })).body;
		const again = await expect(201, 'postTransaction', { headers: { 'Idempotency-Key': key }, body: example('postTransaction', 'purchase') });
		assert.deepEqual([again.body, again.headers.get('idempotent-replayed')], [purchase, 'true']);
		await refused('idempotency_key_reused', 'postTransaction', { headers: { 'Idempotency-Key': key }, body: example('postTransaction', 'withdrawal') });
		await expect(201, 'postTransaction', { body: example('postTransaction', 'withdrawal') });
		const { body: lack } = await refused('insufficient_funds', 'postTransaction', { body: { kind: 'withdrawal', amount: 1e9 } });
		assert.deepEqual([lack.available, lack.held, lack.required], [6500, 0, 1e9]);
		await refused('not_found', 'postTransaction', { body: example('postTransaction', 'cancellation') });
		await refused('forbidden', 'postTransaction', { body: { kind: 'reversal', reference_id: purchase.id } });
		await expect(201, 'postTransaction', { body: { ...example('postTransaction', 'part'), reference_id: purchase.id } });
		await refused('exceeds_original', 'postTransaction', { body: { kind: 'cancellation', reference_id: purchase.id, amount: 2001 } });
		const undo = (await expect(201, 'postTransaction', { body: { kind: 'cancellation', reference_id: purchase.id } })).body;
		assert.equal(undo.amount, 2000);
		await refused('already_undone', 'postTransaction', { body: { kind: 'cancellation', reference_id: purchase.id } });
		await refused('not_undoable', 'postTransaction', { body: { kind: 'cancellation', reference_id: undo.id } });
		await refused('invalid_request', 'postTransaction', { body: { kind: 'deposit', amount: 2 ** 53 } });
		await refused('malformed_json', 'postTransaction', { raw: '{"kind":"deposit","kind":"deposit","amount":1}' });
		await refused('invalid_request', 'postTransaction', { raw: '[]' });

		const shown = await expect(200, 'getWallet', { path: { id: wallet.id } });
		assert.deepEqual([shown.body.balance, shown.body.version, shown.headers.get('etag')], [9000, 6, '"6"']);
		await expect(304, 'getWallet', { path: { id: wallet.id }, headers: { 'If-None-Match': '"6"' } });
		await refused('not_found', 'getWallet', { path: { id: randomUUID() } });
		await refused('not_found', 'getWallet', { path: { id: 'mine' } });
		const wallets = await expect(200, 'listWallets', { query: { limit: 1 } });
		assert.equal(wallets.body.data[0].id, wallet.id);
		assert.equal((await expect(200, 'listWallets', { query: { limit: 1, cursor: wallets.body.next_cursor } })).body.next_cursor, null);
		assert.equal((await expect(200, 'getBalance', { path: { id: wallet.id } })).body.balance, 9000);
		assert.equal((await expect(200, 'getBalance', { path: { id: wallet.id }, query: { at: purchase.created_at } })).body.balance, 7500);
		await refused('invalid_request', 'getBalance', { path: { id: wallet.id }, query: { at: 'yesterday' } });
		await refused('not_found', 'getBalance', { path: { id: wallet.id }, query: { at: '2020-01-01T00:00:00Z' } });
		await refused('invalid_request', 'getTransaction', { path: { id: purchase.id }, query: { colour: 'red' } });
		assert.deepEqual((await expect(200, 'getTransaction', { path: { id: purchase.id } })).body, purchase);
		const page = await expect(200, 'listTransactions', { query: { wallet_id: wallet.id, limit: 2 } });
		assert.deepEqual(page.body.data.map((x) => x.version), [6, 5]);
		const bought = await expect(200, 'listTransactions', { query: { wallet_id: wallet.id, kind: 'purchase', from: purchase.created_at, to: new Date(Date.now() + 60000).toISOString() } });
		assert.deepEqual(bought.body.data, [purchase]);
	});

	await t.test('statements', async () => {
		const query = { from: today(), to: today() };
		const statement = (await expect(200, 'getStatement', { query: { ...query, min_version: 6 } })).body;
		assert.deepEqual([statement.version, statement.closing_balance], [6, 9000]);
		assert.equal(statement.opening_balance + statement.lines.reduce((sum, l) => sum + l.amount, 0), statement.closing_balance);
		const short = await expect(200, 'getStatement', { query: { ...query, limit: 4 } });
		await expect(200, 'getStatement', { query: { ...query, limit: 4, cursor: short.body.next_cursor } });
		await expect(200, 'getStatement', { query: { ...query, format: 'csv' } });
		assert.equal((await expect(200, 'getStatement')).body.lines.length, 6);
		await refused('invalid_request', 'getStatement', { query: { from: '2026-02-30' } });
		await refused('not_found', 'getStatement', { query: { ...query, wallet_id: randomUUID() } });

		for (const format of ['json', 'csv']) {
			const job = (await expect(202, 'getStatement', { query: { from: '2026-01-01', to: '2026-06-30', format } })).body;
			const id = { path: { id: job.id } };
			let now = job;
			for (const end = Date.now() + 60000; now.status !== 'ready' && Date.now() < end; await new Promise((r) => setTimeout(r, 100)))
				now = (await expect(200, 'getStatementJob', id)).body;
			assert.equal(now.status, 'ready');
			await expect(200, 'getStatementFile', id);
			const some = (Range) => fetch(new URL(now.file.url, base), { headers: { Authorization: `Bearer ${token}`, Range } });
			const part = await some('bytes=0-9'), parts = await some('bytes=0-9,20-29');
			assert.deepEqual([part.status, (await part.text()).length], [206, 10]);
			for (const answer of [part, parts]) {
				const type = answer.headers.get('content-type').split(';')[0];
				assert.ok(answer.status === 200 || table.getStatementFile.operation.responses[206].content[type], `a part is ${type}`);
			}
			await refused('range_not_satisfiable', 'getStatementFile', { ...id, headers: { Range: 'bytes=99999999-' } });
		}
		await refused('not_found', 'getStatementJob', { path: { id: randomUUID() } });
		await refused('not_found', 'getStatementFile', { path: { id: randomUUID() } });
	});

	await t.test('holds, with the examples as they are', async () => {
		const post = (code, body, query = {}) => expect(code, 'postTransaction', { body, query }).then((answer) => answer.body);
		const deposit = await post(201, example('postTransaction', 'deposit'));
		const id = { path: { id: deposit.wallet_id } };
		const dry = await expect(200, 'postTransaction', { query: { dry_run: true }, body: example('postTransaction', 'hold') });
		assert.deepEqual([dry.headers.get('dry-run'), dry.body.version], ['true', deposit.version + 1]);
		const hold = await post(201, example('postTransaction', 'hold'));
		assert.deepEqual([hold.version, hold.amount, hold.balance_after], [dry.body.version, 5000, deposit.balance_after]);
		await refused('not_found', 'postTransaction', { body: example('postTransaction', 'capture') });
		await refused('not_a_hold', 'postTransaction', { body: { kind: 'capture', reference_id: deposit.id } });
		await refused('exceeds_hold', 'postTransaction', { body: { kind: 'capture', reference_id: hold.id, amount: 5001 } });
		assert.equal((await post(201, { ...example('postTransaction', 'captureSome'), reference_id: hold.id })).merchant, hold.merchant);
		const later = await post(201, { ...example('postTransaction', 'hold'), expires_at: new Date(Date.now() + 86400000).toISOString() });
		const page = await expect(200, 'listHolds', { ...id, query: { limit: 1 } });
		const next = await expect(200, 'listHolds', { ...id, query: { limit: 1, cursor: page.body.next_cursor } });
		assert.deepEqual([page, next].flatMap((p) => p.body.data.map((h) => [h.id, h.remaining])), [[later.id, 5000], [hold.id, 3000]]);
		const rest = await post(201, { ...example('postTransaction', 'capture'), reference_id: hold.id });
		assert.equal(rest.amount, 3000);
		assert.equal((await post(201, { ...example('postTransaction', 'release'), reference_id: later.id })).amount, 5000);
		await refused('hold_closed', 'postTransaction', { body: { kind: 'release', reference_id: later.id } });
		await refused('invalid_request', 'postTransaction', { body: { kind: 'purchase', amount: 1, final: false } });

		const query = { wallet_id: hold.wallet_id, from: today(), to: today(), merchant: 'Hotel Astoria', min_amount: 2500, max_amount: 3000 };
		assert.deepEqual((await expect(200, 'listTransactions', { query })).body.data, [rest]);
		const found = (await expect(200, 'listTransactions', { query: { 'metadata[till]': 3, q: 'groc' } })).body.data;
		assert.deepEqual(found.map((x) => x.description), ['Groceries']);
		await refused('invalid_request', 'listTransactions', { query: { min_amount: 2, max_amount: 1 } });
		const days = (await expect(200, 'listBalances', id)).body;
		assert.deepEqual([days.by, days.data.at(-1).balance, days.data.at(-1).held], ['day', 14000, 0]);
		await expect(200, 'listBalances', { ...id, query: { by: 'hour', from: today(), to: today() } });
		const { body: lines } = await expect(200, 'getStatement', { query: { from: today(), to: today(), min_version: rest.version + 1 } });
		assert.deepEqual(lines.lines.slice(-5).map((l) => [l.kind, l.amount]), [['hold', 0], ['capture', -2000], ['hold', 0], ['capture', -3000], ['release', 0]]);
	});

	await t.test('transfers and batches, with the examples as they are', async () => {
		const other = (await expect(201, 'openWallet', { body: example('openWallet', 'everyday') })).body;
		const foreign = (await expect(201, 'openWallet', { body: { currency: 'USD' } })).body;
		const transfer = { ...example('postTransaction', 'transfer'), to_wallet_id: other.id };
		await refused('not_found', 'postTransaction', { body: example('postTransaction', 'transfer') });
		const { body: mismatch } = await refused('currency_mismatch', 'postTransaction', { body: { ...transfer, to_wallet_id: foreign.id } });
		assert.equal(mismatch.wallet_id, foreign.id);
		const sent = (await expect(201, 'postTransaction', { body: transfer })).body;
		const got = (await expect(200, 'getTransaction', { path: { id: sent.counterpart_id } })).body;
		assert.deepEqual([got.wallet_id, got.from_wallet_id, got.counterpart_id, got.amount], [other.id, sent.wallet_id, sent.id, 1000]);
		assert.equal(sent.to_wallet_id, other.id);
		await refused('invalid_request', 'postTransaction', { body: { ...transfer, to_wallet_id: sent.wallet_id } });

		const headers = { 'Idempotency-Key': randomUUID() };
		const all = await expect(201, 'postBatch', { headers, body: example('postBatch', 'atomic') });
		const again = await expect(201, 'postBatch', { headers, body: example('postBatch', 'atomic') });
		assert.deepEqual([again.headers.get('idempotent-replayed'), again.body], ['true', all.body]);
		const each = await expect(200, 'postBatch', { body: example('postBatch', 'each') });
		assert.deepEqual(each.body.results.map((x) => x.transaction.kind), ['purchase', 'hold']);
		const balance = async () => (await expect(200, 'getBalance', { path: { id: sent.wallet_id } })).body.version;
		const version = await balance();
		const mixed = [{ kind: 'deposit', amount: 1 }, { kind: 'withdrawal', amount: 1e9, idempotency_key: 'too-much' }];
		assert.equal((await refused('insufficient_funds', 'postBatch', { body: { mode: 'atomic', transactions: mixed } })).body.index, 1);
		const dry = (await expect(200, 'postBatch', { query: { dry_run: true }, body: { mode: 'each', transactions: [...mixed, { kind: 'hold' }] } })).body;
		assert.deepEqual(dry.results.map((x) => x.problem?.code ?? x.status), [201, 'insufficient_funds', 'invalid_request']);
		assert.equal(await balance(), version);
		const { body: fault } = await refused('invalid_request', 'postBatch', { body: { mode: 'atomic', transactions: [...mixed, { kind: 'hold' }] } });
		assert.deepEqual(fault.errors.map((e) => e.pointer), ['/transactions/2/amount']);
	});

	await t.test('limits, freezing and closing, with the examples as they are', async () => {
		const as = await operator();
		const wallet = (await expect(201, 'openWallet', { body: example('openWallet', 'everyday') })).body;
		const id = { path: { id: wallet.id } };
		for (const [name, body] of [['freezeWallet', 'stolen'], ['unfreezeWallet', 'found'], ['closeWallet', 'asked'], ['setLimits', 'daily']])
			await refused('forbidden', name, { ...id, body: example(name, body) });
		await refused('forbidden', 'getCurrencyLimits', { query: { currency: 'ISK' } });

		for (const name of ['careful', 'none']) {
			const { limits } = (await expect(200, 'setCurrencyLimits', { as, query: { currency: 'ISK' }, body: example('setCurrencyLimits', name) })).body;
			assert.deepEqual(limits, example('setCurrencyLimits', name).limits);
		}
		await expect(200, 'getCurrencyLimits', { as, query: { currency: 'ISK' } });
		for (const name of ['free', 'credit', 'daily'])
			await expect(200, 'setLimits', { as, ...id, body: example('setLimits', name) });
		assert.deepEqual((await expect(200, 'getLimits', id)).body.limits.map((l) => [l.per, l.amount, l.used]), [['transaction', 20000, undefined], ['day', 50000, 0]]);
		await expect(201, 'postTransaction', { body: { kind: 'deposit', amount: 30000, wallet_id: wallet.id } });
		const { body: limited } = await refused('limit_exceeded', 'postTransaction', { body: { kind: 'purchase', amount: 20001, wallet_id: wallet.id } });
		assert.deepEqual([limited.limit.per, limited.used, limited.requested, limited.frees_at], ['transaction', 0, 20001, null]);
		await expect(201, 'postTransaction', { body: { kind: 'withdrawal', amount: 30000, wallet_id: wallet.id } });

		const post = (kind, more = {}) => ({ body: { kind, amount: 1, wallet_id: wallet.id, ...more } });
		assert.equal((await expect(201, 'freezeWallet', { as, ...id, body: example('freezeWallet', 'stolen') })).body.kind, 'freeze');
		await expect(201, 'postTransaction', post('deposit'));
		await refused('wallet_frozen', 'postTransaction', post('withdrawal'));
		await expect(201, 'freezeWallet', { as, ...id, body: example('freezeWallet', 'both') });
		await refused('wallet_frozen', 'postTransaction', post('deposit'));
		await expect(201, 'unfreezeWallet', { as, ...id, body: example('unfreezeWallet', 'found') });
		await refused('wallet_not_empty', 'closeWallet', { as, ...id, body: example('closeWallet', 'asked') });
		await expect(201, 'postTransaction', post('withdrawal'));
		await expect(201, 'closeWallet', { as, ...id, body: example('closeWallet', 'asked') });
		await refused('wallet_closed', 'postTransaction', post('deposit'));
		await refused('wallet_closed', 'freezeWallet', { as, ...id, body: example('freezeWallet', 'both') });
	});

	await t.test('signing out', async () => {
		await expect(204, 'signOut', { body: example('signOut', 'one') });
		for (const id of ['getMe', 'listWallets', 'getStatement'])
			await refused('session_ended', id, { query: id === 'getStatement' ? { from: today(), to: today() } : {} });
	});

	await t.test('every operation was called', () => {
		assert.deepEqual(Object.keys(table).filter((id) => !called.has(id)), []);
	});
});
