// defaults.test.mjs - sending a default of OpenAPI explicitly means the same as omitting it,
// because generated clients send all defaults. The cases come from the document; each is called
// both ways on the running system.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { root } from './lib/defs.mjs';
import { document, follow, operations } from './lib/openapi.mjs';

const base = process.env.BASE_URL;
const skip = !base ? 'BASE_URL is not set' : false;
const build = resolve(root, process.env.BUILD ?? 'build');
const password = 'a long enough phrase';

// ---- the cases: {id, name, kind?, set(request)} ----

// Calls found(schema, keys, kind) for every member of a body that has a default, at any depth.
function members(schema, found, keys = [], kind) {
	const s = follow(document, schema) ?? {};
	const kinds = s.properties?.kind;

	if (s.default !== undefined)
		found(s, keys, kind);
	for (const one of s.oneOf ?? [])
		members(one, found, keys, kind);
	for (const [name, member] of Object.entries(s.properties ?? {}))
		members(member, found, [...keys, name], kinds?.const ?? kinds?.enum?.[0] ?? kind);
	if (s.items)
		members(s.items, found, [...keys, 0], kind);
}

function cases() {
	const all = [];

	for (const { path, operation } of operations()) {
		const { operationId: id, parameters = [], requestBody } = operation;
		for (const parameter of parameters.map((p) => follow(document, p))) {
			const { default: value } = follow(document, parameter.schema) ?? {};
			if (value !== undefined)
				all.push({ id, path, name: `?${parameter.name}=${value}`, set: ({ query }) => { query[parameter.name] = value; } });
		}
		if (requestBody)
			members(requestBody.content['application/json'].schema, ({ default: value }, keys, kind) => all.push({
				id, path, kind, name: `${keys.join('.')}=${value}${kind ? ` (${kind})` : ''}`,
				set({ body }) {
					const last = keys.slice(0, -1).reduce((at, key) => at[key], body);
					last[keys.at(-1)] = value;
				},
			}));
	}
	return all;
}

// ---- calls ----

async function call(method, path, { token, query = {}, body } = {}) {
	const url = new URL(path, base);
	for (const [name, value] of Object.entries(query))
		url.searchParams.set(name, value);
	const answer = await fetch(url, {
		method,
		headers: { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) },
		body: body && JSON.stringify(body),
	});
	const text = await answer.text();
	return { status: answer.status, cookie: answer.headers.has('set-cookie'), body: text ? JSON.parse(text) : null };
}

async function need(method, path, options) {
	const answer = await call(method, path, options);
	assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
	return answer.body;
}

// Replaces everything that differs between two equal calls: ids, times, tokens.
const plain = (value) => JSON.parse(JSON.stringify(value, (key, v) => {
	if (typeof v !== 'string')
		return v;
	if (/_token$|^email$|^x$|^y$/.test(key))
		return 'secret';
	return v.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time');
}));

async function user() {
	const email = `defaults-${randomUUID()}@example.com`;
	await need('POST', '/v1/auth/sign-up', { body: { email, password } });
	return { email, token: await signIn(email) };
}
const signIn = async (email) => (await need('POST', '/v1/auth/sign-in', { body: { email, password } })).access_token;

// Opens a wallet with a balance of 100.00, of which 50.00 is held.
async function filled({ token }) {
	const { id } = await need('POST', '/v1/wallets', { token, body: { currency: 'EUR' } });
	await need('POST', '/v1/transactions', { token, body: { kind: 'deposit', amount: 10000, wallet_id: id } });
	const hold = await need('POST', '/v1/transactions', { token, body: { kind: 'hold', amount: 5000, wallet_id: id } });
	return { id, hold: hold.id };
}

// ---- a minimal request of each operation: {method, path, query?, body?, token, after?} ----

const seen = (token, id) => async () => [
	(await call('GET', `/v1/wallets/${id}`, { token })).body,
	(await call('GET', `/v1/wallets/${id}/holds`, { token })).body,
];
const transaction = (kind, { id, hold }) => ({
	deposit: { kind, wallet_id: id, amount: 700 },
	capture: { kind, wallet_id: id, reference_id: hold, amount: 2000 },
})[kind];

