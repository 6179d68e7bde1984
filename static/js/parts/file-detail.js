// @ts-check
// One file of the library: its plates, where it fits, its layers, and what can be done with it.
import { ApiError, get } from '../api.js';
import { attr, h, hide, icon, keyed, text } from '../html.js';
import { bytes, css, dur, grams, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { layersPart } from './layers.js';
import { fitOf } from './upload-rules.js';

addWords({
  'fd.back': 'Back to the list', 'fd.start': 'Print…', 'fd.slice': 'Slice…', 'fd.more': 'More', 'fd.download': 'Download', 'fd.delete': 'Delete…', 'fd.plate': 'Plate {n}', 'fd.plates': 'Plates', 'fd.values': 'What the file says', 'fd.fits': 'Where it fits', 'fd.layers': 'Layers', 'fd.showlayers': 'Show layers',
  'fd.delete.title': 'Delete {name}?', 'fd.delete.body': 'It leaves the farm’s library. Files already on printers stay there.', 'fd.delete.go': 'Delete {name}', 'fd.source': 'from {place}', 'fd.fits.ok': 'Fits', 'fd.fits.later': 'Fits, but not now.', 'fd.reading': 'Still reading the file’s moves…', 'fd.pic': 'Picture of plate {n}',
  'fd.v.models': 'Sliced for', 'fd.v.nozzle': 'Nozzle', 'fd.v.time': 'Time', 'fd.v.grams': 'Filament', 'fd.v.layers': 'Layers', 'fd.v.height': 'Height', 'fd.v.bed': 'Build plate', 'fd.v.area': 'Printed area', 'fd.v.slicer': 'Slicer', 'fd.v.size': 'File', 'fd.v.objects': 'Objects', 'fd.v.box': 'Size', 'fd.v.triangles': 'Triangles', 'fd.v.made_for': 'Set up for', 'fd.unknown': 'not told',
  'fd.unsliced': 'A model: it must be sliced before it can be printed.', 'fd.notes': 'Notes on this file',
});

const LEVELS = /** @type {Record<string, [string, string]>} */ ({ ok: ['ok', 'check'], warn: ['warn', 'triangle'], confirm: ['warn', 'question'], later: ['idle', 'clock'], refuse: ['fault', 'x'] });
const ORDER = Object.keys(LEVELS);
const AGAIN_MS = 1500;

/** @param {HTMLElement} root @param {string} id
 * @param {{signal: AbortSignal, remove: (file: any) => Promise<void>, changed: () => void}} page */
export function fileDetail(root, id, page) {
  const { signal } = page;
  const base = `/api/files/${encodeURIComponent(id)}`;
  /** @type {any} */
  let file = null;
  let plate = 1;
  /** @type {any[]} */
  let fits = [];
  /** @type {AbortController | null} */
  let drawing = null;

  const problem = h('p.problem', { role: 'alert', hidden: true });
  const name = h('h2');
  const print = h('button.btn.pri', { type: 'button', onclick: open });
  const download = h('a.btn', { href: `${base}/download`, download: '' }, icon('download'), t('fd.download'));
  const remove = h('button.btn.stop', { type: 'button', onclick: () => void ask() }, icon('trash'), t('fd.delete'));
  const plates = h('fieldset.plates', { hidden: true }, h('legend', null, t('fd.plates')), h('div'));
  const notes = h('ul.fnotes', { 'aria-label': t('fd.notes') });
  const values = h('dl.fvalues');
  const where = h('ul.ffits', { 'aria-label': t('fd.fits') });
  const fitsCard = h('section', null, h('h3', null, t('fd.fits')), where);
  const stage = h('div');
  const layers = h('section.flayers', { hidden: true }, h('h3', null, t('fd.layers')), h('button.btn.sm', { type: 'button', onclick: () => draw() }, icon('layers'), t('fd.showlayers')), stage);
  const acts = h('div.row', { hidden: true }, print, download, remove); // of a file that is known
  root.replaceChildren(h('article.card.fdetail', null,
    h('header', null, h('a.ib.fback', { href: '#/files', 'aria-label': t('fd.back') }, icon('back')), name),
    problem, acts, plates, notes, fitsCard, layers, h('section', null, h('h3', null, t('fd.values')), values)));

  async function load() {
    try {
      file = await get(base, { signal });
      plate = file.plates[0]?.index ?? 1;
      paint();
      if (file.plates.length) await refit();
    } catch (error) {
      fail(error);
    }
  }

  /** @param {unknown} error */
  function fail(error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    hide(problem, false);
    text(problem, error.message);
  }

  async function refit() {
    try {
      fits = (await get(`${base}/fit?plate=${plate}`, { signal })).printers;
      paintFits();
      if (fits.some((fit) => fit.verdicts.some((/** @type {any} */ v) => v.code === 'being_read'))) setTimeout(() => { if (!signal.aborted) void load(); }, AGAIN_MS);
    } catch (error) {
      fail(error);
    }
  }

  async function open() {
    if (file.use === 'slice') (await import('./slice.js')).openSlice({ file, done: page.changed });
    else (await import('./upload.js')).openUpload({ fileId: file.id, plate });
  }

  async function ask() {
    const { confirm } = await import('./dialogs.js');
    const short = stem(file.name);
    if (!(await confirm({ title: t('fd.delete.title', { name: short }), body: [t('fd.delete.body')], ok: t('fd.delete.go', { name: short }), danger: true }))) return;
    await page.remove(file).catch(fail);
  }

  const chosen = () => file.plates.find((/** @type {any} */ one) => one.index === plate);

  function paint() {
    const model = file.use === 'slice';
    text(name, file.name);
    hide(acts, false);
    print.replaceChildren(icon(model ? 'slice' : 'play'), t(model ? 'fd.slice' : 'fd.start'));
    hide(plates, file.plates.length < 2 && !chosen()?.thumbnail && !file.thumbnail);
    hide(fitsCard, model);
    hide(layers, model);
    text(plates.firstChild, file.plates.length > 1 ? t('fd.plates') : '');
    const shown = model && file.thumbnail ? [{ index: 1, thumbnail: file.thumbnail, name: '', seconds: null, grams: null }] : file.plates;
    keyed(plates.lastChild, shown, (/** @type {any} */ one) => String(one.index), plateNode, (node, one) => {
      node.classList.toggle('one', shown.length === 1);
      node.firstChild.checked = one.index === plate;
    });
    const warnings = [model && t('fd.unsliced'), ...file.warnings, ...(chosen()?.warnings ?? [])].filter(Boolean);
    hide(notes, !warnings.length);
    keyed(notes, warnings, (words) => words, (words) => h('li', null, icon('info'), words));
    paintValues();
  }

  /** @param {any} one */
  function plateNode(one) {
    return h('label', null,
      h('input', { type: 'radio', name: 'fd-plate', value: one.index, onchange: () => { plate = one.index; undraw(); paint(); void refit(); } }),
      h('span.th', null, one.thumbnail ? h('img', { src: one.thumbnail, alt: t('fd.pic', { n: one.index }) }) : icon('plate')),
      h('b', null, one.name || (file.plates.length > 1 ? t('fd.plate', { n: one.index }) : '')), h('span', null, [dur(one.seconds), grams(one.grams)].filter(Boolean).join(' · ')));
  }

  /** What is known, each with the place it comes from. */
  function known() {
    const p = chosen();
    const from = (/** @type {string} */ key) => file.sources?.[`plate ${plate}: ${key}`] ?? file.sources?.[key] ?? '';
    const shape = file.shape;
    const mm = (/** @type {number[]} */ list) => list.map((v) => Math.round(v * 10) / 10).join(' × ');
    const box = p?.bounds;
    /** @type {Array<[string, any, string]>} */
    const rows = file.use === 'slice' ? [
      ['box', shape?.size_mm && `${mm(shape.size_mm)} mm`, ''], ['triangles', shape?.triangles?.toLocaleString(), ''], ['made_for', shape?.made_for, ''],
    ] : [
      ['models', [p?.model, ...(p?.models ?? [])].filter(Boolean).filter((v, i, all) => all.indexOf(v) === i).join(', '), from('models') || from('printer_model')],
      ['nozzle', p?.nozzle_mm.length && `${p.nozzle_mm.join(' and ')} mm`, from('nozzle_mm')],
      ['time', dur(p?.seconds), from('seconds')],
      ['grams', p && filamentWords(p), from('filaments') || from('grams')],
      ['layers', p?.layers, from('layers')],
      ['height', p?.height_mm && `${p.height_mm} mm`, from('height_mm')],
      ['area', p?.bounds_state === 'reading' ? t('fd.reading') : box && `X ${Math.round(box.x0)} – ${Math.round(box.x1)}, Y ${Math.round(box.y0)} – ${Math.round(box.y1)} mm`, box ? 'scan' : ''],
      ['bed', p?.bed_type, from('bed_type')],
      ['objects', p?.objects.length, from('objects')],
    ];
    return [...rows, ['slicer', [file.slicer, file.slicer_version].filter(Boolean).join(' '), from('slicer')], ['size', `${file.kind}, ${bytes(file.size_bytes)}`, '']];
  }

  function paintValues() {
    keyed(values, known(), ([key]) => key, ([key]) => h('div', null, h('dt', null, t(`fd.v.${key}`)), h('dd', null, h('span'), h('small'))), (node, [, value, place]) => {
      const [said, source] = node.lastChild.children;
      const nothing = !(value instanceof Node) && (value === null || value === undefined || value === '' || value === 0 || value === false);
      if (value instanceof Node) said.replaceChildren(value);
      else text(said, nothing ? t('fd.unknown') : value);
      said.classList.toggle('none', nothing);
      text(source, nothing || !place ? '' : t('fd.source', { place: String(place).replaceAll('_', ' ') }));
    });
  }

  function paintFits() {
    const list = fits.map((fit) => ({ ...fit, ...fitOf(fit) })).sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level) || nameOf(a).localeCompare(nameOf(b), undefined, { numeric: true }));
    keyed(where, list, (fit) => fit.printer_id, () => h('li', null, icon('check'), h('b'), h('ul')), (node, fit) => {
      const [tone, pic] = LEVELS[fit.level] ?? LEVELS.warn;
      node.className = `t-${tone}`;
      node.firstChild.replaceWith(icon(pic));
      text(node.children[1], nameOf(fit));
      const lines = [...(fit.level === 'later' ? [t('fd.fits.later')] : fit.said.length ? [] : [t('fd.fits.ok')]), ...fit.said];
      keyed(node.lastChild, [...new Set(lines)], (words) => /** @type {string} */ (words), (words) => h('li', null, words));
    });
  }

  function undraw() {
    drawing?.abort();
    drawing = null;
    stage.replaceChildren();
    hide(layers.children[1], false);
  }

  function draw() {
    undraw();
    drawing = new AbortController();
    hide(layers.children[1], true);
    stage.append(layersPart(`${base}/plates/${plate}/gcode`, { signal: AbortSignal.any([signal, drawing.signal]) }));
  }

  attr(root, 'aria-live', null);
  void load();
}

/** @param {any} fit */
const nameOf = (fit) => store.printers.get(fit.printer_id)?.name ?? fit.printer_id;

/** "12 g PLA, 3 g PETG", each with its colour. @param {any} plate */
function filamentWords(plate) {
  if (!plate.filaments.length) return grams(plate.grams);
  return h('span.fils', null, plate.filaments.map((/** @type {any} */ f) => h('span', null, h('i.sw', { style: f.color ? { '--c': css(f.color) } : {} }), [f.grams !== null && grams(f.grams), f.type].filter(Boolean).join(' '))));
}
