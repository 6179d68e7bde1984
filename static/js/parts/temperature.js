// @ts-check
// Temperatures: history from the farm, live points after that, and targets a person may set.
import { ApiError, get } from '../api.js';
import { attr, h, hide, keyed, text } from '../html.js';
import { dur, heaterLabel, heaterNames, seriesClasses, slug } from '../format.js';
import { applyGate, applyLock, gate, lockLine } from '../gates.js';
import { command } from '../commands.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { PfTempChart } from './chart.js';

/** Keys of a frame that are no heater. */
const OTHER = new Set(['t', 'printer', 'at', 'step_s']);
const KEEP_S = 4 * 3600;
const HOT_C = 260;
/** While exact samples come, the rounded values of the page are not added. */
const QUIET_S = 10;

/** The answer of GET …/temps, {at: [epoch s], nozzle: {current: [°C]}, …}, as points per heater.
 * @param {any} answer @returns {Map<string, Array<[number, number]>>} */
export function history(answer) {
  const out = new Map();
  const at = answer?.at ?? [];
  for (const name of Object.keys(answer ?? {})) {
    const values = answer[name]?.current;
    if (Array.isArray(values)) out.set(name, values.map((v, i) => [at[i], v]).filter(([when, v]) => v !== null && when !== undefined));
  }
  return out;
}

