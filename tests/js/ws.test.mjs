// The connection: back-off, resync, the poll as the way round, sign-in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../static/js/store.js';
import { Link, backoff } from '../../static/js/ws.js';

class FakeSocket {
  constructor(url) {
    this.url = url;
    this.readyState = 0;
    this.sent = [];
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
  }

  accept() {
    this.readyState = 1;
    this.onopen();
  }

  say(frame) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  drop(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

/** A link on sockets, time and polls that the test owns. */
function rig(poll = () => Promise.reject(new Error('down'))) {
  const world = { time: 0, timers: [], sockets: [] };
  const later = (fn, ms) => {
    const timer = { fn, at: world.time + ms };
    world.timers.push(timer);
    return timer;
  };
  const store = new Store({ now: () => world.time, hidden: () => false, later: () => {} });
  store.snapshot({ seq: 3, printers: [{ id: 'a', state: 'ready' }] });
  const link = new Link(store, 'ws://farm/api/ws', {
    socket: (url) => {
      const socket = new FakeSocket(url);
      world.sockets.push(socket);
      return socket;
    },
    poll, later, cancel: (timer) => { world.timers = world.timers.filter((one) => one !== timer); }, now: () => world.time, random: () => 1,
  });
  world.run = (ms) => {
    const end = world.time + ms;
    for (;;) {
      const next = world.timers.filter((one) => one.at <= end).sort((x, y) => x.at - y.at)[0];
      if (!next) break;
      world.timers = world.timers.filter((one) => one !== next);
      world.time = next.at;
      next.fn();
    }
    world.time = end;
  };
  world.last = () => world.sockets[world.sockets.length - 1];
  return { world, store, link };
}

const HELLO = { t: 'hello', v: 1, seq: 3, server: { version: '1', now: 5 } };

test('back-off grows, stays under 30 s and is jittered down to nothing', () => {
  assert.deepEqual([1, 2, 3, 9].map((n) => backoff(n, () => 1)), [1000, 2000, 4000, 30000]);
  assert.equal(backoff(5, () => 0), 0);
});

test('it asks for what came after the page and goes live with hello', () => {
  const { world, store, link } = rig();
  link.open();
  assert.equal(world.last().url, 'ws://farm/api/ws?since=3');
  world.last().accept();
  world.last().say(HELLO);
  assert.equal(store.link.state, 'live');
  world.last().say({ t: 'delta', seq: 4, p: { a: { state: 'printing' } } });
  assert.equal(store.printers.get('a').state, 'printing');
});

test('a gap asks for a snapshot once and holds further deltas back', () => {
  const { world, store, link } = rig();
  link.open();
  world.last().accept();
  world.last().say({ t: 'delta', seq: 6, p: { a: { state: 'paused' } } });
  world.last().say({ t: 'delta', seq: 7, p: { a: { state: 'paused' } } });
  assert.deepEqual(world.last().sent.filter((f) => f.t === 'resync').length, 1);
  world.last().say({ t: 'snapshot', seq: 7, printers: [{ id: 'a', state: 'paused' }], server: {} });
  world.last().say({ t: 'delta', seq: 8, p: { a: { state: 'printing' } } });
  assert.equal(store.printers.get('a').state, 'printing');
});

test('an event does not move the sequence', () => {
  const { world, store, link } = rig();
  const heard = [];
  link.on('event', (frame) => heard.push(frame.text));
  link.open();
  world.last().accept();
  world.last().say({ t: 'event', seq: 3, text: 'hi', level: 'info' });
  assert.deepEqual(heard, ['hi']);
  assert.equal(store.seq, 3);
});

test('a lost socket locks the page, comes back, and subscribes again', () => {
  const { world, store, link } = rig();
  const page = new AbortController();
  link.open();
  world.last().accept();
  world.last().say(HELLO);
  link.subscribe('a', ['temps'], page.signal);
  world.last().drop();
  assert.equal(store.link.state, 'lost');
  assert.equal(store.connected, false);
  world.run(1000);
  assert.equal(world.sockets.length, 2);
  world.last().accept();
  world.last().say(HELLO);
  assert.equal(store.link.state, 'live');
  assert.deepEqual(world.last().sent[0], { t: 'sub', printers: ['a'], what: ['temps'] });
  page.abort();
  assert.equal(world.last().sent.at(-1).t, 'unsub');
});

test('silence for 45 s is a lost connection', () => {
  const { world, store, link } = rig();
  link.open();
  world.last().accept();
  world.last().say(HELLO);
  world.run(20000);
  assert.deepEqual(world.last().sent, [{ t: 'ping' }]);
  world.run(40000);
  assert.equal(store.link.state, 'lost');
});

test('after three failures it polls, and the page works again', async () => {
  let polls = 0;
  const { world, store, link } = rig(() => {
    polls += 1;
    return Promise.resolve({ seq: 9, printers: [{ id: 'a', state: 'fault' }] });
  });
  link.open();
  for (let i = 0; i < 3; i += 1) {
    world.last().drop();
    if (i < 2) world.run(5000);
  }
  await new Promise((done) => setImmediate(done));
  assert.equal(polls, 1);
  assert.equal(store.link.state, 'polling');
  assert.equal(store.connected, true);
  assert.equal(store.printers.get('a').state, 'fault');
});

test('4401 stops for good', () => {
  const { world, store, link } = rig();
  link.open();
  world.last().drop(4401);
  assert.equal(store.link.state, 'signin');
  world.run(600000);
  link.retryNow();
  assert.equal(world.sockets.length, 1);
});
