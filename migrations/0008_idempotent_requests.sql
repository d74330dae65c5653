CREATE TABLE `idempotent_requests` (
	`organization_id` text NOT NULL,
	`agent_id` text NOT NULL,
	`route` text NOT NULL,
	`key_hash` text NOT NULL,
	`claim_id` text NOT NULL,
	`attempt` text NOT NULL,
	`body_hash` text NOT NULL,
	`claimed_at` integer NOT NULL,
	`authority` text NOT NULL,
	`answered_at` integer,
	`answer` text,
	`sealed` integer DEFAULT false NOT NULL,
	`about` text,
	`proof` text,
	`network` text,
	`replayed_at` integer,
	`expires_at` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `agent_id`, `route`, `key_hash`)
);
--> statement-breakpoint
CREATE INDEX `idempotent_requests_expiry` ON `idempotent_requests` (`expires_at`);--> statement-breakpoint
CREATE INDEX `idempotent_requests_secrets` ON `idempotent_requests` (`answered_at`) WHERE sealed = 1 AND answer IS NOT NULL;--> statement-breakpoint
CREATE INDEX `idempotent_requests_about` ON `idempotent_requests` (`about`) WHERE about IS NOT NULL;