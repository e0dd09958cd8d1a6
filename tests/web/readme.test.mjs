// readme.test.mjs - the README's walk-through and its continuation, pasted into one shell.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import test from 'node:test';
import { read, root } from './lib/defs.mjs';

const skip = !process.env.BASE_URL ? 'BASE_URL is not set' : false;
const pages = ['README.md', 'docs/walkthrough.md'].map(read).join('\n');
const blocks = [...pages.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((m) => m[1]);
const build = resolve(root, process.env.BUILD ?? 'build');

test('the walk-through works when pasted', { skip }, () => {
	assert.ok(blocks.length >= 5);
	// The programs can be in another build folder. The environment has the URLs, as after
	// `eval "$(make -s env)"`.
	const script = blocks.join('\n').replace(/^build\//gm, `${build}/`);
	const output = execFileSync('bash', ['-euo', 'pipefail', '-c', script], { cwd: root, encoding: 'utf8', timeout: 60000 });
	assert.match(output, /^1 published$/m);
	const documents = JSON.parse(`[${output.replace('1 published\n', '').trim().replace(/\n(?=[\d{["])/g, ',')}]`);
	const at = documents.indexOf(11200);
	const [statement, closing, last] = documents.slice(at - 1);

	assert.equal(statement.closing_balance, 10000);
	assert.deepEqual(statement.lines.map((l) => l.kind), ['opening', 'deposit', 'purchase', 'cancellation']);
	assert.deepEqual([closing, last.kind, last.amount, last.version], [11200, 'deposit', 1200, 5]);

	const [holds, capture, wouldBe, transfer, batch, wallets] = documents.slice(at + 2);
	assert.deepEqual([holds.data.length, holds.data[0].remaining, capture.amount], [1, 5000, 4200]);
	assert.deepEqual([wouldBe.version, wouldBe.balance_after], [transfer.version, transfer.balance_after]);
	assert.deepEqual([batch, wallets], [['purchase', 'transfer'], [['Everyday', 3500], ['Savings', 3200]]]);
});
