CREATE TABLE `webhook_past_states` (
	`organization_id` text NOT NULL,
	`subscription_id` text NOT NULL,
	`after_sequence` integer NOT NULL,
	`last_sequence` integer NOT NULL,
	`events` text NOT NULL,
	PRIMARY KEY(`organization_id`, `subscription_id`, `last_sequence`)
);
--> statement-breakpoint
ALTER TABLE `webhook_subscriptions` ADD `matches_after` integer;