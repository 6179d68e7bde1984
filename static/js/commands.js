// @ts-check
// The one way from a button to the farm: gate, pending words, answer, refusal.
import { ApiError, act, post } from './api.js';
import { gate } from './gates.js';
import { store } from './store.js';
import { t } from './text.js';
import { say, toast } from './parts/toast.js';

const PENDING_MS = 10000;
const WAITS = new Set(['pause', 'resume', 'stop', 'light', 'mark-clear', 'maintenance', 'home', 'reconnect', 'cancel-upload', 'connect', 'firmware-restart', 'host-restart']);
const UNDO_MS = 6000;

/** @param {string} id */
const nameOf = (id) => store.printers.get(id)?.name ?? id;

/** Sends one command. Resolves to the server's answer, or null when it was refused (and said so).
 * @param {string} id @param {string} action @param {Record<string, any>} [args]
 * @param {{quiet?: boolean}} [options] quiet: the caller shows the refusal itself
 * @returns {Promise<any>} */
export async function command(id, action, args = {}, options = {}) {
  const printer = store.printers.get(id);
  const verdict = printer?.gates?.[action] || !store.connected ? gate(printer, action) : { ok: true, why: '' };
  if (!verdict.ok && !args.undo) {
    if (options.quiet) throw new ApiError(verdict.why);
    toast(verdict.why, { tone: 'warn' });
    return null;
  }
  const key = `${id} ${action}`;
  if (WAITS.has(action)) wait(key, id, action, args);
  try {
    return (await act(id, action, args)) ?? {};
  } catch (error) {
    unwait(key);
    if (!(error instanceof ApiError) || options.quiet) throw error;
    toast(error.message, { tone: 'fault' });
    return null;
  }
}

/** @param {string} key @param {string} id @param {string} action @param {any} args */
function wait(key, id, action, args) {
  const until = store.wall() + PENDING_MS;
  store.pending.set(key, { state: store.printers.get(id)?.state ?? '', until, action, args });
  store.mark({ printers: new Set([id]) });
  setTimeout(() => {
    if (!store.pending.has(key) || store.pending.get(key)?.until !== until) return;
    unwait(key);
    toast(t('cmd.noproof', { name: nameOf(id), what: t(`act.${action}`) }), { tone: 'warn' });
  }, PENDING_MS);
}

/** @param {string} key */
function unwait(key) {
  if (store.pending.delete(key)) store.mark({ printers: new Set([key.split(' ')[0]]) });
}

/** One action over several printers, then what each of them said.
 * @param {string} action @param {string[]} ids @param {Record<string, any>} [args] */
export async function fleet(action, ids, args = {}) {
  if (!ids.length) return;
  try {
    const answer = await post(`/api/fleet/${action}`, { printer_ids: ids, ...args });
    const results = answer?.results ?? [];
    if (results.every((/** @type {any} */ r) => r.ok)) {
      toast(t('bulk.done', { what: t(`act.${action}`), n: results.length }), { tone: 'ok' });
      return;
    }
    const { resultSheet } = await import('./parts/dialogs.js');
    resultSheet(t(`act.${action}`), results.map((/** @type {any} */ r) => ({ ...r, name: nameOf(r.printer_id) })));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.message, { tone: 'fault' });
  }
}

/** One click, no dialog, six seconds to take it back. @param {string} id */
export async function markClear(id) {
  if (!(await command(id, 'mark-clear'))) return;
  say(t('clear.said', { name: nameOf(id) }));
  toast(t('clear.said', { name: nameOf(id) }), {
    tone: 'ok', ms: UNDO_MS, action: t('undo'), run: () => void command(id, 'mark-clear', { undo: true }),
  });
}

/** A printer that left the configuration with a job that still asks. @param {string} id @param {string} action @returns {any} */
function left(id, action) {
  const job = action === 'resolve' ? [...store.jobs.values()].find((one) => one.printer_id === id && one.state === 'needs_human') : null;
  return job ? { id, name: id, job: { job_id: job.id } } : null;
}

/** Everything that a card or a page asks for by event. @param {CustomEvent} event */
export async function onCommand(event) {
  const { printer: id, action, args } = event.detail;
  const printer = store.printers.get(id) ?? left(id, action);
  if (!printer) return;
  const dialogs = () => import('./parts/dialogs.js');
  if (action === 'mark-clear') await markClear(id);
  else if (action === 'stop') (await dialogs()).stopDialog(printer);
  else if (action === 'resume' && (printer.watch?.alarm === 'paused' || !['', 'user'].includes(printer.sub ?? '')) && !args?.sure) (await dialogs()).resumeDialog(printer);
  else if (action === 'clear-fault' && !args?.sure) (await dialogs()).clearFaultDialog(printer);
  else if (action === 'resolve') (await dialogs()).needsHumanDialog(printer);
  else if (action === 'trust' && !args?.sha256) (await dialogs()).trustDialog(printer);
  else if (action === 'restart') (await dialogs()).restartDialog(printer, 'firmware-restart');
  else if (action === 'print') (await import('./parts/upload.js')).openUpload({ printer: id });
  else if (action === 'open') location.hash = `#/p/${encodeURIComponent(id)}`;
  else await command(id, action, args);
}
