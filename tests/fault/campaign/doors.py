"""doors.py - the two doors as a client sees them: REST over HTTP, events over RabbitMQ."""
import http.client
import json
import socket
import threading
import time

import pika

# The library also raises these when a connection breaks while it is being made.
BROKEN = (pika.exceptions.AMQPError, OSError, ValueError, AssertionError, AttributeError)
IMPATIENT = 10
PASSWORD = 'campaigns have long passwords'


class Rest:
    """One connection to the API, made again when it breaks."""

    def __init__(self, port, meter, patience):
        self.port, self.meter, self.patience = port, meter, patience
        self.connection = None

    def call(self, method, path, body=None, token=None, key=None, read=True, raw=False):
        """Returns (status, headers, body); status 0 if there was no answer, with the reason."""
        attempt = self.meter.begin('rest')
        try:
            status, headers, body = self.exchange(method, path, body, token, key, read)
            if not raw or status >= 400:
                body = json.loads(body) if body else {}
        except (OSError, http.client.HTTPException, ValueError) as broken:
            self.close()
            status, headers, body = 0, {}, {'code': self.reason(broken)}
        what = str(status) if status < 400 else f"{status} {body.get('code')}"
        ok = 200 <= status < 500 and status != 429
        self.meter.end(attempt, ok, what if status else body['code'])
        return status, headers, body

    def reason(self, broken):
        # On a busy machine an impatient client gives up without any fault.
        if isinstance(broken, TimeoutError) and self.patience < IMPATIENT:
            return 'impatient'
        return type(broken).__name__

    def exchange(self, method, path, body, token, key, read):
        if self.connection is None:
            self.connection = http.client.HTTPConnection(
                '127.0.0.1', self.port, timeout=self.patience
            )
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        if body is not None:
            headers['Content-Type'] = 'application/json'
            body = json.dumps(body)
        if key:
            headers['Idempotency-Key'] = key
        self.connection.request(method, path, body, headers)
        if not read:
            self.close()
            return 299, {}, b''
        answer = self.connection.getresponse()
        return answer.status, answer.headers, answer.read()

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Account:
    """A user who signs in again before a token expires, as one whom several workers share."""

    LIFE = 240

    def __init__(self, email):
        self.email, self.token, self.since = email, None, 0.0
        self.lock = threading.Lock()

    def sign_up(self, rest):
        body = {'email': self.email, 'password': PASSWORD}
        status, _, body = rest.call('POST', '/v1/auth/sign-up', body)
        if status != 201:
            raise RuntimeError(f'sign-up: {status} {body}')
        return body['id']

    def bearer(self, rest, refused=None):
        """The token; another one if `refused` is the one we have, or it is old."""
        with self.lock:
            if self.token is None or self.token == refused or self.age() > self.LIFE:
                body = {'email': self.email, 'password': PASSWORD}
                status, _, body = rest.call('POST', '/v1/auth/sign-in', body)
                if status == 200:
                    self.token, self.since = body['access_token'], time.monotonic()
                elif self.age() > 2 * self.LIFE:
                    self.token = None
            return self.token

    def age(self):
        return time.monotonic() - self.since


class Events:
    """One connection to the broker, as a publisher who gets replies."""

    PATIENCE = 15

    def __init__(self, url, meter):
        self.parameters, self.meter, self.connection = pika.URLParameters(url), meter, None
        self.parameters.heartbeat = 4
        self.parameters.blocked_connection_timeout = 10
        self.parameters.socket_timeout = self.parameters.stack_timeout = 5
        self.parameters.connection_attempts = 1
        self.replies = {}

    def connect(self):
        self.connection = pika.BlockingConnection(self.parameters)
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.channel.basic_consume('amq.rabbitmq.reply-to', self.take, auto_ack=True)

    def take(self, _channel, _method, properties, body):
        self.replies.setdefault(properties.correlation_id, []).append(json.loads(body))

    def publish(self, name, body, content_type, message_id, reply):
        """True once the broker has confirmed it; False if that is unknown."""
        attempt = self.meter.begin('event')
        properties = pika.BasicProperties(
            content_type=content_type,
            delivery_mode=2,
            message_id=message_id,
            correlation_id=name,
            reply_to='amq.rabbitmq.reply-to' if reply else None,
        )
        try:
            if self.connection is None:
                self.connect()
            # The library waits for the confirm for as long as the connection lives.
            late = threading.Timer(self.PATIENCE, self.give_up)
            late.start()
            try:
                self.channel.basic_publish('purse.in', 'transaction_emitted', body, properties)
            finally:
                late.cancel()
            self.meter.end(attempt, True, 'confirmed')
            return True
        except BROKEN as broken:
            self.close()
            self.meter.end(attempt, False, type(broken).__name__)
            return False

    def give_up(self):
        try:
            self.connection._impl._transport._sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass

    def receive(self, seconds):
        """Takes what replies have arrived; at most that long if there are none."""
        try:
            if self.connection is not None:
                self.connection.process_data_events(time_limit=seconds)
        except BROKEN:
            self.close()
        taken, self.replies = self.replies, {}
        return taken

    def close(self):
        connection, self.connection = self.connection, None
        try:
            if connection is not None and connection.is_open:
                connection.close()
        except BROKEN:
            pass
