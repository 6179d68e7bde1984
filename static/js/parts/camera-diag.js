// @ts-check
// How one camera is doing, in words, in a dialog that is asked anew every two seconds.
import { h } from '../html.js';
import { ago, dur } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { answer, frame, modal } from './dialogs.js';

addWords({
  'diag.title': 'How this camera is doing',
  'diag.state': 'State', 'diag.kind': 'Source', 'diag.picture': 'Picture', 'diag.rate': 'Rate', 'diag.frames': 'Pictures since the farm started',
  'diag.restarts': 'Opened again after a failure', 'diag.error': 'Last error', 'diag.retry': 'Next attempt', 'diag.held': 'Kept on for', 'diag.by': 'Read with', 'diag.command': 'Command',
  'diag.live': 'Live', 'diag.idle': 'Nobody looks, so it is switched off', 'diag.size': '{w} × {h} pixels, {d} old', 'diag.none': 'None yet', 'diag.fps': '{n} a second',
  'diag.in': 'in {d}', 'diag.times': '{n} times', 'diag.once': 'once', 'diag.never': 'never', 'diag.others': '{n} that do not look (timelapse, uploads, always on)',
  'kind.bambu_jpeg': 'The printer, pictures over TLS', 'kind.rtsps': 'The printer, video (RTSPS)', 'kind.rtsp': 'Video (RTSP)', 'kind.mjpeg': 'Web camera, MJPEG stream', 'kind.snapshot': 'Web camera, single pictures',
  'kind.tcp_mjpeg': 'MJPEG over TCP', 'kind.v4l2': 'Camera of this computer', 'kind.push': 'Rig that sends its pictures',
});

const EVERY_MS = 2000;

/** Label and words, in the order they are read. @param {any} c the "camera" of /api/camera/diag @param {number} now epoch s
 * @returns {Array<[string, string]>} */
export function rows(c, now) {
  /** @type {Array<[string, string | false | null | undefined]>} */
  const all = [
    ['diag.state', c.code === 'live' ? t('diag.live') : c.code === 'idle' ? t('diag.idle') : c.text || c.code],
    ['diag.kind', c.kind && t(`kind.${c.kind}`)],
    ['diag.picture', c.age_s === null ? t('diag.none') : t('diag.size', { w: c.width, h: c.height, d: dur(c.age_s) })],
    ['diag.rate', c.fps > 0 && t('diag.fps', { n: c.fps })],
    ['diag.frames', String(c.frames)],
    ['diag.restarts', c.restarts === 0 ? t('diag.never') : c.restarts === 1 ? t('diag.once') : t('diag.times', { n: c.restarts })],
    ['diag.error', c.last_error && `${c.last_error}${c.last_error_at ? `, ${ago(now - c.last_error_at)}` : ''}`],
    ['diag.retry', c.retry_in_s && t('diag.in', { d: dur(c.retry_in_s) })],
    ['diag.held', c.held > 0 && t('diag.others', { n: c.held })],
    ['diag.by', c.ffmpeg && `ffmpeg ${c.ffmpeg}`],
    ['diag.command', c.command],
  ];
  return /** @type {Array<[string, string]>} */ (all.filter(([, words]) => words));
}

/** @param {string} query printer_id=… or camera_id=… */
export async function cameraDiag(query) {
  const list = h('dl.keys.diag');
  const dialog = frame(t('diag.title'), [list], [answer('ok', t('close'), '.pri', { autofocus: true })]);
  async function ask() {
    try {
      const reply = await fetch(`/api/camera/diag?${query}`);
      const body = await reply.json();
      if (!reply.ok) throw new Error(body?.error?.message ?? '');
      paint(rows(body.camera, store.now()));
    } catch (error) {
      paint([['diag.error', /** @type {Error} */ (error).message || t('conn.gone')]]);
    }
  }
  /** @param {Array<[string, string]>} said */
  const paint = (said) => list.replaceChildren(...said.map(([key, words]) => h('div', null, h('dt', null, t(key)), h('dd', null, words))));
  await ask();
  const timer = setInterval(ask, EVERY_MS);
  await modal(dialog);
  clearInterval(timer);
}
