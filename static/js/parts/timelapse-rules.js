// @ts-check
// What a timelapse says of itself: pure, so that it can be tested without a page.
import { bytes, dur } from '../format.js';
import { addWords, t } from '../text.js';

addWords({
  'tl.recording': 'Recording', 'tl.waiting': 'Waits for its video', 'tl.rendering': 'Making the video', 'tl.ready': 'Ready', 'tl.failed': 'No video', 'tl.frames_only': 'Too few pictures for a video',
  'tl.frames': '{n} pictures', 'tl.frame': '1 picture', 'tl.gaps': '{n} missed', 'tl.own': 'From the printer',
  'tl.finished': 'Finished', 'tl.failed.print': 'Print failed', 'tl.cancelled': 'Stopped',
});

/** Tone and icon of a state. */
const LOOKS = /** @type {Record<string, [string, string]>} */ ({
  recording: ['run', 'camera'], waiting: ['idle', 'clock'], rendering: ['run', 'gear'], ready: ['idle', 'play'], failed: ['fault', 'octagon'], frames_only: ['idle', 'circle'],
});

/** @param {{state: string, progress: number | null}} it @returns {{tone: string, icon: string, words: string}} */
export function stateOf(it) {
  const [tone, icon] = LOOKS[it.state] ?? LOOKS.waiting;
  const percent = it.state === 'rendering' && it.progress !== null ? ` ${Math.floor(it.progress * 100)} %` : '';
  return { tone, icon, words: t(`tl.${it.state}`) + percent };
}

/** Length, pictures, size; what is not known is left out.
 * @param {{origin: string, state: string, frames: number, gaps: number, seconds: number | null, bytes: number | null, result: string}} it */
export function factsOf(it) {
  const result = it.result && it.result !== 'finished' ? t(it.result === 'failed' ? 'tl.failed.print' : `tl.${it.result}`) : '';
  const own = it.origin === 'printer';
  return [
    own && t('tl.own'), result,
    it.seconds ? dur(Math.max(1, Math.round(it.seconds))) : '',
    !own && (it.frames === 1 ? t('tl.frame') : t('tl.frames', { n: it.frames })),
    it.gaps > 0 && t('tl.gaps', { n: it.gaps }),
    it.bytes ? bytes(it.bytes) : '',
  ].filter(Boolean).join(' · ');
}

/** How soon to ask again, ms: something moves, or nothing does. @param {Array<{state: string}>} list */
export const nextLook = (list) => (list.some((it) => it.state === 'rendering' || it.state === 'waiting') ? 1500 : list.some((it) => it.state === 'recording') ? 5000 : 20000);
