// configuration.mjs - docs/configuration.md: common/base/config.def as tables for people.
import { options } from './defs.mjs';

const units = [['d', 86400000], ['h', 3600000], ['m', 60000], ['s', 1000], ['ms', 1]];

const time = (ms) => {
	const [unit, size] = units.find(([, s]) => ms >= s && ms % s === 0) ?? ['ms', 1];
	return `${ms / size}${unit}`;
};
const bytes = (n) => (n >= 1048576 && n % 1048576 === 0 ? `${n / 1048576}m` : n >= 1024 && n % 1024 === 0 ? `${n / 1024}k` : String(n));

function bounds({ type, least, most }) {
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

Every program reads its options in the same way: the environment first, then a file of \`NAME=value\` lines
(\`$PURSE_CONFIG\`, else \`purse.env\` in the data folder), then the default. A program that finds a missing or
unreadable value says so in one sentence and does not start. For \`make up\`, write what you change into \`.env\` (\`.env.example\` lists every option with
its default): it makes \`DATA_DIR/purse.env\` of it, beside the addresses of the servers it runs.

Durations are written \`250ms\`, \`20s\`, \`10m\`, \`2h\`, \`7d\`; sizes \`64k\`, \`1m\`. Change an option, then \`make down up\`.

${sections.map(table).join('\n')}
## For make and docker compose only

| variable | default | what it is |
| --- | --- | --- |
| \`PORT\` | \`3000\` | port of the gateway. With \`DATA_DIR\` it lets two copies run side by side. |
| \`PASSWORD_POSTGRES\`, \`PASSWORD_AUTH_OWNER\`, \`PASSWORD_AUTH_APP\`, \`PASSWORD_WALLET_OWNER\`, \`PASSWORD_WALLET_APP\`, \`PASSWORD_STATEMENT_OWNER\`, \`PASSWORD_STATEMENT_APP\`, \`PASSWORD_AMQP\` | none | in containers only, where they must be set; \`make up\` makes its own |
| \`MODE\` | not set | \`san\` builds and runs everything under AddressSanitizer and UBSan. |
| \`BIND\` | \`127.0.0.1\` | address that Purse listens on; \`0.0.0.0\` or an address of the machine lets others in |
| \`RUN_USER\` | \`purse\` if there is one, else \`nobody\` | where root runs \`make up\`: the user of the front, the gateway, the handlers, the consumers and RabbitMQ |
| \`WALLET_DATABASE_OWNER_URL\`, \`STATEMENT_DATABASE_OWNER_URL\` | not set | who migrates an existing database, where the run-time user must not (for Auth it is an option above) |
`;
}
