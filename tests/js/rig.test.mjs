// A rig in words, and what may be asked of it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LATE_S, actionWord, actionsOf, answerTo, delayOf, delayProblem, delaysNote, eventOf, factsOf, gateOf, lookOf, rangeWords, sentence, sparkPath, troubles } from '../../static/js/parts/rig-rules.js';
import { Store } from '../../static/js/store.js';

const rig = (more = {}) => ({ id: 'r', name: 'Bench', printer_id: 'alder', online: true, since: 100, state: 'idle', session: '', frames: 0, answers: [], events: [], ...more });
const recording = (more = {}) => rig({ state: 'recording', session: 's1', frames: 3, print: 'gear.gcode.3mf', started_at: 90, ...more });

test('each state has a word, an icon and a tone, and being away comes before what it said last', () => {
  assert.deepEqual(lookOf(rig()), { tone: 'idle', icon: 'circle', word: 'Ready' });
  assert.deepEqual(lookOf(recording()), { tone: 'run', icon: 'rec', word: 'Recording' });
  assert.equal(lookOf(rig({ state: 'paused' })).tone, 'warn');
  assert.equal(lookOf(rig({ state: 'building' })).word, 'Making the video');
  assert.deepEqual(lookOf(recording({ online: false })), { tone: 'off', icon: 'nowifi', word: 'Not connected' });
  assert.equal(lookOf(rig({ state: '' })).word, 'Connected', 'unknown is never ready');
});

test('what it does is one sentence', () => {
  assert.match(sentence(recording(), 100), /^3 frames of gear, since /);
  assert.equal(sentence(recording({ frames: 1, print: '', started_at: undefined }), 100), '1 frame');
  assert.match(sentence(rig(), 100), /at each layer/);
  assert.doesNotMatch(sentence(rig({ printer_id: '' }), 100), /layer/);
  assert.equal(sentence(rig({ online: false, since: undefined }), 100), 'It has not been here since the farm was started.');
  assert.match(sentence(recording({ online: false, since: 40 }), 100), /^Last heard of 1\u00a0m ago\. It was recording then/);
  assert.equal(sentence(rig({ online: false, since: 40 }), 100), 'Last heard of 1\u00a0m ago.');
});

test('only what makes sense is offered, and only what is possible may be pressed', () => {
  for (const state of ['idle', 'building', '']) assert.deepEqual(actionsOf(rig({ state })), ['start', 'shot']);
  assert.deepEqual(actionsOf(recording()), ['pause', 'stop', 'shot', 'discard']);
  assert.deepEqual(actionsOf(rig({ state: 'paused' })), ['resume', 'stop', 'shot', 'discard']);
  assert.equal(gateOf(recording(), 'stop', true).ok, true);
  assert.equal(gateOf(recording({ frames: 0 }), 'stop', true).code, 'no_frames');
  assert.equal(gateOf(recording({ frames: 0 }), 'discard', true).ok, true);
  assert.equal(gateOf(rig({ online: false }), 'start', true).code, 'rig_offline');
  assert.equal(gateOf(rig({ state: '' }), 'start', true).ok, false);
  assert.equal(gateOf(rig(), 'start', false).code, 'no_connection');
  assert.deepEqual([actionWord(rig(), 'shot'), actionWord(recording(), 'shot')], ['Take a photo', 'Take a frame']);
});

test('an order is under way until the rig, the farm or the clock has answered', () => {
  const sent = { order: 'o1', action: 'stop', at: 100 };
  const said = (ok, why = '') => rig({ answers: [{ order: 'o0', ok: false, why: 'another' }, { order: 'o1', ok, why, at: 101 }] });
  assert.equal(answerTo(rig(), { ...sent, order: '' }, 999), null, 'the farm has not taken it yet');
  assert.equal(answerTo(rig(), sent, 100 + LATE_S), null);
  assert.match(answerTo(rig(), sent, 101 + LATE_S).words, /Bench has not answered within 15 s/);
  assert.deepEqual(answerTo(said(false, 'Nothing is being recorded.'), sent, 999), { tone: 'warn', words: 'Nothing is being recorded.' });
  assert.deepEqual(answerTo(said(true), sent, 102), { tone: 'ok', words: 'The recording has ended; its video is being made.' });
  assert.equal(answerTo(said(true), sent, 999).words, '', 'old news is no news');
  assert.equal(answerTo(rig(), { ...sent, order: '', error: 'Bench is not connected to the farm.' }, 100).words, 'Bench is not connected to the farm.');
});

