// @ts-check
// What is said aloud and shown once: events of the farm, the connection, a new server version.
import { store } from './store.js';
import { t } from './text.js';
import { say, sayUrgent, toast } from './parts/toast.js';

/** @param {import('./ws.js').Link} link */
export function announce(link) {
  let version = store.server.version;
  link.on('hello', (frame) => {
    const now = frame.server?.version;
    if (version && now && now !== version) toast(t('conn.updated'), { ms: 3600000, action: t('conn.reload.page'), run: () => location.reload() });
    version = now ?? version;
  });
  link.on('event', (frame) => {
    if (!frame.text) return;
    if (frame.level === 'urgent') {
      sayUrgent(frame.text);
      toast(frame.text, { tone: 'fault' });
    } else say(frame.text);
  });
  let was = store.link.state;
  store.watch((change) => {
    if (!change.link || store.link.state === was) return;
    const lost = store.link.state === 'lost' || store.link.state === 'signin';
    if (lost && was !== 'polling') sayUrgent(t('conn.gone'));
    else if (!lost && was === 'lost') say(t('conn.back'));
    was = store.link.state;
  });
}
