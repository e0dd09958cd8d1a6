// commands.mjs - every command that our documents tell people to type, and how it is tested.
//
//   run      run this text on the test system, or the command itself if true; the output must
//            contain `prints`
//   by       a test file that runs it: it must contain the text `as`, by default the command
//   not      the reason why no test runs it
//
// commands.test.mjs fails if a documented command is missing here, or if no document has an entry.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { read, root } from './defs.mjs';

const pages = () => [
	'README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'deploy/cgi/README',
	...['docs', 'web', 'sql/wallet', ...readdirSync(root, { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name)]
		.flatMap((folder) => readdirSync(root + folder).filter((name) => name.endsWith('.md')).map((name) => `${folder}/${name}`)),
].filter((path, i, all) => all.indexOf(path) === i && !/^(build|var)/.test(path));

// readme.test.mjs pastes these into a shell as a whole.
const pasted = ['README.md', 'docs/walkthrough.md'];
const assignments = String.raw`(?:[A-Z_]+=(?:"[^"]*"|\S*) )*`;
const programs = String.raw`make|npm|docker|docker-compose|curl|eval|chmod|cp|mv|crontab|git|sudo|apt|apt-get|psql|systemctl|rabbitmqctl|sh|bash|node|python3|pip`;
const ours = String.raw`(?:\./)?(?:build/[a-z_]+|purse/tools/[a-z-]+|tools/[a-z-]+|deploy/broker/definitions|tests/run|tests/web/run|tests/[a-z/]+/run|bench/run)`;
// A third-party program counts as a command only with an argument; our scripts also without.
const command = new RegExp(`^${assignments}(?:(?:${programs}) \\S.*|${ours} \\S.*|(?:tools/[a-z-]+|tests/run|tests/web/run|bench/run|make)|${ours})$`);
// Names of programs that are part of a sentence.
const names = /^(build\/[a-z_]+|make)$/;
const isData = (path) => existsSync(root + path) && !(statSync(root + path).mode & 0o100);

function lines(path) {
	const text = read(path);
	if (!path.endsWith('.md'))
		return text.split('\n').filter((line) => /^\s{4,}\S/.test(line)).map((line) => line.trim());
	const fences = [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, kind]) => kind !== 'sh' || !pasted.includes(path));
	const prose = text.replace(/^```[\s\S]*?^```$/gm, '');
	return [
		...fences.flatMap(([, , block]) => block.split('\n').map((line) => line.replace(/\s+#? .*$/, (rest) => (/^\s{2,}/.test(rest) ? '' : rest)).trim())),
		...[...prose.matchAll(/`([^`\n]+)`/g)].map((m) => m[1]).filter((line) => !names.test(line) && !isData(line)),
	];
}

// {command: [documents]}
export function documented() {
	const found = {};
	for (const path of pages())
		for (const line of lines(path))
			if (command.test(line))
				(found[line] ??= new Set()).add(path);
	for (const [, target] of read('Makefile').matchAll(/^([a-z-]+):.*## /gm))
		(found[`make ${target}`] ??= new Set()).add('make help');
	return found;
}

const engine = 'needs a container engine; tests/ops/sources.bats checks the file';
const running = 'tests/ops/running.bats', hosting = 'tests/hosting/hosting.bats';
const restore = 'tests/fault/restore.bats';
const itself = 'it runs this test';

export const commands = {
	'make help': { run: true, prints: 'make up' },
	'make unit': { run: true },
	'make install': { run: true },
	'make status': { run: true, prints: 'ready' },
	'make env': { run: true, prints: 'export BASE_URL=' },
	'make logs': { run: '! timeout 5 make logs', prints: 'current <==' },
	'make package-cgi': { run: 'make package-cgi && tar -tzf "$BUILD/purse-cgi.tar.gz"', prints: 'public_html/cgi-bin/wallet' },
	'make clean': { run: 'cd "$(mktemp -d)" && mkdir build && make -f "$OLDPWD/Makefile" clean && ! ls build && rmdir "$PWD"' },
	'make test-stop': { run: 'TEST_DATA=/nonexistent make test-stop' },
	'make up': { by: running, as: 'in_first make_it up\n' },
	'make down': { by: running, as: 'in_first make_it down' },
	'make down up': { by: running, as: 'make_it down up' },
	'make clean-data': { by: running, as: 'make_it clean-data' },
	'PORT=3001 DATA_DIR=var2 make up': { by: running, as: 'DATA_DIR=$FIRST PORT=$FIRST_PORT make_it up' },
	'DATA_DIR=var2 make status': { by: running, as: 'DATA_DIR=$FIRST run tools/status' },
	'make test': { by: '.ci/run', as: 'make -s test' },
	'make test MODE=san': { not: itself },
	'make sbom': { by: 'tests/web/sbom.test.mjs', as: 'tools/sbom' },
	'make lint': { by: '.ci/run', as: 'make -s lint' },
	'make test-hosting': { not: 'runs for a quarter of an hour; make test does the same with fewer files' },
	'make fuzz': { not: 'runs for minutes; make test replays what it found' },
	'FUZZ_TIME=600 make fuzz': { not: 'runs for hours' },
	'TARGETS="json csv" make fuzz': { not: 'runs for minutes' },
	'tests/fuzz/run --keep': { not: 'changes the corpora' },
	'make test-schema': { not: 'runs for minutes; make test makes fewer calls' },
	'CALLS=5000 SEED=7 make test-schema': { not: 'runs for minutes' },
	'make test-fault': { not: 'runs for a quarter of an hour; the suite campaign runs the short form' },
	'make test-fault FAULTS=1000': { not: 'runs for hours' },
	'make test-fault SEED=7': { not: 'runs for a quarter of an hour' },
	'make test-fault ONLY=disk': { not: 'runs for minutes' },
	'make soak': { not: 'runs for an hour' },
	'make growth': { not: 'runs for minutes; tests/db/growth.bats does the same with fewer rows' },
	'make bench': { not: 'runs for minutes, on a machine that does nothing else' },
	'BENCH_MODE=full make bench': { not: 'runs for an hour' },
	'BENCH_ONLY="uniform64 reads" make bench': { not: 'runs for minutes' },
	'BENCH_KEEP=1 BENCH_NAME=dev make bench': { not: 'runs for minutes' },
	'eval "$(make -s env)"': { run: 'eval "$(make -s env)" && echo "at $BASE_URL"', prints: 'at http://' },
	'cp -a "$DATA/keys" "$DATA/state.env" "$BACKUP/"': { by: restore, as: 'as_documented Backup' },
	'psql -Xq -c "DROP DATABASE purse_$service WITH (FORCE)" -c "CREATE DATABASE purse_$service OWNER purse_${service}_owner"': { by: restore, as: 'as_documented Restore' },
	'docker compose up --build': { not: engine },
	'docker compose exec postgres psql -U postgres -f /docker-entrypoint-initdb.d/20-administrator.sql': { not: engine },
	'docker compose run --rm purse verify': { not: engine },
	'docker compose exec outbox_relay purse seal export': { not: engine },
	'PASSWORD_AMQP_RELAY=… PASSWORD_AMQP_CONSUMER=… PASSWORD_AMQP_PUBLISHER=… deploy/broker/definitions > purse.json': { by: 'tests/ops/sources.bats', as: 'PASSWORD_AMQP_CONSUMER=c PASSWORD_AMQP_PUBLISHER=d deploy/broker/definitions >' },
	'rabbitmqctl import_definitions purse.json': { not: 'make up has the server load the same file at each start' },
	'rabbitmqctl eval "$(cat deploy/broker/adopt.erl)"': { by: 'tests/events/broker.bats', as: 'eval "$(cat "$ROOT/deploy/broker/adopt.erl")"' },
	'rabbitmqctl add_user ledger_copy': { not: 'asks for a password' },
	"rabbitmqctl set_permissions ledger_copy '^ledger_copy\\..*$' '^ledger_copy\\..*$' '^(purse\\.events|ledger_copy\\..*)$'": { not: 'a user of your own' },
	'npm --prefix tests/web ci': { by: 'tests/web/run', as: 'npm ci' },
	'npm --prefix tests/web run generate': { run: true },
	'tests/run': { not: itself },
	'tests/run api events': { not: itself },
	'tests/run --stop': { by: 'tests/lib/hosting.sh' },
	'tests/web/run': { by: 'tests/lib/suites.sh' },
	'tools/lint': { by: 'Makefile' },
	'tools/cycles': { by: 'tools/lint' },
	'tools/status': { by: running, as: 'DATA_DIR=$FIRST run tools/status' },
	'tools/watch': { by: 'tests/ops/watch.bats' },
	'tools/style': { by: 'tests/ops/style.bats' },
	'curl -v': { not: 'an option to add to a call of your own' },
	'OWNER_URL=… tools/migrate SERVICE APP_ROLE': { by: 'tests/migrate/migrate.bats', as: 'tools/migrate' },
	'OWNER_URL=… tools/migrate wallet APP_ROLE': { by: 'tests/migrate/migrate.bats', as: 'tools/migrate' },
	'build/purse --version': { run: true, prints: 'purse' },
	'build/wallet --routes': { run: true, prints: '/v1/wallets' },
	'build/purse user role add EMAIL operator': { by: 'tests/api/auth_identity.bats', as: 'user role add "$EMAIL" operator' },
	'build/purse key rotate': { by: 'tests/api/auth_identity.bats', as: '"$BUILD/purse" key rotate' },
	'build/purse user list': { run: true },
	'build/purse acts': { by: 'tests/api/auth_identity.bats', as: '"$BUILD/purse" acts' },
	'build/purse dead list': { run: true },
	'build/purse statement rebuild --all': { by: 'tests/events/rebuild.bats', as: 'statement rebuild --all' },
	'build/purse statement rebuild --wallet ID': { by: 'tests/events/rebuild.bats', as: 'statement rebuild --wallet "$wallet"' },
	'build/purse verify': { by: 'tests/db/verify.bats', as: 'verify' },
	'build/purse config': { by: 'tests/ops/sources.bats', as: 'config' },
	'build/purse verify --head FILE': { by: 'tests/db/verify.bats', as: 'verify made --head' },
	'build/purse seal export': { by: 'tests/db/verify.bats', as: '"$BUILD/purse" seal export' },
	'cp purse/purse.env.example purse/purse.env': { by: hosting, as: 'cp\\ * | chmod\\ *' },
	'chmod 600 purse/purse.env': { by: hosting, as: 'cp\\ * | chmod\\ *' },
	'OWNER_URL=postgresql://OWNER:PASSWORD@HOST/DATABASE purse/tools/migrate auth USER_OF_AUTH_DATABASE_URL': { by: hosting, as: 'OWNER_URL=*' },
	'crontab -e': { not: 'opens an editor; hosting.bats runs the line that is entered' },
	'curl -sS https://YOUR-SPACE/health/auth': { by: hosting, as: 'curl\\ *' },
	"curl -sS -o /dev/null -w '%{http_code}\\n' https://YOUR-SPACE/purse/purse.env": { by: hosting, as: 'curl\\ *' },
};
