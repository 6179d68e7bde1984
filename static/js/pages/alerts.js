// @ts-check
// Alerts: what is open, what was, what was sent of it and where to; and this browser's own notifications.
import { ApiError, get, post } from '../api.js';
import { attr, h, hide, icon, keyed, setIcon, sheet, text } from '../html.js';
import { ago, clock } from '../format.js';
import { applyGate, gate } from '../gates.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { browserCard } from '../parts/notify-card.js';
import { actionOf, channelWords, inOrder, lookOf, muteWords, outcomeWords, paged, plainText } from '../parts/alert-rules.js';

addWords({
  'al.title': 'Alerts', 'al.open': 'Open', 'al.resolved': 'Resolved', 'al.sent': 'Sent', 'al.tabs': 'Which alerts', 'al.lost': 'The alerts could not be loaded.', 'al.more': 'Show more',
  'al.none': 'Nothing needs you', 'al.none.how': 'Faults, pauses, beds to clear and everything else that waits for a person appear here, and on the channels beside.', 'al.none.resolved': 'Nothing was resolved lately.', 'al.none.sent': 'Nothing was sent yet.',
  'al.ack': 'Acknowledge', 'al.acked': 'Seen by {who} {ago}', 'al.acked.one': 'Seen {ago}', 'al.since': 'Since {at}', 'al.ended': 'Ended {ago}, after {d}', 'al.repeats': 'told {n} times', 'al.picture': 'Picture of {name} at that moment', 'al.farm': 'The farm', 'al.act.mark-clear': 'Mark clear', 'al.act.resume': 'Resume', 'al.act.pause': 'Pause', 'al.act.resolve': 'Decide…', 'al.act.reconnect': 'Reconnect',
  'al.mute': 'Mute {name}', 'al.mute.hour': 'For 1 hour', 'al.mute.end': 'Until this print ends', 'al.mute.ever': 'Until I unmute it', 'al.muted': 'Muted', 'al.unmute': 'Unmute', 'al.muted.none': 'No printer is muted.',
  'al.channels': 'Where alerts go', 'al.channels.none': 'No channel is set up: alerts are on this page only. Telegram, e-mail, ntfy, Discord and many others go into “alerts” in config.json.', 'al.off': 'Sending is switched off in config.json: alerts are on this page only.', 'al.test': 'Send a test', 'al.testing': 'Sending…',
});

const EVERY_MS = 5000;
const SAID_S = 60; // so long a test's answer stands in the place of the channel's state
const PAGE = 50;
const TABS = ['open', 'resolved', 'sent'];

