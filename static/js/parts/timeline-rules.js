// @ts-check
// Where the bars of the timeline lie, and how they are said. Pure: no DOM, no clock of its own.
import { clock, dur, HOUR, stem } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'tlb.copy': ' (copy {n})', 'tlb.running': '{name} on {printer}, printing now, done {end}', 'tlb.running.open': '{name} on {printer}, printing now, nobody knows how long', 'tlb.planned': '{name} on {printer}, {start} to {end}', 'tlb.planned.open': '{name} on {printer}, from {start}, nobody knows how long',
  'tlb.p90': ', by {at} in nine of ten cases', 'tlb.late': '. Wanted by {at}: it will be late', 'tlb.maybe': '. Wanted by {at}: it may be late', 'tlb.foreign': 'A print',
});

const H = 3600;
export const SPANS = /** @type {Array<[string, number]>} */ ([['12h', 12 * H], ['24h', 24 * H], ['3d', 72 * H], ['7d', 168 * H]]);
const STEPS = [H / 4, H / 2, H, 2 * H, 3 * H, 6 * H, 12 * H, 24 * H, 48 * H];
/** So much of what has been is shown before the line of now, as a share of the whole. */
const PAST = 0.04;

/** @typedef {{key: string, job: string | null, name: string, copy: number, copies: number, printer: string, now: boolean, start: number | null, end: number | null, p90: number | null, late: string, deadline: number | null}} Bar */

/** The smallest span that shows all there is, a day when nobody knows. @param {any} forecast */
export function spanFor(forecast) {
  const end = forecast.all_done_p90 ?? forecast.all_done_at;
  if (!end) return '24h';
  const need = (end - forecast.at) / (1 - PAST);
  return SPANS.find(([, seconds]) => seconds >= need)?.[0] ?? '7d';
}

/** [from, to] of the span around now, epoch s. @param {string} name @param {number} now @returns {[number, number]} */
export function range(name, now) {
  const seconds = SPANS.find(([one]) => one === name)?.[1] ?? 24 * H;
  return [now - seconds * PAST, now + seconds * (1 - PAST)];
}

/** Round hours of the reader's day within the range, at most so many. @param {number} from @param {number} to @param {number} most */
export function ticks(from, to, most) {
  const step = STEPS.find((one) => (to - from) / one <= most) ?? STEPS[STEPS.length - 1];
  const day = new Date(from * 1000);
  const midnight = day.setHours(0, 0, 0, 0) / 1000;
  const found = [];
  for (let at = midnight + Math.ceil((from - midnight) / step) * step; at < to; at += step) found.push(at);
  return found;
}

/** A tick's label: the time, at midnight the day. @param {number} at */
export function tickWords(at) {
  const day = new Date(at * 1000);
  return day.getHours() || day.getMinutes() ? day.toLocaleTimeString([], { hour: HOUR, minute: '2-digit' }) : day.toLocaleDateString([], { weekday: 'short', day: 'numeric' });
}

/** Left edge and width in percent of the track, cut to it; null when it lies outside.
 * @param {number} start @param {number} end @param {number} from @param {number} to @returns {[number, number] | null} */
export function place(start, end, from, to) {
  const left = Math.max(start, from);
  const right = Math.min(end, to);
  if (right <= left) return null;
  const share = 100 / (to - from);
  return [(left - from) * share, (right - left) * share];
}

/** The bars of one lane, what is printed now first. @param {any} lane @param {Record<string, any>} jobs of the forecast
 * @returns {Bar[]} */
export function barsOf(lane, jobs) {
  const planned = lane.jobs.map((/** @type {any} */ item) => {
    const job = jobs[item.job_id] ?? {};
    return { key: `${item.job_id} ${item.copy}`, job: item.job_id, name: stem(job.name), copy: item.copy, copies: job.left > 1 || item.copy > 1 ? 2 : 1, printer: lane.name, now: false, start: item.start, end: item.end, p90: item.end_p90, late: job.late ?? '', deadline: job.deadline ?? null };
  });
  const { now } = lane;
  if (!now) return planned;
  return [{ key: 'now', job: now.job_id, name: stem(now.name) || t('tlb.foreign'), copy: 1, copies: 1, printer: lane.name, now: true, start: now.start, end: now.end, p90: now.end_p90, late: '', deadline: null }, ...planned];
}

/** A bar's whole sentence. @param {Bar} bar @param {number} now */
export function sentence(bar, now) {
  const at = (/** @type {number | null} */ when) => (when === null ? '' : clock(when, now));
  const name = bar.name + (bar.copies > 1 ? t('tlb.copy', { n: bar.copy }) : '');
  const key = `tlb.${bar.now ? 'running' : 'planned'}${bar.end === null ? '.open' : ''}`;
  let words = t(key, { name, printer: bar.printer, start: at(bar.start), end: at(bar.end) });
  if (bar.p90 !== null && bar.end !== null && bar.p90 - bar.end >= 60) words += t('tlb.p90', { at: at(bar.p90) });
  if (bar.late && bar.deadline !== null) words += t(bar.late === 'yes' ? 'tlb.late' : 'tlb.maybe', { at: at(bar.deadline) });
  return words;
}

/** How long a bar is, in words; "" when nobody knows. @param {Bar} bar */
export const lengthOf = (bar) => (bar.start === null || bar.end === null ? '' : dur(bar.end - bar.start));

/** Lanes worth showing: those with work first, in the farm's order within each. @param {any[]} lanes */
export function sorted(lanes) {
  const rank = (/** @type {any} */ lane) => (lane.now || lane.jobs.length ? 0 : lane.out ? 2 : 1);
  return lanes.map((lane, i) => ({ lane, i })).sort((a, b) => rank(a.lane) - rank(b.lane) || a.i - b.i).map(({ lane }) => lane);
}

/** Where an arrow key leads from one bar: [lane, bar], or null. `counts`: bars of each lane.
 * @param {string} key @param {[number, number]} at @param {number[]} counts @returns {[number, number] | null} */
export function step(key, at, counts) {
  const [lane, bar] = at;
  if (key === 'ArrowRight') return bar + 1 < counts[lane] ? [lane, bar + 1] : null;
  if (key === 'ArrowLeft') return bar > 0 ? [lane, bar - 1] : null;
  if (key === 'Home') return [lane, 0];
  if (key === 'End') return [lane, counts[lane] - 1];
  const move = { ArrowDown: 1, ArrowUp: -1 }[key];
  if (!move) return null;
  for (let next = lane + move; next >= 0 && next < counts.length; next += move) {
    if (counts[next]) return [next, Math.min(bar, counts[next] - 1)];
  }
  return null;
}
