"""smtp_server.py FOLDER - a real mail server on loopback.

It prints its port and writes each mail that it accepts to FOLDER. It has no TLS, but asks for a
password: it writes each one that it gets to FOLDER/passwords.
"""
import asyncio
import sys
import uuid

from aiosmtpd.smtp import SMTP, AuthResult


class Folder:
    async def handle_DATA(self, server, session, envelope):
        text = envelope.content.decode("ascii").replace("\r\n", "\n")
        with open(f"{sys.argv[1]}/{uuid.uuid4()}", "w", encoding="ascii") as mail:
            mail.write(f"X-MailFrom: {envelope.mail_from}\nX-RcptTo: {','.join(envelope.rcpt_tos)}\n{text}")
        return "250 OK"


def remember(server, session, envelope, mechanism, data):
    with open(f"{sys.argv[1]}/passwords", "ab") as passwords:
        passwords.write(data.password + b"\n")
    return AuthResult(success=True)


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Folder(), hostname="test", auth_require_tls=False, authenticator=remember), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
