// @ts-check
// Notifications by the open page: one for each new alert that needs a person.

const KEY = 'notify';

export const pageNotes = () => localStorage.getItem(KEY) === 'on';

/** @param {boolean} on */
export const setPageNotes = (on) => localStorage.setItem(KEY, on ? 'on' : 'off');

/** "Firefox on Linux": what a person calls it. @param {string} agent */
export function browserName(agent) {
  const found = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']].find(([mark]) => agent.includes(mark));
  const system = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS', 'Mac'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']].find(([mark]) => agent.includes(mark));
  return [found?.[1] ?? 'Browser', system?.[1]].filter(Boolean).join(' on ');
}

/** base64url to bytes. @param {string} text */
export function bytesOf(text) {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(plain, (c) => c.charCodeAt(0));
}

/** What is new since the last look, and wants a person. @param {Set<string>} known @param {Iterable<any>} alerts */
export function newOnes(known, alerts) {
  return [...alerts].filter((it) => !known.has(it.id) && !it.acked_at && !it.muted && it.level !== 'info');
}

/** @param {import('../store.js').Store} store */
export function watchAlerts(store) {
  let known = new Set(store.alerts.keys());
  store.watch((change) => {
    if (!change.alerts) return;
    const fresh = newOnes(known, store.alerts.values());
    known = new Set(store.alerts.keys());
    if (!fresh.length || !pageNotes() || globalThis.Notification?.permission !== 'granted') return;
    const [first] = fresh;
    const title = fresh.length > 1 ? `${fresh.length} alerts` : first.printer || 'Print farm';
    notify(title, { body: fresh.map((it) => it.text).slice(0, 4).join('\n'), tag: first.id, icon: '/static/favicon.svg' });
  });
}

/** Phones have notifications by a service worker only, and throw otherwise.
 * @param {string} title @param {NotificationOptions} options */
function notify(title, options) {
  try {
    const note = new Notification(title, options);
    note.onclick = () => {
      window.focus();
      location.hash = '#/alerts';
      note.close();
    };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    void navigator.serviceWorker?.getRegistration('/').then((worker) => worker?.showNotification(title, { ...options, data: { url: '/#/alerts' } }));
  }
}
