// Heaters of every make: order, words, and names that are safe as ids and classes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe as line, heaterLabel, heaterNames, seriesClasses, slug, stem } from '../../static/js/format.js';

test('nozzles first, then bed and chamber, then what else is measured', () => {
  const temps = { raspberry_pi: [40], chamber: [30], bed: [60], nozzle10: [1], nozzle2: [2], nozzle: [3], 'mcu temp': [50] };
  assert.deepEqual(heaterNames(temps), ['nozzle', 'nozzle2', 'nozzle10', 'bed', 'chamber', 'mcu temp', 'raspberry_pi']);
  assert.deepEqual(heaterNames(undefined), []);
});

test('two nozzles are left and right on a Bambu, numbered elsewhere', () => {
  const two = { nozzle: [1], nozzle2: [1] };
  assert.equal(heaterLabel({ kind: 'bambu', temps: two }, 'nozzle'), 'Right nozzle');
  assert.equal(heaterLabel({ kind: 'bambu', temps: two }, 'nozzle2'), 'Left nozzle');
  assert.equal(heaterLabel({ kind: 'octoprint', temps: two }, 'nozzle'), 'Nozzle 1');
  assert.equal(heaterLabel({ kind: 'octoprint', temps: two }, 'nozzle2'), 'Nozzle 2');
  assert.equal(heaterLabel({ kind: 'octoprint', temps: { nozzle: [1] } }, 'nozzle'), 'Nozzle');
  assert.equal(heaterLabel({ kind: 'moonraker', temps: {} }, 'raspberry_pi'), 'Raspberry Pi');
});

test('a name from a printer is never more than a name', () => {
  assert.deepEqual([...seriesClasses(['nozzle', 'x.evil onload', 'chamber', 'pi'])], [['nozzle', 'k-nozzle'], ['x.evil onload', 'k-other0'], ['chamber', 'k-chamber'], ['pi', 'k-other1']]);
  assert.equal(slug('a b.c<'), 'a.32b.46c.60');
});

test('a card that heats names the bed first', () => {
  const p = { state: 'preparing', kind: 'moonraker', temps: { nozzle: [30, 200, 300], bed: [40, 60, 110] }, job: {} };
  assert.match(line(p, 0).line, /^Bed .*40/);
});

test('a file is known without the ending of its make', () => {
  assert.deepEqual(['a.gcode.3mf', 'b.gcode', 'c.BGCODE', 'farm/d.gcode', 'e.g'].map(stem), ['a', 'b', 'c', 'd', 'e.g']);
});