test('every action has all its words', () => {
  for (const action of ['start', 'stop', 'discard', 'pause', 'resume', 'shot']) {
    assert.doesNotMatch(actionWord(recording(), action), /^rig\./);
    assert.doesNotMatch(answerTo(rig({ answers: [{ order: 'o', ok: true, at: 1 }] }), { order: 'o', action, at: 1 }, 2).words, /^rig\./);
  }
});

test('facts name only what is known', () => {
  assert.deepEqual(factsOf(rig({ since: undefined }), 100), []);
  const all = factsOf(recording({ disk_free_mb: 1500, waiting: 2, version: '1.0' }), 100);
  assert.deepEqual(all.map(([key]) => key), ['rig.f.session', 'rig.f.since', 'rig.f.disk', 'rig.f.waiting', 'rig.f.version']);
  assert.equal(all[2][1], '1.50\u00a0GB');
  assert.deepEqual(troubles(rig({ error: 'the camera ended', sensor: 'no answer' })), ['The camera ended', 'Sensor: no answer']);
  assert.deepEqual(troubles(rig({ online: false, error: 'old' })), []);
});

test('what happened, in words; what is not known is shown as it came', () => {
  assert.deepEqual(eventOf({ event: 'video', name: 'a.mp4', frames: 12, size: 1_400_000 }), { tone: 'ok', icon: 'check', words: 'Video ready: a.mp4, 12 frames, 1.4\u00a0MB' });
  assert.equal(eventOf({ event: 'build_failed', error: 'ffmpeg ended with 1' }).tone, 'fault');
  assert.equal(eventOf({ event: 'session_started', by: 'print', name: 'gear.3mf' }).words, 'Recording started: gear by the print');
  assert.equal(eventOf({ event: 'session_started' }).words, 'Recording started');
  assert.equal(eventOf({ event: 'something_new' }).words, 'something_new');
  for (const event of ['video', 'photo', 'session_started', 'build_failed', 7]) assert.match(eventOf({ event, name: 5, size: 'large', frames: 'many', error: 1, by: true }).words, /^[^:]+$/, 'a lie costs no page');
});

test('delays: what holds, what is wrong with one, and whether the rig has it', () => {
  assert.equal(delayOf(rig({ delays: { status_delay: 10 }, wanted: { status_delay: 5 } }), 'status_delay'), 5);
  for (const right of ['1', '3600', '2.5']) assert.equal(delayProblem('status_delay', right), '');
  for (const wrong of ['', ' ', '0', '3601', 'x', 'NaN']) assert.equal(delayProblem('status_delay', wrong), 'From 1 to 3600 seconds.', wrong);
  assert.equal(delaysNote(rig({ delays: { status_delay: 5 }, wanted: { status_delay: 5 } })), '');
  assert.match(delaysNote(rig({ delays: { status_delay: 9 }, wanted: { status_delay: 5 } })), /^Sent/);
  assert.match(delaysNote(rig({ online: false, wanted: { status_delay: 5 } })), /^Kept/);
});

test('a small chart has a gap where nothing was measured, and calm stays calm', () => {
  assert.equal(sparkPath([[0, 20], [10, 20], [100, 20]], 0, 100, 30), 'M0.0 50.0L10.0 50.0M100.0 50.0');
  const heights = [...sparkPath([[0, 20], [10, 20.1]], 0, 10, 30).matchAll(/ ([\d.]+)/g)].map((m) => Number(m[1]));
  assert.ok(Math.abs(heights[0] - heights[1]) < 6, 'a tenth of a degree is no mountain');
  assert.equal(rangeWords([[0, 20], [3600, 22.46]], '°C', 1), '20.0 to 22.5 °C in 1\u00a0h\u00a000\u00a0m');
});

test('the store takes rigs whole from a snapshot and patch by patch from deltas', () => {
  const store = new Store({ later: () => {}, hidden: () => false, now: () => 0 });
  store.snapshot({ seq: 1, printers: [], rigs: [{ id: 'r', frames: 1, delays: { status_delay: 5 } }] });
  assert.equal(store.delta({ seq: 2, p: {}, r: { r: { frames: 2 } } }), true);
  assert.deepEqual(store.rigs.get('r'), { id: 'r', frames: 2, delays: { status_delay: 5 } });
  assert.equal(store.dirty?.rigs, true);
  store.snapshot({ seq: 3, printers: [] });
  assert.equal(store.rigs.size, 0);
});
