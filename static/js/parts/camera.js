// @ts-check
// One live picture. The stream ends with the page, with the tab, and when it scrolls away.
import { attr, h, hide, icon, text } from '../html.js';
import { climate, dur } from '../format.js';
import { applyGate, gate, knows } from '../gates.js';
import { command } from '../commands.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { turn } from './card.js';
import { watchStream } from './mjpeg.js';

const RETRY_MS = 5000;
const OLD_S = 10;

/** The stream of one camera into one <img>, off whenever nobody can see it. */
class Stream {
  /** @param {() => string} query which camera @param {HTMLImageElement} img @param {() => void} changed */
  constructor(query, img, changed) {
    this.query = query;
    this.img = img;
    this.changed = changed;
    this.wanted = false;
    this.visible = true;
    this.problem = '';
    this.lastFrame = 0; // when the newest picture was taken, epoch s by the farm's clock
    this.url = '';
    /** @type {AbortController | null} */
    this.run = null;
    /** @type {any} */
    this.retry = null;
  }

  /** Starts or stops, whichever is right now. */
  settle() {
    const on = this.wanted && this.visible && !document.hidden;
    if (on && !this.run && !this.retry) this.start();
    else if (!on) this.stop();
  }

  start() {
    const mine = (this.run = new AbortController());
    watchStream(`/api/camera?${this.query()}`, (frame, at) => this.show(frame, at), mine.signal).catch((error) => {
      if (mine.signal.aborted) return;
      this.run = null;
      this.problem = error.message || t('cam.lost');
      this.retry = setTimeout(() => {
        this.retry = null;
        this.settle();
      }, RETRY_MS);
      this.changed();
    });
  }

  /** @param {Blob} frame @param {number} at */
  show(frame, at) {
    const before = this.url;
    this.url = URL.createObjectURL(frame);
    this.img.src = this.url;
    URL.revokeObjectURL(before);
    const first = !this.lastFrame || this.problem;
    this.lastFrame = Number.isFinite(at) ? at : store.now();
    this.problem = '';
    if (first) this.changed();
  }

  stop() {
    this.run?.abort();
    this.run = null;
    clearTimeout(this.retry);
    this.retry = null;
  }

  /** Another camera: nothing of the one before is shown as its picture. */
  restart() {
    this.end();
    this.lastFrame = 0;
    this.problem = '';
    this.settle();
  }

  end() {
    this.stop();
    this.img.removeAttribute('src');
    URL.revokeObjectURL(this.url);
    this.url = '';
  }
}

/** @param {string} id of a printer @param {AbortSignal} signal
 * @param {() => any} [look] what it stands for, where that is no printer: its `cams` alone are shown */
export function cameraCard(id, signal, look = () => store.printers.get(id)) {
  const img = h('img', { alt: '', hidden: true });
  const words = h('span');
  const none = h('div.nocam', null, icon('camera'), words);
  const live = h('span.badge', null, h('i'), t('cam.live'));
  const age = h('span.badge.dim');
  const room = h('span.badge.dim', { hidden: true });
  const light = h('button.cb', { type: 'button', onclick: () => command(id, 'light', { on: !store.printers.get(id)?.light }) }, icon('light'), h('span', null, t('cam.light')));
  let chosen = look()?.room ? look().cam.id : '';
  const query = () => (chosen ? `camera_id=${encodeURIComponent(chosen)}` : `printer_id=${encodeURIComponent(id)}`);
  const shot = h('a.cb', { target: '_blank', rel: 'noopener' }, icon('camera'), t('cam.snapshot'));
  const which = h('select.cb', { 'aria-label': t('cam.which'), hidden: true, onchange: () => { chosen = which.value; stream.restart(); repaint(); } });
  const details = h('button.cb', { type: 'button', onclick: async () => { const { cameraDiag } = await import('./camera-diag.js'); if (!signal.aborted) void cameraDiag(query()); } }, icon('info'), t('cam.details'));
  const full = h('button.cb', { type: 'button', 'aria-label': t('cam.full'), onclick: () => frame.requestFullscreen?.() }, icon('expand'));
  const foot = h('div.cambot', null, light, which, shot, details, full);
  const frame = h('div.frame', null, none, img, h('div.camtop', null, live, age, room), foot);
  const root = h('section.card.cam', { 'aria-label': t('cam.title') }, frame);
  const stream = new Stream(query, img, repaint);
  let listed = '';

  const seen = new IntersectionObserver(([entry]) => {
    stream.visible = entry.isIntersecting;
    stream.settle();
  });
  seen.observe(frame);
  document.addEventListener('visibilitychange', () => stream.settle(), { signal });
  const timer = setInterval(repaint, 1000);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    seen.disconnect();
    stream.wanted = false;
    stream.end();
  });

  /** Why there is no picture, in words; "" when there is one. @param {any} p */
  function why(p) {
    if (p.cam?.mode === 'none') return p.cam.text || t('cam.none');
    if (!p.conn?.online) return t('cam.offline');
    if (p.cam?.mode !== 'jpeg') return t('cam.none');
    if (!store.connected && stream.problem) return t('conn.gone');
    return stream.problem || (stream.lastFrame ? '' : t('cam.connecting'));
  }

  function repaint() {
    const p = look();
    if (p && !signal.aborted) paint(p);
  }

  /** @param {any} p */
  function paintChoice(p) {
    const cams = p.cams ?? [];
    const key = JSON.stringify(cams);
    if (key !== listed) {
      listed = key;
      if (chosen && !cams.some((/** @type {any} */ one) => one.id === chosen)) { chosen = ''; stream.restart(); }
      which.replaceChildren(...cams.map((/** @type {any} */ one) => h('option', { value: one.id }, one.name)));
      which.value = chosen || p.cam?.id || '';
    }
    hide(which, cams.length < 2);
    hide(details, p.cam?.mode !== 'jpeg');
  }

  /** @param {any} p */
  function paint(p) {
    stream.wanted = p.cam?.mode === 'jpeg' && Boolean(p.conn?.online);
    stream.settle();
    const reason = why(p);
    root.classList.toggle('is-none', p.cam?.mode === 'none');
    turn(img, !chosen || chosen === p.cam?.id ? p.cam : p.cams?.find((/** @type {any} */ one) => one.id === chosen));
    paintChoice(p);
    const rig = p.env && [t('cam.rig'), climate(p.env), p.env.state === 'idle' ? '' : t(`rig.${p.env.state}`)].filter(Boolean).join(' · ');
    hide(room, !p.env);
    if (rig) text(room, rig);
    hide(none, !reason);
    text(words, reason);
    hide(img, Boolean(reason));
    const seconds = Math.max(0, Math.round(store.now() - stream.lastFrame));
    const old = seconds > OLD_S;
    frame.classList.toggle('is-old', old && !reason);
    frame.classList.toggle('is-empty', !stream.wanted);
    hide(live, Boolean(reason) || old);
    hide(age, Boolean(reason));
    if (!reason) text(age, old ? t('cam.old', { d: dur(seconds) }) : t('cam.age', { d: dur(seconds) }));
    attr(img, 'alt', t('cam.alt.live', { name: p.name }));
    hide(shot, !stream.wanted);
    attr(shot, 'href', `/api/camera/snapshot?${query()}`);
    hide(full, !stream.wanted);
    hide(light, !knows(p, 'light'));
    hide(foot, light.hidden && !stream.wanted);
    attr(light, 'aria-pressed', String(Boolean(p.light)));
    attr(light, 'aria-busy', store.pending.has(`${id} light`) ? 'true' : null);
    applyGate(light, gate(p, 'light'));
  }
  return { root, paint };
}
