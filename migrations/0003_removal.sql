ALTER TABLE `agents` ADD `erased_at` integer;--> statement-breakpoint
ALTER TABLE `agents` ADD `cleared_at` integer;--> statement-breakpoint
CREATE INDEX `agents_to_clear` ON `agents` (`id`) WHERE status = 'decommissioned' AND cleared_at IS NULL;--> statement-breakpoint
ALTER TABLE `organizations` ADD `cleared_at` integer;--> statement-breakpoint
CREATE INDEX `organizations_to_clear` ON `organizations` (`id`) WHERE status = 'deleted' AND cleared_at IS NULL;--> statement-breakpoint
CREATE INDEX `webhook_deliveries_of_agent` ON `webhook_deliveries` (payload ->> '$.data.agentId') WHERE substr(event_type, 1, 6) = 'agent.';