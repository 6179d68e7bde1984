// @ts-check
// Files on their way to the library: two at a time, and they go on when the page changes.
import { ApiError, upload } from './api.js';
import { t } from './text.js';

const AT_ONCE = 2;

/** @typedef {{id: number, name: string, size: number, sent: number, state: 'waiting' | 'sending' | 'reading' | 'done' | 'failed', text: string, file: any, stop: () => void}} Upload */

/** @type {Upload[]} newest last */
export const uploads = [];
/** @type {Set<() => void>} */
const watchers = new Set();
let count = 0;

/** @param {() => void} run @param {AbortSignal} signal */
export function watchUploads(run, signal) {
  watchers.add(run);
  signal.addEventListener('abort', () => watchers.delete(run));
}

function tell() {
  for (const run of [...watchers]) run();
}

/** @param {Iterable<File>} files */
export function send(files) {
  for (const source of files) {
    const stop = new AbortController();
    /** @type {Upload} */
    const one = { id: ++count, name: source.name, size: source.size, sent: 0, state: 'waiting', text: '', file: null, stop: () => stop.abort() };
    uploads.push(one);
    queue.push(() => run(one, source, stop.signal));
  }
  next();
  tell();
}

/** @type {Array<() => Promise<void>>} */
const queue = [];
let running = 0;

function next() {
  while (running < AT_ONCE && queue.length) {
    running += 1;
    void /** @type {() => Promise<void>} */ (queue.shift())().finally(() => {
      running -= 1;
      next();
    });
  }
}

/** @param {Upload} one @param {File} source @param {AbortSignal} signal */
async function run(one, source, signal) {
  try {
    signal.throwIfAborted();
    one.state = 'sending';
    tell();
    one.file = await upload(source, (sent, total) => {
      one.sent = sent;
      if (sent === total) one.state = 'reading';
      tell();
    }, signal);
    one.state = 'done';
  } catch (error) {
    if (signal.aborted) drop(one);
    else {
      one.state = 'failed';
      one.text = error instanceof ApiError ? error.message : t('api.uploadlost');
    }
  }
  tell();
}

/** Takes it off the list; one under way is cancelled first. @param {Upload} one */
export function drop(one) {
  if (one.state === 'sending' || one.state === 'waiting' || one.state === 'reading') one.stop();
  const at = uploads.indexOf(one);
  if (at >= 0) uploads.splice(at, 1);
  tell();
}
