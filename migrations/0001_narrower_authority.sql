CREATE TABLE `resources` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`identifier` text NOT NULL,
	`key` text NOT NULL,
	`host` text,
	`shared` integer NOT NULL,
	`name` text NOT NULL,
	`scopes` text NOT NULL,
	`allowed_organizations` text NOT NULL,
	`servers` text DEFAULT '[]' NOT NULL,
	`token_ttl_seconds` integer,
	`require_dpop` integer NOT NULL,
	`status` text NOT NULL,
	`displaced_at` integer,
	`created_at` integer NOT NULL,
	`updated_at` integer NOT NULL,
	`deleted_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `resources_one_key` ON `resources` (`key`) WHERE deleted_at IS NULL AND displaced_at IS NULL AND shared = 0;--> statement-breakpoint
CREATE UNIQUE INDEX `resources_one_key_of_organization` ON `resources` (`organization_id`,`key`) WHERE deleted_at IS NULL AND shared = 1;--> statement-breakpoint
CREATE INDEX `resources_by_key` ON `resources` (`key`);--> statement-breakpoint
CREATE INDEX `resources_of_organization` ON `resources` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `resources_by_host` ON `resources` (`host`);--> statement-breakpoint
CREATE TABLE `audit_verifications` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`verified_at` integer,
	`events` integer NOT NULL,
	`broken_at` integer
);
--> statement-breakpoint
CREATE TABLE `domains` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`domain` text NOT NULL,
	`status` text NOT NULL,
	`challenge` text NOT NULL,
	`shared` integer NOT NULL,
	`created_at` integer NOT NULL,
	`verified_at` integer,
	`last_checked_at` integer,
	`last_answered_at` integer,
	`lapsed_at` integer,
	`misses` integer NOT NULL,
	`last_miss_day` text,
	`contested_at` integer,
	`updated_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `domains_of_organization` ON `domains` (`organization_id`,`domain`);--> statement-breakpoint
CREATE UNIQUE INDEX `domains_one_holder` ON `domains` (`domain`) WHERE status = 'verified' AND shared = 0;--> statement-breakpoint
CREATE INDEX `domains_by_name` ON `domains` (`domain`);--> statement-breakpoint
CREATE INDEX `domains_to_check` ON `domains` (`last_checked_at`);--> statement-breakpoint
ALTER TABLE `agents` ADD `dpop_required` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `agents` ADD `id_token_signed_response_alg` text DEFAULT 'RS256' NOT NULL;--> statement-breakpoint
ALTER TABLE `delegations` ADD `token_id` text;--> statement-breakpoint
ALTER TABLE `delegations` ADD `resource` text;--> statement-breakpoint
ALTER TABLE `delegations` ADD `resource_id` text;--> statement-breakpoint
CREATE INDEX `delegations_by_token` ON `delegations` (`token_id`);--> statement-breakpoint
CREATE INDEX `delegations_by_resource` ON `delegations` (`resource_id`);--> statement-breakpoint
ALTER TABLE `federation_partners` ADD `audiences` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `federation_partners` ADD `require_scopes` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `control_results` ADD `last_checked_at` integer;--> statement-breakpoint
ALTER TABLE `credentials` ADD `earlier_secrets` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
-- What version 0.1.0 granted and this version does not: see docs/upgrade.md.
-- Only an admin has admin:orgs. All other scopes stay.
UPDATE `agents` SET
	`granted_scopes` = (SELECT json_group_array(`value`) FROM json_each(`agents`.`granted_scopes`) WHERE `value` <> 'admin:orgs'),
	`updated_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE `role` IS NOT 'admin'
	AND EXISTS (SELECT 1 FROM json_each(`agents`.`granted_scopes`) WHERE `value` = 'admin:orgs');
--> statement-breakpoint
-- Access tokens of 0.1.0 can name any audience. Their keys count as compromised, and the published next key signs from now on. The
-- scheduled run tells the ledgers and publishes the key set; the first use of the keys creates the new next key.
UPDATE `signing_keys` SET
	`state` = 'previous',
	`replaced_at` = coalesce(`replaced_at`, CAST(unixepoch('subsec') * 1000 AS INTEGER)),
	`compromised_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER),
	`private_sealed` = NULL
WHERE `alg` = 'ES256' AND `state` IN ('current', 'previous') AND `compromised_at` IS NULL;
--> statement-breakpoint
UPDATE `signing_keys` SET `state` = 'current', `activated_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE `alg` = 'ES256' AND `state` = 'next';
--> statement-breakpoint
-- Delegations of capabilities without a resource, and of scopes that cannot be lent any more. The ledgers end them by the same rule.
UPDATE `delegations` SET `revoked_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE `revoked_at` IS NULL
	AND `expires_at` > CAST(unixepoch('subsec') * 1000 AS INTEGER)
	AND EXISTS (SELECT 1 FROM json_each(`delegations`.`scopes`)
		WHERE `value` NOT IN ('agents:read', 'tokens:read', 'audit:read', 'webhooks:read'));
