CREATE TABLE `webhook_delivery_attempts` (
	`subscription_id` text NOT NULL,
	`delivery_id` text NOT NULL,
	`slot` integer NOT NULL,
	`number` integer NOT NULL,
	`started_at` integer NOT NULL,
	`http_status_code` integer,
	`error` text,
	`duration_ms` integer NOT NULL,
	PRIMARY KEY(`subscription_id`, `delivery_id`, `slot`)
);
