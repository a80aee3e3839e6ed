export {
  FETCH_LIMITS,
  guardedFetch,
  openGuard,
  type FetchedResponse,
  type Guard,
  type Resolve,
} from './guarded-fetch.js';
export { DNS_LIMITS, openResolver, type ResolverSettings } from './resolver/open-resolver.js';
export { localNames, type LocalNames } from './resolver/local-names.js';
