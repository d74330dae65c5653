/**
 * Compares answers with the OpenAPI document in `sdk/openapi.json`: the status of each must be declared for its operation, and a
 * JSON body must fit its schema. Every request of `api.ts` and `http-client.ts` goes through it.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import text from "../../sdk/openapi.json?raw";

export interface SeenAnswer {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly status: number;
  /** Of the header `Content-Type`. */
  readonly type: string | null;
  /** The parsed body of JSON; undefined for another one and for none. */
  readonly body: unknown;
}

interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, Content & { readonly $ref?: string }>>;
  readonly requestBody?: Content;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>;
  readonly components: { readonly responses: Readonly<Record<string, Content>> };
}

const formats = {
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
  uri: (value: string) => URL.canParse(value),
  email: /^[^@\s]+@[^@\s]+$/,
};

const pointer = (...keys: readonly string[]) =>
  keys.map((key) => `/${encodeURIComponent(key.replaceAll("~", "~0").replaceAll("/", "~1"))}`).join("");

/** Makes the comparison. It compiles each schema when the first answer needs it. */
function comparison(): (answer: SeenAnswer) => void {
  const document = JSON.parse(text) as Document;
  const ajv = new Ajv2020({ strict: false, formats, logger: false, validateSchema: false });
  ajv.addSchema({ $id: "document", ...document });
  const compiled = new Map<string, ValidateFunction>();
  // One without parameters is more special than one with them.
  const paths = Object.keys(document.paths)
    .sort((one, other) => one.split("{").length - other.split("{").length)
    .map((path) => ({ path, form: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`) }));

  function expectFitting(place: string, value: unknown, name: string): void {
    const validate = compiled.get(place) ?? ajv.compile({ $ref: `document#${place}` });
    compiled.set(place, validate);
    if (validate(value)) return;
    const errors = ajv.errorsText(validate.errors, { dataVar: "body" });
    throw new Error(`${name} is not as in sdk/openapi.json: ${errors}\n${JSON.stringify(value).slice(0, 2_000)}`);
  }

  /** The body of a delivery is what its receiver gets. */
  function expectFittingPayload(body: unknown, name: string): void {
    if (Array.isArray(body)) for (const item of body) expectFittingPayload(item, name);
    const { payload, deliveries } = (body ?? {}) as { payload?: { event?: string }; deliveries?: unknown };
    if (deliveries) expectFittingPayload(deliveries, name);
    const event = payload?.event ?? "";
    if (!Object.hasOwn(document.webhooks, event)) return;
    const place = pointer("webhooks", event, "post", "requestBody", "content", "application/json", "schema");
    expectFitting(place, payload, `The payload of ${event} in ${name}`);
  }

  return ({ method, path, status, type, body }) => {
    const [pathname = ""] = path.split(/[?#]/);
    const template = paths.find(({ form }) => form.test(pathname))?.path;
    const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
    if (template === undefined || !operation) return;
    const name = `The answer ${status} of ${method} ${template}`;
    const response = operation.responses[status];
    if (!response) throw new Error(`${name} is not in sdk/openapi.json: ${JSON.stringify(body)}`);
    if (body === undefined) return;
    const shared = response.$ref?.split("/").at(-1);
    const { content } = shared === undefined ? response : (document.components.responses[shared] ?? {});
    const media = type?.split(";")[0] ?? "";
    if (!content?.[media]) throw new Error(`${name} is ${media}, which is not in sdk/openapi.json.`);
    const place =
      shared === undefined
        ? pointer("paths", template, method.toLowerCase(), "responses", String(status))
        : pointer("components", "responses", shared);
    expectFitting(`${place}${pointer("content", media, "schema")}`, body, name);
    if (template.includes("/webhooks/")) expectFittingPayload(body, name);
  };
}

/** Files that share a process share it, because compiling costs more than comparing. */
const shared = globalThis as { documentedAnswers?: (answer: SeenAnswer) => void };

/** Fails when the answer is not one of those that the document declares. After a change of a route: `npm run openapi`. */
export function expectDocumented(answer: SeenAnswer): void {
  shared.documentedAnswers ??= comparison();
  shared.documentedAnswers(answer);
}
