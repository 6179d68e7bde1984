// @ts-check
// The defect watch of one printer, by its camera: how it stands, its picture, on and off, one look now.
import { ApiError, post } from '../api.js';
import { attr, h, hide, icon, setIcon, text } from '../html.js';
import { watchPicture } from '../format.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { turn } from './card.js';
import { lookOf, shows, switchOf, verdictWords } from './watch-rules.js';

const ONE_LOOK_MS = 180000; // a camera that must wake up, and a model that thinks

/** @param {string} id @param {AbortSignal} signal */
export function watchCard(id, signal) {
  const ico = icon('eye');
  const head = h('b');
  const more = h('p.dw-more');
  const img = h('img', { alt: '' });
  const picture = h('button.dw-pic', { type: 'button', hidden: true, onclick: () => void enlarge() }, img);
  const tick = h('input', { type: 'checkbox', role: 'switch', onchange: () => void turnTo(tick.checked) });
  const toggle = h('label.dw-switch', { hidden: true }, tick, h('span', null, t('dw.this')));
  const look = h('button.btn.sm', { type: 'button', onclick: () => void lookNow() }, icon('eye'), h('span', null, t('dw.look')));
  const said = h('p.dw-said', { role: 'status', hidden: true });
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const root = h('section.card.dw', { 'aria-labelledby': 'dw-h', hidden: true },
    h('header', null, h('h2', { id: 'dw-h' }, t('dw.title')), toggle),
    h('div.dw-body', null, picture, h('div', null, h('p.dw-head', null, ico, head), more, said, problem), look));
  let busy = false;

  /** @param {unknown} error */
  function fail(error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    hide(problem, false);
    text(problem, error.message);
  }

  /** @param {boolean} on */
  async function turnTo(on) {
    hide(problem, true);
    tick.disabled = true;
    try {
      await post(`/api/printers/${encodeURIComponent(id)}/defect-watch`, { on });
    } catch (error) {
      tick.checked = !on;
      fail(error);
    }
    tick.disabled = false;
  }

  async function lookNow() {
    if (busy) return;
    busy = true;
    hide(problem, true);
    hide(said, true);
    repaint();
    try {
      const [tone, words] = verdictWords(await post('/api/defect-watch/test', { printer_id: id }, { timeout: ONE_LOOK_MS }));
      said.className = `dw-said t-${tone}`;
      hide(said, false);
      text(said, words);
    } catch (error) {
      fail(error);
    }
    busy = false;
    repaint();
  }

  async function enlarge() {
    const p = store.printers.get(id);
    const { answer, frame, modal } = await import('./dialogs.js');
    if (!p?.watch) return;
    const large = h('img', { src: watchPicture(p), alt: t('dw.picture', { name: p.name }) });
    turn(large, p.cam);
    const dialog = frame(p.name, [large, h('p.hint', null, p.watch.text)], [answer('ok', t('close'), '.pri', { autofocus: true })]);
    dialog.classList.add('dw-large');
    await modal(dialog);
  }

  function repaint() {
    const p = store.printers.get(id);
    if (p && !signal.aborted) paint(p);
  }

  /** @param {any} p */
  function paint(p) {
    hide(root, !p.watch);
    if (!p.watch) return;
    const found = lookOf(p, store.now());
    const cls = `card dw t-${found.tone}`;
    if (root.className !== cls) root.className = cls;
    setIcon(ico, found.icon);
    text(head, found.head);
    text(more, found.more);
    hide(picture, !shows(p.watch));
    if (shows(p.watch)) {
      attr(img, 'src', watchPicture(p));
      attr(picture, 'aria-label', t('dw.picture', { name: p.name }));
      turn(img, p.cam);
    }
    const { on, shown } = switchOf(p);
    hide(toggle, !shown);
    if (!tick.disabled && tick.checked !== on) tick.checked = on;
    hide(look, p.watch.state === 'off' && Boolean(p.watch.text));
    attr(look, 'aria-busy', busy ? 'true' : null);
    text(look.lastChild, t(busy ? 'dw.looking' : 'dw.look'));
  }
  return { root, paint };
}
