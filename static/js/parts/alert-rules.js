// @ts-check
// What an alert looks like and in which order they stand. Pure.
import { ago, clock, dur } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'ak.paused': 'Paused', 'ak.filament_out': 'Filament ran out', 'ak.bed_waiting': 'Clear the bed', 'ak.fault': 'Fault', 'ak.message': 'Message', 'ak.offline_printing': 'Offline while printing', 'ak.offline': 'Offline', 'ak.needs_person': 'Your answer, please', 'ak.queue_blocked': 'Queue is blocked', 'ak.spool_short': 'Spool is short', 'ak.disk_low': 'Disk is full', 'ak.camera_dead': 'No picture', 'ak.defect': 'Looks wrong', 'ak.watch_blind': 'Defect watch is blind', 'ak.channel_dead': 'Channel fails', 'ak.channel_moved': 'Chat has a new id', 'ak.failed': 'Failed',
  'ch.ok': 'sent {ago}', 'ch.unused': 'nothing sent yet', 'ch.waiting': '{n} waiting', 'ch.next': 'next try in {d}', 'mu.until': 'until {at}', 'mu.print_end': 'until its print ends', 'mu.unmuted': 'until somebody unmutes it',
  'so.waiting': 'waits', 'so.quiet': 'waits until {at}', 'so.sending': 'is being sent', 'so.sent': 'sent', 'so.failed': 'not sent: {why}', 'so.expired': 'out of date, not sent', 'so.unclear': 'perhaps sent: the server was stopped meanwhile', 'so.superseded': 'replaced by a newer one',
});

const ICONS = /** @type {Record<string, string>} */ ({
  paused: 'pausec', filament_out: 'drop', bed_waiting: 'platex', fault: 'octagon', offline_printing: 'nowifi', offline: 'nowifi', needs_person: 'question', queue_blocked: 'queue', spool_short: 'drop', disk_low: 'triangle', camera_dead: 'camera', defect: 'triangle', watch_blind: 'eyeoff', channel_dead: 'belloff', channel_moved: 'bell', failed: 'x',
});
const TONES = /** @type {Record<string, string>} */ ({ now: 'fault', soon: 'warn', info: 'run' });
const WEIGHT = /** @type {Record<string, number>} */ ({ now: 0, soon: 1, info: 2 });

/** @param {any} it @returns {{tone: string, icon: string, words: string}} */
export function lookOf(it) {
  const tone = it.kind === 'bed_waiting' ? 'ok' : it.kind === 'paused' || it.kind === 'filament_out' ? 'warn' : TONES[it.level] ?? 'idle';
  // What the printer only mentions is no fault, whatever list it stood on.
  if (it.kind === 'fault' && it.level === 'info') return { tone, icon: 'info', words: t('ak.message') };
  return { tone, icon: ICONS[it.kind] ?? 'info', words: t(`ak.${it.kind}`) };
}

/** Their sentences begin with a file's name, which is written as it is. */
const NAMED = new Set(['bed_waiting', 'needs_person', 'progress', 'due_soon']);

/** The sentence without the printer's name, which stands above it. @param {any} it */
export function plainText(it) {
  const head = `${it.printer}: `;
  if (!it.printer || !it.text.startsWith(head) || it.text.includes('\n')) return it.text;
  const rest = it.text.slice(head.length);
  return NAMED.has(it.kind) ? rest : rest.charAt(0).toUpperCase() + rest.slice(1);
}

/** What a person can do about it from here; "" = nothing. Whether it may be done is the gate's.
 * @param {any} it @param {any} p its printer */
export function actionOf(it, p) {
  if (it.kind === 'bed_waiting') return p.state === 'needs_clear' ? 'mark-clear' : '';
  if (it.kind === 'paused' || it.kind === 'filament_out') return p.state === 'paused' ? 'resume' : '';
  if (it.kind === 'defect') return p.state === 'printing' ? 'pause' : '';
  if (it.kind === 'needs_person') return p.state === 'needs_human' ? 'resolve' : '';
  if (it.kind === 'offline' || it.kind === 'offline_printing') return p.conn?.online ? '' : 'reconnect';
  return '';
}

/** What nobody has seen first, then the urgent, then the oldest. @param {any[]} alerts */
export function inOrder(alerts) {
  return [...alerts].sort((a, b) => Number(Boolean(a.acked_at)) - Number(Boolean(b.acked_at)) || (WEIGHT[a.level] ?? 3) - (WEIGHT[b.level] ?? 3) || a.since - b.since);
}

/** Several pages as one list, newest first: the following page behind it, or the first one anew.
 * @param {{items: any[], next: any}} had @param {{items: any[], next: any}} page @param {boolean} further */
export function paged(had, page, further) {
  const fresh = new Set(page.items.map((it) => it.id));
  const rest = had.items.filter((it) => !fresh.has(it.id));
  if (further) return { items: [...rest, ...page.items], next: page.next };
  // nothing in common: more has come than one page holds, and what was shown begins anew
  if (had.items.length <= page.items.length || rest.length === had.items.length) return page;
  return { items: [...page.items, ...rest], next: had.next };
}

const STATES = /** @type {Record<string, string>} */ ({ ok: 'ok', failing: 'warn', dead: 'fault', unusable: 'fault', off: 'off' });

/** @param {any} one @param {number} now @returns {[string, string]} tone and words */
export function channelWords(one, now) {
  const waits = one.pending ? t('ch.waiting', { n: one.pending }) : '';
  const next = one.next_s > 1 ? t('ch.next', { d: dur(one.next_s) }) : '';
  const sent = one.last_sent_at ? t('ch.ok', { ago: ago(now - one.last_sent_at) }) : t('ch.unused');
  return [STATES[one.state] ?? 'idle', [one.text || sent, waits, next].filter(Boolean).join(' · ')];
}

/** @param {any} it @returns {[string, string]} */
export function outcomeWords(it) {
  const tone = /** @type {Record<string, string>} */ ({ sent: 'ok', failed: 'fault', unclear: 'warn' })[it.outcome] ?? 'idle';
  if (it.outcome === 'waiting' && it.not_before > it.at) return [tone, t('so.quiet', { at: clock(it.not_before, it.at) })];
  return [tone, t(`so.${it.outcome}`, { why: it.reason ?? '' })];
}

/** @param {any} one @param {number} now */
export function muteWords(one, now) {
  if (one.until === 'print_end' || one.until === 'unmuted') return t(`mu.${one.until}`);
  return t('mu.until', { at: clock(one.until, now) });
}
