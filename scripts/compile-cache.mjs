// Lets V8 keep what it compiled for the next start: this process and all that it starts share one folder. Node.js has
// this from 22.1 on; older ones ignore it. NODE_DISABLE_COMPILE_CACHE=1 turns it off.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

/** In dist/, so that it goes with what it was made of. */
const FOLDER = fileURLToPath(new URL('../dist/.compile-cache', import.meta.url));

/** Turns the cache on here and, through the environment, in the services; a folder that somebody named stays. */
export function enableCompileCache() {
  process.env.NODE_COMPILE_CACHE ||= FOLDER;
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}
