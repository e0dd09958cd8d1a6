// security.test.mjs - docs/security.md: its tests exist, and its table of ASVS 5.0.0 is complete.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { read, root } from './lib/defs.mjs';

const page = read('docs/security.md');
const chapter = (title) => page.split(/^## /m).find((text) => text.startsWith(title));
// The rows of the tables in a text, without their heads, as cells.
const rows = (text) => [...text.matchAll(/^\| (.*) \|$/gm)].map((m) => m[1].split(' | ')).filter(([first], i, all) => first[0] !== '-' && all[i + 1]?.[0][0] !== '-');
const named = (text) => [...text.matchAll(/`(tests\/[\w./-]+)`/g)].map((m) => m[1]);

// The levels of each section's requirements, in order: V1.2.4 is of level 1. From OWASP's
// list of version 5.0.0 (CC BY-SA 4.0); the texts there are the ones that count.
const levels = {
	'V1.1': '22', 'V1.2': '1111122223', 'V1.3': '112222222223', 'V1.4': '222', 'V1.5': '123',
	'V2.1': '122', 'V2.2': '112', 'V2.3': '12223', 'V2.4': '23',
	'V3.1': '3', 'V3.2': '113', 'V3.3': '12223', 'V3.4': '11222233', 'V3.5': '11122333', 'V3.6': '3', 'V3.7': '22333',
	'V4.1': '12233', 'V4.2': '23333', 'V4.3': '22', 'V4.4': '1222',
	'V5.1': '2', 'V5.2': '112333', 'V5.3': '113', 'V5.4': '222',
	'V6.1': '122', 'V6.2': '111111112222', 'V6.3': '11223333', 'V6.4': '112233', 'V6.5': '22222333', 'V6.6': '2223', 'V6.7': '33', 'V6.8': '2222',
	'V7.1': '222', 'V7.2': '1111', 'V7.3': '22', 'V7.4': '11222', 'V7.5': '223', 'V7.6': '22',
	'V8.1': '1233', 'V8.2': '1123', 'V8.3': '133', 'V8.4': '23',
	'V9.1': '111', 'V9.2': '1222',
	'V10.1': '22', 'V10.2': '223', 'V10.3': '22223', 'V10.4': '1111122222233333', 'V10.5': '22222', 'V10.6': '22', 'V10.7': '222',
	'V11.1': '2233', 'V11.2': '22233', 'V11.3': '11233', 'V11.4': '1222', 'V11.5': '23', 'V11.6': '23', 'V11.7': '33',
	'V12.1': '12233', 'V12.2': '11', 'V12.3': '22223',
	'V13.1': '2333', 'V13.2': '222223', 'V13.3': '2233', 'V13.4': '1222233',
	'V14.1': '22', 'V14.2': '12223333', 'V14.3': '122',
	'V15.1': '12233', 'V15.2': '12233', 'V15.3': '1222222', 'V15.4': '3333',
	'V16.1': '2', 'V16.2': '22222', 'V16.3': '2222', 'V16.4': '222', 'V16.5': '2223',
	'V17.1': '23', 'V17.2': '22223333', 'V17.3': '22',
};

test('each boundary names what crosses it, what stops abuse, and a test that exists', () => {
	const boundaries = rows(chapter('Boundaries'));
	assert.ok(boundaries.length > 20, `${boundaries.length} boundaries`);
	for (const cells of boundaries) {
		assert.equal(cells.length, 4, cells[0]);
		assert.ok(named(cells[3]).length > 0, `${cells[0]} names a test`);
	}
});

test('every test that the page names exists', () => {
	assert.ok(named(page).length > 100);
	assert.deepEqual(named(page).filter((name) => !existsSync(root + name)), []);
});

test('the table of ASVS has each requirement of levels 1 and 2 once, and a reason for each', () => {
	const wanted = Object.entries(levels).flatMap(([section, text]) => [...text].flatMap((level, i) => (level === '3' ? [] : [`${section}.${i + 1}`])));
	const found = [], count = {};
	for (const [requirements, state, reason, ...more] of rows(chapter('ASVS'))) {
		assert.equal(more.length, 0, requirements);
		assert.match(state, /^(met|not applicable|open)$/, requirements);
		assert.ok(reason.length > 5, requirements);
		if (state === 'met')
			assert.ok(named(reason).length > 0 || /this page|`\w+\.md`|[A-Z]+\.md/.test(reason), `${requirements} names a test`);
		found.push(...requirements.split(', '));
		count[state] = (count[state] ?? 0) + requirements.split(', ').length;
	}
	assert.equal(wanted.length, 253);
	assert.deepEqual(found.filter((id, i) => found.indexOf(id) !== i), [], 'twice');
	assert.deepEqual(found.filter((id) => !wanted.includes(id)), [], 'unknown');
	assert.deepEqual(wanted.filter((id) => !found.includes(id)), [], 'missing');
	const sum = `Of ${wanted.length} requirements ${count.met} are met, ${count['not applicable']} are not applicable, and ${count.open} are open.`;
	assert.ok(page.includes(sum), sum);
});

test('the roles and the callers of the page are those of the code', () => {
	const roles = [...read('common/base/caller.h').matchAll(/ROLE_(\w+) = /g)].map((m) => m[1].toLowerCase());
	assert.deepEqual(rows(chapter('Who may do what')).map(([role]) => role.replaceAll('`', '')).sort(), roles.sort());
});

test('SECURITY.md says how to report, what we promise, which versions, and how soon updates come', () => {
	const titles = [...read('SECURITY.md').matchAll(/^## (.+)$/gm)].map((m) => m[1]);
	assert.deepEqual(titles, ['Report a hole', 'What we promise', 'Supported versions', 'Updates']);
});
