// @ts-check
// A printer on the farm page: at most 45 elements, and only what changed is written.
import { attr, cssVar, h, hide, icon, setIcon, text } from '../html.js';
import { applyGate, gate, knows } from '../gates.js';
import { climate, css, deg, describe, dur, elsewhere, evidenceOf, pct, watchMark } from '../format.js';
import { store } from '../store.js';
import { t } from '../text.js';

/** Display state → icon, tone, order under "needs me first". The words are in text.js. */
export const STATE = /** @type {Record<string, {icon: string, tone: string, rank: number}>} */ ({
  fault: { icon: 'octagon', tone: 'fault', rank: 0 },
  paused: { icon: 'pausec', tone: 'warn', rank: 1 },
  needs_clear: { icon: 'plate', tone: 'ok', rank: 2 },
  needs_human: { icon: 'question', tone: 'warn', rank: 3 },
  identity: { icon: 'shield', tone: 'warn', rank: 4 },
  auth: { icon: 'key', tone: 'warn', rank: 5 },
  misconfigured: { icon: 'settings', tone: 'warn', rank: 6 },
  stopping: { icon: 'stop', tone: 'warn', rank: 7 },
  printing: { icon: 'printing', tone: 'run', rank: 8 },
  preparing: { icon: 'heat', tone: 'run', rank: 8 },
  uploading: { icon: 'up', tone: 'run', rank: 8 },
  busy: { icon: 'gear', tone: 'run', rank: 9 },
  ready: { icon: 'circle', tone: 'idle', rank: 10 },
  maintenance: { icon: 'wrench', tone: 'maint', rank: 11 },
  connecting: { icon: 'dots', tone: 'off', rank: 12 },
  unknown: { icon: 'question', tone: 'off', rank: 13 },
  offline: { icon: 'nowifi', tone: 'off', rank: 14 },
});

/** @param {string} state */
export const lookOf = (state) => STATE[state] ?? STATE.unknown;

/** Seconds since the last sign of life when that is too long ago, else 0. @param {any} p */
export function staleFor(p) {
  if (!p.conn?.stale || !p.conn.online) return 0;
  return Math.max(1, Math.round(store.now() - (p.conn.seen ?? store.now())));
}

const TURNING = new Set(['Pausing', 'Resuming', 'Cancelling']);

/** On its way from one state to the next: nothing is asked of it until it is there. @param {any} p */
export const turning = (p) => (p.state === 'printing' || p.state === 'paused') && TURNING.has(p.stage);

/** The word on the pill. @param {any} p */
export function stateWord(p) {
  if (p.state === 'uploading' && !elsewhere(p)) return t('state.uploading.pct', { pct: pct(p.job?.phase_pct ?? 0) });
  if ((p.state === 'preparing' || p.state === 'busy') && p.stage) return p.stage;
  if (turning(p)) return `${p.stage}…`;
  if (p.state === 'auth' && p.kind !== 'bambu') return t(elsewhere(p) ? 'state.auth.feed' : 'state.auth.key');
  if (p.state === 'offline' && p.sub === 'closed') return t('state.offline.closed');
  return t(`state.${STATE[p.state] ? p.state : 'unknown'}`);
}

/** Icon, word, colour. */
export class PfState extends HTMLElement {
  /** @param {any} p */
  set printer(p) {
    if (!this.firstChild) {
      this.ico = icon('circle');
      this.word = h('span');
      this.age = h('em', { hidden: true });
      this.append(this.ico, this.word, this.age);
    }
    const look = lookOf(p.state);
    const stale = staleFor(p);
    const cls = `pill t-${look.tone}${stale ? ' is-stale' : ''}`;
    if (this.className !== cls) this.className = cls;
    setIcon(/** @type {any} */ (this.ico), p.state === 'needs_clear' && p.sub === 'stopped' ? 'platex' : look.icon);
    text(this.word, stateWord(p));
    hide(this.age, !stale);
    if (stale) text(this.age, t('card.old', { d: dur(stale) }));
  }
}
customElements.define('pf-state', PfState);

