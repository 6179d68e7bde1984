// @ts-check
// Everything a person does to the queue: one request each, the answer into the store, a refusal said
// aloud. A job that somebody else changed meanwhile is shown anew before anything happens to it.
import { ApiError, get, post, request } from '../api.js';
import { stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { beforeOf, isWaiting, moved, ordered, questionsOf as asked } from './queue-rules.js';
import { say, toast } from './toast.js';

addWords({
  'qa.stale': '{text} The list shows it as it is now.', 'qa.moved': '{name} moved to {n} of {all}', 'qa.held': '{name} is held', 'qa.released': '{name} waits again', 'qa.copied': '{name} is in the queue once more', 'qa.removed': '{name} was removed from the queue', 'qa.retried': '{name} is tried again', 'qa.yes': '{name}: noted, it may start',
  'qa.sent': '{n} jobs are on their way', 'qa.sent.one': '{name} is on its way to {printer}', 'qa.sent.none': 'Nothing can go now. Every job says why.', 'qa.paused': 'Auto dispatch is off: nothing is sent', 'qa.resumed': 'Auto dispatch is on',
});

const UNDO_MS = 10000;

/** @typedef {Record<string, any>} Job */

/** @param {Job} job */
const path = (job, act = '') => `/api/jobs/${encodeURIComponent(job.id)}${act && `/${act}`}`;

/** @param {Job} job */
const nameOf = (job) => stem(job.name);

/** The farm as it is now, whatever was missed. */
export async function reload() {
  store.snapshot(await get('/api/status'));
}

/** Runs one act; a refusal becomes a message. @template T @param {() => Promise<T>} run
 * @returns {Promise<T | null>} null = refused, and said so */
async function attempt(run) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.code === 'stale' ? t('qa.stale', { text: error.message }) : error.message, { tone: error.code === 'stale' ? 'warn' : 'fault' });
    if (error.status === 409 || error.status === 404) await reload().catch(() => null);
    return null;
  }
}

/** @param {Job} job @param {string} act @param {string} words */
async function simple(job, act, words) {
  const after = await attempt(() => post(path(job, act), act === 'duplicate' ? {} : { rev: job.rev }));
  if (!after) return;
  store.setJob(after);
  say(t(words, { name: nameOf(job) }));
}

/** @param {Job} job */
export const hold = (job) => simple(job, 'hold', 'qa.held');
/** @param {Job} job */
export const release = (job) => simple(job, 'release', 'qa.released');
/** @param {Job} job */
export const duplicate = (job) => simple(job, 'duplicate', 'qa.copied');
/** @param {Job} job */
export const retry = (job) => simple(job, 'retry', 'qa.retried');

/** Ten seconds to take it back, to the place where it was. @param {Job} job */
export async function remove(job) {
  const order = ids();
  const after = beforeOf(order, job.id, 'down') === undefined ? null : order[order.indexOf(job.id) + 1];
  const gone = await attempt(() => request('DELETE', `${path(job)}?rev=${job.rev}`));
  if (!gone) return;
  store.setJob(gone);
  say(t('qa.removed', { name: nameOf(job) }));
  toast(t('qa.removed', { name: nameOf(job) }), { ms: UNDO_MS, action: t('undo'), run: () => void putBack(gone, after) });
}

/** @param {Job} job @param {string | null} before */
async function putBack(job, before) {
  await simple(job, 'retry', 'qa.retried');
  if (before && ids().includes(before)) await place(job.id, before);
}

/** The waiting jobs' ids, next one first. */
export const ids = () => ordered(store.jobs.values(), store.queue.order).map((job) => job.id);

let last = Promise.resolve();

/** One after the other: each needs the revision that the one before it made.
 * @param {string} id @param {string | null} before */
export function place(id, before) {
  const order = moved(ids(), id, before);
  store.queue = { ...store.queue, order };
  store.mark({ jobs: true });
  last = last.then(async () => {
    const job = store.jobs.get(id);
    if (!job || !isWaiting(job)) return;
    const done = await attempt(() => post('/api/jobs/order', { id, before, rev: job.rev }));
    if (!done) return;
    store.setJob(done);
    say(t('qa.moved', { name: nameOf(job), n: order.indexOf(id) + 1, all: order.length }));
  });
  return last;
}

/** @param {Job} job @param {'top' | 'up' | 'down' | 'bottom'} where */
export function shift(job, where) {
  const before = beforeOf(ids(), job.id, where);
  return before === undefined ? last : place(job.id, before);
}

/** What must be looked at before this job may start, from the same verdicts as in the upload dialog.
 * @param {Job} job @param {AbortSignal} signal */
export async function questions(job, signal) {
  const answer = await get(`/api/files/${encodeURIComponent(job.file_id)}/fit?plate=${job.plate}`, { signal });
  return asked(job, answer.printers ?? [], (id) => store.printers.get(id));
}

/** A person has looked: these codes are confirmed, and the job may go. @param {Job} job
 * @param {Array<{code: string}>} verdicts */
export async function confirmJob(job, verdicts) {
  const confirm = [...new Set([...(job.confirm ?? []), ...verdicts.map((v) => v.code)])];
  await attempt(async () => {
    // The farm's own note of the question has been answered.
    const noted = job.notes?.startsWith('Waits for your yes:') ? { notes: '' } : {};
    let after = await request('PATCH', path(job), { rev: job.rev, confirm, ...noted });
    if (after.state === 'held') after = await post(path(job, 'release'), { rev: after.rev });
    store.setJob(after);
    say(t('qa.yes', { name: nameOf(job) }));
  });
}

/** @param {boolean} on */
export async function setAuto(on) {
  const answer = await attempt(() => post(`/api/dispatch/${on ? 'resume' : 'pause'}`));
  if (answer) say(t(on ? 'qa.resumed' : 'qa.paused'));
}

/** One pass now; says what went out, or why nothing did. */
export async function dispatchNow() {
  const done = await attempt(() => post('/api/dispatch/once'));
  if (!done) return;
  const [first] = done.sent;
  const printer = (/** @type {string} */ id) => store.printers.get(id)?.name ?? id;
  if (done.sent.length === 1) toast(t('qa.sent.one', { name: nameOf(store.jobs.get(first.job_id) ?? { name: first.job_id }), printer: printer(first.printer_id) }), { tone: 'ok' });
  else if (first) toast(t('qa.sent', { n: done.sent.length }), { tone: 'ok' });
  else toast(done.why?.text ?? done.refused[0]?.text ?? t('qa.sent.none'));
}
