"""servers.py - the servers of a campaign: Purse as `make up` starts it, with proxies in between.

Everything is under one folder. Each program that has a partner over TCP reaches it through a proxy
of its own (LINKS), so a pair can be disturbed alone.
"""
import contextlib
import hashlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import psycopg2

from proxy import Proxies

ROOT = Path(__file__).resolve().parents[3]
HANDLERS = ('auth', 'wallet', 'statement')
CONSUMERS = ('outbox_relay', 'transaction_consumer', 'statement_consumer')
# name: (service whose settings name it, option, what it leads to)
LINKS = {
    'client': (None, None, 'front'),
    'publisher': (None, None, 'broker'),
    'front-gateway': ('front', 'GATEWAY', 'gateway'),
    'auth-database': ('gateway', 'AUTH_DATABASE_URL', 'auth'),
    'wallet-database': ('gateway', 'WALLET_DATABASE_URL', 'wallet'),
    'statement-database': ('gateway', 'STATEMENT_DATABASE_URL', 'statement'),
    'relay-wallet-database': ('outbox_relay', 'WALLET_DATABASE_URL', 'wallet'),
    'relay-statement-database': ('outbox_relay', 'STATEMENT_DATABASE_URL', 'statement'),
    'relay-broker': ('outbox_relay', 'AMQP_RELAY_URL', 'broker'),
    'transactions-database': ('transaction_consumer', 'WALLET_DATABASE_URL', 'wallet'),
    'transactions-broker': ('transaction_consumer', 'AMQP_CONSUMER_URL', 'broker'),
    'lines-database': ('statement_consumer', 'STATEMENT_DATABASE_URL', 'statement'),
    'lines-broker': ('statement_consumer', 'AMQP_CONSUMER_URL', 'broker'),
}
# Each has a file system of its own, so that a full one disturbs nothing else.
DISKS = {'postgres': '.', 'rabbitmq': 'rabbitmq/mnesia', 'logs': 'log', 'files': 'statements'}


