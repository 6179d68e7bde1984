// @ts-check
// Which cameras of the wall are live.

export const LIVE = 3;

/**
 * The one somebody points at, then those that print, in the order of the wall. Who is live stays
 * live among equals, so that nothing flickers.
 * @template K
 * @param {Array<{key: K, live: boolean, printing: boolean, held: boolean, failing: boolean}>} cameras
 * @param {number} [most]
 * @returns {K[]}
 */
export function pickLive(cameras, most = LIVE) {
  const worth = (/** @type {{live: boolean, printing: boolean, held: boolean}} */ one) => (one.held ? 4 : 0) + (one.printing ? 2 : 0) + (one.live ? 1 : 0);
  return cameras.filter((one) => !one.failing)
    .map((one, place) => ({ one, place }))
    .sort((a, b) => worth(b.one) - worth(a.one) || a.place - b.place)
    .slice(0, most)
    .map(({ one }) => one.key);
}
