// @ts-check
// The farm page: what needs me, what is free next, what runs, the rest.
import { attr, h, hide, icon, keyed, setIcon, text } from '../html.js';
import { ago, clock, dur, elsewhere, epoch, evidenceOf, pausedBy, stem, unseen } from '../format.js';
import { applyGate, gate } from '../gates.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { lookOf, reaches, staleFor, stateWord, turn, turning } from '../parts/card.js';

/** @typedef {Record<string, any>} Printer */

const saved = JSON.parse(localStorage.getItem('farm') ?? '{}');
/** What the person chose; lives as long as the browser's storage. */
export const view = {
  mode: saved.mode ?? 'cards', group: saved.group ?? 'none', sort: saved.sort ?? 'name',
  filter: 'all', query: '', picking: false, more: false,
  /** @type {Set<string>} */ selected: new Set(),
};

function remember() {
  localStorage.setItem('farm', JSON.stringify({ mode: view.mode, group: view.group, sort: view.sort }));
}

const RUNNING = new Set(['printing', 'preparing', 'uploading', 'stopping', 'busy']);
const AWAY = new Set(['offline', 'connecting', 'unknown']);
const NEEDS = ['fault', 'paused', 'needs_clear', 'needs_human', 'identity', 'auth', 'misconfigured'];

/** It prints on although the defect watch is sure. @param {Printer} p */
const failing = (p) => p.state === 'printing' && p.watch?.alarm === 'defect';

/** Whom another farm's printer needs is that farm's person. @param {Printer} p */
function needsPerson(p) {
  return (NEEDS.includes(p.state) && (!elsewhere(p) || reaches(p))) || failing(p);
}

/** @type {Array<[string, string, (p: Printer) => boolean]>} filter key, tone, members */
const FILTERS = [
  ['all', '', () => true],
  ['run', 'run', (p) => RUNNING.has(p.state)],
  ['need', 'warn', needsPerson],
  ['ready', 'idle', (p) => p.state === 'ready' && !elsewhere(p)],
  ['maint', 'maint', (p) => p.state === 'maintenance'],
  ['off', 'off', (p) => AWAY.has(p.state)],
];

const all = () => [...store.printers.values()];

/** @param {Printer} p */
const urgency = (p) => NEEDS.indexOf(failing(p) ? 'paused' : p.state);

/** Printers that wait for a person, most urgent kind first, oldest first within a kind. */
export function needing() {
  const at = (/** @type {Printer} */ p) => epoch(p.bed?.since) ?? epoch(p.conn?.since) ?? 0;
  return all().filter((p) => needsPerson(p) && !turning(p))
    .sort((a, b) => urgency(a) - urgency(b) || at(a) - at(b));
}

/** What one task says and offers. @param {Printer} p
 * @returns {{text: string, sub: string, act: string, words: string, gate: string}} */
function task(p) {
  const name = stem(p.job?.name ?? p.bed?.name) || t('card.part');
  const progress = p.job?.name ? t('task.at', { name, pct: Math.floor(p.job.pct ?? 0) }) : '';
  switch (p.state) {
    case 'fault':
      return { text: p.fault?.text || p.message || t('state.fault'), sub: p.fault?.code ?? '', act: 'open', words: t('task.fault'), gate: '' };
    case 'paused':
      return p.sub === 'filament'
        ? { text: p.pause?.text || t('card.paused'), sub: progress, act: 'open', words: t('task.load'), gate: '' }
        : { text: pausedBy(p) || t('card.paused'), sub: progress, act: 'resume', words: t('act.resume'), gate: 'resume' };
    case 'needs_clear': {
      const since = epoch(p.bed?.since);
      if (unseen(p)) return { text: t('task.look'), sub: joined(p.bed?.why, nextUp(p)), act: 'mark-clear', words: t('act.mark-clear'), gate: 'mark-clear' };
      return { text: t(p.sub === 'stopped' ? 'task.stopped' : 'task.done', { name: stem(p.bed?.name) || t('card.part') }), sub: joined(since ? ago(store.now() - since) : p.bed?.why, nextUp(p)), act: 'mark-clear', words: t('act.mark-clear'), gate: 'mark-clear' };
    }
    case 'needs_human':
      return { text: t('task.human', { name }), sub: p.job?.text ?? '', act: 'resolve', words: t('card.decide'), gate: '' };
    case 'identity':
      return { text: t('task.identity'), sub: p.message ?? '', act: 'trust', words: t('card.check'), gate: '' };
    case 'printing':
      return { text: p.watch.text, sub: progress, act: 'pause', words: t('act.pause'), gate: 'pause' };
    default:
      return { text: p.message || t(`state.${p.state}`), sub: p.model ?? '', act: 'open', words: t('card.details'), gate: '' };
  }
}

