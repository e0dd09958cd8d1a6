// clients.test.mjs - clients that third-party generators make from web/openapi.yaml: generates and
// type-checks them, and runs a typical program with each on the running system. The programs are
// clients/main.py and clients/main.ts, as a user would write them.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { promisify } from 'node:util';
import { root } from './lib/defs.mjs';

const skip = !process.env.BASE_URL ? 'BASE_URL is not set' : false;
const document = `${root}web/openapi.yaml`;
const sources = `${root}tests/web/clients`;
const modules = `${root}tests/web/node_modules`;
const work = `${root}build/clients`;

// Returns the program's output. If it fails, the error has all its output.
async function run(program, args, { env, cwd = work } = {}) {
	const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 1 << 24 };
	const { stdout } = await promisify(execFile)(program, args, options).catch((error) => {
		throw new Error(`${program} ${args.join(' ')}\n${error.stdout}${error.stderr}`);
	});
	return stdout.trim();
}

const account = () => ({ EMAIL: `client-${randomUUID()}@example.com` });

// Installs the programs of requirements.txt if that file has changed, and returns their folder.
async function python() {
	const requirements = readFileSync(`${sources}/requirements.txt`, 'utf8');
	const venv = `${work}/venv`, installed = `${venv}/installed.txt`;

	if (!existsSync(installed) || readFileSync(installed, 'utf8') !== requirements) {
		rmSync(venv, { recursive: true, force: true });
		await run('python3', ['-m', 'venv', venv]);
		await run(`${venv}/bin/pip`, ['install', '--quiet', '--no-deps', '--no-compile', '--requirement', `${sources}/requirements.txt`]);
		writeFileSync(installed, requirements);
	}
	return `${venv}/bin`;
}

async function pythonClient() {
	const bin = await python();
	const out = `${work}/python`;
	// Skip the generator's formatter, which we do not test.
	writeFileSync(`${work}/generator.json`, JSON.stringify({ post_hooks: [] }));
	await run(`${bin}/openapi-python-client`, ['generate', '--path', document, '--config', `${work}/generator.json`,
		'--output-path', out, '--overwrite', '--fail-on-warning']);
	await run(`${bin}/mypy`, ['--strict', '--cache-dir', `${work}/mypy`, `${sources}/main.py`], { env: { MYPYPATH: out } });
	return run(`${bin}/python`, [`${sources}/main.py`], { env: { ...account(), PYTHONPATH: out, PYTHONDONTWRITEBYTECODE: '1' } });
}

async function typescriptClient() {
	const out = `${work}/typescript`;
	rmSync(out, { recursive: true, force: true });
	mkdirSync(out, { recursive: true });
	symlinkSync(modules, `${out}/node_modules`);
	writeFileSync(`${out}/package.json`, '{"type":"module"}');
	copyFileSync(`${sources}/main.ts`, `${out}/main.ts`);
	await run(`${modules}/.bin/openapi-typescript`, [document, '--output', `${out}/schema.d.ts`]);
	await run(`${modules}/.bin/tsc`, ['--strict', '--noEmitOnError', '--target', 'es2022', '--module', 'esnext',
		'--moduleResolution', 'bundler', 'main.ts'], { cwd: out });
	return run(process.execPath, ['main.js'], { cwd: out, env: account() });
}

test('generated clients type-check and work', { skip, concurrency: true }, async (t) => {
	mkdirSync(work, { recursive: true });
	await Promise.all([
		t.test('Python: openapi-python-client, mypy --strict', async () => assert.equal(await pythonClient(), '5700')),
		t.test('TypeScript: openapi-typescript, openapi-fetch, tsc --strict', async () => assert.equal(await typescriptClient(), '5700')),
	]);
});
