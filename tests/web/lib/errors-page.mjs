// errors-page.mjs - generates /docs/errors: each code of common/base/error.def with its text from
// web/errors.md.
import { errors, read } from './defs.mjs';
import { escape, markdown } from './markdown.mjs';
import { document } from './openapi.mjs';
import { page } from './page.mjs';

// {code: text} of web/errors.md.
export function explanations() {
	const parts = read('web/errors.md').split(/^## (\w+)$/m).slice(1);
	const found = {};

	for (let i = 0; i < parts.length; i += 2) {
		if (found[parts[i]])
			throw new Error(`web/errors.md explains ${parts[i]} twice`);
		found[parts[i]] = parts[i + 1].trim();
	}
	return found;
}

export function errorsPage() {
	const explained = explanations();
	const example = document.components.examples.InsufficientFunds.value;
	const article = ({ status, code, title }) => `<article id="${code}">
<h3><span class="status s${String(status)[0]}">${status}</span> <code>${code}</code></h3>
<p class="title">${escape(title)}.</p>
${markdown(explained[code] ?? '')}
</article>`;

	return page({
		title: 'Errors',
		here: '/docs/errors',
		source: 'common/base/error.def and web/errors.md',
		contents: [{ group: 'Codes' }, ...errors().map(({ code, status }) => ({ href: `#${code}`, text: code, note: String(status) }))],
		body: `<section class="intro"><h1>Errors</h1>
${markdown(`Every error is an \`application/problem+json\` document (RFC 9457), including errors from the gateway. Test for \`code\`: its
meaning never changes. Show \`title\` and \`detail\` to people. A refused operation changes nothing.`)}
<pre><code>${escape(`HTTP/1.1 ${example.status} Conflict
Content-Type: application/problem+json
X-Request-Id: ${example.request_id}

${JSON.stringify(example, null, 2)}`)}</code></pre>
${markdown(`If members of the request are invalid, \`errors\` lists each one: \`{"pointer": "/amount", "detail": "must be 1 or more"}\`.
401 has \`WWW-Authenticate\`, 405 has \`Allow\`, and 429 and 503 have \`Retry-After\` in seconds.`)}</section>
<section><h2>Codes</h2>
${errors().map(article).join('\n')}</section>`,
	});
}