/** @param {HTMLElement} root @param {AbortSignal} signal */
export async function alertsPage(root, signal) {
  await Promise.all([sheet('alerts'), sheet('files'), sheet('views')]);
  if (signal.aborted) return;
  let chosen = 'open';
  /** @type {any[]} */
  let older = [];
  /** @type {string | null} */
  let next = null;
  let asked = 0;
  const tabs = TABS.map((name) => h('button', { type: 'button', role: 'tab', id: `altab-${name}`, 'aria-controls': 'alpanel', onclick: () => choose(name) }, t(`al.${name}`), h('b')));
  const list = h('ul.alerts');
  const empty = h('div.empty', { hidden: true }, icon('check'), h('h2'), h('p'));
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const more = h('button.btn', { type: 'button', hidden: true, onclick: () => void load(true) }, t('al.more'));
  const panel = h('div', { role: 'tabpanel', id: 'alpanel' }, problem, list, empty, more);
  // what was sent changes without an alert that does: every look at the channels is one at it, too
  const side = sideCards(signal, () => { if (chosen === 'sent') void load(); });
  root.append(h('div.alerts-page', null, h('header.top', null, h('h1', null, t('al.title'))),
    h('div.acols', null, h('section', null, h('div.chips.altabs', { role: 'tablist', 'aria-label': t('al.tabs'), onkeydown: arrows }, tabs), panel), side.root)));

  /** @param {KeyboardEvent} event */
  function arrows(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    choose(TABS[(TABS.indexOf(chosen) + step + TABS.length) % TABS.length]);
    tabs[TABS.indexOf(chosen)].focus();
  }

  /** @param {string} name */
  function choose(name) {
    chosen = name;
    older = [];
    next = null;
    asked += 1;
    hide(problem, true);
    hide(more, true);
    more.disabled = false;
    TABS.forEach((one, i) => {
      attr(tabs[i], 'aria-selected', String(one === name));
      attr(tabs[i], 'tabindex', one === name ? '0' : '-1');
    });
    attr(panel, 'aria-labelledby', `altab-${name}`);
    list.replaceChildren();
    hide(empty, true);
    if (name === 'open') paintOpen();
    else void load();
  }

  function paintOpen() {
    if (chosen !== 'open') return;
    const open = inOrder([...store.alerts.values()]);
    hide(more, true);
    show(open, 'al.none', 'al.none.how');
  }

  /** @param {any[]} items @param {string} title @param {string} how */
  function show(items, title, how) {
    if (chosen === 'sent') keyed(list, items, (it) => it.id, sentRow, paintSent);
    else keyed(list, items, (it) => it.id, alertRow, paintAlert);
    hide(empty, items.length > 0);
    text(empty.children[1], t(title));
    text(empty.children[2], how && t(how));
  }

  /** @param {boolean} [further] */
  async function load(further = false) {
    if (!further && more.disabled) return; // a page is on its way: it comes first
    more.disabled = further;
    const mine = chosen;
    const turn = asked += 1;
    const query = new URLSearchParams({ limit: String(PAGE), ...(further && next && { before: next }) });
    try {
      const page = await get(mine === 'sent' ? `/api/alerts/sent?${query}` : `/api/alerts?state=resolved&${query}`, { signal });
      if (turn !== asked) return;
      ({ items: older, next } = paged({ items: older, next }, { items: mine === 'sent' ? page.messages : page.alerts, next: page.next }, further));
      hide(problem, true);
      hide(more, !next);
      show(older, mine === 'sent' ? 'al.none.sent' : 'al.none.resolved', '');
    } catch (error) {
      if (signal.aborted || turn !== asked) return;
      if (!(error instanceof ApiError)) throw error;
      hide(problem, false);
      text(problem, `${t('al.lost')} ${error.message}`);
    } finally {
      if (turn === asked) more.disabled = false;
    }
  }

  store.watch((change) => {
    if (change.alerts || change.clock || change.printers === null || change.printers.size) {
      paintOpen();
      text(tabs[0].lastChild, store.alerts.size || '');
    }
    if (change.alerts && chosen !== 'open') void load();
    if (change.alerts) void side.load();
  }, signal);
  text(tabs[0].lastChild, store.alerts.size || '');
  choose('open');
}

/** @param {any} first */
function alertRow(first) {
  const name = first.printer || t('al.farm');
  const where = first.printer_id ? h('a', { href: `#/p/${encodeURIComponent(first.printer_id)}` }, name) : h('span', null, name);
  const picture = h('button.al-pic', { type: 'button', hidden: true, 'aria-label': t('al.picture', { name }), onclick: async () => (await import('../parts/alert-picture.js')).alertPicture(node.it) }, h('img', { alt: '', loading: 'lazy' }));
  const go = h('button.btn.sm.pri', { type: 'button', hidden: true, onclick: () => node.dispatchEvent(new CustomEvent('pf-command', { bubbles: true, detail: { printer: first.printer_id, action: node.act } })) });
  const ack = h('button.btn.sm', { type: 'button', onclick: () => void act(node, post(`/api/alerts/${encodeURIComponent(first.id)}/acknowledge`, {})) }, icon('check'), t('al.ack'));
  const mute = first.printer_id ? muteMenu(first) : null;
  const node = h('li.card.al', null, h('span.al-ico', null, icon('info')), picture,
    h('div.al-body', null, h('h2', null, where, h('span.pill')), h('p.al-text'), h('p.al-facts'), h('p.problem', { role: 'alert', hidden: true })),
    h('div.al-acts', null, go, ack, mute?.button, mute?.root));
  node.parts = { picture, go, ack, mute };
  return node;
}

