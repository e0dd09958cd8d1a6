// kinds.test.mjs - compares domain/ledger/kinds.def with everything else that lists kinds: the SQL
// functions, the documents, `purse verify`.
//
// A new kind fails here until its SQL, its documents and its row of `purse verify` exist.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'yaml';
import { kinds, read, root } from './lib/defs.mjs';
import { document, validators } from './lib/openapi.mjs';

const table = kinds();
const names = (rows) => rows.map((k) => k.name).sort();
const requested = table.filter((k) => k.by === 'REQUESTED');
const changed = table.filter((k) => k.by === 'CHANGED');
const limited = table.filter((k) => k.limits === 'LIMITED');
const events = parse(read('web/asyncapi.yaml')).components.schemas;
const schemas = document.components.schemas;

// Returns all words in quotes.
const quoted = (text) => [...text.matchAll(/'(\w+)'/g)].map((m) => m[1]);
const sql = (name) => read(`sql/wallet/functions/${name}.sql`).replace(/--.*$/gm, '');

test('the table has each kind once, with valid flags', () => {
	assert.equal(table.length, read('domain/ledger/kinds.def').match(/^KIND\(/gm).length, 'every row is read');
	assert.equal(new Set(names(table)).size, table.length);
	for (const k of table) {
		assert.equal(k.id, k.name.toUpperCase());
		assert.ok(['REQUESTED', 'CHANGED', 'OPENED'].includes(k.by) && ['LIMITED', 'UNLIMITED'].includes(k.limits) && ['PLAIN', 'FULL'].includes(k.arrays), k.name);
		for (const need of ['amount', 'reference', 'counterpart', 'expires', 'final']) {
			assert.ok(['NEVER', 'MAY', 'MUST'].includes(k[need]), `${k.name}: ${need}`);
			assert.ok(k.by === 'REQUESTED' || k[need] === 'NEVER', `${k.name} is not requested, so it cannot have ${need}`);
		}
		if ([k.counterpart, k.expires, k.final].some((need) => need !== 'NEVER'))
			assert.equal(k.arrays, 'FULL', `${k.name} needs the arrays`);
		if (k.limits === 'LIMITED')
			assert.ok(k.by === 'REQUESTED', `${k.name} has limits, so it must be requested`);
	}
});

test('OpenAPI and AsyncAPI list the kinds of the table', () => {
	assert.deepEqual([...schemas.Kind.enum].sort(), names(table));
	assert.deepEqual(Object.keys(schemas.NewTransaction.discriminator.mapping).sort(), names(requested));
	assert.deepEqual([...schemas.LimitKind.enum].sort(), names(limited));
	assert.deepEqual([...events.Transaction.properties.kind.enum].sort(), names(table));
	assert.deepEqual([...events.Request.properties.kind.enum].sort(), names(requested));
});

test('OpenAPI requires the members that the table requires', () => {
	const check = validators(document);
	const id = '019aaf04-5a10-7e21-8f00-1c2d3e4f5061';
	const members = { amount: ['amount', 5], reference: ['reference_id', id], counterpart: ['to_wallet_id', id],
		expires: ['expires_at', '2030-01-01T00:00:00Z'], final: ['final', false] };

	for (const k of requested) {
		const must = Object.keys(members).filter((need) => k[need] === 'MUST').map((need) => members[need]);
		const whole = { kind: k.name, ...Object.fromEntries(must) };
		assert.equal(check('#/components/schemas/NewTransaction', whole), '', k.name);
		for (const [name] of must) {
			const { [name]: _, ...part } = whole;
			assert.notEqual(check('#/components/schemas/NewTransaction', part), '', `${k.name} without ${name}`);
		}
		for (const [need, [name, value]] of Object.entries(members).filter(([n]) => k[n] !== 'MUST')) {
			const fault = check('#/components/schemas/NewTransaction', { ...whole, [name]: value });
			assert.equal(fault === '', k[need] === 'MAY', `${k.name} with ${name}: ${fault}`);
		}
	}
});

test('post() handles exactly the kinds that can be requested', () => {
	const handled = new Set(quoted(sql('post') + sql('hold')));
	assert.deepEqual(requested.filter((k) => !handled.has(k.name)).map((k) => k.name), []);
	assert.deepEqual(table.filter((k) => k.by !== 'REQUESTED' && quoted(sql('post').replace(/->>?\s*'\w+'/g, '')).includes(k.name)).map((k) => k.name), []);
	// Batches without the last three arrays contain only plain kinds.
	const [, simple] = sql('post').match(/simple\s+CONSTANT boolean := p_kinds <@ ARRAY\[([^\]]*)\]/);
	const plain = table.filter((k) => k.arrays === 'PLAIN').map((k) => k.name);
	assert.deepEqual(quoted(simple).filter((name) => !plain.includes(name)), []);
});

