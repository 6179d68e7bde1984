// @ts-check
// A rig on a page of its own: the way to one that stands beside no printer.
import { get } from '../api.js';
import { h, icon } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { cameraCard } from '../parts/camera.js';
import { rigCards } from '../parts/rig.js';
import '../parts/words.js';

addWords({ 'rigp.unknown': 'There is no such rig', 'rigp.back': 'Back to the settings', 'rigp.room': 'A rig of the room: it stands beside no printer.', 'rigp.at': 'Beside {name}' });

/** @param {string} id @param {AbortSignal} signal @returns {Promise<any[]>} its cameras, and how their pictures are turned */
async function camerasOf(id, signal) {
  const { cameras } = await get('/api/cameras', { signal });
  return cameras.filter((/** @type {any} */ one) => one.rig === id).map((/** @type {any} */ one) => ({ ...one, ...one.turn }));
}

/** @param {HTMLElement} root @param {string} id @param {AbortSignal} signal */
export async function rigPage(root, id, signal) {
  const rig = store.rigs.get(id);
  if (!rig) {
    root.append(h('div.empty', null, icon('camera'), h('h1', null, t('rigp.unknown')), h('a.btn', { href: '#/settings' }, t('rigp.back'))));
    return;
  }
  const beside = store.printers.get(rig.printer_id);
  const where = beside ? h('a.link', { href: `#/p/${encodeURIComponent(beside.id)}` }, t('rigp.at', { name: beside.name })) : t('rigp.room');
  const left = h('div.dl');
  const right = h('div.dr');
  root.append(h('div.printer-page', null,
    h('header.top', null, h('a.ib.back', { href: '#/settings', 'aria-label': t('rigp.back') }, icon('back')), h('div.ttl', null, h('h1', null, rig.name), h('p', null, where))),
    h('div.dcols', null, left, right)));
  await rigCards(right, [id], signal, true);
  const cams = await camerasOf(id, signal).catch(() => []);
  if (signal.aborted || !cams.length) return;
  const look = () => {
    const { name, online } = store.rigs.get(id) ?? rig;
    return { room: true, name, cam: { ...cams[0], mode: online ? 'jpeg' : 'none', text: t('rig.g.away') }, cams, conn: { online } };
  };
  const camera = cameraCard(id, signal, look);
  left.append(camera.root);
  store.watch((change) => change.rigs && camera.paint(look()), signal);
  camera.paint(look());
}
