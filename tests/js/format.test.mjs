// Numbers and sentences as people read them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, bytes, climate, clock, css, deg, describe, dur, epoch, grams, pct, stem } from '../../static/js/format.js';
import { t } from '../../static/js/text.js';

const NB = '\u00a0';
const plain = (words) => words.replaceAll(NB, ' ');

test('durations', () => {
  const cases = [[0, '0 s'], [59, '59 s'], [60, '1 m'], [840, '14 m'], [5040, '1 h 24 m'], [3660, '1 h 01 m'], [3599, '1 h 00 m'], [200000, '2 d 7 h'], [null, ''], [Number.NaN, '']];
  for (const [seconds, words] of cases) assert.equal(plain(dur(seconds)), words);
  assert.ok(!dur(5040).includes(' '), 'only no-break spaces');
  assert.equal(ago(3), 'just now');
  assert.equal(plain(ago(720)), '12 m ago');
});

test('percent is floored: 100 only when done', () => {
  assert.deepEqual([99.9, 100, 0, null].map(pct), ['99%', '100%', '0%', '']);
});

test('names, sizes, weights, colours', () => {
  assert.deepEqual(['a_b.gcode.3mf', 'x.3mf', 'cube.gcode', '/cache/dir/y.gcode.3mf', null].map(stem), ['a_b', 'x', 'cube', 'y', '']);
  assert.deepEqual([14200000, 900, 25367].map((n) => plain(bytes(n))), ['14.2 MB', '900 B', '25 kB']);
  assert.deepEqual([82.4, 6.25].map((n) => plain(grams(n))), ['82 g', '6.3 g']);
  assert.deepEqual(['C4633F', '#fff', 'F3F2ECFF', '', 'url(x)'].map(css), ['#C4633F', '', '#F3F2EC', '', '']);
  assert.deepEqual([219.6, null].map(deg), ['220°', '–']);
});

test('times from numbers and ISO dates', () => {
  assert.equal(epoch(1795269279.5), 1795269279.5);
  assert.equal(epoch('2026-11-21T13:00:00Z'), Date.parse('2026-11-21T13:00:00Z') / 1000);
  assert.equal(epoch(''), null);
  const now = new Date(2026, 10, 21, 13, 0).getTime() / 1000;
  assert.match(clock(now + 3600, now), /14.00|2.00/);
  assert.ok(clock(now + 86400, now).length > clock(now, now).length, 'another day is named');
});

test('what a card says in each state', () => {
  const now = new Date(2026, 10, 21, 13, 0).getTime() / 1000;
  const says = (p) => {
    const { title, line } = describe(p, now);
    return plain(`${title} | ${line}`);
  };
  assert.match(says({ state: 'printing', job: { name: 'gear.gcode.3mf', left_s: 840, local: true } }), /^gear \| 14 m left · done .*\nStarted at the printer$/);
  assert.equal(says({ state: 'preparing', job: { name: 'a.3mf' }, temps: { bed: [48, 65], nozzle: [140, 220] } }), 'a | Bed 48° of 65°');
  assert.equal(says({ state: 'paused', job: { name: 'a.3mf' }, pause: { text: 'Filament ran out in A3' } }), 'a | Filament ran out in A3');
  assert.equal(says({ state: 'needs_clear', sub: '', bed: { name: 'clip.gcode.3mf', since: now - 720 } }), 'clip | Done 12 m ago');
  assert.equal(says({ state: 'needs_clear', sub: 'stopped', bed: { name: 'clip.gcode.3mf', since: now - 720 } }), 'clip | Stopped 12 m ago');
  assert.equal(says({ state: 'needs_clear', sub: '', bed: { name: '', why: 'First seen with a finished print', since: now } }), 'Is its bed clear? | First seen with a finished print');
  assert.equal(says({ state: 'ready' }), 'Free for the next job | Bed is clear');
  assert.equal(says({ state: 'offline', conn: { seen: now - 10800 }, message: 'No reply.' }), 'Last seen 3 h 00 m ago | No reply.');
  assert.equal(says({ state: 'offline', conn: { seen: null }, message: '' }), 'Not seen yet | ');
  assert.equal(says({ state: 'surprise', message: 'raw words' }), ' | raw words');
});

test('an unknown key shows itself, names are filled in', () => {
  assert.equal(t('no.such.key'), 'no.such.key');
  assert.equal(t('farm.more', { n: 4 }), '+4 more');
});

test('the climate beside a printer is said only while it is true', () => {
  assert.equal(climate({ temperature: 23.44, humidity: 40.6 }), '23.4 °C · 41 %');
  assert.equal(climate({ temperature: 0, humidity: null }), '0.0 °C');
  assert.equal(climate({ temperature: null, humidity: null, state: 'offline' }), '');
  assert.equal(climate({ temperature: 23.44, humidity: 40.6 }, true), '23° 41 %');
  assert.equal(climate(null), '');
});

test('a printer of another farm offers nothing, at rest it says what its own farm says', () => {
  const feed = { kind: 'feed', name: 'Alder', job: null, bed: { clear: false }, message: 'Gear finished.' };
  assert.deepEqual(describe({ ...feed, state: 'needs_clear' }, 0), { title: 'No job', line: 'Gear finished.' });
  assert.deepEqual(describe({ ...feed, state: 'ready', message: '' }, 0), { title: 'No job', line: 'Shown from another farm' });
  assert.equal(describe({ ...feed, state: 'auth' }, 0).title, 'Wrong password');
});
