// defs.mjs - reads error.def, config.def, kinds.def and formats.def: the lists that the documents
// must match.
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

// The names of the statement formats.
export function formats() {
	return [...read('domain/statement/formats.def').matchAll(/^FORMAT\(\w+, "(\w+)"/gm)].map((m) => m[1]);
}

const units = { ms: 1, s: 1000, second: 1000, m: 60000, minute: 60000, h: 3600000, hour: 3600000, d: 86400000, day: 86400000,
	k: 1024, KiB: 1024, MiB: 1048576 };

// Converts a quantity in config.def or in a document to a number: "7d" and "7 days" in
// milliseconds, "64k" and "64 KiB" in bytes. An option of type INT is a plain number.
export function quantity(text, type) {
	const [, number, unit] = /^(\d+) ?([A-Za-z]*)$/.exec(text) ?? [];

	return type === 'INT' || !unit ? Number(number) : Number(number) * (units[unit] ?? units[unit.slice(0, -1)]);
}

// [{id, name, by, amount, reference, counterpart, expires, final, limits, arrays}]; see
// domain/ledger/kinds.def.
export function kinds() {
	return [...read('domain/ledger/kinds.def').matchAll(/^KIND\((\w+), "(\w+)", ([\w, ]+)\)$/gm)].map(([, id, name, rest]) => {
		const [by, amount, reference, counterpart, expires, final, limits, arrays] = rest.split(', ');
		return { id, name, by, amount, reference, counterpart, expires, final, limits, arrays };
	});
}
