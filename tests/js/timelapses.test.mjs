// What a timelapse says of itself.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf, nextLook, stateOf } from '../../static/js/parts/timelapse-rules.js';

const it = (more) => ({ state: 'ready', origin: 'farm', progress: null, frames: 250, gaps: 0, seconds: 12.2, bytes: 2_500_000, result: 'finished', ...more });

test('each state has its word, and only what failed is red', () => {
  const tones = ['recording', 'waiting', 'rendering', 'ready', 'failed', 'frames_only'].map((state) => stateOf(it({ state })).tone);
  assert.deepEqual(tones, ['run', 'idle', 'run', 'idle', 'fault', 'idle']);
  assert.equal(stateOf(it({ state: 'rendering', progress: 0.999 })).words, 'Making the video 99 %');
  assert.equal(stateOf(it({ state: 'rendering', progress: null })).words, 'Making the video');
  assert.equal(stateOf(it({ state: 'something new' })).words, 'tl.something new');
});

test('facts leave out what is not known and say what was missed', () => {
  assert.match(factsOf(it({})), /^12.s · 250 pictures · 2\.5.MB$/);
  assert.match(factsOf(it({ frames: 1, gaps: 3, seconds: null, bytes: null, result: 'cancelled' })), /^Stopped · 1 picture · 3 missed$/);
  assert.match(factsOf(it({ origin: 'printer', frames: 0, result: '' })), /^From the printer · 12.s · 2\.5.MB$/);
  assert.match(factsOf(it({ result: 'failed' })), /^Print failed/);
});

test('the page asks often only while something moves', () => {
  assert.equal(nextLook([it({ state: 'rendering' }), it({})]), 1500);
  assert.equal(nextLook([it({ state: 'recording' })]), 5000);
  assert.equal(nextLook([it({})]), 20000);
  assert.equal(nextLook([]), 20000);
});
