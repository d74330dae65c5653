CREATE TABLE `audit_chains` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`sequence` integer NOT NULL,
	`checkpoint_due_at` integer,
	`checkpoint_kid` text,
	`anchor_sequence` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `audit_chains_due` ON `audit_chains` (`checkpoint_due_at`) WHERE checkpoint_due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `audit_chains_by_key` ON `audit_chains` (`checkpoint_kid`);--> statement-breakpoint
CREATE TABLE `audit_checkpoints` (
	`organization_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`event_id` text NOT NULL,
	`hash` text NOT NULL,
	`timestamp` integer NOT NULL,
	`kid` text NOT NULL,
	`jws` text NOT NULL,
	PRIMARY KEY(`organization_id`, `sequence`)
);
--> statement-breakpoint
CREATE TABLE `audit_events` (
	`organization_id` text NOT NULL,
	`sequence` integer NOT NULL,
	`event_id` text NOT NULL,
	`agent_id` text,
	`action` text NOT NULL,
	`outcome` text NOT NULL,
	`actor` text NOT NULL,
	`target` text,
	`details` text NOT NULL,
	`timestamp` integer NOT NULL,
	`previous_hash` text NOT NULL,
	`hash` text NOT NULL,
	PRIMARY KEY(`organization_id`, `sequence`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `audit_events_event_id` ON `audit_events` (`organization_id`,`event_id`);--> statement-breakpoint
CREATE INDEX `audit_events_by_time` ON `audit_events` (`organization_id`,`timestamp`);--> statement-breakpoint
CREATE INDEX `audit_events_by_agent` ON `audit_events` (`organization_id`,`agent_id`,`sequence`);--> statement-breakpoint
CREATE INDEX `audit_events_by_action` ON `audit_events` (`organization_id`,`action`,`timestamp`);--> statement-breakpoint
CREATE TABLE `outbox` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`event` text NOT NULL,
	`created_at` integer NOT NULL,
	`recorded` integer DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE INDEX `outbox_of_organization` ON `outbox` (`organization_id`,`id`);--> statement-breakpoint
CREATE TABLE `webhook_deliveries` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`subscription_id` text NOT NULL,
	`event_id` text NOT NULL,
	`event_type` text NOT NULL,
	`payload` text NOT NULL,
	`status` text NOT NULL,
	`attempt_count` integer NOT NULL,
	`due_at` integer,
	`claimed_until` integer,
	`http_status_code` integer,
	`response_body` text,
	`error` text,
	`delivered_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhook_deliveries_of_subscription` ON `webhook_deliveries` (`subscription_id`,`id`);--> statement-breakpoint
CREATE INDEX `webhook_deliveries_due` ON `webhook_deliveries` (`subscription_id`,`due_at`) WHERE due_at IS NOT NULL;--> statement-breakpoint
CREATE INDEX `webhook_deliveries_claimed` ON `webhook_deliveries` (`subscription_id`,`claimed_until`) WHERE claimed_until IS NOT NULL;--> statement-breakpoint
CREATE INDEX `webhook_deliveries_finished` ON `webhook_deliveries` (`updated_at`) WHERE due_at IS NULL;--> statement-breakpoint
CREATE TABLE `webhook_secrets` (
	`id` text PRIMARY KEY NOT NULL,
	`subscription_id` text NOT NULL,
	`private_sealed` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE INDEX `webhook_secrets_of_subscription` ON `webhook_secrets` (`subscription_id`,`id`);--> statement-breakpoint
CREATE TABLE `webhook_subscriptions` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`name` text NOT NULL,
	`url` text NOT NULL,
	`events` text NOT NULL,
	`active` integer NOT NULL,
	`failure_count` integer NOT NULL,
	`slow_until` integer NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `webhook_subscriptions_of_organization` ON `webhook_subscriptions` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `webhook_subscriptions_active` ON `webhook_subscriptions` (`organization_id`) WHERE active = 1;--> statement-breakpoint
CREATE TABLE `agent_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`agent_id` text NOT NULL,
	`number` integer NOT NULL,
	`public_jwk` text NOT NULL,
	`private_sealed` text,
	`created_at` integer NOT NULL,
	`replaced_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `agent_keys_number` ON `agent_keys` (`agent_id`,`number`);--> statement-breakpoint
CREATE TABLE `agents` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`email` text NOT NULL,
	`agent_type` text NOT NULL,
	`version` text NOT NULL,
	`capabilities` text NOT NULL,
	`owner` text NOT NULL,
	`deployment_env` text NOT NULL,
	`description` text,
	`granted_scopes` text NOT NULL,
	`role` text,
	`is_public` integer NOT NULL,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `agents_email` ON `agents` (`organization_id`,`email`);--> statement-breakpoint
CREATE INDEX `agents_of_organization` ON `agents` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `agents_by_status` ON `agents` (`organization_id`,`status`,`id`);--> statement-breakpoint
CREATE INDEX `agents_public` ON `agents` (`id`) WHERE is_public = 1 AND status = 'active';--> statement-breakpoint
CREATE TABLE `credentials` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`secret_hash` text NOT NULL,
	`hash_key_id` text NOT NULL,
	`previous_secret_hash` text,
	`previous_hash_key_id` text,
	`previous_expires_at` integer,
	`created_at` integer NOT NULL,
	`rotated_at` integer,
	`expires_at` integer,
	`last_used_at` integer,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE INDEX `credentials_of_agent` ON `credentials` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `credentials_that_expire` ON `credentials` (`expires_at`) WHERE expires_at IS NOT NULL AND revoked_at IS NULL;--> statement-breakpoint
CREATE TABLE `organizations` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`slug` text NOT NULL,
	`is_operator` integer DEFAULT false NOT NULL,
	`plan_tier` text NOT NULL,
	`max_agents` integer,
	`max_tokens_per_month` integer,
	`status` text NOT NULL,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `organizations_slug` ON `organizations` (`slug`);--> statement-breakpoint
CREATE UNIQUE INDEX `organizations_one_operator` ON `organizations` (`is_operator`) WHERE is_operator = 1;--> statement-breakpoint
CREATE TABLE `trust_policies` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`provider` text NOT NULL,
	`issuer` text NOT NULL,
	`audience` text,
	`rule` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `trust_policies_of_organization` ON `trust_policies` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `trust_policies_of_agent` ON `trust_policies` (`agent_id`);--> statement-breakpoint
CREATE INDEX `trust_policies_of_issuer` ON `trust_policies` (`issuer`);--> statement-breakpoint
CREATE TABLE `delegations` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`delegator_agent_id` text NOT NULL,
	`delegatee_agent_id` text NOT NULL,
	`credential_id` text,
	`scopes` text NOT NULL,
	`issued_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE INDEX `delegations_by_delegator` ON `delegations` (`organization_id`,`delegator_agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `delegations_by_delegatee` ON `delegations` (`organization_id`,`delegatee_agent_id`,`id`);--> statement-breakpoint
CREATE TABLE `federation_partners` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`name` text NOT NULL,
	`issuer` text NOT NULL,
	`jwks_uri` text,
	`allowed_organizations` text,
	`status` text NOT NULL,
	`expires_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `federation_partners_issuer` ON `federation_partners` (`organization_id`,`issuer`);--> statement-breakpoint
CREATE TABLE `signing_keys` (
	`id` text PRIMARY KEY NOT NULL,
	`alg` text NOT NULL,
	`state` text NOT NULL,
	`public_jwk` text NOT NULL,
	`private_sealed` text,
	`created_at` integer NOT NULL,
	`activated_at` integer,
	`replaced_at` integer,
	`retired_at` integer,
	`compromised_at` integer,
	`dropped_through` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `signing_keys_one_current` ON `signing_keys` (`alg`) WHERE state = 'current';--> statement-breakpoint
CREATE UNIQUE INDEX `signing_keys_one_next` ON `signing_keys` (`alg`) WHERE state = 'next';--> statement-breakpoint
CREATE TABLE `billing_accounts` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`customer_id` text NOT NULL,
	`subscription_id` text,
	`subscription_status` text,
	`tier` text,
	`period_start` integer,
	`period_end` integer,
	`ends_at` integer,
	`version` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `billing_accounts_customer` ON `billing_accounts` (`customer_id`);--> statement-breakpoint
CREATE TABLE `billing_events` (
	`id` text PRIMARY KEY NOT NULL,
	`type` text NOT NULL,
	`received_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `billing_events_by_time` ON `billing_events` (`received_at`);--> statement-breakpoint
CREATE TABLE `calls_by_route` (
	`organization_id` text NOT NULL,
	`day` text NOT NULL,
	`route` text NOT NULL,
	`status_class` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `day`, `route`, `status_class`)
);
--> statement-breakpoint
CREATE INDEX `calls_by_route_by_day` ON `calls_by_route` (`day`);--> statement-breakpoint
CREATE TABLE `control_results` (
	`id` text PRIMARY KEY NOT NULL,
	`status` text NOT NULL,
	`evidence` text NOT NULL,
	`checked_at` integer NOT NULL,
	`progress` text
);
--> statement-breakpoint
CREATE TABLE `tokens_by_agent` (
	`organization_id` text NOT NULL,
	`day` text NOT NULL,
	`agent_id` text NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `day`, `agent_id`)
);
--> statement-breakpoint
CREATE INDEX `tokens_by_agent_by_day` ON `tokens_by_agent` (`day`);--> statement-breakpoint
CREATE TABLE `tokens_by_hour` (
	`organization_id` text NOT NULL,
	`day` text NOT NULL,
	`hour` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `day`, `hour`)
);
--> statement-breakpoint
CREATE INDEX `tokens_by_hour_by_day` ON `tokens_by_hour` (`day`);