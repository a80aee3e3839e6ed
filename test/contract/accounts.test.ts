import { onBothDatabases } from '../support/both-databases.js';
import { accountsSuite } from './accounts.suite.js';

onBothDatabases(accountsSuite);
