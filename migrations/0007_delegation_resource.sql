ALTER TABLE `delegations` ADD `resource` text;--> statement-breakpoint
ALTER TABLE `delegations` ADD `resource_id` text;--> statement-breakpoint
CREATE INDEX `delegations_by_resource` ON `delegations` (`resource_id`);