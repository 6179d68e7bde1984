// @ts-check
// One rig: what it does, what it measures, orders to it, and how often it does what.
import { ApiError, get, post } from '../api.js';
import { attr, h, hide, icon, keyed, s, setIcon, sheet, text } from '../html.js';
import { ago, clock, pct } from '../format.js';
import { applyGate } from '../gates.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { thin } from './chart.js';
import { DELAYS, actionWord, actionsOf, answerTo, delayOf, delayProblem, delaysNote, eventOf, factsOf, framesWord, gateOf, lookOf, rangeWords, sentence, sparkPath, troubles } from './rig-rules.js';

const ICONS = /** @type {Record<string, string>} */ ({ start: 'rec', pause: 'pause', resume: 'play', stop: 'stop', shot: 'camera', discard: 'trash' });
const HISTORY_S = 6 * 3600;
const POINTS = 160;
const TICK_MS = 1000;

/** The buttons, and what became of the last order. @param {() => any} rigOf @param {AbortSignal} signal @param {() => void} repaint */
function orders(rigOf, signal, repaint) {
  /** @type {{order: string, action: string, at: number, error: string} | null} */
  let sent = null;
  const waits = () => sent !== null && !answerTo(rigOf(), sent, store.now());
  const buttons = Object.keys(ICONS).map((action) => h(`button.btn${action === 'discard' ? '.stop' : ''}`, { type: 'button', data: { action }, onclick: () => void press(action) }, icon(ICONS[action]), h('span')));
  const row = h('div.rig-acts', { role: 'group', 'aria-label': t('rig.acts') }, buttons);
  const mark = icon('check');
  const words = h('span');
  const said = h('p.rig-said', { role: 'status' }, mark, words);

  /** @param {string} action */
  async function press(action) {
    if (sent?.action === action && waits()) return;
    if (action === 'discard' && rigOf().frames && !(await sure(rigOf()))) return;
    const mine = (sent = { order: '', action, at: store.now(), error: '' });
    repaint();
    try {
      mine.order = (await post(`/api/rigs/${encodeURIComponent(rigOf().id)}/orders`, { action })).order;
      mine.at = store.now();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      mine.error = error.message;
    }
    if (!signal.aborted) repaint();
  }

  /** @param {any} rig */
  function paint(rig) {
    const shown = actionsOf(rig);
    const focused = buttons.find((one) => one === document.activeElement);
    for (const button of buttons) {
      const { action } = button.dataset;
      const busy = waits() && sent?.action === action;
      hide(button, !shown.includes(action) && !busy);
      button.style.setProperty('order', String(shown.indexOf(action)));
      text(button.lastChild, busy ? t(`rig.p.${action}`) : actionWord(rig, action));
      attr(button, 'aria-busy', busy ? 'true' : null);
      applyGate(button, busy ? { ok: true, code: '', why: '' } : gateOf(rig, action, store.connected));
    }
    // Who pressed "Start" by keyboard finds "Pause" in its place.
    if (focused?.hidden) buttons.find((one) => one.dataset.action === shown[0])?.focus();
    const answer = sent && answerTo(rig, sent, store.now());
    said.className = `rig-said t-${answer?.words ? answer.tone : 'none'}`;
    setIcon(mark, answer?.tone === 'ok' ? 'check' : 'triangle');
    text(words, answer?.words ?? '');
  }
  return { row, said, paint };
}

/** @param {any} rig */
async function sure(rig) {
  const { confirm } = await import('./dialogs.js');
  return confirm({ title: t('rig.d.title'), body: [t('rig.d.body', { frames: framesWord(rig.frames) })], ok: t('rig.d.go'), no: t('rig.d.keep'), danger: true });
}

