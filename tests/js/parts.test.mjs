// The pure halves of the camera, the chart and the filament rows.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartReader } from '../../static/js/parts/mjpeg.js';
import { cameraWords, connectWords } from '../../static/js/parts/camera-words.js';
import { pickLive } from '../../static/js/parts/wall-rules.js';
import { judge, mappingOf } from '../../static/js/parts/filament.js';

const bytes = (text) => new TextEncoder().encode(text);
const part = (body, i) => `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${body.length}\r\nX-Frame-At: ${i + 0.5}\r\n\r\n${body}\r\n`;

test('frames are cut out of a stream however it is chopped up', () => {
  const bodies = ['first', 'second\r\n\r\nwith a trap', 'x'.repeat(1000)];
  const stream = bytes(bodies.map(part).join(''));
  for (const size of [1, 7, 64, 5000]) {
    const reader = new PartReader();
    const out = [];
    for (let at = 0; at < stream.length; at += size) out.push(...reader.feed(stream.slice(at, at + size)));
    assert.deepEqual(out.map((one) => new TextDecoder().decode(one.bytes)), bodies);
    assert.deepEqual(out.map((one) => one.at), [0.5, 1.5, 2.5]);
  }
});

test('a stream that is none is given up', () => {
  assert.throws(() => new PartReader().feed(bytes('HTTP nonsense\r\n\r\n')), /without its length/);
  const reader = new PartReader();
  assert.throws(() => { for (let i = 0; i < 9; i += 1) reader.feed(new Uint8Array(1 << 20)); }, /8 MB/);
});

const tray = (slot, index, more = {}) => ({ slot, index, empty: false, type: 'PLA', color: 'C4633F', grams: 400, remain: 40, ...more });

test('words beside a slot', () => {
  const filament = { index: 1, type: 'PLA', color: 'c4633f', grams: 82 };
  assert.deepEqual(judge(filament, tray('A1', 0)), ['ok', 'fil.match']);
  assert.deepEqual(judge(filament, tray('A1', 0, { color: '000000' })), ['warn', 'fil.color']);
  assert.deepEqual(judge(filament, tray('A1', 0, { type: 'PETG' })), ['fault', 'fil.type']);
  assert.deepEqual(judge(filament, tray('A1', 0, { grams: 20 })), ['warn', 'fil.few']);
  assert.deepEqual(judge(filament, tray('A1', 0, { type: '' })), ['warn', 'fil.unknown']);
  assert.deepEqual(judge(filament, undefined), ['warn', 'fil.none']);
});

test('a mapping is sent only when a person chose, one number per project filament', () => {
  const printer = { ams: [{ trays: [tray('A1', 0), tray('A2', 1)] }], external: [tray('Ext', 254)] };
  const plate = { filaments: [{ index: 1 }, { index: 3 }] };
  const proposed = [{ filament: 1, slot: 'A1' }, { filament: 3, slot: 'A2' }];
  assert.equal(mappingOf({ filament_count: 4 }, plate, printer, proposed, new Map()), null);
  assert.deepEqual(mappingOf({ filament_count: 4 }, plate, printer, proposed, new Map([[3, 'Ext']])), [0, -1, 254, -1]);
});

const cam = (key, more = {}) => ({ key, live: false, printing: false, held: false, failing: false, ...more });

test('three cameras of a wall are live: the one pointed at, those that print, no flicker', () => {
  const idle = ['a', 'b', 'c', 'd', 'e'].map((key) => cam(key));
  assert.deepEqual(pickLive(idle), ['a', 'b', 'c']);
  assert.deepEqual(pickLive([...idle, cam('f', { printing: true })]), ['f', 'a', 'b']);
  assert.deepEqual(pickLive([...idle, cam('f', { held: true }), cam('g', { printing: true })]), ['f', 'g', 'a']);
  assert.deepEqual(pickLive([cam('a'), cam('b'), cam('c'), cam('d', { live: true })]), ['d', 'a', 'b']);
  assert.deepEqual(pickLive([cam('a', { failing: true, printing: true }), cam('b')]), ['b']);
  assert.deepEqual(pickLive([]), []);
});

test('cameras and uploads say how they are doing', () => {
  const status = { code: 'live', text: '', fps: 4.7, held: 0, failures: 0 };
  assert.deepEqual(cameraWords({ problem: '', status }), ['ok', 'live, 4.7 a second']);
  assert.deepEqual(cameraWords({ problem: '', status: { ...status, held: 1 } }), ['ok', 'live, 4.7 a second, kept on']);
  assert.deepEqual(cameraWords({ problem: '', status: { ...status, code: 'idle' } }), ['off', 'off, nobody looks']);
  assert.deepEqual(cameraWords({ problem: '', status: { ...status, code: 'busy', text: 'Used by another app', failures: 2 } }), ['fault', 'Used by another app']);
  assert.deepEqual(cameraWords({ problem: 'url is missing', status }), ['fault', 'url is missing']);
  assert.equal(connectWords({ text: 'Token refused', last_ok: null, next_s: 61 }, 100).replaceAll('\u00a0', ' '), 'Token refused · next in 1 m');
  assert.match(connectWords({ text: '', last_ok: 95, next_s: 0 }, 100), /^sent /);
});
