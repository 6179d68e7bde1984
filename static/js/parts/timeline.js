// @ts-check
// The forecast of the whole queue: one lane per printer, a bar per print, and the same as a table.
import { ApiError, get } from '../api.js';
import { attr, cssVar, h, hide, icon, keyed, sheet, text } from '../html.js';
import { clock, dur, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { barsOf, lengthOf, place, range, sentence, sorted, SPANS, spanFor, step, ticks, tickWords } from './timeline-rules.js';

addWords({
  'tl.label': 'Timeline', 'tl.loading': 'Working out when everything will be done…', 'tl.span': 'Show', 'tl.12h': '12 h', 'tl.24h': '24 h', 'tl.3d': '3 days', 'tl.7d': '7 days', 'tl.table': 'Table', 'tl.now': 'Now',
  'tl.done': 'All done', 'tl.by': 'by {at} in nine of ten cases', 'tl.none': 'Nothing waits and nothing prints.', 'tl.unknown': 'When all is done cannot be told.', 'tl.without': 'Not counted: prints whose end nobody can tell ({n}).', 'tl.beyond': 'The queue is longer than the forecast looks: {n} copies come later.',
  'tl.paused': '{why} The times are those of a queue that goes on now.', 'tl.partial': 'Some files are still being checked against the printers.', 'tl.keys': 'Arrow keys move from print to print.', 'tl.free': 'Free',
  'tl.never': 'Will not start by itself', 'tl.never.more': 'and {n} more', 'tl.late': 'Late', 'tl.late.yes': '{name}: wanted by {at}, expected {end}', 'tl.late.maybe': '{name}: wanted by {at}, may take until {end}',
  'tl.score': 'Of the last {n} prints {pct}% ended by the time that nine of ten should; the middle of the forecast was {d} off.', 'tl.clear': 'Clearing a bed is counted with {d}.', 'tl.failed': 'The forecast could not be loaded. {why}',
  'tl.col.printer': 'Printer', 'tl.col.job': 'Print', 'tl.col.start': 'Starts', 'tl.col.end': 'Ends', 'tl.col.p90': 'At the latest, nine of ten', 'tl.col.long': 'Takes', 'tl.open': 'not known', 'tl.caption': 'What prints where, and when',
});

const EVERY_MS = 10_000;
const SOON_MS = 2_500;
const NEVER_SHOWN = 6;
const NARROW_PX = 620;
/** A print of unknown length is drawn so long, as a share of the track. */
const OPEN = 0.12;
/** Share of the axis at its end where a label would be cut off. */
const EDGE = 0.02;

/** @typedef {import('./timeline-rules.js').Bar} Bar */

/** A part that keeps itself up to date while it is on the page and not hidden; `signal` ends it.
 * @param {AbortSignal} signal @returns {HTMLElement} */
export function timeline(signal) {
  /** @type {any} */
  let shown = null;
  let span = '';
  let tabular = false;
  let askedAt = -Infinity;
  let timer = 0;
  /** @type {string} key of the bar that Tab leads to */
  let here = '';
  const done = h('p.tl-done', null, t('tl.loading'));
  const spans = h('div.seg', { role: 'group', 'aria-label': t('tl.span') }, SPANS.map(([name]) => h('button', { type: 'button', data: { span: name }, onclick: () => { span = name; paint(); } }, t(`tl.${name}`))));
  const asTable = h('button.btn.sm', { type: 'button', 'aria-pressed': 'false', onclick: () => { tabular = !tabular; attr(asTable, 'aria-pressed', String(tabular)); paint(); } }, icon('list'), t('tl.table'));
  const shut = h('p.q-notice', { role: 'status', hidden: true }, icon('pausec'), h('span'));
  const notes = h('p.tl-notes', { hidden: true });
  const axis = h('div.tl-axis', { 'aria-hidden': 'true' });
  const rows = h('ul.tl-lanes');
  const nowLine = h('i.tl-now', { 'aria-hidden': 'true' });
  const chart = h('div.tl-chart.card', { role: 'group', 'aria-label': t('tl.label'), onkeydown: (/** @type {KeyboardEvent} */ e) => move(e) },
    h('div.tl-scroll', null, h('div.tl-wide', null, axis, rows, nowLine)));
  const say = h('p.tl-say', { 'aria-hidden': 'true' }, t('tl.keys'));
  const table = h('div.tl-table.card', { hidden: true, tabindex: 0, role: 'region', 'aria-label': t('tl.caption') });
  const lists = h('div.tl-lists');
  const foot = h('p.tl-foot');
  const root = h('div.timeline', null, h('div.tl-head', null, done, spans, asTable), notes, shut, chart, say, table, lists, foot);

  async function load() {
    clearTimeout(timer);
    if (signal.aborted) return;
    timer = window.setTimeout(load, EVERY_MS);
    if (!root.isConnected || root.closest('[hidden]') || document.hidden) return;
    askedAt = Date.now();
    try {
      await sheet('timeline');
      shown = await get('/api/dispatch/forecast', { signal });
      if (!span) span = spanFor(shown);
      paint();
      if (shown.partial) soon();
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      if (shown) return; // the old one is shown with its own times; the bar on top tells of the link
      text(done, t('tl.failed', { why: error.message }));
    }
  }

  /** After a change of the queue: soon, but not with every one. */
  function soon() {
    const wait = Math.max(0, askedAt + SOON_MS - Date.now());
    if (wait > SOON_MS) return;
    clearTimeout(timer);
    timer = window.setTimeout(load, Math.max(wait, 300));
  }

  function paint() {
    if (!shown) return;
    const now = store.now();
    const [from, to] = range(span, now);
    const lanes = sorted(shown.lanes);
    paintHead(now);
    for (const button of /** @type {any} */ (spans.children)) attr(button, 'aria-pressed', String(button.dataset.span === span));
    hide(chart, tabular);
    hide(say, tabular);
    hide(table, !tabular);
    if (tabular) paintTable(lanes, now);
    else paintChart(lanes, from, to, now);
    paintLists(now);
  }

  /** @param {number} now */
  function paintHead(now) {
    const { all_done_at: end, all_done_p90: late } = shown;
    const idle = shown.lanes.every((/** @type {any} */ lane) => !lane.now && !lane.jobs.length);
    if (end) done.replaceChildren(`${t('tl.done')} `, h('b', null, clock(end, now)), late - end >= 60 ? `, ${t('tl.by', { at: clock(late, now) })}` : '');
    else done.replaceChildren(idle ? t('tl.none') : shown.unknown ? t('tl.unknown') : shown.beyond ? t('tl.beyond', { n: shown.beyond }) : '');
    const say = [shown.partial && t('tl.partial'), shown.unknown > 0 && t('tl.without', { n: shown.unknown }), Boolean(end) && shown.beyond > 0 && t('tl.beyond', { n: shown.beyond })].filter(Boolean);
    hide(shut, !shown.why);
    text(shut.lastChild, shown.why ? t('tl.paused', { why: shown.why.text }) : '');
    text(notes, say.join(' '));
    hide(notes, !say.length);
    const grade = shown.score.find((/** @type {any} */ one) => one.kind === 'started' && one.count >= 10);
    text(foot, [t('tl.clear', { d: dur(shown.clear_s) }), grade && t('tl.score', { n: grade.count, pct: Math.round(grade.within_p90 * 100), d: dur(grade.error_s) })].filter(Boolean).join(' '));
  }

  /** @param {any[]} lanes @param {number} from @param {number} to @param {number} now */
  function paintChart(lanes, from, to, now) {
    const most = root.clientWidth < NARROW_PX ? 8 : 12;
    keyed(axis, ticks(from, to, most).filter((at) => at < to - (to - from) * EDGE), String, () => h('span'), (node, at) => { cssVar(node, '--x', `${(at - from) / (to - from)}`); text(node, tickWords(at)); });
    cssVar(nowLine, '--x', `${(now - from) / (to - from)}`);
    const held = rows.contains(document.activeElement);
    keyed(rows, lanes, (lane) => lane.printer_id, makeLane, (node, lane) => paintLane(node, lane, from, to, now));
    const all = [...rows.querySelectorAll('.tl-bar')];
    const chosen = all.find((bar) => bar.dataset.id === here) ?? all[0];
    here = chosen?.dataset.id ?? '';
    for (const bar of all) attr(bar, 'tabindex', bar === chosen ? '0' : '-1');
    if (held && chosen && !rows.contains(document.activeElement)) chosen.focus({ preventScroll: true });
  }

  /** @param {any} lane */
  function makeLane(lane) {
    const part = { name: h('a', { href: `#/p/${encodeURIComponent(lane.printer_id)}` }), bars: h('ul.tl-bars'), say: h('span.tl-out') };
    const node = h('li.tl-lane', null, h('div.tl-name', null, part.name), h('div.tl-track', null, part.say, part.bars));
    node.bits = part;
    return node;
  }

  /** @param {any} node @param {any} lane @param {number} from @param {number} to @param {number} now */
  function paintLane(node, lane, from, to, now) {
    const { bits: part } = node;
    text(part.name, lane.name);
    const bars = barsOf(lane, shown.jobs).filter((bar) => placed(bar, from, to, now));
    keyed(part.bars, bars, (bar) => bar.key, () => makeBar(lane.printer_id), (item, bar) => paintBar(item, bar, from, to, now));
    const words = lane.out ? lane.out.text : bars.length ? '' : t('tl.free');
    text(part.say, words);
    const last = bars[bars.length - 1];
    const after = last ? placed(last, from, to, now) : null;
    cssVar(part.say, '--x', `${(after ? Math.min(after[0] + after[1] + 1, 100) : ((now - from) / (to - from)) * 100 + 1) / 100}`);
  }

  /** @param {Bar} bar @param {number} from @param {number} to @param {number} now */
  const placed = (bar, from, to, now) => place(bar.start ?? now - 1, bar.end ?? Math.max(bar.start ?? now, now) + (to - from) * OPEN, from, to);

  /** @param {string} printer */
  function makeBar(printer) {
    const part = { button: h('button.tl-bar', { type: 'button' }, h('span')), p90: h('i.tl-p90') };
    const item = h('li', null, part.p90, part.button);
    item.bits = part;
    const tell = () => text(say, part.button.getAttribute('aria-label') ?? '');
    part.button.addEventListener('pointerenter', tell);
    part.button.addEventListener('focus', () => { here = part.button.dataset.id; for (const bar of rows.querySelectorAll('.tl-bar')) attr(bar, 'tabindex', bar === part.button ? '0' : '-1'); tell(); });
    part.button.addEventListener('click', () => { if (item.bar.now) location.hash = `#/p/${encodeURIComponent(printer)}`; else tell(); });
    item.printer = printer;
    return item;
  }

  /** @param {any} item @param {Bar} bar @param {number} from @param {number} to @param {number} now */
  function paintBar(item, bar, from, to, now) {
    const { button, p90 } = item.bits;
    item.bar = bar;
    const [x, w] = /** @type {[number, number]} */ (placed(bar, from, to, now));
    cssVar(button, '--x', `${x}%`);
    cssVar(button, '--w', `${w}%`);
    button.className = `tl-bar${bar.now ? ' is-now' : ''}${bar.end === null ? ' is-open' : ''}${bar.late ? ' is-late' : ''}${bar.start !== null && bar.start < from ? ' is-cut' : ''}`;
    button.dataset.id = `${item.printer} ${bar.key}`;
    attr(button, 'aria-label', sentence(bar, now));
    text(button.firstChild, bar.name);
    const tail = bar.end === null || bar.p90 === null ? null : place(bar.end, bar.p90, from, to);
    hide(p90, !tail);
    if (tail) {
      cssVar(p90, '--x', `${tail[0]}%`);
      cssVar(p90, '--w', `${tail[1]}%`);
    }
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const now = /** @type {any} */ (event.target);
    if (!now.classList?.contains('tl-bar')) return;
    const lanes = [...rows.children].map((lane) => [...lane.querySelectorAll('.tl-bar')]);
    const lane = lanes.findIndex((bars) => bars.includes(now));
    const to = step(event.key, [lane, lanes[lane].indexOf(now)], lanes.map((bars) => bars.length));
    if (!to) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (lanes[to[0]][to[1]]).focus();
  }

  /** @param {any[]} lanes @param {number} now */
  function paintTable(lanes, now) {
    const cell = (/** @type {number | null} */ at) => h('td', null, at === null ? t('tl.open') : clock(at, now));
    const body = lanes.flatMap((lane) => {
      const bars = barsOf(lane, shown.jobs);
      if (!bars.length) return [h('tr', null, h('th', { scope: 'row' }, lane.name), h('td', { colspan: 5 }, lane.out?.text ?? t('tl.free')))];
      return bars.map((bar, i) => h('tr', null,
        i ? h('td', null, h('span.sr', null, lane.name)) : h('th', { scope: 'row' }, lane.name),
        h('td', null, bar.name, bar.copies > 1 ? h('small', null, ` ${bar.copy}`) : null), bar.now ? h('td', null, bar.start === null ? t('tl.now') : clock(bar.start, now)) : cell(bar.start), cell(bar.end), cell(bar.p90), h('td', null, lengthOf(bar))));
    });
    const heads = ['printer', 'job', 'start', 'end', 'p90', 'long'].map((name) => h('th', { scope: 'col' }, t(`tl.col.${name}`)));
    table.replaceChildren(h('table', null, h('caption.sr', null, t('tl.caption')), h('thead', null, h('tr', null, heads)), h('tbody', null, body)));
  }

  /** @param {number} now */
  function paintLists(now) {
    const late = shown.late.map((/** @type {string} */ id) => ({ id, ...shown.jobs[id] }));
    const lateRows = late.slice(0, NEVER_SHOWN).map((/** @type {any} */ job) => h('li', null, icon('clock'), h('span', null, t(`tl.late.${job.late}`, { name: stem(job.name), at: clock(job.deadline, now), end: clock(job.late === 'yes' ? job.end : job.end_p90, now) }))));
    const never = shown.never.slice(0, NEVER_SHOWN).map((/** @type {any} */ job) => h('li', null, icon('info'), h('b', null, stem(job.name)), h('span', null, job.text)));
    const more = shown.never_count - never.length;
    lists.replaceChildren(
      ...(lateRows.length ? [h('section', null, h('h2', null, t('tl.late')), h('ul', null, lateRows))] : []),
      ...(never.length ? [h('section', null, h('h2', null, t('tl.never')), h('ul', null, never, more > 0 && h('li.tl-more', null, t('tl.never.more', { n: more }))))] : []),
    );
  }

  store.watch((change) => {
    if (change.jobs || change.link) soon();
    else if (change.clock && shown && !tabular && root.isConnected && !root.closest('[hidden]')) paint();
  }, signal);
  signal.addEventListener('abort', () => clearTimeout(timer));
  queueMicrotask(() => requestAnimationFrame(() => void load()));
  return root;
}
