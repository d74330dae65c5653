CREATE TABLE `console_sessions` (
	`id` text PRIMARY KEY NOT NULL,
	`organization_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`credential_id` text,
	`signing_key_id` text NOT NULL,
	`scopes` text NOT NULL,
	`cookie_hash` text NOT NULL,
	`cookie_hash_key_id` text NOT NULL,
	`csrf_hash` text NOT NULL,
	`csrf_hash_key_id` text NOT NULL,
	`created_at` integer NOT NULL,
	`last_used_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`user_agent` text NOT NULL,
	`ip` text NOT NULL,
	`ended_at` integer,
	`end_reason` text
);
--> statement-breakpoint
CREATE UNIQUE INDEX `console_sessions_cookie` ON `console_sessions` (`cookie_hash`);--> statement-breakpoint
CREATE INDEX `console_sessions_of_agent` ON `console_sessions` (`agent_id`,`id`);--> statement-breakpoint
CREATE INDEX `console_sessions_of_organization` ON `console_sessions` (`organization_id`,`id`);--> statement-breakpoint
CREATE INDEX `console_sessions_by_use` ON `console_sessions` (`ended_at`,`last_used_at`);