// reporter.mjs - reports the test runner's results as flat TAP that ends with "N passed, N failed".
export default async function* reporter(source) {
	let passed = 0;
	let failed = 0;
	let skipped = 0;

	for await (const { type, data } of source) {
		if (type === 'test:stdout' || type === 'test:stderr') {
			yield data.message.replace(/^/gm, '# ').replace(/# $/, '');
			continue;
		}
		// The runner also reports each file as a test. Count only its tests, and the file
		// itself if it broke.
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
