// @ts-check
// Every word of the panel in one table; sentences of the server come ready-made.

const en = {
  farm: 'Farm', close: 'Close', cancel: 'Cancel', undo: 'Undo', back: 'Back to the farm', refresh: 'Refresh', 'nav.queue': 'Queue', 'nav.files': 'Files', 'nav.alerts': 'Alerts', 'nav.history': 'History', 'nav.timelapses': 'Timelapses', 'card.room': 'Beside the printer: {climate}', 'nav.settings': 'Settings', loading: 'Loading…', retry: 'Try again',

  'time.now': 'just now', 'time.ago': '{d} ago',

  'state.fault': 'Fault', 'state.paused': 'Paused', 'state.needs_clear': 'Clear the bed', 'state.needs_human': 'Your answer, please',
  'state.uploading': 'Sending file', 'state.uploading.pct': 'Sending file {pct}', 'state.preparing': 'Preparing', 'state.printing': 'Printing', 'state.stopping': 'Stopping…',
  'state.busy': 'Busy', 'state.ready': 'Ready', 'state.maintenance': 'Maintenance', 'state.connecting': 'Connecting…', 'state.auth': 'Wrong access code', 'state.auth.key': 'Wrong key', 'state.auth.feed': 'Wrong password', 'state.offline.closed': 'Not connected',
  'state.identity': 'Certificate changed', 'state.misconfigured': 'Misconfigured', 'state.offline': 'Offline', 'state.unknown': 'Unknown',

  'conn.live': 'Live', 'conn.slow': 'Every 10 s', 'conn.opening': 'Connecting', 'conn.down': 'No connection', 'conn.online': '{n} of {all} online',
  'conn.lost': 'No connection to the farm server. Data is from {at}. Trying again in {s} s.', 'conn.polling': 'Live updates do not get through; the page asks every 10 s instead. Data is {age}.',
  'conn.signin': 'You are signed out.', 'conn.retry': 'Retry', 'conn.reload': 'Sign in', 'conn.locked': 'No connection to the farm server, so nothing can be sent.',
  'trouble.read': 'I have looked at the printers',
  'conn.updated': 'The farm server was updated.', 'conn.back': 'Connected to the farm again', 'conn.gone': 'No connection to the farm server',
  'page.gone': 'This page is not loaded yet', 'page.gone.how': 'The farm server cannot be reached. The page comes as soon as it answers.',
  'gate.unknown': 'This printer cannot do that.',

  'api.signin': 'You are signed out. Reload the page to sign in.', 'api.status': 'The farm answered with an error ({status}).', 'api.timeout': 'The farm did not answer in time. Whether it acted is not known.',
  'api.unreachable': 'The farm server cannot be reached. Nothing was sent.', 'api.uploadlost': 'The connection broke during the upload. Try again.',

  'act.pause': 'Pause', 'act.resume': 'Resume', 'act.stop': 'Stop', 'act.mark-clear': 'Mark clear', 'act.light': 'Light', 'act.cooldown': 'Cool down', 'act.home': 'Home', 'act.reconnect': 'Reconnect', 'act.connect': 'Connect', 'act.firmware-restart': 'Firmware restart', 'act.host-restart': 'Restart Klipper',
  'act.maintenance': 'Maintenance', 'act.cancel-upload': 'Cancel the transfer', 'act.load': 'Load', 'act.unload': 'Unload', 'act.tray': 'Select', 'act.fan': 'Fan', 'act.speed': 'Speed', 'act.temperature': 'Temperature',
  'pending.pause': 'Pausing…', 'pending.resume': 'Resuming…', 'pending.stop': 'Stopping…', 'pending.mark-clear': 'Marking…', 'pending.light': 'Switching…', 'pending.home': 'Homing…', 'pending.reconnect': 'Connecting…', 'pending.connect': 'Connecting…', 'pending.firmware-restart': 'Restarting…', 'pending.host-restart': 'Restarting…',
  'pending.maintenance': 'Ending…', 'pending.cancel-upload': 'Cancelling…',
  'cmd.noproof': '{name} has not confirmed “{what}” within 10 s. Look at the printer before you try again.',
  'clear.said': '{name}: bed marked clear',
  'bulk.done': '{what}: done on {n} printers', 'bulk.sheet': '{what}: results', 'bulk.selected': '{n} selected', 'bulk.none': 'Nothing selected',
  'bulk.ok': 'Done', 'bulk.clear.title': 'Which beds are empty?', 'bulk.clear.body': 'Tick only the beds you have looked at. A part left on a bed is crashed into by the next print.', 'bulk.clear.go': 'Mark {n} clear',
  'bulk.light.on': 'Light on', 'bulk.light.off': 'Light off', 'bulk.cool.title': 'Cool down {n} printers?', 'bulk.all': 'Select all shown',

  'farm.find': 'Find a printer', 'farm.group': 'Group by', 'farm.sort': 'Sort by', 'farm.arrange': 'Group and sort', 'farm.select': 'Select printers', 'farm.view': 'View', 'farm.filter': 'Filter by state',
  'farm.needs': 'Needs you', 'farm.more': '+{n} more', 'farm.less': 'Show fewer', 'farm.printers': 'Printers', 'farm.nomatch': 'No printer matches.', 'farm.showall': 'Show all',
  'farm.first': 'Add your first printer', 'farm.first.how': 'Write its address and its access code or key into the file below, then start the farm again. The README says where each make shows them.', 'farm.loading': 'Waiting for the farm…',
  'farm.next': 'Next free', 'farm.in': 'in', 'farm.alldone': 'all done',
  'mode.cards': 'Cards', 'mode.list': 'List', 'mode.wall': 'Cameras',
  'group.none': 'Nothing', 'group.state': 'State', 'group.group': 'Group', 'group.model': 'Model', 'group.other': 'Other', 'sort.needs': 'Needs me first', 'sort.name': 'Name', 'sort.left': 'Time left',
  'filter.all': 'All', 'filter.run': 'Printing', 'filter.need': 'Needs you', 'filter.ready': 'Ready', 'filter.maint': 'Maintenance', 'filter.off': 'Offline',

  'card.old': '{d} old', 'card.details': 'Details', 'card.decide': 'Decide…', 'card.print': 'Print…', 'card.cancel': 'Cancel', 'card.check': 'Check…', 'card.endmaint': 'End', 'card.filament': 'Filament',
  'card.select': 'Select {name}', 'card.progress': '{name}, progress', 'card.part': 'A part', 'card.look': 'Is its bed clear?', 'card.free': 'Free for the next job', 'card.busy': 'No job', 'card.maint': 'Kept out of work',
  'card.offline': 'Last seen {ago}', 'card.never': 'Not seen yet', 'card.connecting': 'Waiting for its first report', 'card.left': '{d} left · done {at}', 'card.heating': '{what} {a} of {b}', 'card.sending': 'To the printer’s storage',
  'card.paused': 'Paused', 'card.stopping': 'Waiting for the printer', 'card.stopped': 'Stopped {ago}', 'card.done': 'Done {ago}', 'card.uncertain': 'It is not certain whether this print started.',
  'watch.wrong': 'Looks wrong', 'watch.blind': 'Not watched', 'watch.alt': 'Picture of {name} that the defect watch judged',
  'card.locked': 'Watching only: it takes no orders', 'card.elsewhere': 'Shown from another farm', 'card.bedclear': 'Bed is clear', 'card.since': 'Since {ago}', 'job.local': 'Started at the printer',
  'task.at': '{name} at {pct}%', 'task.fault': 'View fault', 'task.load': 'Load filament', 'task.done': '{name} is done', 'task.look': 'Is the bed clear?', 'task.stopped': '{name} was stopped', 'task.human': 'Did {name} start?', 'task.identity': 'Another certificate answers at its address',

  'heater.nozzle': 'Nozzle', 'heater.nozzle2': 'Left nozzle', 'heater.bed': 'Bed', 'heater.chamber': 'Chamber', 'heater.right': 'Right nozzle', 'heater.nozzle.n': 'Nozzle {n}',
  'fan.part': 'Part', 'fan.aux': 'Aux', 'fan.chamber': 'Chamber', 'fan.hotend': 'Hotend', 'fan.off': 'Off',
  'speed.1': 'Silent', 'speed.2': 'Standard', 'speed.3': 'Sport', 'speed.4': 'Ludicrous', speed: 'Speed',
  'tray.inuse': 'in use', 'tray.is.empty': '{slot} empty', 'tray.unknown': 'unknown filament',

  'upload.open': 'Upload & start', 'conn.reload.page': 'Reload', 'keys.pause': 'Pause {name}?', 'printer.stop': 'Stop…',
};

/** The words for `key`, with {name}s filled in. An unknown key shows itself.
 * @param {string} key @param {Record<string, string | number>} [args] */
export function t(key, args) {
  const words = table[key];
  if (words === undefined) return key;
  return args ? words.replace(/\{(\w+)\}/g, (_, name) => String(args[name] ?? '')) : words;
}

/** Pages that load later bring their own words. @param {Record<string, string>} words */
export function addWords(words) {
  Object.assign(table, words);
}

/** @type {Record<string, string>} */
const table = { ...en };
