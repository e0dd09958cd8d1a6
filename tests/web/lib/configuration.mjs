// configuration.mjs - generates docs/configuration.md: common/base/config.def as readable tables.
import { options } from './defs.mjs';

const units = [['d', 86400000], ['h', 3600000], ['m', 60000], ['s', 1000], ['ms', 1]];

const time = (ms) => {
	const [unit, size] = units.find(([, s]) => ms >= s && ms % s === 0) ?? ['ms', 1];
	return `${ms / size}${unit}`;
};
const bytes = (n) => (n >= 1048576 && n % 1048576 === 0 ? `${n / 1048576}m` : n >= 1024 && n % 1024 === 0 ? `${n / 1024}k` : String(n));

const forms = { STANDBY: '`none`, `any`, `sync`', LEVEL: '`debug`, `info`, `warn`, `error`', CURRENCY: 'ISO 4217', URL: 'an http or https URL', DATABASE: 'a connection string',
	AMQP: 'an amqp or amqps URL', SMTP: 'an smtp or smtps URL', MAILBOX: 'a mail address', FOLDER: 'a path', LISTENER: 'a port or a path',
	ADDRESS: 'an IP address', NETWORKS: 'addresses, networks' };

function bounds({ type, least, most }) {
	if (forms[type])
		return forms[type];
	if (type === 'TEXT')
		return `${least} – ${most} characters`;
	const show = type === 'TIME' ? time : type === 'SIZE' ? bytes : String;
	return `${show(least)} – ${show(most)}`;
}

export function configuration() {
	const all = options();
	const sections = [...new Set(all.map((o) => o.section))];
	const row = (o) => `| \`${o.name}\` | ${o.value === null ? 'not set' : `\`${o.value}\``} | ${bounds(o)} | ${o.help.replace(/\|/g, '\\|')} |`;
	const table = (section) => `## ${section[0].toUpperCase()}${section.slice(1)}

| option | default | bounds | what it is |
| --- | --- | --- | --- |
${all.filter((o) => o.section === section).map(row).join('\n')}
`;

	return `<!-- Generated from common/base/config.def by tests/web/generate.mjs: change that, not this. -->
# Configuration

Every program reads its options in the same order: the environment, then a file of \`NAME=value\` lines
(\`$PURSE_CONFIG\`, or \`purse.env\` in the data folder), then the default.
If values are missing or invalid, a program reports each in one sentence and does not start. \`make up\` checks all of them before it starts anything.
\`build/purse config\` prints the values, without passwords.

For \`make up\`, write your changes to \`.env\` (\`.env.example\` lists every option with its default).
From it, and from the addresses of its own servers, \`make up\` generates \`DATA_DIR/purse.env\`.

Write durations as \`250ms\`, \`20s\`, \`10m\`, \`2h\`, \`7d\`, and sizes as \`64k\`, \`1m\`. Change an option, then \`make down up\`.

${sections.map(table).join('\n')}
## For make and docker compose only

| variable | default | what it is |
| --- | --- | --- |
| \`PASSWORD_POSTGRES\`, \`PASSWORD_AUTH_OWNER\`, \`PASSWORD_AUTH_APP\`, \`PASSWORD_WALLET_OWNER\`, \`PASSWORD_WALLET_APP\`, \`PASSWORD_STATEMENT_OWNER\`, \`PASSWORD_STATEMENT_APP\`, \`PASSWORD_AMQP\`, \`PASSWORD_AMQP_RELAY\`, \`PASSWORD_AMQP_CONSUMER\`, \`PASSWORD_AMQP_PUBLISHER\` | none | for containers only, where they are required; \`make up\` generates its own |
| \`MODE\` | not set | \`san\` builds and runs everything under AddressSanitizer and UBSan. |
| \`RUN_USER\` | \`purse\` if there is one, else \`nobody\` | if root runs \`make up\`: the user of the front, the gateway, the handlers, the consumers and RabbitMQ |
| \`WALLET_DATABASE_OWNER_URL\` | not set | the user who migrates an existing wallet database, if the run-time user is not allowed to (for Auth and Statement it is an option above) |
`;
}
