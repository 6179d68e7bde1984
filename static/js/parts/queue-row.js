// @ts-check
// A waiting job: what, how often, where, of what, how long, and why it waits.
import { ApiError, get } from '../api.js';
import { attr, cssVar, h, hide, icon, keyed, setIcon, text } from '../html.js';
import { clock, css, dur, grams, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { confirmJob, questions } from './queue-acts.js';
import { plateOf, materialOf } from './queue-files.js';
import { countWords, picture, printerName } from './queue-look.js';
import { deadlineOf, lookOfJob, mayAsk, targetWords, whyOf } from './queue-rules.js';
import { nameButton } from './queue-menu.js';

addWords({
  'qr.grip': 'Move {name}: drag, or Alt and the arrow keys', 'qr.plate': 'Plate {n}', 'qr.priority': 'priority {n}', 'qr.why': 'Printer by printer', 'qr.next': 'Nothing is in its way.', 'qr.asks': 'Waits for your yes.', 'qr.yes': 'I have checked this', 'qr.yes.full': 'I have checked this: {text}', 'qr.notbefore': 'Not before {at}.',
  'qr.due': 'Done by {at}', 'qr.due.soon': 'Must start by {start} to be done by {at}', 'qr.due.late': 'Should have started by {start} to be done by {at}',
  'qr.for': 'For', 'qr.material': 'Material', 'qr.time': 'Duration', 'qr.failed': 'The reasons could not be loaded.', 'qr.staged': 'Its file is already on {name}.',
});

/** @typedef {Record<string, any>} Job */

/** @param {any} menu made by jobMenu() @param {AbortSignal} signal */
export function rows(menu, signal) {
  /** @type {Set<string>} jobs whose reasons are shown in full */
  const opened = new Set();

  /** @param {Job} job */
  function make(job) {
    const id = job.id;
    const grip = h('button.ib.grip', { type: 'button', 'aria-keyshortcuts': 'Alt+ArrowUp Alt+ArrowDown' }, icon('grip'));
    const more = h('button.ib.chev', { type: 'button', 'aria-expanded': 'false', onclick: () => { if (!opened.delete(id)) opened.add(id); node.seen = null; paint(node, node.job, node.running); } }, icon('chev'), h('span.sr', null, t('qr.why')));
    const part = {
      grip, more, name: h('b'), sub: h('span'), notes: h('em'), due: h('span.q-due', { hidden: true }, icon('clock'), h('span')),
      to: h('span.q-to', null, h('span.sr', null, t('qr.for')), icon('printer'), h('span')),
      stuff: h('span.q-mat', null, h('span.sr', null, t('qr.material')), h('span.q-sw'), h('span')),
      time: h('span.q-time', null, h('span.sr', null, t('qr.time')), h('span')),
      pill: h('span.pill', null, icon('clock'), h('span')), menu: menu.button(() => id),
      why: h('span.q-why', null, icon('info'), h('span')), list: h('ul.q-each', { hidden: true }), ask: h('div.q-ask', { hidden: true }),
    };
    const node = h('li.qrow', { data: { id } }, grip, picture(job),
      h('div.q-name', null, part.name, part.sub, part.due, part.notes), h('div.q-facts', null, part.to, part.stuff, part.time), part.pill, part.menu,
      h('div.q-say', null, h('div.q-line', null, part.why, more), part.list, part.ask));
    node.bits = part;
    return node;
  }

  /** @param {any} node @param {Job} job @param {number} running */
  function paint(node, job, running) {
    const plate = plateOf(job);
    if (node.seen === job && node.running === running && node.plate === plate) return;
    Object.assign(node, { seen: job, job, running, plate });
    const p = node.bits;
    const name = stem(job.name);
    text(p.name, name);
    text(p.sub, [job.plates > 1 && t('qr.plate', { n: job.plate }), countWords(job, running), job.priority && t('qr.priority', { n: job.priority > 0 ? `+${job.priority}` : `−${-job.priority}` })].filter(Boolean).join(' · '));
    text(p.notes, job.notes ?? '');
    attr(p.grip, 'aria-label', t('qr.grip', { name }));
    nameButton(p.menu, name);
    text(p.to.lastChild, targetWords(job.target, printerName));
    paintMaterial(p.stuff, plate);
    text(p.time.lastChild, dur(job.seconds));
    paintDue(node);
    paintState(node, job);
  }

  /** Time alone can put a deadline at risk. @param {any} node */
  function paintDue(node) {
    const { job, bits: { due } } = node;
    const now = store.now();
    const how = deadlineOf(job, now);
    hide(due, !how);
    if (!how) return;
    due.className = `q-due${how === 'due' ? '' : ' t-warn'}`;
    setIcon(due.firstChild, how === 'due' ? 'clock' : 'triangle');
    text(due.lastChild, t(how === 'due' ? 'qr.due' : `qr.due.${how}`, { at: clock(job.deadline, now), start: clock(job.latest_start, now) }));
  }

  /** @param {any} box @param {any} plate */
  function paintMaterial(box, plate) {
    const { types, colors, grams: g } = materialOf(plate);
    keyed(box.children[1], colors.map((color, i) => ({ color, key: `${i}${color}` })), (one) => one.key, (one) => {
      const swatch = h('i.sw');
      if (css(one.color)) cssVar(swatch, '--c', css(one.color));
      return swatch;
    });
    text(box.lastChild, [types, grams(g)].filter(Boolean).join(' · '));
  }

  /** @param {any} node @param {Job} job */
  function paintState(node, job) {
    const p = node.bits;
    const [word, tone, pic] = lookOfJob(job);
    p.pill.className = `pill t-${tone}${job.state === 'queued' && tone === 'idle' ? ' is-plain' : ''}`;
    setIcon(p.pill.firstChild, pic);
    text(p.pill.lastChild, word);
    p.why.className = `q-why${tone === 'warn' ? ' t-warn' : ''}`;
    setIcon(p.why.firstChild, tone === 'warn' ? 'triangle' : job.target.printer_id ? 'right' : 'info');
    text(p.why.lastChild, [job.why?.[0]?.code === 'not_before' ? t('qr.notbefore', { at: clock(job.not_before, store.now()) }) : whyOf(job) || t('qr.next'), job.staged_on && t('qr.staged', { name: printerName(job.staged_on) })].filter(Boolean).join(' '));
    const several = !job.target.printer_id || (job.why?.length ?? 0) > 1;
    hide(p.more, !several);
    const open = several && opened.has(job.id);
    attr(p.more, 'aria-expanded', String(open));
    hide(p.list, !open);
    if (open) void reasons(node, job);
    if (mayAsk(job)) void ask(node, job);
    else hide(p.ask, true);
    saidOnce(node, job);
  }

  /** The question stands in its box: not a second time as the reason. @param {any} node @param {Job} job */
  function saidOnce(node, job) {
    if (!node.bits.ask.hidden && node.question && whyOf(job).includes(node.question)) text(node.bits.why.lastChild, t('qr.asks'));
  }

  /** Every reason, each printer once. @param {any} node @param {Job} job */
  async function reasons(node, job) {
    let why = [];
    try {
      ({ why } = await get(`/api/jobs/${encodeURIComponent(job.id)}`, { signal }));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      why = [{ printer_id: null, text: t('qr.failed') }];
    }
    const known = why.filter((/** @type {any} */ r) => r.printer_id || why.length === 1);
    keyed(node.bits.list, known.length ? known : [{ printer_id: null, code: '', text: t('qr.next') }], (r) => `${r.printer_id} ${r.code} ${r.text}`, (r) => h('li', null, h('b', null, r.printer_id ? printerName(r.printer_id) : ''), h('span', null, r.text)));
  }

  /** The question a person must answer before it may start. @param {any} node @param {Job} job */
  async function ask(node, job) {
    const key = `${job.rev} ${job.why?.[0]?.code}`;
    if (node.asked === key) return;
    node.asked = key;
    let open;
    try {
      open = await questions(job, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      node.asked = '';
      return;
    }
    const words = open.map((v) => v.text).join(' ');
    node.question = words;
    hide(node.bits.ask, !open.length);
    saidOnce(node, job);
    if (open.length) {
      node.bits.ask.replaceChildren(icon('question'), h('p', null, words),
        h('button.btn.sm', { type: 'button', 'aria-label': t('qr.yes.full', { text: words }), onclick: async () => { node.bits.menu.focus(); await confirmJob(node.job, open); } }, t('qr.yes')));
    }
  }

  return { make, paint, paintDue };
}
