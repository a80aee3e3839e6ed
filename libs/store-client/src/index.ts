export { storeClient } from './store-client.js';
