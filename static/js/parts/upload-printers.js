// @ts-check
// The dialog's right half: which printer, or any that fits; what needs a person's yes; how often.
import { attr, h, hide, icon, keyed, text } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { stateWord } from './card.js';
import { deadlineField, filamentField } from './wish-fields.js';
import { anyRows, pathOf, questionsOf, sorted, verdictsOf, worstOf } from './upload-rules.js';

addWords({
  'up.printer': 'Printer', 'up.fits': 'Everything fits', 'up.confirm': 'I have checked this: {text}', 'up.any': 'Any printer that fits', 'up.any.model': 'Any {model}', 'up.any.n': '{n} printers', 'up.any.free': 'The farm picks; {n} free now', 'up.any.wait': 'The farm picks the first that is free',
  'up.queue': 'Queue', 'up.copies': 'Copies', 'up.notbefore': 'Not before',
});

export const LEVELS = /** @type {Record<string, [string, string]>} */ ({ ok: ['ok', 'check'], warn: ['warn', 'triangle'], confirm: ['warn', 'triangle'], refuse: ['fault', 'x'], wait: ['idle', 'clock'] });

/** @param {string} id */
const printerOf = (id) => store.printers.get(id);

/** @param {string} id */
const nameOf = (id) => printerOf(id)?.name ?? id;

/** A radio button's row: a printer, or one of several. @typedef {{key: string, fit: any, row: any}} Choice */

export class PrinterPart {
  /** @param {string} wanted the printer that was asked for @param {boolean} toQueue rather queue than start
   * @param {() => void} changed */
  constructor(wanted, toQueue, changed) {
    this.wanted = wanted;
    this.toQueue = toQueue;
    this.changed = changed;
    /** key of the chosen row: a printer's id, "any", "any MODEL"; "" = none */
    this.key = '';
    /** @type {any[]} one per printer, from GET /api/files/FID/fit */
    this.fits = [];
    /** @type {Set<string>} verdict codes the person has confirmed */
    this.confirmed = new Set();
    this.root = h('fieldset.who', { hidden: true }, h('legend', null, t('up.printer')), h('div'));
    this.ticks = h('div.ticks');
  }

  /** @param {any[]} fits */
  take(fits) {
    this.fits = fits;
    const found = this.fits.find((one) => one.printer_id === this.key);
    if (this.anys.some((row) => row.key === this.key) || (found && pathOf(found) !== 'no')) return;
    this.key = this.proposal();
  }

  /** A file that was dropped on one printer is never offered to another without a choice. */
  proposal() {
    const asked = this.fits.find((one) => one.printer_id === this.wanted);
    if (asked) return pathOf(asked) === 'no' ? '' : this.wanted;
    if (this.toQueue && this.anys.length) return this.anys[0].key;
    const now = (/** @type {string} */ level) => this.fits.find((one) => one.level === level)?.printer_id;
    return now('ok') ?? now('warn') ?? '';
  }

  get anys() {
    return anyRows(this.fits, printerOf);
  }

  /** The chosen "any" row. */
  get any() {
    return this.anys.find((row) => row.key === this.key);
  }

  get fit() {
    return this.fits.find((one) => one.printer_id === this.key);
  }

  get printer() {
    return this.fit && printerOf(this.key);
  }

  get target() {
    return this.any?.target ?? (this.printer ? { printer_id: this.key } : null);
  }

  /** Whether it can start at once, must wait, or nothing was chosen. @returns {'start' | 'queue' | ''} */
  get path() {
    if (this.any) return 'queue';
    const path = this.printer ? pathOf(this.fit) : 'no';
    return path === 'no' ? '' : path;
  }

  /** What still needs a tick. */
  get open() {
    return this.asks.filter((v) => !this.confirmed.has(v.code));
  }

  get asks() {
    if (this.any) return questionsOf(this.any.fits);
    return verdictsOf(this.fit).filter((v) => v.level === 'confirm');
  }

  /** @param {string} key */
  choose(key) {
    this.key = key;
    this.confirmed.clear();
    this.changed();
  }

