// @ts-check
// One printer: camera, job, files, console, events; temperature, filament, air, movement.
import { attr, h, hide, icon, keyed, setIcon, text } from '../html.js';
import { ago, clock, describe, dur, elsewhere, epoch, pausedBy, stem, unseen } from '../format.js';
import { applyGate, gate, knows, skippableJob } from '../gates.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { PfState, lookOf, reaches, staleFor, turning } from '../parts/card.js';
import { clearWords, watchHints } from '../parts/hints.js';
import { cameraCard } from '../parts/camera.js';
import { watchCard } from '../parts/watch.js';
import { temperatureCard } from '../parts/temperature.js';
import { amsCard } from '../parts/ams.js';
import { airCard, moveCard } from '../parts/controls.js';
import { tabsCard } from '../parts/tabs.js';
import { moreMenu } from '../parts/menu.js';
import '../parts/words.js';

/** @typedef {Record<string, any>} Printer */

/** @param {HTMLElement} node @param {string} id @param {string} action @param {any} [args] */
export function ask(node, id, action, args) {
  node.dispatchEvent(new CustomEvent('pf-command', { bubbles: true, detail: { printer: id, action, args } }));
}

/** state → the one big thing to do: [gate, action, words, icon, class, args] */
const MAIN = /** @type {Record<string, [string, string, string, string, string, any?]>} */ ({
  printing: ['pause', 'pause', 'act.pause', 'pause', ''], preparing: ['pause', 'pause', 'act.pause', 'pause', ''], paused: ['resume', 'resume', 'act.resume', 'play', ''],
  needs_clear: ['mark-clear', 'mark-clear', 'act.mark-clear', 'check', 'pri'], needs_human: ['', 'resolve', 'card.decide', 'question', 'pri'], ready: ['start', 'print', 'card.print', 'upload', 'pri'],
  fault: ['clear-fault', 'clear-fault', 'printer.clearfault', 'check', ''], uploading: ['', 'cancel-upload', 'act.cancel-upload', 'x', ''], identity: ['', 'trust', 'card.check', 'shield', 'pri'],
  auth: ['reconnect', 'reconnect', 'act.reconnect', 'refresh', ''], offline: ['reconnect', 'reconnect', 'act.reconnect', 'refresh', ''], connecting: ['reconnect', 'reconnect', 'act.reconnect', 'refresh', ''],
  maintenance: ['maintenance', 'maintenance', 'printer.endmaint', 'check', '', { on: false }],
});
/** The big button of this printer now. @param {Printer} p */
function mainOf(p) {
  if (elsewhere(p) && !reaches(p)) return null;
  if (p.state === 'fault' && knows(p, 'firmware-restart')) return ['firmware-restart', 'restart', 'act.firmware-restart', 'refresh', ''];
  const connectable = (p.state === 'offline' && p.sub === 'closed') || p.state === 'fault';
  if (connectable && knows(p, 'connect')) return ['connect', 'connect', 'act.connect', 'link', '', { on: true }];
  return p.state === 'fault' && !knows(p, 'clear-fault') ? null : MAIN[p.state];
}

const AWAY = new Set(['offline', 'connecting', 'unknown', 'auth', 'identity', 'misconfigured']);
const STOPS = new Set(['printing', 'preparing', 'paused', 'fault']);

/** Main and Stop, once in the head and once at the foot of a phone. @param {string} id */
function actions(id) {
  let found = /** @type {any} */ (null);
  const pic = icon('pause');
  const word = h('span');
  const main = h('button.btn', { type: 'button', onclick: () => found && main.getAttribute('aria-busy') !== 'true' && ask(main, id, found[1], found[5]) }, pic, word);
  const stop = h('button.btn.stop', { type: 'button', onclick: () => ask(stop, id, 'stop') }, icon('stop'), t('printer.stop'));
  /** @param {Printer} p */
  const paint = (p) => {
    found = staleFor(p) || turning(p) ? null : mainOf(p);
    hide(main, !found);
    if (found) {
      const [gated, action, words, name, cls] = found;
      const waits = store.pending.has(`${id} ${action}`);
      main.className = `btn ${cls}`;
      setIcon(pic, name);
      text(word, waits ? t(`pending.${action}`) : action === 'mark-clear' ? clearWords(p) : t(words));
      attr(main, 'aria-busy', waits ? 'true' : null);
      applyGate(main, gated ? gate(p, gated) : { ok: store.connected, code: '', why: t('conn.locked') });
    }
    // A fault that ended the job has left nothing to stop.
    const stoppable = !elsewhere(p) && STOPS.has(p.state) && p.job && !staleFor(p) && (p.state !== 'fault' || gate(p, 'stop').ok || p.kind === 'bambu');
    hide(stop, !stoppable);
    if (stoppable) applyGate(stop, gate(p, 'stop'));
    return Boolean(found || stoppable);
  };
  return { main, stop, paint };
}

