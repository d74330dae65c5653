CREATE TABLE `console_links` (
	`code_hash` text PRIMARY KEY NOT NULL,
	`code_hash_key_id` text NOT NULL,
	`organization_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`token_id` text NOT NULL,
	`credential_id` text,
	`signing_key_id` text NOT NULL,
	`token_expires_at` integer NOT NULL,
	`scopes` text NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `console_links_expiry` ON `console_links` (`expires_at`);