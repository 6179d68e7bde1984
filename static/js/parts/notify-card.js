// @ts-check
// Notifications of this very browser: by Web Push (also when no page is open), or by the open page alone.
import { ApiError, get, post, request } from '../api.js';
import { h, hide, icon, keyed, text } from '../html.js';
import { ago } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { workerUrl } from '../workers.js';
import { browserName, bytesOf, pageNotes, setPageNotes } from './notify.js';

addWords({
  'no.title': 'This browser', 'no.insecure': 'Notifications need https (or this very machine). Set up a certificate in front of the farm, or use Telegram or ntfy instead. The docs say how.', 'no.unknown': 'This browser knows no notifications.', 'no.denied': 'You have blocked notifications of this page in the browser’s settings.',
  'no.page': 'While this page is open', 'no.page.how': 'A notification for everything that needs a person.', 'no.push': 'Also when it is closed', 'no.push.off': 'Add a channel of the type “web_push” to config.json to have notifications without an open page.', 'no.push.how': 'Through the push service of your browser’s maker: it needs the internet, and learns when, not what.',
  'no.others': 'Browsers with notifications', 'no.this': 'this one', 'no.remove': 'Remove', 'no.since': 'since {ago}',
});

/** @param {AbortSignal} signal */
export function browserCard(signal) {
  const why = h('p.note', { hidden: true });
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const page = h('input', { type: 'checkbox', onchange: () => void run(togglePage()) });
  const push = h('input', { type: 'checkbox', onchange: () => void run(togglePush()) });
  const pushLabel = h('label.check', { hidden: true }, push, h('span', null, h('b', null, t('no.push')), h('span.note', null, t('no.push.how'))));
  const pageLabel = h('label.check', { hidden: true }, page, h('span', null, h('b', null, t('no.page')), h('span.note', null, t('no.page.how'))));
  const pushOff = h('p.note', { hidden: true }, t('no.push.off'));
  const list = h('ul.englist', { 'aria-label': t('no.others') });
  /** @type {any} */
  let offer = null;

  /** @param {Promise<any>} doing */
  async function run(doing) {
    hide(problem, true);
    try {
      await doing;
    } catch (error) {
      hide(problem, false);
      text(problem, /** @type {Error} */ (error).message);
    }
    await load();
  }

  async function allowed() {
    if ((await Notification.requestPermission()) !== 'granted') throw new Error(t('no.denied'));
  }

  async function togglePage() {
    if (page.checked) await allowed();
    setPageNotes(page.checked);
  }

  /** @returns {Promise<PushSubscription | null>} */
  async function mine() {
    const worker = await navigator.serviceWorker?.getRegistration('/');
    return (await worker?.pushManager?.getSubscription()) ?? null;
  }

  async function togglePush() {
    if (!push.checked) {
      const was = await mine();
      const known = was && offer.browsers.find((/** @type {any} */ one) => one.id === push.dataset.id);
      await was?.unsubscribe();
      if (known) await request('DELETE', `/api/push/browsers/${encodeURIComponent(known.id)}`);
      return;
    }
    await allowed();
    const worker = await navigator.serviceWorker.register(workerUrl('push'), { scope: '/' });
    await navigator.serviceWorker.ready;
    const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(offer.public_key) });
    await post('/api/push/browsers', { name: browserName(navigator.userAgent), subscription: subscription.toJSON() });
  }

  async function load() {
    if (!globalThis.isSecureContext || !('Notification' in globalThis)) {
      hide(why, false);
      text(why, t(globalThis.isSecureContext ? 'no.unknown' : 'no.insecure'));
      return;
    }
    hide(pageLabel, false);
    page.checked = pageNotes() && Notification.permission === 'granted';
    hide(why, Notification.permission !== 'denied');
    text(why, t('no.denied'));
    try {
      offer = await get('/api/push', { signal });
      const able = offer.available && 'serviceWorker' in navigator && 'PushManager' in globalThis;
      hide(pushLabel, !able);
      hide(pushOff, offer.available);
      const endpoint = able ? (await mine())?.endpoint : '';
      const digest = endpoint ? await shortHash(endpoint) : '';
      const here = offer.browsers.find((/** @type {any} */ one) => one.id === digest);
      push.dataset.id = digest;
      push.checked = Boolean(here);
      keyed(list, offer.browsers, (one) => one.id, (one) => h('li', null, icon('bell'), h('b', null, one.name), h('span'), h('button.btn.sm.ghost', { type: 'button', 'aria-label': `${t('no.remove')}: ${one.name}`, onclick: () => void run(request('DELETE', `/api/push/browsers/${encodeURIComponent(one.id)}`)) }, t('no.remove'))),
        (node, one) => text(node.children[2], [one.id === digest && t('no.this'), one.user, t('no.since', { ago: ago(store.now() - one.since) })].filter(Boolean).join(' · ')));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      hide(problem, false);
      text(problem, error.message);
    }
  }

  void load();
  return h('section.card.scard', { 'aria-labelledby': 'no-h' }, h('h2', { id: 'no-h' }, t('no.title')), why, problem, pageLabel, pushLabel, pushOff, list);
}

/** As the farm names a browser. @param {string} endpoint */
async function shortHash(endpoint) {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(endpoint));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('').slice(0, 16);
}
