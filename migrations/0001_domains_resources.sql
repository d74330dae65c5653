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
CREATE INDEX `resources_by_key` ON `resources` (`key`);--> statement-breakpoint
CREATE INDEX `resources_of_organization` ON `resources` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `resources_by_host` ON `resources` (`host`);--> statement-breakpoint
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
CREATE INDEX `domains_to_check` ON `domains` (`last_checked_at`);