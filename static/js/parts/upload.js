// @ts-check
// Upload & start, or into the queue: file, plate, filament, printer, options, and one sentence that
// says what will happen.
import { ApiError, act, get, post } from '../api.js';
import { attr, h, hide, icon, sheet, text } from '../html.js';
import { clock, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { rescueToasts, say, toast } from './toast.js';
import { filamentRows, mappingOf, traysOf } from './filament.js';
import { FilePart } from './upload-file.js';
import { LEVELS, PrinterPart, QueueFields } from './upload-printers.js';
import { jobBody, pathOf, verdictsOf, waitsFor, worstOf } from './upload-rules.js';

addWords({
  'up.title': 'Start a print', 'up.title.queue': 'Add to the queue', 'up.filament': 'Filament', 'up.refresh': 'Refresh slots', 'up.options': 'Options', 'up.bed_leveling': 'Level bed first', 'up.flow_cali': 'Flow calibration', 'up.vibration_cali': 'Vibration calibration', 'up.timelapse': 'Timelapse', 'up.use_ams': 'Use AMS',
  'up.start': 'Start', 'up.starton': 'Start on {name}', 'up.starting': 'Starting…', 'up.started': '{job}: sending to {name}', 'up.ready': '{name} is idle, its bed is clear and the file fits.', 'up.choose': 'Choose a printer.', 'up.other': 'Choose another printer, or another file.',
  'up.nofile': 'Choose a file first.', 'up.noprinter': 'No printer can take this file now. The reasons stand beside each.', 'up.tick': 'Tick what you have checked first.',
  'up.add': 'Add to queue', 'up.adding': 'Adding…', 'up.queuefor': 'Queue for {name}', 'up.queueany': 'Queue for any {model}', 'up.added': '{job} is in the queue', 'up.see': 'Show the queue',
  'up.waits': '{why} The job waits in the queue until {name} is free.', 'up.firstfree': 'Waits in the queue; the first of {n} printers that is free takes it.', 'up.picks': 'The farm picks one of {n} printers; {free} can start at once.',
  'up.later': 'Not before {at}.', 'up.copies.n': '{n} copies.', 'up.queues': 'Waits in the queue for {name}.',
});

const OPTIONS = /** @type {Array<[string, boolean]>} */ ([['bed_leveling', true], ['flow_cali', false], ['vibration_cali', false], ['timelapse', false], ['use_ams', true]]);
const READ_AGAIN_MS = 1000;
const TONES = /** @type {Record<string, string>} */ ({ ok: 'check', warn: 'triangle', fault: 'x', idle: 'info' });

/** @type {UploadDialog | null} */
let open = null;

/** @param {{file?: File, fileId?: string, plate?: number, printer?: string, queue?: boolean}} wish
 *  queue: it is to wait rather than to start */
export async function openUpload(wish) {
  await Promise.all([sheet('views'), sheet('queue')]);
  if (!open) open = new UploadDialog(wish.printer ?? '', wish.queue ?? false);
  if (wish.file) void open.source.send(wish.file);
  else if (wish.fileId) void open.source.choose(wish.fileId, wish.plate);
}

class UploadDialog {
  /** @param {string} printer the one that was asked for @param {boolean} toQueue */
  constructor(printer, toQueue) {
    /** @type {Map<number, string>} filament → slot chosen by the person */
    this.slots = new Map();
    this.refusal = '';
    this.busy = '';
    this.life = new AbortController();
    this.source = new FilePart({ taken: () => void this.taken(), plated: () => { this.forget(); void this.refit(); }, cleared: () => { this.who.fits = []; this.paint(); }, signal: this.life.signal });
    this.who = new PrinterPart(printer, toQueue, () => { this.slots.clear(); this.refusal = ''; this.paintPrinters(); });
    this.wish = new QueueFields(() => this.paintFoot());
    this.build();
    store.watch(() => this.look(), this.life.signal);
  }

  build() {
    this.map = h('fieldset.map', { hidden: true }, h('legend', null, t('up.filament')), h('div'), h('button.btn.sm.ghost', { type: 'button', onclick: () => this.refit() }, icon('refresh'), t('up.refresh')));
    this.options = h('fieldset.opts', { hidden: true }, h('legend', null, t('up.options')), OPTIONS.map(([name, on]) => h('label.ck', null, h('input', { type: 'checkbox', name, checked: on, onchange: () => this.paintMap() }), t(`up.${name}`))));
    this.foot = h('p.ready-l', { role: 'status', 'aria-live': 'polite' });
    this.add = h('button.btn', { type: 'button', onclick: () => void this.queue() }, t('up.add'));
    this.go = h('button.btn.pri', { type: 'submit' }, t('up.start'));
    this.form = h('form', { novalidate: true, onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); void (this.starts ? this.start() : this.queue()); } },
      h('header', null, h('h2', { id: 'up-title' }, t(this.who.toQueue ? 'up.title.queue' : 'up.title')), h('button.ib', { type: 'button', 'aria-label': t('close'), onclick: () => this.dialog.close() }, icon('x'))),
      h('div.ub', { tabindex: -1 }, h('div.ul', null, this.source.parts, this.map, this.wish.root), h('div.ur', null, this.who.root, this.who.ticks, this.options)),
      h('footer', null, this.foot, this.add, this.go));
    this.dialog = h('dialog.big', { 'aria-labelledby': 'up-title' }, this.form);
    this.dialog.addEventListener('drop', (/** @type {DragEvent} */ e) => {
      e.preventDefault();
      const file = e.dataTransfer?.files[0];
      if (file) void this.source.send(file);
    });
    this.dialog.addEventListener('close', () => {
      this.life.abort();
      rescueToasts();
      this.dialog.remove();
      open = null;
    });
    document.body.append(this.dialog);
    this.paint();
    this.dialog.showModal();
  }

  async taken() {
    const { file } = this.source;
    if (file.use === 'slice') {
      this.dialog.close();
      await (await import('./slice.js')).openSlice({ file });
      return;
    }
    this.forget();
    this.paint();
    await this.refit();
    if (this.source.bare) this.who.root.querySelector('input:enabled')?.focus();
    else this.source.focus();
  }

  forget() {
    this.slots.clear();
    this.who.confirmed.clear();
    this.refusal = '';
  }

  /** Asks the farm again which printers can, with what is loaded now. */
  async refit(keep = false) {
    const { file, plate } = this.source;
    if (!file) return;
    try {
      const answer = await get(`/api/files/${encodeURIComponent(file.id)}/fit?plate=${plate}`, { signal: this.life.signal });
      if (file !== this.source.file || plate !== this.source.plate) return;
      this.seen = this.doings();
      this.who.take(answer.printers ?? []);
      if (!keep) this.refusal = '';
      if (this.who.fits.some((one) => verdictsOf(one).some((v) => v.code === 'being_read'))) this.lookAgain(keep);
    } catch (error) {
      if (!(error instanceof ApiError)) return;
      this.refusal = error.message;
    }
    this.paint();
  }

  /** The farm still reads where the file's moves go: a matter of seconds. @param {boolean} keep */
  lookAgain(keep) {
    clearTimeout(this.again);
    this.again = setTimeout(() => { if (!this.life.signal.aborted) void this.refit(keep); }, READ_AGAIN_MS);
  }

  /** Who could be started on, as far as the page knows. */
  doings() {
    return [...store.printers.values()].map((p) => `${p.id} ${p.gates?.start?.code ?? ''}`).join();
  }

  /** A printer that has become free, or busy, gets another verdict. */
  look() {
    this.paintPrinters();
    if (this.source.file && this.seen !== undefined && this.seen !== this.doings()) {
      this.seen = this.doings();
      this.lookAgain(true);
    }
  }

  paint() {
    this.source.paint();
    hide(this.who.root, !this.source.file);
    hide(this.options, !this.source.file || this.source.plain); // plain G-code has its options in itself
    this.paintPrinters();
  }

  paintPrinters() {
    this.who.paint();
    this.paintMap();
    this.paintFoot();
  }

  paintMap() {
    const { file, plain, info } = this.source;
    const { printer } = this.who;
    const needs = (info?.filaments ?? []).some((/** @type {any} */ f) => f.type || f.color);
    hide(this.map, !file || Boolean(this.who.any) || (plain && !(needs && printer && traysOf(printer).length)));
    filamentRows(this.map.children[1], info?.filaments ?? [], printer, this.who.fit?.mapping ?? [], this.slots, () => { this.refusal = ''; this.paintMap(); this.paintFoot(); });
  }

  /** The main button starts; else it queues. */
  get starts() {
    return this.who.path !== 'queue' && !this.wish.wished && !(this.who.toQueue && this.who.path);
  }

  paintFoot() {
    this.wish.paint(Boolean(this.source.file));
    const [tone, words] = this.sentence();
    this.foot.className = `ready-l t-${tone}`;
    if (this.foot.dataset.words !== words) {
      this.foot.dataset.words = words;
      this.foot.replaceChildren(icon(TONES[tone]), h('span', null, words));
    }
    const ready = Boolean(this.source.file && this.who.target && !this.who.open.length && store.connected && !this.busy);
    const { printer, any } = this.who;
    for (const button of [this.go, this.add]) attr(button, 'aria-disabled', ready ? null : 'true');
    hide(this.add, !this.starts || !this.source.file);
    attr(this.go, 'aria-busy', this.busy === 'start' ? 'true' : null);
    text(this.add, this.busy === 'queue' ? t('up.adding') : t('up.add'));
    if (this.starts) text(this.go, this.busy === 'start' ? t('up.starting') : printer ? t('up.starton', { name: printer.name }) : t('up.start'));
    else text(this.go, this.busy ? t('up.adding') : any?.model ? t('up.queueany', { model: any.model }) : printer ? t('up.queuefor', { name: printer.name }) : t('up.add'));
  }

  /** What will happen, or what is in the way. @returns {[string, string]} tone, words */
  sentence() {
    const { printer, fit, fits, any, path } = this.who;
    const asked = fits.find((f) => f.printer_id === this.who.wanted);
    const able = fits.some((f) => pathOf(f) !== 'no');
    if (this.refusal) return ['fault', this.refusal];
    if (!store.connected) return ['fault', t('conn.locked')];
    if (!this.source.file) return ['idle', t('up.nofile')];
    if (!any && !printer) {
      if (asked && able) return ['warn', `${worstOf(asked)?.text ?? ''} ${t('up.other')}`];
      return ['idle', able || !fits.length ? t('up.choose') : t('up.noprinter')];
    }
    if (this.who.open.length) return ['warn', t('up.tick')];
    if (!this.starts) return ['idle', this.queueWords()];
    const warning = verdictsOf(fit).find((v) => v.level === 'warn')?.text;
    return warning ? ['warn', warning] : [path === 'start' ? 'ok' : 'idle', t('up.ready', { name: printer.name })];
  }

  /** What the queue will do with it. */
  queueWords() {
    const { printer, fit, any } = this.who;
    const free = any?.fits.filter((/** @type {any} */ f) => pathOf(f) === 'start').length ?? 0;
    const where = any ? t(free ? 'up.picks' : 'up.firstfree', { n: any.fits.length, free })
      : this.who.path === 'queue' ? t('up.waits', { why: waitsFor(fit), name: printer.name }) : t('up.queues', { name: printer.name });
    const { copies, notBefore } = this.wish;
    return [copies > 1 && t('up.copies.n', { n: copies }), where, notBefore !== null && t('up.later', { at: clock(notBefore, store.now()) }), store.queue.why?.text].filter(Boolean).join(' ');
  }

  get chosenOptions() {
    return this.source.plain ? {} : Object.fromEntries(OPTIONS.map(([name]) => [name, this.options.querySelector(`[name=${name}]`).checked]));
  }

  get mapping() {
    return this.source.plain || !this.who.printer ? null : mappingOf(this.source.file, this.source.info, this.who.printer, this.who.fit?.mapping ?? [], this.slots);
  }

  async start() {
    const { printer: p } = this.who;
    const { file, plate } = this.source;
    if (this.go.getAttribute('aria-disabled') || !p) return;
    await this.send('start', async () => {
      await act(p.id, 'start', { file_id: file.id, plate, ...(this.mapping && { ams_mapping: this.mapping }), options: this.chosenOptions, confirm: [...this.who.confirmed] });
      say(t('up.started', { job: stem(file.name), name: p.name }));
    });
  }

  async queue() {
    const { target } = this.who;
    const { file, plate } = this.source;
    if (this.go.getAttribute('aria-disabled') || !target) return;
    await this.send('queue', async () => {
      const job = await post('/api/jobs', jobBody({ file, plate, target, copies: this.wish.copies, notBefore: this.wish.notBefore, deadline: this.wish.due.value, filament: this.wish.made.value, mapping: this.mapping, options: this.chosenOptions, confirm: [...this.who.confirmed] }));
      store.setJob(job);
      this.dialog.close();
      const there = location.hash === '#/queue';
      toast(t('up.added', { job: stem(file.name) }), { tone: 'ok', ...(!there && { action: t('up.see'), run: () => { location.hash = '#/queue'; } }) });
    });
  }

  /** A refusal stays here, with every choice. @param {string} what @param {() => Promise<void>} run */
  async send(what, run) {
    this.busy = what;
    this.refusal = '';
    this.paintFoot();
    try {
      await run();
      if (open === this) this.dialog.close();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refusal = error.message;
      void this.refit(true);
    } finally {
      this.busy = '';
      this.paintFoot();
    }
  }
}
