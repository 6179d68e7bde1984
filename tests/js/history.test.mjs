// The figures above the history, as words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figures, hoursOf, monthName, percent, weight } from '../../static/js/parts/history-stats.js';

const plain = (words) => words.replaceAll('\u00a0', ' ');

test('a success rate is 100 % only when nothing failed', () => {
  assert.deepEqual([1, 0.9999, 0.29, 0.5, 0, null].map((rate) => plain(percent(rate))), ['100 %', '99 %', '29 %', '50 %', '0 %', '–']);
});

test('hours and weights in the unit that people use', () => {
  assert.deepEqual([0.5, 9.5, 10, 412.4].map((hours) => plain(hoursOf(hours))), ['30 m', '9 h 30 m', '10 h', '412 h']);
  assert.deepEqual([9.46, 820, 1000, 13840].map((g) => plain(weight(g)).replace(',', '.')), ['9.5 g', '820 g', '1.0 kg', '13.8 kg']);
});

test('a month keeps its name west of Greenwich', () => {
  assert.match(monthName('2026-11'), /2026/);
  assert.equal(new Date('2026-11-15T12:00:00Z').getMonth(), 10);
});

test('four figures, with what is not known said', () => {
  const total = { prints: 3, finished: 2, failed: 1, cancelled: 0, success_rate: 2 / 3, hours: 4, grams: 30, unweighed: 2 };
  const found = figures({ total, printers: [{ prints: 3 }, { prints: 0 }], materials: [{ type: 'PLA', grams: 20 }, { type: '', grams: 10 }] });
  assert.deepEqual(found.map(([key, value]) => [key, plain(value)]), [['prints', '3'], ['rate', '66 %'], ['hours', '4 h 00 m'], ['filament', '30 g']]);
  assert.equal(plain(found[0][2]), '2 finished · 1 failed · 0 stopped');
  assert.equal(found[2][2], 'on one printer');
  assert.equal(plain(found[3][2]), 'PLA 20 g · not named 10 g · without 2 of unknown weight');
});
