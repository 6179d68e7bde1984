// The defect watch in words: on the card, on the printer's page, in the settings.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describe, evidenceOf, pausedBy, watchMark } from '../../static/js/format.js';
import { actionOf } from '../../static/js/parts/alert-rules.js';
import { lineOf, lookOf, money, mqttWords, overviewRows, percent, shows, switchOf, told, verdictWords } from '../../static/js/parts/watch-rules.js';

const PAUSED = 'Paused by the farm’s defect watch: loose strands of filament, 90 %, in 2 of 3 pictures.';
const printer = (watch, more = {}) => ({ id: 'alder', name: 'Alder', kind: 'bambu', state: 'printing', job: { name: 'a.3mf' }, watch: watch && { state: 'watching', text: '', score: null, at: null, alarm: '', photo: false, ...watch }, ...more });

test('a card is marked for an alarm and for blindness, with an icon and a word, and for nothing else', () => {
  assert.equal(watchMark(printer(null)), null);
  assert.equal(watchMark(printer({})), null);
  assert.equal(watchMark(printer({ state: 'suspended' })), null);
  assert.equal(watchMark(printer({ alarm: 'suspected' })), null);
  assert.deepEqual(watchMark(printer({ state: 'blind' })), { tone: 'warn', icon: 'eyeoff', words: 'Not watched' });
  for (const alarm of ['defect', 'paused']) assert.deepEqual(watchMark(printer({ alarm })), { tone: 'fault', icon: 'triangle', words: 'Looks wrong' });
  assert.equal(watchMark(printer({ state: 'blind', alarm: 'defect' })).words, 'Looks wrong');
});

test('a print that the watch has paused says so, instead of what the printer says', () => {
  const held = printer({ alarm: 'paused', text: PAUSED, photo: true, at: 70 }, { state: 'paused', pause: { kind: 'user', text: 'Paused by somebody' } });
  assert.equal(pausedBy(held), PAUSED);
  assert.equal(describe(held, 100).line, PAUSED);
  assert.equal(evidenceOf(held), '/api/defect-watch/alder/photo?at=70');
  const other = printer({}, { state: 'paused', pause: { text: 'Filament ran out' } });
  assert.equal(pausedBy(other), 'Filament ran out');
  assert.equal(evidenceOf(other), '');
  assert.equal(evidenceOf(printer({ alarm: 'suspected', photo: true })), '');
});

test('every state has its own icon or words, with the score and the time of the last look', () => {
  const look = (watch, more) => lookOf(printer(watch, more), 1000);
  assert.deepEqual(look({ score: 0.04, at: 880 }), { tone: 'ok', icon: 'eye', head: 'Watching', more: '4\u00a0% suspicion · looked 2\u00a0m ago' });
  assert.equal(look({ score: 0, at: 880 }).more, 'nothing suspicious · looked 2\u00a0m ago');
  assert.equal(look({}).more, 'not looked yet');
  assert.equal(look({ at: 995 }).more, 'looked just now');
  assert.deepEqual(look({ state: 'blind', text: 'Not watched: the picture is dark.' }), { tone: 'warn', icon: 'eyeoff', head: 'Cannot see', more: 'Not watched: the picture is dark.' });
  assert.equal(look({ state: 'suspended', text: 'Switched off for this print.' }).head, 'Not for this print');
  assert.equal(look({ state: 'idle' }).more, 'It looks while Alder prints.');
  assert.match(look({ state: 'off' }).more, /name other printers\. The switch/);
  assert.doesNotMatch(look({ state: 'off' }, { state: 'ready', job: null }).more, /switch/);
  assert.equal(look({ state: 'off', text: 'There is no camera to watch with.' }).more, 'There is no camera to watch with.');
  assert.equal(look({ state: 'something new' }).head, 'Not watched');
});

test('an alarm stands above blindness, blindness above one suspicious picture', () => {
  const head = (watch) => lookOf(printer(watch), 1000).head;
  assert.equal(head({ state: 'blind', alarm: 'defect' }), 'Looks wrong');
  assert.equal(head({ state: 'blind', alarm: 'suspected' }), 'Cannot see');
  assert.equal(head({ alarm: 'suspected' }), 'Looking closer');
  // Its reason stands at the head of the page; here is what to do.
  assert.doesNotMatch(lookOf(printer({ alarm: 'paused', text: PAUSED }), 1000).more, /strands/);
  assert.ok(shows({ photo: true, alarm: 'suspected' }));
  assert.ok(!shows({ photo: true, alarm: '' }) && !shows({ photo: false, alarm: 'defect' }) && !shows(undefined));
});

