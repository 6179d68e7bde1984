// @ts-check
// Numbers, times and names as people read them. Pure: no DOM, no clock of its own.
import { t } from './text.js';

const NB = '\u00a0';

/** Seconds as "1 h 24 m", "14 m", "40 s"; "" for unknown. @param {number | null | undefined} seconds */
export function dur(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '';
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}${NB}s`;
  const minutes = Math.round(s / 60);
  if (minutes < 60) return `${minutes}${NB}m`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)}${NB}d${NB}${hours % 24}${NB}h`;
  return `${hours}${NB}h${NB}${String(minutes % 60).padStart(2, '0')}${NB}m`;
}

/** "12 m ago", "just now". @param {number | null | undefined} seconds */
export function ago(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '';
  return seconds < 10 ? t('time.now') : t('time.ago', { d: dur(seconds) });
}

/** "2:35 PM" and "02:35": where the day has 24 hours, two digits keep the lines in order. */
export const HOUR = new Intl.DateTimeFormat([], { hour: 'numeric' }).resolvedOptions().hour12 ? 'numeric' : '2-digit';

/** Epoch seconds as the reader's clock time, with the day when it is not today.
 * @param {number} epoch @param {number} now */
export function clock(epoch, now) {
  const at = new Date(epoch * 1000);
  const time = at.toLocaleTimeString([], { hour: HOUR, minute: '2-digit' });
  if (at.toDateString() === new Date(now * 1000).toDateString()) return time;
  return `${at.toLocaleDateString([], { weekday: 'short' })} ${time}`;
}

