/** The version of the service, as `package.json` has it. */
export { version } from "../../package.json";
