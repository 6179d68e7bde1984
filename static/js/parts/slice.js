// @ts-check
// Slice a model: for which printer, with which presets; then watch it, and print what came out.
import { ApiError, get, post, request } from '../api.js';
import { attr, h, hide, icon, sheet, text } from '../html.js';
import { dur, grams, pct, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { rescueToasts } from './toast.js';

addWords({
  'slice.title': 'Slice {name}', 'slice.printer': 'For printer', 'slice.noprinter': 'No printer in particular', 'slice.set': 'Presets of', 'slice.machine': 'Machine', 'slice.process': 'Process', 'slice.filament': 'Filament', 'slice.yours': 'Yours', 'slice.family.prusa': 'PrusaSlicer', 'slice.family.orca': 'OrcaSlicer, Bambu Studio', 'slice.family.cura': 'Cura', 'slice.fits': 'Fits {name}', 'slice.others': 'Other machines',
  'slice.go': 'Slice', 'slice.cancel': 'Cancel slicing', 'slice.remember': 'Remember these presets for {name}', 'slice.waiting': 'Waiting for another slicing to end', 'slice.progress': 'Slicing', 'slice.loading': 'Loading presets…', 'slice.none': 'None', 'slice.plate': 'Plate',
  'slice.done': 'Sliced. The result is in the library.', 'slice.print': 'Print…', 'slice.show': 'Show the file', 'slice.again': 'Change and try again', 'slice.off.how': 'How to switch slicing on stands in docs/slicing.md.', 'slice.choose': 'Choose machine, process and filament.',
});

const LOOK_MS = 500;
const MOST_LOOKS = 6;

/** What a printer's model is called, and how its maker's presets are. */
const MAKERS = /** @type {Array<[RegExp, RegExp]>} */ ([
  [/\bmk\d|\bmini\b|\bxl\b|core one|prusa/i, /prusa/i], [/ender|\bcr-?\d|creality|\bk1/i, /creality/i], [/voron/i, /voron/i], [/bambu|^(?:x1|p1|p2|a1|a2|h2)/i, /bambu|bbl/i],
  [/kobra|vyper|anycubic/i, /anycubic/i], [/neptune|elegoo/i, /elegoo/i], [/sidewinder|genius|artillery/i, /artillery/i], [/rat ?rig|v-core/i, /rat ?rig/i], [/ultimaker|\bs[357]\b/i, /ultimaker/i],
]);

/** Sets worth a look for a printer: a person's own, then its maker's, PrusaSlicer before Cura.
 * @param {any[]} sets @param {any} printer */
export function likely(sets, printer) {
  const model = printer?.model ?? '';
  const makers = MAKERS.filter(([models]) => models.test(model)).map(([, names]) => names);
  const first = model.split(/[\s-]/)[0].toLowerCase();
  const of = (/** @type {any} */ one) => one.source === 'imported' || makers.some((names) => names.test(one.name)) || (first.length > 3 && one.name.toLowerCase().includes(first));
  const families = printer?.kind === 'bambu' ? ['orca', 'prusa', 'cura'] : ['prusa', 'orca', 'cura'];
  const rank = (/** @type {any} */ one) => Number(one.source !== 'imported') * 10 + families.indexOf(one.family);
  return sets.filter(of).sort((a, b) => rank(a) - rank(b)).slice(0, MOST_LOOKS);
}

/** One group per slicer, a person's own first. @param {any[]} sets */
function grouped(sets) {
  const group = (/** @type {any} */ one) => (one.source === 'imported' ? t('slice.yours') : t(`slice.family.${one.family}`));
  return [...new Set(sets.map(group))].sort((a, b) => Number(b === t('slice.yours')) - Number(a === t('slice.yours')))
    .map((name) => ({ group: name, items: sets.filter((one) => group(one) === name).map((one) => /** @type {[string, string]} */ ([one.id, one.name])) }));
}

/** @param {{file: any, done?: () => void}} wish a model of the library */
export async function openSlice({ file, done = () => {} }) {
  await sheet('views');
  await sheet('files');
  const life = new AbortController();
  const { signal } = life;
  const base = '/api/slicing';
  /** @type {any} */
  let state = null;
  /** @type {any} */
  let sets = { sets: [], defaults: {} };
  /** @type {any} */
  let options = { machines: [], processes: [], filaments: [] };
  /** @type {any} */
  let task = null;
  let asked = 0;

  const select = (/** @type {string} */ name, /** @type {() => void} */ changed) => h('select', { id: `slice-${name}`, onchange: changed });
  const printer = select('printer', () => void prefer());
  const set = select('set', () => void machines());
  const machine = select('machine', () => void presets());
  const process = select('process', paint);
  const filament = select('filament', paint);
  const plate = h('input', { type: 'number', id: 'slice-plate', min: 1, max: Math.max(1, file.shape?.plates ?? 1), value: 1 });
  const field = (/** @type {string} */ name, /** @type {any} */ control) => h('div.sfield', null, h('label', { for: `slice-${name}` }, t(`slice.${name}`)), control);
  const remember = h('input', { type: 'checkbox' });
  const rememberRow = h('label.ck', { hidden: true }, remember, h('span'));
  const form = h('fieldset.sform', null, h('legend.sr', null, t('slice.progress')), field('printer', printer), field('set', set), field('machine', machine), field('process', process), field('filament', filament),
    (file.shape?.plates ?? 1) > 1 && field('plate', plate), rememberRow);
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const bar = h('progress', { max: 100, 'aria-label': t('slice.progress') });
  const doing = h('p', { role: 'status' });
  const notes = h('ul.fnotes');
  const running = h('div.srun', { hidden: true }, h('div.barrow', null, bar, h('b')), doing, notes);
  const close = h('button.btn', { type: 'button', onclick: () => dialog.close() }, t('close'));
  const other = h('button.btn', { type: 'button', hidden: true, onclick: () => void second() });
  const go = h('button.btn.pri', { type: 'submit' }, t('slice.go'));
  const dialog = h('dialog.slice', { 'aria-labelledby': 'slice-title' }, h('form', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); void main(); } },
    h('header', null, h('h2', { id: 'slice-title' }, t('slice.title', { name: stem(file.name) })), h('button.ib', { type: 'button', 'aria-label': t('close'), onclick: () => dialog.close() }, icon('x'))),
    file.thumbnail && h('span.th.spic', null, h('img', { src: file.thumbnail, alt: '' })), problem, form, running, h('menu', null, close, other, go)));
  dialog.addEventListener('close', () => {
    life.abort();
    rescueToasts();
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();

  /** @param {any} control @param {Array<[string, string] | {group: string, items: Array<[string, string]>}>} items @param {string} [wanted] */
  function fill(control, items, wanted = control.value) {
    const option = (/** @type {[string, string]} */ [value, words]) => h('option', { value }, words);
    control.replaceChildren(...items.map((item) => (Array.isArray(item) ? option(item) : h('optgroup', { label: item.group }, item.items.map(option)))));
    if ([...control.options].some((one) => one.value === wanted)) control.value = wanted;
    control.disabled = !control.options.length;
    if (!control.options.length) control.append(option(['', t('slice.none')]));
  }

  /** @param {unknown} error */
  function fail(error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    say(error.message);
  }

  /** @param {string} words */
  function say(words) {
    hide(problem, !words);
    text(problem, words);
  }

  async function begin() {
    state = await get(base, { signal });
    if (!state.enabled || state.why) {
      say(state.why);
      hide(form, true);
      hide(go, true);
      return;
    }
    sets = await get(`${base}/profiles`, { signal });
    const all = [...store.printers.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
    fill(printer, [['', t('slice.noprinter')], ...all.map((p) => /** @type {[string, string]} */ ([p.id, [p.name, p.model].filter(Boolean).join(' · ')]))], all[0]?.id ?? '');
    fill(set, grouped(sets.sets));
    await prefer();
  }

  /** What the chosen printer was sliced with last, or the presets that fit it. */
  async function prefer() {
    const known = sets.defaults[printer.value];
    if (known) set.value = known.set;
    else if (printer.value) await fitting();
    await machines(known);
  }

  /** The first of the likely sets that has a machine for the printer. */
  async function fitting() {
    const mine = ++asked;
    for (const one of likely(sets.sets, store.printers.get(printer.value))) {
      if (one.fits && !one.fits.includes(printer.value)) continue;
      const found = await ask(one.id, '');
      if (mine !== asked || signal.aborted) return;
      if (found.machines.some(fitsPrinter)) {
        set.value = one.id;
        return;
      }
    }
  }

  /** @param {any} one */
  const fitsPrinter = (one) => one.fits.includes(printer.value);

  /** @param {string} id @param {string} chosen */
  const ask = (id, chosen) => get(`${base}/profiles/${encodeURIComponent(id)}?${new URLSearchParams({ ...(chosen && { machine: chosen }), ...(printer.value && { printer_id: printer.value }) })}`, { signal, timeout: 60000 });

  /** @param {any} [known] the printer's own presets */
  async function machines(known) {
    if (!set.value) return paint();
    say('');
    const mine = ++asked;
    try {
      const found = await ask(set.value, '');
      if (mine !== asked) return;
      options = { ...found, processes: [], filaments: [] };
      const item = (/** @type {any} */ one) => /** @type {[string, string]} */ ([one.name, one.name]);
      const fits = found.machines.filter(fitsPrinter), rest = found.machines.filter((/** @type {any} */ one) => !fitsPrinter(one));
      const name = store.printers.get(printer.value)?.name ?? '';
      fill(machine, fits.length ? [{ group: t('slice.fits', { name }), items: fits.map(item) }, { group: t('slice.others'), items: rest.map(item) }] : rest.map(item), known?.machine ?? fits[0]?.name);
      await presets(known);
    } catch (error) {
      fail(error);
    }
  }

  /** @param {any} [known] */
  async function presets(known) {
    const mine = ++asked;
    try {
      const found = machine.value ? await ask(set.value, machine.value) : { processes: [], filaments: [] };
      if (mine !== asked) return;
      fill(process, found.processes.map((/** @type {string} */ name) => [name, name]), known?.process ?? middle(found.processes));
      fill(filament, found.filaments.map((/** @type {any} */ one) => [one.name, one.name]), known?.filament ?? everyday(found.filaments));
      paint();
    } catch (error) {
      fail(error);
    }
  }

  /** The everyday one: 0.2 mm where there is one. @param {string[]} names */
  const middle = (names) => names.find((name) => /0\.20?\s?mm.*(?:standard|quality|normal)/i.test(name)) ?? names.find((name) => /0\.20?\s?mm/i.test(name)) ?? names[0];

  /** A PLA that says nothing special. @param {any[]} list */
  const everyday = (list) => (list.find((one) => /^(?:generic|prusament) pla\b/i.test(one.name)) ?? list.find((one) => /^pla\b/i.test(one.name)) ?? list.find((one) => one.material === 'PLA'))?.name;

  function paint() {
    const name = store.printers.get(printer.value)?.name;
    hide(rememberRow, !name);
    text(rememberRow.lastChild, t('slice.remember', { name: name ?? '' }));
    const ready = Boolean(machine.value && process.value && filament.value);
    attr(go, 'aria-disabled', ready ? null : 'true');
  }

  /** The main button: slice, or what comes after it. */
  async function main() {
    if (task?.state === 'done') {
      dialog.close();
      (await import('./upload.js')).openUpload({ fileId: task.result_file_id, printer: printer.value || undefined });
      return;
    }
    if (task?.state === 'failed' || task?.state === 'cancelled') return back();
    if (task || go.getAttribute('aria-disabled')) return say(task ? '' : t('slice.choose'));
    say('');
    const body = { file_id: file.id, set: set.value, machine: machine.value, process: process.value, filaments: [filament.value], ...(printer.value && { printer_id: printer.value }), ...((file.shape?.plates ?? 1) > 1 && { plate: Number(plate.value) }) };
    try {
      if (remember.checked && printer.value) await request('PUT', `${base}/defaults/${encodeURIComponent(printer.value)}`, { set: set.value, machine: machine.value, process: process.value, filament: filament.value });
      task = await post(base, body);
      hide(form, true);
      hide(running, false);
      show();
      void watch();
    } catch (error) {
      fail(error);
    }
  }

  async function watch() {
    while (!signal.aborted && !task.ended_at) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (signal.aborted) return;
      try {
        task = await get(`${base}/${encodeURIComponent(task.id)}`, { signal });
        show();
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ApiError)) throw error;
        text(doing, error.message);
      }
    }
    if (task.state !== 'done') return;
    done();
    const sliced = await get(`/api/files/${encodeURIComponent(task.result_file_id)}`, { signal }).catch(() => null);
    const plate = sliced?.plates[0];
    if (plate) text(doing, [t('slice.done'), [sliced.name, dur(plate.seconds), grams(plate.grams)].filter(Boolean).join(' · ')].join(' '));
  }

  function show() {
    const ended = Boolean(task.ended_at);
    if (task.percent === null && !ended) bar.removeAttribute('value');
    else bar.value = task.percent ?? 0;
    text(bar.nextSibling, task.percent === null ? '' : pct(task.percent));
    hide(bar.parentElement, ended);
    text(doing, task.state === 'waiting' ? t('slice.waiting') : task.state === 'done' ? t('slice.done') : task.text);
    if (task.error) say(task.error.text);
    notes.replaceChildren(...task.warnings.map((/** @type {string} */ words) => h('li', null, icon('info'), words)));
    hide(go, !ended);
    text(go, t(task.state === 'done' ? 'slice.print' : ended ? 'slice.again' : 'slice.go'));
    hide(other, ended && task.state !== 'done');
    text(other, t(ended ? 'slice.show' : 'slice.cancel'));
  }

  async function second() {
    if (task?.state === 'done') {
      dialog.close();
      location.hash = `#/files/${task.result_file_id}`;
      return;
    }
    await request('DELETE', `${base}/${encodeURIComponent(task.id)}`).catch(fail);
  }

  function back() {
    task = null;
    say('');
    hide(running, true);
    hide(form, false);
    hide(other, true);
    text(go, t('slice.go'));
  }

  await begin().catch(fail);
}
