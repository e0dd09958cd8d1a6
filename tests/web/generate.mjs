// generate.mjs - writes the generated files; with --check it only reports the stale ones.
//
// The output is committed, so building and running Purse do not need Node.js.
import { writeFileSync } from 'node:fs';
import { root, read } from './lib/defs.mjs';
import { configuration } from './lib/configuration.mjs';
import { errorsPage } from './lib/errors-page.mjs';
import { eventsPage } from './lib/events-page.mjs';

const made = {
	'web/errors.html': errorsPage,
	'web/events.html': eventsPage,
	'docs/configuration.md': configuration,
};

// The paths whose committed text differs from what would be generated now.
export function stale() {
	const now = (path) => {
		try {
			return read(path);
		} catch {
			return null;
		}
	};
	return Object.entries(made).filter(([path, make]) => now(path) !== make()).map(([path]) => path);
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
	const paths = stale();

	if (process.argv.includes('--check')) {
		for (const path of paths)
			console.error(`${path} is stale: npm --prefix tests/web run generate`);
		process.exitCode = paths.length ? 1 : 0;
	} else {
		for (const path of paths) {
			writeFileSync(root + path, made[path]());
			console.log(`wrote ${path}`);
		}
	}
}