  paint() {
    const list = sorted(this.fits, this.wanted, nameOf);
    const anys = this.anys.map((row) => ({ key: row.key, fit: null, row }));
    /** @type {Choice[]} */
    const rows = list.map((fit) => ({ key: fit.printer_id, fit, row: null }));
    const best = rows[0] && pathOf(rows[0].fit) === 'start' && !this.toQueue ? 1 : 0;
    rows.splice(best, 0, ...anys);
    keyed(this.root.lastChild, rows, (one) => one.key, (one) => h('label', null,
      h('input', { type: 'radio', name: 'printer', value: one.key, onchange: () => this.choose(one.key) }),
      h('span', null, h('b'), h('small')), h('em', null, icon('check'), h('span'))), (node, one) => (one.row ? this.paintAny(node, one.row) : this.paintPrinter(node, one.fit)));
    this.paintTicks();
  }

  /** @param {any} node @param {any} row */
  paintAny(node, row) {
    const free = row.fits.filter((/** @type {any} */ fit) => pathOf(fit) === 'start').length;
    this.paintRow(node, row.key, free ? 'ok' : 'wait', [row.model ? t('up.any.model', { model: row.model }) : t('up.any'), t('up.any.n', { n: row.fits.length }), free ? t('up.any.free', { n: free }) : t('up.any.wait')]);
  }

  /** @param {any} node @param {any} fit */
  paintPrinter(node, fit) {
    const p = printerOf(fit.printer_id);
    const level = pathOf(fit) === 'queue' ? 'wait' : fit.level;
    this.paintRow(node, fit.printer_id, level, [p?.name ?? fit.printer_id, [p?.model, p && stateWord(p)].filter(Boolean).join(' · '), worstOf(fit)?.text || t('up.fits')]);
  }

  /** @param {any} node @param {string} key @param {string} level @param {string[]} words name, small print, verdict */
  paintRow(node, key, level, [name, small, verdict]) {
    const [tone, pic] = LEVELS[level] ?? LEVELS.warn;
    const refused = level === 'refuse';
    node.classList.toggle('no', refused);
    const [radio, who, said] = node.children;
    if (radio.disabled !== refused) radio.disabled = refused;
    radio.checked = key === this.key;
    text(who.firstChild, name);
    text(who.lastChild, small);
    const cls = `t-${tone}`;
    if (said.className !== cls) {
      said.className = cls;
      said.firstChild.replaceWith(icon(pic));
    }
    text(said.lastChild, verdict);
  }

  paintTicks() {
    keyed(this.ticks, this.asks, (v) => `${this.key} ${v.code}`, (v) => h('label.ck.warnbox', null,
      h('input', { type: 'checkbox', onchange: (/** @type {any} */ e) => { if (e.target.checked) this.confirmed.add(v.code); else this.confirmed.delete(v.code); this.changed(); } }), t('up.confirm', { text: v.text })));
  }
}

/** How many, and from when on: wishes only the queue can keep. */
export class QueueFields {
  /** @param {() => void} changed */
  constructor(changed) {
    this.number = h('input', { type: 'number', min: 1, max: 1000, value: 1, inputmode: 'numeric', oninput: changed });
    this.time = h('input', { type: 'datetime-local', oninput: changed });
    this.due = deadlineField(null, changed);
    this.made = filamentField([], changed);
    this.root = h('fieldset.qwish', { hidden: true }, h('legend', null, t('up.queue')),
      h('label.field', null, t('up.copies'), this.number), h('label.field', null, t('up.notbefore'), this.time), this.due.root, this.made.root);
  }

  get copies() {
    return Math.max(1, Math.min(1000, Math.round(this.number.valueAsNumber) || 1));
  }

  /** Epoch s, null = at once. */
  get notBefore() {
    const at = this.time.value ? new Date(this.time.value).getTime() / 1000 : NaN;
    return Number.isFinite(at) && at > store.now() ? at : null;
  }

  /** A direct start cannot keep these. */
  get wished() {
    return this.copies > 1 || this.notBefore !== null || this.due.value !== null || this.made.value.length > 0;
  }

  /** @param {boolean} shown */
  paint(shown) {
    hide(this.root, !shown);
    attr(this.number, 'aria-invalid', this.number.validity.valid ? null : 'true');
  }
}
