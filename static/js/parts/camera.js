// @ts-check
// One live picture. The stream ends with the page, with the tab, and when it scrolls away.
import { attr, h, hide, icon, text } from '../html.js';
import { dur } from '../format.js';
import { applyGate, gate, knows } from '../gates.js';
import { command } from '../commands.js';
import { store } from '../store.js';
import { t } from '../text.js';

const RETRY_MS = 5000;
const OLD_S = 10;

/** @param {string} id @param {AbortSignal} signal */
export function cameraCard(id, signal) {
  const img = h('img', { alt: '', hidden: true });
  const words = h('span');
  const none = h('div.nocam', null, icon('camera'), words);
  const live = h('span.badge', null, h('i'), t('cam.live'));
  const age = h('span.badge.dim');
  const light = h('button.cb', { type: 'button', onclick: () => command(id, 'light', { on: !store.printers.get(id)?.light }) }, icon('light'), h('span', null, t('cam.light')));
  const shot = h('a.cb', { href: `/api/camera/snapshot?printer_id=${encodeURIComponent(id)}`, target: '_blank', rel: 'noopener' }, icon('camera'), t('cam.snapshot'));
  const full = h('button.cb', { type: 'button', 'aria-label': t('cam.full'), onclick: () => frame.requestFullscreen?.() }, icon('expand'));
  const frame = h('div.frame', null, none, img, h('div.camtop', null, live, age), h('div.cambot', null, light, shot, full));
  const root = h('section.card.cam', { 'aria-label': t('cam.title') }, frame);
  let wanted = false;
  let visible = true;
  let running = false;
  let frames = 0;
  let lastFrame = 0;
  let broken = false;
  /** @type {any} */
  let retry = null;

  function start() {
    if (running || !wanted || !visible || document.hidden || signal.aborted) return;
    running = true;
    frames = 0;
    img.src = `/api/camera?printer_id=${encodeURIComponent(id)}&_=${Date.now()}`;
  }

  function stop() {
    running = false;
    clearTimeout(retry);
    // An MJPEG stream goes on in the background unless its address is taken away.
    img.removeAttribute('src');
  }

  img.addEventListener('load', () => { // once per frame in Chromium, once per stream elsewhere
    frames += 1;
    lastFrame = Date.now();
    broken = false;
    repaint();
  });
  img.addEventListener('error', () => {
    if (!running) return;
    broken = true;
    stop();
    retry = setTimeout(start, RETRY_MS);
    repaint();
  });
  const seen = new IntersectionObserver(([entry]) => {
    visible = entry.isIntersecting;
    if (visible) start();
    else stop();
  }, { threshold: 0 });
  seen.observe(frame);
  const onHide = () => (document.hidden ? stop() : start());
  document.addEventListener('visibilitychange', onHide, { signal });
  const timer = setInterval(repaint, 1000);
  signal.addEventListener('abort', () => {
    clearInterval(timer);
    seen.disconnect();
    stop();
  });

  /** @param {any} p */
  function why(p) {
    if (!p.conn?.online) return t('cam.offline');
    if (p.cam?.mode === 'rtsp') return p.cam.text || t('cam.rtsp');
    if (p.cam?.mode !== 'jpeg') return p.cam?.text || t('cam.none');
    if (broken) return p.cam?.text || t('cam.lost');
    return frames ? '' : t('cam.connecting');
  }

  function repaint() {
    const p = store.printers.get(id);
    if (p) paint(p);
  }

  /** @param {any} p */
  function paint(p) {
    wanted = p.cam?.mode === 'jpeg' && Boolean(p.conn?.online);
    if (wanted && !running && !broken) start();
    if (!wanted && running) stop();
    const reason = why(p);
    hide(none, !reason);
    text(words, reason);
    hide(img, !frames || !running);
    const seconds = Math.round((Date.now() - lastFrame) / 1000);
    const counts = frames > 1; // this browser reports every frame, so an age can be told
    const old = counts && seconds > OLD_S;
    frame.classList.toggle('is-old', old);
    frame.classList.toggle('is-empty', !wanted);
    hide(live, !frames || Boolean(reason) || old);
    hide(age, !counts || Boolean(reason));
    if (counts) text(age, old ? t('cam.old', { d: dur(seconds) }) : t('cam.age', { d: dur(seconds) }));
    attr(img, 'alt', t('cam.alt.live', { name: p.name }));
    hide(shot, !wanted);
    hide(full, !wanted);
    hide(light, !knows(p, 'light'));
    attr(light, 'aria-pressed', String(Boolean(p.light)));
    attr(light, 'aria-busy', store.pending.has(`${id} light`) ? 'true' : null);
    applyGate(light, gate(p, 'light'));
  }
  return { root, paint };
}
