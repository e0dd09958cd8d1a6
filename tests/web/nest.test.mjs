// nest.test.mjs - clients of other makes, as they come from npm: @nestjs/microservices in both
// directions (its ClientRMQ publishes and asks, its server listens), CloudEvents in binary mode.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, test } from 'node:test';
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientProxyFactory, ClientRMQ, EventPattern, Payload, Transport } from '@nestjs/microservices';
import amqp from 'amqplib';
import { firstValueFrom, timeout } from 'rxjs';

const { BASE_URL, AMQP_URL, AMQP_PUBLISHER_URL } = process.env;
const skip = !BASE_URL || !AMQP_PUBLISHER_URL ? 'BASE_URL or AMQP_PUBLISHER_URL is not set' : false;
const closing = [];
after(async () => {
	for (const it of closing.reverse())
		await it.close();
});

// As docs/events.md shows it: a publisher checks that purse.in exists, because it must not declare it.
class PublisherRMQ extends ClientRMQ {
	async setupChannel(channel, resolve) {
		channel.assertExchange = (name) => channel.checkExchange(name);
		return super.setupChannel(channel, resolve);
	}
}

async function client(url, options) {
	const all = { urls: [url], ...options };
	const proxy = url === AMQP_PUBLISHER_URL ? new PublisherRMQ(all) : ClientProxyFactory.create({ transport: Transport.RMQ, options: all });
	closing.push(proxy);
	await proxy.connect();
	return {
		emit: (data) => firstValueFrom(proxy.emit('transaction_emitted', data), { defaultValue: null }),
		send: (data) => firstValueFrom(proxy.send('transaction_emitted', data).pipe(timeout(60000))),
	};
}

// As its documentation shows it, and in the two lines for a publisher's own user.
const ways = {
	'by the name of the queue, with {durable: true}': [AMQP_URL, { queue: 'wallet_queue', queueOptions: { durable: true } }],
	'by the name of the queue, without options': [AMQP_URL, { queue: 'wallet_queue' }],
	'as a quorum queue': [AMQP_URL, { queue: 'wallet_queue', queueOptions: { durable: true, arguments: { 'x-queue-type': 'quorum' } } }],
	'through purse.in, as a publisher': [AMQP_PUBLISHER_URL, { queue: 'purse.in', wildcards: true }],
};
for (const [name, [url, options]] of Object.entries(ways))
	test(`ClientRMQ ${name}: emit moves money, send is answered, also where it is refused or unreadable`, { skip }, async () => {
		const { emit, send } = await client(url, options);
		const deposit = (key, amount) => ({ user_id: user, kind: 'deposit', amount, idempotency_key: key });
		const user = randomUUID();

		await emit(deposit('emitted', 100));
		const created = await send(deposit('sent', 20));
		assert.equal(created.type, 'transaction_created');
		assert.equal(created.data.balance_after, 120);
		const refused = await send({ ...deposit('refused', 500), kind: 'withdrawal' });
		assert.deepEqual([refused.type, refused.data.code, refused.data.available], ['transaction_rejected', 'insufficient_funds', 120]);
		const unreadable = await send({ user_id: user, kind: 'gift', idempotency_key: 'unreadable' });
		assert.deepEqual([unreadable.type, unreadable.data.code], ['transaction_rejected', 'invalid_request']);
		assert.match(unreadable.data.detail, /^\/kind /);
	});

test('a NestJS server with a queue of its own gets every transaction', { skip }, async () => {
	const user = randomUUID(), heard = [];
	const arrived = new EventTarget();

	class Listener {
		created(data) {
			if (data.owner_id === user && heard.push(`${data.kind} ${data.balance_after}`) === 3)
				arrived.dispatchEvent(new Event('all'));
		}
	}
	// What the decorators of TypeScript do.
	Payload()(Listener.prototype, 'created', 0);
	Reflect.decorate([EventPattern('transaction_created')], Listener.prototype, 'created', Object.getOwnPropertyDescriptor(Listener.prototype, 'created'));
	class Root {}
	const module = Reflect.decorate([Module({ controllers: [Reflect.decorate([Controller()], Listener)] })], Root);
	const options = { urls: [AMQP_URL], queue: `nest-${user}`, queueOptions: { durable: false, autoDelete: true, exclusive: true }, exchange: 'purse.events', routingKey: 'transaction_created' };
	const app = await NestFactory.createMicroservice(module, { transport: Transport.RMQ, options, logger: false });
	closing.push(app);
	await app.listen();

	const all = once(arrived, 'all', { signal: AbortSignal.timeout(60000) });
	const { emit } = await client(AMQP_PUBLISHER_URL, { queue: 'purse.in', wildcards: true });
	for (const key of ['a', 'b'])
		await emit({ user_id: user, kind: 'deposit', amount: 5, idempotency_key: key });
	await all;
	assert.deepEqual(heard.sort(), ['deposit 10', 'deposit 5', 'opening 0']);
});

for (const prefix of ['cloudEvents:', 'cloudEvents_', 'ce-', 'ce_'])
	test(`CloudEvents in binary mode, ${prefix}type: ours is read, by its source and id; another type is not ours`, { skip }, async () => {
		const user = randomUUID();
		const connection = await amqp.connect(AMQP_PUBLISHER_URL);
		const channel = await connection.createChannel();
		const replies = [];
		const arrived = new EventTarget();
		await channel.consume('amq.rabbitmq.reply-to', (message) => replies.push(JSON.parse(message.content)) === 9 && arrived.dispatchEvent(new Event('all')), { noAck: true });
		const all = once(arrived, 'all', { signal: AbortSignal.timeout(60000) });
		const send = (amount, attributes, properties) => channel.publish('purse.in', '', Buffer.from(JSON.stringify({ user_id: user, kind: 'deposit', amount })), {
			contentType: 'application/json', replyTo: 'amq.rabbitmq.reply-to',
			headers: Object.fromEntries(Object.entries({ specversion: '1.0', ...attributes }).map(([name, value]) => [prefix + name, value])), ...properties,
		});
		const ours = { type: 'transaction_emitted', id: user };

		send(5, { ...ours, source: '/a' });
		send(5, { ...ours, source: '/a' });
		send(5, { ...ours, source: '/b' });
		send(7, { ...ours, source: '/a', type: 'user_created' });
		send(7, { ...ours, source: '/c', id: 7 });
		send(7, { ...ours });
		send(7, { ...ours, source: '/c' }, { contentEncoding: 'gzip' });
		send(7, { ...ours, source: '/c' }, { contentType: 'application/cloudevents+avro' });
		send(7, ours, { headers: { 'cloudEvents:type': ours.type, 'ce-type': 'user_created', 'ce-id': user, 'ce-source': '/c' } });
		await all;
		await connection.close();
		assert.deepEqual(replies.map((reply) => reply.data.balance_after ?? reply.data.detail).sort(), [10, 5, 5,
			'a CloudEvents event needs an id and a source, and the headers have only one of them',
			'only transaction_emitted is accepted here, not user_created',
			'the content_encoding gzip is not read: send plain JSON',
			'the content_type application/cloudevents+avro is not read: send application/json or application/cloudevents+json',
			'the header with the CloudEvents id must be text',
			'two headers give the CloudEvents type different values']);
	});
