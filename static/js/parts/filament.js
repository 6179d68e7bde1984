// @ts-check
// Which loaded spool prints which filament of the file. What is shown here helps a person choose;
// whether it may print is decided by the farm when the start arrives.
import { attr, cssVar, h, icon, keyed, text } from '../html.js';
import { css, grams } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'fil.need': '{g} needed', 'fil.pick': 'Slot for {name}', 'fil.choose': 'Choose a slot', 'fil.tray': '{slot} · {type}{left}', 'fil.left': ' · {g} left', 'fil.ext': 'External spool',
  'fil.match': 'Match', 'fil.color': 'Different colour', 'fil.type': 'Wrong material', 'fil.few': 'Not enough', 'fil.none': 'No slot', 'fil.unknown': 'Unknown spool', 'fil.pickprinter': 'Choose a printer to see its slots.', 'fil.of': 'Filament {n}',
});

/** @param {any} printer @returns {any[]} slots a job could print from */
export function traysOf(printer) {
  const inUnits = (printer?.ams ?? []).flatMap((/** @type {any} */ unit) => unit.trays);
  return [...inUnits, ...(printer?.external ?? [])];
}

/** @param {any} filament @param {any[]} mapping @param {Map<number, string>} chosen */
const slotFor = (filament, mapping, chosen) =>
  chosen.get(filament.index) ?? mapping.find((/** @type {any} */ m) => m.filament === filament.index)?.slot ?? '';

/** "PLA-CF" prints like itself only. @param {string} type */
const material = (type) => type.toUpperCase().trim();

/** The farm's verdicts in a word or two; its whole sentence stands beside the printer. */
const SHORT = /** @type {Record<string, string>} */ ({
  match: 'fil.match', other_color: 'fil.color', not_enough: 'fil.few', wrong_material: 'fil.type',
});

/** Words beside a chosen slot. @param {any} filament @param {any} tray @returns {[string, string]} tone, key */
export function judge(filament, tray) {
  if (!tray) return ['warn', 'fil.none'];
  if (!tray.type) return ['warn', 'fil.unknown'];
  if (material(tray.type) !== material(filament.type ?? '')) return ['fault', 'fil.type'];
  if (tray.grams !== null && tray.grams !== undefined && filament.grams > tray.grams) return ['warn', 'fil.few'];
  if (css(tray.color).toLowerCase() !== css(filament.color).toLowerCase()) return ['warn', 'fil.color'];
  return ['ok', 'fil.match'];
}

/** ams_mapping of a start: the tray's number per project filament, -1 for the unused ones;
 * null leaves the choice to the farm. @param {any} file @param {any} plate @param {any} printer
 * @param {any[]} mapping @param {Map<number, string>} chosen */
export function mappingOf(file, plate, printer, mapping, chosen) {
  const used = plate?.filaments ?? [];
  if (!used.length || !chosen.size) return null;
  const trays = traysOf(printer);
  const size = Math.max(file?.filament_count ?? 0, ...used.map((/** @type {any} */ f) => f.index));
  const out = new Array(size).fill(-1);
  for (const filament of used) {
    const tray = trays.find((one) => one.slot === slotFor(filament, mapping, chosen));
    if (tray) out[filament.index - 1] = tray.index;
  }
  return out;
}

/** @param {any} tray */
function trayWords(tray) {
  const left = tray.grams !== null && tray.grams !== undefined ? t('fil.left', { g: grams(tray.grams) }) : tray.remain !== null && tray.remain !== undefined ? t('fil.left', { g: `${tray.remain}\u00a0%` }) : '';
  const type = tray.empty ? t('fil.unknown') : tray.name || tray.type || t('fil.unknown');
  return t('fil.tray', { slot: tray.slot.startsWith('Ext') ? `${t('fil.ext')}${tray.slot.slice(3)}` : tray.slot, type: tray.slot.startsWith('Ext') ? type : tray.type || type, left });
}

/** @param {Element} box @param {any[]} filaments @param {any} printer @param {any[]} mapping
 * @param {Map<number, string>} chosen @param {() => void} changed */
export function filamentRows(box, filaments, printer, mapping, chosen, changed) {
  const trays = traysOf(printer).filter((tray) => !tray.empty || tray.slot.startsWith('Ext'));
  keyed(box, filaments, (f) => String(f.index), (f) => {
    const select = h('select', { onchange: () => { chosen.set(f.index, select.value); changed(); } });
    return h('div.mrow', null, h('span.sw'), h('div', null, h('b'), h('span')), icon('right'), h('span.sw.tr'), select, h('span.oks', null, icon('check'), h('span')));
  }, (row, f) => {
    const [swatch, words, , swatch2, select, verdict] = row.children;
    const name = f.name || f.type || t('fil.of', { n: f.index });
    if (css(f.color)) cssVar(swatch, '--c', css(f.color));
    text(words.firstChild, name);
    text(words.lastChild, f.grams ? t('fil.need', { g: grams(f.grams) }) : '');
    attr(select, 'aria-label', t('fil.pick', { name }));
    const key = trays.map((tray) => trayWords(tray)).join('|') + (printer?.id ?? '');
    if (select.dataset.trays !== key) {
      select.dataset.trays = key;
      select.replaceChildren(h('option', { value: '' }, printer ? t('fil.choose') : t('fil.pickprinter')), ...trays.map((tray) => h('option', { value: tray.slot }, trayWords(tray))));
    }
    const slot = slotFor(f, mapping, chosen);
    if (select.value !== slot) select.value = slot;
    if (select.disabled !== !printer) select.disabled = !printer;
    const tray = trays.find((one) => one.slot === slot);
    cssVar(swatch2, '--c', tray ? css(tray.color) || 'transparent' : 'transparent');
    const given = chosen.has(f.index) ? null : mapping.find((m) => m.filament === f.index)?.verdict;
    const [tone, label] = given?.text ? [({ ok: 'ok', warn: 'warn', confirm: 'warn', refuse: 'fault' })[/** @type {string} */ (given.level)] ?? 'warn', t(SHORT[given.code] ?? '') || given.text] : [judge(f, tray)[0], t(judge(f, tray)[1])];
    const cls = `oks t-${tone}`;
    if (verdict.className !== cls) {
      verdict.className = cls;
      verdict.firstChild.replaceWith(icon(tone === 'ok' ? 'check' : tone === 'fault' ? 'x' : 'triangle'));
    }
    text(verdict.lastChild, printer ? label : '');
  });
}
