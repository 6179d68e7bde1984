// @ts-check
// Putting a job somewhere else by hand: with the pointer on its handle, or with Alt and the arrows.
import { store } from '../store.js';
import { ids, place, shift } from './queue-acts.js';
import { moved } from './queue-rules.js';

const EDGE_PX = 70;
const SCROLL_PX = 12;

/** While a row is being dragged the list must not be painted: `busy` says so.
 * @param {HTMLElement} list @param {() => void} paint @param {AbortSignal} signal
 * @returns {{busy: () => boolean}} */
export function ordering(list, paint, signal) {
  /** @type {{row: any, startY: number, y: number, end: AbortController} | null} */
  let drag = null;

  list.addEventListener('keydown', (event) => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    const row = /** @type {HTMLElement} */ (event.target).closest('li.qrow');
    const job = row && store.jobs.get(/** @type {HTMLElement} */ (row).dataset.id ?? '');
    if (!job) return;
    event.preventDefault();
    void shift(job, event.key === 'ArrowUp' ? 'up' : 'down');
    requestAnimationFrame(() => row.scrollIntoView({ block: 'nearest' }));
  }, { signal });

  list.addEventListener('pointerdown', (event) => {
    const grip = event.button === 0 && /** @type {Element} */ (event.target).closest('.grip');
    const row = grip && grip.closest('li.qrow');
    if (!row || drag) return;
    event.preventDefault(); // no text is selected on the way
    /** @type {HTMLElement} */ (grip).focus({ preventScroll: true });
    const end = new AbortController();
    drag = { row, startY: event.clientY, y: event.clientY, end };
    row.classList.add('is-drag');
    const options = { signal: AbortSignal.any([signal, end.signal]) };
    document.addEventListener('pointermove', (e) => { if (drag) { drag.y = e.clientY; e.preventDefault(); follow(); } }, options);
    document.addEventListener('pointerup', () => drop(true), options);
    document.addEventListener('pointercancel', () => drop(false), options);
    document.addEventListener('keydown', (e) => { if (e.key === 'Escape') { e.stopPropagation(); drop(false); } }, { ...options, capture: true });
    requestAnimationFrame(scroll);
  }, { signal });

  /** The row goes where the pointer is: past a neighbour's middle they change places. */
  function follow() {
    if (!drag) return;
    const { row, y } = drag;
    const before = row.previousElementSibling;
    const after = row.nextElementSibling;
    const middle = (/** @type {Element} */ one) => { const box = one.getBoundingClientRect(); return box.top + box.height / 2; };
    if (before && y < middle(before)) before.before(row);
    else if (after?.matches('li.qrow') && y > middle(after)) after.after(row);
    else return;
    follow();
  }

  function scroll() {
    if (!drag) return;
    const by = drag.y < EDGE_PX ? -SCROLL_PX : drag.y > innerHeight - EDGE_PX ? SCROLL_PX : 0;
    if (by) {
      scrollBy(0, by);
      follow();
    }
    requestAnimationFrame(scroll);
  }

  /** @param {boolean} keep false = back to where it was */
  function drop(keep) {
    if (!drag) return;
    const { row, end } = drag;
    drag = null;
    end.abort();
    row.classList.remove('is-drag');
    const before = row.nextElementSibling?.dataset.id ?? null;
    const id = row.dataset.id;
    const order = ids();
    // The last row that is shown may have others behind it.
    const behind = before ?? order[order.indexOf(row.previousElementSibling?.dataset.id) + 1] ?? null;
    if (keep && behind !== id && moved(order, id, behind).join() !== order.join()) void place(id, behind);
    else paint();
    row.querySelector('.grip').focus({ preventScroll: true });
  }

  return { busy: () => drag !== null };
}