/** @param {any} node @param {any} it */
function paintAlert(node, it) {
  node.it = it;
  const look = lookOf(it);
  node.className = `card al t-${it.resolved_at ? 'idle' : look.tone}`;
  setIcon(node.querySelector('.al-ico').firstChild, look.icon);
  const body = node.querySelector('.al-body');
  text(body.querySelector('.pill'), look.words);
  text(body.querySelector('.al-text'), plainText(it));
  const now = store.now();
  const seen = it.acked_at && t(it.acked_by ? 'al.acked' : 'al.acked.one', { who: it.acked_by, ago: ago(now - it.acked_at) });
  const when = it.resolved_at ? t('al.ended', { ago: ago(now - it.resolved_at), d: ago(it.resolved_at - it.since).replace(/ ago$/, '') }) : t('al.since', { at: clock(it.since, now) });
  text(body.querySelector('.al-facts'), [when, it.kind !== 'defect' && it.code, it.repeats > 1 && t('al.repeats', { n: it.repeats }), seen, it.muted && t('al.muted')].filter(Boolean).join(' · '));
  const { picture, go, ack, mute } = node.parts;
  const p = store.printers.get(it.printer_id);
  node.act = it.resolved_at || !p ? '' : actionOf(it, p);
  hide(go, !node.act);
  if (node.act && p) {
    const waits = store.pending.has(`${p.id} ${node.act}`);
    text(go, waits ? t(`pending.${node.act}`) : t(`al.act.${node.act}`));
    attr(go, 'aria-label', `${go.textContent}, ${p.name}`);
    applyGate(go, p.gates?.[node.act] ? gate(p, node.act) : { ok: store.connected, code: '', why: t('conn.locked') });
  }
  hide(picture, !it.photo);
  if (it.photo) attr(picture.firstChild, 'src', `/api/alerts/${encodeURIComponent(it.id)}/photo`);
  hide(ack, Boolean(it.acked_at || it.resolved_at));
  if (mute) hide(mute.button, Boolean(it.muted || it.resolved_at));
}

/** @param {HTMLElement} node @param {Promise<any>} request */
async function act(node, request) {
  const problem = /** @type {HTMLElement} */ (node.querySelector('.problem'));
  try {
    await request;
    hide(problem, true);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    hide(problem, false);
    text(problem, error.message);
  }
}

let menus = 0;

/** @param {any} it */
function muteMenu(it) {
  const id = `mute-${menus += 1}`;
  /** @param {any} body */
  const go = (body) => {
    root.hidePopover();
    void act(/** @type {any} */ (root.closest('li')), post('/api/alerts/mute', { printer_id: it.printer_id, ...body }));
  };
  const label = t('al.mute', { name: it.printer });
  const root = h('div.menu', { popover: 'auto', id }, h('p.note', null, label),
    h('button', { type: 'button', onclick: () => go({ for_s: 3600 }) }, t('al.mute.hour')),
    h('button', { type: 'button', onclick: () => go({ until: 'print_end' }) }, t('al.mute.end')),
    h('button', { type: 'button', onclick: () => go({ until: 'unmuted' }) }, t('al.mute.ever')));
  const button = h('button.ib', { type: 'button', popovertarget: id, 'aria-label': label, title: label }, icon('belloff'));
  root.addEventListener('beforetoggle', () => {
    const box = button.getBoundingClientRect();
    root.style.setProperty('top', `${box.bottom + 6}px`);
    root.style.setProperty('right', `${Math.max(8, document.documentElement.clientWidth - box.right)}px`);
  });
  return { root, button };
}

function sentRow() {
  return h('li.card.al.sent', null, h('span.al-ico', null, icon('bell')), h('div.al-body', null, h('h2', null, h('span'), h('span.pill')), h('p.al-text'), h('p.al-facts')));
}

