// The pure halves of the queue: order, targets, what waits for whom, and what the dialog may offer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../static/js/store.js';
import { COLORS, formOf, wishOf } from '../../static/js/parts/wish-rules.js';
import { beforeOf, changes, deadlineOf, endedSince, inFlight, isStuck, localTime, lookOfJob, mayAsk, moved, ordered, questionsOf, targetWords, wants, whyOf } from '../../static/js/parts/queue-rules.js';
import { anyRows, jobBody, pathOf, questionsOf as openQuestions, sorted, worstOf } from '../../static/js/parts/upload-rules.js';

const job = (id, more = {}) => ({ id, state: 'queued', rev: 1, name: `${id}.gcode.3mf`, target: { any: true }, copies: 1, left: 1, why: [], ...more });

test('waiting jobs come in the farm\'s order, what it did not name behind them', () => {
  const jobs = [job('a'), job('b', { state: 'held' }), job('c', { state: 'printing' }), job('d')];
  assert.deepEqual(ordered(jobs, ['d', 'b', 'gone']).map((j) => j.id), ['d', 'b', 'a']);
  assert.deepEqual(ordered(jobs).map((j) => j.id), ['a', 'b', 'd']);
});

test('jobs on printers: doubt first; what has ended is only what ended since', () => {
  const jobs = [job('a', { state: 'printing', started_at: 5 }), job('b', { state: 'needs_human', started_at: 9 }), job('c', { state: 'finished', finished_at: 100 }), job('d', { state: 'failed', finished_at: 200 }), job('e')];
  assert.deepEqual(inFlight(jobs).map((j) => j.id), ['b', 'a']);
  assert.deepEqual(endedSince(jobs, 100).map((j) => j.id), ['d', 'c']);
  assert.deepEqual(endedSince(jobs, 150).map((j) => j.id), ['d']);
});

test('a move is said as "before which one", and what changes nothing is no move', () => {
  const order = ['a', 'b', 'c', 'd'];
  assert.equal(beforeOf(order, 'c', 'top'), 'a');
  assert.equal(beforeOf(order, 'c', 'up'), 'b');
  assert.equal(beforeOf(order, 'b', 'down'), 'd');
  assert.equal(beforeOf(order, 'c', 'down'), null);
  assert.equal(beforeOf(order, 'a', 'bottom'), null);
  for (const [id, where] of [['a', 'top'], ['a', 'up'], ['d', 'down'], ['d', 'bottom'], ['gone', 'up']]) assert.equal(beforeOf(order, id, where), undefined, `${id} ${where}`);
  for (const [id, where, want] of [['c', 'up', 'acbd'], ['b', 'down', 'acbd'], ['d', 'top', 'dabc'], ['a', 'bottom', 'bcda']]) {
    assert.equal(moved(order, id, beforeOf(order, id, where)).join(''), want, `${id} ${where}`);
  }
  assert.deepEqual(moved(order, 'a', 'gone'), order);
});

test('a target means the printers that the farm means', () => {
  const p = { id: 'alder', model: 'X1 Carbon', group: 'Front', tags: ['pla only'] };
  for (const target of [{ any: true }, { printer_id: 'alder' }, { printer_ids: ['oak', 'alder'] }, { model: 'x1carbon' }, { tag: 'PLA-only' }, { tag: 'front' }]) assert.ok(wants(target, p), JSON.stringify(target));
  for (const target of [{ printer_id: 'oak' }, { printer_ids: ['oak'] }, { model: 'X1' }, { tag: 'petg' }]) assert.ok(!wants(target, p), JSON.stringify(target));
  const name = (id) => id.toUpperCase();
  assert.equal(targetWords({ any: true }, name), 'Any printer that fits');
  assert.equal(targetWords({ model: 'P1S' }, name), 'Any P1S');
  assert.equal(targetWords({ printer_ids: ['a', 'b'] }, name), 'Any of A, B');
});

test('amber is for what no waiting changes', () => {
  const reason = (code) => ({ printer_id: 'x', code, text: code });
  const busy = job('a', { why: [reason('printer_busy')], waits: 'X is printing.' });
  assert.equal(isStuck(busy), false);
  assert.equal(whyOf(busy), 'X is printing.');
  assert.equal(whyOf({ ...busy, state: 'held' }), 'Held until somebody releases it.');
  const held = { waits: 'Held. Three tries failed.', why: [reason('held')] };
  assert.equal(whyOf(job('a', { ...held, state: 'held' })), 'Held. Three tries failed.');
  assert.equal(whyOf(job('a', held)), 'The farm looks for a printer.');
  assert.equal(isStuck(job('a', { why: [reason('wrong_model'), reason('printer_busy')] })), false);
  const wrong = job('a', { why: [reason('wrong_material')] });
  assert.deepEqual(lookOfJob(wrong).slice(0, 2), ['Needs you', 'warn']);
  assert.equal(isStuck(job('a')), false);
  assert.equal(lookOfJob(job('a', { state: 'cancelled', error: { code: 'removed' } }))[0], 'Removed');
  const asks = [{ printer_id: 'x', code: 'confirm_needed', text: '' }, reason('printer_busy')];
  assert.deepEqual(lookOfJob(job('a', { why: asks })).slice(0, 2), ['Needs you', 'warn'], 'x takes it after a yes only');
  assert.equal(lookOfJob(job('a', { why: [...asks, { printer_id: 'y', code: 'printer_busy', text: '' }] }))[0], 'Waiting', 'y takes it without one');
  assert.equal(mayAsk(job('a', { state: 'held' })), true);
  assert.equal(mayAsk(job('a', { why: [reason('confirm_needed')] })), true);
  assert.equal(mayAsk(busy), false);
});

