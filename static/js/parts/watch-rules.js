// @ts-check
// The defect watch in words: what it sees of a printer, what one look gave, what it costs. Pure.
import { ago, clock } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'dw.title': 'Defect watch', 'dw.this': 'Watch this print', 'dw.look': 'Look now', 'dw.looking': 'Looking…', 'dw.picture': 'The picture of {name} that was judged', 'dw.failed': 'The defect watch could not be asked.',
  'dw.watching': 'Watching', 'dw.blind': 'Cannot see', 'dw.suspended': 'Not for this print', 'dw.idle': 'Waits for a print', 'dw.off': 'Not watched', 'dw.suspected': 'Looking closer', 'dw.defect': 'Looks wrong', 'dw.paused': 'Paused this print',
  'dw.idle.how': 'It looks while {name} prints.', 'dw.off.how': 'The settings name other printers.', 'dw.off.this': 'The settings name other printers. The switch watches this print all the same.', 'dw.paused.how': 'Because of this picture. If it was wrong, resume: for a while it then stays quiet.',
  'dw.score': '{n} suspicion', 'dw.clear': 'nothing suspicious', 'dw.looked': 'looked {ago}', 'dw.never': 'not looked yet', 'dw.good': 'Looks good', 'dw.saw': 'Looks like {what}', 'dw.said': 'in the model’s words “{said}”', 'dw.took': '{s} s', 'dw.nothing': 'Nothing follows from this look.',
  'ds.off': 'Off. No picture leaves this network. “ai” in config.json switches it on.', 'ds.on': 'On', 'ds.down': 'Waits for the provider', 'ds.stopped': 'Stopped until it is mended', 'ds.openai': '{model} by API', 'ds.obico': 'Obico in this network', 'ds.pauses': 'Pauses a print that fails', 'ds.alerts': 'Alerts only, pauses nothing',
  'ds.today': 'Questions today', 'ds.cost': 'Cost today', 'ds.of': '{n} of {most}', 'ds.uncapped': '{n}, no limit', 'ds.free': 'none, it runs at home', 'ds.error': 'Last error', 'ds.none': 'none', 'ds.provider': 'Provider', 'ds.acts': 'When sure', 'ds.state': 'State', 'ds.printers': 'Printers', 'ds.resting': '{n} more print nothing now or are not watched.', 'ds.calls': '{n} questions today', 'ds.call': '1 question today',
  'mq.title': 'MQTT', 'mq.off': 'Off. “mqtt” in config.json names the broker; Home Assistant then finds every printer by itself.', 'mq.online': 'Connected', 'mq.connecting': 'Connecting…', 'mq.refused': 'Refused', 'mq.unreachable': 'No connection', 'mq.stopped': 'Stopped', 'mq.facts': 'topics under {prefix}/', 'mq.commands': 'takes orders', 'mq.discovery': 'Home Assistant discovery',
  'fig.title': 'Figures', 'fig.how': 'For Prometheus: ', 'fig.api': '. The whole API describes itself in ', 'fig.end': '.',
});

/** @typedef {{tone: string, icon: string, head: string, more: string}} Look */

/** A share of one as whole percent; Obico's sums can pass 1. @param {number} score */
export const percent = (score) => `${Math.min(100, Math.round(score * 100))}\u00a0%`;

/** @param {number} score */
const suspicion = (score) => (score < 0.005 ? t('dw.clear') : t('dw.score', { n: percent(score) }));

/** @param {any} w `watch` of a printer @param {number} now epoch s */
function seen(w, now) {
  if (!w.at) return t('dw.never');
  const score = typeof w.score === 'number' ? suspicion(w.score) : '';
  return [score, t('dw.looked', { ago: ago(Math.max(0, now - w.at)) })].filter(Boolean).join(' · ');
}

const ALARMS = /** @type {Record<string, [string, string]>} */ ({ paused: ['warn', 'pausec'], defect: ['fault', 'triangle'], suspected: ['warn', 'eye'] });
const STATES = /** @type {Record<string, [string, string]>} */ ({ watching: ['ok', 'eye'], blind: ['warn', 'eyeoff'], suspended: ['off', 'eyeoff'], idle: ['idle', 'eye'], off: ['off', 'eyeoff'] });

/** How the watch of one printer stands. Blind counts more than a mere suspicion, an alarm more than both.
 * @param {any} p a printer with `watch` @param {number} now epoch s @returns {Look} */
