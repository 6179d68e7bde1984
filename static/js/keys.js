// @ts-check
// One-key shortcuts; none in a field, none while a dialog is open, and they can be turned off.
import { command } from './commands.js';
import { gate } from './gates.js';
import { store } from './store.js';
import { t } from './text.js';
import { toast } from './parts/toast.js';

const GO_MS = 1200;
const PLACES = /** @type {Record<string, string>} */ ({ f: '#/', q: '#/queue', h: '#/history' });

export const keysOn = () => localStorage.getItem('keys') !== 'off';

/** @param {boolean} on */
export function setKeys(on) {
  localStorage.setItem('keys', on ? 'on' : 'off');
}

/** The card that has the focus, or -1. @param {Element[]} cards */
const focused = (cards) => cards.findIndex((card) => card.contains(document.activeElement));

/** @param {number} step */
function move(step) {
  const cards = [...document.querySelectorAll('pf-printer-card')];
  if (!cards.length) return;
  const at = focused(cards);
  const next = cards[Math.max(0, Math.min(cards.length - 1, at < 0 ? 0 : at + step))];
  next.querySelector('a')?.focus();
  next.scrollIntoView({ block: 'nearest' });
}

/** The printer under the focus, or the one whose page is open. */
function current() {
  const card = /** @type {HTMLElement | undefined} */ (document.activeElement?.closest('pf-printer-card'));
  const id = card?.dataset.id ?? /^#\/p\/([^/]+)/.exec(location.hash)?.[1];
  return id ? store.printers.get(decodeURIComponent(id)) : undefined;
}

async function pause() {
  const printer = current();
  if (!printer) return;
  const verdict = gate(printer, 'pause');
  if (!verdict.ok) {
    toast(verdict.why, { tone: 'warn' });
    return;
  }
  const { confirm } = await import('./parts/dialogs.js');
  const sure = await confirm({ title: t('keys.pause', { name: printer.name }), body: [printer.job?.name ?? ''], ok: t('act.pause') });
  if (sure) void command(printer.id, 'pause');
}

/** @param {(what: string) => Promise<void>} open */
export function watchKeys(open) {
  let goUntil = 0;
  /** @type {Record<string, () => void>} */
  const acts = {
    '/': () => /** @type {HTMLElement | null} */ (document.querySelector('.search input'))?.focus(),
    '?': () => void open('help'),
    u: () => void open('upload'),
    g: () => { goUntil = Date.now() + GO_MS; },
    j: () => move(1),
    k: () => move(-1),
    x: () => /** @type {HTMLElement | null} */ (document.activeElement?.closest('pf-printer-card')?.querySelector('.tick') ?? null)?.click(),
    p: () => void pause(),
  };
  document.addEventListener('keydown', (event) => {
    if (!keysOn() || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open], [role=tablist]') || document.querySelector('dialog[open]')) return;
    if (PLACES[event.key] && Date.now() < goUntil) {
      event.preventDefault();
      goUntil = 0;
      location.hash = PLACES[event.key];
      return;
    }
    if (event.key === 'Escape' && target.closest('.printer-page') === null && location.hash.startsWith('#/p/') && target === document.body) location.hash = '#/';
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