/** state → [gate, action, words, icon when the button shows only that, args] */
const ACTS = /** @type {Record<string, [string, string, string, string?, any?]>} */ ({
  printing: ['pause', 'pause', 'act.pause', 'pause'],
  paused: ['resume', 'resume', 'act.resume', 'play'],
  fault: ['', 'open', 'card.details'],
  needs_clear: ['mark-clear', 'mark-clear', 'act.mark-clear'],
  needs_human: ['', 'resolve', 'card.decide'],
  ready: ['start', 'print', 'card.print'],
  uploading: ['', 'cancel-upload', 'card.cancel'],
  identity: ['', 'trust', 'card.check'],
  auth: ['', 'open', 'card.details'],
  misconfigured: ['', 'open', 'card.details'],
  offline: ['reconnect', 'reconnect', 'act.reconnect'],
  maintenance: ['maintenance', 'maintenance', 'card.endmaint', '', { on: false }],
});

const OF_CONNECTION = new Set(['offline', 'auth', 'identity', 'misconfigured']);

/** Whether something can be done from here about the way to another farm's printer. @param {any} p */
export const reaches = (p) => OF_CONNECTION.has(p.state) && p.sub !== 'there';

/** What the card's button does. A print server whose printer is away is asked to connect it.
 * @param {any} p */
function actOf(p) {
  if (elsewhere(p) && !reaches(p)) return undefined;
  const closed = p.state === 'offline' && p.sub === 'closed' && knows(p, 'connect');
  return closed ? /** @type {[string, string, string, string?, any?]} */ (['connect', 'connect', 'act.connect', '', { on: true }]) : ACTS[p.state];
}

/** Slots to show as dots: those of the changer in use, else the first one, else the external spool.
 * @param {any} p @returns {any[]} */
function dotsOf(p) {
  const units = p.ams ?? [];
  const unit = units.find((/** @type {any} */ u) => u.trays.some((/** @type {any} */ s) => s.slot === p.tray)) ?? units[0];
  return (unit?.trays ?? (p.external ?? []).filter((/** @type {any} */ s) => !s.empty)).slice(0, 4);
}

/** @param {any} p @param {any[]} trays */
function dotsLabel(p, trays) {
  const words = trays.map((s) => (s.empty ? t('tray.is.empty', { slot: s.slot }) : `${s.slot} ${s.name || s.type || t('tray.unknown')}${s.slot === p.tray ? `, ${t('tray.inuse')}` : ''}`));
  return `${t('card.filament')}: ${words.join('; ')}`;
}

/** A camera that hangs upside down or on its side is shown upright: flips first, then the turn.
 * @param {HTMLElement} img @param {any} cam */
export function turn(img, cam) {
  const flip = cam?.flip_h || cam?.flip_v ? `scale(${cam.flip_h ? -1 : 1}, ${cam.flip_v ? -1 : 1})` : '';
  cssVar(img, '--turn', `${cam?.rotate ? `rotate(${cam.rotate}deg) ` : ''}${flip}`.trim() || 'none');
  img.classList.toggle('on-side', cam?.rotate === 90 || cam?.rotate === 270);
}

const BARS = new Set(['printing', 'preparing', 'paused', 'fault', 'uploading', 'stopping']);

export class PfPrinterCard extends HTMLElement {
  /** @type {any} the parts, made by build() with the first printer */
  art = null;
  /** @type {any} */ pic = null;
  /** @type {any} */ img = null;
  /** @type {any} */ tn = null;
  /** @type {any} */ tb = null;
  /** @type {any} */ actIcon = null;
  dotKey = '';
  /** @type {string | null} */ lost = null;
  camera = false;
  /** @type {any} only where there is something to mark */ mark = null;