/** @param {string} id @param {AbortSignal} signal @param {import('../ws.js').Link | null} link */
export function temperatureCard(id, signal, link) {
  const chart = new PfTempChart();
  const summary = h('p.sr');
  const cool = h('button.btn.sm.ghost', { type: 'button', onclick: () => command(id, 'cooldown') }, t('act.cooldown'));
  const line = lockLine('lock-temp');
  const rows = h('div');
  const set = h('fieldset', { 'aria-describedby': 'lock-temp' }, h('legend.sr', null, t('temp.title')), rows);
  const root = h('section.card.temps', { 'aria-labelledby': 'h-temp' }, h('header', null, h('h2', { id: 'h-temp' }, t('temp.title')), cool), chart, summary, line, set);
  /** @type {Map<string, Array<[number, number]>>} */
  let points = new Map();
  let lastAt = 0;

  get(`/api/printers/${encodeURIComponent(id)}/temps`, { signal }).then((answer) => {
    const past = history(answer);
    for (const [name, old] of past) {
      const end = old.length ? old[old.length - 1][0] : 0;
      points.set(name, [...old, ...(points.get(name) ?? []).filter(([at]) => at > end)]);
    }
    chart.drawnAt = 0;
    repaint();
  }).catch((error) => {
    if (!(error instanceof ApiError) && error?.name !== 'AbortError') throw error;
  });
  link?.subscribe(id, ['temps'], signal);
  link?.on('temps', (frame) => {
    if (frame.printer === id) points = history(frame);
  }, signal);
  link?.on('temp', (frame) => {
    if (frame.printer !== id) return;
    lastAt = store.now() + QUIET_S;
    for (const name of Object.keys(frame)) if (!OTHER.has(name)) push(name, frame.at, frame[name][0]);
  }, signal);
  // A steady temperature sends no deltas, yet its line goes on.
  const timer = setInterval(repaint, 2000);
  signal.addEventListener('abort', () => clearInterval(timer));

  function repaint() {
    const p = store.printers.get(id);
    if (p && !document.hidden) paint(p);
  }

  /** @param {any} temps */
  function live(temps) {
    const now = store.now();
    if (now - lastAt < 1) return;
    lastAt = now;
    for (const name of Object.keys(temps)) push(name, now, temps[name][0]);
  }

  /** @param {string} name @param {number} at @param {number} value */
  function push(name, at, value) {
    const list = points.get(name) ?? [];
    if (list.length && list[list.length - 1][0] >= at) return;
    list.push([at, value]);
    while (list[0][0] < at - KEEP_S) list.shift();
    points.set(name, list);
  }

  /** @param {string} name */
  function row(name) {
    const input = h('input', { type: 'text', inputmode: 'numeric', autocomplete: 'off', placeholder: t('temp.off'), onchange: () => send(name, input, message), onkeydown: (/** @type {KeyboardEvent} */ e) => e.key === 'Escape' && (input.blur(), repaint()) });
    const message = h('p.msg', { role: 'alert', hidden: true, id: `msg-${slug(name)}` });
    return h('div', null, h('span.tl', null, h('i'), h('span')), h('b'), h('label.tgt', null, h('span.sr'), input, h('span', { 'aria-hidden': 'true' }, '°C')), h('span.none', null, t('temp.sensor')), message);
  }

  /** @param {string} name @param {any} input @param {HTMLElement} message */
  async function send(name, input, message) {
    const max = store.printers.get(id)?.temps?.[name]?.[2] ?? 0;
    const value = input.value.trim() === '' ? 0 : Number(input.value.replace(',', '.').replace(/[^\d.]*$/, ''));
    const bad = !Number.isFinite(value) || value < 0 || (max && value > max);
    fail(input, message, bad ? t('temp.range', { max }) : '');
    if (bad) return;
    if (name.startsWith('nozzle') && value > HOT_C) {
      const { confirm } = await import('./dialogs.js');
      if (!(await confirm({ title: t('hot.title', { c: value }), body: [t('hot.body')], ok: t('hot.go', { c: value }) }))) {
        input.dataset.sent = '';
        repaint();
        return;
      }
    }
    input.dataset.sent = String(Date.now());
    try {
      await command(id, 'temperature', { heater: name, target: Math.round(value) }, { quiet: true });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      fail(input, message, error.message);
    }
  }

  /** @param {Element} input @param {HTMLElement} message @param {string} words */
  function fail(input, message, words) {
    attr(input, 'aria-invalid', words ? 'true' : null);
    attr(input, 'aria-describedby', words ? message.id : null);
    hide(message, !words);
    text(message, words);
  }

  /** @param {any} p */
  function paint(p) {
    const temps = p.temps ?? {};
    const names = heaterNames(temps);
    if (p.conn?.online && !p.conn.stale) live(temps);
    hide(root, !names.length);
    chart.draw(names.map((name) => ({ name, label: heaterLabel(p, name), points: points.get(name) ?? [], target: temps[name][1] || null })), store.now());
    const words = names.map((name) => (temps[name][1] ? t('temp.nowtarget', { name: heaterLabel(p, name), a: Math.round(temps[name][0]), b: Math.round(temps[name][1]) }) : t('temp.now', { name: heaterLabel(p, name), a: Math.round(temps[name][0]) })));
    text(summary, t('temp.chart', { d: dur(1200), now: words.join('; ') }));
    const colours = seriesClasses(names);
    keyed(rows, names, (name) => name, row, (node, name) => {
      attr(node, 'class', `trow ${colours.get(name)}`);
      paintRow(node, name, p);
    });
    // Some firmwares tell their temperatures and take none: nothing to lock, nothing to cool.
    const settable = names.some((name) => temps[name][2] !== null && temps[name][2] !== undefined);
    applyLock(set, line, settable ? gate(p, 'temperature') : { ok: true, code: '', why: '' }, t('temp.lock'));
    hide(cool, !settable);
    applyGate(cool, gate(p, 'cooldown'));
  }

  /** @param {any} node @param {string} name @param {any} p */
  function paintRow(node, name, p) {
    const [actual, target, max] = p.temps[name];
    const label = heaterLabel(p, name);
    const [words, value, field, none] = node.children;
    text(words.lastChild, label);
    if (value.dataset.v !== String(Math.round(actual))) {
      value.dataset.v = String(Math.round(actual));
      value.replaceChildren(value.dataset.v, h('small', null, '°C'));
    }
    const settable = max !== null && max !== undefined;
    hide(field, !settable);
    hide(none, settable);
    if (!settable) {
      const heats = target !== null && target !== undefined;
      text(none, !heats ? t('temp.sensor') : target ? t('temp.goal', { n: Math.round(target) }) : t('temp.off'));
      return;
    }
    const [name2, input] = field.children;
    text(name2, t('temp.target', { name: label, max }));
    const held = document.activeElement === input || Date.now() - Number(input.dataset.sent || 0) < 3000;
    const shown = target ? String(Math.round(target)) : '';
    if (!held && input.value !== shown && input.getAttribute('aria-invalid') !== 'true') input.value = shown;
  }
  return { root, paint };
}
