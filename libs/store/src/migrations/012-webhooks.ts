import type { Migration } from './migration.js';

/**
 * Webhooks of keys, and what is on its way to them. The id of a delivery is derived from its webhook and its event, so
 * an event that is noted twice has one row. Secrets are derived from a setting and are not here. Times are milliseconds
 * since the epoch.
 */
export const webhooks: Migration = {
  version: 12,
  name: 'webhooks',
  statements: [
    `create table webhooks (
      id text primary key,
      owner text not null,
      url text not null,
      events text[] not null,
      description text not null,
      created_at bigint not null,
      updated_at bigint not null,
      secret_version integer not null,
      former_secret_until bigint,
      paused_at bigint,
      paused_reason text,
      failing_since bigint
    )`,
    `create index webhooks_by_owner on webhooks (owner, created_at desc, id desc)`,
    `create table webhook_owners (owner text primary key)`,
    `create table webhook_deliveries (
      id text primary key,
      webhook_id text not null references webhooks (id) on delete cascade,
      run_id text not null,
      event text not null,
      body text not null,
      status text not null,
      attempts integer not null,
      created_at bigint not null,
      due_at bigint,
      last_at bigint,
      last_status integer,
      error text
    )`,
    `create index webhook_deliveries_by_webhook on webhook_deliveries (webhook_id, created_at desc, id desc)`,
    `create index webhook_deliveries_due on webhook_deliveries (due_at) where due_at is not null`,
    `create index webhook_deliveries_waiting on webhook_deliveries (webhook_id) where due_at is not null`,
    `create index webhook_deliveries_by_age on webhook_deliveries (created_at)`,
  ],
};
