// events.test.mjs - publishes AsyncAPI's examples to the running system, and checks the answers
// against its schemas.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { errors, read, root } from './lib/defs.mjs';
import { place, pointer, validators } from './lib/openapi.mjs';

const base = process.env.BASE_URL;
const skip = !base ? 'BASE_URL is not set' : false;
const build = resolve(root, process.env.BUILD ?? 'build');
const document = parse(read('web/asyncapi.yaml'));
const check = validators(document);
const run = (program, args, input) => execFileSync(`${build}/${program}`, args, { input, encoding: 'utf8', cwd: root, timeout: 90000 });

const unique = randomBytes(6).toString('hex');
const replies = `replies-${unique}`;
const facts = `facts-${unique}`;

async function http(method, path, token, body) {
	const headers = { ...(token ? { Authorization: `Bearer ${token}` } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) };
	const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
	assert.ok(answer.ok, `${path}: ${answer.status}`);
	return answer.json();
}

// [[message, example]] of the messages that wallet_queue accepts.
const examples = Object.values(document.channels.wallet_queue.messages).flatMap((reference) => {
	const key = reference.$ref.split('/').pop();
	return document.components.messages[key].examples.map((example) => [key, example]);
});

// Adapts an example to this run: other ids and keys, nothing else.
function own(example, ids) {
	const text = JSON.stringify(example)
		.replaceAll('019aaf01-0f3c-7a53-9a3b-4f0d2c6b8e11', ids.user)
		.replaceAll('019aaf03-77aa-7d3e-b9a1-5a6c0f2d1e42', ids.wallet ?? '')
		.replaceAll('019aaf04-5a10-7e21-8f00-1c2d3e4f5061', ids.purchase ?? '')
		.replaceAll('019aaf07-1a2b-7c3d-8e4f-5061728394a5', ids.hold ?? '')
		.replaceAll('019aaf08-2b3c-7d4e-9f50-617283940a1b', ids.other ?? '')
		.replace(/"((?:deposit|order|atm|legacy)-\d+)"/g, `"$1-${unique}"`);
	return JSON.parse(text);
}

function publish({ payload, headers = {} }, correlation) {
	const id = headers.message_id ? ['--message-id', headers.message_id] : [];
	run('purse', ['publish', ...id, '--reply-to', replies, '--correlation-id', correlation, 'wallet_queue'], JSON.stringify(payload));
}

const take = (queue, count) => run('tests/probe', ['take', queue, String(count)]).trim().split('\n').map((line) => JSON.parse(line));

// Checks a message from the broker against its schemas: body, properties, content type.
function holds(message) {
	const schemas = document.components.messages[message.body.type];
	const at = pointer('components', 'messages', message.body.type);

	assert.ok(schemas, message.body.type);
	assert.equal(check(place(schemas.payload, `${at}/payload`), message.body), '', JSON.stringify(message));
	assert.equal(message.message_id, message.exchange === 'purse.events' ? message.body.id : null);
	assert.equal(message.content_type, schemas.contentType);
	return message;
}

after(() => {
	if (!skip)
		for (const queue of [replies, facts])
			run('tests/probe', ['delete', queue]);
});

test('every example of transaction_emitted is accepted, and the answers match their schemas', { skip }, async () => {
	const email = `events-${unique}@example.com`;
	const password = 'a long enough phrase';
	const ids = { user: (await http('POST', '/v1/auth/sign-up', null, { email, password })).id };
	const { access_token: token } = await http('POST', '/v1/auth/sign-in', null, { email, password });

	run('tests/probe', ['listen', replies]);
	run('tests/probe', ['listen', facts, 'transaction_created', 'transaction_rejected', 'statement_requested']);
	for (const [key, example] of examples) {
		publish(own(example, ids), `${key}-${example.name}`);
		const answer = holds(take(replies, 1)[0]);
		assert.equal(answer.body.type, 'transaction_created', JSON.stringify(answer.body));
		assert.equal(answer.correlation_id, `${key}-${example.name}`);
		ids.wallet ??= answer.body.data.wallet_id;
		ids.other ??= (await http('POST', '/v1/wallets', token, {})).id;
		if (['purchase', 'hold'].includes(answer.body.data.kind))
			ids[answer.body.data.kind] = answer.body.data.id;
	}
	// 100.00 - 25.00 - 12.00 - 5.00 - 10.00 + 25.50 + 25.00
	const { balance, held } = await http('GET', `/v1/wallets/${ids.wallet}/balance`, token);
	assert.deepEqual([balance, held], [9850, 0]);
	assert.equal((await http('GET', `/v1/wallets/${ids.other}/balance`, token)).balance, 500);

	publish({ payload: { pattern: 'transaction_emitted', data: { user_id: ids.user, kind: 'withdrawal', amount: 9851, idempotency_key: `no-${unique}` } } }, 'no');
	const refused = holds(take(replies, 1)[0]);
	const { code, available, short_by: short } = refused.body.data;
	assert.deepEqual([refused.body.type, code, available, short], ['transaction_rejected', 'insufficient_funds', 9850, 1]);
	assert.ok(errors().some((e) => e.code === refused.body.data.code));

	await http('GET', '/v1/statements?from=2026-01-01&to=2026-06-30&min_version=9', token);
	const seen = new Set();
	for (let i = 0; i < 500 && seen.size < 3; i++)
		seen.add(holds(take(facts, 1)[0]).body.type);
	assert.deepEqual([...seen].sort(), ['statement_requested', 'transaction_created', 'transaction_rejected']);
});
