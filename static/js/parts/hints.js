// @ts-check
// What the farm advises: the one act that would free the most work, and what starts on a printer
// once its bed is marked clear. Asked for when something has changed, never more than every 3 s.
import { ApiError, get } from '../api.js';
import { h, hide, icon, text } from '../html.js';
import { stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';

addWords({ 'hint.next': 'Mark clear: next {name}', 'hint.here': 'next here: {name}', 'hint.go': 'Show {name}' });

const GAP_MS = 3000;
const OLD_MS = 30000;

/** @type {{advice: any, next: Record<string, {id: string, name: string}>}} */
let known = { advice: null, next: {} };
/** @type {Set<() => void>} */
const watchers = new Set();
let askedAt = 0;
/** @type {any} */
let timer = null;

async function ask() {
  timer = null;
  askedAt = Date.now();
  try {
    known = await get('/api/dispatch/hints');
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    known = { advice: null, next: {} }; // better no advice than an old one
  }
  for (const tell of watchers) tell();
}

/** @param {number} gap */
function soon(gap) {
  if (timer === null && store.connected && !document.hidden) timer = setTimeout(() => void ask(), Math.max(0, askedAt + gap - Date.now()));
}

/** Calls `tell` with every new advice. @param {() => void} tell @param {AbortSignal} signal */
export function watchHints(tell, signal) {
  watchers.add(tell);
  signal.addEventListener('abort', () => watchers.delete(tell));
  store.watch((change) => {
    if (change.jobs || change.link) soon(GAP_MS);
    else if (change.clock || [...(change.printers ?? [])].some((id) => store.printers.get(id)?.state === 'needs_clear' && !known.next[id])) soon(Date.now() - askedAt > OLD_MS ? 0 : OLD_MS);
  }, signal);
  soon(0);
}

/** What starts on a printer once its bed is marked clear, '' = nothing the farm knows of. @param {any} p */
function nextOn(p) {
  const next = store.queue.why ? null : known.next[p.id];
  return next ? stem(next.name) : '';
}

/** The words of a printer's "Mark clear": with what it starts. @param {any} p */
export function clearWords(p) {
  const name = nextOn(p);
  return name ? t('hint.next', { name }) : t('act.mark-clear');
}

/** The same as a line of its own, '' = nothing. @param {any} p */
export function nextHere(p) {
  const name = nextOn(p);
  return name && t('hint.here', { name });
}

/** One line with the act, a way to the printer it is about. @param {AbortSignal} signal */
export function adviceLine(signal) {
  const words = h('span');
  const link = h('a');
  const line = h('p.q-advice', { role: 'status', hidden: true }, icon('info'), words, link);
  const paint = () => {
    const found = known.advice;
    const p = found && store.printers.get(found.printer_id);
    // What the notice above says already is not said twice.
    hide(line, !found || found.code === 'paused');
    text(words, found?.text ?? '');
    hide(link, !p);
    if (!p) return;
    link.setAttribute('href', `#/p/${encodeURIComponent(p.id)}`);
    text(link, t('hint.go', { name: p.name }));
  };
  watchHints(paint, signal);
  paint();
  return line;
}
