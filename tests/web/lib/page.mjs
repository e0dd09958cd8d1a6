// page.mjs - the frame that generated pages share with web/index.html: head, top bar, table of
// contents.
import { escape } from './markdown.mjs';

const tabs = [
	['/docs', 'HTTP calls'],
	['/docs/events', 'Events'],
	['/docs/errors', 'Errors'],
];

// contents: [{href, text, note?, group?}]. body is HTML.
export function page({ title, here, source, contents, body }) {
	const tab = ([href, text]) => `<a href="${href}"${href === here ? ' aria-current="page"' : ''}>${text}</a>`;
	const entry = (c) =>
		c.group
			? `<li class="group">${escape(c.group)}</li>`
			: `<li><a href="${c.href}">${escape(c.text)}${c.note ? ` <small>${escape(c.note)}</small>` : ''}</a></li>`;

	return `<!doctype html>
<!-- Generated from ${source} by tests/web/generate.mjs: change those, not this. -->
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escape(title)} · Purse</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/docs/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/docs.css">
</head>
<body>
<header class="bar">
<a class="brand" href="/docs"><img src="/docs/icon.svg" alt="" width="26" height="26">Purse</a>
<nav aria-label="Documents">${tabs.map(tab).join('')}</nav>
</header>
<div class="columns">
<nav class="contents" aria-label="Contents"><ul>
${contents.map(entry).join('\n')}
</ul></nav>
<main>
${body}
</main>
</div>
</body>
</html>
`;
}