export function lookOf(p, now) {
  const w = p.watch;
  const alarm = w.alarm === 'suspected' && w.state === 'blind' ? '' : w.alarm;
  if (ALARMS[alarm]) {
    const [tone, icon] = ALARMS[alarm];
    return { tone, icon, head: t(`dw.${alarm}`), more: [alarm === 'paused' ? t('dw.paused.how') : w.text, seen(w, now)].join('\n') };
  }
  const [tone, icon] = STATES[w.state] ?? STATES.off;
  if (w.state === 'watching') return { tone, icon, head: t('dw.watching'), more: seen(w, now) };
  const how = w.state === 'idle' ? t('dw.idle.how', { name: p.name }) : w.state === 'off' ? t(switchOf(p).shown ? 'dw.off.this' : 'dw.off.how') : '';
  return { tone, icon, head: t(`dw.${STATES[w.state] ? w.state : 'off'}`), more: w.text || how };
}

/** Whether the picture is worth its place: what an alarm or a suspicion speaks of. @param {any} w */
export const shows = (w) => Boolean(w?.photo && ALARMS[w.alarm]);

/** The switch: is it on, and can it be turned? It is about the print that runs. @param {any} p */
export function switchOf(p) {
  const w = p.watch;
  const prints = Boolean(p.job) && ['printing', 'preparing', 'paused'].includes(p.state);
  const blindEye = w.state === 'off' && Boolean(w.text); // no camera
  return { on: w.state === 'watching' || w.state === 'blind' || (w.state === 'idle' && prints), shown: prints && !blindEye };
}

/** What one look gave. @param {any} it the answer of POST /api/defect-watch/test @returns {[string, string]} tone and words */
export function verdictWords(it) {
  const wrong = it.kind !== 'none';
  const head = wrong ? t('dw.saw', { what: it.what || it.kind }) : t('dw.good');
  const facts = [suspicion(it.score), it.said && t('dw.said', { said: it.said }), t('dw.took', { s: it.seconds }), it.usd !== null && it.usd !== undefined && money(it.usd)];
  return [wrong ? 'fault' : 'ok', `${head}: ${facts.filter(Boolean).join(' · ')}. ${t('dw.nothing')}`];
}

/** Dollars, with as many places as say something. @param {number} usd */
export const money = (usd) => `$${usd === 0 || usd >= 0.1 ? usd.toFixed(2) : usd.toPrecision(2).replace(/e.*$/, '')}`;

/** Label and words of GET /api/defect-watch, in the order they are read. @param {any} it @param {number} now
 * @returns {Array<[string, string]>} */
export function overviewRows(it, now) {
  const { today } = it;
  const obico = it.provider === 'obico';
  const failed = it.printers.flatMap((/** @type {any} */ one) => one.verdicts).filter((/** @type {any} */ v) => v.problem).sort((/** @type {any} */ a, /** @type {any} */ b) => b.at - a.at)[0];
  const error = it.text || (failed ? `${failed.problem}, ${clock(failed.at, now)}` : t('ds.none'));
  return [
    [t('ds.state'), t(`ds.${it.state}`)],
    [t('ds.provider'), obico ? t('ds.obico') : t('ds.openai', { model: it.model })],
    [t('ds.acts'), t(it.pause ? 'ds.pauses' : 'ds.alerts')],
    [t('ds.today'), obico ? t('ds.uncapped', { n: today.calls }) : t('ds.of', { n: today.calls, most: today.per_day })],
    [t('ds.cost'), obico ? t('ds.free') : today.usd_per_day ? t('ds.of', { n: money(today.usd), most: money(today.usd_per_day) }) : t('ds.uncapped', { n: money(today.usd) })],
    [t('ds.error'), error],
  ];
}

/** One printer in a list: state, why, the newest look. @param {any} one @param {number} now @returns {string} */
export function lineOf(one, now) {
  const { head } = lookOf({ name: '', state: '', watch: one }, now);
  const newest = one.at && one.state !== 'suspended' ? seen(one, now) : '';
  return [head, one.alarm || one.state === 'blind' ? one.text.replace(/\.$/, '') : '', newest, t(one.calls === 1 ? 'ds.call' : 'ds.calls', { n: one.calls })].filter(Boolean).join(' · ');
}

/** The printers of which there is something to say, and how many others. @param {any} it */
export function told(it) {
  const list = it.printers.filter((/** @type {any} */ one) => one.calls > 0 || !['idle', 'off'].includes(one.state));
  return { list, resting: it.printers.length - list.length };
}

const LINKS = /** @type {Record<string, string>} */ ({ online: 'ok', connecting: 'idle', off: 'off' });

/** @param {any} it of GET /api/mqtt @returns {[string, string]} tone and words */
export function mqttWords(it) {
  if (!it.enabled) return ['off', t('mq.off')];
  const extras = it.state === 'online' ? [t('mq.facts', { prefix: it.prefix }), it.discovery && t('mq.discovery'), it.commands && t('mq.commands')] : [];
  return [LINKS[it.state] ?? 'fault', [t(`mq.${it.state}`), it.broker, it.text, ...extras].filter(Boolean).join(' · ')];
}
