// documents.test.mjs - both API documents are valid and match the code, and their examples match
// their schemas.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { stale } from './generate.mjs';
import { errors, formats, options, quantity, read, root } from './lib/defs.mjs';
import { explanations } from './lib/errors-page.mjs';
import { document, follow, operations, place, pointer, validators, walk } from './lib/openapi.mjs';

const run = promisify(execFile);
const events = parse(read('web/asyncapi.yaml'));

for (const name of ['openapi.yaml', 'asyncapi.yaml'])
	test(`${name} passes the linter without a warning`, async () => {
		const arguments_ = ['lint', '--config', `${root}tests/web/redocly.yaml`, '--format', 'json', `${root}web/${name}`];
		const { stdout } = await run(`${root}tests/web/node_modules/.bin/redocly`, arguments_).catch((error) => error);
		const problems = JSON.parse(stdout).problems.map((p) => `${p.location[0]?.pointer}: ${p.message} (${p.ruleId})`);
		assert.deepEqual(problems, []);
	});

test('generated files are up to date', () => {
	assert.deepEqual(stale(), [], 'npm --prefix tests/web run generate');
});

test('swagger-ui is the release named in VERSION', () => {
	const sums = [...read('web/vendor/swagger-ui/VERSION').matchAll(/^([0-9a-f]{64}) {2}(\S+)$/gm)];
	assert.equal(sums.length, 2);
	for (const [, sum, name] of sums)
		assert.equal(createHash('sha256').update(readFileSync(`${root}web/vendor/swagger-ui/${name}`)).digest('hex'), sum, name);
});

test('error.def, OpenAPI and web/errors.md list the same error codes', () => {
	const codes = errors().map((e) => e.code);
	assert.ok(codes.length > 20);
	assert.equal(new Set(codes).size, codes.length);
	assert.deepEqual([...document.components.schemas.ErrorCode.enum].sort(), [...codes].sort());
	assert.deepEqual(Object.keys(explanations()).sort(), [...codes].sort());
});

test('web/errors.md names every status that the gateway gives a code', () => {
	const given = [...read('deploy/gateway/problem.lua').matchAll(/\[(\d{3})\] = "([A-Z_]+)"/g)];
	assert.ok(given.length > 15);
	for (const [, status, name] of given) {
		const { status: own, code } = errors().find((e) => e.code === name.toLowerCase());
		if (Number(status) !== own)
			assert.match(explanations()[code], new RegExp(`\\b${status}\\b`), code);
	}
});

test('advice.def says what to do about every error, and no example repeats its title', () => {
	const advised = [...read('common/base/advice.def').matchAll(/^ADVICE\((\w+), "(.+)"\)$/gm)].map((m) => m[1].toLowerCase());
	assert.deepEqual(advised.sort(), errors().map((e) => e.code).sort());
	for (const [name, { value }] of Object.entries(document.components.examples))
		assert.ok(!value.title || value.detail !== value.title, name);
});

test('/docs/errors has an anchor for every code', () => {
	for (const { code } of errors())
		assert.match(read('web/errors.html'), new RegExp(`<article id="${code}">`));
});

test('every error response in OpenAPI has the right status, title and headers', () => {
	const table = Object.fromEntries(errors().map((e) => [e.code, e]));
	const shown = new Set();

	for (const { method, path, operation } of operations())
		for (const [status, reference] of Object.entries(operation.responses)) {
			if (Number(status) < 400)
				continue;
			const response = follow(document, reference);
			const headers = Object.keys(response.headers);
			const must = { 401: 'WWW-Authenticate', 429: 'Retry-After', 503: 'Retry-After' }[status];
			assert.ok(headers.includes('X-Request-Id') && (!must || headers.includes(must)), `${method} ${path} ${status}: headers`);
			for (const example of Object.values(response.content['application/problem+json'].examples)) {
				const { value } = follow(document, example);
				const row = table[value.code];
				assert.equal(String(value.status), status, `${method} ${path}: ${value.code}`);
				assert.deepEqual([value.status, value.title, value.type], [row.status, row.title, `/docs/errors#${row.code}`]);
				shown.add(value.code);
			}
		}
	// An unsupported method is not an operation, so the introduction documents that error.
	assert.deepEqual(errors().map((e) => e.code).filter((c) => !shown.has(c)), ['method_not_allowed', 'request_timeout', 'not_implemented']);
});

