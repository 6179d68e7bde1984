// @ts-check
// A rig in words: what it does, what may be asked of it, what it said. Pure, so that it can be tested without a page.
import { ago, bytes, clock, dur, stem } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'rig.title': 'Rig', 'rig.s.away': 'Not connected', 'rig.s.new': 'Connected', 'rig.s.idle': 'Ready', 'rig.s.recording': 'Recording', 'rig.s.paused': 'Recording paused', 'rig.s.building': 'Making the video',
  'rig.never': 'It has not been here since the farm was started.', 'rig.seen': 'Last heard of {ago}.', 'rig.was.recording': 'It was recording then; it goes on without the farm.', 'rig.was.paused': 'Its recording was paused then.', 'rig.was.building': 'It was making a video then, and needs no farm for that.',
  'rig.wait': 'It has not yet said what it does.', 'rig.idle.printer': 'A recording takes a frame at each layer, and at each press of its button.', 'rig.idle.room': 'A recording takes a frame at each press of its button.',
  'rig.frame': '1 frame', 'rig.frames': '{n} frames', 'rig.of': '{frames} of {name}', 'rig.since': '{what}, since {at}', 'rig.making': 'You can record again meanwhile. The video stays on the rig.', 'rig.built': 'Video, made so far',
  'rig.a.start': 'Start recording', 'rig.a.pause': 'Pause recording', 'rig.a.resume': 'Resume recording', 'rig.a.stop': 'Stop and make the video', 'rig.a.shot': 'Take a frame', 'rig.a.photo': 'Take a photo', 'rig.a.discard': 'Stop without a video…', 'rig.acts': 'Orders to the rig',
  'rig.p.start': 'Starting…', 'rig.p.pause': 'Pausing…', 'rig.p.resume': 'Resuming…', 'rig.p.stop': 'Stopping…', 'rig.p.shot': 'Taking it…', 'rig.p.discard': 'Stopping…',
  'rig.d.start': 'Recording.', 'rig.d.pause': 'The recording is paused.', 'rig.d.resume': 'Recording goes on.', 'rig.d.stop': 'The recording has ended; its video is being made.', 'rig.d.shot': 'Taken.', 'rig.d.discard': 'The recording has ended; its frames are deleted.',
  'rig.no': 'The rig refused, and did not say why.', 'rig.g.away': 'The rig is not connected to the farm.', 'rig.g.empty': 'There is no frame yet to make a video of.', 'rig.late': '{name} has not answered within {n} s. Whether it acted is not known: look at what it does before you try again.',
  'rig.f.since': 'Connected since', 'rig.f.disk': 'Free on its disk', 'rig.f.waiting': 'Waiting to be sent', 'rig.sensor': 'Sensor: {why}', 'rig.f.session': 'Recording', 'rig.f.version': 'Program',
  'rig.e.session_started': 'Recording started', 'rig.e.session_paused': 'Recording paused', 'rig.e.session_continued': 'Recording goes on', 'rig.e.session_resumed': 'Recording goes on after a restart of the rig', 'rig.e.session_stopped': 'Recording ended', 'rig.e.session_discarded': 'Recording ended without a video', 'rig.e.photo': 'Photo', 'rig.e.frame_missed': 'A frame is missing', 'rig.e.video': 'Video ready', 'rig.e.build_failed': 'No video; its frames are kept',
  'rig.by.button': 'by its button', 'rig.by.farm': 'by the farm', 'rig.by.print': 'by the print', 'rig.by.found': '',
  'rig.status_delay': 'Reports every', 'rig.temphum_delay': 'Measures every', 'rig.image_delay': 'Live picture every', 'rig.range': 'From {low} to {high} seconds.', 'rig.kept': 'Kept; the rig gets these when it connects.', 'rig.sent': 'Sent; the rig confirms them with its next report.',
  'rig.delays': 'How often', 'rig.s': 's', 'rig.save': 'Save', 'rig.log': 'What happened lately', 'rig.d.title': 'Stop without a video?', 'rig.d.body': '{frames} of this recording will be deleted from the rig. That cannot be undone.', 'rig.d.keep': 'Keep recording', 'rig.d.go': 'Delete the frames',
  'rig.between': '{low} to {high} {unit} in {d}', 'rig.old': 'Last measured {ago}', 'rig.temperature': 'Temperature', 'rig.humidity': 'Humidity', 'rig.room': 'the room',
});

