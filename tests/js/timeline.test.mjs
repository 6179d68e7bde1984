// The pure half of the timeline: where bars lie, what is said of them, where keys lead.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { barsOf, lengthOf, place, range, sentence, sorted, spanFor, step, ticks } from '../../static/js/parts/timeline-rules.js';

const NOW = 1_800_000_000;
const H = 3600;

test('bars are cut to the track and left out beyond it', () => {
  assert.deepEqual(place(0, 50, 0, 100), [0, 50]);
  assert.deepEqual(place(-50, 150, 0, 100), [0, 100]);
  assert.deepEqual(place(90, 130, 0, 100), [90, 10]);
  assert.equal(place(100, 130, 0, 100), null);
  assert.equal(place(-30, 0, 0, 100), null);
});

test('the span is the smallest that shows the end of all, with now a little inside', () => {
  const at = (hours) => spanFor({ at: NOW, all_done_at: NOW, all_done_p90: NOW + hours * H });
  assert.deepEqual([1, 11, 12, 30, 100, 900].map(at), ['12h', '12h', '24h', '3d', '7d', '7d']);
  assert.equal(spanFor({ at: NOW, all_done_at: null, all_done_p90: null }), '24h');
  for (const [name, hours] of [['12h', 12], ['24h', 24], ['7d', 168]]) {
    const [from, to] = range(name, NOW);
    assert.equal(Math.round((to - from) / H), hours);
    assert.ok(from < NOW && NOW < to);
  }
});

test('ticks are round times of the reader’s day, never too many', () => {
  for (const [hours, most] of [[1, 8], [12, 12], [24, 8], [24, 12], [72, 12], [168, 8]]) {
    const found = ticks(NOW, NOW + hours * H, most);
    assert.ok(found.length > 1 && found.length <= most + 1, `${hours} h: ${found.length}`);
    for (const at of found) {
      assert.ok(at >= NOW && at < NOW + hours * H);
      assert.equal(new Date(at * 1000).getMinutes() % 15, 0);
    }
  }
});

const lane = (more = {}) => ({ printer_id: 'birch', name: 'Birch', now: null, out: null, jobs: [], ...more });
const planned = (id, copy, from, to, p90 = to) => ({ job_id: id, copy, start: NOW + from * H, start_p90: NOW + from * H, end: to === null ? null : NOW + to * H, end_p90: p90 === null ? null : NOW + p90 * H });

test('what is printed now comes first, and every bar has its whole sentence', () => {
  const jobs = { 'j-1': { name: 'gear.gcode.3mf', left: 3 }, 'j-2': { name: 'vase.gcode', left: 1, late: 'yes', deadline: NOW + 4 * H } };
  const running = { job_id: null, name: 'clip.gcode', start: null, end: NOW + H, end_p90: NOW + H };
  const bars = barsOf(lane({ now: running, jobs: [planned('j-1', 2, 1, 2, 2.5), planned('j-2', 1, 3, 5), planned('j-1', 3, 6, null, null)] }), jobs);
  const said = bars.map((bar) => sentence(bar, NOW));
  assert.match(said[0], /^clip on Birch, printing now, done \S+/);
  assert.match(said[1], /^gear \(copy 2\) on Birch, .+ to .+, by .+ in nine of ten cases$/);
  assert.match(said[2], /^vase on Birch, .+Wanted by .+: it will be late$/);
  assert.doesNotMatch(said[2], /nine of ten/, 'nothing more is said where nothing is uncertain');
  assert.match(said[3], /^gear \(copy 3\) on Birch, from .+, nobody knows how long$/);
  assert.deepEqual(bars.map(lengthOf), ['', '1\u00a0h\u00a000\u00a0m', '2\u00a0h\u00a000\u00a0m', '']);
  assert.equal(new Set(bars.map((bar) => bar.key)).size, 4);
});

test('a job that is gone since the forecast still has a bar', () => {
  const [bar] = barsOf(lane({ jobs: [planned('j-9', 1, 0, 1)] }), {});
  assert.equal(bar.name, '');
  assert.ok(sentence(bar, NOW));
});

test('lanes with work come first, those that are out last, else as the farm has them', () => {
  const lanes = [lane({ name: 'off', out: { code: 'printer_offline', text: '' } }), lane({ name: 'free' }), lane({ name: 'b', jobs: [planned('j-1', 1, 0, 1)] }), lane({ name: 'a', now: { job_id: null, name: 'x', end: null } })];
  assert.deepEqual(sorted(lanes).map((one) => one.name), ['b', 'a', 'free', 'off']);
});

test('arrow keys go along a lane and over empty ones', () => {
  const counts = [3, 0, 1, 2];
  assert.deepEqual(step('ArrowRight', [0, 0], counts), [0, 1]);
  assert.equal(step('ArrowRight', [0, 2], counts), null);
  assert.equal(step('ArrowLeft', [0, 0], counts), null);
  assert.deepEqual(step('ArrowDown', [0, 2], counts), [2, 0]);
  assert.deepEqual(step('ArrowUp', [3, 1], counts), [2, 0]);
  assert.equal(step('ArrowDown', [3, 0], counts), null);
  assert.deepEqual(step('End', [0, 0], counts), [0, 2]);
  assert.deepEqual(step('Home', [0, 2], counts), [0, 0]);
  assert.equal(step('x', [0, 2], counts), null);
});
