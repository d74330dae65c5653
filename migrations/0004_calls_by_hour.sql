CREATE TABLE `calls_by_hour` (
	`organization_id` text NOT NULL,
	`day` text NOT NULL,
	`hour` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`organization_id`, `day`, `hour`)
);
--> statement-breakpoint
CREATE INDEX `calls_by_hour_by_day` ON `calls_by_hour` (`day`);