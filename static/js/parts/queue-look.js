// @ts-check
// What the page and the rail beside the farm show of a job alike.
import { h, icon } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';

addWords({ 'qr.made': '{made} of {all} made', 'qr.running': '{n} printing', 'qr.times': '{n} copies' });

/** @typedef {Record<string, any>} Job */

/** @param {string} id */
export const printerName = (id) => store.printers.get(id)?.name ?? id;

/** @param {Job} job */
export const picture = (job) => h('span.th', null, job.thumb ? h('img', { src: `${job.thumb}?small=1`, alt: '', loading: 'lazy' }) : icon('file'));

/** @param {Job} job @param {number} running copies of it on printers now */
export function countWords(job, running) {
  if (job.copies === 1 && !running) return '';
  return [job.made || running ? t('qr.made', { made: job.made, all: job.copies }) : t('qr.times', { n: job.copies }), running && t('qr.running', { n: running })].filter(Boolean).join(', ');
}
