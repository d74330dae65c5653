/** Trust policies, whose two kinds the document has in one object. */

// biome-ignore lint/suspicious/noExplicitAny: a schema of the document
type Schema = any;

/** The members of a trust policy of one provider alone. */
const ofOneProvider = {
  github: ["issuer", "audience", "claims", "jwks", "jwksUri"],
  oidc: [
    ...["repository", "repositoryId", "repositoryOwnerId", "enterprise", "branch", "tag", "ref"],
    ...["environment", "jobWorkflowRef", "anyRef", "pullRequests"],
  ],
};
const requiredOf = { github: ["repository"], oidc: ["issuer", "audience", "claims"] };

/** The document has one object for the trust policies of both providers; a body that is taken is of one of them. */
export function ofEachProvider(schema: Schema): Schema {
  if (schema.properties?.repository === undefined) return schema;
  const one = (provider: "github" | "oidc") => {
    const own = Object.entries(schema.properties).filter(([name]) => !ofOneProvider[provider].includes(name));
    const properties = { ...Object.fromEntries(own), provider: { const: provider } };
    return { ...schema, example: undefined, properties, required: [...schema.required, ...requiredOf[provider]] };
  };
  return { oneOf: [one("github"), one("oidc")] };
}
