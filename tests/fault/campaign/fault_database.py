"""fault_database.py - a database that no one reaches, that is locked, or that is restored."""
import contextlib
import os
import subprocess

import psycopg2

TABLES = {'auth': 'account', 'wallet': 'wallet', 'statement': 'wallet'}


def end_sessions(servers, service, more=''):
    servers.sql(
        'postgres',
        f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = 'purse_{service}' AND pid <> pg_backend_pid() {more}""",
        'postgres',
    )


def away(service):
    @contextlib.contextmanager
    def fault(servers, _rng):
        switch = f'ALTER DATABASE purse_{service} ALLOW_CONNECTIONS'
        servers.sql('postgres', f'{switch} false', 'postgres')
        end_sessions(servers, service)
        try:
            yield
        finally:
            servers.sql('postgres', f'{switch} true', 'postgres')

    return fault


def locked(service):
    """Someone holds a lock that everyone needs, as a careless migration does."""

    @contextlib.contextmanager
    def fault(servers, _rng):
        connection = psycopg2.connect(servers.database_url(service))
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
                cursor.execute(f'LOCK TABLE {TABLES[service]} IN ACCESS EXCLUSIVE MODE')
            yield
        finally:
            connection.close()

    return fault


def restored(service):
    """Dumped, and restored over itself while the programs run. No one writes in between."""

    @contextlib.contextmanager
    def fault(servers, _rng):
        role, dump = f'purse_{service}_app', servers.extra / f'{service}.dump'
        url = f'--dbname={servers.database_url(service, "postgres")}'
        servers.sql('postgres', f'ALTER ROLE {role} NOLOGIN', 'postgres')
        try:
            end_sessions(servers, service, f"AND usename = '{role}'")
            quiet = {'check': True, 'capture_output': True, 'env': os.environ | {'LC_ALL': 'C'}}
            subprocess.run(['pg_dump', '-Fc', '-Z0', '-f', dump, url], **quiet)
            subprocess.run(['pg_restore', '--clean', '--if-exists', url, dump], **quiet)
        finally:
            servers.sql('postgres', f'ALTER ROLE {role} LOGIN', 'postgres')
            dump.unlink(missing_ok=True)
        yield

    return fault