/** @param {any} node @param {any} it */
function paintSent(node, it) {
  const [tone, words] = outcomeWords(it);
  node.className = `card al sent t-${tone}`;
  const body = node.querySelector('.al-body');
  text(body.querySelector('h2').firstChild, it.title);
  text(body.querySelector('.pill'), it.channel);
  text(body.querySelector('.al-text'), plainText({ ...it, printer: it.title }));
  text(body.querySelector('.al-facts'), [clock(it.at, store.now()), words].filter(Boolean).join(' · '));
}

/** Channels, muted printers, this browser. @param {AbortSignal} signal @param {() => void} looked */
function sideCards(signal, looked) {
  const channels = h('ul.englist');
  const none = h('p.note', { hidden: true });
  const trouble = h('p.problem', { role: 'alert', hidden: true });
  const muted = h('ul.englist');
  const mutedCard = h('section.card.scard', { 'aria-labelledby': 'al-muted', hidden: true }, h('h2', { id: 'al-muted' }, t('al.muted')), muted);
  /** @type {any} */
  let timer;

  async function load() {
    clearTimeout(timer);
    try {
      const page = await get('/api/alerts/channels', { signal });
      hide(trouble, !page.trouble);
      text(trouble, page.trouble ?? '');
      hide(none, page.enabled && page.channels.length > 0);
      text(none, t(page.enabled ? 'al.channels.none' : 'al.off'));
      keyed(channels, page.channels, (one) => one.name, channelRow, paintChannel);
      hide(mutedCard, page.muted.length === 0);
      keyed(muted, page.muted, (one) => one.printer_id, mutedRow, (node, one) => text(node.children[2], muteWords(one, store.now())));
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      hide(trouble, false);
      text(trouble, error.message);
    }
    if (!signal.aborted) timer = setTimeout(() => { if (!document.hidden) void load().then(looked); }, EVERY_MS);
  }

  /** @param {any} one */
  function channelRow(one) {
    const test = h('button.btn.sm', { type: 'button', 'aria-label': `${t('al.test')}: ${one.name}`, onclick: () => void run() }, t('al.test'));
    const node = h('li', null, icon('bell'), h('b', null, one.name), h('span'), test);
    node.test = test;
    async function run() {
      test.disabled = true;
      node.said = t('al.testing');
      node.tone = 'idle';
      node.saidUntil = Infinity;
      paintChannel(node, node.it);
      try {
        const answer = await post(`/api/alerts/channels/${encodeURIComponent(one.name)}/test`, {}, { timeout: 60000 });
        node.said = answer.text;
        node.tone = answer.ok ? 'ok' : 'fault';
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        node.said = error.message;
        node.tone = 'fault';
      }
      test.disabled = false;
      node.saidUntil = store.now() + SAID_S;
      if (!signal.aborted) paintChannel(node, node.it);
    }
    return node;
  }

  /** @param {any} node @param {any} one */
  function paintChannel(node, one) {
    node.it = one;
    const [tone, words] = channelWords(one, store.now());
    if (store.now() > node.saidUntil) node.said = undefined;
    node.className = `t-${node.said ? node.tone : tone}`;
    text(node.children[2], node.said ?? [one.where, words].filter(Boolean).join(' · '));
    hide(node.test, one.state === 'unusable');
  }

  /** @param {any} one */
  function mutedRow(one) {
    const drop = async () => {
      await post('/api/alerts/unmute', { printer_id: one.printer_id }).catch((error) => { hide(trouble, false); text(trouble, error.message); });
      await load();
    };
    return h('li', null, icon('belloff'), h('b', null, store.printers.get(one.printer_id)?.name ?? one.printer_id), h('span'), h('button.btn.sm', { type: 'button', onclick: () => void drop() }, t('al.unmute')));
  }

  document.addEventListener('visibilitychange', () => { if (!document.hidden) void load(); }, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  void load();
  const root = h('div.aside', null, h('section.card.scard', { 'aria-labelledby': 'al-ch' }, h('h2', { id: 'al-ch' }, t('al.channels')), trouble, none, channels), mutedCard, browserCard(signal));
  return { root, load };
}