const verdict = (level, code, text = code) => ({ level, code, text });
const fit = (printer_id, ...verdicts) => {
  const worst = ['refuse', 'confirm', 'warn'].find((level) => verdicts.some((v) => v.level === level)) ?? 'ok';
  return { printer_id, level: worst, ok: worst !== 'refuse', verdicts, mapping: [] };
};

test('a printer that is only busy can be queued for, one with the wrong file cannot', () => {
  assert.equal(pathOf(fit('a')), 'start');
  assert.equal(pathOf(fit('a', verdict('confirm', 'unknown_model'))), 'start');
  for (const code of ['printer_busy', 'bed_not_clear', 'maintenance', 'printer_offline']) assert.equal(pathOf(fit('a', verdict('refuse', code))), 'queue', code);
  assert.equal(pathOf(fit('a', verdict('refuse', 'wrong_model'))), 'no');
  const both = fit('a', verdict('refuse', 'printer_busy'), verdict('refuse', 'wrong_material'));
  assert.equal(pathOf(both), 'no');
  assert.equal(worstOf(both).code, 'wrong_material');
  const slot = { ...fit('a'), level: 'refuse', mapping: [{ verdict: verdict('refuse', 'wrong_material') }] };
  assert.equal(pathOf(slot), 'no');
});

test('the wanted printer first, then who can now, later, never', () => {
  const fits = [fit('never', verdict('refuse', 'wrong_model')), fit('late', verdict('refuse', 'printer_busy')), fit('b10'), fit('b9'), fit('warned', verdict('warn', 'other_color')), fit('mine', verdict('refuse', 'bed_not_clear'))];
  assert.deepEqual(sorted(fits, 'mine', (id) => id).map((f) => f.printer_id), ['mine', 'b9', 'b10', 'warned', 'late', 'never']);
});

test('"any" is offered where there is a choice', () => {
  const models = { a: 'P1S', b: 'P1S', c: 'X1C', d: 'A1' };
  const of = (id) => ({ model: models[id] });
  const wrong = fit('d', verdict('refuse', 'wrong_model'));
  assert.deepEqual(anyRows([fit('a'), fit('b'), fit('c'), wrong], of).map((row) => [row.key, row.fits.length]), [['any', 3], ['any P1S', 2]]);
  assert.deepEqual(anyRows([fit('a'), fit('b'), wrong], of).map((row) => row.target), [{ model: 'P1S' }]);
  assert.deepEqual(anyRows([fit('a'), wrong], of), []);
});

test('a question is asked only when no printer would do without it', () => {
  const ask = fit('a', verdict('confirm', 'unknown_model', 'Is it for this?'));
  assert.deepEqual(openQuestions([ask, fit('b')]), []);
  assert.deepEqual(openQuestions([ask, fit('b', verdict('refuse', 'wrong_model'))]).map((v) => v.code), ['unknown_model']);
  assert.deepEqual(openQuestions([ask], ['unknown_model']), []);
  assert.deepEqual(openQuestions([ask], ['all']), []);
  const held = job('h', { state: 'held', target: { printer_id: 'a' } });
  assert.equal(questionsOf(held, [ask, fit('b')], (id) => ({ id })).length, 1);
  assert.equal(questionsOf({ ...held, confirm: ['unknown_model'] }, [ask], (id) => ({ id })).length, 0);
});

test('a mapping goes along for one printer only, a time only when there is one', () => {
  const wish = { file: { id: 'f' }, plate: 2, target: { any: true }, copies: 3, notBefore: null, mapping: [0, -1], options: {}, confirm: [] };
  assert.deepEqual(jobBody(wish), { file_id: 'f', plate: 2, target: { any: true }, copies: 3, options: {}, confirm: [] });
  const own = jobBody({ ...wish, target: { printer_id: 'a' }, notBefore: 99 });
  assert.deepEqual([own.ams_mapping, own.not_before], [[0, -1], 99]);
});