/** What a cleared bed starts, once the hints are there. @type {(p: Printer) => string} */
let nextUp = () => '';

/** @param {Array<string | null | undefined>} words */
const joined = (...words) => words.filter(Boolean).join(' · ');

/** @param {Printer} p */
function taskNode(p) {
  const node = h('li.task.card', null, h('span.tic', null, icon('octagon')),
    h('div', null, h('a', { href: `#/p/${encodeURIComponent(p.id)}` }), h('b'), h('span')),
    h('button.btn', { type: 'button', onclick: () => node.dispatchEvent(new CustomEvent('pf-command', { bubbles: true, detail: { printer: p.id, action: node.act } })) }));
  return node;
}

/** The picture that the defect watch judged, in the icon's place. @param {HTMLElement} tile @param {Printer} p */
function paintProof(tile, p) {
  const src = evidenceOf(p);
  const known = /** @type {HTMLImageElement | null} */ (tile.querySelector('img'));
  tile.classList.toggle('proof', Boolean(src));
  if (!src) known?.remove();
  else if (!known) tile.append(h('img', { src, alt: t('watch.alt', { name: p.name }) }));
  else if (known.getAttribute('src') !== src) known.src = src;
  const img = tile.querySelector('img');
  if (img) turn(img, p.cam);
}

/** @param {any} node @param {Printer} p */
function paintTask(node, p) {
  const look = failing(p) ? { tone: 'fault', icon: 'triangle' } : lookOf(p.state);
  paintProof(node.firstChild, p);
  const { text: words, sub, act, words: label, gate: gated } = task(p);
  node.act = act;
  const cls = `task card t-${look.tone}`;
  if (node.className !== cls) node.className = cls;
  const [tic, body, button] = node.children;
  setIcon(tic.firstChild, p.state === 'needs_clear' && p.sub === 'stopped' ? 'platex' : look.icon);
  const [link, what, more] = body.children;
  text(link, p.name);
  text(what, words);
  text(more, sub);
  const waits = store.pending.has(`${p.id} ${act}`);
  text(button, waits ? t(`pending.${act}`) : label);
  button.classList.toggle('pri', act === 'mark-clear');
  attr(button, 'aria-busy', waits ? 'true' : null);
  attr(button, 'aria-label', waits ? null : `${label}, ${p.name}`);
  applyGate(button, gated ? gate(p, gated) : { ok: act === 'open' || store.connected, code: '', why: t('conn.locked') });
}

/** @param {Printer} p */
const timeLeft = (p) => (RUNNING.has(p.state) ? p.job?.left_s ?? 1e9 : p.state === 'ready' ? -1 : 1e9);

/** @type {Record<string, (a: Printer, b: Printer) => number>} */
const SORTS = {
  needs: (a, b) => lookOf(a.state).rank - lookOf(b.state).rank,
  name: () => 0,
  left: (a, b) => timeLeft(a) - timeLeft(b),
};

