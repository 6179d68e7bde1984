// @ts-check
// The menu of a waiting job: one for the whole list, opened at the row that asked.
import { applyGate } from '../gates.js';
import { h, hide, icon } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { duplicate, hold, ids, release, remove, shift } from './queue-acts.js';
import { beforeOf } from './queue-rules.js';

addWords({
  'qm.more': 'More for {name}', 'qm.top': 'Top', 'qm.up': 'Up', 'qm.down': 'Down', 'qm.bottom': 'Bottom', 'qm.edit': 'Edit…', 'qm.hold': 'Hold', 'qm.release': 'Release', 'qm.duplicate': 'Duplicate', 'qm.remove': 'Remove', 'qm.first': 'It is first already.', 'qm.last': 'It is last already.',
});

/** @typedef {Record<string, any>} Job */
/** @typedef {'top' | 'up' | 'down' | 'bottom'} Where */

const MOVES = /** @type {Where[]} */ (['top', 'up', 'down', 'bottom']);

/** @type {Array<{name: string, icon: string, show?: (job: Job) => boolean, run: (job: Job) => any}>} */
const ENTRIES = [
  ...MOVES.map((where) => ({ name: where, icon: where, run: (/** @type {Job} */ job) => shift(job, where) })),
  { name: 'edit', icon: 'edit', run: async (job) => (await import('./queue-edit.js')).editDialog(job) },
  { name: 'hold', icon: 'pausec', show: (job) => job.state === 'queued', run: hold },
  { name: 'release', icon: 'play', show: (job) => job.state === 'held', run: release },
  { name: 'duplicate', icon: 'copy', run: duplicate },
  { name: 'remove', icon: 'trash', run: remove },
];

/** @returns {{root: HTMLElement, button: (id: () => string) => any}} button: one per row */
export function jobMenu() {
  let id = '';
  let openedAt = '';
  const buttons = ENTRIES.map((entry) => h('button', { type: 'button', onclick: () => { root.hidePopover(); const job = store.jobs.get(id); if (job) void entry.run(job); } }, icon(entry.icon), h('span', null, t(`qm.${entry.name}`))));
  const root = h('div.menu.qmenu', { popover: 'auto', id: 'qmenu' }, buttons.slice(0, 4), h('hr'), buttons.slice(4));
  /** @type {any} */
  let by = null;
  root.addEventListener('toggle', (/** @type {any} */ event) => by?.setAttribute('aria-expanded', String(event.newState === 'open')));

  /** @param {Job} job */
  function paint(job) {
    const order = ids();
    ENTRIES.forEach((entry, i) => {
      hide(buttons[i], entry.show?.(job) === false);
      const moves = MOVES.includes(/** @type {Where} */ (entry.name));
      const can = !moves || beforeOf(order, job.id, /** @type {Where} */ (entry.name)) !== undefined;
      applyGate(buttons[i], { ok: can, code: 'no_move', why: t(order[0] === job.id ? 'qm.first' : 'qm.last') });
    });
  }

  /** @param {any} button */
  function openAt(button) {
    by = button;
    const job = store.jobs.get(id);
    if (!job) return;
    paint(job);
    root.showPopover();
    const box = button.getBoundingClientRect();
    const below = box.bottom + 6 + root.offsetHeight < innerHeight;
    root.style.setProperty('top', `${Math.max(8, below ? box.bottom + 6 : box.top - root.offsetHeight - 6)}px`);
    root.style.setProperty('right', `${Math.max(8, document.documentElement.clientWidth - box.right)}px`);
    root.querySelector('button:not([hidden], [aria-disabled])')?.focus();
  }

  root.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Tab') root.hidePopover(); // and on from the row's button
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.altKey) return;
    event.preventDefault();
    const shown = buttons.filter((one) => !one.hidden);
    shown[(shown.indexOf(document.activeElement) + step + shown.length) % shown.length]?.focus();
  });

  /** @param {() => string} idOf */
  const button = (idOf) => {
    // Pressing the button closes an open menu before the click arrives: then it stays closed.
    const node = h('button.ib.more', { type: 'button', 'aria-haspopup': 'true', 'aria-expanded': 'false',
      onpointerdown: () => { openedAt = root.matches(':popover-open') ? id : ''; },
      onclick: () => { const again = openedAt === idOf(); openedAt = ''; id = idOf(); if (!again) openAt(node); } }, icon('more'));
    return node;
  };
  return { root, button };
}

/** @param {any} button @param {string} name */
export function nameButton(button, name) {
  const words = t('qm.more', { name });
  if (button.getAttribute('aria-label') !== words) button.setAttribute('aria-label', words);
}
