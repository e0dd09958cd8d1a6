// defs.mjs - reads error.def, config.def and kinds.def: the lists that the documents must match.
import { readFileSync } from 'node:fs';

export const root = new URL('../../../', import.meta.url).pathname;
export const read = (path) => readFileSync(root + path, 'utf8');

const text = (literal) => (literal === 'NULL' ? null : JSON.parse(literal));

// [{status, code, title}], in the order of the file.
export function errors() {
	const rows = [...read('common/base/error.def').matchAll(/^ERROR\(\w+, (\d+), "(\w+)", ("(?:[^"\\]|\\.)*")\)/gm)];
	return rows.map(([, status, code, title]) => ({ status: Number(status), code, title: text(title) }));
}

// [{section, name, type, value, least, most, help}]; value is the default, or null.
export function options() {
	let section = '';
	const found = [];
	const pattern = /^\/\* ([a-z][^*]*) \*\/$|^OPTION\((\w+), (\w+), (NULL|"[^"]*"), (-?\d+), (-?\d+), ("[^"]*")\)/gm;

	for (const m of read('common/base/config.def').matchAll(pattern)) {
		if (m[1]) {
			section = m[1];
			continue;
		}
		found.push({ section, name: m[2], type: m[3], value: text(m[4]), least: Number(m[5]), most: Number(m[6]), help: text(m[7]) });
	}
	return found;
}

// [{id, name, by, amount, reference, counterpart, expires, final, limits, arrays}]; see domain/ledger/kinds.def.
export function kinds() {
	return [...read('domain/ledger/kinds.def').matchAll(/^KIND\((\w+), "(\w+)", ([\w, ]+)\)$/gm)].map(([, id, name, rest]) => {
		const [by, amount, reference, counterpart, expires, final, limits, arrays] = rest.split(', ');
		return { id, name, by, amount, reference, counterpart, expires, final, limits, arrays };
	});
}
