// docs.js - starts swagger-ui on /docs and keeps its access token current once someone has signed in.
'use strict';

(() => {
	const byId = (id) => document.getElementById(id);
	const dark = window.matchMedia('(prefers-color-scheme: dark)');
	// In memory only: a reload signs the page out, and no other page can read them.
	let tokens = null;
	let timer = 0;

	const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
	follow();
	dark.addEventListener('change', follow);

	const ui = window.SwaggerUIBundle({
		url: '/openapi.yaml',
		dom_id: '#calls',
		deepLinking: true,
		validatorUrl: null,
		docExpansion: 'list',
		defaultModelsExpandDepth: 0,
		displayRequestDuration: true,
		tryItOutEnabled: true,
		presets: [window.SwaggerUIBundle.presets.apis],
	});

	function say(text, bad) {
		byId('status').textContent = text;
		byId('status').classList.toggle('bad', Boolean(bad));
	}

	// Returns the response body; throws a readable message if the call was refused.
	async function call(path, body, token) {
		const headers = { 'Content-Type': 'application/json' };
		if (token)
			headers.Authorization = `Bearer ${token}`;
		const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
		if (answer.status === 204)
			return null;
		const document = await answer.json().catch(() => ({ title: `The server returned status ${answer.status}` }));
		if (!answer.ok)
			throw new Error([document.title, ...(document.errors || []).map((e) => `${e.pointer} ${e.detail}`)].join(': '));
		return document;
	}

	// From here on, the documented calls use this token; it is renewed before it expires.
	function adopt(fresh) {
		tokens = fresh;
		ui.authActions.authorize({
			bearer: { name: 'bearer', schema: { type: 'http', scheme: 'bearer' }, value: fresh.access_token },
		});
		clearTimeout(timer);
		timer = setTimeout(renew, fresh.expires_in * 800);
	}

	async function renew() {
		try {
			adopt(await call('/v1/auth/refresh', { refresh_token: tokens.refresh_token }));
		} catch (error) {
			leave(error.message, true);
		}
	}

	function leave(text, bad) {
		clearTimeout(timer);
		tokens = null;
		ui.authActions.logout(['bearer']);
		byId('sign-in').hidden = false;
		byId('sign-out').hidden = true;
		say(text, bad);
	}

	byId('sign-in').addEventListener('submit', async (event) => {
		const email = byId('email').value;
		const password = byId('password').value;

		event.preventDefault();
		try {
			if (event.submitter && event.submitter.value === 'sign-up')
				await call('/v1/auth/sign-up', { email, password });
			adopt(await call('/v1/auth/sign-in', { email, password }));
			byId('password').value = '';
			byId('sign-in').hidden = true;
			byId('sign-out').hidden = false;
			say(`Signed in as ${email}`);
		} catch (error) {
			say(error.message, true);
		}
	});

	byId('sign-out').addEventListener('click', async () => {
		try {
			await call('/v1/auth/sign-out', {}, tokens.access_token);
			leave('Signed out');
		} catch (error) {
			leave(error.message, true);
		}
	});
})();
