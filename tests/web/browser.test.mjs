// browser.test.mjs - /docs in a real browser: no console output, nothing blocked, and a sign-in and
// a call that work.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { errors, root } from './lib/defs.mjs';

const base = process.env.BASE_URL;
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const skip = !base ? 'BASE_URL is not set' : !existsSync(executablePath) ? `${executablePath} is missing` : false;
const pictures = process.env.PICTURES ?? `${root}build/tests/web`;
let browser;

before(async () => {
	if (skip)
		return;
	mkdirSync(pictures, { recursive: true });
	browser = await chromium.launch({
		executablePath,
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
	});
});
after(() => browser?.close());

// Opens a page and records its errors. Violations of the content security policy are logged as
// errors.
async function open(path, colorScheme = 'light') {
	const context = await browser.newContext({ baseURL: base, viewport: { width: 1280, height: 900 }, colorScheme });
	const page = await context.newPage();
	const pageErrors = [];
	const answered = new Map();

	page.on('console', (message) => ['error', 'warning'].includes(message.type()) && pageErrors.push(message.text()));
	page.on('pageerror', (error) => pageErrors.push(error.message));
	page.on('response', (answer) => {
		answered.set(answer.request(), answer.status());
		if (answer.status() >= 400)
			pageErrors.push(`${answer.url()} answered ${answer.status()}`);
	});
	// Chromium reports a 204 as aborted, because it has no body.
	page.on('requestfailed', (request) => {
		if (answered.get(request) !== 204)
			pageErrors.push(`${request.url()} failed: ${request.failure()?.errorText}`);
	});
	page.on('request', (request) => new URL(request.url()).origin === new URL(base).origin || request.url().startsWith('data:')
		|| pageErrors.push(`${request.url()} is on another origin`));
	const answer = await page.goto(path);
	return { page, pageErrors, answer };
}

test('/docs: a new account signs in, and a call with its token succeeds', { skip }, async () => {
	const { page, pageErrors, answer } = await open('/docs');

	assert.match(answer.headers()['content-security-policy'], /default-src/);
	assert.doesNotMatch(answer.headers()['content-security-policy'].match(/script-src[^;]*|default-src[^;]*/g).join(' '), /unsafe/);
	await page.waitForSelector('.opblock');
	assert.ok((await page.locator('.opblock').count()) >= 20);

	await page.fill('#email', `docs-${randomBytes(6).toString('hex')}@example.com`);
	await page.fill('#password', randomBytes(12).toString('base64url'));
	await page.click('button[value="sign-up"]');
	await page.waitForSelector('#sign-out:visible');
	assert.match(await page.textContent('#status'), /Signed in/);

	const call = page.locator('#operations-Wallets-openWallet');
	await call.locator('.opblock-summary-control').click();
	await call.locator('.execute').click();
	const status = call.locator('.live-responses-table tbody .response-col_status').first();
	await status.waitFor();
	assert.match(await status.textContent(), /201/);
	await call.locator('.responses-inner').first().scrollIntoViewIfNeeded();
	await page.screenshot({ path: `${pictures}/docs.png` });

	await page.click('#sign-out');
	await page.waitForSelector('#sign-in button:visible');
	assert.equal(await page.textContent('#status'), 'Signed out');
	assert.deepEqual(pageErrors, []);
	await page.context().close();
});

test('/docs: a failed sign-in shows the reason', { skip }, async () => {
	const { page } = await open('/docs');

	await page.waitForSelector('.opblock');
	await page.fill('#email', `unknown-${randomBytes(6).toString('hex')}@example.com`);
	await page.fill('#password', 'not the right one');
	await page.click('button[value="sign-in"]');
	await page.waitForSelector('#status.bad');
	assert.match(await page.textContent('#status'), /e-mail address or password is incorrect/);
	await page.context().close();
});

for (const [path, selector] of [['/docs/events', '#transaction_emitted'], ['/docs/errors#insufficient_funds', '#insufficient_funds']])
	test(`${path} shows its content, in light and dark mode`, { skip }, async () => {
		for (const scheme of ['light', 'dark']) {
			const { page, pageErrors } = await open(path, scheme);
			await page.waitForSelector(`${selector}:visible`);
			const wider = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
			assert.equal(wider, false, 'no horizontal scrolling');
			await page.screenshot({ path: `${pictures}/${path.split(/[/#]/)[2]}-${scheme}.png` });
			assert.deepEqual(pageErrors, []);
			await page.context().close();
		}
	});

test('the type of a real problem document links to its explanation', { skip }, async () => {
	const problem = await (await fetch(`${base}/v1/auth/me`)).json();
	const { page } = await open(problem.type);

	assert.ok(errors().some((e) => e.code === problem.code));
	await page.waitForSelector(`article:target#${problem.code}`);
	await page.context().close();
});
