"""proxy.py - connections that can be cut, delayed, silenced: a process that stands between pairs.

Standard input has one JSON object a line, each answered by a line:
  {"links": {NAME: [PORT, HOST, PORT] or [PORT, SOCKET]}}   starts them
  {"link": NAME, "mode": MODE, "ms": N}

pass     forwards
cut      resets all connections, then forwards
refuse   resets all connections and accepts none
silent   holds what either side sends; new connections are accepted and held
deaf     forwards requests and holds responses
delay    forwards each piece N ms later
"""
import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import threading

RESET = struct.pack('ii', 1, 0)


class Link:
    def __init__(self, port, *target):
        self.port, self.target = port, target
        self.mode, self.delay = 'pass', 0
        self.writers = set()
        self.open = asyncio.Event()
        self.open.set()
        self.listener = None

    async def listen(self):
        self.listener = await asyncio.start_server(
            self.serve, '127.0.0.1', self.port, backlog=512, limit=1 << 18
        )

    async def connect(self):
        if len(self.target) == 1:
            return await asyncio.open_unix_connection(self.target[0], limit=1 << 18)
        return await asyncio.open_connection(*self.target, limit=1 << 18)

    async def serve(self, reader, writer):
        self.writers.add(writer)
        pair = [writer]
        try:
            if self.mode == 'silent':
                await self.open.wait()
            there_reader, there_writer = await self.connect()
            pair.append(there_writer)
            self.writers.add(there_writer)
            await asyncio.wait(
                [
                    asyncio.ensure_future(self.pump(reader, there_writer, 'silent')),
                    asyncio.ensure_future(self.pump(there_reader, writer, 'silent deaf')),
                ]
            )
        except OSError:
            reset(writer)
        finally:
            for one in pair:
                self.writers.discard(one)
                one.close()

    async def pump(self, reader, writer, held_in):
        """One direction. The end of one closes the other: no client here half-closes."""
        try:
            while data := await reader.read(65536):
                if self.mode in held_in:
                    await self.open.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()
        except OSError:
            reset(writer)
        finally:
            writer.close()

    async def switch(self, mode, ms):
        if mode in ('cut', 'refuse'):
            for writer in list(self.writers):
                reset(writer)
            self.open.set()
            mode = 'pass' if mode == 'cut' else mode
        if mode == 'refuse':
            self.listener.close()
        elif self.mode == 'refuse':
            await self.listen()
        self.mode, self.delay = mode, ms / 1000 if mode == 'delay' else 0
        if mode in ('silent', 'deaf'):
            self.open.clear()
        else:
            self.open.set()


def reset(writer):
    peer = writer.get_extra_info('socket')
    if peer is not None and peer.fileno() >= 0 and peer.family != socket.AF_UNIX:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()


async def serve():
    loop, links = asyncio.get_running_loop(), {}
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        order = json.loads(line)
        for name, address in order.get('links', {}).items():
            links[name] = Link(*address)
            await links[name].listen()
        if 'link' in order:
            await links[order['link']].switch(order['mode'], order.get('ms', 0))
        print('done', flush=True)
    os._exit(0)  # the connections end with us


class Proxies:
    """The driver's side: the process, and what it is told."""

    def __init__(self, links):
        self.ports = {name: link[0] for name, link in links.items()}
        self.lock = threading.Lock()
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.tell(links=links)

    def tell(self, **order):
        with self.lock:
            self.process.stdin.write(json.dumps(order) + '\n')
            self.process.stdin.flush()
            if self.process.stdout.readline() != 'done\n':
                raise RuntimeError('the proxy has died')

    def switch(self, link, mode, ms=0):
        self.tell(link=link, mode=mode, ms=ms)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)


if __name__ == '__main__':
    asyncio.run(serve())
