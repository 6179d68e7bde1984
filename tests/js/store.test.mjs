// The page's copy of the farm: merge patches, gaps, and how often it paints.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store, merge } from '../../static/js/store.js';

const printer = (id, more = {}) => ({ id, name: id, state: 'printing', temps: { nozzle: [200, 220, 300] }, job: { pct: 10 }, ...more });

/** A store whose time and timers the test owns. */
function manual() {
  const env = { time: 1_000_000, timers: [], hidden: false };
  const store = new Store({ now: () => env.time, hidden: () => env.hidden, later: (fn, ms) => env.timers.push({ fn, at: env.time + ms }) });
  env.run = (ms) => {
    env.time += ms;
    const due = env.timers.filter((one) => one.at <= env.time);
    env.timers = env.timers.filter((one) => one.at > env.time);
    for (const one of due) one.fn();
  };
  store.snapshot({ seq: 7, printers: [printer('a'), printer('b')], queue: { jobs: [{ id: 'j1', rev: 1 }] }, server: { now: 1000, version: '1' } });
  env.run(0);
  return { store, env };
}

test('merge follows the examples of RFC 7386', () => {
  const cases = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }], [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }], [{ a: 'b' }, { a: null }, {}], [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }], [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }], [['a', 'b'], ['c', 'd'], ['c', 'd']],
    [{ a: 'foo' }, null, null], [{ e: null }, { a: 1 }, { e: null, a: 1 }], [[1, 2], { a: 'b', c: null }, { a: 'b' }], [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, wanted] of cases) assert.deepEqual(merge(target, patch), wanted);
});

test('merge leaves the old object as it was', () => {
  const old = { temps: { bed: [1] }, job: { pct: 1 } };
  const made = merge(old, { job: { pct: 2 } });
  assert.equal(old.job.pct, 1);
  assert.equal(made.temps, old.temps);
});

test('a delta in order is applied, an old one is ignored', () => {
  const { store } = manual();
  assert.equal(store.delta({ seq: 8, p: { a: { job: { pct: 11 } } }, j: { set: [{ id: 'j2' }], del: ['j1'] } }), true);
  assert.equal(store.printers.get('a').job.pct, 11);
  assert.deepEqual([...store.jobs.keys()], ['j2']);
  assert.equal(store.delta({ seq: 8, p: { a: { job: { pct: 99 } } } }), true);
  assert.equal(store.printers.get('a').job.pct, 11);
});

test('a gap or an unknown printer asks for a snapshot and changes nothing', () => {
  const { store } = manual();
  assert.equal(store.delta({ seq: 9, p: { a: { state: 'paused' } } }), false);
  assert.equal(store.delta({ seq: 8, p: { a: { state: 'paused' }, zz: { state: 'ready' } } }), false);
  assert.equal(store.printers.get('a').state, 'printing');
  assert.equal(store.seq, 7);
});

test('at most four repaints a second, whatever arrives', () => {
  const { store, env } = manual();
  const seen = [];
  store.watch((change) => seen.push(change));
  for (let i = 0; i < 100; i += 1) {
    store.delta({ seq: 8 + i, p: { [i % 2 ? 'a' : 'b']: { job: { pct: i } } } });
    env.run(20);
  }
  assert.ok(seen.length <= 9, `${seen.length} repaints in two seconds`);
  assert.ok(seen.length >= 7);
  assert.deepEqual([...seen[2].printers].sort(), ['a', 'b']);
});

test('nothing is painted while hidden, everything after that in one go', () => {
  const { store, env } = manual();
  const seen = [];
  store.watch((change) => seen.push(change));
  env.hidden = true;
  store.delta({ seq: 8, p: { a: { job: { pct: 50 } } } });
  env.run(5000);
  assert.equal(seen.length, 0);
  env.hidden = false;
  store.arm();
  env.run(300);
  assert.equal(seen.length, 1);
  assert.deepEqual([...seen[0].printers], ['a']);
});

test('a pending command ends with the proof in the data', () => {
  const { store } = manual();
  store.pending.set('a pause', { state: 'printing', until: Infinity, action: 'pause', args: {} });
  store.pending.set('b light', { state: 'printing', until: Infinity, action: 'light', args: { on: true } });
  store.patch('a', { job: { pct: 12 } });
  assert.ok(store.pending.has('a pause'));
  store.patch('a', { state: 'paused' });
  store.patch('b', { light: true });
  assert.equal(store.pending.size, 0);
});

test("the server's clock is used, not the browser's", () => {
  const { store, env } = manual();
  assert.equal(Math.round(store.now()), 1000);
  env.time += 5000;
  assert.equal(Math.round(store.now()), 1005);
});