/** @type {Record<string, (p: Printer) => string>} */
const GROUPS = {
  none: () => '',
  state: (p) => t(`state.${p.state}`),
  group: (p) => p.group || t('group.other'),
  model: (p) => p.model || t('group.other'),
};

/** @param {Printer} p */
function matches(p) {
  const found = FILTERS.find(([key]) => key === view.filter);
  if (!found?.[2](p)) return false;
  const words = `${p.name} ${p.model} ${p.group ?? ''} ${(p.tags ?? []).join(' ')} ${stateWord(p)} ${p.job?.name ?? ''}`;
  return words.toLowerCase().includes(view.query);
}

/** Cards and group headings in the order they are shown. */
function arranged() {
  const list = all().filter(matches).sort((a, b) => SORTS[view.sort]?.(a, b) || a.name.localeCompare(b.name, undefined, { numeric: true }));
  if (view.group === 'none') return list.map((p) => ({ key: p.id, p, head: '', n: 0 }));
  /** @type {Map<string, Printer[]>} */
  const groups = new Map();
  for (const p of list) {
    const name = GROUPS[view.group](p);
    groups.set(name, [...(groups.get(name) ?? []), p]);
  }
  const names = [...groups.keys()];
  if (view.group !== 'state') names.sort((a, b) => a.localeCompare(b));
  return names.flatMap((name) => {
    const members = groups.get(name) ?? [];
    return [{ key: `head ${name}`, p: null, head: name, n: members.length }, ...members.map((p) => ({ key: p.id, p, head: '', n: 0 }))];
  });
}

/** "Next free Birch in 14 m · all done 20:03". */
function nextFree() {
  const running = all().filter((p) => RUNNING.has(p.state) && Number.isFinite(p.job?.left_s) && !staleFor(p) && !elsewhere(p));
  if (!running.length) return null;
  running.sort((a, b) => a.job.left_s - b.job.left_s);
  const [first] = running;
  const last = running[running.length - 1];
  // Of the whole queue when the farm says; a snapshot of an older server has only what is printed.
  const end = store.farm.all_done_at === undefined ? store.now() + last.job.left_s : store.farm.all_done_at;
  return { name: first.name, d: dur(first.job.left_s), at: end === null ? '' : clock(end, store.now()) };
}

/** @param {string} name @param {string} legend @param {string[]} options @param {() => void} done */
function choices(name, legend, options, done) {
  return h('fieldset', null, h('legend', null, legend), options.map((option) => h('label', null,
    h('input', { type: 'radio', name, value: option, checked: /** @type {any} */ (view)[name] === option, onchange: () => { /** @type {any} */ (view)[name] = option; remember(); done(); } }),
    t(`${name}.${option}`))));
}

