// @ts-check
// The page's one Trusted Types policy: it vouches for the farm's own two workers and nothing else.

const SCRIPTS = /** @type {Record<string, string>} */ ({ layers: new URL('./layers/worker.js', import.meta.url).href, push: '/sw.js' });
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('farm-worker', { createScriptURL: (/** @type {string} */ name) => SCRIPTS[name] });

/** @param {'layers' | 'push'} name */
export const workerUrl = (name) => policy?.createScriptURL(name) ?? SCRIPTS[name];
