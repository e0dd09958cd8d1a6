// commands.test.mjs - every command in our documents works as written, or lib/commands.mjs gives
// the reason why no test runs it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import test from 'node:test';
import { commands, documented } from './lib/commands.mjs';
import { read, root } from './lib/defs.mjs';

const skip = !process.env.BASE_URL ? 'BASE_URL is not set' : false;
const build = resolve(root, process.env.BUILD ?? 'build');
const found = documented();

test('the table has exactly the documented commands', () => {
	const missing = Object.keys(found).filter((c) => !commands[c]).map((c) => `${c} (${[...found[c]].join(', ')})`);
	assert.ok(Object.keys(found).length > 25, `${Object.keys(found).length} commands`);
	assert.deepEqual(missing, [], 'not in tests/web/lib/commands.mjs');
	assert.deepEqual(Object.keys(commands).filter((c) => !found[c]), [], 'in tests/web/lib/commands.mjs, but in no document');
});

test('the tests named in the table run their commands', () => {
	for (const [name, { run, by, as = name, not }] of Object.entries(commands)) {
		assert.equal([run, by, not].filter(Boolean).length, 1, name);
		if (by)
			assert.ok(read(by).includes(as), `${by} does not run ${name}: ${as}`);
	}
});

// Runs a command as in a user's shell: without the variables of the make that runs the tests, and
// with the programs in their build folder.
const { MAKEFLAGS, MFLAGS, MAKELEVEL, MODE, ...clean } = process.env;
function shell(text) {
	const script = `make() { command make --no-print-directory BUILD="$BUILD" "$@"; }; export -f make; ${text.replace(/^build\//, '"$BUILD"/')}`;
	return execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
		cwd: root, env: { ...clean, BUILD: build }, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 120000,
	});
}

for (const [name, { run, prints = '' }] of Object.entries(commands).filter(([, { run }]) => run))
	test(`works as written: ${name}`, { skip }, () => {
		assert.ok(shell(run === true ? name : run).includes(prints), `${name} does not print ${prints}`);
	});

test('every phony target of the Makefile does something', () => {
	const database = execFileSync('bash', ['-c', 'make -qp no-such-target 2>/dev/null || true'], { cwd: root, env: clean, encoding: 'utf8', maxBuffer: 1 << 26 });
	const phony = /^\.PHONY: (.*)$/m.exec(database)[1].split(' ');
	const idle = phony.filter((name) => {
		const [, prerequisites, rest] = new RegExp(`^${name}:(.*)\n((?:[^\n].*\n)*)`, 'm').exec(database) ?? [, '', ''];
		return !prerequisites.trim() && !/recipe to execute/.test(rest);
	});
	assert.ok(phony.length > 10, phony.join(' '));
	assert.deepEqual(idle, []);
	for (const [, target] of read('Makefile').matchAll(/^([a-z-]+):.*## /gm))
		assert.ok(phony.includes(target), `${target} is in .PHONY`);
});
