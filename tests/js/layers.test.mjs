// What the layer preview draws, from G-code as slicers write it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { KINDS, LayerReader, extent, kindOf } from '../../static/js/layers/parse.js';

const read = (text, size = 0) => {
  const reader = new LayerReader();
  if (!size) reader.feed(text);
  for (let at = 0; size && at < text.length; at += size) reader.feed(text.slice(at, at + size));
  reader.end();
  return reader;
};
const lines = (reader, layer) => {
  const { from, to } = reader.layers[layer];
  return Array.from({ length: to - from }, (_, i) => Array.from(reader.lines.xy.slice((from + i) * 4, (from + i) * 4 + 4)).map((v) => Math.round(v * 100) / 100));
};

const PRUSA = `M83 ; relative
G1 X0 Y-3 Z0.2
;TYPE:Custom
G1 X60 Y-3 E9
;LAYER_CHANGE
;Z:0.2
;TYPE:External perimeter
G1 X10 Y10 F9000
G1 X20 Y10 E.5
G1 X20 Y20 E.5
G1 E-.8
G1 X30 Y30
;TYPE:Internal infill
G1 X30 Y40 E.4
;LAYER_CHANGE
G1 Z.4
G1 X31 Y40 E.1
`;

test('layers by their marks, lines only where filament is pushed', () => {
  const reader = read(PRUSA);
  // what was primed before the first mark is drawn with the first layer
  assert.deepEqual(lines(reader, 0), [[0, -3, 60, -3], [10, 10, 20, 10], [20, 10, 20, 20], [30, 30, 30, 40]]);
  assert.deepEqual(lines(reader, 1), [[30, 40, 31, 40]]);
  assert.deepEqual(reader.layers.map((l) => Math.round(l.z * 10) / 10), [0.2, 0.4]);
});

test('the box leaves priming out', () => {
  assert.deepEqual(extent(read(PRUSA)).map((v) => Math.round(v)), [10, 10, 31, 40]);
  assert.equal(extent(read('G28\n')), null);
});

test('the same however the text is cut', () => {
  const whole = read(PRUSA);
  for (const size of [1, 2, 3, 7, 16]) {
    const cut = read(PRUSA, size);
    assert.deepEqual(cut.layers, whole.layers);
    assert.deepEqual(Array.from(cut.lines.xy.slice(0, cut.lines.size * 4)), Array.from(whole.lines.xy.slice(0, whole.lines.size * 4)));
  }
});

test('absolute extrusion, G92 and retractions', () => {
  const reader = read('M82\n;LAYER:0\nG1 X0 Y0 Z0.2\nG1 X10 E5\nG1 E4\nG1 X20\nG1 E5\nG1 X30 E5.5\nG92 E0\nG1 X40 E.5\n');
  assert.deepEqual(lines(reader, 0), [[0, 0, 10, 0], [20, 0, 30, 0], [30, 0, 40, 0]]);
});

test('relative moves and inches', () => {
  const reader = read('G91\nM83\n;LAYER:0\nG1 X10 Y5\nG1 X5 E1\nG20\nG1 X1 E1\n');
  assert.deepEqual(lines(reader, 0), [[10, 5, 15, 5], [15, 5, 40.4, 5]]);
});

test('without marks a new height is a new layer', () => {
  const reader = read('M83\nG1 Z.2\nG1 X5 E1\nG1 Z.6\nG1 X6\nG1 Z.2\nG1 X7 E1\nG1 Z.4\nG1 X8 E1\n');
  assert.deepEqual(reader.layers.map((l) => [l.z, l.to - l.from]), [[0.2, 2], [0.4, 1]]);
});

test('arcs are drawn as chords that end where the arc ends', () => {
  const reader = read('M83\n;LAYER:0\nG1 X10 Y0\nG3 X-10 Y0 I-10 J0 E1\nG2 X10 Y0 R10 E1\n');
  const all = lines(reader, 0);
  assert.ok(all.length > 50);
  assert.deepEqual(all.at(-1).slice(2), [10, 0]);
  const half = all.findIndex(([, , x, y]) => x === -10 && y === 0);
  assert.ok(Math.max(...all.slice(0, half).map((l) => l[3])) > 9.9); // counter-clockwise goes over the top
  for (const [x, y] of all) assert.ok(Math.abs(Math.hypot(x, y) - 10) < 0.05);
});

test('every slicer’s names for what a line is', () => {
  const table = {
    'External perimeter': 'outer', 'Outer wall': 'outer', 'WALL-OUTER': 'outer', 'Overhang wall': 'outer', 'Perimeter': 'inner', 'Inner wall': 'inner', 'WALL-INNER': 'inner',
    'Solid infill': 'infill', 'Sparse infill': 'infill', FILL: 'infill', SKIN: 'infill', 'Top surface': 'infill', 'Bridge infill': 'infill', 'Support material': 'support', 'SUPPORT-INTERFACE': 'support',
    Custom: 'prime', 'Skirt/Brim': 'prime', 'Prime tower': 'prime', 'Wipe tower': 'prime', Unknown: 'other',
  };
  for (const [words, kind] of Object.entries(table)) assert.equal(KINDS[kindOf(words)], kind, words);
});

test('hostile numbers end in nothing drawn, not in an error', () => {
  const reader = read('M83\n;LAYER:0\nG1 X1e999 Y-- E\nG1\nG\nG2 I E1\n' + 'G1 X'.repeat(2000) + '\n');
  assert.ok(reader.lines.size < 10);
});
