// Alerts: their order, their words, and which of them a browser is told of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionOf, channelWords, inOrder, lookOf, muteWords, outcomeWords, paged, plainText } from '../../static/js/parts/alert-rules.js';
import { browserName, bytesOf, newOnes, setPageNotes, watchAlerts } from '../../static/js/parts/notify.js';
import { Store } from '../../static/js/store.js';

const alert = (id, more = {}) => ({ id, kind: 'fault', level: 'now', since: 100, ...more });

test('what nobody has seen comes first, then the urgent, then the oldest', () => {
  const all = [alert('seen', { acked_at: 5, since: 1 }), alert('late', { since: 300 }), alert('soon', { level: 'soon', since: 2 }), alert('early', { since: 50 })];
  assert.deepEqual(inOrder(all).map((it) => it.id), ['early', 'late', 'soon', 'seen']);
});

test('every kind that can stay open has words and an icon of its own', () => {
  for (const kind of ['paused', 'filament_out', 'bed_waiting', 'fault', 'offline_printing', 'needs_person', 'queue_blocked', 'spool_short', 'disk_low', 'camera_dead', 'defect', 'watch_blind', 'channel_dead', 'channel_moved']) {
    const look = lookOf(alert('a', { kind }));
    assert.notEqual(look.words, `ak.${kind}`);
    assert.notEqual(look.icon, 'info', kind);
  }
  assert.equal(lookOf(alert('a', { kind: 'something_new' })).icon, 'info');
});

test('a channel says when it last sent, or why it fails and when it tries again', () => {
  assert.deepEqual(channelWords({ state: 'ok', text: '', pending: 0, last_sent_at: 900, next_s: 0 }, 1000), ['ok', 'sent 2\u00a0m ago']);
  assert.deepEqual(channelWords({ state: 'ok', text: '', pending: 2, next_s: 0 }, 1000), ['ok', 'nothing sent yet · 2 waiting']);
  assert.deepEqual(channelWords({ state: 'failing', text: 'no connection', pending: 1, next_s: 40 }, 1000), ['warn', 'no connection · 1 waiting · next try in 40\u00a0s']);
  assert.deepEqual(channelWords({ state: 'unusable', text: 'token: is missing.', next_s: 0 }, 1), ['fault', 'token: is missing.']);
});

test('what became of a message, in words', () => {
  assert.deepEqual(outcomeWords({ outcome: 'sent', at: 1 }), ['ok', 'sent']);
  assert.deepEqual(outcomeWords({ outcome: 'failed', reason: 'chat not found', at: 1 }), ['fault', 'not sent: chat not found']);
  assert.match(outcomeWords({ outcome: 'waiting', at: 100, not_before: 30000 })[1], /^waits until /);
  assert.deepEqual(outcomeWords({ outcome: 'waiting', at: 100, not_before: 0 }), ['idle', 'waits']);
  assert.equal(outcomeWords({ outcome: 'unclear', at: 1 })[0], 'warn');
});

test('how long a printer is muted', () => {
  assert.equal(muteWords({ until: 'print_end' }, 0), 'until its print ends');
  assert.match(muteWords({ until: 4600 }, 1000), /^until /);
});

test('a browser is told once, not of what is seen, muted or mere information', () => {
  const all = [alert('old'), alert('new'), alert('seen', { acked_at: 1 }), alert('mute', { muted: true }), alert('info', { level: 'info' })];
  assert.deepEqual(newOnes(new Set(['old']), all).map((it) => it.id), ['new']);
});

