"""A mail server of the real world, on a port of its own: aiosmtpd.

    server.py [plain | starttls PEM | tls PEM] [USER PASSWORD]

Writes lines of JSON to stdout: its port, then each mail that it takes. There is no mailbox `nobody`, and the mailbox `later`
is busy the first time. With a user and a password it takes mail from nobody else.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def tell(said):
    print(json.dumps(said), flush=True)


class Mailboxes:
    def __init__(self):
        self.busy = {"later"}

    async def handle_RCPT(self, server, session, envelope, address, options):
        mailbox = address.split("@")[0]
        if mailbox == "nobody":
            return "550 5.1.1 There is no such mailbox"
        if mailbox in self.busy:
            self.busy.remove(mailbox)
            return "451 4.7.1 Greylisted, try again"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        defects = [str(defect) for part in mail.walk() for defect in part.defects]
        tell({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "text": mail.get_content(),
            "defects": defects,
            "tls": session.ssl is not None,
            "user": session.authenticated and session.auth_data.login.decode(),
        })
        return "250 Taken"


def authenticator(user, password):
    def authenticate(server, session, envelope, mechanism, data):
        good = data.login.decode() == user and data.password.decode() == password
        return AuthResult(success=good, auth_data=data)

    return authenticate


async def main(way="plain", *more):
    context = None
    if way != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(more[0])
        more = more[1:]
    settings = {"hostname": "localhost", "enable_SMTPUTF8": True}
    if more:
        settings["authenticator"] = authenticator(*more)
        # The library does not see TLS from the beginning.
        settings |= {"auth_required": True, "auth_require_tls": way == "starttls"}
    if way == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    mailboxes = Mailboxes()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(mailboxes, **settings), "127.0.0.1", 0, ssl=context if way == "tls" else None
    )
    tell(listening.sockets[0].getsockname()[1])
    await listening.serve_forever()


asyncio.run(main(*sys.argv[1:]))
