// openapi.mjs - web/openapi.yaml for tests: its operations, its schemas as validators, its resolved
// references.
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { read } from './defs.mjs';

export const document = parse(read('web/openapi.yaml'));

const escapePointer = (key) => String(key).replace(/~/g, '~0').replace(/\//g, '~1');
export const pointer = (...keys) => `#/${keys.map(escapePointer).join('/')}`;

export function validators(root) {
	const ajv = new Ajv2020({ strict: false, allErrors: true });
	addFormats(ajv);
	ajv.addSchema(root, 'document');
	// A function of a JSON pointer to a schema and a value. Returns the faults as text, or ''.
	return (at, value) => {
		const validate = ajv.getSchema(`document${at}`);
		return validate(value) ? '' : ajv.errorsText(validate.errors, { dataVar: '' });
	};
}

export const follow = (root, node) =>
	node?.$ref
		? node.$ref.slice(2).split('/').reduce((at, key) => at[key.replace(/~1/g, '/').replace(/~0/g, '~')], root)
		: node;

// Returns the real place of a node: the pointer it refers to, or its own.
export const place = (node, own) => node?.$ref ?? own;

const methods = ['get', 'post', 'put', 'patch', 'delete'];

// [{method, path, at, operation}]
export function operations() {
	return Object.entries(document.paths).flatMap(([path, item]) =>
		methods.filter((m) => item[m]).map((m) => ({ method: m.toUpperCase(), path, at: pointer('paths', path, m), operation: item[m] })),
	);
}

// Calls visit(node, pointer) for every object of the document, without following references.
export function walk(node, visit, at = '#') {
	if (node === null || typeof node !== 'object')
		return;
	visit(node, at);
	for (const [key, child] of Object.entries(node))
		walk(child, visit, `${at}/${escapePointer(key)}`);
}
