// @ts-check
// How cameras are doing, in words: pure, so that it can be tested without a page.
import { ago, dur } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'diag.title': 'How this camera is doing',
  'diag.state': 'State', 'diag.kind': 'Source', 'diag.picture': 'Picture', 'diag.rate': 'Rate', 'diag.frames': 'Pictures since the farm started',
  'diag.restarts': 'Opened again after a failure', 'diag.error': 'Last error', 'diag.retry': 'Next attempt', 'diag.held': 'Kept on for', 'diag.by': 'Read with', 'diag.command': 'Command',
  'diag.live': 'Live', 'diag.idle': 'Nobody looks, so it is switched off', 'diag.size': '{w} × {h} pixels, {d} old', 'diag.none': 'None yet', 'diag.fps': '{n} a second',
  'diag.in': 'in {d}', 'diag.times': '{n} times', 'diag.once': 'once', 'diag.never': 'never', 'diag.others': '{n} that do not look (timelapse, uploads, always on)',
  'kind.bambu_jpeg': 'The printer, pictures over TLS', 'kind.rtsps': 'The printer, video (RTSPS)', 'kind.rtsp': 'Video (RTSP)', 'kind.mjpeg': 'Web camera, MJPEG stream', 'kind.snapshot': 'Web camera, single pictures',
  'kind.tcp_mjpeg': 'MJPEG over TCP', 'kind.v4l2': 'Camera of this computer', 'kind.push': 'Rig that sends its pictures',
});

addWords({
  'cams.title': 'Cameras', 'cams.how': 'A printer\'s own camera is found by itself. Others are named in config.json under "cameras". A camera is switched on while somebody looks.', 'cams.none': 'No printer has told of a camera, and none is set up.',
  'cams.room': 'the room', 'cams.off': 'off, nobody looks', 'cams.live': 'live, {fps} a second', 'cams.held': 'live, {fps} a second, kept on', 'cams.details': 'Details of {name}',
  'pc.title': 'Prusa Connect', 'pc.off': 'Off. No picture leaves this network.', 'pc.ok': 'sent {ago}', 'pc.next': 'next in {d}',
});

/** @param {string} kind of a camera's source */
export const kindOf = (kind) => t(`kind.${kind}`);

/** Tone and words of one camera. @param {any} camera of GET /api/cameras @returns {[string, string]} */
export function cameraWords(camera) {
  const { status, problem } = camera;
  if (problem) return ['fault', problem];
  if (status.code === 'live') return ['ok', t(status.held ? 'cams.held' : 'cams.live', { fps: status.fps })];
  if (status.code === 'idle') return ['off', t('cams.off')];
  return [status.failures > 0 ? 'fault' : 'off', status.text || status.code];
}

/** @param {any} camera of GET /api/prusa-connect @param {number} now epoch s @returns {string} */
export function connectWords(camera, now) {
  const sent = camera.last_ok ? t('pc.ok', { ago: ago(Math.max(0, now - camera.last_ok)) }) : '';
  const next = camera.next_s > 0 ? t('pc.next', { d: dur(Math.ceil(camera.next_s)) }) : '';
  return [camera.text, sent, next].filter(Boolean).join(' · ');
}

/** Label and words, in the order they are read. @param {any} c the "camera" of /api/camera/diag @param {number} now epoch s
 * @returns {Array<[string, string]>} */
export function rows(c, now) {
  /** @type {Array<[string, string | false | null | undefined]>} */
  const all = [
    ['diag.state', c.code === 'live' ? t('diag.live') : c.code === 'idle' ? t('diag.idle') : c.text || c.code],
    ['diag.kind', c.kind && kindOf(c.kind)],
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