/** Temperature and humidity, each with its last hours. @param {string} id @param {AbortSignal} signal */
function climateBox(id, signal) {
  /** @type {Array<[number, number, number]>} */
  let points = [];
  const lines = /** @type {Array<[string, string, number]>} */ ([['temperature', '°C', 1], ['humidity', '%', 0]]).map(([name, unit, digits], i) => {
    const value = h('b');
    const path = s('path');
    const svg = s('svg', { viewBox: '-1 -4 102 108', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    svg.append(path);
    const range = h('small');
    const node = h(`div.k-${i ? 'bed' : 'nozzle'}`, null, h('span', null, t(`rig.${name}`)), value, svg, range);
    return { node, paint: (/** @type {any} */ env) => {
      text(value, Number.isFinite(env[name]) ? `${env[name].toFixed(digits)}\u00a0${unit}` : '–');
      const mine = /** @type {Array<[number, number]>} */ (points.map((p) => [p[0], p[i + 1]]));
      attr(path, 'd', mine.length > 1 ? sparkPath(mine, mine[0][0], mine[mine.length - 1][0], gap()) : '');
      text(range, mine.length > 1 ? rangeWords(mine, unit, digits) : '');
    } };
  });
  const old = h('p.note', { hidden: true });
  const root = h('div.rig-room', { hidden: true }, lines.map((line) => line.node), old);
  const gap = () => Math.max(600, 4 * (delayOf(store.rigs.get(id), 'temphum_delay') ?? 0));

  async function load() {
    const { readings } = await get(`/api/rigs/${encodeURIComponent(id)}/readings`, { signal });
    points = /** @type {any} */ (thin(readings, store.now() - HISTORY_S, POINTS));
  }

  /** @param {any} env */
  function paint(env) {
    hide(root, !env?.at);
    if (!env?.at) return;
    const live = Number.isFinite(env.temperature);
    const last = points[points.length - 1]?.[0] ?? 0;
    if (live && env.at > last + 1) points = [...points.filter(([at]) => at >= env.at - HISTORY_S), [env.at, env.temperature, env.humidity]];
    for (const line of lines) line.paint(env);
    hide(old, live);
    text(old, t('rig.old', { ago: ago(store.now() - env.at) }));
  }
  return { root, load, paint };
}

/** The three delays. @param {() => any} rigOf @param {AbortSignal} signal */
function delaysForm(rigOf, signal) {
  const problem = h('p.msg', { id: `rig-delays-${rigOf().id}`, role: 'alert', hidden: true });
  const note = h('p.note', { role: 'status' });
  const fields = Object.keys(DELAYS).map((name) => ({ name, input: h('input', { type: 'number', inputmode: 'decimal', step: 'any', min: DELAYS[name][0], max: DELAYS[name][1], oninput: () => mark() }) }));
  const changed = () => fields.filter(({ name, input }) => input.value !== String(delayOf(rigOf(), name) ?? ''));
  const save = h('button.btn.sm', null, t('rig.save'));
  const form = h('form', { novalidate: true, onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); void send(); } },
    fields.map(({ name, input }) => h('label', null, t(`rig.${name}`), h('span.rig-sec', null, input, h('i', { 'aria-hidden': 'true' }, t('rig.s'))))), save, problem, note);
  const root = h('details', null, h('summary', null, t('rig.delays')), form);
  let touched = false;

  function mark() {
    touched = true;
    let words = '';
    for (const { name, input } of fields) {
      const wrong = changed().some((one) => one.name === name) ? delayProblem(name, input.value) : '';
      attr(input, 'aria-invalid', wrong ? 'true' : null);
      attr(input, 'aria-describedby', wrong ? problem.id : null);
      words ||= wrong && `${t(`rig.${name}`)}: ${wrong}`;
    }
    hide(problem, !words);
    text(problem, words);
    return !words;
  }

  async function send() {
    if (!mark() || !changed().length) return;
    try {
      await post(`/api/rigs/${encodeURIComponent(rigOf().id)}/settings`, Object.fromEntries(changed().map(({ name, input }) => [name, Number(input.value)])));
      touched = false;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      hide(problem, false);
      text(problem, error.message);
    }
    if (!signal.aborted) paint(rigOf());
  }

  /** @param {any} rig */
  function paint(rig) {
    if (!touched && !form.contains(document.activeElement)) for (const { name, input } of fields) input.value = String(delayOf(rig, name) ?? '');
    text(note, delaysNote(rig));
  }
  return { root, paint };
}

/** @param {string} id @param {AbortSignal} signal @param {boolean} [alone] on a page of its own, which has its name */
export function rigCard(id, signal, alone = false) {
  let known = store.rigs.get(id);
  const rigOf = () => (known = store.rigs.get(id) ?? known); // one that left the configuration is shown as it was
  const pic = icon('circle');
  const word = h('span');
  const pill = h('span.pill', null, pic, word);
  const say = h('p.rig-say');
  const bar = h('progress', { max: 100, value: 0, 'aria-label': t('rig.built') });
  const pctWord = h('b');
  const barrow = h('div.barrow', { hidden: true }, bar, pctWord);
  const wrong = h('ul.rig-wrong');
  const facts = h('dl.rig-facts');
  const list = h('ul.events');
  const log = h('details', { hidden: true }, h('summary', null, t('rig.log')), list);
  const acts = orders(rigOf, signal, repaint);
  const room = climateBox(id, signal);
  const delays = delaysForm(rigOf, signal);
  const head = `rig-${id}`;
  const own = alone || rigOf().name === t('rig.title') ? null : h('small', null, rigOf().name);
  const root = h('section.card.rig', { 'aria-labelledby': head }, h('header', null, h('h2', { id: head }, t('rig.title'), own && ' ', own), pill),
    say, barrow, wrong, acts.row, acts.said, room.root, facts, h('div.rig-more', null, delays.root, log));

  function repaint() {
    const rig = rigOf();
    if (signal.aborted) return;
    const now = store.now();
    const look = lookOf(rig);
    pill.className = `pill t-${look.tone}`;
    setIcon(pic, look.icon);
    text(word, look.word);
    text(say, sentence(rig, now));
    const share = rig.online && rig.state === 'building' ? rig.progress : null;
    hide(barrow, !Number.isFinite(share));
    if (Number.isFinite(share)) {
      bar.value = Math.floor(share * 100);
      text(pctWord, pct(share * 100));
    }
    keyed(wrong, troubles(rig), (one) => one, (one) => h('li', null, icon('triangle'), h('span', null, one)));
    acts.paint(rig);
    room.paint(rig.env);
    keyed(facts, factsOf(rig, now), ([key]) => key, ([key]) => h('div', null, h('dt', null, t(key)), h('dd')), (node, [, words]) => text(node.lastChild, words));
    delays.paint(rig);
    hide(log, !rig.events?.length);
    keyed(list, [...(rig.events ?? [])].reverse(), (e) => e.id, (e) => { const { tone, icon: name, words } = eventOf(e); return h(`li.t-${tone}`, null, icon(name), h('time'), h('span', null, words)); }, (node, e) => text(node.children[1], clock(e.at, now)));
  }

  const reload = () => room.load().then(repaint).catch((error) => { if (!signal.aborted && !(error instanceof ApiError)) throw error; });
  store.watch((change) => {
    if (change.link && store.link.state === 'live') void reload(); // what it measured meanwhile
    if (change.rigs || change.link) repaint();
  }, signal);
  const timer = setInterval(repaint, TICK_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  repaint();
  void reload();
  return root;
}

/** @param {HTMLElement} place @param {string[]} ids @param {AbortSignal} signal @param {boolean} [alone] */
export async function rigCards(place, ids, signal, alone) {
  await sheet('rig');
  if (!signal.aborted) place.append(...ids.map((id) => rigCard(id, signal, alone)));
}
