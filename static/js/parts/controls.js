// @ts-check
// Fans, speed and movement: every value goes through the farm's gate, every lock says why.
import { ApiError } from '../api.js';
import { attr, cssVar, h, hide, icon, keyed, text } from '../html.js';
import { applyGate, applyLock, gate, knows, lockLine } from '../gates.js';
import { command } from '../commands.js';
import { store } from '../store.js';
import { t } from '../text.js';

const SETTABLE = ['part', 'aux', 'chamber'];
const HOLD_MS = 3000;
const STEPS = ['0.1', '1', '10', '50'];
const EXTRUDE_MAX = 50;

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
  const root = h('section.card.air', { 'aria-labelledby': 'h-air' }, h('header', null, h('h2', { id: 'h-air' }, t('air.title'))), line, set, speedRow);

  /** @param {string} name */
  function fan(name) {
    const out = h('output');
    const input = h('input', { type: 'range', min: 0, max: 100, step: 5, id: `fan-${name}`, oninput: () => show(input, out), onchange: () => { input.dataset.sent = String(Date.now()); void command(id, 'fan', { fan: name, percent: Number(input.value) }); } });
    attr(out, 'for', input.id);
    return h('div.srow', null, h('label', { for: input.id }, icon('fan'), t(`fan.${name}`)), input, out);
  }

  /** @param {any} input @param {Node} out */
  function show(input, out) {
    cssVar(input, '--v', `${input.value}%`);
    text(out, Number(input.value) ? `${input.value}%` : t('fan.off'));
  }

  /** @param {any} p */
  function paint(p) {
    const fans = SETTABLE.filter((name) => p.fans?.[name] !== undefined && p.fans[name] !== null);
    keyed(rows, fans, (name) => name, fan, (node, name) => {
      const [, input, out] = node.children;
      const held = document.activeElement === input && input.matches(':active');
      if (!held && Date.now() - Number(input.dataset.sent || 0) > HOLD_MS && input.value !== String(p.fans[name])) input.value = p.fans[name];
      show(input, out);
    });
    applyLock(set, line, gate(p, 'fan'), t('temp.lock'));
    const levels = p.speed?.level !== null && p.speed?.level !== undefined;
    hide(speedRow, !levels || !knows(p, 'speed'));
    const verdict = gate(p, 'speed');
    speed.choose(String(p.speed?.level ?? ''));
    for (const button of speed.buttons) applyGate(button, verdict);
    hide(root, !fans.length && speedRow.hidden);
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
  const set = h('fieldset', { 'aria-describedby': 'lock-move' }, h('legend.sr', null, t('move.legend')),
    h('div.axes', null, pad, h('div.zp', null, zs[0], h('span', null, t('move.z')), zs[1]), h('div.zp', null, es[0], h('span', null, t('move.filament')), es[1]), steps.root));
  const note = h('p.note', null, t('move.notice'));
  const root = h('section.card.move', { 'aria-labelledby': 'h-move' }, h('header', null, h('h2', { id: 'h-move' }, t('move.title'))), line, set, cold, warning, note);

  /** @param {any} p */
  function paint(p) {
    const homing = gate(p, 'home');
    const jogging = gate(p, 'jog');
    const pushing = gate(p, 'extrude');
    hide(root, !knows(p, 'home') && !knows(p, 'jog'));
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