/** @param {HTMLElement} root @param {AbortSignal} signal */
export function farmPage(root, signal) {
  const search = h('input', { type: 'search', placeholder: t('farm.find'), 'aria-keyshortcuts': '/', value: view.query, oninput: () => { view.query = search.value.trim().toLowerCase(); paintGrid(); } });
  const searchBox = h('label.search', null, icon('search'), h('span.sr', null, t('farm.find')), search, h('kbd', { 'aria-hidden': 'true' }, '/'));
  const modes = ['cards', 'list', 'wall'].map((mode) => h('button', { type: 'button', title: t(`mode.${mode}`), 'aria-label': t(`mode.${mode}`), data: { mode }, onclick: () => { view.mode = mode; remember(); paintGrid(); } }, icon(/** @type {any} */ ({ cards: 'grid', list: 'list', wall: 'wall' })[mode])));
  const arrange = h('div.arrange', { popover: 'auto', id: 'arrange' },
    choices('group', t('farm.group'), Object.keys(GROUPS), () => paintGrid()),
    choices('sort', t('farm.sort'), Object.keys(SORTS), () => paintGrid()));
  const arrangeButton = h('button.ib', { type: 'button', popovertarget: 'arrange', title: t('farm.arrange'), 'aria-label': t('farm.arrange') }, icon('settings'));
  arrange.addEventListener('beforetoggle', () => {
    const box = arrangeButton.getBoundingClientRect();
    arrange.style.setProperty('top', `${box.bottom + 6}px`);
    arrange.style.setProperty('right', `${Math.max(8, document.documentElement.clientWidth - box.right)}px`);
  });
  const pick = h('button.ib', { type: 'button', title: t('farm.select'), 'aria-label': t('farm.select'), onclick: () => { view.picking = !view.picking; if (!view.picking) view.selected.clear(); paintGrid(); } }, icon('select'));
  const chips = FILTERS.map(([key, tone]) => h(`button.chip${tone ? `.t-${tone}` : ''}`, { type: 'button', data: { filter: key }, onclick: () => { view.filter = key; paint(null); } }, tone && h('i'), t(`filter.${key}`), h('b')));
  const free = h('p.nextfree');
  const needsList = h('ul');
  const needsCount = h('b');
  const needsMore = h('button.link', { type: 'button', onclick: () => { view.more = !view.more; paint(null); } });
  const needs = h('section.needs', { 'aria-labelledby': 'h-needs', hidden: true }, h('h2', { id: 'h-needs' }, t('farm.needs'), needsCount, needsMore), needsList);
  const grid = h('div.grid', { id: 'grid' });
  const next = h('section.upnext.card');
  const openSearch = () => { searchBox.classList.toggle('is-open'); search.focus(); };
  const page = h('div.farm', null,
    h('header.top', null, h('h1', null, t('farm')), searchBox,
      h('button.ib.phone-only', { type: 'button', 'aria-label': t('farm.find'), onclick: openSearch }, icon('search')),
      pick, arrangeButton, arrange,
      h('div.seg', { role: 'group', 'aria-label': t('farm.view') }, modes),
      h('button.btn.pri.up', { type: 'button', 'aria-keyshortcuts': 'u', data: { do: 'upload' } }, icon('upload'), t('upload.open'))),
    h('div.ahead', null, h('div.chips', { role: 'group', 'aria-label': t('farm.filter') }, chips), free),
    needs, h('div.beside', null, h('section', { 'aria-labelledby': 'h-printers' }, h('h2.sr', { id: 'h-printers' }, t('farm.printers')), grid), next));
  root.append(page);

  /** @type {Map<string, any>} cards by printer, kept while filtered out */
  const cards = new Map();
  const empty = h('div.empty');

  /** @param {string} id */
  function cardOf(id) {
    let card = cards.get(id);
    if (!card) {
      card = document.createElement('pf-printer-card');
      card.dataset.id = id;
      cards.set(id, card);
    }
    return card;
  }

  function paintGrid() {
    const rows = arranged();
    const cls = `grid ${view.mode}`;
    if (grid.className !== cls) grid.className = cls;
    page.classList.toggle('selecting', view.picking || view.selected.size > 0);
    for (const button of modes) attr(button, 'aria-pressed', String(button.dataset.mode === view.mode));
    attr(pick, 'aria-pressed', String(view.picking));
    keyed(grid, rows, (row) => row.key, (row) => (row.p ? cardOf(row.p.id) : h('h3.grouphead', null, h('span', null, row.head), h('b'))), (node, row) => {
      if (row.p) paintCard(node, row.p);
      else text(node.lastChild, row.n);
    });
    if (!rows.length) showEmpty();
    paintBulk();
  }

  /** @param {any} card @param {Printer} p */
  function paintCard(card, p) {
    if (card.tick) card.tick.checked = view.selected.has(p.id);
    card.printer = p;
  }

  function showEmpty() {
    const none = !store.printers.size;
    empty.replaceChildren(...(none
      ? [icon('printer'), h('h2', null, t(store.seq < 0 ? 'farm.loading' : 'farm.first')), store.seq >= 0 && h('p', null, t('farm.first.how')), store.seq >= 0 && h('code', null, 'config.json')].filter(Boolean)
      : [h('p', null, t('farm.nomatch'), ' ', h('button.link', { type: 'button', onclick: () => { view.filter = 'all'; view.query = ''; search.value = ''; paint(null); } }, t('farm.showall')))]));
    grid.append(empty);
  }

  function paintHead() {
    const list = all();
    FILTERS.forEach(([key, , member], i) => {
      const n = list.filter(member).length;
      text(chips[i].querySelector('b'), n);
      attr(chips[i], 'aria-pressed', String(view.filter === key));
      hide(chips[i], n === 0 && key !== 'all' && view.filter !== key);
    });
    const next = nextFree();
    hide(free, !next);
    if (next) free.replaceChildren(`${t('farm.next')} `, h('b', null, next.name), ` ${t('farm.in')} ${next.d}`, ...(next.at ? [` · ${t('farm.alldone')} `, h('b', null, next.at)] : []));
    const waiting = needing();
    hide(needs, !waiting.length);
    text(needsCount, waiting.length);
    hide(needsMore, waiting.length <= 3);
    text(needsMore, view.more ? t('farm.less') : t('farm.more', { n: waiting.length - 3 }));
    const held = needsList.contains(document.activeElement);
    keyed(needsList, view.more ? waiting : waiting.slice(0, 3), (p) => p.id, taskNode, paintTask);
    // The task that was just done is gone: the next one is where a person goes on.
    if (held && !needsList.contains(document.activeElement)) (needsList.querySelector('button') ?? search).focus();
  }

  async function paintBulk() {
    if (!view.selected.size && !page.querySelector('.bulk')) return;
    const { bulkBar } = await import('../parts/bulk.js');
    if (!signal.aborted) bulkBar(page, view.selected, () => { view.selected.clear(); view.picking = false; paintGrid(); });
  }

  let order = '';
  /** @param {Set<string> | null} changed */
  function paint(changed) {
    if (!empty.isConnected || store.printers.size) paintHead();
    // A change of state may move a card or change a group; a new temperature cannot.
    const key = all().map((p) => `${p.id}${p.state}${p.watch?.alarm ?? ''}${view.sort === 'left' ? Math.round((p.job?.left_s ?? 0) / 60) : ''}`).join();
    if (changed === null || key !== order) {
      order = key;
      if (store.printers.size && empty.isConnected) empty.remove();
      paintGrid();
      return;
    }
    for (const id of changed) {
      const p = store.printers.get(id);
      const card = cards.get(id);
      if (p && card?.isConnected) paintCard(card, p);
    }
    if (view.selected.size) void paintBulk();
  }

  let last = -1;
  grid.addEventListener('change', (/** @type {Event} */ event) => {
    const tick = /** @type {HTMLInputElement} */ (event.target);
    const card = tick.closest('pf-printer-card');
    if (!card) return;
    const list = [...grid.querySelectorAll('pf-printer-card')];
    const at = list.indexOf(card);
    const span = shift && last >= 0 ? list.slice(Math.min(at, last), Math.max(at, last) + 1) : [card];
    for (const one of span) {
      const id = /** @type {HTMLElement} */ (one).dataset.id ?? '';
      if (tick.checked) view.selected.add(id);
      else view.selected.delete(id);
    }
    last = at;
    paintGrid();
  });
  let shift = false;
  grid.addEventListener('click', (/** @type {MouseEvent} */ event) => { shift = event.shiftKey; }, true);

  store.watch((change) => paint(change.printers), signal);
  paint(null);
  void import('../parts/upnext.js').then(({ nextHere, upNext, watchHints }) => {
    if (signal.aborted) return;
    nextUp = nextHere;
    watchHints(() => paint(new Set()), signal);
    void upNext(next, signal);
  });
  setTimeout(() => import('../parts/snapshots.js').then(({ snapshots }) => signal.aborted || snapshots(grid, cards, signal)), 50);
}
