import { onBothDatabases } from '../support/both-databases.js';
import { webhooksSuite } from './webhooks.suite.js';

onBothDatabases(webhooksSuite);