  build() {
    this.link = h('a');
    this.model = h('span.model');
    this.pill = document.createElement('pf-state');
    this.tick = h('input.tick', { type: 'checkbox' });
    // A picture of a job started at the printer may be gone from there by now.
    this.img = h('img', { alt: '', hidden: true, decoding: 'async', onerror: () => { this.lost = this.img.getAttribute('src'); if (this.img.dataset.from === 'plate') this.paintShot(this.p); } });
    this.pic = icon('printer');
    this.shot = h('div.shot', null, this.pic, this.img);
    this.job = h('p.jobname');
    this.bar = h('progress', { max: 100, value: 0 });
    this.pct = h('b');
    this.barrow = h('div.barrow', { hidden: true }, this.bar, this.pct);
    this.eta = h('p.eta');
    this.tn = document.createTextNode('');
    this.tb = document.createTextNode('');
    this.tvn = h('span.tv', null, icon('nozzle'), h('span.sr', null, t('heater.nozzle')), this.tn);
    this.tvb = h('span.tv', null, icon('bed'), h('span.sr', null, t('heater.bed')), this.tb);
    this.dots = h('span.dots', { role: 'img' });
    this.actIcon = icon('pause');
    this.actWord = h('span');
    this.act = h('button.act', { type: 'button', onclick: () => this.press() }, this.actIcon, this.actWord);
    this.art = h('article.card.pc', null,
      h('header', null, h('h3', null, this.link), this.model, this.pill), this.tick,
      h('div.pc-body', null, this.shot, h('div.pc-main', null, this.job, this.barrow, this.eta)),
      h('footer', null, this.tvn, this.tvb, this.dots, this.act));
    this.append(this.art);
  }

  /** @param {any} p */
  set printer(p) {
    if (!this.art) this.build();
    this.p = p;
    const stale = staleFor(p);
    const selected = this.tick.checked ? ' is-selected' : '';
    const cls = `card pc s-${p.state}${stale ? ' is-stale' : ''}${selected}`;
    if (this.art.className !== cls && !this.art.classList.contains('is-drop')) this.art.className = cls;
    text(this.link, p.name);
    attr(this.link, 'href', `#/p/${encodeURIComponent(p.id)}`);
    const room = climate(p.env, true);
    text(this.model, [p.model, room].filter(Boolean).join(' · '));
    attr(this.model, 'title', room && t('card.room', { climate: climate(p.env) }));
    attr(this.tick, 'aria-label', t('card.select', { name: p.name }));
    /** @type {any} */ (this.pill).printer = p;
    const words = describe(p, store.now());
    text(this.job, words.title);
    text(this.eta, words.line);
    this.paintBar(p);
    this.paintMark(p);
    this.paintShot(p);
    this.paintFoot(p);
    this.paintAct(p, stale > 0);
  }

  /** @param {any} p */
  paintBar(p) {
    const value = p.state === 'uploading' ? p.job?.phase_pct ?? 0 : p.job?.pct;
    const show = BARS.has(p.state) && value !== null && value !== undefined;
    hide(this.barrow, !show);
    if (!show) return;
    const whole = Math.floor(value);
    if (this.bar.value !== whole) this.bar.value = whole;
    attr(this.bar, 'aria-label', t('card.progress', { name: p.name }));
    text(this.pct, `${whole}%`);
  }

  /** What the defect watch has against it, in a word. @param {any} p */
  paintMark(p) {
    const found = watchMark(p);
    if (!found && !this.mark) return;
    if (!this.mark) {
      this.mark = h('span.wmark', null, icon('eyeoff'), h('span'));
      this.art.querySelector('.pc-main').append(this.mark);
    }
    hide(this.mark, !found);
    if (!found) return;
    this.mark.className = `wmark t-${found.tone}`;
    setIcon(this.mark.firstChild, found.icon);
    text(this.mark.lastChild, found.words);
  }