test('SQL has the table\'s kinds for opening a wallet and for an operator\'s changes', () => {
	const made = new Set(quoted(sql('change')));
	assert.deepEqual(changed.filter((k) => !made.has(k.name)).map((k) => k.name), []);
	assert.deepEqual(table.filter((k) => k.by === 'OPENED' && !quoted(sql('open')).includes(k.name)).map((k) => k.name), []);
});

test('SQL has limits for the same kinds as the table', () => {
	const [, checked] = read('sql/wallet/002_holds_transfers_limits.sql').match(/kind\s+text NOT NULL CHECK \(kind IN \(([^)]*)\)\)/);
	const [, valid] = sql('limit').match(/n\.kind IN \(([^)]*)\)/);
	assert.deepEqual(quoted(checked).sort(), names(limited), 'the CHECK of limit_rule');
	assert.deepEqual(quoted(valid).sort(), names(limited), 'limit_rules_valid()');
});

test('SQL names only kinds of the table', () => {
	const known = new Set(names(table));
	const folder = `${root}sql/wallet/functions`;

	for (const file of readdirSync(folder)) {
		const text = sql(file.replace(/\.sql$/, ''));
		const found = [
			...[...text.matchAll(/kinds?\s*(?:=|<>|IS (?:NOT )?DISTINCT FROM)\s*('\w+')/g)].map((m) => m[1]),
			...[...text.matchAll(/kinds?\s+(?:NOT )?IN \(([^)]*)\)/g)].map((m) => m[1]),
			...[...text.matchAll(/kinds <@ ARRAY\[([^\]]*)\]/g)].map((m) => m[1]),
			...[...text.matchAll(/CASE (?:\w\.|p_)?kind((?:\s+WHEN '\w+' THEN '?\w+'?)+)/g)].map((m) => m[1].replace(/THEN '\w+'/g, '')),
		].flatMap(quoted);
		assert.deepEqual(found.filter((name) => !known.has(name)), [], file);
	}
});

test('`purse verify` has its own row for each kind, with the same references', () => {
	const rules = read('tools/verify_walk.c').match(/\} rules\[\] = \{([\s\S]*?)\n\};/)[1];
	const rows = Object.fromEntries([...rules.matchAll(/\{ "(\w+)", (.*) \},/g)].map(([, name, rest]) => [name, rest]));

	assert.deepEqual(Object.keys(rows).sort(), names(table));
	for (const k of table) {
		assert.equal(/\.reference = MUST/.test(rows[k.name]), k.reference === 'MUST', `${k.name}: reference`);
		assert.equal(/\.(?:other_side|counterpart) = MUST/.test(rows[k.name]), k.counterpart === 'MUST', `${k.name}: counterpart`);
	}
});

test('ARCHITECTURE.md explains each kind and its members', () => {
	const section = read('ARCHITECTURE.md').split('| kind | balance | held | takes |')[1].split('\n\n')[0];
	const rows = section.split('\n').map((line) => line.split('|').map((cell) => cell.trim())).filter((cells) => cells[1]?.startsWith('`'));
	const shown = Object.fromEntries(rows.flatMap((cells) => [...cells[1].matchAll(/`(\w+)`/g)].map((m) => [m[1], cells[4]])));
	const members = { amount: 'amount', reference: 'reference_id', counterpart: 'to_wallet_id', expires: 'expires_at', final: 'final' };

	assert.deepEqual(Object.keys(shown).sort(), names([...requested, ...changed]));
	for (const k of requested) {
		const takes = Object.entries(members).filter(([need]) => k[need] !== 'NEVER').map(([need, name]) => name + (k[need] === 'MAY' ? '?' : ''));
		assert.deepEqual(shown[k.name].split(', ').sort(), takes.sort(), k.name);
	}
});
