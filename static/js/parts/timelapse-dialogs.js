// @ts-check
// Playing one timelapse, the videos on the printers themselves, recording what prints now.
import { get, request } from '../api.js';
import { h, hide, text } from '../html.js';
import { bytes, clock, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { answer, confirm, frame, modal } from './dialogs.js';

addWords({
  'tv.title': 'Videos on {name}', 'tv.which': 'Printer', 'tv.pick': 'Videos on the printers', 'tv.asking': 'Asking the printer…', 'tv.none': 'There is no timelapse video on this printer.', 'tv.fetch': 'Fetch', 'tv.move': 'Fetch and remove there', 'tv.here': 'In the gallery', 'tv.how': 'Fetched videos are checked before the printer\'s copy is removed.',
  'tv.under': 'Fetching {name}: {pct} %', 'tv.nobody': 'No printer of this farm keeps videos of its own.',
  'td.title': 'Delete this timelapse?', 'td.body': 'The video and its pictures are gone for good.', 'td.go': 'Delete',
  'tr.title': 'Record what prints now', 'tr.none': 'No printer with a camera is printing.', 'tr.go': 'Record',
  'tp.no': 'This browser cannot play AVI. Download it instead.', 'tp.download': 'Download',
});

/** @param {any} it */
export async function playTimelapse(it) {
  const url = `/api/timelapses/${encodeURIComponent(it.id)}/video`;
  const video = h('video', { src: url, poster: `/api/timelapses/${encodeURIComponent(it.id)}/poster`, controls: true, autoplay: true, loop: true, playsinline: true });
  video.muted = true;
  const cannot = h('p.hint', { hidden: true }, t('tp.no'));
  video.addEventListener('error', () => { hide(cannot, false); hide(video, true); });
  const dialog = frame(stem(it.job) || it.printer, [video, cannot],
    [h('a.btn', { href: `${url}?download=1`, download: '' }, t('tp.download')), answer('ok', t('close'), '.pri', { autofocus: true })]);
  dialog.classList.add('tl-player');
  await modal(dialog);
  video.removeAttribute('src'); // the connection ends with the dialog
  video.load();
}

/** @param {any} it */
export const sureToDelete = (it) => confirm({ title: t('td.title'), body: [stem(it.job), t('td.body')], ok: t('td.go'), danger: true });

/** @param {() => void} done */
export async function recordNow(done) {
  const able = [...store.printers.values()].filter((p) => p.job && p.cam?.mode === 'jpeg' && ['printing', 'paused', 'preparing'].includes(p.state));
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const rows = able.map((p) => {
    const go = h('button.btn.sm', { type: 'button', onclick: async () => {
      try {
        await request('POST', `/api/printers/${encodeURIComponent(p.id)}/timelapse`, { on: true });
        go.disabled = true;
        done();
      } catch (error) {
        hide(problem, false);
        text(problem, /** @type {Error} */ (error).message);
      }
    } }, t('tr.go'));
    return h('li', null, h('b', null, p.name), h('span', null, stem(p.job?.name)), go);
  });
  await modal(frame(t('tr.title'), [rows.length ? h('ul.rows.tl-rows', null, rows) : h('p', null, t('tr.none')), problem], [answer('ok', t('close'), '.pri')]));
}

/** Printers that keep timelapse videos of their own. */
const keepers = () => [...store.printers.values()].filter((p) => p.kind === 'bambu' && p.conn?.online);

/** @param {string} first a printer's id, "" = none chosen yet @param {() => void} done */
export async function printerVideos(first, done) {
  const able = keepers();
  if (!able.length) {
    await modal(frame(t('tv.pick'), [h('p', null, t('tv.nobody'))], [answer('ok', t('close'), '.pri')]));
    return;
  }
  const which = h('select', { 'aria-label': t('tv.which'), onchange: () => void ask() }, able.map((p) => h('option', { value: p.id }, p.name)));
  if (able.some((p) => p.id === first)) which.value = first;
  const words = h('p', { role: 'status' });
  const list = h('ul.rows.tl-rows');
  const dialog = frame(t('tv.pick'), [which, h('p.hint', null, t('tv.how')), words, list], [answer('ok', t('close'), '.pri')]);
  /** @type {any} */
  let timer;

  /** @param {string} name @param {boolean} remove */
  async function fetchOne(name, remove) {
    try {
      await request('POST', `/api/printers/${encodeURIComponent(which.value)}/timelapses/fetch`, { name, remove });
    } catch (error) {
      text(words, /** @type {Error} */ (error).message);
      return;
    }
    await ask();
  }

  async function ask() {
    clearTimeout(timer);
    const mine = which.value;
    text(words, t('tv.asking'));
    try {
      const page = await get(`/api/printers/${encodeURIComponent(mine)}/timelapses`);
      if (mine !== which.value) return;
      list.replaceChildren(...page.timelapses.map((/** @type {any} */ one) => h('li', null,
        h('b', null, one.name), h('span', null, [one.taken_at && clock(one.taken_at, store.now()), bytes(one.bytes)].filter(Boolean).join(' · ')),
        one.timelapse_id ? h('span', null, t('tv.here')) : h('span.tl-two', null,
          h('button.btn.sm', { type: 'button', onclick: () => void fetchOne(one.name, false) }, t('tv.fetch')),
          h('button.btn.sm', { type: 'button', onclick: () => void fetchOne(one.name, true) }, t('tv.move'))))));
      const under = page.fetch?.state === 'fetching';
      text(words, under ? t('tv.under', { name: page.fetch.name, pct: Math.floor(100 * page.fetch.bytes / Math.max(1, page.fetch.total_bytes)) }) : page.fetch?.error || (page.timelapses.length ? '' : t('tv.none')));
      if (under && dialog.isConnected) timer = setTimeout(ask, 1500);
      else done();
    } catch (error) {
      text(words, /** @type {Error} */ (error).message);
    }
  }
  void ask();
  await modal(dialog);
  clearTimeout(timer);
}
