// @ts-check
// The queue: what is on the printers, what waits and why, what is done today.
import { h, hide, icon, keyed, sheet, text } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { dispatchNow } from '../parts/queue-acts.js';
import { adviceLine } from '../parts/hints.js';
import { fetchFiles } from '../parts/queue-files.js';
import { jobMenu } from '../parts/queue-menu.js';
import { endedRow, flyingRow, paintEnded, paintFlying } from '../parts/queue-now.js';
import { ordering } from '../parts/queue-order.js';
import { endedSince, inFlight, midnight, ordered } from '../parts/queue-rules.js';
import { rows } from '../parts/queue-row.js';
import { autoSwitch } from '../parts/queue-switch.js';
import { queueTabs } from '../parts/queue-tabs.js';

addWords({
  'q.title': 'Queue', 'q.add': 'Add', 'q.now': 'Dispatch now', 'q.flying': 'On the printers', 'q.waiting': 'Waiting', 'q.done': 'Done today', 'q.more': 'Show {n} more', 'q.list': 'Waiting jobs, the next one first',
  'q.empty': 'Nothing waits', 'q.empty.how': 'Drop a sliced file here, or press Add. Jobs start by themselves on a printer that fits, is idle and has a clear bed.',
});

const STEP = 100;
const FEW = 8;

/** @param {HTMLElement} root @param {AbortSignal} signal */
export async function queuePage(root, signal) {
  await Promise.all([sheet('views'), sheet('queue'), sheet('timeline')]);
  if (signal.aborted) return;
  let shown = STEP;
  let shownDone = FEW;
  const menu = jobMenu();
  const row = rows(menu, signal);
  const add = async () => (await import('../parts/upload.js')).openUpload({ queue: true });
  const addButton = h('button.btn.pri', { type: 'button', onclick: add }, icon('upload'), t('q.add'));
  const part = (/** @type {string} */ words, /** @type {any} */ list, /** @type {any} */ more) => {
    const id = `h-${words.replace('.', '-')}`;
    return h('section', { 'aria-labelledby': id, hidden: true }, h('h2', { id }, t(words), h('b')), list, more);
  };
  const flying = h('ul.q-flies.card');
  const list = h('ol.q-list', { 'aria-label': t('q.list') });
  const done = h('ul.q-done.card');
  const more = h('button.link', { type: 'button', hidden: true, onclick: () => { shown += STEP; paint(); } });
  const moreDone = h('button.link', { type: 'button', hidden: true, onclick: () => { shownDone = Infinity; paint(); } });
  const parts = { flying: part('q.flying', flying, null), waiting: part('q.waiting', list, more), done: part('q.done', done, moreDone) };
  const notice = h('p.q-notice', { role: 'status', hidden: true }, icon('pausec'), h('span'));
  const empty = h('div.empty.q-drop', { hidden: true }, icon('queue'), h('h2', null, t('q.empty')), h('p', null, t('q.empty.how')), h('button.btn', { type: 'button', onclick: add }, icon('upload'), t('q.add')));
  root.append(h('div.queue-page', null,
    h('header.top', null, h('h1', null, t('q.title')), autoSwitch(signal),
      h('button.btn', { type: 'button', onclick: () => void dispatchNow() }, icon('play'), t('q.now')),
      addButton),
    ...queueTabs([notice, adviceLine(signal), parts.flying, empty, parts.waiting, parts.done], signal), menu.root));
  const { busy } = ordering(list, () => paint(), signal);

  /** @param {any} section @param {number} n */
  function head(section, n) {
    hide(section, n === 0);
    text(section.firstChild.lastChild, n);
  }

  /** @param {any[]} waiting @param {any[]} now */
  function paintList(waiting, now) {
    if (busy()) return;
    /** @type {Map<string, number>} first job of a series → copies of it on printers */
    const running = new Map();
    for (const job of now) running.set(job.series ?? job.id, (running.get(job.series ?? job.id) ?? 0) + 1);
    const held = list.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    const at = held ? [...list.children].findIndex((one) => one.contains(held)) : -1;
    keyed(list, waiting.slice(0, shown), (job) => job.id, row.make, (node, job) => row.paint(node, job, running.get(job.series ?? job.id) ?? 0));
    // A row that changes its place loses the focus on the way; where one has gone, the next goes on.
    if (held?.isConnected && held !== document.activeElement) held.focus({ preventScroll: true });
    else if (held && !held.isConnected) (list.children[Math.min(at, list.children.length - 1)]?.querySelector('.more') ?? addButton).focus();
    hide(more, waiting.length <= shown);
    text(more, t('q.more', { n: waiting.length - shown }));
  }

  function paint() {
    const jobs = [...store.jobs.values()];
    const waiting = ordered(jobs, store.queue.order);
    const now = inFlight(jobs);
    const ended = endedSince(jobs, midnight(store.now()));
    const shut = store.queue.why;
    hide(notice, !shut);
    text(notice.lastChild, shut?.text ?? '');
    head(parts.flying, now.length);
    keyed(flying, now, (job) => job.id, flyingRow, paintFlying);
    head(parts.waiting, waiting.length);
    paintList(waiting, now);
    hide(empty, waiting.length > 0);
    head(parts.done, ended.length);
    keyed(done, ended.slice(0, shownDone), (job) => `${job.id} ${job.attempt}`, endedRow, paintEnded);
    hide(moreDone, ended.length <= shownDone);
    text(moreDone, t('q.more', { n: ended.length - shownDone }));
    void fetchFiles(waiting.slice(0, shown), signal).then((fresh) => { if (fresh && !signal.aborted) paint(); });
  }

  store.watch((change) => {
    if (change.jobs || change.link) paint();
    else for (const node of /** @type {any} */ (flying.children)) paintFlying(node, node.job);
    if (change.clock) for (const node of /** @type {any} */ (list.children)) row.paintDue(node);
  }, signal);
  paint();
}
