// @ts-check
// The jobs that are not waiting: on a printer now, and what has ended today.
import { attr, h, hide, icon, setIcon, text } from '../html.js';
import { clock, dur, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { duplicate, retry } from './queue-acts.js';
import { picture, printerName } from './queue-look.js';
import { lookOfJob } from './queue-rules.js';

addWords({
  'qn.progress': '{name} on {printer}, progress', 'qn.cancel': 'Cancel sending {name} to {printer}', 'qn.decide': 'Decide…', 'qn.left': '{d} left', 'qn.retry': 'Retry', 'qn.retry.name': 'Retry {name}', 'qn.again': 'Print again', 'qn.again.name': 'Print {name} again', 'qn.took': 'took {d}', 'qn.cancel.short': 'Cancel',
});

/** @typedef {Record<string, any>} Job */

const SENDING = new Set(['claimed', 'uploading', 'uploaded']);

/** @param {any} node @param {string} printer @param {string} action */
const command = (node, printer, action) => node.dispatchEvent(new CustomEvent('pf-command', { bubbles: true, detail: { printer, action } }));

/** @param {Job} job */
export function flyingRow(job) {
  const part = {
    name: h('b'), where: h('a'), pill: h('span.pill', null, icon('up'), h('span')), bar: h('progress', { max: 100, value: 0 }), pct: h('b.q-pct'), left: h('span.q-left'),
    act: h('button.btn.sm', { type: 'button', onclick: () => command(node, node.job.printer_id, node.job.state === 'needs_human' ? 'resolve' : 'cancel-upload') }),
  };
  const node = h('li.q-fly', { data: { id: job.id } }, picture(job), h('div.q-name', null, part.name, part.where), h('div.q-bar', null, part.bar, part.pct), part.left, part.pill, part.act);
  node.bits = part;
  return node;
}

/** How far it is, in percent; null = nothing to show. @param {Job} job @param {any} p its printer */
function percentOf(job, p) {
  if (SENDING.has(job.state)) return job.upload_percent ?? 0;
  return p?.job?.job_id === job.id ? p.job.pct ?? null : null;
}

/** @param {any} node @param {Job} job */
export function paintFlying(node, job) {
  const p = store.printers.get(job.printer_id);
  const part = node.bits;
  node.job = job;
  const name = stem(job.name);
  const printer = printerName(job.printer_id);
  text(part.name, name);
  text(part.where, printer);
  attr(part.where, 'href', `#/p/${encodeURIComponent(job.printer_id ?? '')}`);
  const [word, tone, pic] = lookOfJob(job);
  part.pill.className = `pill t-${tone}`;
  setIcon(part.pill.firstChild, pic);
  text(part.pill.lastChild, word);
  const value = percentOf(job, p);
  hide(part.bar.parentNode, value === null);
  if (value !== null) {
    const whole = Math.floor(value);
    if (part.bar.value !== whole) part.bar.value = whole;
    attr(part.bar, 'aria-label', t('qn.progress', { name, printer }));
    text(part.pct, `${whole}%`);
  }
  const left = p && !SENDING.has(job.state) && p.job?.job_id === job.id ? p.job.left_s : null;
  text(part.left, job.state === 'needs_human' ? job.why?.[0]?.text ?? '' : left === null || left === undefined ? '' : t('qn.left', { d: dur(left) }));
  const human = job.state === 'needs_human';
  hide(part.act, !human && !SENDING.has(job.state));
  text(part.act, t(human ? 'qn.decide' : 'qn.cancel.short'));
  part.act.classList.toggle('pri', human);
  attr(part.act, 'aria-label', human ? `${t('qn.decide')} ${name}` : t('qn.cancel', { name, printer }));
  node.className = human ? 'q-fly is-human' : 'q-fly';
}

/** @param {Job} job */
export function endedRow(job) {
  const again = job.state !== 'finished';
  const name = stem(job.name);
  const node = h('li.q-end', null, picture(job), h('div.q-name', null, h('b', null, name), h('span')), h('span.pill', null, icon('check'), h('span')), h('time'),
    h('button.btn.sm.ghost', { type: 'button', 'aria-label': t(again ? 'qn.retry.name' : 'qn.again.name', { name }), onclick: () => void (again ? retry : duplicate)(node.job) }, t(again ? 'qn.retry' : 'qn.again')));
  return node;
}

/** @param {any} node @param {Job} job */
export function paintEnded(node, job) {
  node.job = job;
  const [, words, pill, time] = node.children;
  const took = job.state === 'finished' && job.started_at ? t('qn.took', { d: dur(job.finished_at - job.started_at) }) : '';
  text(words.lastChild, [job.printer_id && printerName(job.printer_id), took, job.state !== 'finished' && (job.error?.text || job.result)].filter(Boolean).join(' · '));
  const [word, tone, pic] = lookOfJob(job);
  pill.className = `pill t-${tone}`;
  setIcon(pill.firstChild, pic);
  text(pill.lastChild, word);
  text(time, clock(job.finished_at, store.now()));
}