/** Everything that must be read before anything is touched. @param {Printer} p */
function noticesOf(p) {
  const list = /** @type {any[]} */ ([]);
  // What another make's server says besides its own error code: what to do.
  const advice = (/** @type {any} */ f) => (p.kind !== 'bambu' && p.state === 'fault' && p.message && !p.message.includes(f.text.replace(/\W+$/, '')) ? p.message : '');
  for (const f of p.faults ?? []) list.push({ key: f.code, tone: f.tier === 'info' || f.tier === 'common' ? 'warn' : 'fault', pic: 'octagon', head: f.text, more: [advice(f), f.code].filter(Boolean).join(' · '), help: f.help });
  if (!p.faults?.length && p.fault) list.push({ key: p.fault.code, tone: 'fault', pic: 'octagon', head: p.fault.text, more: p.fault.code, help: p.fault.help });
  if (p.state === 'fault' && list.length && knows(p, 'firmware-restart')) Object.assign(list[0], { key: `${list[0].key} r`, restarts: true });
  if (p.lock) list.push({ key: 'lock', tone: 'warn', pic: 'lock', head: t('printer.locked'), more: p.lock.text });
  if (['auth', 'identity', 'misconfigured', 'offline', 'connecting', 'unknown'].includes(p.state) && (p.message || p.conn?.text)) list.push({ key: 'message', tone: p.state === 'offline' || p.state === 'connecting' ? 'off' : 'warn', pic: lookOf(p.state).icon, head: p.message || p.conn.text, more: epoch(p.conn?.seen) ? t('card.offline', { ago: ago(store.now() - p.conn.seen) }) : '' });
  const why = p.state === 'paused' ? pausedBy(p) : '';
  // One cause, one notice: where it stopped, and beneath it what to do.
  if (why && p.sub === 'filament' && list.length === 1) Object.assign(list[0], { key: `${list[0].key} p`, tone: 'warn', pic: 'pausec', head: why, more: [list[0].head.replace(/\.$/, ''), list[0].more].filter(Boolean).join(' · ') });
  else if (why && !list.some((one) => one.head === why)) list.push({ key: 'pause', tone: 'warn', pic: 'pausec', head: why, more: '' });
  if (p.maintenance?.on && p.maintenance.note) list.push({ key: 'maint', tone: 'maint', pic: 'wrench', head: p.maintenance.note, more: '' });
  for (const n of p.notices ?? []) list.push({ key: n.code, tone: 'warn', pic: 'info', head: n.text, more: '' });
  return list;
}

const RESTARTS = /** @type {const} */ (['firmware-restart', 'host-restart']);

/** Under Klipper's own words stand its two ways back. @param {string} id */
const restarts = (id) => h('div.row', null, RESTARTS.map((action) => h('button.btn.sm', { type: 'button', data: { action }, onclick: async () => (await import('../parts/dialogs.js')).restartDialog(store.printers.get(id), action) }, icon('refresh'), t(`act.${action}`))));

/** @param {HTMLElement} list @param {Printer} p */
function paintNotices(list, p) {
  keyed(list, noticesOf(p), (n) => n.key, (n) => h(`li.t-${n.tone}`, null, icon(n.pic), h('div', null, h('b'), h('small'), /^https?:/.test(n.help ?? '') && h('a', { href: n.help, target: '_blank', rel: 'noreferrer' }, t('printer.help')), n.restarts && restarts(p.id))), (node, n) => {
    const [head, more] = node.lastChild.children;
    const row = node.lastChild.querySelector('.row');
    text(head, n.head);
    text(more, n.more);
    for (const button of row?.children ?? []) applyGate(button, gate(p, button.dataset.action));
  });
}