test('the switch is there while something prints that a camera can see', () => {
  assert.deepEqual(switchOf(printer({})), { on: true, shown: true });
  assert.deepEqual(switchOf(printer({ state: 'blind' })), { on: true, shown: true });
  assert.deepEqual(switchOf(printer({ state: 'suspended' })), { on: false, shown: true });
  assert.deepEqual(switchOf(printer({ state: 'off' })), { on: false, shown: true });
  assert.equal(switchOf(printer({ state: 'off', text: 'There is no camera to watch with.' })).shown, false);
  assert.deepEqual(switchOf(printer({ state: 'idle' }, { state: 'paused' })), { on: true, shown: true });
  assert.equal(switchOf(printer({ state: 'idle' }, { state: 'ready', job: null })).shown, false);
});

test('what one look gave', () => {
  const good = { score: 0.1, kind: 'none', what: '', said: '', usd: null, seconds: 2.1, at: 1 };
  assert.deepEqual(verdictWords(good), ['ok', 'Looks good: 10\u00a0% suspicion · 2.1 s. Nothing follows from this look.']);
  const [tone, words] = verdictWords({ ...good, score: 0.9, kind: 'blob', what: 'a blob at the nozzle', said: 'I see a blob', usd: 0.0004 });
  assert.equal(tone, 'fault');
  assert.match(words, /^Looks like a blob at the nozzle: 90.% suspicion · in the model’s words “I see a blob” · 2.1 s · \$0.00040\./);
  assert.equal(percent(1.7), '100\u00a0%');
  assert.deepEqual([0, 0.0004, 0.031, 1, 12.345].map(money), ['$0.00', '$0.00040', '$0.031', '$1.00', '$12.35']);
});

const overview = { enabled: true, provider: 'openai', model: 'm/flash', state: 'on', text: '', pause: false, today: { day: '', calls: 3, usd: 0.0012, per_day: 500, usd_per_day: 1 }, printers: [] };
const rows = (more) => Object.fromEntries(overviewRows({ ...overview, ...more }, 1000));

test('the settings say what it costs, what is allowed, and what failed last', () => {
  assert.deepEqual(rows({}), { State: 'On', Provider: 'm/flash by API', 'When sure': 'Alerts only, pauses nothing', 'Questions today': '3 of 500', 'Cost today': '$0.0012 of $1.00', 'Last error': 'none' });
  assert.equal(rows({ today: { ...overview.today, usd_per_day: 0 } })['Cost today'], '$0.0012, no limit');
  assert.equal(rows({ provider: 'obico' })['Questions today'], '3, no limit');
  assert.equal(rows({ state: 'stopped', text: 'The key is refused.' })['Last error'], 'The key is refused.');
  const verdicts = [{ at: 900, problem: 'the answer cannot be read' }, { at: 950, problem: '' }];
  assert.match(rows({ printers: [{ verdicts }] })['Last error'], /^the answer cannot be read, /);
});

test('printers that rest are a number, not a list', () => {
  const list = [{ state: 'watching', calls: 0 }, { state: 'idle', calls: 2 }, { state: 'idle', calls: 0 }, { state: 'off', calls: 0 }];
  assert.deepEqual(told({ printers: list }), { list: list.slice(0, 2), resting: 2 });
});

test('a printer in the settings: state, why, the newest look, what it cost', () => {
  const line = (more) => lineOf({ state: 'watching', text: '', score: 0, at: 880, alarm: '', calls: 1, ...more }, 1000);
  assert.equal(line({}), 'Watching · nothing suspicious · looked 2\u00a0m ago · 1 question today');
  assert.equal(line({ state: 'idle', at: null, calls: 2 }), 'Waits for a print · 2 questions today');
  assert.match(line({ state: 'idle', alarm: 'paused', text: PAUSED, score: 0.9 }), /^Paused this print · Paused by the farm’s defect watch: .* in 2 of 3 pictures · 90.% suspicion/);
  assert.equal(line({ state: 'suspended', text: 'Not watched: switched off for this print.', calls: 0 }), 'Not for this print · 0 questions today');
});

test('MQTT in a line', () => {
  const on = { enabled: true, state: 'online', text: '', broker: 'h:1883', prefix: 'farm', discovery: true, commands: false };
  assert.deepEqual(mqttWords(on), ['ok', 'Connected · h:1883 · topics under farm/ · Home Assistant discovery']);
  assert.deepEqual(mqttWords({ ...on, state: 'refused', text: 'Wrong user or password.' }), ['fault', 'Refused · h:1883 · Wrong user or password.']);
  assert.equal(mqttWords({ enabled: false, state: 'off', text: '' })[0], 'off');
});

test('the alerts page offers to pause what looks wrong and prints on', () => {
  assert.equal(actionOf({ kind: 'defect' }, { state: 'printing' }), 'pause');
  assert.equal(actionOf({ kind: 'defect' }, { state: 'paused' }), '');
});
