// @ts-check
// The queue's jobs as lists, and where a job goes. Pure: no DOM, no clock of its own.
import { addWords, t } from '../text.js';
import { questionsOf as openQuestions } from './upload-rules.js';

addWords({
  'job.queued': 'Waiting', 'job.held': 'Held', 'job.stuck': 'Needs you', 'job.claimed': 'Reserved', 'job.uploading': 'Sending', 'job.uploaded': 'Sent', 'job.starting': 'Starting', 'job.printing': 'Printing', 'job.paused': 'Paused',
  'job.finished': 'Done', 'job.failed': 'Failed', 'job.cancelled': 'Cancelled', 'job.removed': 'Removed', 'job.needs_human': 'Your answer, please',
  'job.looking': 'The farm looks for a printer.', 'job.held.why': 'Held until somebody releases it.', 'to.any': 'Any printer that fits', 'to.model': 'Any {model}', 'to.tag': 'Any with tag {tag}', 'to.several': 'Any of {names}',
});

/** @typedef {Record<string, any>} Job */

const WAITING = new Set(['queued', 'held']);
const ENDED = new Set(['finished', 'failed', 'cancelled']);
/** Of the printer, or of the clock: it passes by itself or with the next cleared bed. */
const PASSES = new Set(['printer_busy', 'bed_not_clear', 'maintenance', 'printer_offline', 'printer_connecting', 'printer_stale', 'printer_fault', 'printer_unknown', 'start_uncertain', 'storage', 'resting', 'upload_slots', 'outranked', 'being_read', 'not_judged', 'just_cleared', 'file_left', 'heating', 'not_before', 'held', 'paused', 'disabled']);

/** @param {Job} job */
export const isWaiting = (job) => WAITING.has(job.state);

/** The waiting jobs, next one first. @param {Iterable<Job>} jobs @param {string[]} [order] ids */
export function ordered(jobs, order = []) {
  const place = new Map(order.map((id, i) => [id, i]));
  const at = (/** @type {Job} */ job) => place.get(job.id) ?? order.length;
  return [...jobs].filter(isWaiting).sort((a, b) => at(a) - at(b));
}

/** On a printer now; what a person must decide first. @param {Iterable<Job>} jobs */
export function inFlight(jobs) {
  const rank = (/** @type {Job} */ job) => Number(job.state !== 'needs_human');
  return [...jobs].filter((job) => !isWaiting(job) && !ENDED.has(job.state)).sort((a, b) => rank(a) - rank(b) || (a.started_at ?? 1e12) - (b.started_at ?? 1e12));
}

/** @param {Iterable<Job>} jobs @param {number} since epoch s */
export function endedSince(jobs, since) {
  return [...jobs].filter((job) => ENDED.has(job.state) && (job.finished_at ?? 0) >= since).sort((a, b) => b.finished_at - a.finished_at);
}

/** Midnight before `now` where the reader is, epoch s. @param {number} now */
export function midnight(now) {
  const day = new Date(now * 1000);
  return day.setHours(0, 0, 0, 0) / 1000;
}

/** The id that `id` must be put before, null = the end; undefined when it is there already.
 * @param {string[]} order @param {string} id @param {'top' | 'up' | 'down' | 'bottom'} where
 * @returns {string | null | undefined} */
export function beforeOf(order, id, where) {
  const at = order.indexOf(id);
  const last = order.length - 1;
  if (at < 0 || at === (where === 'top' || where === 'up' ? 0 : last)) return undefined;
  if (where === 'top') return order[0];
  if (where === 'up') return order[at - 1];
  return where === 'down' ? order[at + 2] ?? null : null;
}

/** @param {string[]} order @param {string} id @param {string | null} before */
export function moved(order, id, before) {
  const rest = order.filter((one) => one !== id);
  const at = before === null ? rest.length : rest.indexOf(before);
  return at < 0 ? order : [...rest.slice(0, at), id, ...rest.slice(at)];
}

