// events-page.mjs - generates /docs/events from web/asyncapi.yaml: channels, messages, their
// members, examples to paste.
import { parse } from 'yaml';
import { read } from './defs.mjs';
import { escape, inline, markdown } from './markdown.mjs';
import { page } from './page.mjs';

const resolver = (document) => (node) =>
	node?.$ref ? node.$ref.slice(2).split('/').reduce((at, key) => at[key.replace(/~1/g, '/')], document) : node;

// Merges an allOf into one schema: properties and required are combined; later properties win.
function merged(schema, resolve) {
	const s = resolve(schema) ?? {};
	const parts = (s.allOf ?? []).map((part) => merged(part, resolve));

	return {
		...s,
		properties: Object.assign({}, ...parts.map((p) => p.properties), s.properties),
		required: [...new Set([...parts.flatMap((p) => p.required ?? []), ...(s.required ?? [])])],
	};
}

function typeOf(s) {
	if (s.const !== undefined)
		return `<code>${escape(JSON.stringify(s.const))}</code>`;
	if (s.enum)
		return s.enum.map((v) => `<code>${escape(v)}</code>`).join(' ');
	const type = [].concat(s.type ?? 'anything').map((t) => (t === 'null' ? 'null' : t));
	return escape((s.format ? type.map((t) => (t === 'string' ? s.format : t)) : type).join(' or '));
}

function rows(schema, resolve, prefix = '') {
	const s = merged(schema, resolve);

	return Object.entries(s.properties).flatMap(([name, raw]) => {
		const member = merged(raw, resolve);
		const must = s.required.includes(name) ? '<span class="must">required</span>' : '';
		const nested = Object.keys(member.properties).length ? rows(member, resolve, `${prefix}${name}.`) : [];
		const row = `<tr><td><code>${prefix ? `<span class="dim">${escape(prefix)}</span>` : ''}${escape(name)}</code> ${must}</td>`
			+ `<td>${typeOf(member)}</td><td>${inline(resolve(raw).description ?? '')}</td></tr>`;
		return [row, ...nested];
	});
}

const table = (caption, body) =>
	body.length
		? `<h4>${caption}</h4><div class="wide"><table><thead><tr><th>Member</th><th>Type</th><th>Meaning</th></tr></thead>`
			+ `<tbody>${body.join('')}</tbody></table></div>`
		: '';

function example(e) {
	const headers = Object.entries(e.headers ?? {}).map(([k, v]) => `<code>${escape(k)}: ${escape(v)}</code>`).join(' ');
	const title = [escape(e.summary ?? e.name ?? 'Example'), headers && `with ${headers}`].filter(Boolean).join(', ');

	return `<figure><figcaption>${title}</figcaption><pre><code>${escape(JSON.stringify(e.payload, null, 2))}</code></pre></figure>`;
}

function message(key, m, resolve, usedBy) {
	return `<article id="${key}">
<h3><code>${escape(m.name)}</code> ${escape(m.title)}</h3>
<p class="meta"><span>${escape(m.contentType)}</span>${usedBy.map((c) => `<a href="#${c}">${escape(c)}</a>`).join('')}</p>
${markdown(m.summary ?? '')}
${(m.examples ?? []).map(example).join('\n')}
<details><summary>Members</summary>
${m.payload ? table('Body', rows(m.payload, resolve)) : ''}
${m.headers ? table(escape(resolve(m.headers).description ?? 'Headers').replace(/\.$/, ''), rows(m.headers, resolve)) : ''}
</details>
</article>`;
}

// What Purse does with a channel, as seen from outside.
function direction(document, name) {
	const actions = Object.values(document.operations).filter((o) => o.channel.$ref.endsWith(`/${name}`)).map((o) => o.action);

	return actions.includes('receive') ? 'Purse reads it' : 'Purse writes it';
}

function channel(document, name, c, resolve) {
	const names = Object.entries(c.messages).map(([key, ref]) => {
		const at = ref.$ref.split('/').pop();
		return `<a href="#${at}">${escape(resolve(ref).title ?? key)}</a>`;
	});

	return `<article id="${name}">
<h3><code>${escape(c.address ?? name)}</code> ${escape(c.title)}</h3>
<p class="meta"><span>${direction(document, name)}</span></p>
${markdown(c.description ?? '')}
<p class="links">${names.join('')}</p>
</article>`;
}

export function eventsPage() {
	const document = parse(read('web/asyncapi.yaml'));
	const resolve = resolver(document);
	const channels = Object.entries(document.channels);
	const messages = Object.entries(document.components.messages);
	const usedBy = (key) =>
		channels.filter(([, c]) => Object.values(c.messages).some((r) => r.$ref.endsWith(`/${key}`))).map(([name]) => name);

	return page({
		title: 'Events',
		here: '/docs/events',
		source: 'web/asyncapi.yaml',
		contents: [
			{ group: 'Channels' },
			...channels.map(([name, c]) => ({ href: `#${name}`, text: c.address ?? name })),
			{ group: 'Messages' },
			...messages.map(([key, m]) => ({ href: `#${key}`, text: m.name, note: /\((.*)\)/.exec(m.title)?.[1] })),
		],
		body: `<section class="intro"><h1>Events</h1>
<p class="meta"><span>AsyncAPI ${escape(document.asyncapi)}</span><a href="/asyncapi.yaml">asyncapi.yaml</a></p>
${markdown(document.info.description)}</section>
<section><h2>Channels</h2>
${channels.map(([name, c]) => channel(document, name, c, resolve)).join('\n')}</section>
<section><h2>Messages</h2>
${messages.map(([key, m]) => message(key, m, resolve, usedBy(key))).join('\n')}</section>`,
	});
}
