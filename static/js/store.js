// @ts-check
// What the page knows: snapshots and deltas in, at most four repaints a second out.
import { epoch } from './format.js';

/** @typedef {Record<string, any>} Printer one entry of GET /api/status */
/** @typedef {{printers: Set<string> | null, jobs: boolean, alerts: boolean, rigs: boolean, link: boolean, clock: boolean}} Change
 *  printers null = all of them, and the list itself may have changed */

const TICK_MS = 250;
const CLOCK_MS = 5000;

/** RFC 7386: null deletes, objects merge, everything else replaces. Never changes `target`.
 * @param {any} target @param {any} patch @returns {any} */
export function merge(target, patch) {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const out = target !== null && typeof target === 'object' && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else out[key] = merge(out[key], value);
  }
  return out;
}

export class Store {
  /** @param {{later?: (fn: () => void, ms: number) => any, hidden?: () => boolean, now?: () => number}} [env] */
  constructor(env = {}) {
    this.later = env.later ?? ((fn, ms) => setTimeout(fn, ms));
    this.isHidden = env.hidden ?? (() => document.hidden);
    this.wall = env.now ?? (() => Date.now());
    /** @type {Map<string, Printer>} in the farm's own order */
    this.printers = new Map();
    /** @type {Map<string, any>} */
    this.jobs = new Map();
    /** @type {Map<string, any>} what is open of GET /api/alerts */
    this.alerts = new Map();
    /** @type {Map<string, any>} */
    this.rigs = new Map();
    /** @type {Record<string, any>} the queue without its jobs: rev, auto, why, paused, order */
    this.queue = {};
    /** @type {Record<string, any>} */
    this.server = {};
    /** @type {Record<string, any>} next_free, all_done_at, trouble */
    this.farm = {};
    this.seq = -1;
    this.skew = 0;
    /** @type {{state: 'connecting' | 'live' | 'polling' | 'lost' | 'signin', retryAt: number, dataAt: number}} */
    this.link = { state: 'connecting', retryAt: 0, dataAt: 0 };
    /** @type {Map<string, {state: string, until: number, action: string, args: any}>} "printer action" → sent, not yet seen */
    this.pending = new Map();
    /** @type {Set<(change: Change) => void>} */
    this.watchers = new Set();
    /** @type {Change | null} */
    this.dirty = null;
    this.armed = false;
    this.flushedAt = 0;
  }

  /** The server's clock, epoch seconds. */
  now() {
    return this.wall() / 1000 + this.skew;
  }

  /** @param {any} server */
  setServer(server) {
    if (!server) return;
    this.server = server;
    const now = epoch(server.now);
    if (now !== null) this.skew = now - this.wall() / 1000;
  }

  /** @param {any} frame {seq, printers, jobs} or the answer of GET /api/status */
  snapshot(frame) {
    this.seq = frame.seq ?? this.seq;
    this.setServer(frame.server);
    this.farm = frame.farm ?? {};
    this.printers = new Map((frame.printers ?? []).map((/** @type {Printer} */ p) => [p.id, p]));
    const { jobs, ...head } = frame.queue ?? {};
    this.queue = head;
    this.jobs = new Map((frame.jobs ?? jobs ?? []).map((/** @type {any} */ j) => [j.id, j]));
    if (frame.alerts) this.alerts = new Map(frame.alerts.map((/** @type {any} */ it) => [it.id, it]));
    this.rigs = new Map((frame.rigs ?? []).map((/** @type {any} */ rig) => [rig.id, rig]));
    this.link.dataAt = this.wall() / 1000;
    this.mark({ printers: null, jobs: true, alerts: true, rigs: true });
  }

