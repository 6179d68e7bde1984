// @ts-check
// What was printed: sums of a time, use per printer, and every attempt with its end.
import { ApiError, get } from '../api.js';
import { attr, h, hide, icon, keyed, sheet, text } from '../html.js';
import { clock, dur, grams, HOUR, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { statsPart } from '../parts/history-stats.js';

addWords({
  'h.title': 'History', 'h.find': 'Find a print', 'h.csv': 'CSV', 'h.csv.name': 'Download what is shown as CSV', 'h.filter': 'Show', 'h.period': 'Time', 'h.printer': 'Printer', 'h.result': 'Result', 'h.any': 'All printers', 'h.every': 'All results',
  'h.p.7': 'Last 7 days', 'h.p.30': 'Last 30 days', 'h.p.365': 'Last 12 months', 'h.p.0': 'All time', 'h.list': 'Prints', 'h.more': 'Show more', 'h.failed': 'The history could not be loaded.',
  'h.finished': 'Finished', 'h.failed.is': 'Failed', 'h.cancelled': 'Stopped', 'h.not_started': 'Not started', 'h.removed': 'Removed',
  'h.c.ended': 'Ended', 'h.c.job': 'Print', 'h.c.time': 'Time', 'h.c.grams': 'Filament', 'h.c.act': 'Again', 'h.slicer': 'estimate {d}', 'h.by': 'by {name}', 'h.plate': 'plate {n}', 'h.copy': '{made} of {copies} made', 'h.noprinter': 'No printer',
  'h.photo': 'The end of {name}', 'h.again': 'Print again', 'h.again.name': 'Print {name} again', 'h.gone': 'File deleted', 'h.none': 'Nothing has been printed yet', 'h.none.how': 'Every print that ends is listed here with its time, its filament and its result.', 'h.noprint': 'No print ended in this time', 'h.nomatch': 'Nothing matches', 'h.nomatch.how': 'Choose a longer time, or other filters.',
});

const PERIODS = ['7', '30', '365', '0'];
/** Word, tone, icon; what has not failed asks for nothing, so it has no colour. */
const LOOKS = /** @type {Record<string, [string, string, string]>} */ ({ finished: ['h.finished', 'idle', 'check'], failed: ['h.failed.is', 'fault', 'octagon'], cancelled: ['h.cancelled', 'idle', 'stop'], not_started: ['h.not_started', 'idle', 'circle'] });
const COLUMNS = ['ended', 'job', 'printer', 'result', 'time', 'grams', 'act'];
const PAGE = 50;
const TYPING_MS = 250;
const SETTLE_MS = 700;

/** @typedef {Record<string, any>} Rec one of GET /api/history */

/** Day and time as the reader writes them. @param {number} at epoch s */
function when(at) {
  const now = store.now();
  if (now - at < 6 * 86400) return clock(at, now);
  const date = new Date(at * 1000);
  const year = date.getFullYear() === new Date(now * 1000).getFullYear() ? undefined : /** @type {const} */ ('numeric');
  return `${date.toLocaleDateString([], { day: 'numeric', month: 'short', year })}, ${date.toLocaleTimeString([], { hour: HOUR, minute: '2-digit' })}`;
}

/** Jobs that have ended, as far as the page knows: a change of it means new records. */
const endedMark = () => [...store.jobs.values()].filter((job) => job.finished_at).map((job) => `${job.id}.${job.attempt}`).sort().join();

/** @param {HTMLElement} root @param {AbortSignal} signal */
export async function historyPage(root, signal) {
  await sheet('history');
  if (signal.aborted) return;
  /** @type {Rec[]} */
  let records = [];
  /** @type {string | null} */
  let next = null;
  /** @type {AbortController | null} */
  let asking = null;
  /** @type {any} */
  let typing;

  const pick = (/** @type {string} */ word, /** @type {Array<[string, string]>} */ choices) => h('select', { 'aria-label': t(word), onchange: () => void load() }, choices.map(([value, words]) => h('option', { value }, words)));
  const period = pick('h.period', PERIODS.map((days) => [days, t(`h.p.${days}`)]));
  period.value = '30';
  const printers = [...store.printers.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const printer = pick('h.printer', [['', t('h.any')], ...printers.map((p) => /** @type {[string, string]} */ ([p.id, p.name]))]);
  const result = pick('h.result', [['', t('h.every')], ...Object.entries(LOOKS).map(([value, [word]]) => /** @type {[string, string]} */ ([value, t(word)]))]);
  const find = h('input', { type: 'search', placeholder: t('h.find'), 'aria-label': t('h.find'), oninput: () => { clearTimeout(typing); typing = setTimeout(() => void load(), TYPING_MS); } });
  const csv = h('a.btn', { download: '', 'aria-label': t('h.csv.name') }, icon('download'), t('h.csv'));
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const notes = h('ul.h-notes', { hidden: true });
  const stats = statsPart();
  const body = h('tbody', { role: 'rowgroup' });
  const table = h('table.h-table', { role: 'table', 'aria-labelledby': 'h-list' },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, COLUMNS.map((name) => h(`th.c-${name}`, { role: 'columnheader', scope: 'col' }, name === 'act' ? h('span.sr', null, t('h.c.act')) : t(name === 'printer' || name === 'result' ? `h.${name}` : `h.c.${name}`))))), body);
  const more = h('button.btn', { type: 'button', hidden: true, onclick: () => void load(true) }, t('h.more'));
  const empty = h('div.empty', { hidden: true }, icon('clock'), h('h2'), h('p'));
  const list = h('section.h-list', { 'aria-labelledby': 'h-list', hidden: true }, h('h2', { id: 'h-list' }, t('h.list')), h('div.card', null, table), more);
  root.append(h('div.history-page', null,
    h('header.top', null, h('h1', null, t('h.title')), h('label.search', null, icon('search'), find), csv),
    h('div.h-filters', { role: 'group', 'aria-label': t('h.filter') }, period, printer, result),
    problem, notes, stats.root, list, empty));

  function query(/** @type {Record<string, string | number>} */ extra = {}) {
    const days = Number(period.value);
    const wanted = { from: days ? Math.floor(store.now() - days * 86400) : '', printer_id: printer.value, ...extra };
    return new URLSearchParams(Object.entries(wanted).filter(([, value]) => value !== '').map(([key, value]) => [key, String(value)])).toString();
  }

  /** @param {boolean} [older] one page more */
  async function load(older = false) {
    asking?.abort();
    const mine = (asking = new AbortController());
    const options = { signal: AbortSignal.any([signal, mine.signal]) };
    const filters = { result: result.value, q: find.value.trim() };
    attr(csv, 'href', `/api/history.csv?${query(filters)}`);
    try {
      const [page, sums] = await Promise.all([
        get(`/api/history?${query({ ...filters, limit: older ? PAGE : Math.min(500, Math.max(PAGE, records.length)), before: (older && next) || '' })}`, options),
        older ? null : get(`/api/stats?${query()}`, options),
      ]);
      records = older ? [...records, ...page.records] : page.records;
      next = page.next;
      hide(problem, true);
      if (sums) stats.paint(sums);
      paint(page.problems);
    } catch (error) {
      if (options.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      hide(problem, false);
      text(problem, `${t('h.failed')} ${error.message}`);
    }
  }

  /** @param {string[]} problems of the history's files */
  function paint(problems) {
    hide(notes, !problems.length);
    keyed(notes, problems, (words) => words, (words) => h('li', null, icon('triangle'), h('span', null, words)));
    keyed(body, records, (r) => `${r.id} ${r.ended_at}`, rowOf, paintRow);
    hide(list, !records.length);
    hide(more, !next);
    hide(empty, records.length > 0);
    const filtered = Boolean(printer.value || result.value || find.value.trim());
    text(empty.children[1], t(filtered ? 'h.nomatch' : period.value === '0' ? 'h.none' : 'h.noprint'));
    text(empty.children[2], t(filtered ? 'h.nomatch.how' : 'h.none.how'));
  }

  let mark = endedMark();
  store.watch((change) => {
    if (!change.jobs || mark === (mark = endedMark())) return;
    setTimeout(() => { if (!signal.aborted) void load(); }, SETTLE_MS);
  }, signal);
  await load();
}

/** @param {Rec} r */
function rowOf(r) {
  const name = stem(r.name);
  const job = [r.plates > 1 && t('h.plate', { n: r.plate }), r.copies > 1 && t('h.copy', { made: r.made, copies: r.copies }), r.created_by && t('h.by', { name: r.created_by })].filter(Boolean).join(' · ');
  const never = r.started_at === null;
  const [word, tone, pic] = LOOKS[r.result] ?? LOOKS.not_started;
  const why = r.result === 'finished' ? '' : r.reason || r.text;
  const cells = {
    ended: h('time', { datetime: new Date(r.ended_at * 1000).toISOString() }),
    job: h('div.h-job', null, h('span.th', null, icon('file')), h('div', null, h('b', null, name), job && h('small', null, job)), h('a.h-photo', { target: '_blank', rel: 'noopener', hidden: true })),
    printer: h('div', null, r.printer || t('h.noprinter'), r.model && r.printer ? h('small', null, r.model) : null),
    result: h('div', null, h(`span.pill.t-${tone}`, null, icon(pic), h('span', null, t(r.code === 'removed' ? 'h.removed' : word))), why && h('small', null, why)),
    time: h('div', null, never ? '–' : dur(r.took_s), !never && r.estimate_s ? h('small', null, t('h.slicer', { d: dur(r.estimate_s) })) : null),
    grams: h('div', null, never ? '–' : grams(r.used_grams) || '–'),
    act: h('div'),
  };
  return h('tr', { role: 'row' }, COLUMNS.map((key) => h(`td.c-${key}`, { role: 'cell' }, cells[/** @type {keyof typeof cells} */ (key)])));
}

/** The picture of its end, which comes some seconds after the record. @param {any} link @param {Rec} r */
function paintPhoto(link, r) {
  if (Boolean(r.photo) !== link.hidden) return;
  hide(link, !r.photo);
  attr(link, 'href', r.photo);
  link.replaceChildren(...(r.photo ? [h('img', { src: r.photo, alt: t('h.photo', { name: stem(r.name) }), loading: 'lazy' })] : []));
}

/** What changes of a record: how long ago it was, and whether its file is still there.
 * @param {any} node @param {Rec} r */
function paintRow(node, r) {
  text(node.firstChild.firstChild, when(r.ended_at));
  paintPhoto(node.querySelector('.h-photo'), r);
  if (node.here === r.file_here) return;
  node.here = r.file_here;
  const picture = node.querySelector('.th');
  picture.replaceChildren(r.thumb ? h('img', { src: `${r.thumb}?small=1`, alt: '', loading: 'lazy' }) : icon('file'));
  const name = stem(r.name);
  const open = async () => (await import('../parts/upload.js')).openUpload({ fileId: r.file_id, plate: r.plate });
  node.lastChild.firstChild.replaceChildren(r.file_here ? h('button.btn.sm.ghost', { type: 'button', 'aria-label': t('h.again.name', { name }), onclick: open }, t('h.again')) : h('small', null, t('h.gone')));
}