test('every JSON example in OpenAPI matches its schema', () => {
	const faults = [];
	const check = validators(document);
	let checked = 0;

	const verify = (at, schema, value) => {
		const fault = check(place(schema, at), value);
		checked++;
		if (fault)
			faults.push(`${at}: ${fault}`);
	};
	walk(document, (node, at) => {
		if (node.schema && !at.includes('csv')) {
			if (node.example !== undefined)
				verify(`${at}/schema`, node.schema, node.example);
			for (const example of Object.values(node.examples ?? {}))
				verify(`${at}/schema`, node.schema, follow(document, example).value);
		} else if (Array.isArray(node.examples) && at.includes('/schemas/')) {
			for (const example of node.examples)
				verify(at, null, example);
		}
	});
	assert.ok(checked > 60, `${checked} examples`);
	assert.deepEqual(faults, []);
});

test('request schemas are strict and have examples', () => {
	for (const { method, path, operation } of operations()) {
		const body = operation.requestBody?.content['application/json'];
		if (!body)
			continue;
		const schema = follow(document, body.schema);
		for (const one of schema.oneOf?.map((s) => follow(document, s)) ?? [schema])
			assert.equal(one.additionalProperties, false, `${method} ${path}`);
		assert.ok(Object.keys(body.examples ?? {}).length, `${method} ${path} has an example`);
	}
	assert.deepEqual([document.components.schemas.Amount.minimum, document.components.schemas.Amount.maximum], [1, 2 ** 53 - 1]);
});