def eventually(seconds, condition, what, turn=0.05):
    """Waits until condition() is true, for at most `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f'not within {seconds} s: {what}')
        time.sleep(turn)


def free_port():
    """A port outside the range that the system assigns to outgoing connections."""
    while True:
        port = random.SystemRandom().randrange(10000, 30000)
        with socket.socket() as s:
            try:
                s.bind(('127.0.0.1', port))
                return port
            except OSError:
                continue


def assignments(path):
    lines = Path(path).read_text(encoding='utf-8').splitlines()
    return dict(line.split('=', 1) for line in lines if re.match(r'[A-Z][A-Z0-9_]*=', line))


class Servers:
    def __init__(self, data, build):
        self.data, self.build = Path(data), Path(build).resolve()
        self.extra, self.disks, self.proxies = self.data / 'campaign', {}, None
        self.env = {
            name: value
            for name, value in os.environ.items()
            if not re.search(r'_DATABASE(_OWNER)?_URL$|^AMQP|^PURSE_CONFIG$|^PUBLIC_URL$', name)
        }
        self.env |= assignments(ROOT / 'tests/settings.env')
        self.env |= {'DATA_DIR': str(self.data), 'BUILD': str(self.build), 'LC_ALL': 'C.UTF-8'}
        self.env['PORT'] = str(free_port())

    # ---- start and end ----

    def start(self):
        self.data.mkdir(parents=True)
        self.mount_disks()
        adopted = hashlib.sha256((ROOT / 'deploy/broker/adopt.erl').read_bytes()).hexdigest()
        (self.data / 'state.env').write_text(f'BROKER_ADOPTED={adopted[:16]}\n')
        self.tool('up')
        self.state = assignments(self.data / 'state.env')
        self.extra.mkdir()
        (self.extra / 'bin').mkdir()
        self.connect_proxies()
        # It would restart consumers, whose broker has another port than it expects.
        self.sv('down', 'watch')

    def tool(self, name):
        done = subprocess.run(
            [ROOT / 'tools' / name], env=self.env | {'YES': '1'}, text=True, capture_output=True
        )
        if done.returncode != 0:
            raise RuntimeError(f'tools/{name}: {done.stdout}{done.stderr}')

    def stop(self):
        if self.proxies:
            self.proxies.stop()
        if self.data.is_dir():
            self.tool('down')
        for folder in reversed(self.disks.values()):
            subprocess.run(['umount', '-l', folder], check=True)
        shutil.rmtree(self.data)
        for image in self.data.parent.glob(f'{self.data.name}.*.img'):
            image.unlink()

    def mount_disks(self):
        """Files as disks, if root and the kernel allow it: a sparse file takes what is written."""
        if os.geteuid() != 0 or not shutil.which('mkfs.ext4'):
            return
        for name, folder in DISKS.items():
            folder = self.data / folder
            folder.mkdir(parents=True, exist_ok=True)
            image = self.data.parent / f'{self.data.name}.{name}.img'
            with open(image, 'wb') as sparse:
                sparse.truncate((16 if name == 'postgres' else 2) << 30)
            subprocess.run(['mkfs.ext4', '-q', '-m', '0', image], check=True)
            done = subprocess.run(['mount', '-o', 'loop', image, folder], capture_output=True)
            if done.returncode != 0:
                image.unlink()
                return
            self.disks[name] = folder

    # ---- proxies ----

    def connect_proxies(self):
        ports = {name: free_port() for name in LINKS}
        self.proxies = Proxies(
            {name: [ports[name], *self.target(to)] for name, (_, _, to) in LINKS.items()}
        )
        self.port, self.publisher_port = ports['client'], ports['publisher']
        for service in ('gateway', *CONSUMERS):
            options = {o: ports[name] for name, (s, o, _) in LINKS.items() if s == service}
            self.rewire(service, options)
            self.sv('restart', service)
        eventually(60, self.is_healthy, 'the services answer through the proxies')

    def is_healthy(self):
        try:
            for name in HANDLERS:
                urllib.request.urlopen(f'http://127.0.0.1:{self.port}/health/{name}', timeout=5)
            return True
        except OSError:
            return False

    def target(self, to):
        if to == 'gateway':
            return [str(self.data / 'run/gateway/gateway.sock')]
        port = {'front': self.state['PORT'], 'broker': self.state['AMQP_PORT']}
        return ['127.0.0.1', int(port.get(to, self.state['POSTGRES_PORT']))]

    def rewire(self, service, options):
        """Gives a service its own settings, which lead to its proxies."""
        script = self.data / 'service' / service / 'run'
        text, config = script.read_text(), self.data / 'purse.env'
        own = self.extra / f'{service}.env'
        shutil.copy2(config, own)
        os.chown(own, config.stat().st_uid, config.stat().st_gid)
        lines = config.read_text().splitlines()
        own.write_text('\n'.join(self.through(line, options) for line in lines) + '\n')
        text = text.replace(f"'{config}'", f"'{own}'")
        if service == 'gateway':
            # First in PATH, so that a wrapper there can stand for a handler.
            text = text.replace("PATH='", f"PATH='{self.extra / 'bin'}':'", 1)
        script.write_text(text)

    @contextlib.contextmanager
    def front_through_proxy(self):
        """Only for a fault between these two: HAProxy retries if it cannot connect, and to a proxy
        it always can."""
        script = self.data / 'service/front/run'
        text = script.read_text()
        port = self.proxies.ports['front-gateway']
        script.write_text(re.sub(r"GATEWAY='unix@[^']*'", f'GATEWAY=127.0.0.1:{port}', text))
        self.sv('restart', 'front')
        try:
            yield
        finally:
            script.write_text(text)
            self.sv('restart', 'front')

    def through(self, line, options):
        name, _, value = line.partition('=')
        if name not in options:
            return line
        if name.startswith('AMQP'):
            return f'{name}=' + re.sub(r'@127\.0\.0\.1:\d+/', f'@127.0.0.1:{options[name]}/', value)
        service = name.split('_')[0].lower()
        return f'{name}={self.database_url(service, "app", options[name])}'

    # ---- addresses ----

    def database_url(self, service, role='owner', port=None):
        if role == 'postgres':
            user, password = role, self.state['PASSWORD_POSTGRES']
        else:
            user = f'purse_{service}_{role}'
            password = self.state[f'PASSWORD_{service.upper()}_{role.upper()}']
        port = port or self.state['POSTGRES_PORT']
        name = 'postgres' if service == 'postgres' else f'purse_{service}'
        return f'postgresql://{user}:{password}@127.0.0.1:{port}/{name}'

    def amqp_url(self, user='', port=None):
        password = self.state['PASSWORD_AMQP' + (f'_{user.upper()}' if user else '')]
        name = 'purse' + (f'_{user}' if user else '')
        return f"amqp://{name}:{password}@127.0.0.1:{port or self.state['AMQP_PORT']}/%2f"

    def sql(self, service, query, role='owner'):
        """Runs one statement by itself; returns its rows, if it has any."""
        connection = psycopg2.connect(self.database_url(service, role), connect_timeout=5)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def purse(self, *arguments):
        env = self.env | {'PURSE_CONFIG': str(self.data / 'purse.env')}
        subprocess.run(
            [self.build / 'purse', *arguments], env=env, check=True, capture_output=True
        )

    # ---- processes ----

    def sv(self, action, service):
        """Waits until it has ended, but not until it is ready again."""
        folder = self.data / 'service' / service
        if action in ('down', 'restart'):
            subprocess.run(['sv', '-w', '30', 'down', folder], stdout=subprocess.DEVNULL)
        if action in ('up', 'restart'):
            subprocess.run(['sv', 'up', folder], check=True)

    def pid(self, service):
        """The process of a service or a handler; none while it is being started."""
        if service in HANDLERS:
            gateway = self.pid('gateway')
            return next((p for p in children(gateway) if name_of(p) == service), None)
        text = (self.data / 'service' / service / 'supervise/pid').read_text().strip()
        return int(text) if text else None

    def backends(self):
        """PostgreSQL's sessions of the programs."""
        return [p for p in children(self.pid('postgres')) if 'purse_' in title(p)]

    def signal(self, number, *pids):
        for pid in pids:
            try:
                os.kill(pid, number)
            except (ProcessLookupError, TypeError):
                pass

    def resume_all(self):
        """No process stays stopped, whatever became of its fault."""
        for service in ('gateway', 'front', *CONSUMERS, 'postgres', 'rabbitmq'):
            pid = self.pid(service)
            self.signal(signal.SIGCONT, pid, *children(pid))


def children(pid):
    done = subprocess.run(['pgrep', '-P', str(pid)], capture_output=True, text=True)
    return [int(p) for p in done.stdout.split()]


def name_of(pid):
    try:
        return Path(f'/proc/{pid}/comm').read_text().strip()
    except OSError:
        return ''


def title(pid):
    try:
        return Path(f'/proc/{pid}/cmdline').read_text().replace('\0', ' ')
    except OSError:
        return ''