/** The job that runs, lies on the bed, or the place to start one. @param {string} id */
function jobCard(id) {
  let lost = /** @type {string | null} */ (null);
  const img = h('img', { alt: '', hidden: true, onerror: () => { lost = img.getAttribute('src'); hide(img, true); pic.removeAttribute('hidden'); } });
  const pic = icon('plate');
  const title = h('h2');
  const plate = h('span');
  const bar = h('progress', { max: 100, value: 0, 'aria-label': t('job.progress') });
  const pct = h('b');
  const barrow = h('div.barrow', null, bar, pct);
  const words = h('p.say');
  const names = ['left', 'doneat', 'layer', 'running'];
  const values = names.map(() => h('dd'));
  const facts = h('dl.facts', null, names.map((name, i) => h('div', null, h('dt', null, t(`job.${name}`)), values[i])));
  const skip = h('button.btn.sm.ghost', { type: 'button', onclick: async () => (await import('../parts/dialogs.js')).skipDialog(store.printers.get(id)) }, t('job.skip'));
  const start = h('button.btn.sm', { type: 'button', onclick: () => ask(start, id, 'print') }, icon('upload'), t('upload.open'));
  const row = h('div.row', null, skip, start);
  const root = h('section.card.job', { 'aria-label': t('job.current') }, h('span.th', null, pic, img), h('div.jm', null, h('div.jl', null, title, plate), barrow, words, facts, row));

  /** @param {Printer} p */
  function paint(p) {
    const { job } = p;
    const active = Boolean(job) && p.state !== 'needs_clear';
    root.className = `card job s-${p.state}${staleFor(p) ? ' is-stale' : ''}`;
    const thumb = job?.thumb === lost ? null : job?.thumb;
    hide(img, !thumb);
    pic.toggleAttribute('hidden', Boolean(thumb));
    if (thumb && img.getAttribute('src') !== thumb) img.src = thumb;
    // Who is away may well be printing: what it does is not known then.
    const away = !job && AWAY.has(p.state);
    setIcon(pic, away ? lookOf(p.state).icon : active ? 'file' : 'plate');
    text(title, away ? describe(p, store.now()).title : active || job ? stem(job.name) : stem(p.bed?.name) || (p.state === 'ready' && !elsewhere(p) ? t('card.free') : t('job.none')));
    text(plate, [active && job.plates > 1 && t('job.plate', { n: job.plate ?? '?', all: job.plates }), active && job.local && t('job.local')].filter(Boolean).join(' · '));
    const value = p.state === 'uploading' ? job?.phase_pct : job?.pct;
    hide(barrow, !active || value === null || value === undefined);
    if (active) {
      const whole = Math.floor(value ?? 0);
      if (bar.value !== whole) bar.value = whole;
      text(pct, `${whole}%`);
    }
    text(words, sentence(p));
    hide(words, !sentence(p));
    const timed = active && ['printing', 'preparing', 'paused', 'fault', 'stopping'].includes(p.state);
    hide(facts, !timed || !(Number.isFinite(job.left_s) || Number.isFinite(job.layer) || p.kind === 'bambu'));
    if (timed) paintFacts(p, job);
    hide(skip, !(timed && skippableJob(p)));
    applyGate(skip, gate(p, 'skip-objects'));
    hide(start, p.state !== 'ready' || elsewhere(p));
    applyGate(start, gate(p, 'start'));
  }

  /** @param {Printer} p @param {any} job */
  function paintFacts(p, job) {
    const now = store.now();
    const known = Number.isFinite(job.left_s);
    text(values[0], known ? dur(job.left_s) : '–');
    text(values[1], known ? clock(now + job.left_s, now) : '–');
    text(values[2], job.layer === null || job.layer === undefined ? '–' : `${job.layer}${job.layers ? ` / ${job.layers}` : ''}`);
    // Klipper and OctoPrint tell a layer of some prints, PrusaLink of none.
    hide(values[2].parentNode, p.kind !== 'bambu' && (job.layer === null || job.layer === undefined));
    text(values[3], known && Number.isFinite(job.total_s) ? dur(Math.max(0, job.total_s - job.left_s)) : '–');
  }
  return { root, paint };
}

