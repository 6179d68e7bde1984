// @ts-check
// Upload & start: file, plate, filament, printer, options, and one sentence that says what happens.
import { ApiError, act, get, upload } from '../api.js';
import { attr, h, hide, icon, keyed, sheet, text } from '../html.js';
import { bytes, dur, grams, pct, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { stateWord } from './card.js';
import { rescueToasts, say } from './toast.js';
import { filamentRows, mappingOf, traysOf } from './filament.js';

addWords({
  'up.title': 'Start a print', 'up.drop': 'Drop a sliced file here', 'up.kind': 'A .gcode.3mf for Bambu Lab (“Export plate sliced file”), a .gcode for every other make (Prusa’s own firmware also takes .bgcode)', 'up.pick': 'Choose a file', 'up.change': 'Change', 'up.cancel': 'Cancel',
  'up.sending': 'Uploading, {pct}', 'up.reading': 'Reading the file…', 'up.slicedfor': 'sliced for {model}, {mm} mm', 'up.slicedfor.model': 'sliced for {model}', 'up.part': 'Print', 'up.library': 'Or one that is on the server already', 'up.plate': 'Plate', 'up.plate.n': 'Plate {n}', 'up.filament': 'Filament', 'up.refresh': 'Refresh slots',
  'up.printer': 'Printer', 'up.options': 'Options', 'up.bed_leveling': 'Level bed first', 'up.flow_cali': 'Flow calibration', 'up.vibration_cali': 'Vibration calibration', 'up.timelapse': 'Timelapse', 'up.use_ams': 'Use AMS',
  'up.fits': 'Everything fits', 'up.confirm': 'I have checked this: {text}', 'up.start': 'Start', 'up.starton': 'Start on {name}', 'up.starting': 'Starting…', 'up.ready': '{name} is idle, its bed is clear and the file fits.', 'up.choose': 'Choose a printer.', 'up.other': 'Choose another printer, or another file.',
  'up.nofile': 'Choose a file first.', 'up.noprinter': 'No printer can take this file now. The reasons stand beside each.', 'up.tick': 'Tick what you have checked first.', 'up.started': '{job}: sending to {name}', 'up.progress': 'Upload', 'up.filepic': 'Picture of plate {n}', 'up.input': 'Sliced file',
});

const OPTIONS = /** @type {Array<[string, boolean]>} */ ([['bed_leveling', true], ['flow_cali', false], ['vibration_cali', false], ['timelapse', false], ['use_ams', true]]);
const READ_AGAIN_MS = 1000;
/** What no waiting changes is said before what the printer is doing just now. */
const FOR_GOOD = ['wrong_kind', 'wrong_model', 'wrong_flavour'];
const LEVELS = /** @type {Record<string, [string, string]>} */ ({ ok: ['ok', 'check'], warn: ['warn', 'triangle'], confirm: ['warn', 'triangle'], refuse: ['fault', 'x'] });

/** What the farm says of a printer and of each filament there, each thing once.
 * @param {any} fit @returns {Array<{level: string, code: string, text: string}>} */
function verdictsOf(fit) {
  const all = [...(fit?.verdicts ?? []), ...(fit?.mapping ?? []).map((/** @type {any} */ m) => m.verdict)];
  return [...new Map(all.map((v) => [`${v.code} ${v.text}`, v])).values()];
}

/** The one reason to show of a printer; undefined when everything fits. @param {any} fit */
function worstOf(fit) {
  const all = verdictsOf(fit).filter((v) => v.level === fit?.level && v.level !== 'ok');
  return all.find((v) => FOR_GOOD.includes(v.code)) ?? all[0];
}

/** @type {UploadDialog | null} */
let open = null;

/** @param {{file?: File, fileId?: string, plate?: number, printer?: string}} wish */
export async function openUpload(wish) {
  await sheet('views');
  if (!open) open = new UploadDialog(wish.printer ?? '');
  if (wish.file) void open.send(wish.file);
  else if (wish.fileId) void open.choose(wish.fileId, wish.plate);
}

class UploadDialog {
  /** @param {string} printer the one that was asked for */
  constructor(printer) {
    this.wanted = printer;
    this.printer = '';
    /** @type {any} */
    this.file = null;
    this.plate = 1;
    /** @type {any[]} one per printer, from GET /api/files/FID/fit */
    this.fits = [];
    /** @type {Map<number, string>} filament → slot chosen by the person */
    this.slots = new Map();
    /** @type {Set<string>} verdict codes the person has confirmed */
    this.confirmed = new Set();
    this.refusal = '';
    this.busy = false;
    this.life = new AbortController();
    this.build();
    store.watch(() => this.paintPrinters(), this.life.signal);
    void this.library();
  }

  build() {
    this.input = h('input.sr', { type: 'file', accept: '.3mf,.gcode,.bgcode,.stl,.obj,.step,.stp,.amf', 'aria-label': t('up.input'), tabindex: -1, onchange: () => this.input.files[0] && this.send(this.input.files[0]) });
    this.pic = h('span.th', null, icon('file'));
    this.name = h('b');
    this.note = h('span');
    this.bar = h('progress', { max: 100, value: 0, hidden: true, 'aria-label': t('up.progress') });
    this.pick = h('button.btn.sm', { type: 'button', autofocus: true, onclick: () => this.onPick() }, t('up.pick'));
    this.problem = h('p.problem', { role: 'alert', hidden: true });
    this.drop = h('div.drop', null, this.pic, h('div', null, this.name, this.note, this.bar), this.pick, this.input);
    this.drop.addEventListener('dragover', (/** @type {DragEvent} */ e) => e.preventDefault());
    this.known = h('fieldset.known', { hidden: true }, h('legend', null, t('up.library')), h('ul'));
    this.plates = h('fieldset.plates', { hidden: true }, h('legend', null, t('up.plate')), h('div'));
    this.map = h('fieldset.map', { hidden: true }, h('legend', null, t('up.filament')), h('div'), h('button.btn.sm.ghost', { type: 'button', onclick: () => this.refit() }, icon('refresh'), t('up.refresh')));
    this.who = h('fieldset.who', { hidden: true }, h('legend', null, t('up.printer')), h('div'));
    this.ticks = h('div.ticks');
    this.options = h('fieldset.opts', { hidden: true }, h('legend', null, t('up.options')), OPTIONS.map(([name, on]) => h('label.ck', null, h('input', { type: 'checkbox', name, checked: on, onchange: () => this.paintMap() }), t(`up.${name}`))));
    this.foot = h('p.ready-l', { role: 'status', 'aria-live': 'polite' });
    this.go = h('button.btn.pri', { type: 'submit' }, t('up.start'));
    this.form = h('form', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); void this.start(); } },
      h('header', null, h('h2', { id: 'up-title' }, t('up.title')), h('button.ib', { type: 'button', 'aria-label': t('close'), onclick: () => this.dialog.close() }, icon('x'))),
      h('div.ub', { tabindex: -1 }, h('div.ul', null, this.drop, this.problem, this.known, this.plates, this.map), h('div.ur', null, this.who, this.ticks, this.options)),
      h('footer', null, this.foot, this.go));
    this.dialog = h('dialog.big', { 'aria-labelledby': 'up-title' }, this.form);
    this.dialog.addEventListener('drop', (/** @type {DragEvent} */ e) => {
      e.preventDefault();
      const file = e.dataTransfer?.files[0];
      if (file) void this.send(file);
    });
    this.dialog.addEventListener('close', () => {
      this.life.abort();
      this.sending?.abort();
      rescueToasts();
      this.dialog.remove();
      open = null;
    });
    document.body.append(this.dialog);
    this.paint();
    this.dialog.showModal();
  }

  onPick() {
    if (this.sending) this.sending.abort();
    else this.input.click();
  }

  /** Files that were uploaded before. */
  async library() {
    const answer = await get('/api/files').catch(() => null);
    const files = (answer?.files ?? answer ?? []).slice?.(0, 6) ?? [];
    if (!files.length || this.file || this.sending) return;
    hide(this.known, false);
    keyed(this.known.lastChild, files, (/** @type {any} */ f) => f.id, (f) => h('li', null, h('button', { type: 'button', onclick: () => this.choose(f.id) }, icon('file'), h('b', null, stem(f.name)), h('small', null, bytes(f.size_bytes)))));
  }

  /** @param {File} file */
  async send(file) {
    this.sending?.abort();
    const mine = (this.sending = new AbortController());
    this.file = null;
    this.fits = [];
    this.fail('');
    text(this.name, file.name);
    hide(this.bar, false);
    hide(this.known, true);
    this.paint();
    try {
      const stored = await upload(file, (sent, total) => {
        this.bar.value = Math.floor((sent / total) * 100);
        text(this.note, sent < total ? t('up.sending', { pct: pct((sent / total) * 100) }) : t('up.reading'));
      }, mine.signal);
      this.sending = null;
      await this.take(stored);
    } catch (error) {
      if (this.sending !== mine && this.sending) return;
      this.sending = null;
      if (error instanceof ApiError) this.fail(error.message);
      else if (/** @type {any} */ (error)?.name !== 'AbortError') throw error;
      this.paint();
    }
  }

  /** @param {string} id of a file in the library @param {number} [plate] */
  async choose(id, plate) {
    try {
      await this.take(await get(`/api/files/${encodeURIComponent(id)}`), plate);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.fail(error.message);
    }
  }

  /** @param {any} file @param {number} [plate] */
  async take(file, plate) {
    if (file.use === 'slice') {
      this.dialog.close();
      await (await import('./slice.js')).openSlice({ file });
      return;
    }
    this.file = file;
    this.plate = plate ?? file.plates?.[0]?.index ?? 1;
    this.slots.clear();
    this.confirmed.clear();
    this.paint();
    await this.refit();
    (this.bare ? this.who : this.plates).querySelector('input:enabled')?.focus();
  }

  /** @param {string} words */
  fail(words) {
    hide(this.problem, !words);
    text(this.problem, words);
  }

  get plateInfo() {
    return this.file?.plates?.find((/** @type {any} */ one) => one.index === this.plate);
  }

  /** Plain G-code: its tools, levelling and calibrations are in the file. */
  get plain() {
    return Boolean(this.file) && this.file.kind !== 'gcode.3mf';
  }

  /** Nothing to choose and nothing to see of it. */
  get bare() {
    return this.plain && !this.plateInfo?.thumbnail;
  }

  get fit() {
    return this.fits.find((one) => one.printer_id === this.printer);
  }

  /** Asks the farm again which printers can, with what is loaded now. */
  async refit() {
    if (!this.file) return;
    try {
      const answer = await get(`/api/files/${encodeURIComponent(this.file.id)}/fit?plate=${this.plate}`, { signal: this.life.signal });
      this.fits = answer.printers ?? [];
      this.refusal = '';
      if (this.fits.some((one) => verdictsOf(one).some((v) => v.code === 'being_read'))) this.lookAgain();
    } catch (error) {
      if (!(error instanceof ApiError)) return;
      this.refusal = error.message;
    }
    const can = (/** @type {string} */ id) => this.fits.some((one) => one.printer_id === id && one.level !== 'refuse');
    // A file that was dropped on one printer is never offered to another without a choice.
    const wanted = this.fits.some((one) => one.printer_id === this.wanted);
    if (!can(this.printer)) this.printer = wanted ? (can(this.wanted) ? this.wanted : '') : this.fits.find((one) => one.level === 'ok')?.printer_id ?? this.fits.find((one) => one.level === 'warn')?.printer_id ?? '';
    this.paint();
  }

  /** The farm still reads where the file's moves go: a matter of seconds. */
  lookAgain() {
    clearTimeout(this.again);
    this.again = setTimeout(() => { if (!this.life.signal.aborted) void this.refit(); }, READ_AGAIN_MS);
  }

  paint() {
    const file = this.file;
    const plate = this.plateInfo;
    text(this.pick, this.sending ? t('up.cancel') : file ? t('up.change') : t('up.pick'));
    hide(this.bar, !this.sending && !file);
    this.bar.classList.toggle('done', Boolean(file));
    if (file) {
      this.bar.value = 100;
      hide(this.known, true);
      text(this.name, file.name);
      const model = plate?.printer_model || plate?.model;
      const mm = [plate?.nozzle_mm ?? []].flat().join('/');
      text(this.note, [bytes(file.size_bytes), model && t(mm ? 'up.slicedfor' : 'up.slicedfor.model', { model, mm }), this.bare && dur(plate?.seconds)].filter(Boolean).join(' · '));
    } else if (!this.sending) {
      text(this.name, t('up.drop'));
      text(this.note, t('up.kind'));
    }
    hide(this.plates, !file || this.bare);
    text(this.plates.firstChild, t(this.plain ? 'up.part' : 'up.plate'));
    hide(this.who, !file);
    hide(this.options, !file || this.plain); // plain G-code has its options in itself
    this.drop.classList.toggle('big', !file && !this.sending);
    this.paintPlates();
    this.paintPrinters();
  }

  paintPlates() {
    keyed(this.plates.lastChild, this.file?.plates ?? [], (/** @type {any} */ one) => `${this.file.id} ${one.index}`, (one) => {
      const url = one.thumbnail;
      return h('label', null,
        h('input', { type: 'radio', name: 'plate', value: one.index, onchange: () => { this.plate = one.index; this.slots.clear(); this.confirmed.clear(); void this.refit(); } }),
        h('span.th', null, url ? h('img', { src: url, alt: t('up.filepic', { n: one.index }) }) : icon('plate')), h('b', null, one.name || (this.plain ? stem(this.file.name) : t('up.plate.n', { n: one.index }))), h('span', null, [dur(one.seconds), grams(one.grams)].filter(Boolean).join(' · ')));
    }, (node, one) => { node.firstChild.checked = one.index === this.plate; });
    const first = this.plateInfo?.thumbnail;
    if (first && !this.pic.querySelector(`img[src="${CSS.escape(first)}"]`)) this.pic.replaceChildren(h('img', { src: first, alt: '' }));
    else if (!this.file) this.pic.replaceChildren(icon('file'));
    const warnings = [...(this.file?.warnings ?? []), ...(this.plateInfo?.warnings ?? [])].map((w) => (typeof w === 'string' ? w : w.text ?? ''));
    if (this.file) this.fail(warnings.join(' '));
  }

  paintPrinters() {
    const order = { ok: 0, warn: 1, confirm: 2, refuse: 3 };
    const never = (/** @type {any} */ fit) => Number(verdictsOf(fit).some((v) => FOR_GOOD.includes(v.code)));
    const name = (/** @type {any} */ fit) => store.printers.get(fit.printer_id)?.name ?? fit.printer_id;
    const list = [...this.fits].sort((a, b) => Number(b.printer_id === this.wanted) - Number(a.printer_id === this.wanted) || /** @type {any} */ (order)[a.level] - /** @type {any} */ (order)[b.level] || never(a) - never(b) || name(a).localeCompare(name(b), undefined, { numeric: true }));
    keyed(this.who.lastChild, list, (fit) => fit.printer_id, (fit) => h('label', null,
      h('input', { type: 'radio', name: 'printer', value: fit.printer_id, onchange: () => { this.printer = fit.printer_id; this.slots.clear(); this.confirmed.clear(); this.refusal = ''; this.paintPrinters(); } }),
      h('span', null, h('b'), h('small')), h('em', null, icon('check'), h('span'))), (node, fit) => this.paintPrinter(node, fit));
    this.paintTicks();
    this.paintMap();
    this.paintFoot();
  }

  /** @param {any} node @param {any} fit */
  paintPrinter(node, fit) {
    const p = store.printers.get(fit.printer_id);
    const [tone, pic] = LEVELS[fit.level] ?? LEVELS.warn;
    const refused = fit.level === 'refuse';
    node.classList.toggle('no', refused);
    const [radio, who, verdict] = node.children;
    if (radio.disabled !== refused) radio.disabled = refused;
    radio.checked = fit.printer_id === this.printer;
    text(who.firstChild, p?.name ?? fit.printer_id);
    text(who.lastChild, [p?.model, p && stateWord(p)].filter(Boolean).join(' · '));
    verdict.className = `t-${tone}`;
    verdict.firstChild.replaceWith(icon(pic));
    text(verdict.lastChild, worstOf(fit)?.text || t('up.fits'));
  }

  paintTicks() {
    const asks = verdictsOf(this.fit).filter((v) => v.level === 'confirm');
    keyed(this.ticks, asks, (v) => `${this.printer} ${v.code}`, (v) => h('label.ck.warnbox', null,
      h('input', { type: 'checkbox', onchange: (/** @type {any} */ e) => { if (e.target.checked) this.confirmed.add(v.code); else this.confirmed.delete(v.code); this.paintFoot(); } }), t('up.confirm', { text: v.text })));
  }

  option(/** @type {string} */ name) {
    return this.options.querySelector(`[name=${name}]`)?.checked ?? false;
  }

  paintMap() {
    const box = this.map.children[1];
    const printer = store.printers.get(this.printer);
    const needs = (this.plateInfo?.filaments ?? []).some((/** @type {any} */ f) => f.type || f.color);
    hide(this.map, !this.file || (this.plain && !(needs && printer && traysOf(printer).length)));
    filamentRows(box, this.plateInfo?.filaments ?? [], printer, this.fit?.mapping ?? [], this.slots, () => { this.refusal = ''; this.paintMap(); this.paintFoot(); });
  }

  paintFoot() {
    const p = store.printers.get(this.printer);
    const asks = verdictsOf(this.fit).filter((v) => v.level === 'confirm' && !this.confirmed.has(v.code));
    const warning = verdictsOf(this.fit).find((v) => v.level === 'warn')?.text;
    const asked = this.fits.find((f) => f.printer_id === this.wanted);
    let tone = 'ok';
    let words = '';
    if (this.refusal) [tone, words] = ['fault', this.refusal];
    else if (!store.connected) [tone, words] = ['fault', t('conn.locked')];
    else if (!this.file) [tone, words] = ['idle', t('up.nofile')];
    else if (!p && asked && this.fits.some((f) => f.level !== 'refuse')) [tone, words] = ['warn', `${worstOf(asked)?.text ?? ''} ${t('up.other')}`];
    else if (!p) [tone, words] = ['idle', this.fits.some((f) => f.level !== 'refuse') || !this.fits.length ? t('up.choose') : t('up.noprinter')];
    else if (asks.length) [tone, words] = ['warn', t('up.tick')];
    else if (warning) [tone, words] = ['warn', warning];
    else words = t('up.ready', { name: p.name });
    this.foot.className = `ready-l t-${tone}`;
    const [, pic] = /** @type {any} */ ({ ok: LEVELS.ok, warn: LEVELS.warn, fault: LEVELS.refuse, idle: ['', 'info'] })[tone];
    if (this.foot.dataset.words !== words) {
      this.foot.dataset.words = words;
      this.foot.replaceChildren(icon(pic), h('span', null, words));
    }
    const ready = Boolean(this.file && p && !asks.length && store.connected && !this.busy);
    attr(this.go, 'aria-disabled', ready ? null : 'true');
    attr(this.go, 'aria-busy', this.busy ? 'true' : null);
    text(this.go, this.busy ? t('up.starting') : p ? t('up.starton', { name: p.name }) : t('up.start'));
  }

  async start() {
    if (this.go.getAttribute('aria-disabled')) return;
    const p = store.printers.get(this.printer);
    if (!p) return;
    this.busy = true;
    this.refusal = '';
    this.paintFoot();
    const options = this.plain ? {} : Object.fromEntries(OPTIONS.map(([name]) => [name, this.option(name)]));
    const mapping = this.plain ? null : mappingOf(this.file, this.plateInfo, p, this.fit?.mapping ?? [], this.slots);
    try {
      await act(p.id, 'start', { file_id: this.file.id, plate: this.plate, ...(mapping && { ams_mapping: mapping }), options, confirm: [...this.confirmed] });
      say(t('up.started', { job: stem(this.file.name), name: p.name }));
      this.dialog.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refusal = error.message;
    } finally {
      this.busy = false;
      this.paintFoot();
    }
  }
}