  /** False when a frame is missing before this one: the caller asks for a snapshot.
   * @param {any} frame */
  delta(frame) {
    if (frame.seq <= this.seq) return true;
    if (frame.seq !== this.seq + 1) return false;
    for (const id of Object.keys(frame.p ?? {})) {
      if (!this.printers.has(id)) return false;
    }
    this.seq = frame.seq;
    this.link.dataAt = this.wall() / 1000;
    for (const [id, patch] of Object.entries(frame.p ?? {})) this.patch(id, patch);
    for (const job of frame.j?.set ?? []) this.jobs.set(job.id, job);
    for (const id of frame.j?.del ?? []) this.jobs.delete(id);
    for (const it of frame.a?.set ?? []) this.alerts.set(it.id, it);
    for (const id of frame.a?.del ?? []) this.alerts.delete(id);
    for (const [id, patch] of Object.entries(frame.r ?? {})) this.rigs.set(id, merge(this.rigs.get(id), patch));
    if (frame.r) this.mark({ rigs: true });
    if (frame.a) this.mark({ alerts: true });
    if (frame.farm) this.farm = frame.farm;
    if (frame.q) this.queue = frame.q;
    if (frame.j || frame.farm || frame.q) this.mark({ jobs: true });
    return true;
  }

  /** @param {string} id @param {any} patch */
  patch(id, patch) {
    const printer = merge(this.printers.get(id), patch);
    this.printers.set(id, printer);
    for (const [key, wait] of this.pending) {
      if (key.startsWith(`${id} `) && proved(wait, printer)) this.pending.delete(key);
    }
    this.mark({ printers: new Set([id]) });
  }

  /** A job as the farm's answer has it, before its delta comes. @param {any} job */
  setJob(job) {
    if ((this.jobs.get(job.id)?.rev ?? 0) > job.rev) return;
    this.jobs.set(job.id, job);
    this.mark({ jobs: true });
  }

  /** @param {Partial<Store['link']>} change */
  setLink(change) {
    Object.assign(this.link, change);
    this.mark({ link: true, printers: null });
  }

  get connected() {
    return this.link.state !== 'lost' && this.link.state !== 'signin';
  }

  /** @param {Partial<Change>} change */
  mark(change) {
    const dirty = (this.dirty ??= { printers: new Set(), jobs: false, alerts: false, rigs: false, link: false, clock: false });
    if (change.printers === null) dirty.printers = null;
    else if (change.printers) for (const id of change.printers) dirty.printers?.add(id);
    dirty.jobs ||= change.jobs ?? false;
    dirty.alerts ||= change.alerts ?? false;
    dirty.rigs ||= change.rigs ?? false;
    dirty.link ||= change.link ?? false;
    dirty.clock ||= change.clock ?? false;
    this.arm();
  }

  arm() {
    if (this.armed || !this.dirty || this.isHidden()) return;
    this.armed = true;
    const wait = Math.max(0, this.flushedAt + TICK_MS - this.wall());
    this.later(() => {
      this.armed = false;
      this.flush();
    }, wait);
  }

  flush() {
    if (!this.dirty || this.isHidden()) return;
    const change = this.dirty;
    this.dirty = null;
    this.flushedAt = this.wall();
    for (const watcher of [...this.watchers]) watcher(change);
  }

  /** @param {(change: Change) => void} watcher @param {AbortSignal} [signal] */
  watch(watcher, signal) {
    this.watchers.add(watcher);
    signal?.addEventListener('abort', () => this.watchers.delete(watcher));
  }

  /** Ages on the page move although nothing arrives. @returns {void} */
  runClock() {
    this.later(() => {
      for (const [key, wait] of this.pending) if (this.wall() > wait.until) this.pending.delete(key);
      this.mark({ clock: true, printers: null });
      this.runClock();
    }, CLOCK_MS);
  }
}

/** Whether what was asked for can be seen in the printer's data.
 * @param {{state: string, action: string, args: any}} wait @param {Printer} p */
function proved(wait, p) {
  if (wait.action === 'light') return p.light === wait.args.on;
  if (wait.action === 'mark-clear') return p.bed?.clear === !wait.args.undo;
  if (wait.action === 'maintenance') return p.maintenance?.on === wait.args.on;
  return p.state !== wait.state;
}

export const store = new Store();
