export {
  FETCH_LIMITS,
  guardedFetch,
  openGuard,
  resolveWithSystem,
  type FetchedResponse,
  type FetchOutcome,
  type FetchRequest,
  type Guard,
  type Resolve,
} from './guarded-fetch.js';