// Most generators follow only references to whole components, and treat an object without
// properties as empty.
test('OpenAPI uses only features that code generators support', () => {
	const { schemas } = document.components;
	walk(document, (node, at) => {
		if (node.$ref)
			assert.match(node.$ref, /^#\/components\/\w+\/[\w-]+$/, at);
		if (at.includes('/schemas/') && [].concat(node.type ?? []).includes('object') && !node.properties)
			assert.ok(node.additionalProperties, `${at} needs additionalProperties`);
	});
	for (const name of ['NewTransaction', 'BatchTransaction']) {
		const { oneOf, discriminator } = schemas[name];
		const kinds = oneOf.flatMap((ref) => {
			const { kind } = follow(document, ref).properties;
			return (kind.enum ?? [kind.const]).map((k) => [k, ref.$ref]);
		});
		assert.deepEqual(discriminator, { propertyName: 'kind', mapping: Object.fromEntries(kinds) }, name);
		assert.deepEqual(kinds.map(([k]) => k).sort(), [...events.components.schemas.Request.properties.kind.enum].sort(), name);
	}
});

test('a transaction in a batch has the members of a single one, and a key', () => {
	const { schemas } = document.components;
	for (const { $ref } of schemas.NewTransaction.oneOf) {
		const name = $ref.split('/').pop().slice('New'.length);
		const { description, ...batch } = structuredClone(schemas[`Batch${name}`]);
		assert.ok(batch.properties.idempotency_key, description);
		delete batch.properties.idempotency_key;
		assert.deepEqual({ description: schemas[`New${name}`].description, ...batch }, schemas[`New${name}`]);
	}
});

test('every message in AsyncAPI has examples that match its schemas', () => {
	const check = validators(events);

	for (const [key, message] of Object.entries(events.components.messages)) {
		assert.ok(message.examples?.length || !message.payload, `${key} has an example`);
		for (const example of message.examples ?? [])
			for (const part of ['payload', 'headers'])
				if (example[part])
					assert.equal(check(place(message[part], pointer('components', 'messages', key, part)), example[part]), '', `${key} ${example.name}`);
	}
});

test('an event shows a transaction as the API does, plus its owner', () => {
	const { owner_id: owner, ...event } = events.components.schemas.Transaction.properties;
	assert.ok(owner);
	assert.deepEqual(Object.keys(event), Object.keys(document.components.schemas.Transaction.properties));
	const { user_id: user, idempotency_key: key, ...request } = events.components.schemas.Request.properties;
	assert.ok(user && key);
	const kinds = document.components.schemas.NewTransaction.oneOf.map((ref) => Object.keys(follow(document, ref).properties));
	assert.deepEqual(Object.keys(request).sort(), [...new Set(kinds.flat())].sort());
});

test('config.def, .env.example and docs/configuration.md list the same options, with the same defaults', () => {
	const shown = [...read('.env.example').matchAll(/^#?\s?([A-Z][A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value]);
	const pages = read('docs/configuration.md');
	const forMake = [...pages.slice(pages.indexOf('## For make and docker compose only')).matchAll(/`([A-Z][A-Z0-9_]+)`/g)].map((m) => m[1]);
	const named = Object.fromEntries(shown);

	assert.equal(shown.length, Object.keys(named).length, 'no duplicate options');
	for (const { name, value } of options()) {
		assert.ok(name in named, `${name} is in .env.example`);
		if (value !== null)
			assert.equal(named[name].replace(/^"(.*)"$/, '$1'), value, `default of ${name}`);
		assert.ok(pages.includes(`| \`${name}\` |`), `${name} is in docs/configuration.md`);
	}
	const known = new Set([...options().map((o) => o.name), ...forMake]);
	assert.deepEqual(Object.keys(named).filter((name) => !known.has(name)), [], 'no unused options in .env.example');
});

// Places that repeat a default, in a document or in a file that cannot read config.def: [file,
// pattern, option]. In every match, the captured text must be the option's default. Add new places
// to this list.
const repeated = [
	['web/openapi.yaml', /`application\/json`, at most (\d+ KiB)/g, 'BODY_LIMIT'],
	['web/openapi.yaml', /body is larger than (\d+ KiB)/g, 'BODY_LIMIT'],
	['web/openapi.yaml', /(\d+ KiB) for a batch/g, 'BATCH_BODY_LIMIT'],
	['web/openapi.yaml', /batch can be up to (\d+ KiB)/g, 'BATCH_BODY_LIMIT'],
	['web/openapi.yaml', /URL longer than (\d+ KiB)/g, 'URL_LIMIT'],
	['web/openapi.yaml', /[Ii]t lasts (\d+ minutes)/g, 'ACCESS_TOKEN_TIME'],
	['web/openapi.yaml', /within (\d+ seconds) from the same client/g, 'REFRESH_GRACE'],
	['web/openapi.yaml', /ends (\d+ days) after sign-in/g, 'SESSION_TIME_MAX'],
	['web/openapi.yaml', /refreshed about (\d+) times/g, 'REFRESHES_MAX'],
	['web/openapi.yaml', /expires_at` \(default (\d+ days)/g, 'HOLD_TIME'],
	['web/openapi.yaml', /Defaults to (\d+ days) from now/g, 'HOLD_TIME'],
	['web/openapi.yaml', /expires_at` \(.*, maximum (\d+)\)/g, 'HOLD_TIME_MAX', 'days'],
	['web/openapi.yaml', /days from now; at most (\d+)\b/g, 'HOLD_TIME_MAX', 'days'],
	['web/openapi.yaml', /`reference_id`, within (\d+ days)/g, 'CANCEL_WINDOW'],
	['web/openapi.yaml', /purchase is older than (\d+ days)/g, 'CANCEL_WINDOW'],
	['web/openapi.yaml', /\*\*(?:Up to|More than) (\d+) days\*\*/g, 'STATEMENT_SYNC_DAYS'],
	['web/openapi.yaml', /`from` to (\d+) days earlier/g, 'STATEMENT_SYNC_DAYS'],
	['web/openapi.yaml', /A period can be (\d+) days long/g, 'STATEMENT_MAX_DAYS'],
	['web/openapi.yaml', /Wait up to (\d+ s)\b/g, 'MIN_VERSION_WAIT'],
	['web/openapi.yaml', /Files are removed after (\d+) days/g, 'STATEMENT_KEEP_DAYS'],
	['web/asyncapi.yaml', /Defaults to (\d+ days) from now/g, 'HOLD_TIME'],
	['web/errors.md', /Access tokens last (\d+ minutes)/g, 'ACCESS_TOKEN_TIME'],
	['web/errors.md', /purchases and captures, within (\d+ days)/g, 'CANCEL_WINDOW'],
	['web/errors.md', /after (\d+ days), ask an operator/g, 'CANCEL_WINDOW'],
	['web/errors.md', /body is larger than (\d+ KiB)/g, 'BODY_LIMIT'],
	['web/errors.md', /(\d+ KiB) for a batch/g, 'BATCH_BODY_LIMIT'],
	['web/errors.md', /URL is longer than (\d+ KiB)/g, 'URL_LIMIT'],
	['web/errors.md', /doubles the wait, up to (\d+ minutes)/g, 'SIGN_IN_DELAY_MAX'],
	['sql/wallet/functions/post.sql', /coalesce\(p_expires_at\[o\.i\], clock \+ interval '(\d+ days)'\)/g, 'HOLD_TIME'],
	['docker-compose.yml', /\bBODY_KIB: "(\d+)"/g, 'BATCH_BODY_LIMIT', 'KiB'], // the larger one
	['deploy/gateway/backends-local.conf', /"listen-backlog" => (\d+)/g, 'LISTEN_BACKLOG'],
	['lighttpd.conf', /listen backlog \((\d+)\)/g, 'LISTEN_BACKLOG'],
];

test('every repeated default is the default in config.def', () => {
	const defaults = Object.fromEntries(options().map((o) => [o.name, o]));
	const faults = [];

	for (const [file, pattern, name, unit] of repeated) {
		const { type, value } = defaults[name];
		const matches = [...read(file).matchAll(pattern)].map((m) => m[1]);
		if (matches.length === 0)
			faults.push(`${file} no longer matches ${pattern} for ${name}`);
		for (const text of matches)
			if (quantity(unit ? `${text} ${unit}` : text, type) !== quantity(value, type))
				faults.push(`${file}: ${name} is ${value}, not ${text}`);
	}
	assert.deepEqual(faults, []);
});

test('the gateway has the same port in all files', () => {
	const port = /:(\d+)$/.exec(options().find((o) => o.name === 'PUBLIC_URL').value)[1];
	const places = [['.env.example', /^#PORT=(\d+)/m],
		['docker-compose.yml', /PUBLIC_URL:-http:\/\/localhost:(\d+)\}/], ['docker-compose.yml', /\$\{PORT:-(\d+)\}/],
		['docs/configuration.md', /`PORT` \| `(\d+)`/]];

	for (const [file, pattern] of places)
		assert.equal(pattern.exec(read(file))?.[1], port, `${file}: ${pattern}`);
});

test('statement formats: formats.def and OpenAPI list the same', () => {
	assert.ok(formats().length > 1);
	assert.deepEqual(document.components.schemas.Format.enum, formats());
});

// Every README except those of third parties (vendor, node_modules).
const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md',
	...readdirSync(`${root}docs`).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
	...readdirSync(root).map((name) => `${name}/README.md`).filter((path) => path !== 'docs/README.md' && existsSync(root + path))];

test('links between our own documents have a target', () => {
	for (const path of pages) {
		const links = [...read(path).matchAll(/\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g)].map((m) => m[1]).filter((l) => !/^\w+:/.test(l));
		for (const link of links)
			assert.ok(existsSync(resolve(root, dirname(path), link)), `${path} links to ${link}`);
	}
});

test('files that our documents name exist', () => {
	const missing = [];

	for (const path of pages)
		for (const [, name] of read(path).matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.(?:c|h|def|sql|md|mjs|conf|yaml|lua|svg|bats)|tests\/[\w/]+)`/g))
			if (!/SERVICE|NAME/.test(name) && !existsSync(root + name) && !existsSync(resolve(root, dirname(path), name)))
				missing.push(`${path}: ${name}`);
	assert.deepEqual(missing, []);
});

test('every top-level folder has a README', () => {
	const folders = readdirSync(root, { withFileTypes: true })
		.filter((e) => e.isDirectory() && !/^\.|^(build|var)$/.test(e.name) && readdirSync(root + e.name).length);
	assert.deepEqual(folders.map((e) => e.name).filter((name) => !existsSync(`${root}${name}/README.md`)), []);
});