const requests = {
	signIn: async ({ email }) => ({ method: 'POST', body: { email, password } }),
	// It ends the session of its own token; the caller's other session continues.
	signOut: async (me) => ({
		method: 'POST', token: await signIn(me.email), body: {},
		after: async () => (await call('GET', '/v1/auth/me', me)).status,
	}),
	listSessions: async ({ token }) => ({ method: 'GET', token }),
	listWallets: async ({ token }) => ({ method: 'GET', token }),
	listTransactions: async (me) => ({ method: 'GET', token: me.token, query: { wallet_id: (await filled(me)).id } }),
	listHolds: async (me) => ({ method: 'GET', token: me.token, id: (await filled(me)).id }),
	listBalances: async (me) => ({ method: 'GET', token: me.token, id: (await filled(me)).id }),
	freezeWallet: async (me) => {
		const { id } = await filled(me);
		execFileSync(`${build}/purse`, ['user', 'role', 'add', me.email, 'operator'], { cwd: root, stdio: 'ignore' });
		return {
			method: 'POST', token: await signIn(me.email), id, body: { reason: 'Reported stolen' },
			after: async () => (await call('POST', '/v1/transactions', { ...me, body: { kind: 'deposit', amount: 1, wallet_id: id } })).body.code,
		};
	},
	postTransaction: async (me, kind = 'deposit') => {
		const wallet = await filled(me);
		return { method: 'POST', token: me.token, body: transaction(kind, wallet), after: seen(me.token, wallet.id) };
	},
	postBatch: async (me, kind = 'deposit') => {
		const wallet = await filled(me);
		return { method: 'POST', token: me.token, body: { mode: 'atomic', transactions: [transaction(kind, wallet)] }, after: seen(me.token, wallet.id) };
	},
};

async function answer({ path }, request) {
	const got = await call(request.method, path.replace('{id}', request.id), request);
	return plain({ ...got, after: await request.after?.() });
}

test('sending a default explicitly means the same as omitting it', { skip }, async (t) => {
	const all = cases();
	assert.ok(all.length >= 10, `${all.length} defaults`);
	for (const one of all)
		await t.test(`${one.id} ${one.name}`, async () => {
			const me = await user();
			assert.ok(requests[one.id], `requests has ${one.id}`);
			// Prepare both before sending either, so that both see the same account.
			const without = await requests[one.id](me, one.kind), explicit = await requests[one.id](me, one.kind);
			explicit.query ??= {};
			one.set(explicit);
			const expected = await answer(one, without);
			assert.ok(expected.status < 300, JSON.stringify(expected));
			assert.deepEqual(await answer(one, explicit), expected);
		});
});

// Clients generated from an earlier document, with one schema for all kinds, send it with each
// kind.
test('every kind accepts final: true', { skip }, async () => {
	const me = await user(), { token } = me;
	const post = (body) => need('POST', '/v1/transactions', { token, body: { ...body, final: true } });
	const { id: wallet_id, hold } = await filled(me);
	const other = await filled(me);
	const purchase = await post({ kind: 'purchase', amount: 5, wallet_id });

	await post({ kind: 'deposit', amount: 5, wallet_id });
	await post({ kind: 'withdrawal', amount: 5, wallet_id });
	await post({ kind: 'transfer', amount: 5, wallet_id, to_wallet_id: other.id });
	await post({ kind: 'cancellation', reference_id: purchase.id, wallet_id });
	await post({ kind: 'release', reference_id: hold, wallet_id });
	const again = await post({ kind: 'hold', amount: 5, wallet_id });
	await post({ kind: 'capture', reference_id: again.id, wallet_id });
	const { status, body } = await call('POST', '/v1/transactions', { token, body: { kind: 'deposit', amount: 5, wallet_id, final: false } });
	assert.deepEqual([status, body.errors.map((e) => e.pointer)], [422, ['/final']]);
});
