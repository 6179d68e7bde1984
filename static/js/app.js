// @ts-check
// Boot, routes, and the wiring between the page, the store and the connection.
import { watchGates } from './gates.js';
import { attr, h, hide, icon, sheet, text } from './html.js';
import { ago, clockS } from './format.js';
import { store } from './store.js';
import { t } from './text.js';
import { farmPage, needing } from './pages/farm.js';

const main = /** @type {HTMLElement} */ (document.getElementById('main'));
/** @type {AbortController | null} */
let page = null;
/** @type {import('./ws.js').Link | null} */
let link = null;

/** The snapshot that came with the page; null when the server put none there. */
function bootFrame() {
  try {
    return JSON.parse(document.getElementById('boot')?.textContent ?? '');
  } catch {
    return null;
  }
}

/** Where a page lives: its hash, and the id behind it. */
const ROUTES = /** @type {Array<[string, RegExp]>} */ ([
  ['printer', /^\/p\/([^/]+)/],
  ['rig', /^\/rig\/([^/]+)$/],
  ['queue', /^\/queue$/],
  ['files', /^\/files(?:\/([^/]+))?$/],
  ['alerts', /^\/alerts$/],
  ['history', /^\/history$/],
  ['timelapses', /^\/timelapses(?:\/([^/]+))?$/],
  ['settings', /^\/settings$/],
]);

function route() {
  const path = location.hash.slice(1) || '/';
  for (const [name, shape] of ROUTES) {
    const found = shape.exec(path);
    if (found) return { name, id: decodeURIComponent(found[1] ?? '') };
  }
  return { name: 'farm', id: '' };
}

/** Pages besides the farm are fetched when somebody goes there.
 * @param {string} name @param {string} id @returns {Promise<(root: HTMLElement, signal: AbortSignal) => any>} */
async function pageOf(name, id) {
  if (name === 'printer') {
    const [module] = await Promise.all([import('./pages/printer.js'), sheet('views')]);
    return (root, signal) => module.printerPage(root, id, signal, link);
  }
  if (name === 'queue') {
    const { queuePage } = await import('./pages/queue.js');
    return queuePage;
  }
  if (name === 'files') {
    const [module] = await Promise.all([import('./pages/files.js'), sheet('files')]);
    return (root, signal) => module.filesPage(root, id, signal);
  }
  if (name === 'alerts') {
    const { alertsPage } = await import('./pages/alerts.js');
    return alertsPage;
  }
  if (name === 'history') {
    const { historyPage } = await import('./pages/history.js');
    return historyPage;
  }
  if (name === 'timelapses') {
    const { timelapsesPage } = await import('./pages/timelapses.js');
    return (root, signal) => timelapsesPage(root, id, signal);
  }
  if (name === 'rig') {
    const [module] = await Promise.all([import('./pages/rig.js'), sheet('views')]);
    return (root, signal) => module.rigPage(root, id, signal);
  }
  if (name === 'settings') {
    const [module] = await Promise.all([import('./pages/settings.js'), sheet('files')]);
    return (root, signal) => module.settingsPage(root, signal);
  }
  return farmPage;
}

