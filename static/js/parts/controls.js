// @ts-check
// Fans, speed and movement: every value goes through the farm's gate, every lock says why.
import { ApiError } from '../api.js';
import { attr, cssVar, h, hide, icon, keyed, text } from '../html.js';
import { applyGate, applyLock, gate, knows, lockLine } from '../gates.js';
import { command } from '../commands.js';
import { plain, slug } from '../format.js';
import { store } from '../store.js';
import { t } from '../text.js';

const HOLD_MS = 3000;
const STEPS = ['0.1', '1', '10', '50'];
const EXTRUDE_MAX = 50;
const SPEED_MIN = 10;
const SPEED_MAX = 200;

const FANS = ['part', 'aux', 'chamber', 'hotend'];

/** Fans that a person may set, the usual ones first. @param {any} p */
function fanNames(p) {
  const settable = (p.caps ?? []).filter((/** @type {string} */ cap) => cap.startsWith('fan_')).map((/** @type {string} */ cap) => cap.slice(4));
  const order = (/** @type {string} */ name) => (FANS.includes(name) ? FANS.indexOf(name) : FANS.length);
  return settable.sort((/** @type {string} */ a, /** @type {string} */ b) => order(a) - order(b) || a.localeCompare(b));
}

/** @param {string} name */
const fanLabel = (name) => (FANS.includes(name) ? t(`fan.${name}`) : plain(name));

/** Radio buttons in a row: one tab stop, arrows choose. @param {string} label @param {string[]} values
 * @param {(value: string) => string} words @param {(value: string) => void} pick */
