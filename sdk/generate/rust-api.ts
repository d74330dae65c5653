/** The methods of Rust. */
import { type Field, type Form, generatedOperations, type Operation } from "./form.ts";
import { capitalised, comment, firstLine, given, identifier, quoted, snake, taken, written } from "./rust-names.ts";

/** Calls that have optional arguments which the document does not say; `src/parts.rs` has the methods. */
const marked: ReadonlySet<string> = new Set(["service.detailedHealth", "service.metrics"]);

const classNames: Readonly<Record<string, string>> = { "organizations.members": "OrganizationMembers" };
export const partOf = ({ call }: Operation) => call.slice(0, call.lastIndexOf("."));
export const methodOf = ({ call }: Operation) => snake(call.slice(call.lastIndexOf(".") + 1));
const classOf = (part: string) => classNames[part] ?? capitalised(part);
const markerOf = ({ call }: Operation) => call.split(".").map(capitalised).join("");

export const optionalQuery = ({ query }: Operation) => query.filter(({ required }) => !required);
export const requiredQuery = ({ query }: Operation) => query.filter(({ required }) => required);
export const optionalBody = ({ body }: Operation) => (body && !body.required ? body : null);

const isMarked = (operation: Operation) =>
  optionalQuery(operation).length > 0 || optionalBody(operation) !== null || marked.has(operation.call);

function answerType(operation: Operation): string {
  const { answer, conditional } = operation;
  const marker = isMarked(operation) ? `, ${markerOf(operation)}` : "";
  switch (answer.kind) {
    case "none":
      return `Call<()${marker}>`;
    case "text":
      return `Call<String${marker}>`;
    case "bytes":
      return `Call<Download${marker}>`;
    case "page":
      return `Pages<models::${answer.page}${marker}>`;
    case "value": {
      const type = written(answer.type, "models::");
      return `Call<${conditional ? `Tagged<${type}>` : type}${marker}>`;
    }
  }
}

const senders = { none: "empty", text: "text", bytes: "download", page: "pages", value: "value" } as const;

const queryTaken = ({ type }: Field) => (type.kind === "instant" ? "impl Into<Moment>" : taken(type, "models::"));

function queryText({ type }: Field, name: string): string {
  switch (type.kind) {
    case "text":
      return `${name}.into()`;
    case "instant":
      return `${name}.into().into_text()`;
    case "integer":
    case "number":
    case "boolean":
      return `${name}.to_string()`;
    case "model":
      return `${name}.into().as_str().to_owned()`;
    default:
      throw new Error(`A query parameter is a ${type.kind}.`);
  }
}

function methodText(operation: Operation): string {
  const { call, method, path, retry, authentication, body, answer, conditional, fixedBody, fixedQuery } = operation;
  const parameters = [
    ...operation.pathParameters.map((one) => `${identifier(one.name)}: ${taken(one.type, "models::")}`),
    ...requiredQuery(operation).map((one) => `${identifier(one.name)}: ${queryTaken(one)}`),
    ...(body?.required ? [`body: ${written(body.type, "models::")}`] : []),
  ];
  const steps = [
    ...operation.pathParameters.map((one) => `.path(${given(one.type, identifier(one.name))})`),
    ...requiredQuery(operation).map((one) => `.query(${quoted(one.name)}, ${queryText(one, identifier(one.name))})`),
    ...Object.entries(fixedQuery).map(([name, value]) => `.query(${quoted(name)}, ${quoted(value)}.to_owned())`),
    ...(body?.required ? [".body(&body)"] : []),
    ...(fixedBody ? [`.body(&serde_json::json!(${JSON.stringify(fixedBody)}))`] : []),
  ];
  const sender = answer.kind === "value" && conditional ? "tagged" : senders[answer.kind];
  return `${comment(operation.summary, operation.description)}
pub fn ${methodOf(operation)}(&self${parameters.map((one) => `, ${one}`).join("")}) -> ${answerType(operation)} {
const OPERATION: Operation = Operation {
call: ${quoted(call)}, method: ${quoted(method)}, path: ${quoted(path)}, retry: RetryClass::${capitalised(retry)},
authentication: Authentication::${capitalised(authentication)}, form: ${body?.form ?? false},
answering_statuses: &[${operation.answeringStatuses}],
};
self.engine.${sender}(&OPERATION, Input::default()${steps.join("")})
}`;
}

/** The optional arguments, as methods of the call. */
function argumentsText(operation: Operation): string {
  if (!isMarked(operation)) return "";
  const marker = markerOf(operation);
  const body = optionalBody(operation);
  const setters = [
    ...(body
      ? [
          `/// Sends this.\npub fn body(self, body: ${written(body.type, "models::")}) -> Self {\nself.with_input(|input| input.body(&body))\n}`,
        ]
      : []),
    ...optionalQuery(operation).map(
      (one) => `${comment(one.description || `Sets \`${one.name}\`.`)}
pub fn ${identifier(one.name)}(self, value: ${queryTaken(one)}) -> Self {
let text = ${queryText(one, "value")};
self.with_input(|input| input.query(${quoted(one.name)}, text))
}`,
    ),
  ];
  const methods = setters.length > 0 ? `impl ${answerType(operation)} {\n${setters.join("\n")}\n}` : "";
  return `/// The optional arguments of \`${operation.call}\`.
#[derive(Debug)]
pub enum ${marker} {}

${methods}`;
}

export function apiText(form: Form): string {
  const operations = generatedOperations(form);
  const byPart = Map.groupBy(operations, partOf);
  const parts = [...byPart].map(([part, ones]) => {
    const inner = [...byPart.keys()].filter((name) => name.startsWith(`${part}.`));
    const accessors = inner.map((name) => {
      const last = name.slice(part.length + 1);
      return `/// The part \`${name}\`.\n#[must_use]\npub fn ${snake(last)}(&self) -> ${classOf(name)} {\n${classOf(name)}::new(self.engine.clone())\n}`;
    });
    return `/// The calls of \`${part}\`.
#[derive(Debug, Clone)]
pub struct ${classOf(part)} { pub(crate) engine: Arc<Engine> }

impl ${classOf(part)} {
pub(crate) fn new(engine: Arc<Engine>) -> Self { Self { engine } }
${[...accessors, ...ones.map(methodText)].join("\n\n")}
}`;
  });
  const outer = [...byPart.keys()].filter((part) => !part.includes("."));
  const accessors = outer.map(
    (part) =>
      `/// The calls of \`${part}\`.\n#[must_use]\npub fn ${snake(part)}(&self) -> ${classOf(part)} {\n${classOf(part)}::new(self.engine.clone())\n}`,
  );
  return `${firstLine}//! One method for each operation of the API.
use crate::call::{Call, Tagged};
use crate::client::AgentIdPClient;
use crate::download::Download;
use crate::engine::Engine;
use crate::generated::models;
use crate::model::Moment;
use crate::operation::{Authentication, Input, Operation};
use crate::pagination::Pages;
use crate::retry::RetryClass;
use std::sync::Arc;

impl AgentIdPClient {
${accessors.join("\n\n")}
}

${parts.join("\n\n")}

${operations
  .map(argumentsText)
  .filter((text) => text !== "")
  .join("\n\n")}
`;
}
