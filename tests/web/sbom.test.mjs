// sbom.test.mjs - the lists of what Purse is made of are valid CycloneDX, complete, and reproducible.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { before, test } from 'node:test';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { read, root } from './lib/defs.mjs';

const build = resolve(root, process.env.BUILD ?? 'build');
const schemas = new URL('./node_modules/@cyclonedx/cyclonedx-library/res/schema/', import.meta.url);
const written = (name) => readFileSync(`${build}/${name}.cdx.json`, 'utf8');
const make = (...what) => execFileSync(`${root}tools/sbom`, what, { cwd: root, env: { ...process.env, BUILD: build }, stdio: ['ignore', 'ignore', 'inherit'] });
let purse, tools;

before(() => {
	make();
	make('test');
	[purse, tools] = ['purse', 'purse-test'].map((name) => JSON.parse(written(name)));
});

test('both are valid CycloneDX 1.6', () => {
	const ajv = new Ajv({ strict: false, allErrors: true });
	addFormats(ajv);
	for (const format of ['iri-reference', 'idn-email'])
		ajv.addFormat(format, true);
	for (const name of readdirSync(schemas).filter((n) => /^(bom-1\.6|spdx|jsf|cryptography).*\.json$/.test(n)))
		ajv.addSchema(JSON.parse(readFileSync(new URL(name, schemas), 'utf8')), `http://cyclonedx.org/schema/${name}`);
	const validate = ajv.getSchema('http://cyclonedx.org/schema/bom-1.6.SNAPSHOT.schema.json');
	for (const document of [purse, tools])
		assert.ok(validate(document), ajv.errorsText(validate.errors));
	assert.ok(!validate({ ...purse, components: [{ name: 'no type' }] }), 'the schema is used');
});

test('every program is in it, with the libraries that it needs', () => {
	const names = [...read('tools/programs').matchAll(/^(?:handler|consumer|tool|part) (\w+)$/gm)].map((m) => m[1]);
	const needed = Object.fromEntries(purse.dependencies.map((d) => [d.ref, d.dependsOn]));
	const known = new Set(purse.components.map((c) => c['bom-ref']));

	assert.ok(names.length >= 8);
	assert.deepEqual(needed.purse, names.map((name) => `program:${name}`));
	for (const name of names) {
		const count = execFileSync('readelf', ['-dW', `${build}/${name}`], { encoding: 'utf8' }).match(/\(NEEDED\)/g).length;
		const packages = needed[`program:${name}`];
		// Two libraries can be of one package (libm and libc).
		assert.ok(packages.length > 0 && packages.length <= count, `${name}: ${packages.length} of ${count}`);
		assert.ok(packages.every((p) => known.has(p)), name);
	}
	assert.ok(needed['program:wallet'].some((p) => p.startsWith('pkg:deb/debian/libpq5@')));
	for (const { name, version, licenses, purl } of purse.components.filter((c) => c.purl))
		assert.ok(version && licenses?.length && purl.includes(name), name);
});

test('what the tests install is in a list of its own', () => {
	const names = new Set(tools.components.map((c) => c.purl));
	const lock = JSON.parse(read('tests/web/package-lock.json')).packages;
	for (const [name, version] of Object.entries(JSON.parse(read('tests/web/package.json')).dependencies))
		assert.ok(names.has(`pkg:npm/${name.replace('@', '%40')}@${version}`), name);
	assert.ok(names.size > Object.keys(lock).length / 2);
	assert.ok([...names].some((n) => n.startsWith('pkg:pypi/')));
	assert.equal(purse.components.filter((c) => names.has(c.purl)).length, 0, 'in both');
});

test('the same sources and packages give the same files', () => {
	const earlier = written('purse');
	make();
	assert.equal(written('purse'), earlier);
});
