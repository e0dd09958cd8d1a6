// reporter.mjs - what the test runner says, as flat TAP that ends with "N passed, N failed".
export default async function* reporter(source) {
	let passed = 0;
	let failed = 0;
	let skipped = 0;

	for await (const { type, data } of source) {
		if (type === 'test:stdout' || type === 'test:stderr') {
			yield data.message.replace(/^/gm, '# ').replace(/# $/, '');
			continue;
		}
		// A file is reported as a test of its own: only its tests count, and the file itself where it broke.
		if ((type !== 'test:pass' && type !== 'test:fail') || data.details?.type === 'suite')
			continue;
		if (data.name.endsWith('.mjs') && (type === 'test:pass' || data.details?.error?.failureType === 'subtestsFailed'))
			continue;
		const ok = type === 'test:pass';
		if (data.skip !== undefined)
			skipped++;
		else if (ok)
			passed++;
		else
			failed++;
		const skip = data.skip !== undefined ? ` # SKIP ${data.skip}` : '';
		yield `${ok ? 'ok' : 'not ok'} ${passed + failed + skipped} - ${data.name}${skip}\n`;
		if (!ok) {
			const error = data.details.error.cause ?? data.details.error;
			yield `${String(error.message ?? error)}\n${error.message ? '' : (error.stack ?? '')}`.trim().replace(/^/gm, '#   ') + '\n';
		}
	}
	yield `1..${passed + failed + skipped}\n# skipped ${skipped}\n${passed} passed, ${failed} failed\n`;
}
