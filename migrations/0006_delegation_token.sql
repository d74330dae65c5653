ALTER TABLE `delegations` ADD `token_id` text;--> statement-breakpoint
CREATE INDEX `delegations_by_token` ON `delegations` (`token_id`);