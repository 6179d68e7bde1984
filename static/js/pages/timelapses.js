// @ts-check
// Timelapses: what is being recorded, what was made of it, and the videos on the printers themselves.
import { ApiError, get, request } from '../api.js';
import { attr, h, hide, icon, keyed, sheet, setIcon, text } from '../html.js';
import { clock, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { factsOf, nextLook, stateOf } from '../parts/timelapse-rules.js';

addWords({
  'tl.title': 'Timelapses', 'tl.printer': 'Printer', 'tl.all': 'All printers', 'tl.more': 'Show more', 'tl.onprinter': 'On the printers…', 'tl.lost': 'The timelapses could not be loaded.',
  'tl.none': 'No timelapse yet', 'tl.none.off': 'Switch them on with "timelapse": {"enabled": true} in config.json: from then on every print becomes a video.', 'tl.none.on': 'The next print of a printer with a camera becomes a video.', 'tl.none.here': 'None of this printer', 'tl.now': 'Record what prints now…',
  'tl.play': 'Play {name}', 'tl.download': 'Download', 'tl.again': 'Make again', 'tl.try': 'Try again', 'tl.delete': 'Delete', 'tl.end': 'Stop recording', 'tl.untitled': 'A print', 'tl.poster': 'Last picture of {name}',
});

const PAGE = 24;

/** @typedef {any} Lapse one of GET /api/timelapses */

/** @param {HTMLElement} root @param {string} id of a printer, "" = all @param {AbortSignal} signal */
export async function timelapsesPage(root, id, signal) {
  await sheet('timelapses');
  if (signal.aborted) return;
  /** @type {Lapse[]} */
  let list = [];
  /** @type {string | null} */
  let next = null;
  /** @type {any} */
  let timer;
  const printers = [...store.printers.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const which = h('select', { 'aria-label': t('tl.printer'), onchange: () => { location.hash = which.value ? `#/timelapses/${encodeURIComponent(which.value)}` : '#/timelapses'; } },
    h('option', { value: '' }, t('tl.all')), printers.map((p) => h('option', { value: p.id }, p.name)));
  which.value = id;
  const dialogs = () => import('../parts/timelapse-dialogs.js');
  const onPrinters = h('button.btn', { type: 'button', onclick: async () => (await dialogs()).printerVideos(id, () => void load()) }, icon('printer'), t('tl.onprinter'));
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const grid = h('ul.tl-grid');
  const more = h('button.btn', { type: 'button', hidden: true, onclick: () => void load(true) }, t('tl.more'));
  const empty = h('div.empty', { hidden: true }, icon('camera'), h('h2'), h('p'), h('button.btn', { type: 'button', onclick: async () => (await dialogs()).recordNow(() => void load()) }, t('tl.now')));
  root.append(h('div.timelapse-page', null, h('header.top', null, h('h1', null, t('tl.title')), which, onPrinters), problem, grid, more, empty));

  /** @param {boolean} [older] one page more */
  async function load(older = false) {
    clearTimeout(timer);
    try {
      const query = new URLSearchParams({ limit: String(older ? PAGE : Math.min(200, Math.max(PAGE, list.length))), ...(id && { printer_id: id }), ...(older && next && { before: next }) });
      const page = await get(`/api/timelapses?${query}`, { signal });
      list = older ? [...list, ...page.timelapses] : page.timelapses;
      next = page.next;
      hide(problem, true);
      paint(page.enabled);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      hide(problem, false);
      text(problem, `${t('tl.lost')} ${error.message}`);
    }
    if (!signal.aborted) timer = setTimeout(() => { if (!document.hidden) void load(); }, nextLook(list));
  }

  /** @param {boolean} enabled */
  function paint(enabled) {
    keyed(grid, list, (it) => it.id, tile, paintTile);
    hide(more, !next);
    hide(empty, list.length > 0);
    text(empty.children[1], t(id ? 'tl.none.here' : 'tl.none'));
    text(empty.children[2], t(enabled ? 'tl.none.on' : 'tl.none.off'));
  }

  /** @param {Lapse} first */
  function tile(first) {
    const name = stem(first.job) || t('tl.untitled');
    /** @param {string} method @param {string} path @param {any} [body] */
    const act = async (method, path, body) => {
      try {
        await request(method, path, body);
      } catch (error) {
        const { toast } = await import('../parts/toast.js');
        toast(/** @type {Error} */ (error).message, { tone: 'fault' });
      }
      await load();
    };
    const url = `/api/timelapses/${encodeURIComponent(first.id)}`;
    const picture = h('img', { alt: t('tl.poster', { name }), hidden: true, onerror: () => hide(picture, true), onload: () => hide(picture, false) });
    const mark = h('span.pill', null, icon('clock'), h('span'));
    const play = h('button.tl-play', { type: 'button', 'aria-label': t('tl.play', { name }), onclick: async () => (await dialogs()).playTimelapse(node.it) }, icon('play'));
    const bar = h('progress', { max: 1, value: 0, hidden: true, 'aria-label': t('tl.rendering') });
    const error = h('p.tl-error', { hidden: true });
    const again = h('button.btn.sm', { type: 'button', onclick: () => void act('POST', `${url}/render`, {}) });
    const end = h('button.btn.sm', { type: 'button', onclick: () => void act('POST', `/api/printers/${encodeURIComponent(first.printer_id)}/timelapse`, { on: false }) }, t('tl.end'));
    const remove = h('button.ib', { type: 'button', title: t('tl.delete'), 'aria-label': `${t('tl.delete')}: ${name}`, onclick: async () => { if (await (await dialogs()).sureToDelete(node.it)) void act('DELETE', url); } }, icon('trash'));
    const load_ = h('a.ib', { href: `${url}/video?download=1`, download: '', title: t('tl.download'), 'aria-label': `${t('tl.download')}: ${name}` }, icon('download'));
    const node = h('li.card.tl-one', null, h('div.tl-pic', null, icon('camera'), picture, play, mark), bar,
      h('div.tl-body', null, h('h2', null, name), h('p'), h('p'), error, h('div.tl-acts', null, end, again, load_, remove)));
    node.parts = { picture, mark, play, bar, error, again, end, load: load_, remove, url };
    return node;
  }

  /** @param {any} node @param {Lapse} it */
  function paintTile(node, it) {
    const { picture, mark, play, bar, error, again, end, load: down, remove, url } = node.parts;
    const look = stateOf(it);
    node.it = it;
    const poster = `${url}/poster?v=${it.state === 'recording' ? it.frames : `${it.state}${it.bytes ?? ''}`}`;
    if (it.frames > 0 || it.video) attr(picture, 'src', poster);
    mark.className = `pill t-${look.tone}`;
    setIcon(mark.firstChild, look.icon);
    text(mark.lastChild, look.words);
    hide(mark, it.state === 'ready');
    hide(play, !it.video);
    hide(bar, it.state !== 'rendering');
    bar.value = it.progress ?? 0;
    const [, where, facts] = node.querySelector('.tl-body').children;
    text(where, `${it.printer} · ${clock(it.started_at, store.now())}`);
    text(facts, factsOf(it));
    hide(error, !(it.error || it.reason));
    text(error, it.error || it.reason || '');
    text(again, t(it.video ? 'tl.again' : 'tl.try'));
    hide(again, !it.again);
    hide(end, it.state !== 'recording');
    hide(down, !it.video);
    hide(remove, it.state === 'recording');
  }

  document.addEventListener('visibilitychange', () => { if (!document.hidden) void load(); }, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  await load();
}
