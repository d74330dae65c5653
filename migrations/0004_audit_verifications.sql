CREATE TABLE `audit_verifications` (
	`organization_id` text PRIMARY KEY NOT NULL,
	`verified_at` integer,
	`events` integer NOT NULL,
	`broken_at` integer
);
--> statement-breakpoint
ALTER TABLE `control_results` ADD `last_checked_at` integer;