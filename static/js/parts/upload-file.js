// @ts-check
// The dialog's left half: which file, and which plate of it.
import { ApiError, get, upload } from '../api.js';
import { h, hide, icon, keyed, text } from '../html.js';
import { bytes, dur, grams, pct, stem } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'up.drop': 'Drop a sliced file here', 'up.kind': 'A .gcode.3mf for Bambu Lab (“Export plate sliced file”), a .gcode for every other make (Prusa’s own firmware also takes .bgcode)', 'up.pick': 'Choose a file', 'up.change': 'Change', 'up.cancel': 'Cancel', 'up.input': 'Sliced file',
  'up.sending': 'Uploading, {pct}', 'up.reading': 'Reading the file…', 'up.slicedfor': 'sliced for {model}, {mm} mm', 'up.slicedfor.model': 'sliced for {model}', 'up.part': 'Print', 'up.library': 'Or one that is on the server already', 'up.plate': 'Plate', 'up.plate.n': 'Plate {n}', 'up.progress': 'Upload', 'up.filepic': 'Picture of plate {n}',
});

const SHOWN = 6;

export class FilePart {
  /** @param {{taken: () => void, plated: () => void, cleared: () => void, signal: AbortSignal}} on
   *  taken: a file is here; plated: another plate of it; cleared: it is on its way out */
  constructor(on) {
    this.on = on;
    /** @type {any} */
    this.file = null;
    this.plate = 1;
    this.input = h('input.sr', { type: 'file', accept: '.3mf,.gcode,.bgcode,.stl,.obj,.step,.stp,.amf', 'aria-label': t('up.input'), tabindex: -1, onchange: () => this.input.files[0] && this.send(this.input.files[0]) });
    this.pic = h('span.th', null, icon('file'));
    this.name = h('b');
    this.note = h('span');
    this.bar = h('progress', { max: 100, value: 0, hidden: true, 'aria-label': t('up.progress') });
    this.pick = h('button.btn.sm', { type: 'button', autofocus: true, onclick: () => (this.sending ? this.sending.abort() : this.input.click()) }, t('up.pick'));
    this.problem = h('p.problem', { role: 'alert', hidden: true });
    this.drop = h('div.drop', null, this.pic, h('div', null, this.name, this.note, this.bar), this.pick, this.input);
    this.drop.addEventListener('dragover', (/** @type {DragEvent} */ e) => e.preventDefault());
    this.known = h('fieldset.known', { hidden: true }, h('legend', null, t('up.library')), h('ul'));
    this.plates = h('fieldset.plates', { hidden: true }, h('legend', null, t('up.plate')), h('div'));
    this.parts = [this.drop, this.problem, this.known, this.plates];
    on.signal.addEventListener('abort', () => this.sending?.abort());
    void this.library();
  }

  /** Files that were uploaded before. */
  async library() {
    const answer = await get('/api/files').catch(() => null);
    const files = (answer?.files ?? []).slice(0, SHOWN);
    if (!files.length || this.file || this.sending) return;
    hide(this.known, false);
    keyed(this.known.lastChild, files, (/** @type {any} */ f) => f.id, (f) => h('li', null, h('button', { type: 'button', onclick: () => this.choose(f.id) }, icon('file'), h('b', null, stem(f.name)), h('small', null, bytes(f.size_bytes)))));
  }

  /** @param {File} file */
  async send(file) {
    this.sending?.abort();
    const mine = (this.sending = new AbortController());
    this.file = null;
    this.fail('');
    text(this.name, file.name);
    hide(this.bar, false);
    hide(this.known, true);
    this.on.cleared();
    try {
      const stored = await upload(file, (sent, total) => {
        this.bar.value = Math.floor((sent / total) * 100);
        text(this.note, sent < total ? t('up.sending', { pct: pct((sent / total) * 100) }) : t('up.reading'));
      }, mine.signal);
      this.sending = null;
      this.take(stored);
    } catch (error) {
      if (this.sending !== mine && this.sending) return;
      this.sending = null;
      if (error instanceof ApiError) this.fail(error.message);
      else if (/** @type {any} */ (error)?.name !== 'AbortError') throw error;
      if (!this.on.signal.aborted) this.on.cleared();
    }
  }

  /** @param {string} id of a file in the library @param {number} [plate] */
  async choose(id, plate) {
    try {
      this.take(await get(`/api/files/${encodeURIComponent(id)}`), plate);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.fail(error.message);
    }
  }

  /** @param {any} file @param {number} [plate] */
  take(file, plate) {
    this.file = file;
    this.plate = plate ?? file.plates?.[0]?.index ?? 1;
    this.on.taken();
  }

  /** @param {string} words */
  fail(words) {
    hide(this.problem, !words);
    text(this.problem, words);
  }

  get info() {
    return this.file?.plates?.find((/** @type {any} */ one) => one.index === this.plate);
  }

  /** Plain G-code: its tools, levelling and calibrations are in the file. */
  get plain() {
    return Boolean(this.file) && this.file.kind !== 'gcode.3mf';
  }

  /** Nothing to choose and nothing to see of it. */
  get bare() {
    return this.plain && !this.info?.thumbnail;
  }

  focus() {
    this.plates.querySelector('input:enabled')?.focus();
  }

  paint() {
    const { file, info } = this;
    text(this.pick, this.sending ? t('up.cancel') : file ? t('up.change') : t('up.pick'));
    hide(this.bar, !this.sending && !file);
    this.bar.classList.toggle('done', Boolean(file));
    if (file) {
      this.bar.value = 100;
      hide(this.known, true);
      text(this.name, file.name);
      const model = info?.printer_model || info?.model;
      const mm = [info?.nozzle_mm ?? []].flat().join('/');
      text(this.note, [bytes(file.size_bytes), model && t(mm ? 'up.slicedfor' : 'up.slicedfor.model', { model, mm }), this.bare && dur(info?.seconds)].filter(Boolean).join(' · '));
    } else if (!this.sending) {
      text(this.name, t('up.drop'));
      text(this.note, t('up.kind'));
    }
    hide(this.plates, !file || this.bare);
    text(this.plates.firstChild, t(this.plain ? 'up.part' : 'up.plate'));
    this.drop.classList.toggle('big', !file && !this.sending);
    this.paintPlates();
  }

  paintPlates() {
    keyed(this.plates.lastChild, this.file?.plates ?? [], (/** @type {any} */ one) => `${this.file.id} ${one.index}`, (one) => {
      const url = one.thumbnail;
      return h('label', null,
        h('input', { type: 'radio', name: 'plate', value: one.index, onchange: () => { this.plate = one.index; this.on.plated(); } }),
        h('span.th', null, url ? h('img', { src: url, alt: t('up.filepic', { n: one.index }) }) : icon('plate')), h('b', null, one.name || (this.plain ? stem(this.file.name) : t('up.plate.n', { n: one.index }))), h('span', null, [dur(one.seconds), grams(one.grams)].filter(Boolean).join(' · ')));
    }, (node, one) => { node.firstChild.checked = one.index === this.plate; });
    const first = this.info?.thumbnail;
    if (first && !this.pic.querySelector(`img[src="${CSS.escape(first)}"]`)) this.pic.replaceChildren(h('img', { src: first, alt: '' }));
    else if (!this.file) this.pic.replaceChildren(icon('file'));
    const warnings = [...(this.file?.warnings ?? []), ...(this.info?.warnings ?? [])].map((w) => (typeof w === 'string' ? w : w.text ?? ''));
    if (this.file) this.fail(warnings.join(' '));
  }
}
