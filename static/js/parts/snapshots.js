// @ts-check
// Camera pictures on the farm page: one frame in ten seconds for each card on screen, four
// requests at a time, none while the page is hidden.
import { store } from '../store.js';
import { addWords, t } from '../text.js';

addWords({ 'cam.alt': 'Camera of {name}' });

const EVERY_MS = 10000;
const AFTER_ERROR_MS = 15000;
const IN_FLIGHT = 4;
const WIDTH = 320;

/** @param {string} id @param {number} width */
export function snapshotUrl(id, width) {
  return `/api/camera/snapshot?printer_id=${encodeURIComponent(id)}&w=${width}&_=${Date.now()}`;
}

/** @param {HTMLElement} grid @param {Map<string, any>} cards @param {AbortSignal} signal */
export function snapshots(grid, cards, signal) {
  /** @type {Set<any>} */
  const visible = new Set();
  /** @type {WeakMap<any, number>} */
  const due = new WeakMap();
  let flying = 0;

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) visible.add(entry.target);
      else visible.delete(entry.target);
    }
    round();
  }, { threshold: 0.1 });

  const watch = () => { for (const card of cards.values()) seen.observe(card); };
  const arrivals = new MutationObserver(watch);
  arrivals.observe(grid, { childList: true });
  watch();

  /** @param {any} card */
  function fetchFrame(card) {
    flying += 1;
    const next = new Image();
    const done = (/** @type {boolean} */ ok) => {
      flying -= 1;
      due.set(card, Date.now() + (ok ? EVERY_MS : AFTER_ERROR_MS));
      if (ok && card.camera && !signal.aborted) card.frame(next.src, t('cam.alt', { name: card.p.name }));
      if (!signal.aborted) round();
    };
    next.onload = () => done(true);
    next.onerror = () => done(false);
    due.set(card, Infinity);
    next.src = snapshotUrl(card.p.id, WIDTH);
  }

  function round() {
    if (document.hidden || signal.aborted || !store.connected) return;
    const now = Date.now();
    for (const card of visible) {
      if (flying >= IN_FLIGHT) return;
      if (card.isConnected && card.camera && (due.get(card) ?? 0) <= now) fetchFrame(card);
    }
  }

  const timer = setInterval(round, 1000);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    seen.disconnect();
    arrivals.disconnect();
  });
}