/** "X1 Carbon" is "x1carbon", as the farm compares models and tags. @param {string} name */
const folded = (name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');

/** @param {any} target @param {any} p a printer */
export function wants(target, p) {
  if (target.any) return true;
  if (target.printer_id) return p.id === target.printer_id;
  if (target.printer_ids) return target.printer_ids.includes(p.id);
  if (target.model) return folded(p.model ?? '') === folded(target.model);
  return [...(p.tags ?? []), p.group ?? ''].some((tag) => folded(tag) === folded(target.tag ?? ''));
}

/** @param {any} target @param {(id: string) => string} nameOf */
export function targetWords(target, nameOf) {
  if (target.printer_id) return nameOf(target.printer_id);
  if (target.printer_ids) return target.printer_ids.length === 1 ? nameOf(target.printer_ids[0]) : t('to.several', { names: target.printer_ids.map(nameOf).join(', ') });
  if (target.model) return t('to.model', { model: target.model });
  return target.tag ? t('to.tag', { tag: target.tag }) : t('to.any');
}

/** Why it waits, in one sentence. A hold shows at once; the farm's own words for it come with its
 * next look at the queue. @param {Job} job */
export function whyOf(job) {
  const told = job.why?.[0]?.code === 'held';
  if (told !== (job.state === 'held') && (told || job.why?.length)) return t(told ? 'job.looking' : 'job.held.why');
  return job.waits || job.why?.[0]?.text || '';
}

/** A person has something to do about it; nothing passes by waiting. @param {Job} job */
export const isStuck = (job) => isWaiting(job) && Boolean(job.why?.length) && job.why.every((/** @type {any} */ r) => !PASSES.has(r.code));

/** No printer takes it before a person has said yes. @param {Job} job */
export function needsYes(job) {
  const why = /** @type {any[]} */ (job.why ?? []);
  const shut = new Set(why.filter((r) => !PASSES.has(r.code)).map((r) => r.printer_id));
  return job.state === 'queued' && why.some((r) => r.code === 'confirm_needed') && why.every((r) => shut.has(r.printer_id));
}

/** May wait for a person's yes: the farm's verdicts say which. @param {Job} job */
export const mayAsk = (job) => isWaiting(job) && (job.state === 'held' || Boolean(job.why?.some((/** @type {any} */ r) => r.code === 'confirm_needed')));

/** Word, tone and icon of a job. @param {Job} job @returns {[string, string, string]} */
export function lookOfJob(job) {
  if (isStuck(job) || needsYes(job)) return [t('job.stuck'), 'warn', 'triangle'];
  const removed = job.state === 'cancelled' && job.error?.code === 'removed';
  const [tone, pic] = /** @type {Record<string, [string, string]>} */ ({
    queued: ['idle', 'clock'], held: ['idle', 'pausec'], needs_human: ['warn', 'question'], paused: ['warn', 'pausec'], finished: ['ok', 'check'], failed: ['fault', 'octagon'], cancelled: ['idle', 'x'], printing: ['run', 'printing'],
  })[job.state] ?? ['run', 'up'];
  return [t(removed ? 'job.removed' : `job.${job.state}`), tone, pic];
}

/** What a person must have looked at before any of the job's printers may take it.
 * @param {Job} job @param {any[]} fits @param {(id: string) => any} printerOf */
export function questionsOf(job, fits, printerOf) {
  const meant = fits.filter((fit) => wants(job.target, printerOf(fit.printer_id) ?? { id: fit.printer_id }));
  return openQuestions(meant, job.confirm ?? []);
}

/** So long before its latest start a job goes before others (ordering.HEADROOM_S). */
const HEADROOM_S = 4 * 3600;

/** How a waiting job stands to its deadline. @param {Job} job @param {number} now epoch s
 * @returns {'' | 'due' | 'soon' | 'late'} due: there is time; soon: it must start; late: it should have */
export function deadlineOf(job, now) {
  if (!job.deadline || !isWaiting(job)) return '';
  const latest = job.latest_start ?? job.deadline;
  if (now > latest) return 'late';
  return now >= latest - HEADROOM_S ? 'soon' : 'due';
}

/** Epoch s as a datetime-local input has it. @param {number | null} at */
export function localTime(at) {
  if (!at) return '';
  const d = new Date(at * 1000);
  return new Date(d.getTime() - d.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

/** What to send: the fields that differ from the job's. @param {Record<string, any>} job
 * @param {{copies: number, target: any, priority: number, not_before: number | null, deadline: number | null, filament: any[], notes: string}} form */
export function changes(job, form) {
  const same = (/** @type {any} */ a, /** @type {any} */ b) => JSON.stringify(a) === JSON.stringify(b);
  const out = Object.fromEntries(Object.entries(form).filter(([key, value]) => !same(value, job[key])));
  for (const key of /** @type {const} */ (['not_before', 'deadline'])) if (localTime(form[key]) === localTime(job[key])) delete out[key]; // seconds are not shown
  if (out.target && job.ams_mapping) out.ams_mapping = null; // its slots are of another printer
  return out;
}
