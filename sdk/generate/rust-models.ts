/** The models of Rust, with the error codes and the data of webhooks. */
import type { Field, Form, Model, Operation } from "./form.ts";
import {
  comment,
  firstLine,
  given,
  identifier,
  innerOf,
  isNullable,
  pascal,
  quoted,
  taken,
  written,
} from "./rust-names.ts";

/** Whether the three cases of a change are told apart: leave, clear and set. */
const isPatch = ({ type, required }: Field, isSent: boolean) => isSent && !required && isNullable(type);

function fieldType(field: Field, isSent: boolean): string {
  const { type, required } = field;
  const inner = written(innerOf(type));
  if (isPatch(field, isSent)) return `Patch<${inner}>`;
  return required && !isNullable(type) ? inner : `Option<${inner}>`;
}

function fieldText(field: Field, isSent: boolean): string {
  const { name, type, required, description } = field;
  const rust = identifier(name);
  const attributes: string[] = rust.replace("r#", "") === name ? [] : [`rename = ${quoted(name)}`];
  const isOptional = !required || isNullable(type);
  const isInstant = innerOf(type).kind === "instant";
  if (isPatch(field, isSent)) attributes.push("default", `skip_serializing_if = "Patch::is_leave"`);
  else if (!required) attributes.push("default", `skip_serializing_if = "Option::is_none"`);
  if (isInstant && !isPatch(field, isSent)) attributes.push(`with = "crate::instant${isOptional ? "::optional" : ""}"`);
  const serde = attributes.length > 0 ? `#[serde(${attributes.join(", ")})]\n` : "";
  return `${comment(description || `The member \`${name}\`.`)}\n${serde}pub ${rust}: ${fieldType(field, isSent)},`;
}

const assigned = (name: string, value: string) => (name === value ? name : `${name}: ${value}`);

function constructorText(model: Extract<Model, { kind: "object" }>): string {
  const needed = model.fields.filter(({ required }) => required);
  const optional = model.fields.filter(({ required }) => !required);
  const parameters = needed.map(({ name, type }) => `${identifier(name)}: ${taken(type)}`).join(", ");
  const initial = model.fields.map(({ name, type, required }) =>
    required ? assigned(identifier(name), given(type, identifier(name))) : `${identifier(name)}: Default::default()`,
  );
  const setters = optional.map((field) => {
    const { name, type, description } = field;
    const rust = identifier(name);
    const inner = innerOf(type);
    const [takes, value] = isPatch(field, true)
      ? [`impl Into<Patch<${written(inner)}>>`, "value.into()"]
      : [taken(inner), `Some(${given(inner, "value")})`];
    return `${comment(description || `Sets \`${name}\`.`)}
#[must_use]
pub fn ${rust}(mut self, value: ${takes}) -> Self {
self.${rust} = ${value};
self
}`;
  });
  const isDefault =
    needed.length === 0 ? `impl Default for ${model.name} { fn default() -> Self { Self::new() } }\n` : "";
  return `
impl ${model.name} {
/// With what it must have.
#[must_use]
pub fn new(${parameters}) -> Self {
Self { ${initial.join(", ")} }
}
${setters.join("\n")}
}
${isDefault}`;
}

function modelText(model: Model, isSent: boolean): string {
  const about = comment(model.description || `\`${model.name}\` of the API.`);
  if (model.kind === "enum") {
    const values = model.values.map((value) => {
      // \`-createdAt\` and \`createdAt\` are two values.
      const variant = pascal(value.replace(/^-/, "descending_"));
      return `${/^\d/.test(variant) ? "N" : ""}${variant} => ${quoted(value)}`;
    });
    return `text_enum! {
${about}
${model.name} { ${values.join(", ")} }
}`;
  }
  const extra = isSent ? "" : "/// Members that this version does not know.\n#[serde(flatten)]\npub extra: Extra,\n";
  return `${about}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ${model.name} {
${model.fields.map((field) => fieldText(field, isSent)).join("\n")}
${extra}}
${isSent ? constructorText(model) : ""}`;
}

function pageText(operation: Operation): string {
  const { answer } = operation;
  if (answer.kind !== "page") return "";
  const next =
    answer.paging === "cursor"
      ? "self.next_cursor.clone()"
      : `crate::pagination::next_offset(self.offset, self.${identifier(answer.items)}.len(), self.total)`;
  return `impl crate::pagination::Page for ${answer.page} {
type Item = ${written(answer.item)};
const POSITION: &'static str = "${answer.paging}";
fn next(&self) -> Option<String> { ${next} }
fn into_items(self) -> Vec<Self::Item> { self.${identifier(answer.items)} }
}`;
}

export function modelsText(form: Form): string {
  const pages = [...new Set(form.operations.map(pageText))].filter((text) => text !== "");
  return `${firstLine}//! The models of the API. An enum can have values that this version does not know.
#![allow(clippy::too_many_arguments)]
use crate::model::{text_enum, Extra, Patch};
use crate::secret::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

${form.models.map((model) => modelText(model, !form.received.has(model.name))).join("\n\n")}

${pages.join("\n\n")}

${eventsText(form)}
`;
}

/** The data of webhooks. */
function eventsText({ events }: Form): string {
  const byData = Map.groupBy(events, ({ data }) => data);
  const variantOf = (data: string) => data.replace(/EventData$/, "");
  const arms = [...byData].map(
    ([data, group]) =>
      `${group.map(({ name }) => quoted(name)).join(" | ")} => Self::${variantOf(data)}(serde_json::from_value(data)?),`,
  );
  return `/// What happened, by the name of the event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
#[allow(clippy::large_enum_variant)]
pub enum WebhookData {
${[...byData.keys()].map((data) => `/// \`${data}\`.\n${variantOf(data)}(${data}),`).join("\n")}
/// An event that this version does not know.
Unknown(Value),
}

impl WebhookData {
pub(crate) fn read(event: &str, data: Value) -> Result<Self, serde_json::Error> {
Ok(match event {
${arms.join("\n")}
_ => Self::Unknown(data),
})
}
}`;
}

export const codesText = ({ errorCodes }: Form) =>
  `${firstLine}//! The error codes of the API, each with what it means and what to do. A newer service can have others.

${errorCodes
  .map(({ code, message, remedy }) => `${comment(message || code, remedy)}\npub const ${code}: &str = ${quoted(code)};`)
  .join("\n")}
`;
