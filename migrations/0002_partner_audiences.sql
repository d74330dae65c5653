ALTER TABLE `federation_partners` ADD `audiences` text DEFAULT '[]' NOT NULL;--> statement-breakpoint
ALTER TABLE `federation_partners` ADD `require_scopes` integer DEFAULT false NOT NULL;