// @ts-check
// Camera pictures on the farm page, of the cards on screen only and of none while the page is
// hidden. Cards and list: one frame in ten seconds. The wall: a frame every 2.5 s, and three
// cameras live. A browser has six connections to a server: more live ones would starve the rest.
import { h, text } from '../html.js';
import { dur } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { watchStream } from './mjpeg.js';
import { pickLive } from './wall-rules.js';

addWords({ 'cam.alt': 'Camera of {name}', 'cam.ago': '{d} ago' });

const RATES = { wall: { everyMs: 2500, width: 640 }, other: { everyMs: 10000, width: 320 } };
const AFTER_ERROR_MS = [2000, 15000]; // least and most, between them what the farm says
const LOST_S = 45;
const IN_FLIGHT = 3;
const SAY_AGE_S = 8;

/** @param {string} id @param {number} width */
export const snapshotUrl = (id, width) => `/api/camera/snapshot?printer_id=${encodeURIComponent(id)}&w=${width}`;

/** One card's picture: where it comes from now, and how old it is. */
class Shot {
  /** @param {any} card */
  constructor(card) {
    this.card = card;
    this.due = 0;
    this.failedAt = 0; // when its stream broke
    this.etag = '';
    this.at = 0; // epoch s
    this.url = '';
    /** @type {AbortController | null} */
    this.live = null;
    this.mark = h('span.age');
  }

  /** @param {Blob} blob @param {number} at */
  show(blob, at) {
    const before = this.url;
    this.url = URL.createObjectURL(blob);
    this.at = Number.isFinite(at) ? at : store.now();
    this.card.frame(this.url, t('cam.alt', { name: this.card.p.name }));
    if (!this.mark.isConnected) this.card.shot.append(this.mark);
    URL.revokeObjectURL(before);
  }

  /** A picture that nothing renews is taken away: it would lie. */
  settle() {
    const age = store.now() - this.at;
    const shown = Boolean(this.url) && this.card.camera;
    if (this.url && (age > LOST_S || !this.card.camera)) this.drop();
    text(this.mark, shown && this.live ? t('cam.live') : shown && age > SAY_AGE_S ? t('cam.ago', { d: dur(age) }) : '');
    this.mark.classList.toggle('live', Boolean(shown && this.live));
  }

  drop() {
    this.card.frameGone();
    URL.revokeObjectURL(this.url);
    this.url = this.etag = '';
  }

  stop() {
    this.live?.abort();
    this.live = null;
  }
}

/** @param {HTMLElement} grid @param {Map<string, any>} cards @param {AbortSignal} signal */
export function snapshots(grid, cards, signal) {
  /** @type {Set<any>} */
  const visible = new Set();
  /** @type {Map<any, Shot>} */
  const shots = new Map();
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
  function shotOf(card) {
    const known = shots.get(card) ?? new Shot(card);
    shots.set(card, known);
    return known;
  }

  const rate = () => (grid.classList.contains('wall') ? RATES.wall : RATES.other);

  /** @param {Shot} shot */
  async function ask(shot) {
    flying += 1;
    shot.due = Infinity;
    const { everyMs, width } = rate();
    let next = AFTER_ERROR_MS[1];
    try {
      const headers = /** @type {Record<string, string>} */ (shot.etag ? { 'If-None-Match': shot.etag } : {});
      const answer = await fetch(snapshotUrl(shot.card.p.id, width), { headers, signal, cache: 'no-store' });
      if (answer.ok) {
        const blob = await answer.blob();
        shot.etag = answer.headers.get('ETag') ?? '';
        if (shot.card.camera && !shot.live) shot.show(blob, Number(answer.headers.get('X-Frame-At') ?? NaN));
      }
      if (answer.ok || answer.status === 304) next = everyMs;
      else next = Math.min(AFTER_ERROR_MS[1], Math.max(AFTER_ERROR_MS[0], 1000 * Number(answer.headers.get('Retry-After') ?? 15)));
    } catch {
      // the farm cannot be reached: the connection line says so, and the age goes on
    }
    flying -= 1;
    shot.due = Date.now() + next;
    if (!signal.aborted) round();
  }

  /** @param {Shot} shot */
  function goLive(shot) {
    const mine = (shot.live = new AbortController());
    watchStream(`/api/camera?printer_id=${encodeURIComponent(shot.card.p.id)}`, (blob, at) => shot.show(blob, at), mine.signal).catch(() => {
      if (mine.signal.aborted) return;
      shot.live = null; // back to single pictures, whose failure says the rest
      shot.etag = '';
      shot.failedAt = Date.now();
      shot.due = 0;
    });
  }

  /** Which cameras are live: none but on a wall that somebody can see. @param {boolean} on */
  function chooseLive(on) {
    const able = on && grid.classList.contains('wall')
      ? [...grid.querySelectorAll('pf-printer-card')].filter((/** @type {any} */ card) => visible.has(card) && card.camera)
      : [];
    const wanted = new Set(pickLive(able.map((/** @type {any} */ card) => ({
      key: card, live: Boolean(shots.get(card)?.live), printing: card.p.state === 'printing', held: card.matches(':hover, :focus-within'),
      failing: Date.now() - (shots.get(card)?.failedAt ?? 0) < AFTER_ERROR_MS[1],
    }))));
    for (const shot of shots.values()) if (shot.live && !wanted.has(shot.card)) shot.stop();
    for (const card of wanted) if (!shotOf(card).live) goLive(shotOf(card));
  }

  function round() {
    const on = !document.hidden && !signal.aborted && store.connected;
    chooseLive(on);
    for (const shot of shots.values()) shot.settle();
    if (!on) return;
    const now = Date.now();
    for (const card of visible) {
      if (flying >= IN_FLIGHT) return;
      const shot = shotOf(card);
      if (card.isConnected && card.camera && !shot.live && shot.due <= now) void ask(shot);
    }
  }

  const timer = setInterval(round, 1000);
  document.addEventListener('visibilitychange', round, { signal });
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    seen.disconnect();
    arrivals.disconnect();
    for (const shot of shots.values()) {
      shot.stop();
      if (shot.url) shot.drop();
    }
  });
}