test('pages of what is over: nothing twice, nothing lost, and where it goes on', () => {
  const page = (next, ...ids) => ({ items: ids.map((id) => alert(id)), next });
  const seen = ({ items, next }) => [items.map((it) => it.id).join(''), next];
  assert.deepEqual(seen(paged(page(null), page(7, 'a', 'b'), false)), ['ab', 7]);
  const two = paged(page(7, 'a', 'b'), page(5, 'b', 'c', 'd'), true);
  assert.deepEqual(seen(two), ['abcd', 5]);
  assert.deepEqual(seen(paged(two, page(8, 'n', 'a'), false)), ['nabcd', 5], 'the first page anew leaves the others');
  assert.deepEqual(seen(paged(two, page(9, 'x', 'y'), false)), ['xy', 9], 'between them there may be others');
  assert.deepEqual(seen(paged(page(7, 'a', 'b'), page(null), false)), ['', null]);
  const changed = paged(two, { items: [alert('a', { outcome: 'sent' })], next: 1 }, false);
  assert.equal(changed.items[0].outcome, 'sent');
});

test('a phone, where a page cannot notify by itself, does so by its worker', async () => {
  const shown = [];
  const kept = new Map();
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
  globalThis.Notification = class { static permission = 'granted'; constructor() { throw new TypeError('Illegal constructor'); } };
  const worker = { showNotification: (title, more) => shown.push([title, more.body, more.data.url]) };
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { serviceWorker: { getRegistration: async () => worker } } });
  setPageNotes(true);
  let tell;
  const store = { alerts: new Map(), watch: (watcher) => { tell = watcher; } };
  watchAlerts(store);
  store.alerts.set('a', alert('a', { printer: 'Alder', text: 'Alder: a fault.' }));
  tell({ alerts: true });
  await null;
  await null;
  assert.deepEqual(shown, [['Alder', 'Alder: a fault.', '/#/alerts']]);
});

test('names of browsers, and keys from base64url', () => {
  assert.equal(browserName('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36'), 'Chrome on Linux');
  assert.equal(browserName('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1'), 'Safari on iPhone');
  assert.equal(browserName('curl'), 'Browser');
  assert.deepEqual([...bytesOf('-_8A')], [251, 255, 0]);
});

test('the store follows what is open', () => {
  const store = new Store({ later: () => {}, hidden: () => false, now: () => 0 });
  store.snapshot({ seq: 1, printers: [], alerts: [alert('a')] });
  assert.ok(store.delta({ seq: 2, a: { set: [alert('b')], del: ['a'] } }));
  assert.deepEqual([...store.alerts.keys()], ['b']);
  store.snapshot({ seq: 3, printers: [] }); // the poll's answer has none: what is known stays
  assert.deepEqual([...store.alerts.keys()], ['b']);
});

test('the printer is named once', () => {
  assert.equal(plainText({ printer: 'Elm', text: 'Elm: bed levelling failed.' }), 'Bed levelling failed.');
  assert.deepEqual(lookOf({ kind: 'fault', level: 'info' }), { tone: 'run', icon: 'info', words: 'Message' });
  assert.equal(lookOf({ kind: 'fault', level: 'now' }).words, 'Fault');
  assert.equal(plainText({ kind: 'bed_waiting', printer: 'Elm', text: 'Elm: gear_v2 waits to be taken off the bed.' }), 'gear_v2 waits to be taken off the bed.');
  assert.equal(plainText({ printer: 'Elm', text: 'Elm is paused.' }), 'Elm is paused.');
  assert.equal(plainText({ printer: 'Elm', text: 'Elm: one\nFir: two' }), 'Elm: one\nFir: two');
  assert.equal(plainText({ printer: '', text: ': x' }), ': x');
});

test('an action is offered only while the printer still is what the alert says', () => {
  assert.equal(actionOf({ kind: 'bed_waiting' }, { state: 'needs_clear' }), 'mark-clear');
  assert.equal(actionOf({ kind: 'bed_waiting' }, { state: 'printing' }), '');
  assert.equal(actionOf({ kind: 'paused' }, { state: 'paused' }), 'resume');
  assert.equal(actionOf({ kind: 'filament_out' }, { state: 'offline' }), '');
  assert.equal(actionOf({ kind: 'needs_person' }, { state: 'needs_human' }), 'resolve');
  assert.equal(actionOf({ kind: 'offline_printing' }, { conn: { online: false } }), 'reconnect');
  assert.equal(actionOf({ kind: 'fault' }, { state: 'fault' }), '');
});
