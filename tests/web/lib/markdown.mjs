// markdown.mjs - renders the subset of Markdown that our documents use as HTML: paragraphs,
// headings, lists, fenced code, `code`, **strong** and [links](url). Everything else is text, and
// all text is escaped.

export const escape = (s) =>
	String(s).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

// Split off code first, so that nothing inside it is parsed as Markdown.
export function inline(source) {
	return source
		.split(/(`[^`]+`)/)
		.map((part) =>
			part.startsWith('`') && part.length > 1
				? `<code>${escape(part.slice(1, -1))}</code>`
				: escape(part)
						.replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
						.replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, '<a href="$2">$1</a>'),
		)
		.join('');
}

function block(lines) {
	const heading = /^(#{2,4}) (.*)/.exec(lines[0]);

	if (heading) {
		const rest = lines.length > 1 ? block(lines.slice(1)) : '';
		return `<h${heading[1].length}>${inline(heading[2])}</h${heading[1].length}>\n${rest}`;
	}
	if (lines.every((line) => /^(- |  )/.test(line))) {
		const items = lines.join('\n').split(/^- /m).slice(1);
		return `<ul>${items.map((item) => `<li>${inline(item.trim())}</li>`).join('')}</ul>`;
	}
	return `<p>${inline(lines.join('\n'))}</p>`;
}

export function markdown(source) {
	const out = [];

	for (const part of source.split(/^(```[\s\S]*?^```)$/m)) {
		if (part.startsWith('```')) {
			out.push(`<pre><code>${escape(part.replace(/^```\w*\n/, '').replace(/\n?```$/, ''))}</code></pre>`);
			continue;
		}
		for (const paragraph of part.split(/\n\s*\n/))
			if (paragraph.trim())
				out.push(block(paragraph.trim().split('\n')));
	}
	return out.join('\n');
}
