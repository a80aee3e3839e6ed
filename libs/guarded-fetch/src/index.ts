export {
  FETCH_LIMITS,
  guardedFetch,
  openGuard,
  resolveWithSystem,
  type FetchedResponse,
  type Guard,
  type Resolve,
} from './guarded-fetch.js';