/** Seconds after which an order counts as unanswered: a rig that has to wait for a picture answers within three. */
export const LATE_S = 15;
const SHOWN_S = 15; // a "done" that is older says nothing about now
/** Seconds, as web/rig_api.py has them. */
export const DELAYS = /** @type {Record<string, [number, number]>} */ ({ status_delay: [1, 3600], temphum_delay: [2, 3600], image_delay: [0.1, 3600] });
const LOOKS = /** @type {Record<string, [string, string]>} */ ({ idle: ['idle', 'circle'], recording: ['run', 'rec'], paused: ['warn', 'pausec'], building: ['run', 'gear'] });
const OPEN = new Set(['recording', 'paused']);

/** Tone, icon and word of its pill. @param {any} rig @returns {{tone: string, icon: string, word: string}} */
export function lookOf(rig) {
  if (!rig.online) return { tone: 'off', icon: 'nowifi', word: t('rig.s.away') };
  const look = LOOKS[rig.state];
  return look ? { tone: look[0], icon: look[1], word: t(`rig.s.${rig.state}`) } : { tone: 'off', icon: 'dots', word: t('rig.s.new') };
}

/** @param {number | null | undefined} n */
export const framesWord = (n) => (n === 1 ? t('rig.frame') : t('rig.frames', { n: n ?? 0 }));

/** What it does, in a sentence. @param {any} rig @param {number} now epoch s */
export function sentence(rig, now) {
  if (!rig.online) {
    if (!rig.since) return t('rig.never');
    return [t('rig.seen', { ago: ago(Math.max(0, now - rig.since)) }), LOOKS[rig.state] && rig.state !== 'idle' ? t(`rig.was.${rig.state}`) : ''].filter(Boolean).join(' ');
  }
  if (OPEN.has(rig.state)) {
    const what = rig.print ? t('rig.of', { frames: framesWord(rig.frames), name: stem(rig.print) }) : framesWord(rig.frames);
    return rig.started_at ? t('rig.since', { what, at: clock(rig.started_at, now) }) : what;
  }
  if (rig.state === 'building') return t('rig.making');
  return rig.state === 'idle' ? t(rig.printer_id ? 'rig.idle.printer' : 'rig.idle.room') : t('rig.wait');
}

/** What is wrong, as it says it. @param {any} rig @returns {string[]} */
export function troubles(rig) {
  if (!rig.online) return [];
  return [rig.error && rig.error[0].toUpperCase() + rig.error.slice(1), rig.sensor && t('rig.sensor', { why: rig.sensor })].filter(Boolean);
}

/** What a person may want now, in this order. @param {any} rig @returns {string[]} */
export function actionsOf(rig) {
  if (!OPEN.has(rig.state)) return ['start', 'shot'];
  return [rig.state === 'paused' ? 'resume' : 'pause', 'stop', 'shot', 'discard'];
}

/** Whether it may be pressed. @param {any} rig @param {string} action @param {boolean} connected to the farm
 * @returns {import('../gates.js').Gate} */
export function gateOf(rig, action, connected) {
  const no = (/** @type {string} */ code, /** @type {string} */ key) => ({ ok: false, code, why: t(key) });
  if (!connected) return no('no_connection', 'conn.locked');
  if (!rig.online) return no('rig_offline', 'rig.g.away');
  if (!LOOKS[rig.state]) return no('unknown', 'rig.wait');
  if (action === 'stop' && !rig.frames) return no('no_frames', 'rig.g.empty');
  return { ok: true, code: '', why: '' };
}

/** @param {any} rig @param {string} action */
export const actionWord = (rig, action) => t(`rig.a.${action === 'shot' && !OPEN.has(rig.state) ? 'photo' : action}`);

/** What became of an order, null = it is still under way. Words: "" = nothing worth saying any more.
 * @param {any} rig @param {{order: string, action: string, at: number, error?: string}} sent at: epoch s; error: what the farm refused it with
 * @param {number} now epoch s @returns {{tone: string, words: string} | null} */
export function answerTo(rig, sent, now) {
  if (sent.error) return { tone: 'warn', words: sent.error };
  const said = sent.order && rig.answers?.find((/** @type {any} */ one) => one.order === sent.order);
  if (said?.ok) return { tone: 'ok', words: now - Math.max(sent.at, said.at) > SHOWN_S ? '' : t(`rig.d.${sent.action}`) };
  if (said) return { tone: 'warn', words: said.why || t('rig.no') };
  return sent.order && now - sent.at > LATE_S ? { tone: 'warn', words: t('rig.late', { name: rig.name, n: LATE_S }) } : null;
}

