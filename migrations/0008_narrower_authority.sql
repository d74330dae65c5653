-- What version 0.1.0 granted and this version does not: see docs/upgrade.md.
-- Only an admin has admin:orgs. All other scopes stay.
UPDATE `agents` SET
	`granted_scopes` = (SELECT json_group_array(`value`) FROM json_each(`agents`.`granted_scopes`) WHERE `value` <> 'admin:orgs'),
	`updated_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE `role` IS NOT 'admin'
	AND EXISTS (SELECT 1 FROM json_each(`agents`.`granted_scopes`) WHERE `value` = 'admin:orgs');
--> statement-breakpoint
-- Access tokens of 0.1.0 can name any audience. Their keys count as compromised, and the published next key signs from now on. The
-- scheduled run tells the ledgers and publishes the key set; the first use of the keys creates the new next key.
UPDATE `signing_keys` SET
	`state` = 'previous',
	`replaced_at` = coalesce(`replaced_at`, CAST(unixepoch('subsec') * 1000 AS INTEGER)),
	`compromised_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER),
	`private_sealed` = NULL
WHERE `alg` = 'ES256' AND `state` IN ('current', 'previous') AND `compromised_at` IS NULL;
--> statement-breakpoint
UPDATE `signing_keys` SET `state` = 'current', `activated_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE `alg` = 'ES256' AND `state` = 'next';
--> statement-breakpoint
-- Delegations of capabilities without a resource, and of scopes that cannot be lent any more. The ledgers end them by the same rule.
UPDATE `delegations` SET `revoked_at` = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE `revoked_at` IS NULL
	AND `expires_at` > CAST(unixepoch('subsec') * 1000 AS INTEGER)
	AND EXISTS (SELECT 1 FROM json_each(`delegations`.`scopes`)
		WHERE `value` NOT IN ('agents:read', 'tokens:read', 'audit:read', 'webhooks:read'));