/** @param {Printer} p */
function sentence(p) {
  if (elsewhere(p) && ['ready', 'needs_clear', 'maintenance'].includes(p.state)) return p.message || t('card.elsewhere');
  if (p.state === 'ready') return p.lock ? t('card.locked') : t('job.ready');
  if (p.state === 'needs_clear') return [p.bed?.why, t(unseen(p) ? 'job.look' : 'job.clear')].filter(Boolean).map((one) => `${one.replace(/\.$/, '')}.`).join(' ');
  if (p.state === 'preparing') return p.stage || p.job?.text || '';
  if (p.state === 'uploading') return p.job?.text || t('card.sending');
  if (p.state === 'needs_human') return p.job?.text || t('card.uncertain');
  if (p.state === 'maintenance') return t('card.maint');
  return '';
}

/** The rigs beside it; what shows them is fetched only where there is one. @param {string} id @param {AbortSignal} signal */
function rigPlace(id, signal) {
  const root = h('div.rigs');
  let asked = false;
  function paint() {
    const mine = [...store.rigs.values()].filter((rig) => rig.printer_id === id).map((rig) => rig.id);
    hide(root, !mine.length);
    if (!mine.length || asked) return;
    asked = true;
    import('../parts/rig.js').then(({ rigCards }) => rigCards(root, mine, signal), () => { asked = false; /* asked again with the next news */ });
  }
  return { root, paint };
}

/** @param {HTMLElement} root @param {string} id @param {AbortSignal} signal @param {import('../ws.js').Link | null} link */
export function printerPage(root, id, signal, link) {
  const first = store.printers.get(id);
  if (!first) {
    root.append(h('div.empty', null, icon('printer'), h('h1', null, t('printer.unknown')), h('a.btn', { href: '#/' }, t('back'))));
    return;
  }
  const name = h('h1');
  const facts = h('p');
  const pill = /** @type {any} */ (new PfState());
  const head = actions(id);
  const foot = actions(id);
  const menu = moreMenu(id);
  const notices = h('ul.notices', { 'aria-label': t('printer.notices') });
  const job = jobCard(id);
  const parts = [job, cameraCard(id, signal), watchCard(id, signal), tabsCard(id, signal, link), temperatureCard(id, signal, link), amsCard(id), airCard(id), moveCard(id), rigPlace(id, signal)];
  const [, camera, watch, tabs, temps, ams, air, move, rigs] = parts;
  const bar = h('div.mobilebar', null, foot.main, foot.stop);
  const left = h('div.dl', null, camera.root, watch.root, job.root, rigs.root, tabs.root);
  const right = h('div.dr', null, temps.root, ams.root, air.root, move.root);
  root.append(h('div.printer-page', null,
    h('header.top', null, h('a.ib.back', { href: '#/', 'aria-label': t('back') }, icon('back')), h('div.ttl', null, name, facts), pill, h('div.acts', null, head.main, head.stop, menu.button, menu.root)),
    notices, h('div.dcols', null, left, right), bar));

  const paint = () => {
    const p = store.printers.get(id);
    if (!p) return;
    text(name, p.name);
    const nozzles = [...new Set((p.nozzles ?? []).map((/** @type {any} */ n) => n.mm).filter(Boolean))].join(' / ');
    text(facts, [p.model, nozzles && `${nozzles} mm`, p.firmware && (/^\d/.test(p.firmware) ? t('printer.firmware', { v: p.firmware }) : p.firmware), p.wifi && t('printer.wifi', { n: Math.abs(p.wifi) })].filter(Boolean).join(' · '));
    pill.printer = p;
    head.paint(p);
    hide(bar, !foot.paint(p));
    menu.paint(p);
    paintNotices(notices, p);
    for (const part of parts) part.paint(p);
    // Who stands at an idle printer wants to move it; while it prints, fans and speed matter more.
    const order = gate(p, 'home').ok ? [move.root, air.root] : [air.root, move.root];
    if (order[0].nextElementSibling !== order[1] && !right.contains(document.activeElement)) right.append(...order);
  };
  store.watch((change) => (change.printers === null || change.printers.has(id)) && paint(), signal);
  watchHints(paint, signal);
  paint();
}
