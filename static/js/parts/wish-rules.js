// @ts-check
// A filament wish as form fields, and back. Pure.

/** Colour family → a colour of it, as docs/queue.md lists them. */
export const COLORS = /** @type {Array<[string, string]>} */ ([['Black', '101214'], ['White', 'F7F7F5'], ['Grey', '85898F'], ['Brown', '7B4B2A'], ['Red', 'C1121F'], ['Orange', 'F07F1E'], ['Yellow', 'EFB93A'], ['Green', '2F9E4F'], ['Teal', '1F9E96'], ['Blue', '2A6FD0'], ['Purple', '7A3FB0'], ['Pink', 'F29AB8']]);

/** @typedef {{match: string, type: string, family: string, color: string}} WishForm family: a colour
 *  of COLORS; color: RRGGBB; both "" = as in the file */

/** @param {any[]} wishes as the farm has them @returns {WishForm} match "several": not one for all */
export function formOf(wishes) {
  const [wish] = wishes;
  if (!wish) return { match: 'free', type: '', family: '', color: '' };
  const listed = COLORS.some(([, rgb]) => rgb === wish.color);
  const shown = wishes.length === 1 && wish.index === 0 && (wish.match !== 'family' || !wish.color || listed) && (wish.match !== 'type' || !wish.color);
  if (!shown) return { match: 'several', type: '', family: '', color: '' };
  return { match: wish.match, type: wish.type, family: wish.match === 'family' ? wish.color : '', color: wish.match === 'exact' ? wish.color : '' };
}

/** @param {WishForm} form @returns {any[]} */
export function wishOf({ match, type, family, color }) {
  if (match === 'free') return [];
  return [{ index: 0, match, type, color: match === 'family' ? family : match === 'exact' ? color : '' }];
}
