// @ts-check
// How one camera is doing, in words, in a dialog that is asked anew every two seconds.
import { h } from '../html.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { rows } from './camera-words.js';
import { answer, frame, modal } from './dialogs.js';

const EVERY_MS = 2000;

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
