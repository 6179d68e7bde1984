// @ts-check
// The sums above the history: four figures, use per printer or month, why prints did not finish.
import { attr, h, hide, keyed, s, text } from '../html.js';
import { dur, grams } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'hs.prints': 'Prints', 'hs.rate': 'Success rate', 'hs.hours': 'Print time', 'hs.filament': 'Filament', 'hs.ends': '{finished} finished · {failed} failed · {cancelled} stopped', 'hs.of': 'finished, of all that were started', 'hs.on': 'on {n} printers', 'hs.on.1': 'on one printer', 'hs.unweighed': 'without {n} of unknown weight',
  'hs.use': 'Use per printer', 'hs.months': 'Use per month', 'hs.by': 'Bars show', 'hs.by.printers': 'Printers', 'hs.by.months': 'Months', 'hs.bar': '{d} · {n} prints', 'hs.bar.1': '{d} · 1 print', 'hs.table': 'Show as a table', 'hs.why': 'Why prints did not finish', 'hs.times': '{n} times', 'hs.times.1': 'once', 'hs.unknown': 'not named', 'hs.all': 'Show all {n}',
  'hs.t.name': 'Name', 'hs.t.prints': 'Prints', 'hs.t.finished': 'Finished', 'hs.t.failed': 'Failed', 'hs.t.cancelled': 'Stopped', 'hs.t.rate': 'Success', 'hs.t.hours': 'Hours', 'hs.t.grams': 'Filament',
});

const FEW = 8;
const TABLE = ['name', 'prints', 'finished', 'failed', 'cancelled', 'rate', 'hours', 'grams'];

/** Floored: 100 % only when nothing failed. @param {number | null} rate 0–1 */
export const percent = (rate) => (rate === null ? '–' : `${Math.floor(rate * 100 + 1e-9)}\u00a0%`);

/** @param {number} hours */
export const hoursOf = (hours) => (hours < 10 ? dur(hours * 3600) : `${Math.round(hours).toLocaleString()}\u00a0h`);

/** @param {number} g */
export const weight = (g) => (g < 1000 ? grams(g) : `${(g / 1000).toLocaleString([], { minimumFractionDigits: 1, maximumFractionDigits: 1 })}\u00a0kg`);

/** "2026-11" in the reader's words. @param {string} month */
export const monthName = (month) => new Date(`${month}-15T12:00:00Z`).toLocaleDateString([], { month: 'long', year: 'numeric' });

/** @param {any} sums of GET /api/stats @returns {Array<[string, string, string]>} */
export function figures({ total, printers, materials }) {
  const kinds = materials.slice(0, 3).map((/** @type {any} */ m) => `${m.type || t('hs.unknown')} ${weight(m.grams)}`);
  const used = printers.filter((/** @type {any} */ p) => p.prints).length;
  return [
    ['prints', total.prints.toLocaleString(), t('hs.ends', total)],
    ['rate', percent(total.success_rate), t('hs.of')],
    ['hours', hoursOf(total.hours), used ? t(used === 1 ? 'hs.on.1' : 'hs.on', { n: used }) : ''],
    ['filament', weight(total.grams), [...kinds, total.unweighed && t('hs.unweighed', { n: total.unweighed })].filter(Boolean).join(' · ')],
  ];
}

export function statsPart() {
  let by = 'printers';
  let all = false;
  /** @type {any} */
  let sums = null;
  const cards = h('dl.h-cards');
  const title = h('h2');
  const seg = h('div.seg', { role: 'group', 'aria-label': t('hs.by') }, ['printers', 'months'].map((name) => h('button', { type: 'button', onclick: () => { by = name; all = false; paintBars(); } }, t(`hs.by.${name}`))));
  const bars = h('ul.h-bars');
  const more = h('button.link', { type: 'button', onclick: () => { all = true; paintBars(); } });
  const rows = h('tbody');
  const table = h('details', null, h('summary', null, t('hs.table')), h('div.h-scroll', { tabindex: 0, role: 'region', 'aria-label': t('hs.table') }, h('table', null, h('thead', null, h('tr', null, TABLE.map((key) => h('th', { scope: 'col' }, t(`hs.t.${key}`))))), rows)));
  const use = h('section.card', null, h('header', null, title, seg), bars, more, table);
  const reasons = h('ol.h-why');
  const why = h('section.card', { hidden: true }, h('h2', null, t('hs.why')), reasons);
  const both = h('div.h-both', null, use, why);
  const root = h('div.h-stats', { hidden: true }, cards, both);

  function paintBars() {
    text(title, t(by === 'months' ? 'hs.months' : 'hs.use'));
    for (const [i, name] of ['printers', 'months'].entries()) attr(seg.children[i], 'aria-pressed', String(by === name));
    /** @type {any[]} */
    const list = by === 'months' ? [...sums.months].reverse().map((m) => ({ ...m, key: m.month, name: monthName(m.month) })) : sums.printers.map((/** @type {any} */ p) => ({ ...p, key: p.printer_id }));
    const some = list.filter((one) => one.prints);
    const most = Math.max(1e-9, ...some.map((one) => one.hours));
    keyed(bars, all ? some : some.slice(0, FEW), (one) => one.key, barOf, (node, one) => {
      text(node.firstChild, one.name);
      attr(node.children[1].lastChild, 'width', Math.max(0.5, (one.hours / most) * 100));
      text(node.lastChild, t(one.prints === 1 ? 'hs.bar.1' : 'hs.bar', { d: hoursOf(one.hours), n: one.prints }));
    });
    hide(more, all || some.length <= FEW);
    text(more, t('hs.all', { n: some.length }));
    rows.replaceChildren(...some.map((one) => h('tr', null, h('th', { scope: 'row' }, one.name), [one.prints, one.finished, one.failed, one.cancelled, percent(one.success_rate), hoursOf(one.hours), weight(one.grams)].map((value) => h('td', null, value)))));
  }

  /** @param {any} fresh of GET /api/stats */
  function paint(fresh) {
    sums = fresh;
    hide(root, !sums.total.prints);
    keyed(cards, figures(sums), ([key]) => key, ([key]) => h('div.card', null, h('dt', null, t(`hs.${key}`)), h('dd', null, h('b'), h('small'))), (node, [, value, note]) => {
      text(node.lastChild.firstChild, value);
      text(node.lastChild.lastChild, note);
    });
    paintBars();
    hide(why, !sums.reasons.length);
    both.classList.toggle('has-why', sums.reasons.length > 0);
    keyed(reasons, sums.reasons.slice(0, FEW), (/** @type {any} */ r) => r.code, () => h('li', null, h('span'), h('b')), (node, r) => {
      text(node.firstChild, r.text);
      text(node.lastChild, t(r.count === 1 ? 'hs.times.1' : 'hs.times', { n: r.count }));
    });
  }

  return { root, paint };
}

/** Its length is the time against the one with the most. */
function barOf() {
  const box = s('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  box.append(s('rect', { class: 'ground', width: 100, height: 10 }), s('rect', { class: 'fill', width: 0, height: 10 }));
  return h('li', null, h('span'), box, h('span'));
}
