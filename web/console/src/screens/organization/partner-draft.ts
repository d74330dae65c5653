/** What the form of a partner holds, and the bodies that it makes of it. */
import type { ChangePartner, FederationPartner, TrustPartner } from "../../api/schema.ts";

export interface Draft {
  readonly name: string;
  readonly issuer: string;
  /** Empty: as the issuer's discovery document says */
  readonly jwksUri: string;
  /** Separated by blanks or line breaks */
  readonly audiences: string;
  readonly requireScopes: boolean;
  /** Ids, separated by blanks or line breaks; empty: all */
  readonly allowedOrganizations: string;
  /** Of an input of the type `datetime-local`, in the reader's zone; empty: never */
  readonly expiresAt: string;
}

export const newDraft: Draft = {
  name: "",
  issuer: "",
  jwksUri: "",
  audiences: "",
  requireScopes: true,
  allowedOrganizations: "",
  expiresAt: "",
};

/** `2026-12-01T10:00`, in the reader's zone */
function localOf(time: string): string {
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

export const draftOf = (partner: FederationPartner): Draft => ({
  name: partner.name,
  issuer: partner.issuer,
  jwksUri: partner.jwksUri ?? "",
  audiences: partner.audiences.join("\n"),
  requireScopes: partner.requireScopes,
  allowedOrganizations: (partner.allowedOrganizations ?? []).join("\n"),
  expiresAt: partner.expiresAt === null ? "" : localOf(partner.expiresAt),
});

const wordsOf = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== "");

function fieldsOf(draft: Draft) {
  const organizations = wordsOf(draft.allowedOrganizations);
  return {
    name: draft.name.trim(),
    jwksUri: draft.jwksUri.trim() === "" ? null : draft.jwksUri.trim(),
    audiences: wordsOf(draft.audiences),
    requireScopes: draft.requireScopes,
    allowedOrganizations: organizations.length === 0 ? null : organizations,
    expiresAt: draft.expiresAt === "" ? null : new Date(draft.expiresAt).toISOString(),
  };
}

export const partnerOf = (draft: Draft): TrustPartner => ({ issuer: draft.issuer.trim(), ...fieldsOf(draft) });

/** The fields that differ from the record that the form was opened with, and no others. */
export function changesOf(draft: Draft, opened: FederationPartner): ChangePartner {
  const before = fieldsOf(draftOf(opened));
  const changed = Object.entries(fieldsOf(draft)).filter(
    ([field, value]) => JSON.stringify(value) !== JSON.stringify(before[field as keyof typeof before]),
  );
  return Object.fromEntries(changed);
}
