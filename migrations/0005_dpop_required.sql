ALTER TABLE `agents` ADD `dpop_required` integer DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE `agents` ADD `id_token_signed_response_alg` text DEFAULT 'RS256' NOT NULL;