/** The template of Rust: models, error codes, webhook events, the methods, and the table by which the suite calls them. */
import { type Form, generatedOperations, type Operation } from "./form.ts";
import { apiText, methodOf, optionalBody, optionalQuery, partOf, requiredQuery } from "./rust-api.ts";
import { codesText, modelsText } from "./rust-models.ts";
import { firstLine, identifier, quoted, snake } from "./rust-names.ts";

/** One arm of the table by which the runner of the behaviour suite calls methods by their names. */
function armText(operation: Operation): string {
  const { call, body, answer, pathParameters } = operation;
  const part = partOf(operation)
    .split(".")
    .map((one) => `${snake(one)}()`)
    .join(".");
  const at = pathParameters.length;
  const bodyAt = at;
  const queryAt = at + (body ? 1 : 0);
  const queryValue = (name: string) => `given.member(${queryAt}, ${quoted(name)})`;
  const parameters = [
    ...pathParameters.map((_, index) => `given.text(${index})`),
    ...requiredQuery(operation).map(({ name }) => `${queryValue(name)}.expect(${quoted(name)})`),
    ...(body?.required ? [`given.body(${bodyAt})`] : []),
  ];
  const setters = [
    ...(optionalBody(operation)
      ? [`if let Some(body) = given.optional_body(${bodyAt}) { call = call.body(body); }`]
      : []),
    ...optionalQuery(operation).map(({ name, type }) => {
      const turbofish = type.kind === "text" || type.kind === "instant" ? "::<String>" : "";
      const value = type.kind === "model" ? `given.member::<models::${type.name}>(${queryAt}, ${quoted(name)})` : "";
      return `if let Some(value) = ${value || `given.member${turbofish}(${queryAt}, ${quoted(name)})`} { call = call.${identifier(name)}(value); }`;
    }),
  ];
  const run = answer.kind === "page" ? "pages" : answer.kind === "bytes" ? "download" : "call";
  const mutable = setters.length > 0 ? "mut " : "";
  return `${quoted(call)} => {
let ${mutable}call = client.${part}.${methodOf(operation)}(${parameters.join(", ")});
${setters.join("\n")}
given.${run}(call).await
}`;
}

const tableText = (form: Form) => `${firstLine}//! The methods of the client by their names.
use super::Given;
use super::Outcome;
use sentryagent_idp::{models, AgentIdPClient};

/// Calls the method of this name. None for another name.
pub async fn called(client: &AgentIdPClient, name: &str, given: &Given) -> Option<Outcome> {
Some(match name {
${generatedOperations(form).map(armText).join("\n")}
_ => return None,
})
}
`;

/** The generated files of `sdk/rust`, not formatted. */
export function rustFiles(form: Form): Readonly<Record<string, string>> {
  return {
    "sdk/rust/src/generated/api.rs": apiText(form),
    "sdk/rust/src/generated/codes.rs": codesText(form),
    "sdk/rust/src/generated/models.rs": modelsText(form),
    "sdk/rust/tests/conformance/calls.rs": tableText(form),
  };
}
