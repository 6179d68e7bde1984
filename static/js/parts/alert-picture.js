// @ts-check
// The picture that was taken when an alert began.
import { h } from '../html.js';
import { clock } from '../format.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { answer, frame, modal } from './dialogs.js';

/** @param {any} it */
export async function alertPicture(it) {
  const name = it.printer || t('al.farm');
  const picture = h('img', { src: `/api/alerts/${encodeURIComponent(it.id)}/photo`, alt: t('al.picture', { name }) });
  const dialog = frame(name, [picture, h('p.hint', null, `${it.text} ${clock(it.since, store.now())}`)], [answer('ok', t('close'), '.pri', { autofocus: true })]);
  dialog.classList.add('tl-player');
  await modal(dialog);
}
