// @ts-check
// Settings: every camera of the farm, how it is doing, and what Prusa Connect makes of its pictures.
import { ApiError, get } from '../api.js';
import { h, hide, icon, keyed, text } from '../html.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { cameraWords, connectWords, kindOf } from './camera-words.js';


const EVERY_MS = 5000;

/** @param {AbortSignal} signal */
export function camerasCard(signal) {
  const list = h('ul.englist');
  const none = h('p.note', { hidden: true }, t('cams.none'));
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const connect = h('ul.englist');
  const off = h('p.note', null, t('pc.off'));
  /** @type {any} */
  let timer;

  async function load() {
    try {
      const [{ cameras }, uploads] = await Promise.all([get('/api/cameras', { signal }), get('/api/prusa-connect', { signal })]);
      hide(problem, true);
      hide(none, cameras.length > 0);
      keyed(list, cameras, (one) => one.id, rowOf, paintRow);
      hide(off, uploads.enabled);
      keyed(connect, uploads.enabled ? uploads.cameras : [], (one) => one.camera, () => h('li', null, icon('camera'), h('b'), h('span')), (node, one) => {
        node.className = one.state === 'rejected' || one.state === 'unreachable' ? 't-fault' : 't-ok';
        text(node.children[1], cameras.find((/** @type {any} */ it) => it.id === one.camera)?.name ?? one.camera);
        text(node.children[2], connectWords(one, store.now()));
      });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      hide(problem, false);
      text(problem, error.message);
    }
    if (!signal.aborted) timer = setTimeout(() => { if (!document.hidden) void load(); }, EVERY_MS);
  }

  /** @param {any} camera */
  function rowOf(camera) {
    const details = async () => (await import('./camera-diag.js')).cameraDiag(`camera_id=${encodeURIComponent(camera.id)}`);
    return h('li', null, icon('camera'), h('b'), h('span'), h('button.ib', { type: 'button', 'aria-label': t('cams.details', { name: camera.name }), title: t('cam.details'), onclick: () => void details() }, icon('info')));
  }

  /** @param {any} node @param {any} camera */
  function paintRow(node, camera) {
    const [tone, words] = cameraWords(camera);
    node.className = `t-${tone} cam-row`;
    text(node.children[1], camera.name);
    const where = camera.id === camera.printer_id ? '' : camera.printer_id ? store.printers.get(camera.printer_id)?.name ?? camera.printer_id : t('cams.room');
    text(node.children[2], [where, kindOf(camera.kind), words].filter(Boolean).join(' · '));
  }

  document.addEventListener('visibilitychange', () => { clearTimeout(timer); if (!document.hidden) void load(); }, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  void load();
  return h('section.card.scard', { 'aria-labelledby': 'cams-h' }, h('h2', { id: 'cams-h' }, t('cams.title')), h('p.note', null, t('cams.how')), problem, list, none,
    h('h3', null, t('pc.title')), off, connect);
}