/** @param {boolean} moved whether a person went here (then focus follows) */
async function show(moved) {
  const { name, id } = route();
  page?.abort();
  const mine = (page = new AbortController());
  /** @type {any} */ (document.getElementById('more-tabs')).hidePopover();
  document.querySelectorAll('dialog[open]').forEach((d) => /** @type {HTMLDialogElement} */ (d).close());
  for (const place of ['farm', 'queue', 'files', 'alerts', 'history', 'timelapses', 'settings']) {
    const here = name === place ? 'page' : (name === 'printer' && place === 'farm') || (name === 'rig' && place === 'settings') ? 'true' : null;
    attr(/** @type {Element} */ (document.getElementById(`nav-${place}`)), 'aria-current', here);
  }
  document.body.classList.toggle('on-printer', name === 'printer');
  const build = await pageOf(name, id).catch((error) => unloaded(error, mine.signal));
  if (mine.signal.aborted) return;
  main.replaceChildren();
  build(main, mine.signal);
  title();
  if (moved) {
    main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

/** Its script did not come: the former page under this name would be a lie. What of it was not
 * loaded stays so, thus it is all loaded anew once the farm answers.
 * @param {unknown} error @param {AbortSignal} signal @returns {(root: HTMLElement) => void} */
function unloaded(error, signal) {
  if (store.connected) throw error;
  store.watch((change) => change.link && store.connected && location.reload(), signal);
  return (root) => root.append(h('div.empty', null, icon('nowifi'), h('h1', null, t('page.gone')), h('p', null, t('page.gone.how'))));
}

function title() {
  const { name, id } = route();
  const n = needing().length;
  document.title = (n ? `(${n}) ` : '') + [name === 'printer' ? store.printers.get(id)?.name ?? id : name === 'rig' ? store.rigs.get(id)?.name ?? id : name !== 'farm' && t(`nav.${name}`), t('farm')].filter(Boolean).join(' · ');
}

const bar = /** @type {HTMLElement} */ (document.getElementById('connbar'));
const barText = h('span');
const barButton = h('button.btn.sm', { type: 'button', onclick: () => (store.link.state === 'signin' ? location.reload() : link?.retryNow()) });
bar.append(icon('nowifi'), barText, barButton);

function paintLink() {
  const { state, dataAt, retryAt } = store.link;
  const quiet = state === 'live' || state === 'connecting';
  hide(bar, quiet);
  const data = dataAt ? clockS(dataAt + store.skew) : '–';
  const left = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  if (state === 'lost') text(barText, t('conn.lost', { at: data, s: left }));
  else if (state === 'polling') text(barText, t('conn.polling', { age: ago(Date.now() / 1000 - dataAt) }));
  else if (state === 'signin') text(barText, t('conn.signin'));
  text(barButton, state === 'signin' ? t('conn.reload') : t('conn.retry'));
  const foot = /** @type {HTMLElement} */ (document.getElementById('conn'));
  foot.className = `conn ${store.connected ? 'on' : state === 'connecting' ? '' : 'lost'}`;
  const all = [...store.printers.values()];
  const words = { live: t('conn.live'), polling: t('conn.slow'), connecting: t('conn.opening'), lost: t('conn.down'), signin: t('conn.down') };
  const online = all.filter((p) => p.conn?.online).length;
  const known = store.connected || state === 'connecting';
  text(/** @type {Node} */ (foot.lastElementChild), [words[state], known && t('conn.online', { n: online, all: all.length })].filter(Boolean).join(' · '));
  document.body.classList.toggle('is-lost', !known);
  if (!quiet && state !== 'polling') setTimeout(paintLink, 1000);
}

/** How many jobs wait. */
function paintQueued() {
  const n = [...store.jobs.values()].filter((job) => job.state === 'queued' || job.state === 'held').length;
  text(/** @type {Node} */ (document.querySelector('#nav-queue b')), n || '');
}

/** How many alerts nobody has seen. */
function paintAlerts() {
  const n = [...store.alerts.values()].filter((it) => !it.acked_at).length;
  text(/** @type {Node} */ (document.querySelector('#nav-alerts b')), n || '');
}

/** Starts are blocked until a person has read why. */
function troubleBar() {
  const words = h('span');
  const read = async () => (await import('./api.js')).request('POST', '/api/jobs/acknowledge', {});
  const button = h('button.btn.sm', { type: 'button', onclick: () => void read().catch((error) => text(words, error.message)) }, t('trouble.read'));
  const box = h('div.connbar', { role: 'alert' }, icon('triangle'), words, button);
  bar.after(box);
  return () => {
    hide(box, !store.farm.trouble);
    text(words, store.farm.trouble ?? '');
  };
}

/** @param {string} what */
async function open(what) {
  if (what === 'upload') (await import('./parts/upload.js')).openUpload({});
  else if (what === 'help') (await import('./parts/help.js')).helpDialog();
}

async function live() {
  const [{ Link }, { get }, { onCommand }, { announce }, { watchAlerts }] = await Promise.all([
    import('./ws.js'), import('./api.js'), import('./commands.js'), import('./announce.js'), import('./parts/notify.js'),
  ]);
  document.addEventListener('pf-command', (event) => void onCommand(/** @type {CustomEvent} */ (event)));
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  link = new Link(store, `${scheme}://${location.host}/api/ws`, { poll: () => get('/api/status', { timeout: 8000 }) });
  announce(link);
  watchAlerts(store);
  link.open();
  addEventListener('online', () => link?.retryNow());
  document.addEventListener('visibilitychange', () => {
    link?.send({ t: 'vis', hidden: document.hidden });
    if (document.hidden) return;
    link?.retryNow();
    store.arm();
  });
  if (route().name !== 'farm') void show(false);
  const [{ watchKeys }, { watchDrops }] = await Promise.all([import('./keys.js'), import('./drops.js')]);
  watchKeys(open);
  watchDrops();
  document.body.dataset.ready = ''; // keys and drops are heard from here on
  whenIdle(prefetch);
}

/** What a click may need is here before the connection can be lost. */
function prefetch() {
  const parts = [import('./pages/printer.js'), import('./parts/dialogs.js'), import('./parts/upload.js'), sheet('views')];
  Promise.all(parts).catch((error) => console.warn('a part of the page could not be fetched ahead', error));
}

/** @param {() => void} run */
function whenIdle(run) {
  if ('requestIdleCallback' in window) requestIdleCallback(run, { timeout: 3000 });
  else setTimeout(run, 1000);
}

function boot() {
  attr(document.documentElement, 'data-theme', localStorage.getItem('theme'));
  const frame = bootFrame();
  if (frame?.printers) store.snapshot(frame);
  let online = '';
  const paintTrouble = troubleBar();
  paintTrouble();
  paintQueued();
  paintAlerts();
  store.watch((change) => {
    if (change.alerts) paintAlerts();
    if (change.jobs) {
      paintTrouble();
      paintQueued();
    }
    const now = store.link.state + [...store.printers.values()].filter((p) => p.conn?.online).length;
    if (change.link || now !== online) paintLink();
    online = now;
    title();
  });
  document.querySelector('.skip')?.addEventListener('click', (event) => {
    event.preventDefault(); // the hash belongs to the routes
    main.focus();
  });
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('[data-do]') : null;
    if (button) /** @type {any} */ (document.getElementById('more-tabs')).hidePopover();
    if (button) void open(/** @type {HTMLElement} */ (button).dataset.do ?? '');
  });
  addEventListener('hashchange', () => void show(true));
  watchGates();
  paintLink();
  if (route().name === 'farm') void show(false);
  store.runClock();
  // Everything else is fetched after the first paint.
  requestAnimationFrame(() => setTimeout(() => void live(), 0));
}

boot();