/** Label and words. @param {any} rig @param {number} now epoch s @returns {Array<[string, string]>} */
export function factsOf(rig, now) {
  /** @type {Array<[string, any]>} */
  const all = [
    ['rig.f.session', OPEN.has(rig.state) && rig.session],
    ['rig.f.since', rig.online && rig.since && clock(rig.since, now)],
    ['rig.f.disk', Number.isFinite(rig.disk_free_mb) && bytes(rig.disk_free_mb * 1e6)],
    ['rig.f.waiting', rig.waiting > 0 && String(rig.waiting)],
    ['rig.f.version', rig.version],
  ];
  return /** @type {Array<[string, string]>} */ (all.filter(([, words]) => words));
}

/** What happened, for a list. A rig may say anything: what is of another type is left out.
 * @param {any} e @returns {{tone: string, icon: string, words: string}} */
export function eventOf(e) {
  const kind = String(e.event);
  const word = (/** @type {string} */ name) => (typeof e[name] === 'string' ? e[name] : '');
  const count = Number.isFinite(e.frames) ? framesWord(e.frames) : '';
  const by = kind === 'session_started' ? t(`rig.by.${word('by')}`) : '';
  const detail = { video: [word('name'), count, Number.isFinite(e.size) && bytes(e.size)], build_failed: [word('error')], frame_missed: [word('why')], photo: [word('name')], session_stopped: [count], session_discarded: [count], session_started: [[stem(word('name')), by.startsWith('rig.') ? '' : by].filter(Boolean).join(' ')] }[kind] ?? [];
  const known = t(`rig.e.${kind}`);
  const words = [known.startsWith('rig.e.') ? kind : known, detail.filter(Boolean).join(', ')].filter(Boolean).join(': ');
  const [tone, icon] = { video: ['ok', 'check'], build_failed: ['fault', 'octagon'], frame_missed: ['warn', 'triangle'] }[kind] ?? ['idle', 'circle'];
  return { tone, icon, words };
}

/** @param {string} name @param {string} typed @returns {string} "" = it can be sent */
export function delayProblem(name, typed) {
  const [low, high] = DELAYS[name];
  const value = Number(typed);
  return typed.trim() && value >= low && value <= high ? '' : t('rig.range', { low, high });
}

/** Seconds that hold, or will: what the farm wants, else what the rig says. @param {any} rig @param {string} name @returns {number | undefined} */
export const delayOf = (rig, name) => rig.wanted?.[name] ?? rig.delays?.[name];

/** Whether the rig has taken what the farm wants, in words; "" = it has. @param {any} rig */
export function delaysNote(rig) {
  const open = Object.entries(rig.wanted ?? {}).some(([name, value]) => rig.delays?.[name] !== value);
  return open ? t(rig.online ? 'rig.sent' : 'rig.kept') : '';
}

/** The lines of a small chart: 0–100 both ways, a gap where nothing was measured.
 * @param {Array<[number, number]>} points [epoch s, value], oldest first @param {number} from @param {number} to epoch s @param {number} gap s */
export function sparkPath(points, from, to, gap) {
  const values = points.map(([, v]) => v);
  const middle = (Math.min(...values) + Math.max(...values)) / 2;
  const half = Math.max(1, Math.max(...values) - middle) * 1.15; // a steady room is a calm line, not noise blown up
  const x = (/** @type {number} */ at) => (((at - from) / (to - from)) * 100).toFixed(1);
  const y = (/** @type {number} */ v) => (50 - ((v - middle) / half) * 50).toFixed(1);
  return points.map(([at, v], i) => `${i && at - points[i - 1][0] <= gap ? 'L' : 'M'}${x(at)} ${y(v)}`).join('');
}

/** "21.0 to 23.4 °C in 2 h". @param {Array<[number, number]>} points @param {string} unit @param {number} digits */
export function rangeWords(points, unit, digits) {
  const values = points.map(([, v]) => v);
  const [low, high] = [Math.min(...values), Math.max(...values)].map((v) => v.toFixed(digits));
  return t('rig.between', { low, high, unit, d: dur(points[points.length - 1][0] - points[0][0]) });
}
