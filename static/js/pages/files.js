// @ts-check
// The library: what was uploaded, what each file is for, where it fits and why not elsewhere.
import { ApiError, get, request } from '../api.js';
import { attr, h, hide, icon, keyed, sheet, text } from '../html.js';
import { ago, bytes, dur, grams, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { drop, send, uploads, watchUploads } from '../uploads.js';
import { fileDetail } from '../parts/file-detail.js';

addWords({
  'files.title': 'Files', 'files.find': 'Find a file', 'files.upload': 'Upload files', 'files.none': 'No files yet', 'files.none.how': 'Drop sliced files here: .gcode.3mf for Bambu Lab, .gcode for every other make, .bgcode for Prusa. Or send them straight from your slicer: Settings says how.',
  'files.none.models': 'Models (.stl, .obj, .step, .3mf) are welcome too: the farm slices them.', 'files.nomatch': 'No file matches.', 'files.list': 'Files', 'files.filter': 'Show',
  'files.all': 'All', 'files.print': 'Ready to print', 'files.slice': 'Models', 'files.plates': '{n} plates', 'files.model': 'Model', 'files.project': 'Project', 'files.anyprinter': 'printer not named', 'files.mm': '{mm} mm nozzle',
  'files.added': 'added {ago}', 'files.uploads': 'Uploads', 'files.up.waiting': 'Waiting', 'files.up.sending': '{sent} of {all}', 'files.up.reading': 'Reading the file…', 'files.up.done': 'Uploaded', 'files.up.cancel': 'Cancel {name}', 'files.up.clear': 'Remove {name} from this list', 'files.up.progress': 'Upload of {name}',
  'files.pick': 'Files to upload', 'files.failed': 'The list could not be loaded.',
});

const ACCEPT = '.3mf,.gcode,.bgcode,.gco,.g,.stl,.obj,.step,.stp,.amf';
const FILTERS = ['all', 'print', 'slice'];

/** @param {any} file */
export const isModel = (file) => file.use === 'slice';

/** What a file was sliced for, in one line. @param {any} file */
export function madeFor(file) {
  if (isModel(file)) return file.shape?.made_for || t(file.kind === '3mf' && file.shape?.plates > 1 ? 'files.project' : 'files.model');
  const plate = file.plates[0] ?? {};
  const nozzles = [...new Set(file.plates.flatMap((/** @type {any} */ one) => one.nozzle_mm))];
  const materials = [...new Set(file.plates.flatMap((/** @type {any} */ one) => one.filaments.map((/** @type {any} */ f) => f.type)).filter(Boolean))];
  return [plate.model || t('files.anyprinter'), nozzles.length && `${nozzles.join('/')} mm`, materials.join(' + ')].filter(Boolean).join(' · ');
}

/** Time, grams and size. @param {any} file */
function figures(file) {
  if (isModel(file)) return [file.shape?.size_mm && file.shape.size_mm.map((/** @type {number} */ v) => Math.round(v * 10) / 10).join(' × ') + ' mm', bytes(file.size_bytes)].filter(Boolean).join(' · ');
  const sum = (/** @type {string} */ key) => file.plates.reduce((/** @type {number | null} */ all, /** @type {any} */ one) => (one[key] === null || all === null ? null : all + one[key]), 0);
  return [file.plates.length > 1 && t('files.plates', { n: file.plates.length }), dur(sum('seconds')), grams(sum('grams')), bytes(file.size_bytes)].filter(Boolean).join(' · ');
}

/** @param {any} file */
export const picture = (file) => file.plates.find((/** @type {any} */ one) => one.thumbnail)?.thumbnail ?? file.thumbnail ?? null;

/** @param {HTMLElement} root @param {string} chosen a file's id, "" = none @param {AbortSignal} signal */
export async function filesPage(root, chosen, signal) {
  await sheet('files');
  /** @type {any[]} */
  let files = [];
  let loaded = false;
  let query = '';
  let filter = 'all';

  const input = h('input.sr', { type: 'file', multiple: true, accept: ACCEPT, 'aria-label': t('files.pick'), tabindex: -1, onchange: () => { send(input.files); input.value = ''; } });
  const find = h('input', { type: 'search', placeholder: t('files.find'), 'aria-label': t('files.find'), oninput: () => { query = find.value.trim().toLowerCase(); paint(); } });
  const top = h('div.top', null, h('h1', null, t('files.title')), h('label.search', null, icon('search'), find),
    h('button.btn.pri', { type: 'button', onclick: () => input.click() }, icon('upload'), t('files.upload')), input);
  const chips = h('div.chips', { role: 'group', 'aria-label': t('files.filter') }, FILTERS.map((name) => h('button.chip', { type: 'button', onclick: () => { filter = name; paint(); } }, t(`files.${name}`), h('b'))));
  const sending = h('section.ups.card', { 'aria-label': t('files.uploads'), hidden: true }, h('ul'));
  const list = h('ul.lib', { 'aria-label': t('files.list') });
  const empty = h('div.empty', { hidden: true }, icon('folder'), h('h2'), h('p'));
  const detail = h('div.fd');
  const columns = h('div.fcols', null, h('div', null, sending, list, empty), detail);
  root.append(h('div.files-page', null, top, chips, columns));

  async function load() {
    try {
      files = (await get('/api/files', { signal })).files;
      loaded = true;
      paint();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      hide(empty, false);
      text(empty.children[1], t('files.failed'));
      text(empty.children[2], error.message);
    }
  }

  function matching() {
    return files.filter((file) => (filter === 'all' || file.use === filter) && `${file.name} ${madeFor(file)} ${file.slicer}`.toLowerCase().includes(query));
  }

  function paint() {
    const shown = matching();
    const models = files.some(isModel);
    FILTERS.forEach((name, i) => {
      attr(chips.children[i], 'aria-pressed', String(name === filter));
      text(chips.children[i].lastChild, files.filter((file) => name === 'all' || file.use === name).length);
    });
    hide(chips, !models);
    keyed(list, shown, (file) => file.id, row, paintRow);
    hide(empty, !loaded || shown.length > 0);
    const some = files.length > 0;
    text(empty.children[1], t(some ? 'files.nomatch' : 'files.none'));
    text(empty.children[2], some ? '' : t('files.none.how'));
    columns.classList.toggle('has-one', Boolean(chosen));
  }

  /** @param {any} file */
  function row(file) {
    const url = picture(file);
    return h('li', null, h('a', { href: `#/files/${file.id}` },
      h('span.th', null, url ? h('img', { src: `${url}?small=1`, alt: '', loading: 'lazy' }) : icon('file')),
      h('span.fname', null, h('b'), h('span')), h('span.figs', null, h('span'), h('small'))));
  }

  /** @param {any} node @param {any} file */
  function paintRow(node, file) {
    const link = node.firstChild;
    attr(link, 'aria-current', file.id === chosen ? 'true' : null);
    const [, name, figs] = link.children;
    text(name.firstChild, stem(file.name));
    text(name.lastChild, madeFor(file));
    text(figs.firstChild, figures(file));
    text(figs.lastChild, t('files.added', { ago: ago(Math.max(0, store.now() - file.added_at)) }));
  }

  function paintUploads() {
    hide(sending, !uploads.length);
    keyed(sending.firstChild, uploads, (one) => String(one.id), (one) => h('li', null, icon('file'), h('b', null, one.name), h('span', { role: 'status' }), h('progress', { max: one.size || 1, value: 0, 'aria-label': t('files.up.progress', { name: one.name }) }), h('button.ib', { type: 'button', onclick: () => drop(one) }, icon('x'))), (node, one) => {
      const [, , words, bar, button] = node.children;
      node.className = one.state === 'failed' ? 't-fault' : one.state === 'done' ? 't-ok' : '';
      text(words, one.state === 'failed' ? one.text : one.state === 'sending' ? t('files.up.sending', { sent: bytes(one.sent), all: bytes(one.size) }) : t(`files.up.${one.state}`));
      hide(bar, one.state === 'failed' || one.state === 'done');
      bar.value = one.sent;
      attr(button, 'aria-label', t(one.state === 'failed' || one.state === 'done' ? 'files.up.clear' : 'files.up.cancel', { name: one.name }));
    });
    const arrived = uploads.filter((one) => one.state === 'done').map((one) => one.file.id);
    if (arrived.some((id) => !files.some((file) => file.id === id)) && loaded) void load();
  }

  async function remove(/** @type {any} */ file) {
    await request('DELETE', `/api/files/${encodeURIComponent(file.id)}`);
    files = files.filter((one) => one.id !== file.id);
    location.hash = '#/files';
  }

  watchUploads(paintUploads, signal);
  paintUploads();
  await load();
  if (signal.aborted) return;
  list.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  if (chosen) fileDetail(detail, chosen, { signal, remove, changed: load });
  hide(detail, !chosen);
}