  /** A camera frame (snapshots.js puts it there), else the plate's picture, else the state's icon.
   * @param {any} p */
  paintShot(p) {
    setIcon(this.pic, p.conn?.online ? 'printer' : lookOf(p.state).icon);
    this.pic.toggleAttribute('hidden', !this.img.hidden);
    // While a print is held because of a picture, that picture is what a person must see.
    const proof = p.state === 'paused' ? evidenceOf(p) : '';
    const camera = !proof && p.cam?.mode === 'jpeg' && p.conn?.online && !staleFor(p);
    this.camera = camera;
    if (proof) return this.paintProof(p, proof);
    if (this.img.dataset.from === 'proof') this.frameGone();
    if (camera) {
      this.shot.classList.remove('plate');
      if (this.img.dataset.from === 'plate') hide(this.img, true);
      return;
    }
    const known = BARS.has(p.state) || p.state === 'needs_clear' ? p.job?.thumb : null;
    const thumb = known === this.lost ? null : known;
    this.shot.classList.toggle('plate', Boolean(thumb));
    hide(this.img, !thumb);
    this.pic.toggleAttribute('hidden', Boolean(thumb));
    if (thumb && this.img.getAttribute('src') !== thumb) {
      this.img.src = thumb;
      this.img.dataset.from = 'plate';
      turn(this.img, null);
    }
  }

  /** A decoded frame from the camera. @param {string} src @param {string} alt */
  frame(src, alt) {
    this.img.src = src;
    this.img.alt = alt;
    this.img.dataset.from = 'camera';
    turn(this.img, this.p.cam);
    hide(this.img, false);
  }

  /** @param {any} p @param {string} src of the picture that an alarm speaks of */
  paintProof(p, src) {
    if (this.img.getAttribute('src') !== src) this.img.src = src;
    this.img.alt = t('watch.alt', { name: p.name });
    this.img.dataset.from = 'proof';
    this.shot.classList.remove('plate');
    turn(this.img, p.cam);
    hide(this.img, false);
    this.pic.toggleAttribute('hidden', true);
  }

  /** The camera, or an alarm, has no picture any more: back to the plate's or the icon. */
  frameGone() {
    if (this.img.dataset.from === 'plate') return;
    hide(this.img, true);
    this.img.removeAttribute('src');
    delete this.img.dataset.from;
    this.paintShot(this.p);
  }

  /** @param {any} p */
  paintFoot(p) {
    const temps = p.temps ?? {};
    hide(this.tvn, !temps.nozzle);
    hide(this.tvb, !temps.bed);
    if (temps.nozzle) text(this.tn, deg(temps.nozzle[0]));
    if (temps.bed) text(this.tb, deg(temps.bed[0]));
    const trays = dotsOf(p);
    hide(this.dots, !trays.length);
    const label = trays.length ? dotsLabel(p, trays) : '';
    const key = label + trays.map((s) => s.color).join();
    if (this.dotKey === key) return;
    this.dotKey = key;
    attr(this.dots, 'aria-label', label);
    this.dots.replaceChildren(...trays.map((s) => {
      const dot = h(s.empty ? 'i.none' : 'i');
      if (s.slot === p.tray) dot.classList.add('on');
      if (css(s.color)) cssVar(dot, '--c', css(s.color));
      return dot;
    }));
  }

  /** @param {any} p @param {boolean} stale */
  paintAct(p, stale) {
    const found = stale || turning(p) ? undefined : actOf(p);
    hide(this.act, !found);
    if (!found) return;
    const [gated, action, words, pic] = found;
    const waits = store.pending.has(`${p.id} ${action}`);
    const cls = pic && !waits ? 'act ib' : `act btn sm${action === 'print' ? ' ghost' : ''}`;
    if (this.act.className !== cls) this.act.className = cls;
    this.actIcon.toggleAttribute('hidden', !pic || waits);
    this.actWord.className = pic && !waits ? 'sr' : '';
    if (pic) setIcon(this.actIcon, pic);
    text(this.actWord, waits ? t(`pending.${action}`) : t(words));
    attr(this.act, 'aria-busy', waits ? 'true' : null);
    attr(this.act, 'aria-label', waits ? null : `${t(words)}, ${p.name}`);
    const verdict = gated ? gate(p, gated) : { ok: action === 'open' || store.connected, code: '', why: t('conn.locked') };
    applyGate(this.act, verdict);
  }

  press() {
    const [, action, , , args] = actOf(this.p) ?? [];
    if (!action || this.act.getAttribute('aria-busy') === 'true') return;
    this.dispatchEvent(new CustomEvent('pf-command', { bubbles: true, detail: { printer: this.p.id, action, args } }));
  }
}
customElements.define('pf-printer-card', PfPrinterCard);
