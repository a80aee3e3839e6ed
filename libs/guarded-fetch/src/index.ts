export {
  FETCH_LIMITS,
  isRefusedHost,
  guardedFetch,
  openGuard,
  type FetchedResponse,
  type Guard,
  type Resolve,
} from './guarded-fetch.js';
export { openResolver } from './resolver/open-resolver.js';