/** Clock time with seconds. @param {number} epoch */
export function clockS(epoch) {
  return new Date(epoch * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

/** Floored: 100 % only when it is done. @param {number | null | undefined} value */
export function pct(value) {
  return value === null || value === undefined ? '' : `${Math.floor(value)}%`;
}

/** @param {number | null | undefined} value */
export function deg(value) {
  return value === null || value === undefined ? '–' : `${Math.round(value)}°`;
}

/** A file's name without what every sliced file ends in. @param {string | null | undefined} name */
export function stem(name) {
  return (name ?? '').replace(/^.*[\\/]/, '').replace(/(\.gcode)?\.3mf$|\.b?gcode$|\.(?:stl|obj|ste?p|amf)$/i, '');
}

/** @param {number | null | undefined} n */
export function bytes(n) {
  if (n === null || n === undefined) return '';
  if (n < 1000) return `${n}${NB}B`;
  if (n < 1e6) return `${(n / 1e3).toFixed(0)}${NB}kB`;
  if (n < 1e9) return `${(n / 1e6).toFixed(1)}${NB}MB`;
  return `${(n / 1e9).toFixed(2)}${NB}GB`;
}

/** @param {number | null | undefined} g */
export function grams(g) {
  return g === null || g === undefined ? '' : `${g < 10 ? Math.round(g * 10) / 10 : Math.round(g)}${NB}g`;
}

/** "RRGGBB" or "RRGGBBAA", with or without #, as a CSS colour; "" when it is none.
 * @param {string | null | undefined} color */
export function css(color) {
  const hex = (color ?? '').replace(/^#/, '');
  return /^[0-9a-f]{6}([0-9a-f]{2})?$/i.test(hex) ? `#${hex.slice(0, 6)}` : '';
}

/** Epoch seconds from a number or an ISO date; null when it is neither. @param {unknown} value */
export function epoch(value) {
  if (typeof value === 'number' && Number.isFinite(value)) return value > 1e11 ? value / 1000 : value;
  if (typeof value === 'string') {
    const ms = Date.parse(value);
    if (!Number.isNaN(ms)) return ms / 1000;
  }
  return null;
}

/** The two lines of a card: what it works on, and what a person wants to know about that.
 * @param {Record<string, any>} p a printer @param {number} now epoch seconds of the farm
 * @returns {{title: string, line: string}} */
export function describe(p, now) {
  const job = p.job ?? {};
  const name = stem(job.name);
  if (elsewhere(p) && ['ready', 'needs_clear', 'maintenance'].includes(p.state)) return resting(p, name);
  const line = LINES[p.state]?.(p, job, now) ?? p.message ?? '';
  const part = stem(p.bed?.name) || name || t(unseen(p) ? 'card.look' : 'card.part');
  const title = { needs_clear: part, ready: t('card.free'), busy: t('card.busy'), maintenance: t('card.maint'), offline: t('card.offline', { ago: ago(since(p.conn?.seen, now)) }), connecting: t('card.connecting'), auth: authWord(p), identity: t('state.identity'), misconfigured: t('state.misconfigured') }[String(p.state)] ?? name;
  return { title: p.state === 'offline' && !epoch(p.conn?.seen) ? t('card.never') : title, line };
}

/** What a rig measures beside the printer, "" = nothing that is true now.
 * @param {any} env @param {boolean} [short] for a card */
export function climate(env, short = false) {
  const known = (/** @type {unknown} */ value) => typeof value === 'number';
  return [known(env?.temperature) && (short ? `${Math.round(env.temperature)}°` : `${env.temperature.toFixed(1)} °C`), known(env?.humidity) && `${Math.round(env.humidity)} %`].filter(Boolean).join(short ? ' ' : ' · ');
}

/** Another farm's printer: nothing can be done with it from here. @param {any} p */
export const elsewhere = (p) => p.kind === 'feed';

/** @param {any} p */
const authWord = (p) => t(p.kind === 'bambu' ? 'state.auth' : elsewhere(p) ? 'state.auth.feed' : 'state.auth.key');

/** What a printer of another farm is doing when it has no job. @param {any} p @param {string} name */
const resting = (p, name) => ({ title: name || t('card.busy'), line: p.message || t('card.elsewhere') });

/** What the defect watch has against a printer, for a small mark; null = nothing. @param {any} p
 * @returns {{tone: string, icon: string, words: string} | null} */
export function watchMark(p) {
  if (p.watch?.alarm === 'paused' || p.watch?.alarm === 'defect') return { tone: 'fault', icon: 'triangle', words: t('watch.wrong') };
  return p.watch?.state === 'blind' ? { tone: 'warn', icon: 'eyeoff', words: t('watch.blind') } : null;
}

/** Why it is paused: the farm's own watch says more than the printer, which only knows that it was asked to.
 * @param {any} p */
export const pausedBy = (p) => (p.watch?.alarm === 'paused' ? p.watch.text : p.pause?.text) || '';

/** The picture an alarm speaks of, "" = there is none. @param {any} p */
export const evidenceOf = (p) => (p.watch?.photo && ['paused', 'defect'].includes(p.watch.alarm) ? watchPicture(p) : '');

/** What the watch looked at: with an alarm its evidence, else the newest. @param {any} p */
export const watchPicture = (p) => `/api/defect-watch/${encodeURIComponent(p.id)}/photo?at=${p.watch.at}`;

/** The farm knows of no part there: somebody must look once. @param {any} p */
export const unseen = (p) => !p.bed?.name && !p.bed?.result;

/** @param {unknown} at @param {number} now */
function since(at, now) {
  const when = epoch(at);
  return when === null ? null : Math.max(0, now - when);
}

/** "1 h 24 m left · done 14:35". @param {any} job @param {number} now */
export function left(job, now) {
  if (job.left_s === null || job.left_s === undefined) return '';
  return t('card.left', { d: dur(job.left_s), at: clock(now + job.left_s, now) });
}

const NOZZLE = /^nozzle(\d*)$/;
const LATER = ['bed', 'chamber'];

/** "exhaust_fan" → "Exhaust fan". @param {string} name */
export function plain(name) {
  const words = name.replaceAll('_', ' ').trim().replace(/\bmcu\b/i, 'MCU').replace(/\bpi\b/i, 'Pi');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} name */
function rank(name) {
  const nozzle = NOZZLE.exec(name);
  if (nozzle) return Number(nozzle[1] || 1);
  const at = LATER.indexOf(name);
  return at < 0 ? 1000 : 100 + at;
}

/** Nozzles, bed, chamber, then whatever else the printer measures. @param {Record<string, any> | undefined} temps */
export function heaterNames(temps) {
  return Object.keys(temps ?? {}).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
}

const SERIES = ['nozzle', 'nozzle2', 'bed', 'chamber'];
const OTHER_COLOURS = 4;

/** name → the class that gives its line a colour; what has none of its own takes turns.
 * @param {string[]} names */
export function seriesClasses(names) {
  let others = 0;
  return new Map(names.map((name) => [name, `k-${SERIES.includes(name) ? name : `other${others++ % OTHER_COLOURS}`}`]));
}

/** A name as part of an id. @param {string} name */
export const slug = (name) => name.replace(/[^A-Za-z0-9_-]/g, (c) => `.${c.charCodeAt(0)}`);

/** @param {any} p @param {string} name */
export function heaterLabel(p, name) {
  const nozzle = NOZZLE.exec(name);
  if (!nozzle) return LATER.includes(name) ? t(`heater.${name}`) : plain(name);
  if (!p.temps?.nozzle2) return t('heater.nozzle');
  if (p.kind === 'bambu') return t(name === 'nozzle' ? 'heater.right' : 'heater.nozzle2');
  return t('heater.nozzle.n', { n: nozzle[1] || 1 });
}

/** The heater that is still warming up, as words; the bed takes longest. @param {any} p */
function heating(p) {
  for (const name of heaterNames(p.temps).sort((a, b) => Number(b === 'bed') - Number(a === 'bed'))) {
    const [actual, target] = p.temps[name];
    if (target && actual < target - 2) return t('card.heating', { what: heaterLabel(p, name), a: deg(actual), b: deg(target) });
  }
  return '';
}

/** @type {Record<string, (p: any, job: any, now: number) => string>} */
const LINES = {
  printing: (p, job, now) => [left(job, now), job.local && t('job.local')].filter(Boolean).join('\n'),
  preparing: (p, job) => heating(p) || job.text || '',
  uploading: (p, job) => job.text || t('card.sending'),
  paused: (p) => pausedBy(p) || p.message || t('card.paused'),
  stopping: () => t('card.stopping'),
  fault: (p) => p.fault?.text || p.message || '',
  needs_clear: (p, job, now) => {
    const when = since(p.bed?.since, now);
    if (when === null || (!p.bed?.name && p.bed?.why)) return p.bed?.why ?? '';
    return t(p.sub === 'stopped' ? 'card.stopped' : 'card.done', { ago: ago(when) });
  },
  needs_human: (p, job) => job.text || t('card.uncertain'),
  ready: (p) => (p.lock ? t('card.locked') : t('card.bedclear')),
  busy: (p) => p.stage || '',
  maintenance: (p, job, now) => p.maintenance?.note || (epoch(p.maintenance?.since) ? t('card.since', { ago: ago(since(p.maintenance.since, now)) }) : ''),
  offline: (p) => p.message || p.conn?.text || '',
  connecting: (p) => p.message || p.conn?.text || '',
};
