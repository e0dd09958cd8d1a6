// routes.test.mjs - compares the handlers' route tables with OpenAPI, both ways.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import test from 'node:test';
import { root } from './lib/defs.mjs';
import { document, operations } from './lib/openapi.mjs';

const build = resolve(root, process.env.BUILD ?? 'build');

// Returns [[method, path, who]], as the programs print them.
function served() {
	return ['auth', 'wallet', 'statement'].flatMap((service) => {
		const lines = execFileSync(`${build}/${service}`, ['--routes'], { encoding: 'utf8' }).trim().split('\n');
		return lines.map((line) => line.split('\t'));
	});
}

test('the route tables and OpenAPI have the same operations and the same callers', () => {
	const rows = served();
	const documented = operations().map(({ method, path, operation }) => {
		const open = (operation.security ?? document.security).every((s) => !('bearer' in s));
		return `${method} ${path} ${open ? 'open' : 'signed in'}`;
	});

	assert.ok(rows.length > 15, `${rows.length} routes`);
	assert.deepEqual(
		documented.sort(),
		rows.map(([method, path, who]) => `${method} ${path} ${who === 'anyone' ? 'open' : 'signed in'}`).sort(),
	);
});
