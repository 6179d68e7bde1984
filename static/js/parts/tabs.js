// @ts-check
// Files on the printer's storage, a one-line console, and what happened lately.
import { ApiError, get } from '../api.js';
import { attr, h, hide, icon, text } from '../html.js';
import { bytes, clock, clockS, epoch, HOUR } from '../format.js';
import { applyLock, gate, knows, lockLine } from '../gates.js';
import { command } from '../commands.js';
import { store } from '../store.js';
import { t } from '../text.js';

const LINES = 500;
const TABS = ['files', 'console', 'events'];
const TONES = /** @type {Record<string, [string, string]>} */ ({ urgent: ['fault', 'octagon'], warn: ['warn', 'triangle'], info: ['idle', 'info'] });

/** @param {string} id @param {AbortSignal} signal @param {import('../ws.js').Link | null} link */
export function tabsCard(id, signal, link) {
  const base = `/api/printers/${encodeURIComponent(id)}`;
  const terminal = consolePanel(id);
  /** @type {Record<string, {root: HTMLElement, open: () => void, paint?: (p: any) => void}>} */
  const panels = {
    files: filesPanel(`${base}/files`, signal),
    console: terminal,
    events: listPanel(() => `${base}/events`, (a) => a?.events ?? a, eventRow, 'events.none', signal, 'ol.events'),
  };
  let chosen = 'files';
  const buttons = TABS.map((name) => h('button', { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': 'tabpanel', onclick: () => choose(name) }, t(`tabs.${name}`)));
  const panel = h('div', { role: 'tabpanel', id: 'tabpanel' });
  const root = h('section.card.tabs', { 'aria-label': t('tabs.label') }, h('div', { role: 'tablist', 'aria-label': t('tabs.label'), onkeydown: (/** @type {KeyboardEvent} */ e) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    if (!step) return;
    const open = TABS.filter((_, i) => !buttons[i].hidden);
    const next = open[(open.indexOf(chosen) + step + open.length) % open.length];
    choose(next);
    buttons[TABS.indexOf(next)].focus();
  } }, buttons), panel);
  link?.on('event', (frame) => { if (frame.printer === id && chosen === 'events') panels.events.open(); }, signal);
  link?.on('console', (frame) => { if (frame.printer === id) for (const [at, dir, words] of frame.lines ?? []) terminal.add(words, dir === 'in' ? 'in' : '', at); }, signal);

  /** @param {string} name */
  function choose(name) {
    chosen = name;
    TABS.forEach((one, i) => {
      attr(buttons[i], 'aria-selected', String(one === name));
      attr(buttons[i], 'tabindex', one === name ? '0' : '-1');
    });
    attr(panel, 'aria-labelledby', `tab-${name}`);
    panel.replaceChildren(panels[name].root);
    panels[name].open();
  }
  let started = false;
  /** @param {any} p */
  function paint(p) {
    panels.console.paint?.(p);
    const lines = knows(p, 'gcode');
    hide(buttons[TABS.indexOf('console')], !lines);
    if (!lines && chosen === 'console') choose('files');
    if (started) return;
    started = true;
    // A listing is a file-transfer session on the printer: not while it is away.
    choose(p.conn?.online ? 'files' : 'events');
  }
  return { root, paint };
}

/** The printer's storage, one folder at a time. @param {string} url @param {AbortSignal} signal */
function filesPanel(url, signal) {
  let folder = '/';
  const up = h('button.btn.sm.ghost', { type: 'button', hidden: true, onclick: () => go(folder.replace(/[^/]+\/?$/, '') || '/') }, icon('back'), h('span'));
  const list = listPanel(() => `${url}?folder=${encodeURIComponent(folder)}`, (a) => [...(a?.files ?? [])].sort((x, y) => Number(x.folder) - Number(y.folder)), (f) => fileRow(f, go), 'files.none', signal, 'ul.filelist');
  list.root.prepend(up);
  /** @param {string} path */
  function go(path) {
    folder = path;
    hide(up, folder === '/');
    text(up.lastChild, folder);
    list.open();
  }
  return list;
}

/** @param {any} f @param {(path: string) => void} go */
function fileRow(f, go) {
  const name = f.folder ? h('button.link', { type: 'button', onclick: () => go(f.path) }, f.name) : f.name;
  return h('li', null, icon(f.folder ? 'folder' : 'file'), h('b', { title: f.path }, name), h('span', null, bytes(f.size_bytes)), h('span.when', null, when(f.modified)));
}

/** A printer's own words for a time, as the reader writes it; words that are none stay as they are.
 * @param {string | undefined} modified */
function when(modified) {
  const at = Date.parse(modified ?? '');
  if (Number.isNaN(at) || !/\d{4}/.test(modified ?? '')) return modified ?? '';
  const timed = /\d:\d/.test(modified ?? '');
  return new Date(at).toLocaleString([], { year: 'numeric', month: 'short', day: 'numeric', ...(timed && { hour: HOUR, minute: '2-digit' }) });
}

/** @param {any} e */
function eventRow(e) {
  const [tone, pic] = TONES[e.level] ?? TONES.info;
  const at = epoch(e.at);
  return h(`li.t-${tone}`, null, icon(pic), h('time', null, at ? clock(at, store.now()) : ''), h('span', null, e.text));
}

/** A list that is fetched when it is opened. @param {() => string} url @param {(answer: any) => any[]} pick
 * @param {(item: any) => Node} row @param {string} nothing @param {AbortSignal} signal @param {string} tag */
function listPanel(url, pick, row, nothing, signal, tag) {
  const list = h(tag, { tabindex: 0 }); // long ones scroll, so they must take the arrow keys
  const note = h('p.note', { role: 'status' }, t('loading'));
  const again = h('button.btn.sm.ghost', { type: 'button', onclick: () => void open() }, icon('refresh'), t('refresh'));
  const root = h('div', null, list, note, again);
  async function open() {
    hide(note, false);
    text(note, t('loading'));
    try {
      const items = pick(await get(url(), { signal, timeout: 60000 })) ?? [];
      list.replaceChildren(...items.map(row));
      hide(note, items.length > 0);
      text(note, t(nothing));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      text(note, error.message);
    }
  }
  return { root, open };
}

/** @param {string} id */
function consolePanel(id) {
  const log = h('div.log', { role: 'log', 'aria-label': t('tabs.console'), tabindex: 0 });
  const input = h('input', { type: 'text', 'aria-label': t('console.line'), placeholder: 'M115', spellcheck: 'false', autocomplete: 'off', autocapitalize: 'characters', maxlength: 200 });
  const line = lockLine('lock-console');
  const set = h('fieldset', { 'aria-describedby': 'lock-console' }, h('legend.sr', null, t('tabs.console')), h('form', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); void send(); } }, input, h('button.btn', null, t('console.send'))));
  const root = h('div.console', null, h('p.note', null, t('console.hint')), log, line, set);

  /** @param {string} words @param {string} [cls] @param {number} [at] */
  function add(words, cls = '', at = store.now()) {
    log.append(h(`p${cls ? `.${cls}` : ''}`, null, h('time', null, clockS(at)), words));
    while (log.children.length > LINES) log.firstElementChild?.remove();
    log.scrollTop = log.scrollHeight;
  }

  async function send() {
    const words = input.value.trim();
    if (!words) return;
    add(`> ${words}`, 'in');
    input.value = '';
    try {
      const answer = await command(id, 'gcode', { line: words }, { quiet: true });
      const lines = answer?.lines?.length ? answer.lines : [answer?.message || answer?.text || t('console.sent')];
      for (const one of lines) add(String(one));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      add(error.message, 'bad');
    }
  }
  return { root, add, open: () => {}, paint: (/** @type {any} */ p) => applyLock(set, line, gate(p, 'gcode'), t('console.locked')) };
}
