// @ts-check
// The live connection: WebSocket with back-off, a poll as the way round a proxy that blocks it.

const PING_MS = 20000;
const DEAD_MS = 45000;
const POLL_MS = 10000;
const SETTLED_MS = 10000;
const POLL_AFTER = 3;
export const SIGN_IN = 4401;

/** Full jitter: anywhere between 0 and min(30 s, 0.5 s · 2^n). @param {number} n failures so far
 * @param {() => number} [random] */
export function backoff(n, random = Math.random) {
  return random() * Math.min(30000, 500 * 2 ** n);
}

/** @typedef {{socket?: (url: string) => any, poll?: () => Promise<any>, later?: (fn: () => void, ms: number) => any,
 *  cancel?: (id: any) => void, now?: () => number, random?: () => number}} Env */

export class Link {
  /** @param {import('./store.js').Store} store @param {string} url @param {Env} [env] */
  constructor(store, url, env = {}) {
    this.store = store;
    this.url = url;
    this.socketFor = env.socket ?? ((address) => new WebSocket(address));
    this.pollOnce = env.poll ?? (() => Promise.reject(new Error('no poll')));
    this.later = env.later ?? ((fn, ms) => setTimeout(fn, ms));
    this.cancel = env.cancel ?? ((id) => clearTimeout(id));
    this.now = env.now ?? (() => Date.now());
    this.random = env.random ?? Math.random;
    this.failures = 0;
    this.openedAt = 0;
    this.heardAt = 0;
    /** @type {any} */
    this.socket = null;
    /** @type {any} */
    this.retry = null;
    /** @type {any} */
    this.pinger = null;
    this.polling = false;
    this.resyncing = false;
    this.stopped = false;
    /** @type {Map<string, Set<(frame: any) => void>>} frame type → listeners */
    this.listeners = new Map();
    /** @type {Map<string, string[]>} what to ask for again after a reconnect */
    this.subscriptions = new Map();
  }

  open() {
    if (this.stopped || this.socket) return;
    this.cancel(this.retry);
    const socket = (this.socket = this.socketFor(`${this.url}?since=${this.store.seq}`));
    const mine = () => this.socket === socket;
    socket.onopen = () => mine() && this.opened();
    socket.onmessage = (/** @type {any} */ event) => mine() && this.receive(event.data);
    socket.onclose = (/** @type {any} */ event) => mine() && this.closed(event.code);
    socket.onerror = () => {};
  }

  opened() {
    this.openedAt = this.heardAt = this.now();
    this.resyncing = false;
    for (const [printer, what] of this.subscriptions) this.send({ t: 'sub', printers: [printer], what });
    this.ping();
  }

  ping() {
    this.cancel(this.pinger);
    this.pinger = this.later(() => {
      if (!this.socket) return;
      if (this.now() - this.heardAt > DEAD_MS) {
        this.drop();
        return;
      }
      this.send({ t: 'ping' });
      this.ping();
    }, PING_MS);
  }

  /** Gives up on a silent socket without waiting for its close. */
  drop() {
    const socket = this.socket;
    this.closed(0);
    socket?.close();
  }

  /** @param {any} frame */
  send(frame) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  /** @param {string} data */
  receive(data) {
    const frame = JSON.parse(data);
    this.heardAt = this.now();
    if (this.heardAt - this.openedAt > SETTLED_MS) this.failures = 0;
    this.store.link.dataAt = this.heardAt / 1000;
    if (frame.t === 'hello') this.hello(frame);
    else if (frame.t === 'snapshot') this.snapshot(frame);
    else if (frame.t === 'delta') this.delta(frame);
    else if (frame.t === 'resync') this.resync();
    for (const listener of this.listeners.get(frame.t) ?? []) listener(frame);
  }

  /** @param {any} frame */
  hello(frame) {
    this.store.setServer(frame.server);
    this.live();
  }

  isLive() {
    return this.store.link.state === 'live';
  }

  live() {
    if (this.store.link.state !== 'live') this.store.setLink({ state: 'live' });
  }

  /** @param {any} frame */
  snapshot(frame) {
    this.resyncing = false;
    this.store.snapshot(frame);
    this.live();
  }

  /** @param {any} frame */
  delta(frame) {
    if (!this.resyncing && !this.store.delta(frame)) this.resync();
  }

  resync() {
    this.resyncing = true;
    this.send({ t: 'resync' });
  }

  /** @param {number} code */
  closed(code) {
    this.socket = null;
    this.cancel(this.pinger);
    if (code === SIGN_IN) {
      this.stopped = true;
      this.store.setLink({ state: 'signin' });
      return;
    }
    this.failures += 1;
    const wait = backoff(this.failures, this.random);
    this.retry = this.later(() => this.open(), wait);
    const state = this.store.link.state === 'polling' ? 'polling' : 'lost';
    this.store.setLink({ state, retryAt: this.now() + wait });
    if (this.failures >= POLL_AFTER) this.poll();
  }

  /** Try at once: the person pressed Retry, the network came back, the tab was opened again. */
  retryNow() {
    if (this.stopped || this.socket) return;
    this.open();
  }

  poll() {
    if (this.polling) return;
    this.polling = true;
    const round = async () => {
      if (this.isLive() || this.stopped) {
        this.polling = false;
        return;
      }
      try {
        const answer = await this.pollOnce();
        if (!this.isLive()) {
          this.store.snapshot(answer);
          this.store.setLink({ state: 'polling' });
        }
      } catch (error) {
        if (/** @type {any} */ (error)?.status === 401) {
          this.stopped = true;
          this.store.setLink({ state: 'signin' });
        } else if (!this.isLive()) this.store.setLink({ state: 'lost' });
      }
      this.later(round, POLL_MS);
    };
    void round();
  }

  /** @param {string} type @param {(frame: any) => void} listener @param {AbortSignal} [signal] */
  on(type, listener, signal) {
    const set = this.listeners.get(type) ?? new Set();
    this.listeners.set(type, set.add(listener));
    signal?.addEventListener('abort', () => set.delete(listener));
  }

  /** @param {string} printer @param {string[]} what "temps", "console" @param {AbortSignal} signal */
  subscribe(printer, what, signal) {
    this.subscriptions.set(printer, what);
    this.send({ t: 'sub', printers: [printer], what });
    signal.addEventListener('abort', () => {
      this.subscriptions.delete(printer);
      this.send({ t: 'unsub', printers: [printer], what });
    });
  }
}