function radios(label, values, words, pick) {
  const buttons = values.map((value) => h('button', { type: 'button', role: 'radio', 'aria-checked': 'false', tabindex: -1, data: { value }, onclick: () => pick(value) }, words(value)));
  const root = h('div', { role: 'radiogroup', 'aria-label': label, onkeydown: (/** @type {KeyboardEvent} */ e) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
    const at = buttons.indexOf(document.activeElement);
    if (!step || at < 0) return;
    e.preventDefault();
    const next = buttons[(at + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  } }, buttons);
  /** @param {string} value */
  const choose = (value) => buttons.forEach((b, i) => {
    attr(b, 'aria-checked', String(b.dataset.value === value));
    attr(b, 'tabindex', b.dataset.value === value || (i === 0 && !values.includes(value)) ? '0' : '-1');
  });
  return { root, buttons, choose };
}

/** @param {string} id */
export function airCard(id) {
  const line = lockLine('lock-air');
  const rows = h('div');
  const set = h('fieldset', { 'aria-describedby': 'lock-air' }, h('legend.sr', null, t('air.title')), rows);
  const speed = radios(t('speed'), ['1', '2', '3', '4'], (v) => t(`speed.${v}`), (v) => gate(store.printers.get(id), 'speed').ok && command(id, 'speed', { level: Number(v) }));
  speed.root.className = 'seg wide';
  const speedRow = h('div.srow', null, h('span.lab', null, icon('speed'), t('speed')), speed.root);
  const factor = h('input', { type: 'range', min: SPEED_MIN, max: SPEED_MAX, step: 5, id: 'speed-percent', oninput: () => showSpeed(), onchange: () => { factor.dataset.sent = String(Date.now()); void command(id, 'speed', { percent: Number(factor.value) }); } });
  const factorOut = h('output', { for: 'speed-percent' });
  const factorSet = h('fieldset', null, h('legend.sr', null, t('speed')), h('div.srow', null, h('label', { for: 'speed-percent' }, icon('speed'), t('speed')), factor, factorOut));
  const factorWhy = h('p.note', { id: 'why-speed', hidden: true });
  const root = h('section.card.air', { 'aria-labelledby': 'h-air' }, h('header', null, h('h2', { id: 'h-air' }, t('air.title'))), line, set, speedRow, factorSet, factorWhy);

  function showSpeed() {
    cssVar(factor, '--v', `${(100 * (Number(factor.value) - SPEED_MIN)) / (SPEED_MAX - SPEED_MIN)}%`);
    text(factorOut, `${factor.value}%`);
  }

  /** @param {string} name */
  function fan(name) {
    const out = h('output');
    const input = h('input', { type: 'range', min: 0, max: 100, step: 5, value: 0, id: `fan-${slug(name)}`, oninput: () => show(input, out), onchange: () => { input.dataset.sent = String(Date.now()); void command(id, 'fan', { fan: name, percent: Number(input.value) }); } });
    attr(out, 'for', input.id);
    return h('div.srow', null, h('label', { for: input.id }, icon('fan'), fanLabel(name)), input, out);
  }

  /** @param {any} input @param {Node} out */
  function show(input, out) {
    cssVar(input, '--v', `${input.value}%`);
    // Some printers take a fan's speed but never report one.
    const unknown = input.dataset.unknown && !input.dataset.sent;
    text(out, unknown ? '–' : Number(input.value) ? `${input.value}%` : t('fan.off'));
  }

  /** @param {any} p */
  function paint(p) {
    const fans = fanNames(p);
    keyed(rows, fans, (name) => name, fan, (node, name) => {
      const [, input, out] = node.children;
      const held = document.activeElement === input && input.matches(':active');
      const value = p.fans?.[name];
      const known = value !== null && value !== undefined;
      if (known) delete input.dataset.unknown;
      else input.dataset.unknown = 'true';
      if (known && !held && Date.now() - Number(input.dataset.sent || 0) > HOLD_MS && input.value !== String(value)) input.value = String(value);
      show(input, out);
    });
    applyLock(set, line, gate(p, 'fan'), t('temp.lock'));
    const levels = p.speed?.level !== null && p.speed?.level !== undefined;
    hide(speedRow, !levels || !knows(p, 'speed'));
    const verdict = gate(p, 'speed');
    speed.choose(String(p.speed?.level ?? ''));
    for (const button of speed.buttons) applyGate(button, verdict);
    paintFactor(p, verdict);
    // With Klipper down there is nothing to set, nor to tell.
    const silent = p.state === 'fault' && p.kind !== 'bambu' && !Object.keys(p.temps ?? {}).length;
    hide(root, silent || (!fans.length && speedRow.hidden && factorSet.hidden));
  }

  /** The speed as a percentage, of makes that have no levels. @param {any} p @param {any} verdict */
  function paintFactor(p, verdict) {
    const known = (p.caps ?? []).includes('speed_percent') && knows(p, 'speed');
    hide(factorSet, !known);
    hide(factorWhy, !known || verdict.ok || !gate(p, 'fan').ok);
    text(factorWhy, verdict.why);
    attr(factorSet, 'aria-describedby', verdict.ok ? null : 'why-speed');
    if (!known) return;
    if (factorSet.disabled === verdict.ok) factorSet.disabled = !verdict.ok;
    const held = document.activeElement === factor && factor.matches(':active');
    if (!held && Date.now() - Number(factor.dataset.sent || 0) > HOLD_MS) factor.value = String(p.speed?.percent ?? 100);
    showSpeed();
  }
  return { root, paint };
}

/** @param {string} id */
export function moveCard(id) {
  let step = '10';
  const line = lockLine('lock-move');
  const cold = h('p.lock.heat', { id: 'lock-cold', hidden: true }, h('span'), h('button.btn.sm', { type: 'button', onclick: () => command(id, 'temperature', { heater: 'nozzle', target: 220 }) }, t('move.heat')));
  const steps = radios(t('move.step'), STEPS, (v) => v, (v) => { step = v; steps.choose(v); });
  steps.root.className = 'steps';
  steps.root.append(h('small', null, t('move.mm')));
  steps.choose(step);
  const warning = h('p.msg', { role: 'alert', hidden: true });

  /** @param {string} action @param {any} args */
  async function send(action, args) {
    hide(warning, true);
    try {
      await command(id, action, args, { quiet: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      text(warning, error.message);
      hide(warning, false);
    }
  }
  /** @param {string} pic @param {string} label @param {() => void} run @param {string} [cls] */
  const jb = (pic, label, run, cls = '') => h(`button.jb${cls}`, { type: 'button', 'aria-label': t(label), onclick: run, onkeydown: (/** @type {KeyboardEvent} */ e) => e.repeat && e.preventDefault() }, icon(pic));
  /** @param {'x' | 'y' | 'z'} axis @param {number} sign */
  const jog = (axis, sign) => () => send('jog', { [axis]: sign * Number(step) });
  const push = (/** @type {number} */ sign) => () => send('extrude', { mm: sign * Math.min(EXTRUDE_MAX, Number(step)) });

  const home = jb('home', 'move.home', () => send('home', {}), '.a-h');
  const arrows = [jb('up', 'move.yp', jog('y', 1), '.a-u'), jb('left', 'move.xm', jog('x', -1), '.a-l'), jb('right', 'move.xp', jog('x', 1), '.a-r'), jb('down', 'move.ym', jog('y', -1), '.a-d')];
  const zs = [jb('up', 'move.zp', jog('z', 1)), jb('down', 'move.zm', jog('z', -1))];
  const es = [jb('up', 'move.retract', push(-1)), jb('down', 'move.extrude', push(1))];
  const pad = h('div.pad', null, arrows[0], arrows[1], home, arrows[2], arrows[3]);
  pad.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => {
    const at = ['ArrowUp', 'ArrowLeft', 'ArrowRight', 'ArrowDown'].indexOf(e.key);
    if (at < 0 || e.repeat) return;
    e.preventDefault();
    arrows[at].click();
  });
  const feed = h('div.zp', null, es[0], h('span', null, t('move.filament')), es[1]);
  const homes = h('div.homes', { role: 'group', 'aria-label': t('move.homes') }, h('span', { 'aria-hidden': 'true' }, t('move.homes')), ['x', 'y', 'z'].map((axis) => h('button.btn.sm', { type: 'button', 'aria-label': t('move.home.one', { axis: axis.toUpperCase() }), onclick: () => send('home', { axes: [axis] }) }, axis.toUpperCase())));
  const set = h('fieldset', { 'aria-describedby': 'lock-move' }, h('legend.sr', null, t('move.legend')),
    h('div.axes', null, pad, h('div.zp', null, zs[0], h('span', null, t('move.z')), zs[1]), feed, steps.root), homes);
  const note = h('p.note', null, t('move.notice'));
  const root = h('section.card.move', { 'aria-labelledby': 'h-move' }, h('header', null, h('h2', { id: 'h-move' }, t('move.title'))), line, set, cold, warning, note);

  /** @param {any} p */
  function paint(p) {
    const homing = gate(p, 'home');
    const jogging = gate(p, 'jog');
    const pushing = gate(p, 'extrude');
    hide(root, !knows(p, 'home') && !knows(p, 'jog'));
    hide(feed, !knows(p, 'extrude'));
    hide(homes, p.kind === 'bambu' || !knows(p, 'home')); // a Bambu homes all axes or none
    // The whole group is locked by what forbids even homing; what only lacks homing keeps Home.
    if (!homing.ok) applyLock(set, line, homing, t('move.locked'));
    else {
      applyLock(set, line, { ok: true, code: '', why: '' });
      if (!jogging.ok) {
        line.hidden = false;
        text(line.querySelector('b'), '');
        text(line.querySelector('span > span'), jogging.why);
      }
    }
    for (const button of [...arrows, ...zs]) applyGate(button, homing.ok ? jogging : { ok: true, code: '', why: '' });
    for (const button of es) applyGate(button, homing.ok ? pushing : { ok: true, code: '', why: '' });
    applyGate(home, { ok: true, code: '', why: '' });
    hide(cold, !homing.ok || pushing.ok || pushing.code !== 'nozzle_cold');
    text(cold.firstChild, pushing.why);
    hide(note, p.kind !== 'bambu' || !homing.ok);
  }
  return { root, paint };
}