test('an edit sends what was changed and nothing else', () => {
  const old = { copies: 2, target: { printer_id: 'a' }, priority: 0, not_before: 1_700_000_012.5, notes: '', ams_mapping: [1] };
  const form = { copies: 2, target: { printer_id: 'a' }, priority: 0, not_before: new Date(localTime(old.not_before)).getTime() / 1000, notes: '' };
  assert.deepEqual(changes(old, form), {});
  assert.deepEqual(changes(old, { ...form, copies: 5, notes: 'blue' }), { copies: 5, notes: 'blue' });
  assert.deepEqual(changes(old, { ...form, target: { any: true } }), { target: { any: true }, ams_mapping: null });
  assert.deepEqual(changes(old, { ...form, not_before: null }), { not_before: null });
  assert.equal(localTime(null), '');
});

test('the store keeps the queue\'s head beside its jobs, and the newer of two of one job', () => {
  const store = new Store({ now: () => 0, hidden: () => true, later: () => 0 });
  store.snapshot({ seq: 1, printers: [], queue: { rev: 4, auto: true, order: ['a'], jobs: [job('a', { rev: 3 })] } });
  assert.deepEqual(store.queue, { rev: 4, auto: true, order: ['a'] });
  store.setJob(job('a', { rev: 2, copies: 9 }));
  assert.equal(store.jobs.get('a').copies, 1);
  store.setJob(job('a', { rev: 4, copies: 9 }));
  assert.equal(store.jobs.get('a').copies, 9);
  assert.ok(store.delta({ seq: 2, p: {}, q: { rev: 5, auto: false, order: [] } }));
  assert.equal(store.queue.auto, false);
});

test('a deadline is told, pressed for and missed by its latest start', () => {
  const due = (more) => job('a', { deadline: 100000, latest_start: 90000, ...more });
  assert.equal(deadlineOf(job('a'), 0), '');
  assert.equal(deadlineOf(due(), 90000 - 4 * 3600 - 1), 'due');
  assert.equal(deadlineOf(due(), 90000 - 4 * 3600), 'soon');
  assert.equal(deadlineOf(due(), 90000), 'soon');
  assert.equal(deadlineOf(due(), 90001), 'late');
  assert.equal(deadlineOf(due({ state: 'printing' }), 95000), '', 'it has started');
});

test('what passes by itself is not amber: just cleared, heat, a file that is being removed', () => {
  for (const code of ['just_cleared', 'heating', 'file_left', 'not_judged']) assert.equal(isStuck(job('a', { why: [{ printer_id: 'x', code, text: code }] })), false, code);
  assert.equal(isStuck(job('a', { why: [{ printer_id: 'x', code: 'circuit_too_small', text: '' }] })), true);
  assert.equal(pathOf(fit('a', verdict('refuse', 'file_left'))), 'queue');
});

test('a filament wish is a form and the form is the wish', () => {
  assert.deepEqual(wishOf(formOf([])), []);
  for (const wish of [{ match: 'type', type: 'PETG', color: '' }, { match: 'family', type: '', color: COLORS[0][1] }, { match: 'family', type: 'PLA', color: '' }, { match: 'exact', type: '', color: '1A1A1A' }, { match: 'exact', type: 'PLA', color: '' }]) {
    assert.deepEqual(wishOf(formOf([{ index: 0, ...wish }])), [{ index: 0, ...wish }], JSON.stringify(wish));
  }
  for (const wishes of [[{ index: 1, match: 'type', type: 'PLA', color: '' }], [{ index: 0, match: 'type', type: '', color: '' }, { index: 2, match: 'exact', type: '', color: '' }], [{ index: 0, match: 'family', type: '', color: '123456' }]]) assert.equal(formOf(wishes).match, 'several', 'what the form cannot show stays as it is');
});

test('a deadline and a wish are sent only when they were changed or given', () => {
  const now = job('a', { deadline: 90030, not_before: null, priority: 0, notes: '', filament: [] });
  const same = { copies: 1, target: { any: true }, priority: 0, not_before: null, deadline: 90000, filament: [], notes: '' };
  assert.deepEqual(changes(now, same), {}, 'seconds are not shown');
  assert.deepEqual(changes(now, { ...same, deadline: null }), { deadline: null });
  const wish = [{ index: 0, match: 'exact', type: '', color: '1A1A1A' }];
  assert.deepEqual(changes(now, { ...same, filament: wish }), { filament: wish });
  const asked = { file: { id: 'f' }, plate: 1, target: { any: true }, copies: 1, notBefore: null, mapping: null, options: {}, confirm: [] };
  const plain = jobBody({ ...asked, deadline: null, filament: [] });
  assert.ok(!('deadline' in plain) && !('filament' in plain));
  assert.deepEqual(jobBody({ ...asked, deadline: 90000, filament: wish }), { ...plain, deadline: 90000, filament: wish });
});
